"""Commands over T=0 (ISO/IEC 7816-3 clause 12.2): a contact card, a SAM, that knows no T=1.

The protocol carries data in one direction only and never both lengths: Le is left out where there
are data, and the response is fetched with GET RESPONSE. With T=1 and over the air all this is the
card's own affair, and its `61xx` is passed on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

__all__ = ["exchange"]

_HEADER_BYTES: Final = 4
_MORE: Final = 0x61
_WRONG_LE: Final = 0x6C
# 64 KiB in pieces of 256 bytes, and a few: a card that always has more is not listened to for ever.
_MOST_PIECES: Final = 260


def exchange(command: bytes, send: Callable[[bytes], bytes]) -> bytes:
    """Send a short command over T=0; the response is whole. Extended ones go out as they are."""
    first = _without_le(command)
    response = send(first)
    if _sw1(response) == _WRONG_LE and len(first) == _HEADER_BYTES + 1:
        response = send(first[:_HEADER_BYTES] + response[-1:])
    data = response[:-2]
    for _ in range(_MOST_PIECES):
        if _sw1(response) != _MORE:
            break
        # The class of the command, its secure messaging bits cleared (7816-4 clause 5.4.1).
        response = send(bytes((command[0] & 0xF3, 0xC0, 0, 0, response[-1])))
        if len(response) < 2:
            return b""  # torn away: what came before is no answer
        data += response[:-2]
    return data + response[-2:]


def _without_le(command: bytes) -> bytes:
    if len(command) == _HEADER_BYTES:
        return command + b"\x00"
    body = command[_HEADER_BYTES:]
    case_4 = len(body) > 1 and body[0] and len(body) == body[0] + 2
    return command[:-1] if case_4 else command


def _sw1(response: bytes) -> int:
    return response[-2] if len(response) > 1 else 0
