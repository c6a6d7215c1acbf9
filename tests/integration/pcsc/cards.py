# ruff: noqa: S311 - a seeded choice of cards
"""Virtual cards for the readers' tests; each function gives a `CardSource`."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.errors import CardAbsent
from simulation.vpcd import CardSource, any_of, only

ATR = bytes.fromhex("3B8580018073102100 45")


class Ins(IntEnum):
    """What the card can be told."""

    GET_DATA = 0xCA
    ECHO = 0xE0  # the data back
    LONG = 0xE2  # Le bytes
    COUNT = 0xE4  # how many commands since the last reset
    LEAVE = 0xE6  # gone in the middle of the command
    SILENT = 0xE8  # no answer for as many milliseconds as the data say


class Card:
    """Answers from a number of its own; forgets its counter when the field is taken away."""

    def __init__(self, number: int = 1, *, uid: Callable[[], bytes] | None = None) -> None:
        self.number = number
        self.uid = uid or (lambda: bytes((4, 1, 2, 3, 4, 5, number)))
        self.cplc: bytes | None = b"\x9f\x7f\x2a" + bytes((number,)) * 42
        self._session_uid = self.uid()
        self._count = 0

    def atr(self) -> bytes:
        return ATR

    def reset(self) -> None:
        self._count = 0
        self._session_uid = self.uid()

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self._count += 1
        match command.ins:
            case Ins.GET_DATA:
                return self._get_data(command)
            case Ins.ECHO:
                return ResponseApdu(command.data, StatusWord.OK)
            case Ins.LONG:
                return ResponseApdu(bytes(i & 0xFF for i in range(command.le or 0)), StatusWord.OK)
            case Ins.COUNT:
                return ResponseApdu(bytes((self._count,)), StatusWord.OK)
            case Ins.LEAVE:
                raise CardAbsent("taken away in the middle of a command")
            case Ins.SILENT:
                time.sleep(int.from_bytes(command.data, "big") / 1000)
                return ResponseApdu(b"", StatusWord.OK)
            case _:
                return ResponseApdu(b"", StatusWord.INS_NOT_SUPPORTED)

    def _get_data(self, command: CommandApdu) -> ResponseApdu:
        if command.cla == 0xFF:
            return ResponseApdu(self._session_uid, StatusWord.OK)
        if self.cplc is None:
            return ResponseApdu(b"", StatusWord.REFERENCE_NOT_FOUND)
        return ResponseApdu(self.cplc, StatusWord.OK)


def one(number: str = "1") -> CardSource:
    return only(Card(int(number)))


def two() -> CardSource:
    return any_of(Card(1), Card(2), chance=random.Random(5))


def while_file(path: str) -> CardSource:
    """A card that lies in the field while a file is there; the file's text is its number."""

    def field() -> Card | None:
        file = Path(path)
        return Card(int(file.read_text())) if file.exists() else None

    return field
