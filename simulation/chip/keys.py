"""The keys that PUT KEY loads into a chip (chip profile, section 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from simulation.chip.crypto import Tdes

__all__ = ["KeySet"]

_TDES_KEY: Final = 24


@dataclass(frozen=True, slots=True, repr=False)
class KeySet:
    """K_ENC ‖ K_MAC ‖ K_FILE (24 each) ‖ K_ADM (16), and the version that they were loaded with.

    The chip never uses K_FILE: protected files are enciphered before they come to it.
    """

    version: int
    block: bytes

    LENGTH: ClassVar[int] = 3 * _TDES_KEY + 16

    def __repr__(self) -> str:
        return f"KeySet(version={self.version})"

    @property
    def enc(self) -> Tdes:
        """K_ENC, for the tokens of the mutual authentication."""
        return Tdes(self.block[:_TDES_KEY])

    @property
    def mac(self) -> Tdes:
        """K_MAC, for their checksums."""
        return Tdes(self.block[_TDES_KEY : 2 * _TDES_KEY])

    @property
    def administration(self) -> bytes:
        """K_ADM, an AES key, for TERMINATE."""
        return self.block[3 * _TDES_KEY :]
