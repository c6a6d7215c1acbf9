"""The card control: who a chip is, for which attempt, signed under which key.

`docs/chip-profile-ktp-el.md` section 2; the layout serves both profiles.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from ektp.chip_profiles import chip_profile
from ektp.ids import AttemptId, CardSerial
from ektp.perso import ChipImage

__all__ = ["CARD_CONTROL_BYTES", "CardControl", "attempt_digest", "card_control_of"]

CARD_CONTROL_BYTES: Final = 51

_VERSION: Final = 1
_ISSUER: Final = b"EKTP"
_LENGTH_BYTES: Final = 2


def attempt_digest(attempt: AttemptId) -> bytes:
    """The 16 bytes by which a card control names an attempt: they tell a stranger nothing."""
    return hashlib.sha256(attempt.encode("ascii")).digest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardControl:
    """The 51 bytes of section 2; the read keys of `ktp-el` are derived from them."""

    card: CardSerial
    key_version: int
    attempt_digest: bytes
    bound_on: date
    signing_key_id: bytes

    def __post_init__(self) -> None:
        if not 1 <= self.key_version <= 0x7F:
            msg = "the version of a read master key in a card control is 1 to 127"
            raise ValueError(msg)

    def __bytes__(self) -> bytes:
        content = b"".join(
            (
                bytes((_VERSION,)),
                bytes(self.card),
                bytes((self.key_version,)),
                _ISSUER,
                self.attempt_digest,
                bytes.fromhex(f"{self.bound_on:%Y%m%d}"),
                self.signing_key_id,
            )
        )
        return content.ljust(CARD_CONTROL_BYTES, b"\x00")

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read a card control of this version; raises `ValueError` for anything else."""
        if len(content) != CARD_CONTROL_BYTES or content[0] != _VERSION or any(content[42:]):
            msg = "not a card control of version 01"
            raise ValueError(msg)
        if content[10:14] != _ISSUER:
            msg = "a card control of another issuer"
            raise ValueError(msg)
        year, month, day = (int(content[a:b].hex()) for a, b in ((30, 32), (32, 33), (33, 34)))
        return cls(
            card=CardSerial.from_bytes(content[1:9]),
            key_version=content[9],
            attempt_digest=content[14:30],
            bound_on=date(year, month, day),
            signing_key_id=content[34:42],
        )


def card_control_of(image: ChipImage) -> bytes:
    """The 51 bytes of an image's card control, without their length prefix."""
    file = chip_profile(image.profile).file("card_control")
    content = next(content for file_id, content in image.files if file_id == file.file_id)
    return content.reveal()[_LENGTH_BYTES:]
