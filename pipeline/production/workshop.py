"""What a line works with: ports and services, put together by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from ektp.cards import BlankKind
from ektp.chip_profiles import ChipProfile
from ektp.ids import AttemptId
from ektp.journal import Actor
from ektp.ports import (
    CardPrinter,
    Clock,
    DocumentSigner,
    Inspector,
    KeyService,
)
from pipeline.store.store import Store
from pipeline.store.vault import Vault

__all__ = ["PrintLine", "Workshop"]


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
    profile: ChipProfile
    read_key_version: int
    clock: Clock
    actor: Actor
    new_attempt: Callable[[], AttemptId]
    today: Callable[[], date]
    sleep: Callable[[float], None]
    poll_s: float = 1.0
