"""The card's side of vpcd: two bytes of length (big-endian), then a command or one control byte.

Control bytes: 0 power off, 1 power on, 2 reset, 4 the answer to reset, please. Only the last one is
answered. Whatever else comes is a command, and its response goes back in the same frame.
"""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Final

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.errors import CardAbsent
from ektp.ports import CardChannel
from simulation.vpcd.fields import CardSource

__all__ = ["CardSide", "Control", "Unframer", "frame"]

_LENGTH_BYTES: Final = 2
_LONGEST: Final = 0xFFFF
_WRONG_LENGTH: Final = bytes(ResponseApdu(b"", StatusWord.WRONG_LENGTH))


@unique
class Control(IntEnum):
    """The messages of one byte."""

    POWER_OFF = 0
    POWER_ON = 1
    RESET = 2
    GET_ATR = 4


def frame(message: bytes) -> bytes:
    """A message as it goes over the wire. `ValueError` for more than 65,535 bytes."""
    if len(message) > _LONGEST:
        msg = "a message of vpcd has at most 65535 bytes"
        raise ValueError(msg)
    return len(message).to_bytes(_LENGTH_BYTES, "big") + message


class Unframer:
    """Cuts messages out of what a stream brings."""

    def __init__(self) -> None:
        self._held = b""

    def take(self, received: bytes) -> list[bytes]:
        """The messages that are whole now, in order; empty ones are left out."""
        self._held += received
        whole: list[bytes] = []
        while len(self._held) >= _LENGTH_BYTES:
            end = _LENGTH_BYTES + int.from_bytes(self._held[:_LENGTH_BYTES], "big")
            if len(self._held) < end:
                break
            if end > _LENGTH_BYTES:
                whole.append(self._held[_LENGTH_BYTES:end])
            self._held = self._held[end:]
        return whole


class CardSide:
    """Answers a reader's messages out of a field. Raises `CardAbsent` where it is empty."""

    def __init__(self, source: CardSource) -> None:
        self._source = source
        self._card = self._lay()
        self._fresh = True

    def _lay(self) -> CardChannel:
        card = self._source()
        if card is None:
            raise CardAbsent("the field of the virtual reader is empty")
        card.reset()
        card.atr()  # a dead card is not offered
        return card

    def begin(self) -> None:
        """A reader was found; its first field is that of the card that is there already."""
        self._card.reset()
        self._fresh = True

    def answer(self, message: bytes) -> bytes | None:
        """What goes back, or none. Raises `CardAbsent` where the card has left."""
        if len(message) > 1:
            return self._respond(message)
        match message[0]:
            case Control.GET_ATR:
                return self._card.atr()
            case Control.POWER_ON | Control.RESET:
                if not self._fresh:
                    self._card = self._lay()
                self._fresh = False
            case Control.POWER_OFF:
                self._card.reset()
        return None

    def _respond(self, raw: bytes) -> bytes:
        try:
            command = CommandApdu.from_bytes(raw)
        except ValueError:
            return _WRONG_LENGTH
        response = bytes(self._card.transmit(command))
        return response if len(response) <= _LONGEST else _WRONG_LENGTH
