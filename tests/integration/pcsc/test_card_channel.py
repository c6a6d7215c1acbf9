"""The contract of `CardChannel`, over the card itself and over pcscd and vpcd."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import cast

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.errors import CardAbsent
from ektp.ports import CardChannel
from printers.readers.pcsc import PcscReader
from tests.integration.pcsc.cards import ATR, Card, Ins
from tests.services.pcscd import Pcscd

pytestmark = pytest.mark.exclusive


@contextlib.contextmanager
def over_pcscd(daemon: Pcscd) -> Iterator[CardChannel]:
    daemon.lay("tests.integration.pcsc.cards:one")
    with PcscReader(daemon.readers[0].name) as reader:
        assert reader.wait_for_card(10)
        with reader.card() as card:
            yield card


@pytest.fixture(params=["card", "pcscd"])
def channel(request: pytest.FixtureRequest) -> Iterator[CardChannel]:
    if request.param == "card":
        yield Card()
        return
    with over_pcscd(cast("Pcscd", request.getfixturevalue("pcscd"))) as card:
        yield card


def test_the_answer_to_reset(channel: CardChannel) -> None:
    assert channel.atr() == ATR
    channel.reset()
    assert channel.atr() == ATR


@pytest.mark.parametrize("length", [0, 1, 255, 256, 4096, 65000])
def test_commands_and_responses_of_any_length_pass_whole(channel: CardChannel, length: int) -> None:
    data = bytes(i * 7 & 0xFF for i in range(length))
    le = 65536 if length > 256 else 256
    sent = CommandApdu(0x80, Ins.ECHO, data=data, le=le)
    assert channel.transmit(sent) == ResponseApdu(data, 0x9000)


@pytest.mark.parametrize("le", [1, 256, 257, 4096, 65000])
def test_reads_of_any_length_come_whole(channel: CardChannel, le: int) -> None:
    answer = channel.transmit(CommandApdu(0x80, Ins.LONG, le=le))
    assert answer == ResponseApdu(bytes(i & 0xFF for i in range(le)), 0x9000)


def test_a_refusal_is_an_answer(channel: CardChannel) -> None:
    assert channel.transmit(CommandApdu(0x80, 0x02)) == ResponseApdu(b"", 0x6D00)


def test_reset_makes_the_card_forget(channel: CardChannel) -> None:
    channel.reset()
    count = CommandApdu(0x80, Ins.COUNT, le=1)
    assert [channel.transmit(count).data for _ in range(3)] == [b"\x01", b"\x02", b"\x03"]
    channel.reset()
    assert channel.transmit(count).data == b"\x01"


def test_a_card_that_leaves_in_mid_command_is_absent(channel: CardChannel) -> None:
    started = time.monotonic()
    with pytest.raises(CardAbsent):
        channel.transmit(CommandApdu(0x80, Ins.LEAVE))
    assert time.monotonic() - started < 2
