"""The card's side of vpcd without a socket: framing, control bytes, what is no command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.errors import CardAbsent
from simulation.vpcd.fields import only
from simulation.vpcd.protocol import CardSide, Control, Unframer, frame

ATR = b"\x3b\x80\x80\x01\x01"


class Card:
    """Notes what is done to it; answers as it is told."""

    def __init__(self, answer: bytes = b"") -> None:
        self.seen: list[str] = []
        self.gives = answer
        self.here = True

    def atr(self) -> bytes:
        if not self.here:
            raise CardAbsent("gone")
        return ATR

    def reset(self) -> None:
        self.seen.append("reset")

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        if not self.here:
            raise CardAbsent("gone")
        self.seen.append(f"{command.ins:02X}")
        return ResponseApdu(self.gives, 0x9000)


@given(messages=st.lists(st.binary(min_size=1, max_size=300)), cuts=st.lists(st.integers(1, 50)))
def test_messages_come_out_as_they_went_in_however_they_are_cut(
    messages: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(frame(message) for message in messages)
    unframer = Unframer()
    found: list[bytes] = []
    for cut in [*cuts, len(stream)]:
        found += unframer.take(stream[:cut])
        stream = stream[cut:]
    assert found == messages


def test_an_empty_message_is_none() -> None:
    assert Unframer().take(b"\x00\x00\x00\x01\x04\x00\x00") == [b"\x04"]


def test_a_message_that_is_too_long_is_not_framed() -> None:
    assert frame(bytes(65535))[:2] == b"\xff\xff"
    with pytest.raises(ValueError, match="65535"):
        frame(bytes(65536))


@pytest.mark.parametrize(
    "raw", [b"\x00\xb0", b"\x00\xb0\x00", bytes.fromhex("00D6000005AA"), b"\xff" * 40]
)
def test_what_is_no_command_is_answered_with_6700(raw: bytes) -> None:
    card = Card()
    side = CardSide(only(card))
    assert side.answer(raw) == b"\x67\x00"
    assert card.seen == ["reset"]


def test_an_answer_that_the_link_cannot_carry_is_not_cut_short() -> None:
    command = bytes.fromhex("00B00000 000000")
    assert CardSide(only(Card(bytes(65533)))).answer(command) == bytes(65533) + b"\x90\x00"
    assert CardSide(only(Card(bytes(65534)))).answer(command) == b"\x67\x00"


@pytest.mark.parametrize("control", [Control.POWER_OFF, Control.POWER_ON, Control.RESET, 3, 0xFF])
def test_only_the_answer_to_reset_is_answered(control: int) -> None:
    side = CardSide(only(Card()))
    assert side.answer(bytes((control,))) is None
    assert side.answer(bytes((Control.GET_ATR,))) == ATR


def test_each_field_after_the_first_is_looked_at_anew() -> None:
    first, second, third = Card(), Card(), Card()
    cards = iter([first, second, third])
    side = CardSide(lambda: next(cards, None))
    side.begin()
    for control in (Control.POWER_ON, Control.POWER_OFF, Control.POWER_ON, Control.RESET):
        side.answer(bytes((control,)))
    assert third.seen == ["reset"]
    side.answer(bytes.fromhex("00E10000"))
    assert third.seen == ["reset", "E1"]
    with pytest.raises(CardAbsent):
        side.answer(bytes((Control.RESET,)))


def test_power_off_makes_the_card_forget() -> None:
    card = Card()
    side = CardSide(only(card))
    side.answer(bytes.fromhex("00E10000"))
    side.answer(bytes((Control.POWER_OFF,)))
    assert card.seen == ["reset", "E1", "reset"]


def test_an_empty_field_and_a_dead_card_offer_nothing() -> None:
    with pytest.raises(CardAbsent):
        CardSide(lambda: None)
    dead = Card()
    dead.here = False
    with pytest.raises(CardAbsent):
        CardSide(only(dead))


def test_a_card_that_leaves_is_told_on() -> None:
    card = Card()
    side = CardSide(only(card))
    card.here = False
    with pytest.raises(CardAbsent):
        side.answer(bytes.fromhex("00E10000"))
    with pytest.raises(CardAbsent):
        side.answer(bytes((Control.GET_ATR,)))
