"""Return codes of PC/SC and what each speaks of: the card, or the reader."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, unique
from typing import Final

__all__ = ["CARD_IS_GONE", "READER_IS_GONE", "PcscCode", "describe"]


@unique
class PcscCode(IntEnum):
    """The codes that this house tells apart."""

    INTERNAL_ERROR = 0x80100001
    INVALID_HANDLE = 0x80100003
    UNKNOWN_READER = 0x80100009
    TIMEOUT = 0x8010000A
    SHARING_VIOLATION = 0x8010000B
    NO_SMARTCARD = 0x8010000C
    PROTO_MISMATCH = 0x8010000F
    COMM_ERROR = 0x80100013
    NOT_TRANSACTED = 0x80100016
    READER_UNAVAILABLE = 0x80100017
    NO_SERVICE = 0x8010001D
    SERVICE_STOPPED = 0x8010001E
    NO_ACCESS = 0x80100027
    NO_READERS_AVAILABLE = 0x8010002E
    COMM_DATA_LOST = 0x8010002F
    UNRESPONSIVE_CARD = 0x80100066
    UNPOWERED_CARD = 0x80100067
    RESET_CARD = 0x80100068
    REMOVED_CARD = 0x80100069
    SECURITY_VIOLATION = 0x8010006A


CARD_IS_GONE: Final = frozenset(
    {
        PcscCode.NO_SMARTCARD,
        PcscCode.PROTO_MISMATCH,
        PcscCode.UNRESPONSIVE_CARD,
        PcscCode.UNPOWERED_CARD,
        PcscCode.RESET_CARD,
        PcscCode.REMOVED_CARD,
    }
)
"""Codes that speak of the card by themselves."""

READER_IS_GONE: Final[Mapping[int, str]] = {
    PcscCode.INVALID_HANDLE: "the connection to pcscd was lost",
    PcscCode.UNKNOWN_READER: "there is no reader of this name",
    PcscCode.SHARING_VIOLATION: "another program holds the reader",
    PcscCode.READER_UNAVAILABLE: "the reader is gone",
    PcscCode.NO_SERVICE: "pcscd does not run",
    PcscCode.SERVICE_STOPPED: "pcscd stopped",
    PcscCode.NO_ACCESS: "this user may not use pcscd",
    PcscCode.NO_READERS_AVAILABLE: "there is no reader",
    PcscCode.SECURITY_VIOLATION: "this user may not use pcscd",
}
"""Codes that speak of the reader, of pcscd or of its other users, in words.

What stands in neither set says nothing by itself: a card torn away in the middle of a command shows
as COMM_ERROR, as NOT_TRANSACTED or as success without an answer.
"""


def describe(code: int) -> str:
    """`8010001D NO_SERVICE`, or the eight digits alone."""
    try:
        return f"{code:08X} {PcscCode(code).name}"
    except ValueError:
        return f"{code:08X}"
