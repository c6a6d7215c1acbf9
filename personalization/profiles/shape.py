"""What a line asks of a profile's personalization, and what every profile does the same way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from ektp.cards import ChipAccess, EncodingReport, Expectation
from ektp.chip_profiles import ChipProfile
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.perso import Artwork, ChipImage, PersoPackage
from ektp.ports import CardChannel, KeyService
from personalization import encoding
from personalization.datafiles.lds1.numbers import IsFree
from personalization.encoding import BeforeKeyChange, BeforePhase, Known, ignore
from personalization.evidence import ChipEvidence, read_evidence

__all__ = ["Binding", "OnChip", "Personalization"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A package bound to one chip and one attempt: what to write, to print, and to find."""

    image: ChipImage
    expected: Expectation
    artwork: Artwork


class Personalization(Protocol):
    """Everything that a line does with cards of one profile."""

    @property
    def profile(self) -> ChipProfile:
        """The chip profile."""
        ...

    def prove_blank(self, channel: CardChannel, *, known: Known = ...) -> CardSerial:
        """As `personalization.encoding.prove_blank`."""
        ...

    def bind(
        self,
        package: PersoPackage,
        *,
        card: CardSerial,
        attempt: AttemptId,
        on: date,
        is_free: IsFree,
    ) -> Binding:
        """Bind a package to a proved blank.

        `is_free` is asked by profiles whose cards have a document number of their own, and by no
        other. Raises `ConfigurationError`, `ChipImageTooLarge`, `KeyUsageForbidden`, `HsmError`.
        """
        ...

    def artwork_of(self, package: PersoPackage, access: ChipAccess | None) -> Artwork:
        """What is printed on a bound card: for the line that takes it up again after a stop.

        `access` as it was bound (`ChipImage.access`). Raises `ConfigurationError` where a profile
        needs it and it is None.
        """
        ...

    def personalize(
        self,
        channel: CardChannel,
        image: ChipImage,
        job: JobId,
        *,
        before_phase: BeforePhase = ...,
        before_key_change: BeforeKeyChange = ...,
    ) -> EncodingReport:
        """As `personalization.encoding.personalize`."""
        ...

    def terminate(self, channel: CardChannel) -> bool:
        """As `personalization.encoding.terminate`."""
        ...

    def read_evidence(self, channel: CardChannel) -> ChipEvidence:
        """As `personalization.evidence.read_evidence`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OnChip:
    """What is done with a card of any profile in the same way; profiles add how they bind."""

    profile: ChipProfile
    keys: KeyService

    def artwork_of(
        self,
        package: PersoPackage,
        access: ChipAccess | None,  # noqa: ARG002 - of a card that shows something of its own
    ) -> Artwork:
        """The package's artwork: nothing that is printed depends on the chip."""
        return package.artwork

    def prove_blank(self, channel: CardChannel, *, known: Known = ignore) -> CardSerial:
        """As `personalization.encoding.prove_blank`."""
        return encoding.prove_blank(channel, self.profile, self.keys, known=known)

    def personalize(
        self,
        channel: CardChannel,
        image: ChipImage,
        job: JobId,
        *,
        before_phase: BeforePhase = ignore,
        before_key_change: BeforeKeyChange = ignore,
    ) -> EncodingReport:
        """As `personalization.encoding.personalize`."""
        return encoding.personalize(
            channel,
            image,
            self.keys,
            job,
            profile=self.profile,
            before_phase=before_phase,
            before_key_change=before_key_change,
        )

    def terminate(self, channel: CardChannel) -> bool:
        """As `personalization.encoding.terminate`."""
        return encoding.terminate(channel, self.keys, self.profile)

    def read_evidence(self, channel: CardChannel) -> ChipEvidence:
        """As `personalization.evidence.read_evidence`."""
        return read_evidence(channel, self.profile)
