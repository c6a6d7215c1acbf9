"""How a chip shows itself in a field: ISO/IEC 14443 type A or B, its UID, and its ATR by PC/SC."""

from __future__ import annotations

import functools
import hashlib
import operator
from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Final, Self

from ektp.ids import CardSerial

__all__ = ["Radio", "RadioType"]

_UID_BYTES: Final = {0: (4, 7, 10), 1: (8,)}
_PUPI_BYTES: Final = 4


@unique
class RadioType(IntEnum):
    """The two kinds of signalling of ISO/IEC 14443."""

    A = 0
    B = 1


# Type A: historical bytes of the ATS: selection by file identifier, no extended length
# (ISO/IEC 7816-4 clause 12.1.1.9). Type B: application data and protocol information of the ATQB.
_HISTORICAL: Final = {
    RadioType.A: bytes.fromhex("80 73 10 21 00"),
    RadioType.B: bytes.fromhex("00000000 338181 00"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Radio:
    """The contactless side of a chip.

    `uid`: 4, 7 or 10 bytes for type A; for type B the 8 bytes that the card gives by its own
    command, of which the first four are its PUPI. A UID names a session, never a card.
    """

    type: RadioType
    uid: bytes

    def __post_init__(self) -> None:
        if len(self.uid) not in _UID_BYTES[self.type]:
            msg = "a UID has 4, 7 or 10 bytes (type A) or 8 (type B)"
            raise ValueError(msg)

    @classmethod
    def for_chip(cls, kind: RadioType, serial: CardSerial) -> Self:
        """A UID that looks made by a manufacturer, always the same for one serial."""
        digest = hashlib.sha256(b"uid" + bytes(serial)).digest()
        return cls(type=kind, uid=b"\x04" + digest[:6] if kind is RadioType.A else digest[:8])

    @property
    def reader_uid(self) -> bytes:
        """What a PC/SC reader gives for `FF CA 00 00 00`: the UID, or the PUPI of type B."""
        return self.uid if self.type is RadioType.A else self.uid[:_PUPI_BYTES]

    @property
    def atr(self) -> bytes:
        """The answer to reset that a reader makes up (PC/SC part 3, clause 3.1.3.2.3)."""
        historical = _HISTORICAL[self.type]
        body = bytes((0x80 | len(historical), 0x80, 0x01)) + historical
        return b"\x3b" + body + bytes((functools.reduce(operator.xor, body),))
