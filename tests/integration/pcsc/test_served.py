"""The simulated chip and SAM answer over pcscd what they answer in process; and how fast it is."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest

from ektp.apdu import CommandApdu
from ektp.ports import CardChannel
from printers.readers.collision import require_single_card
from printers.readers.pcsc import PcscReader
from tests.integration.pcsc import served
from tests.integration.pcsc.cards import Ins
from tests.services.pcscd import Pcscd

pytestmark = pytest.mark.exclusive

UID = CommandApdu(0xFF, 0xCA, le=256)
CHIP_TALK = (
    UID,
    CommandApdu(0xFF, 0x82),
    CommandApdu(0x80, 0xCA, 0x9F, 0x7F, le=256),
    CommandApdu(0x00, 0xA4, 0x00, 0x0C, bytes.fromhex("7F0A")),
    CommandApdu(0x00, 0xB0, le=256),
    CommandApdu(0x00, 0x02),
)
SAM_TALK = (
    CommandApdu(0x00, 0xF7, le=256),
    CommandApdu(0x00, 0xF0, data=b"\x01" * 32),
    CommandApdu(0x00, 0xFF),
    CommandApdu(0x00, 0xF0, data=bytes(32)),
    CommandApdu(0x00, 0xFF),
)


@pytest.mark.parametrize(("card", "talk"), [("chip", CHIP_TALK), ("sam", SAM_TALK)])
def test_a_served_card_answers_as_it_does_in_process(
    pcscd: Pcscd, card: str, talk: tuple[CommandApdu, ...]
) -> None:
    in_process: CardChannel | None = getattr(served, card)()()
    assert in_process is not None
    pcscd.lay(f"tests.integration.pcsc.served:{card}")
    with PcscReader(pcscd.readers[0].name) as reader:
        assert reader.wait_for_card(10)
        with reader.card() as channel:
            for _ in range(2):
                assert channel.atr() == in_process.atr()
                answers = [channel.transmit(command) for command in talk]
                assert answers == [in_process.transmit(command) for command in talk]
                assert len({answer.sw for answer in answers}) > 1
                channel.reset()
                in_process.reset()
            require_single_card(channel)


def test_how_long_a_command_takes(
    pcscd: Pcscd, record_property: Callable[[str, object], None]
) -> None:
    """Medians in microseconds, in the report (`-rP` prints them); how fast is not judged here."""
    pcscd.lay("tests.integration.pcsc.cards:one")
    with PcscReader(pcscd.readers[0].name) as reader:
        assert reader.wait_for_card(10)
        with reader.card() as channel:
            for length, le in ((4, 256), (240, 256), (4096, 65536)):
                command = CommandApdu(0x80, Ins.ECHO, data=bytes(length), le=le)
                took: list[float] = []
                for _ in range(300):
                    started = time.perf_counter()
                    assert channel.transmit(command).data == command.data
                    took.append(time.perf_counter() - started)
                text = f"{statistics.median(took) * 1e6:.0f} us"
                record_property(f"echo {length} B", text)
                print(f"echo {length} B: {text}")  # noqa: T201 - for the report
            started = time.perf_counter()
            for _ in range(50):
                channel.reset()
            print(f"reset: {(time.perf_counter() - started) / 50 * 1e6:.0f} us")  # noqa: T201
