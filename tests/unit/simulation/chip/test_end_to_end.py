"""A chip written by raw APDUs, closed, and read through the SAM."""

from __future__ import annotations

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.errors import CardAbsent
from ektp.ports import CardChannel
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from simulation.chip.security import LifeCycle

from .channel_host import Host
from .script import (
    BEGINNING,
    CHANGE_KEYS,
    MARKER,
    PROTECTED,
    SECURE,
    SamReader,
    Signer,
    a_blank,
    a_closed_chip,
    a_sam,
    a_written_chip,
    apdu,
    contents,
    digest,
    file_id,
    inside,
    plain_files,
    send,
    stored_files,
    sw,
    updates,
    write,
)

CONTENTS = [*contents(stored_files())]
COMMANDS = [*BEGINNING, *CONTENTS, SECURE]
OPENING = 2
"""INITIALIZE UPDATE and EXTERNAL AUTHENTICATE, before the first part and before the second."""
APDUS = OPENING + len(BEGINNING) + OPENING + len(CONTENTS) + 1


def reader_of(chip: Chip) -> SamReader:
    channel: CardChannel = ChipChannel(chip)
    reader = SamReader(channel, a_sam())
    reader.authenticate()
    return reader


def verdict(reader: SamReader) -> bytes:
    """A full verified read in the order of the public readers."""
    signature = reader.read(0x6FF6)
    reader.ask_sam("00FA000000")
    reader.ask_sam("00FA0600", signature)
    reader.read(0x6FF1)
    photo = reader.read_plain(0x6FF2)
    for start in range(0, len(photo), 112):
        reader.ask_sam("00FA0300", photo[start : start + 112])
    reader.ask_sam("00FA050000")
    reader.read(0x6FF3)
    reader.read(0x6FF4)
    reader.read(0x6FF5, before_last="00FA020000")
    return reader.ask_sam("00FA040000")


def test_a_chip_is_written_checked_closed_and_read_as_written() -> None:
    chip = a_blank()
    assert sw(chip, "00A40000027F0A") == "6A82"
    host = write(chip)
    for number, content in stored_files().items():
        assert send(host, "80B40000", file_id(number), "00").data == digest(content)
    assert host.process(SECURE).ok
    chip.reset()
    reader = reader_of(chip)
    assert reader.read_plain(0x6FF0) == stored_files()[0x6FF0]
    assert reader.read_plain(0x6FF2) == stored_files()[0x6FF2]
    for number in PROTECTED:
        assert reader.read(number) == stored_files()[number]


def test_the_photo_is_kept_from_strangers_where_its_rule_says_so() -> None:
    chip = a_blank()
    host = inside(chip)
    for command in BEGINNING:
        assert host.process(command).ok
    host = inside(chip)
    for command in CONTENTS:
        if command.ins == 0xE0 and b"\x6f\xf2" in command.data:
            command = CommandApdu(0, 0xE0, data=command.data[:-1] + b"\x01")  # noqa: PLW2901
        assert host.process(command).ok
    assert host.process(SECURE).ok
    chip.reset()
    assert sw(chip, "00A40000027F0A") == "9000"
    assert sw(chip, "00A40000026FF2") == "9000"
    assert sw(chip, "00B0000010") == "6982"
    assert reader_of(chip).read(0x6FF2) == stored_files()[0x6FF2]


def test_the_sam_deciphers_what_is_protected_by_itself() -> None:
    reader = reader_of(a_closed_chip())
    reader.ask_sam("00FA050000")
    for number in (0x6FF4, 0x6FF3, 0x6FF5):
        assert reader.read(number) == plain_files()[number]


def test_the_sam_finds_the_signature_good() -> None:
    assert verdict(reader_of(a_closed_chip())) == b"\x00\x00"


@pytest.mark.parametrize("number", [0x6FF1, 0x6FF2, 0x6FF3, 0x6FF4, 0x6FF5, 0x6FF6])
def test_the_sam_finds_one_changed_byte_of_any_file(number: int) -> None:
    chip = a_blank()
    host = write(chip)
    assert sw(host, "00A40000", file_id(number)) == "9000"
    assert sw(host, "00D60004", bytes((stored_files()[number][4] ^ 1,))) == "9000"
    assert host.process(SECURE).ok
    chip.reset()
    assert verdict(reader_of(chip)) == b"\x00\x01"


def test_the_sam_trusts_no_signer_but_its_own() -> None:
    chip = a_closed_chip()
    sam = a_sam(Signer(secret=0x7654321))
    reader = SamReader(ChipChannel(chip), sam)
    reader.authenticate()
    assert verdict(reader) == b"\x00\x01"


@pytest.mark.parametrize("number", PROTECTED)
def test_a_stranger_reads_no_protected_file(number: int) -> None:
    chip = a_closed_chip()
    assert sw(chip, "00A40000027F0A") == "9000"
    assert sw(chip, "00A40000", file_id(number)) == "9000"
    assert send(chip, "00B0000010") == ResponseApdu(b"", 0x6982)


def test_a_session_opens_no_door_for_plain_reads() -> None:
    chip = a_closed_chip()
    reader = reader_of(chip)
    assert reader.protected(apdu("00A40000", file_id(0x6FF1))).ok
    assert sw(chip, "00B0000010") == "6982"
    assert reader.protected(apdu("00B0000010")).ok


def test_the_marker_is_readable_until_the_chip_is_closed_and_then_gone() -> None:
    chip = a_blank()
    host = write(chip)
    assert sw(chip, "00A40000", file_id(0x6FFE)) == "9000"
    assert send(chip, "00B0000020").data == MARKER
    assert host.process(SECURE).ok
    assert sw(chip, "00B0000020") == "6986"
    assert sw(chip, "00A40000027F0A") == "9000"
    assert sw(chip, "00A40000", file_id(0x6FFE)) == "6A82"
    assert MARKER[:13] not in bytes(chip)


@pytest.mark.parametrize("way", ["plain", "channel"])
@pytest.mark.parametrize("command", COMMANDS, ids=repr)
def test_nothing_that_writes_works_on_a_closed_chip(command: CommandApdu, way: str) -> None:
    chip = a_closed_chip()
    host = inside(chip)
    before = bytes(chip)
    assert sw(chip, "00A40000027F0A") == "9000"
    assert sw(chip, "00A40000", file_id(0x6FF2)) == "9000"
    assert (host if way == "channel" else chip).process(command).sw == 0x6985
    assert bytes(chip) == before


def personalize(chip: Chip) -> None:
    assert write(chip).process(SECURE).ok


def finish(chip: Chip) -> None:
    """Do what is missing again, from the evidence that the chip gives."""
    chip.reset()
    host = inside(chip)
    if chip.key_version == 0x30:
        for command in BEGINNING:
            assert host.process(command).sw in {0x9000, 0x6A89}
            select_marker(host)
        host = inside(chip)
    assert sw(host, "00A40000027F0A") == "9000"
    for command in CONTENTS:
        if host.process(command).sw == 0x6A89:
            assert sw(host, "00A40000", command.data[-5:-3]) == "9000"
    for number, content in stored_files().items():
        assert send(host, "80B40000", file_id(number), "00").data == digest(content)
    assert host.process(SECURE).ok
    chip.reset()


def select_marker(host: Host) -> None:
    host.process(apdu("00A40000027F0A"))
    host.process(apdu("00A40000026FFE"))


def torn(at: int, byte: int) -> Chip:
    chip = a_blank()
    chip.tear_after(at, byte)
    with pytest.raises(CardAbsent):
        personalize(chip)
    with pytest.raises(CardAbsent):
        chip.process(apdu("80CA9F7F00"))
    return Chip.from_bytes(bytes(chip))


@pytest.mark.parametrize("byte", [0, 1, 2, 48, 239])
@pytest.mark.parametrize("at", range(1, APDUS + 1))
def test_power_cut_in_any_command_leaves_a_chip_that_is_completed(at: int, byte: int) -> None:
    survivor = torn(at, byte)
    # The step to SECURED is one byte: with power for it, only its answer is lost.
    complete = at == APDUS and byte > 0
    assert survivor.life_cycle is (LifeCycle.SECURED if complete else LifeCycle.OP_READY)
    state = bytes((survivor.life_cycle,))
    assert send(survivor, "80F28000024F0000").data == bytes.fromhex("E3049F7001") + state
    changed = at > OPENING + len(BEGINNING) or (at == OPENING + len(BEGINNING) and byte >= 48)
    assert survivor.key_version == (0x31 if changed else 0x30)
    if not complete:
        finish(survivor)
    assert survivor.life_cycle is LifeCycle.SECURED
    assert reader_of(survivor).read(0x6FF1) == stored_files()[0x6FF1]


@pytest.mark.parametrize("byte", range(0, 240, 3))
def test_an_update_that_is_cut_at_any_byte_is_done_again(byte: int) -> None:
    update = CONTENTS.index(next(updates(stored_files()[0x6FF2])))
    chip = torn(OPENING + len(BEGINNING) + OPENING + update + 1, byte)
    finish(chip)
    assert verdict(reader_of(chip)) == b"\x00\x00"


@pytest.mark.parametrize("make", [a_blank, a_written_chip, a_closed_chip])
def test_every_chip_that_answers_is_terminated_and_then_says_little(make: type[Chip]) -> None:
    chip = make()
    assert sw(inside(chip), "80F080FF") == "9000"
    assert send(chip, "80F28000024F0000").data == bytes.fromhex("E3049F7001FF")
    assert sw(chip, "80CA9F7F00") == "9000"
    for text in ("00A40000027F0A", "0084000008", "00B0000010", "80F080FF", "00000000", "99120000"):
        assert sw(chip, text) == "6985"


def test_a_key_change_is_never_asked_of_a_chip_that_has_its_keys() -> None:
    chip = a_written_chip()
    assert inside(chip).process(CHANGE_KEYS).sw == 0x6985
