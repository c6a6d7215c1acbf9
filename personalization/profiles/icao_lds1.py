"""The profile `icao-lds1` on the line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ektp.cards import ChipAccess
from ektp.errors import ConfigurationError
from ektp.ids import AttemptId, CardSerial
from ektp.perso import Artwork, PersoPackage
from ektp.ports import Entropy, SecurityObjectSigner
from personalization.artwork.completion import complete
from personalization.artwork.layout_files import load_layout
from personalization.binding_lds1 import bind_lds1
from personalization.datafiles.lds1.numbers import IsFree
from personalization.profiles.shape import Binding, OnChip

__all__ = ["IcaoLds1Personalization"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IcaoLds1Personalization(OnChip):
    """Cards of `icao-lds1`: a security object, key pairs, a number and a CAN of the card's own."""

    signer: SecurityObjectSigner
    entropy: Entropy

    def bind(
        self,
        package: PersoPackage,
        *,
        card: CardSerial,
        attempt: AttemptId,
        on: date,
        is_free: IsFree,
    ) -> Binding:
        """As `personalization.binding_lds1.bind_lds1`; the artwork gets what is printed of it."""
        image, expected = bind_lds1(
            package,
            card=card,
            attempt=attempt,
            on=on,
            keys=self.keys,
            signer=self.signer,
            entropy=self.entropy,
            is_free=is_free,
        )
        artwork = self.artwork_of(package, image.access)
        return Binding(image=image, expected=expected, artwork=artwork)

    def artwork_of(self, package: PersoPackage, access: ChipAccess | None) -> Artwork:
        """The package's artwork with document number, CAN and machine-readable zone.

        Raises `ConfigurationError` without them: such a card would be printed with gaps.
        """
        if access is None:
            raise ConfigurationError("a card without its number", profile=self.profile.name)
        return complete(
            package.artwork,
            load_layout(package.artwork.layout),
            document_number=access.document_number.reveal(),
            can=access.can.reveal(),
            mrz=[line.reveal() for line in access.mrz],
        )
