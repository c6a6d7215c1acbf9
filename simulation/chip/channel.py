"""A chip on a contactless reader: the `CardChannel` of the simulated world."""

from __future__ import annotations

from collections.abc import Callable

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.errors import CardAbsent
from simulation.chip.card import Chip

__all__ = ["ChipChannel"]

_PSEUDO_CLA = 0xFF
_GET_UID = (0xCA, 0x00, 0x00)


def _nothing() -> None:
    """Nobody wants to know."""


class ChipChannel:
    """A chip in a reader's field (implements `ektp.ports.CardChannel`).

    `on_change` is called after each command that changed the chip's lasting state, before its
    response is returned or its loss is raised: what has happened to the chip is saved before the
    host can know of it.
    """

    def __init__(self, chip: Chip, on_change: Callable[[], None] = _nothing) -> None:
        self._chip = chip
        self._on_change = on_change

    def atr(self) -> bytes:
        """The answer to reset (PC/SC part 3). Raises `CardAbsent`."""
        self._require_chip()
        return self._chip.atr

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Send one command; the reader itself answers class `FF`. Raises `CardAbsent`."""
        if command.cla == _PSEUDO_CLA:
            return self._pseudo(command)
        before = self._chip.writes
        try:
            return self._chip.process(command)
        finally:
            if self._chip.writes != before:
                self._on_change()

    def reset(self) -> None:
        """Take the field away and give it back. Says nothing where no chip answers."""
        self._chip.reset()

    def _require_chip(self) -> None:
        if not self._chip.answers:
            raise CardAbsent("no chip answers in the field")

    def _pseudo(self, command: CommandApdu) -> ResponseApdu:
        """GET DATA, UID (PC/SC part 3, clause 3.2.2.1.3); nothing else is known."""
        self._require_chip()
        if (command.ins, command.p1, command.p2) != _GET_UID:
            return ResponseApdu(b"", StatusWord.INS_NOT_SUPPORTED)
        uid = self._chip.radio.reader_uid
        if command.data or command.le not in (len(uid), 256):
            return ResponseApdu(b"", StatusWord.WRONG_LENGTH)
        return ResponseApdu(uid, StatusWord.OK)
