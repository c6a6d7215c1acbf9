"""A machine with a PC/SC reader at its station: late, stale and missing cards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import pytest

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.errors import CardAbsent, ReaderUnavailable
from ektp.ports import CardChannel, CardPrinter, PrinterStatus
from ektp.printer_profiles import Station
from printers.readers.coupled import CoupledPrinter
from printers.readers.pcsc import PcscReader

SELECT = CommandApdu(0x00, 0xA4)


class Card:
    def atr(self) -> bytes:
        return b"\x3b\x00"

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        if command.ins == 0xEE:
            raise CardAbsent("torn away")
        return ResponseApdu(b"", StatusWord.OK)

    def reset(self) -> None:
        pass


class Reader:
    """Shows a card while `shown` lasts; a connection comes to what stands in `answers`, in turn."""

    name = "Encoder"

    def __init__(self, answers: Sequence[str], *, shown: bool = True) -> None:
        self.answers = list(answers)
        self.shown = shown
        self.fields = 0

    def wait_for_card(self, timeout_s: float) -> bool:
        assert timeout_s > 0
        return self.shown

    @contextmanager
    def card(self) -> Iterator[CardChannel]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == "stale":
            raise CardAbsent("no card answers in the reader")
        if answer == "gone":
            raise ReaderUnavailable("the reader is gone")
        self.fields += 1
        try:
            yield Card()
        finally:
            self.fields -= 1


class Machine:
    def __init__(self, at: Station) -> None:
        self.at = at

    def status(self) -> PrinterStatus:
        return PrinterStatus(card_at=self.at, conditions=())


def coupled(reader: Reader, at: Station = Station.CONTACTLESS) -> CoupledPrinter:
    machine = cast("CardPrinter", Machine(at))
    return CoupledPrinter(machine, cast("PcscReader", reader), settle_s=0.3)


def test_the_reader_still_shows_the_card_that_left() -> None:
    reader = Reader(["stale", "stale", "card"])
    with coupled(reader).channel() as channel:
        assert channel.transmit(SELECT).ok
        assert reader.fields == 1
    assert reader.fields == 0


@pytest.mark.parametrize(
    "reader", [Reader(["stale"]), Reader(["card"], shown=False)], ids=["stale", "empty"]
)
def test_no_card_in_time_is_a_channel_that_nobody_answers(reader: Reader) -> None:
    with coupled(reader).channel() as channel:
        channel.reset()
        with pytest.raises(CardAbsent):
            channel.atr()
        with pytest.raises(CardAbsent):
            channel.transmit(SELECT)


def test_a_card_elsewhere_in_the_machine_is_not_looked_for() -> None:
    reader = Reader(["gone"])
    with coupled(reader, Station.NONE).channel() as channel, pytest.raises(CardAbsent):
        channel.transmit(SELECT)


def test_a_reader_that_is_gone_is_not_waited_for() -> None:
    with pytest.raises(ReaderUnavailable), coupled(Reader(["gone"])).channel():
        pass


def test_a_card_torn_away_in_use_is_its_users_matter() -> None:
    """What happens in the field is not taken for a stale bit: nothing is tried again."""
    reader = Reader(["card"])
    with pytest.raises(CardAbsent, match="torn"), coupled(reader).channel() as channel:
        channel.transmit(CommandApdu(0x00, 0xEE))
    assert reader.fields == 0
