"""Command and response APDUs and status words (ISO/IEC 7816-4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Self

__all__ = ["CommandApdu", "ResponseApdu", "StatusWord", "describe_sw"]

_SHORT_MAX_DATA = 255
_SHORT_MAX_LE = 256
_HEADER_LENGTH = 4


@unique
class StatusWord(IntEnum):
    """Status words that this house sends or understands (ISO/IEC 7816-4 clause 5.6)."""

    OK = 0x9000
    END_OF_FILE = 0x6282
    AUTHENTICATION_FAILED = 0x6300
    MEMORY_FAILURE = 0x6581
    WRONG_LENGTH = 0x6700
    SECURITY_STATUS_NOT_SATISFIED = 0x6982
    AUTHENTICATION_BLOCKED = 0x6983
    CONDITIONS_NOT_SATISFIED = 0x6985
    COMMAND_NOT_ALLOWED = 0x6986
    SM_OBJECTS_MISSING = 0x6987
    SM_OBJECTS_INCORRECT = 0x6988
    INCORRECT_DATA = 0x6A80
    FILE_NOT_FOUND = 0x6A82
    NOT_ENOUGH_MEMORY = 0x6A84
    INCORRECT_P1_P2 = 0x6A86
    REFERENCE_NOT_FOUND = 0x6A88
    FILE_EXISTS = 0x6A89
    WRONG_OFFSET = 0x6B00
    INS_NOT_SUPPORTED = 0x6D00
    CLA_NOT_SUPPORTED = 0x6E00


def describe_sw(sw: int) -> str:
    """`6A82 FILE_NOT_FOUND`, or the four digits alone."""
    try:
        return f"{sw:04X} {StatusWord(sw).name}"
    except ValueError:
        return f"{sw:04X}"


@dataclass(frozen=True, slots=True)
class CommandApdu:
    """A command: header, data and expected length; short or extended as the lengths ask."""

    cla: int
    ins: int
    p1: int = 0
    p2: int = 0
    data: bytes = b""
    le: int | None = None

    def __post_init__(self) -> None:
        if any(not 0 <= byte <= 0xFF for byte in (self.cla, self.ins, self.p1, self.p2)):
            msg = "a header byte is 0 to 255"
            raise ValueError(msg)
        if len(self.data) > 0xFFFF or not (self.le is None or 0 < self.le <= 0x10000):
            msg = "Lc is at most 65535 and Le 1 to 65536"
            raise ValueError(msg)

    @property
    def extended(self) -> bool:
        """Whether lengths are coded in three bytes."""
        return len(self.data) > _SHORT_MAX_DATA or (self.le or 0) > _SHORT_MAX_LE

    def __bytes__(self) -> bytes:
        head = bytes((self.cla, self.ins, self.p1, self.p2))
        if self.extended:
            lc = b"\x00" + len(self.data).to_bytes(2, "big") if self.data else b""
            le = b""
            if self.le is not None:
                le = (self.le & 0xFFFF).to_bytes(2, "big")
                le = le if self.data else b"\x00" + le
            return head + lc + self.data + le
        lc = bytes((len(self.data),)) if self.data else b""
        le = b"" if self.le is None else bytes((self.le & 0xFF,))
        return head + lc + self.data + le

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read a command as a card does (ISO/IEC 7816-3 clause 12.1.3, cases 1 to 4).

        Raises `ValueError` where the lengths do not add up.
        """
        if len(raw) < _HEADER_LENGTH:
            msg = "an APDU has at least four bytes"
            raise ValueError(msg)
        data, le = _body(raw[_HEADER_LENGTH:])
        return cls(raw[0], raw[1], raw[2], raw[3], data, le)

    def __repr__(self) -> str:
        # Never the data: they may be a person's, or a key.
        return (
            f"CommandApdu({self.cla:02X} {self.ins:02X} {self.p1:02X} {self.p2:02X} "
            f"Lc={len(self.data)} Le={self.le})"
        )


def _body(body: bytes) -> tuple[bytes, int | None]:
    if not body:
        return b"", None
    if len(body) == 1:
        return b"", body[0] or _SHORT_MAX_LE
    if body[0] != 0:
        end = 1 + body[0]
        data, rest = body[1:end], body[end:]
        if len(data) == body[0] and len(rest) <= 1:
            return data, (rest[0] or _SHORT_MAX_LE) if rest else None
    elif len(body) == 3:
        return b"", int.from_bytes(body[1:], "big") or 0x10000
    elif len(body) > 3:
        length = int.from_bytes(body[1:3], "big")
        data, rest = body[3 : 3 + length], body[3 + length :]
        if length and len(data) == length and len(rest) in (0, 2):
            return data, (int.from_bytes(rest, "big") or 0x10000) if rest else None
    msg = "Lc and Le do not fit the bytes that follow"
    raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class ResponseApdu:
    """A response: data and status word."""

    data: bytes
    sw: int

    @property
    def ok(self) -> bool:
        """Whether the status word is 9000."""
        return self.sw == StatusWord.OK

    def __bytes__(self) -> bytes:
        return self.data + self.sw.to_bytes(2, "big")

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Split off the status word; raises `ValueError` for fewer than two bytes."""
        if len(raw) < 2:
            msg = "a response has at least its status word"
            raise ValueError(msg)
        return cls(raw[:-2], int.from_bytes(raw[-2:], "big"))

    def __repr__(self) -> str:
        return f"ResponseApdu({len(self.data)} bytes, {describe_sw(self.sw)})"
