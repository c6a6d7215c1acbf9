"""What a chip's interface can carry, and how it says so (docs/secure-channel.md section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from ektp.tlv import Tlv

__all__ = ["EXTENDED_LENGTH_TAG", "ChipFeatures"]

EXTENDED_LENGTH_TAG: Final = 0x7F66
"""Extended length information (ISO/IEC 7816-4 clause 12.7.1)."""

_CHAINING, _EXTENDED = 0x80, 0x40
_SHORT_ANSWER: Final = 256
_LARGEST: Final = 2048
_STATUS_BYTES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipFeatures:
    """Extended lengths and command chaining.

    `largest_command` and `largest_answer` are bytes of a whole extended APDU, header, lengths and
    status word included. Without `extended` they mean nothing.
    """

    extended: bool = False
    chaining: bool = False
    largest_command: int = _LARGEST
    largest_answer: int = _LARGEST

    @property
    def capability_byte(self) -> int:
        """The third byte of the card capabilities (ISO/IEC 7816-4 clause 12.1.1.9)."""
        return _CHAINING * self.chaining | _EXTENDED * self.extended

    @property
    def longest_answer(self) -> int:
        """How many bytes of data one answer holds."""
        return self.largest_answer - _STATUS_BYTES if self.extended else _SHORT_ANSWER

    @property
    def length_information(self) -> bytes | None:
        """The answer to `00 CA 7F 66 00`; None for a chip of short lengths."""
        if not self.extended:
            return None
        lengths = (self.largest_command, self.largest_answer)
        objects = (bytes(Tlv(0x02, length.to_bytes(2, "big"))) for length in lengths)
        return bytes(Tlv(EXTENDED_LENGTH_TAG, b"".join(objects)))

    def pack(self) -> tuple[int, int, int]:
        """Three numbers for a saved state: flags (one byte), largest command, largest answer."""
        return self.capability_byte, self.largest_command, self.largest_answer

    @classmethod
    def unpack(cls, flags: int, largest_command: int, largest_answer: int) -> Self:
        """What `pack` gave."""
        return cls(
            extended=bool(flags & _EXTENDED),
            chaining=bool(flags & _CHAINING),
            largest_command=largest_command,
            largest_answer=largest_answer,
        )
