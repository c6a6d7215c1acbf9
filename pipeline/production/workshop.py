"""What a line works with: ports and services, put together by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from ektp.cards import BlankKind, EncodingReport, Expectation
from ektp.chip_profiles import ChipProfile
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.journal import Actor
from ektp.perso import ChipImage, PersoPackage
from ektp.ports import (
    CardChannel,
    CardPrinter,
    Clock,
    DocumentSigner,
    Inspector,
    KeyService,
)
from pipeline.store.store import Store
from pipeline.store.vault import Vault

__all__ = ["ChipEvidence", "Personalizer", "PrintLine", "Workshop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipEvidence:
    """What a chip shows after a stop: the facts that recovery decides on."""

    card: CardSerial | None
    """The serial, or None where no chip answers."""
    untouched: bool
    """OP_READY and without the application."""
    closed_for: bytes | None
    """Of a closed chip: the attempt digest in its card control."""


class Personalizer(Protocol):
    """The personalization package, as the line uses it."""

    def prove_blank(self, channel: CardChannel) -> CardSerial:
        """The serial of an untouched blank; nothing is written."""
        ...

    def bind(
        self,
        package: PersoPackage,
        *,
        card: CardSerial,
        attempt: AttemptId,
        on: date,
        keys: KeyService,
        signer: DocumentSigner,
    ) -> tuple[ChipImage, Expectation]:
        """Sign the package for one chip and one attempt."""
        ...

    def write(
        self, channel: CardChannel, image: ChipImage, keys: KeyService, job: JobId
    ) -> EncodingReport:
        """Write and close the chip."""
        ...

    def terminate(self, channel: CardChannel, keys: KeyService) -> bool:
        """Kill a reject's chip; False where it does not answer."""
        ...

    def read_evidence(self, channel: CardChannel) -> ChipEvidence:
        """What the chip shows; never raises for what a chip does."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintLine:
    """One printer-encoder and where its kinds of blanks lie."""

    line: str
    printer: CardPrinter
    hoppers: Mapping[BlankKind, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Everything but the machine."""

    store: Store
    vault: Vault
    keys: KeyService
    signer: DocumentSigner
    inspector: Inspector
    personalizer: Personalizer
    profile: ChipProfile
    clock: Clock
    actor: Actor
    new_attempt: Callable[[], AttemptId]
    today: Callable[[], date]
    sleep: Callable[[float], None]
    poll_s: float = 1.0
