"""How a chip shows itself in a field: ISO/IEC 14443 type A or B, its UID, and its ATR by PC/SC."""

from __future__ import annotations

import functools
import hashlib
import operator
from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Final, Self

from ektp.ids import CardSerial
from ektp.ports import Entropy
from simulation.chip.features import ChipFeatures

__all__ = ["Radio", "RadioType"]

_UID_BYTES: Final = {0: (4, 7, 10), 1: (8,)}
_PUPI_BYTES: Final = 4


@unique
class RadioType(IntEnum):
    """The two kinds of signalling of ISO/IEC 14443."""

    A = 0
    B = 1


# Historical bytes of the ATS of type A (ISO/IEC 7816-4 clause 12.1.1): category, compact object 7x
# with three bytes of card capabilities, of which the model gives the first and the features the
# third. Type B: application data and protocol information of the ATQB.
_CAPABILITIES_HEAD: Final = b"\x80\x73"
_DATA_CODING: Final = 0x21
_ATQB: Final = bytes.fromhex("00000000 338181 00")
_RANDOM_UID: Final = b"\x08"
_RANDOM_BYTES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Radio:
    """The contactless side of a chip.

    `uid`: 4, 7 or 10 bytes for type A; for type B the 8 bytes that the card gives by its own
    command, of which the first four are its PUPI. A UID names a session, never a card.
    `random_uid`: the UID is `08` and three bytes that are new in each field (ISO/IEC 14443-3 clause
    6.5.4; type A only).
    """

    type: RadioType
    uid: bytes
    random_uid: bool = False

    def __post_init__(self) -> None:
        if self.random_uid and (self.type is not RadioType.A or self.uid[:1] != _RANDOM_UID):
            msg = "a random UID is of type A and begins with 08"
            raise ValueError(msg)
        if len(self.uid) not in _UID_BYTES[self.type]:
            msg = "a UID has 4, 7 or 10 bytes (type A) or 8 (type B)"
            raise ValueError(msg)

    @classmethod
    def for_chip(cls, kind: RadioType, serial: CardSerial) -> Self:
        """A UID that looks made by a manufacturer, always the same for one serial."""
        digest = hashlib.sha256(b"uid" + bytes(serial)).digest()
        return cls(type=kind, uid=b"\x04" + digest[:6] if kind is RadioType.A else digest[:8])

    @classmethod
    def with_random_uid(cls, random: Entropy) -> Self:
        """Type A with a UID for one field."""
        uid = _RANDOM_UID + random.token_bytes(_RANDOM_BYTES)
        return cls(type=RadioType.A, uid=uid, random_uid=True)

    @property
    def reader_uid(self) -> bytes:
        """What a PC/SC reader gives for `FF CA 00 00 00`: the UID, or the PUPI of type B."""
        return self.uid if self.type is RadioType.A else self.uid[:_PUPI_BYTES]

    def atr(self, selection: int, features: ChipFeatures) -> bytes:
        """The answer to reset that a reader makes up (PC/SC part 3, clause 3.1.3.2.3).

        `selection` is the first byte of the card capabilities.
        """
        historical = _ATQB
        if self.type is RadioType.A:
            capabilities = bytes((selection, _DATA_CODING, features.capability_byte))
            historical = _CAPABILITIES_HEAD + capabilities
        body = bytes((0x80 | len(historical), 0x80, 0x01)) + historical
        return b"\x3b" + body + bytes((functools.reduce(operator.xor, body),))
