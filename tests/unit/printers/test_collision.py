# ruff: noqa: S311 - a seeded choice of cards
"""Two cards in one field are noticed; one card that changes its own session names is not two."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.errors import CardAbsent, CardsCollide
from printers.readers.collision import require_single_card

TYPE_A = bytes.fromhex("3B8580018073102100 45")
TYPE_B = bytes.fromhex("3B888001 00000000338181 00 3A")
CPLC = b"\x9f\x7f\x2a" + bytes(42)


@dataclass
class Card:
    uids: list[bytes]
    cplc: bytes | None = CPLC
    atr: bytes = TYPE_A


@dataclass
class Field:
    """A channel whose reader chooses among cards; a card's UIDs are used in turn."""

    cards: list[Card]
    chance: random.Random = field(default_factory=lambda: random.Random(3))
    resets: int = 0

    def __post_init__(self) -> None:
        self._uids = {id(card): itertools.cycle(card.uids) for card in self.cards}
        self._card = self.cards[0]
        self._uid = b""

    def atr(self) -> bytes:
        return self._card.atr

    def reset(self) -> None:
        self.resets += 1
        self._card = self.chance.choice(self.cards)
        self._uid = next(self._uids[id(self._card)])

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        if bytes(command) == bytes.fromhex("FFCA000000"):
            return ResponseApdu(self._uid, 0x9000) if self._uid else ResponseApdu(b"", 0x6A81)
        assert bytes(command) == bytes.fromhex("80CA9F7F00")
        cplc = self._card.cplc
        return ResponseApdu(b"", 0x6A88) if cplc is None else ResponseApdu(cplc, 0x9000)


FIXED, OTHER = bytes.fromhex("04010203040506"), bytes.fromhex("04010203040507")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Card([FIXED]), Card([OTHER])),
        (Card([FIXED], None), Card([OTHER], None)),
        (Card([FIXED]), Card([FIXED], CPLC[:-1] + b"\x01")),
        (Card([FIXED]), Card([FIXED], None)),
        (Card([b"\x08abc"]), Card([b"\x08abd"], CPLC[:-1] + b"\x01")),
        (Card([FIXED]), Card([b"\x08abc"])),
        (Card([b"\x0aabc"], None), Card([b"\x0aabd"], None)),
        (Card([b""]), Card([b""], CPLC[:-1] + b"\x01")),
        (Card([FIXED], None), Card([b"pupi"], None, TYPE_B)),
    ],
)
def test_two_cards_are_noticed(first: Card, second: Card) -> None:
    with pytest.raises(CardsCollide, match="CHP-307"):
        require_single_card(Field([first, second]))


def test_two_cards_are_noticed_a_thousand_times_of_a_thousand() -> None:
    cards = [Card([FIXED]), Card([OTHER])]
    for seed in range(1000):
        with pytest.raises(CardsCollide):
            require_single_card(Field(cards, random.Random(seed)))


@pytest.mark.parametrize(
    "card",
    [
        Card([FIXED]),
        Card([FIXED], None),
        Card([b"\x08abc", b"\x08abd"]),
        Card([b"\x08abc", b"\x08abd"], None),
        Card([b"pupi", b"qupi"], atr=TYPE_B),
        Card([b"\x0aabc"]),
        Card([b""]),
    ],
)
def test_one_card_is_one_card_whatever_it_calls_itself(card: Card) -> None:
    one = Field([card])
    require_single_card(one, fields=5)
    # A fresh field for each look, and one for what comes after.
    assert one.resets == 6


def test_a_card_that_leaves_meanwhile_is_absent() -> None:
    class Leaving(Field):
        def atr(self) -> bytes:
            if self.resets > 2:
                raise CardAbsent("gone")
            return super().atr()

    with pytest.raises(CardAbsent):
        require_single_card(Leaving([Card([FIXED])]))


def test_one_field_tells_nothing() -> None:
    with pytest.raises(ValueError, match="one field"):
        require_single_card(Field([Card([FIXED])]), fields=1)
