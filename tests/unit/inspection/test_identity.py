"""Tapping a card: its serial, by own code, and the typed errors of a card that gives none."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import inspection
from ektp.apdu import CommandApdu, ResponseApdu
from ektp.errors import ApduRefused, CardAbsent, ReadbackMismatch
from inspection import identify
from inspection.faults import ChipFault, Fault
from inspection.ledger import Ledger


class Answering:
    """A channel with one answer for everything."""

    def __init__(self, response: ResponseApdu | None) -> None:
        self.response, self.commands = response, []

    def atr(self) -> bytes:
        return b"\x3b"

    def reset(self) -> None:
        pass

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self.commands.append(bytes(command))
        if self.response is None:
            raise CardAbsent("nothing there")
        return self.response


def test_a_tapped_card_names_itself(lab: SimpleNamespace) -> None:
    channel = Answering(lab.a_chip(lab.plain_files()).transmit(CommandApdu(0x80, 0xCA)))
    assert identify(channel) == lab.SERIAL
    assert channel.commands == [bytes.fromhex("80CA9F7F00")]


@pytest.mark.parametrize("sw", [0x6A88, 0x6D00, 0x6985, 0x6F00])
def test_a_card_without_cplc_is_refused(sw: int) -> None:
    with pytest.raises(ApduRefused) as caught:
        identify(Answering(ResponseApdu(b"", sw)))
    assert f"{sw:04X}" in str(caught.value)


@pytest.mark.parametrize("data", ["", "9F7F2A", "9F7F84FFFFFFFF", "5A08" + "11" * 8])
def test_a_cplc_that_cannot_be_read_is_typed(data: str) -> None:
    with pytest.raises(ReadbackMismatch):
        identify(Answering(ResponseApdu(bytes.fromhex(data), 0x9000)))


def test_no_card_is_no_card() -> None:
    with pytest.raises(CardAbsent):
        identify(Answering(None))


def test_the_ledger_knows_its_checks_and_nothing_else() -> None:
    ledger = Ledger()
    with pytest.raises(ValueError, match="smile"):
        ledger.run("chip.smile", lambda: "")

    def fail() -> str:
        raise ChipFault("6982")

    fault = ledger.run("chip.serial", fail)
    assert isinstance(fault, Fault)
    assert ledger.run("chip.answers", lambda: "9000") is None


def test_the_package_offers_what_it_says() -> None:
    assert set(inspection.__all__) == {"KtpElInspector", "identify"}
    with pytest.raises(AttributeError):
        _ = inspection.nothing
