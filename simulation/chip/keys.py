"""The keys of a chip: the key set of its channel, and the read keys of `ktp-el`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from simulation.chip.aes import AesKey
from simulation.chip.crypto import Tdes

__all__ = ["KeySet", "ReadKeys", "check_value"]

_AES_KEYS: Final = (16, 24, 32)
_TDES_KEY: Final = 24
_CHECK_VALUE_INPUT: Final = b"\x01" * 16
_CHECK_VALUE_BYTES: Final = 3


@dataclass(frozen=True, slots=True, repr=False)
class KeySet:
    """ENC (`01`), MAC (`02`) and DEK (`03`) of the channel, three AES keys of one length."""

    version: int
    enc: bytes
    mac: bytes
    dek: bytes

    def __post_init__(self) -> None:
        lengths = {len(self.enc), len(self.mac), len(self.dek)}
        if len(lengths) != 1 or not lengths <= set(_AES_KEYS) or not 0 < self.version <= 0x7F:
            msg = "a key set has a version and three AES keys of one length"
            raise ValueError(msg)

    def __repr__(self) -> str:
        return f"KeySet(version={self.version:02X})"

    def __bytes__(self) -> bytes:
        return self.enc + self.mac + self.dek

    @classmethod
    def from_bytes(cls, version: int, block: bytes) -> Self:
        """The three keys one after the other. `ValueError` where they are not three AES keys."""
        size = len(block) // 3
        return cls(version, block[:size], block[size : 2 * size], block[2 * size :])

    @property
    def key_bytes(self) -> int:
        """The length of each key."""
        return len(self.enc)

    @property
    def check_values(self) -> tuple[bytes, bytes, bytes]:
        """The key check values of ENC, MAC and DEK, three bytes each."""
        return check_value(self.enc), check_value(self.mac), check_value(self.dek)


def check_value(key: bytes) -> bytes:
    """AES-ECB over sixteen bytes `01`, cut to three (Card Specification, B.6)."""
    return AesKey(key).encrypt_block(_CHECK_VALUE_INPUT)[:_CHECK_VALUE_BYTES]


@dataclass(frozen=True, slots=True, repr=False)
class ReadKeys:
    """K_ENC and K_MAC of one `ktp-el` chip, and the version of their master (secret `01`)."""

    version: int
    enc: Tdes
    mac: Tdes

    @classmethod
    def from_secret(cls, secret: bytes) -> Self:
        """Version (1) ‖ K_ENC (24) ‖ K_MAC (24)."""
        return cls(secret[0], Tdes(secret[1 : 1 + _TDES_KEY]), Tdes(secret[1 + _TDES_KEY :]))
