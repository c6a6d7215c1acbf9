"""Long commands and long answers: chains, extended lengths, and what is left to fetch."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.chip_profiles import ICAO_LDS1
from simulation.chip.card import Chip
from simulation.chip.features import ChipFeatures
from simulation.chip.framing import Framing

from .channel_host import Host
from .script import (
    a_blank,
    apdu,
    create_application,
    create_file,
    digest,
    file_id,
    inside,
    keyed,
    send,
    sw,
)

CHAINING = ChipFeatures(chaining=True)
EXTENDED = ChipFeatures(extended=True, largest_command=600, largest_answer=700)
OWN = frozenset({(0x00, 0x86)})
CONTENT = bytes(range(256)) * 5


def pieces(command: CommandApdu, size: int = 255) -> list[CommandApdu]:
    head = (command.ins, command.p1, command.p2)
    parts = [command.data[at : at + size] for at in range(0, len(command.data), size)]
    links = [CommandApdu(command.cla | 0x10, *head, part) for part in parts[:-1]]
    return [*links, CommandApdu(command.cla, *head, parts[-1], command.le)]


def a_file(features: ChipFeatures) -> tuple[Chip, Host]:
    chip = keyed(features=features)
    host = inside(chip)
    assert host.process(create_application()).ok
    assert host.process(create_file(0x6FF0, len(CONTENT), 0)).ok
    return chip, host


def test_a_wrapped_command_travels_in_a_chain() -> None:
    chip, host = a_file(CHAINING)
    wrapped = host.wrap(CommandApdu(0x00, 0xD6, data=CONTENT))
    *links, last = pieces(wrapped)
    assert [chip.process(link) for link in links] == [ResponseApdu(b"", 0x9000)] * len(links)
    assert host.unwrap(chip.process(last)).ok
    assert send(host, "80B40000", file_id(0x6FF0), "00").data == digest(CONTENT)


@pytest.mark.parametrize("at", range(6))
def test_a_chain_that_is_cut_writes_nothing(at: int) -> None:
    chip, host = a_file(CHAINING)
    links = pieces(host.wrap(CommandApdu(0x00, 0xD6, data=CONTENT)))
    for link in links[:at]:
        assert chip.process(link).ok
    chip.reset()
    assert chip.process(links[-1]).sw == 0x6982
    assert sw(chip, "00A40000027F0A") == "9000"
    made = send(inside(chip), "80B40000", file_id(0x6FF0), "00").data
    assert made == digest(bytes(len(CONTENT)))


def test_another_command_gives_the_chain_up() -> None:
    chip, host = a_file(CHAINING)
    links = pieces(host.wrap(CommandApdu(0x00, 0xD6, data=CONTENT)))
    assert chip.process(links[0]).ok
    assert sw(chip, "80CA9F7F00") == "9000"
    # What comes then is a command of its own, whose C-MAC cannot be right.
    assert chip.process(links[-1]).sw == 0x6982


def test_a_link_with_another_header_is_refused_and_ends_the_chain() -> None:
    chip, host = a_file(CHAINING)
    links = pieces(host.wrap(CommandApdu(0x00, 0xD6, data=CONTENT)))
    assert chip.process(links[0]).ok
    assert chip.process(CommandApdu(0x14, 0xD6, 0, 1, b"\x00")).sw == 0x6985
    assert chip.process(links[-1]).sw == 0x6982


def test_a_chip_without_chaining_refuses_links() -> None:
    chip, host = a_file(ChipFeatures())
    link = pieces(host.wrap(CommandApdu(0x00, 0xD6, data=CONTENT)))[0]
    assert chip.process(link).sw == 0x6E00


def test_a_chain_without_end_is_refused() -> None:
    framing = Framing(CHAINING, OWN)
    link = CommandApdu(0x10, 0xD6, data=bytes(255))
    answers = [framing.receive(link) for _ in range(258)]
    assert answers[:257] == [ResponseApdu(b"", 0x9000)] * 257
    assert answers[257] == ResponseApdu(b"", 0x6700)
    for _ in range(257):
        framing.receive(link)
    last = framing.receive(CommandApdu(0x00, 0xD6, data=bytes(255)))
    assert last == ResponseApdu(b"", 0x6700)


def test_a_command_that_chains_by_itself_gets_its_links() -> None:
    framing = Framing(ChipFeatures(), OWN)
    link = CommandApdu(0x10, 0x86, data=b"\x7c\x00", le=256)
    assert framing.receive(link) == link


def test_an_extended_command_is_as_long_as_the_chip_says() -> None:
    chip, host = a_file(EXTENDED)
    # 600 of the APDU, less header, Lc, Le and the C-MAC, in whole blocks with their padding.
    data = CONTENT[:575]
    assert host.process(CommandApdu(0x00, 0xD6, data=data)).ok
    assert send(host, "80B40000", file_id(0x6FF0), "00").data == digest(
        data + bytes(len(CONTENT) - 575)
    )
    assert chip.process(host.wrap(CommandApdu(0x00, 0xD6, data=CONTENT[:576]))).sw == 0x6700


def test_an_extended_read_gives_as_much_as_was_asked_for() -> None:
    chip, host = a_file(EXTENDED)
    assert host.process(CommandApdu(0x00, 0xD6, data=CONTENT[:500])).ok
    answer = chip.process(CommandApdu(0x00, 0xB0, le=500))
    assert answer == ResponseApdu(CONTENT[:500], 0x9000)


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (ChipFeatures(), None),
        (CHAINING, None),
        (EXTENDED, "7F66080202025802" + "0202BC"),
        (ChipFeatures(extended=True), "7F660802020800" + "02020800"),
    ],
)
def test_the_chip_tells_its_lengths(features: ChipFeatures, expected: str | None) -> None:
    answer = send(a_blank(features=features), "00CA7F6600")
    if expected is None:
        assert answer.sw == 0x6A88
    else:
        assert answer.data.hex().upper() == expected


def test_features_come_back_with_the_chip() -> None:
    for features in (ChipFeatures(), CHAINING, EXTENDED):
        chip = Chip.from_bytes(bytes(a_blank(features=features)))
        assert chip._state.features == features


def test_an_icao_chip_has_both() -> None:
    assert a_blank(profile=ICAO_LDS1).atr.hex()[8:18] == "80739421c0"


@settings(max_examples=200)
@given(
    st.binary(max_size=3000),
    st.none() | st.integers(1, 256),
    st.lists(st.integers(1, 256), min_size=1, max_size=40),
)
def test_an_answer_arrives_whole_however_it_is_fetched(
    data: bytes, le: int | None, lengths: list[int]
) -> None:
    framing = Framing(ChipFeatures(), OWN)
    response = framing.send(CommandApdu(0, 0xB0, le=le), ResponseApdu(data, 0x6282))
    got = response.data
    for length in [*lengths, *[256] * 12]:
        if response.sw >> 8 != 0x61:
            break
        assert len(data) - len(got) == response.sw & 0xFF or len(data) - len(got) >= 256
        answer = framing.receive(CommandApdu(0, 0xC0, le=length))
        assert isinstance(answer, ResponseApdu)
        response = answer
        got += response.data
    assert (got, response.sw) == (data, 0x6282)


def test_what_is_left_of_an_answer_is_lost_with_another_command() -> None:
    framing = Framing(ChipFeatures(), OWN)
    command = CommandApdu(0, 0xB0, le=4)
    assert framing.send(command, ResponseApdu(bytes(10), 0x9000)).sw == 0x6106
    assert framing.receive(command) == command
    assert framing.receive(apdu("00C0000006")) == ResponseApdu(b"", 0x6985)
    framing.send(command, ResponseApdu(bytes(10), 0x9000))
    assert framing.receive(apdu("00C0010006")) == ResponseApdu(b"", 0x6A86)
