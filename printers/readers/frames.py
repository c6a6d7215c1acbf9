"""What is said between a reader's user and its worker process: one frame there, one frame back.

A frame is four bytes of length (big-endian, of what follows), one byte of kind, and a body. The
kind of a question is a `Request`, of an answer an `Answer`. Nothing is pickled: what comes back
from a worker is bytes and numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Final

__all__ = ["Answer", "Frame", "FrameBroken", "FrameReader", "Request", "encode"]

_LENGTH_BYTES: Final = 4
# An extended APDU has 65,544 bytes at most; whatever is longer is no frame of ours.
_LONGEST: Final = 0x20000
_CHUNK: Final = 0x4000


@unique
class Request(IntEnum):
    """What a worker can be asked to do; the body follows each."""

    LIST = 1  # nothing -> names in UTF-8, a NUL between two
    STATE = 2  # the reader's name -> event state (4 bytes), ATR
    WAIT = 3  # 1 for a card or 0 for none, milliseconds (4), name -> 1 where it came, 0 where not
    CONNECT = 4  # the reader's name -> ATR
    TRANSMIT = 5  # a command -> its response
    RESET = 6  # nothing -> ATR
    DISCONNECT = 7  # nothing -> nothing


@unique
class Answer(IntEnum):
    """What became of a request."""

    DONE = 0
    FAILED = 1  # the body is a PC/SC return code (4 bytes)
    LIBRARY_MISSING = 2  # pyscard is not installed


class FrameBroken(Exception):
    """The other side is gone, or speaks something else."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A kind and a body."""

    kind: int
    body: bytes = b""


def encode(kind: int, body: bytes = b"") -> bytes:
    """A frame as it goes over the wire. `ValueError` where it would be too long."""
    if len(body) >= _LONGEST:
        msg = "a frame holds one APDU at most"
        raise ValueError(msg)
    return (1 + len(body)).to_bytes(_LENGTH_BYTES, "big") + bytes((kind,)) + body


class FrameReader:
    """Cuts frames out of a stream; `receive` gives at most so many bytes, and none at its end."""

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        self._held = b""

    def read(self) -> Frame:
        """The next frame. Raises `FrameBroken` at the end of the stream, and what `receive` does.

        What was received before an error of `receive` is kept.
        """
        while True:
            if len(self._held) > _LENGTH_BYTES:
                length = int.from_bytes(self._held[:_LENGTH_BYTES], "big")
                if not 0 < length <= _LONGEST:
                    raise FrameBroken("no frame has this length")
                end = _LENGTH_BYTES + length
                if len(self._held) >= end:
                    frame = Frame(self._held[_LENGTH_BYTES], self._held[_LENGTH_BYTES + 1 : end])
                    self._held = self._held[end:]
                    return frame
            chunk = self._receive(_CHUNK)
            if not chunk:
                raise FrameBroken("the other side is gone")
            self._held += chunk
