"""The maker of blanks: its transport masters, and the key set that it puts into each chip."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final, Self

from ektp.chip_profiles import KTP_EL, ChipProfile
from ektp.ids import CardSerial
from ektp.ports import TRANSPORT_KEY_VERSION
from simulation.chip.aes import diversify
from simulation.chip.keys import KeySet

__all__ = ["MakerKeys", "derive_key_set"]

_KEY_IDS: Final = (0x01, 0x02, 0x03)
_ISSUER: Final = b"EKTP"
_SHORT, _LONG = 16, 32


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MakerKeys:
    """The transport masters of one maker: 16 bytes for AES-128 chips, 32 for AES-256 chips.

    `sam` (32) is the transport master of the modules that it makes.

    In life they reach the installation in a ceremony; the simulated maker lets them be read.
    """

    aes_128: bytes
    aes_256: bytes
    sam: bytes

    def __post_init__(self) -> None:
        if (len(self.aes_128), len(self.aes_256), len(self.sam)) != (_SHORT, _LONG, _LONG):
            msg = "a maker has transport masters of 16, 32 and 32 bytes"
            raise ValueError(msg)

    def __repr__(self) -> str:
        return "MakerKeys(***)"

    def __bytes__(self) -> bytes:
        return self.aes_128 + self.aes_256 + self.sam

    @classmethod
    def from_bytes(cls, packed: bytes) -> Self:
        """What `bytes(keys)` made. `ValueError` for another length."""
        after = _SHORT + _LONG
        return cls(aes_128=packed[:_SHORT], aes_256=packed[_SHORT:after], sam=packed[after:])

    @classmethod
    def at_random(cls) -> Self:
        """A maker that nobody knows yet."""
        return cls.from_bytes(os.urandom(_SHORT + 2 * _LONG))

    def master(self, profile: ChipProfile) -> bytes:
        """The transport master for chips of a profile."""
        return self.aes_128 if profile.key_bytes == _SHORT else self.aes_256

    def key_set(self, serial: CardSerial, profile: ChipProfile = KTP_EL) -> KeySet:
        """The transport key set (version `30`) of one chip."""
        return derive_key_set(self.master(profile), bytes(serial), TRANSPORT_KEY_VERSION)

    def module_key_set(self, serial: bytes) -> KeySet:
        """The transport key set (version `30`) of one SAM, by its serial of 8 bytes."""
        return derive_key_set(self.sam, serial, TRANSPORT_KEY_VERSION)


def derive_key_set(master: bytes, serial: bytes, version: int) -> KeySet:
    """The key set of a chip or module under a master (docs/secure-channel.md section 5)."""
    enc, mac, dek = (
        diversify(master, serial + bytes((key_id, version)) + _ISSUER) for key_id in _KEY_IDS
    )
    return KeySet(version, enc, mac, dek)
