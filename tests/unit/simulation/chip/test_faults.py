"""What faults do to a chip, and that they are part of it."""

from __future__ import annotations

import pytest

from ektp.errors import CardAbsent
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from simulation.chip.faults import ChipFaults, Tear

from .channel_host import Host
from .script import (
    TERMINATE,
    apdu,
    create_application,
    create_file,
    file_id,
    inside,
    keyed,
    send,
    sw,
)

STATUS = "80F28000024F0000"


def a_file(size: int = 300) -> Chip:
    return in_session(size)[0]


def in_session(size: int = 300) -> tuple[Chip, Host]:
    chip = keyed()
    host = inside(chip)
    assert host.process(create_application()).ok
    assert host.process(create_file(0x6FF0, size, 0)).ok
    return chip, host


def gone(chip: Chip, text: str = STATUS) -> None:
    with pytest.raises(CardAbsent):
        send(chip, text)


def reselect(chip: Chip) -> None:
    chip.reset()
    assert sw(chip, "00A40000", file_id(0x7F0A)) == "9000"
    assert sw(chip, "00A40000", file_id(0x6FF0)) == "9000"


def test_a_dead_chip_never_answers_again() -> None:
    chip = a_file()
    chip.kill()
    gone(chip)
    chip.reset()
    gone(chip)
    chip.faults = ChipFaults()
    gone(chip)
    chip = Chip.from_bytes(bytes(chip))
    assert not chip.answers
    channel = ChipChannel(chip)
    for act in (channel.atr, lambda: channel.transmit(apdu("FFCA000000"))):
        with pytest.raises(CardAbsent):
            act()


def test_a_mute_chip_answers_once_the_fault_is_taken_away() -> None:
    chip = a_file()
    chip.faults = ChipFaults(mute=True)
    gone(chip)
    chip.reset()
    gone(chip)
    chip.faults = ChipFaults()
    assert sw(chip, STATUS) == "9000"


def test_a_weak_field_loses_one_command_and_the_session() -> None:
    chip = a_file()
    chip.faults = ChipFaults(lose_apdu=3)
    assert sw(chip, STATUS) == sw(chip, STATUS) == "9000"
    gone(chip, "00D60000010A")
    gone(chip)
    reselect(chip)
    assert send(chip, "00B0000001").data == b"\x00"
    assert chip.faults == ChipFaults()


@pytest.mark.parametrize("byte", [*range(201), 500])
def test_a_torn_update_leaves_exactly_the_bytes_that_were_written(byte: int) -> None:
    chip, host = in_session()
    data = bytes(range(1, 201))
    chip.tear_after(2, byte)
    assert sw(chip, STATUS) == "9000"
    with pytest.raises(CardAbsent):
        host.process(apdu("00D6000A", data))
    gone(chip)
    reselect(chip)
    written = data[:byte]
    expected = bytes(10) + written + bytes(246 - len(written))
    assert send(chip, "00B0000000").data == expected


@pytest.mark.parametrize("byte", [0, 1])
def test_other_changes_are_whole_or_not_at_all(byte: int) -> None:
    for command in (create_file(0x6FF1, 8, 0), TERMINATE):
        chip, host = in_session()
        before = bytes(chip)
        chip.tear_after(1, byte)
        with pytest.raises(CardAbsent):
            host.process(command)
        assert (bytes(chip) == before) is (byte == 0)


def test_a_tear_in_a_read_loses_the_answer_only() -> None:
    chip = a_file()
    before = bytes(chip)
    chip.tear_after(1, 10)
    gone(chip, "00B0000010")
    assert bytes(chip) == before


def test_a_bad_cell_stops_an_update_before_it() -> None:
    chip, host = in_session()
    chip.faults = ChipFaults(memory_failure_at=16 + 5)
    assert sw(host, "00D6000003010203") == "9000"
    assert sw(host, "00D6000306040506070809") == "6581"
    assert send(chip, "00B0000009").data == bytes.fromhex("010203040500000000")
    assert sw(host, "00D60006020708") == "9000"
    later = Chip.from_bytes(bytes(chip))
    reselect(later)
    assert sw(inside(later), "00D6000501FF") == "6581"


def test_a_fault_that_waits_is_saved_with_what_is_left_to_count() -> None:
    chip = a_file()
    chip.faults = ChipFaults(lose_apdu=3, tear=Tear(apdu=4, byte=1))
    assert sw(chip, STATUS) == "9000"
    chip = Chip.from_bytes(bytes(chip))
    assert chip.faults == ChipFaults(lose_apdu=2, tear=Tear(apdu=3, byte=1))
    assert sw(chip, STATUS) == "9000"
    gone(chip)
    reselect_fails_torn(chip)
    assert Chip.from_bytes(bytes(chip)).faults == ChipFaults()


def reselect_fails_torn(chip: Chip) -> None:
    chip.reset()
    gone(chip)
    chip.reset()
    assert sw(chip, STATUS) == "9000"
