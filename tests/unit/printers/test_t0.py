"""Short commands over T=0: Le left out, responses fetched in pieces, wrong lengths repeated."""

from __future__ import annotations

import pytest

from printers.readers.t0 import exchange


class Card:
    """Gives its answers in turn; notes what it was sent."""

    def __init__(self, *answers: str) -> None:
        self.answers = [bytes.fromhex(answer) for answer in answers]
        self.seen: list[str] = []

    def __call__(self, raw: bytes) -> bytes:
        self.seen.append(raw.hex(" ").upper())
        return self.answers.pop(0)


@pytest.mark.parametrize(
    ("command", "sent"),
    [
        ("00 44 00 00", "00 44 00 00 00"),  # case 1
        ("00 B0 00 00 10", "00 B0 00 00 10"),  # case 2
        ("00 D6 00 00 02 AA BB", "00 D6 00 00 02 AA BB"),  # case 3
        ("00 88 00 00 02 AA BB 00", "00 88 00 00 02 AA BB"),  # case 4
        ("00 D6 00 00 00 01 00", "00 D6 00 00 00 01 00"),  # extended: as it is
    ],
)
def test_a_command_goes_out_without_le_where_it_has_data(command: str, sent: str) -> None:
    card = Card("9000")
    assert exchange(bytes.fromhex(command), card) == b"\x90\x00"
    assert card.seen == [sent]


def test_a_response_is_fetched_piece_by_piece() -> None:
    card = Card("6102", "AABB 6101", "CC 9000")
    assert exchange(bytes.fromhex("8C88000001AA00"), card) == bytes.fromhex("AABBCC9000")
    # The secure messaging bits of the class are not those of GET RESPONSE.
    assert card.seen[1:] == ["80 C0 00 00 02", "80 C0 00 00 01"]


def test_a_wrong_le_is_asked_for_again_once() -> None:
    card = Card("6C04", "01020304 9000")
    assert exchange(bytes.fromhex("00B0000000"), card) == bytes.fromhex("010203049000")
    assert card.seen[1:] == ["00 B0 00 00 04"]
    assert exchange(bytes.fromhex("00B0000000"), Card("6C04", "6C05")) == b"\x6c\x05"


def test_a_refusal_in_the_middle_is_the_answer() -> None:
    card = Card("6110", "6F00")
    assert exchange(bytes.fromhex("0088000001AA00"), card) == b"\x6f\x00"


def test_a_card_that_always_has_more_is_not_listened_to_for_ever() -> None:
    asked: list[bytes] = []

    def endless(raw: bytes) -> bytes:
        asked.append(raw)
        return bytes(256) + b"\x61\x00"

    assert exchange(bytes.fromhex("00B0000000"), endless)[-2:] == b"\x61\x00"
    assert len(asked) < 300


@pytest.mark.parametrize("torn", [b"", b"\x90"])
def test_an_answer_that_is_none_stays_none(torn: bytes) -> None:
    assert len(exchange(bytes.fromhex("00B0000000"), lambda _: torn)) < 2
    assert len(exchange(bytes.fromhex("00B0000000"), Card("AABBCCDD 6104", torn.hex()))) < 2
