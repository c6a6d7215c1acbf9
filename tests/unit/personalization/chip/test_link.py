"""How an APDU gets to a card: what the card says it can carry, pieces, parts, and counted bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.errors import ApduRefused, CardAbsent
from personalization.link import CardLink, LinkLimits, historical_bytes, limits_of

LENGTHS = bytes.fromhex("7F66 08 0202 0800 0202 0400")
LONG = CommandApdu(0x84, 0xD6, data=bytes(600), le=256)


class Reader:
    """A reader that answers from a list."""

    def __init__(self, *answers: tuple[str, int], atr: bytes = b"") -> None:
        self.answers = list(answers)
        self.sent: list[CommandApdu] = []
        self._atr = atr

    def atr(self) -> bytes:
        return self._atr

    def reset(self) -> None:
        """Nothing to forget."""

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self.sent.append(command)
        if not self.answers:
            raise CardAbsent
        data, sw = self.answers.pop(0)
        return ResponseApdu(bytes.fromhex(data), sw)


def atr_of(historical: str) -> bytes:
    content = bytes.fromhex(historical)
    return bytes((0x3B, 0x80 | len(content), 0x80, 0x01)) + content + b"\x00"


def limits(atr: bytes, answer: bytes = b"", sw: int = 0x6A88) -> tuple[LinkLimits, int]:
    asked: list[CommandApdu] = []

    def ask(command: CommandApdu) -> ResponseApdu:
        asked.append(command)
        return ResponseApdu(answer, sw)

    return limits_of(atr, ask), len(asked)


# --- what a chip says ----------------------------------------------------------------------------


@given(st.binary(max_size=33))
def test_no_atr_breaks_the_reading_of_it(atr: bytes) -> None:
    assert len(historical_bytes(atr)) <= 15
    assert limits(atr)[0].largest_command == 0


@given(st.binary(max_size=20))
def test_no_length_information_breaks_the_link(answer: bytes) -> None:
    found, _ = limits(b"", answer, 0x9000)
    assert found.largest_command == 0 or found.largest_command > 264


@pytest.mark.parametrize(
    ("atr", "expected"),
    [
        ("", ""),
        ("3B", ""),
        ("3B 00", ""),
        ("3B 83 80 01 112233 AA", "112233"),
        ("3B 02 1122", "1122"),
        ("3B F2 11 22 33 81 51 1F 55 1122 AA", "1122"),
        ("3B 8F 80 01 11", "11"),
        ("3B 85 80", ""),
    ],
)
def test_historical_bytes(atr: str, expected: str) -> None:
    assert historical_bytes(bytes.fromhex(atr)).hex() == expected.lower()


@pytest.mark.parametrize(
    ("historical", "expected", "asked"),
    [
        ("80 73 10 21 00", LinkLimits(), 0),
        ("80 73 10 21 80", LinkLimits(chaining=True), 0),
        ("80 71 10", LinkLimits(), 0),
        ("80 31 CC 73 10 21 80", LinkLimits(chaining=True), 0),
        # Extended lengths are promised, or nothing is said: the chip is asked.
        ("80 73 10 21 C0", LinkLimits(chaining=True), 1),
        ("80 73 10 21 40", LinkLimits(), 1),
        ("80 31 CC", LinkLimits(), 1),
        ("80 73 10", LinkLimits(), 1),
        ("00 73 10 21 80", LinkLimits(), 1),
        ("00000000 338181 00", LinkLimits(), 1),
        ("", LinkLimits(), 1),
    ],
)
def test_card_capabilities(historical: str, expected: LinkLimits, asked: int) -> None:
    assert limits(atr_of(historical)) == (expected, asked)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        LENGTHS[:-1],
        bytes.fromhex("7F66 04 0202 0800"),
        bytes.fromhex("7F66 08 0402 0800 0202 0400"),
        bytes.fromhex("7F66 06 0200 0204 00000800"),
        bytes.fromhex("7F66 08 0202 0100 0202 0400"),
    ],
)
def test_length_information_that_makes_no_sense_is_none(answer: bytes) -> None:
    assert limits(atr_of("80 73 10 21 C0"), answer, 0x9000)[0] == LinkLimits(chaining=True)


def test_length_information() -> None:
    found, _ = limits(atr_of("80 73 10 21 40"), LENGTHS, 0x9000)
    assert found == LinkLimits(largest_command=2048)
    assert found.extended


@pytest.mark.parametrize(
    ("found", "block"),
    [
        (LinkLimits(), 239),
        (LinkLimits(chaining=True), 1007),
        (LinkLimits(largest_command=2048), 2015),
        (LinkLimits(largest_command=2048, chaining=True), 2015),
        (LinkLimits(largest_command=600), 575),
    ],
)
def test_what_a_protected_command_carries(found: LinkLimits, block: int) -> None:
    assert found.block_bytes == block
    protected = (block // 16 + 1) * 16 + 8
    command = CommandApdu(0x84, 0xD6, data=bytes(protected), le=256)
    if found.extended:
        assert len(bytes(command)) <= found.largest_command
        assert len(bytes(command)) + 16 > found.largest_command
    else:
        assert protected <= 255 * (4 if found.chaining else 1) < protected + 16


# --- the way there and back ----------------------------------------------------------------------


def test_a_command_that_no_chip_could_take_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="longer than the chip"):
        CardLink(Reader()).transmit(LONG)


def test_a_chain_ends_with_the_first_refusal() -> None:
    reader = Reader(("", 0x9000), ("", 0x6982))
    assert CardLink(reader, LinkLimits(chaining=True)).transmit(LONG).sw == 0x6982
    assert len(reader.sent) == 2


def test_an_answer_without_end_is_refused() -> None:
    reader = Reader(*[("00", 0x6101)] * 400)
    with pytest.raises(ApduRefused):
        CardLink(reader).transmit(CommandApdu(0x80, 0xCA, le=256))
    assert len(reader.sent) < 400


def test_another_length_is_asked_for_once() -> None:
    reader = Reader(("", 0x6C10), ("", 0x6C20))
    assert CardLink(reader).transmit(CommandApdu(0x80, 0xCA, le=256)).sw == 0x6C20
    assert [command.le for command in reader.sent] == [256, 16]


def test_a_card_that_leaves_in_the_middle() -> None:
    with pytest.raises(CardAbsent):
        CardLink(Reader(("11", 0x6108))).transmit(CommandApdu(0x80, 0xCA, le=256))


def test_an_answer_in_parts_is_one() -> None:
    reader = Reader(("1122", 0x6102), ("3344", 0x6100), ("55", 0x9000))
    assert CardLink(reader).transmit(CommandApdu(0x80, 0xCA, le=2)) == ResponseApdu(
        bytes.fromhex("1122334455"), 0x9000
    )
    assert reader.sent[1:] == [CommandApdu(0x00, 0xC0, le=2), CommandApdu(0x00, 0xC0, le=256)]


def test_an_answer_in_parts_may_end_in_an_error() -> None:
    reader = Reader(("1122", 0x6102), ("", 0x6F00))
    assert CardLink(reader).transmit(CommandApdu(0x80, 0xCA, le=2)).sw == 0x6F00


def test_pieces_of_a_chain() -> None:
    reader = Reader(*[("", 0x9000)] * 3)
    assert CardLink(reader, LinkLimits(chaining=True)).transmit(LONG).ok
    assert [command.cla for command in reader.sent] == [0x94, 0x94, 0x84]
    assert [len(command.data) for command in reader.sent] == [255, 255, 90]
    assert [command.le for command in reader.sent] == [None, None, 256]
    assert not any(command.extended for command in reader.sent)


def test_extended_lengths_go_as_they_are() -> None:
    reader = Reader(("", 0x9000))
    CardLink(reader, LinkLimits(largest_command=2048, chaining=True)).transmit(LONG)
    assert reader.sent == [LONG]


def test_bytes_are_counted_by_purpose() -> None:
    reader = Reader(("1122", 0x6102), ("3344", 0x9000), ("", 0x9000))
    link = CardLink(reader)
    link.transmit(CommandApdu(0x80, 0xCA, le=2))
    link.begin("files")
    link.transmit(CommandApdu(0x00, 0xD6, data=bytes(10)))
    one, two = link.traffic["open"], link.traffic["files"]
    assert (one.apdus, one.sent_bytes, one.received_bytes) == (2, 10, 8)
    assert (two.apdus, two.sent_bytes, two.received_bytes) == (1, 15, 2)


def test_asking_for_lengths_is_counted_too() -> None:
    reader = Reader((LENGTHS.hex(), 0x9000), atr=atr_of("80 73 10 21 40"))
    link = CardLink.of(reader)
    assert link.limits.largest_command == 2048
    assert link.traffic["open"].apdus == len(reader.sent) == 1


@given(st.integers(1, 255 * 4))
def test_a_chain_carries_every_byte_in_order(length: int) -> None:
    data = bytes(index % 251 for index in range(length))
    reader = Reader(*[("", 0x9000)] * 4)
    CardLink(reader, LinkLimits(chaining=True)).transmit(CommandApdu(0x84, 0xD6, data=data))
    assert b"".join(command.data for command in reader.sent) == data
    chained = [bool(command.cla & 0x10) for command in reader.sent]
    assert chained == [True] * (len(chained) - 1) + [False]
