"""The profile `ktp-el` on the line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ektp.cards import ChipAccess
from ektp.ids import AttemptId, CardSerial
from ektp.perso import Artwork, PersoPackage
from ektp.ports import DocumentSigner
from personalization.binding import bind
from personalization.datafiles.lds1.numbers import IsFree
from personalization.profiles.shape import Binding, OnChip

__all__ = ["KtpElPersonalization"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KtpElPersonalization(OnChip):
    """Cards of `ktp-el`: a signature over the files, read keys from the card control.

    `key_version` is that of the read master key.
    """

    signer: DocumentSigner
    key_version: int

    def bind(
        self,
        package: PersoPackage,
        *,
        card: CardSerial,
        attempt: AttemptId,
        on: date,
        is_free: IsFree,  # noqa: ARG002 - this card has no number but its holder's NIK
    ) -> Binding:
        """As `personalization.binding.bind`; the artwork is that of the package."""
        image, expected = bind(
            package,
            card=card,
            attempt=attempt,
            on=on,
            keys=self.keys,
            signer=self.signer,
            key_version=self.key_version,
        )
        return Binding(image=image, expected=expected, artwork=package.artwork)

    def artwork_of(
        self,
        package: PersoPackage,
        access: ChipAccess | None,  # noqa: ARG002 - nothing of it is printed here
    ) -> Artwork:
        """The artwork of the package: a card of this profile prints nothing of its binding."""
        return package.artwork
