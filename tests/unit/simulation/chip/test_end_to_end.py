"""A chip written by raw APDUs, closed, and read through the SAM."""

from __future__ import annotations

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.errors import CardAbsent
from ektp.ports import CardChannel
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from simulation.chip.crypto import aes_cmac
from simulation.chip.security import LifeCycle

from .script import (
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
    digest,
    file_id,
    key_block,
    plain_files,
    send,
    stored_files,
    sw,
    updates,
    writing,
)

COMMANDS = [*writing(stored_files()), SECURE]


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
    for command in COMMANDS[:-1]:
        assert chip.process(command).ok, command
    for number, content in stored_files().items():
        assert send(chip, "80B40000", file_id(number), "20").data == digest(content)
    assert chip.process(SECURE).ok
    chip.reset()
    reader = reader_of(chip)
    assert reader.read_plain(0x6FF0) == stored_files()[0x6FF0]
    assert reader.read_plain(0x6FF2) == stored_files()[0x6FF2]
    for number in PROTECTED:
        assert reader.read(number) == stored_files()[number]


def test_the_sam_deciphers_what_is_protected_by_itself() -> None:
    reader = reader_of(a_closed_chip())
    reader.ask_sam("00FA050000")
    for number in (0x6FF4, 0x6FF3, 0x6FF5):
        assert reader.read(number) == plain_files()[number]


def test_the_sam_finds_the_signature_good() -> None:
    assert verdict(reader_of(a_closed_chip())) == b"\x00\x00"


@pytest.mark.parametrize("number", [0x6FF1, 0x6FF2, 0x6FF3, 0x6FF4, 0x6FF5, 0x6FF6])
def test_the_sam_finds_one_changed_byte_of_any_file(number: int) -> None:
    chip = a_written_chip()
    assert sw(chip, "00A40000", file_id(number)) == "9000"
    before = send(chip, "00B0000401").data
    assert sw(chip, "00D60004", bytes((before[0] ^ 1,))) == "9000"
    assert chip.process(SECURE).ok
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
    chip = a_written_chip()
    assert sw(chip, "00A40000", file_id(0x6FFE)) == "9000"
    assert send(chip, "00B0000020").data == MARKER
    assert chip.process(SECURE).ok
    assert sw(chip, "00B0000020") == "6986"
    assert sw(chip, "00A40000027F0A") == "9000"
    assert sw(chip, "00A40000", file_id(0x6FFE)) == "6A82"
    assert MARKER[:13] not in bytes(chip)


@pytest.mark.parametrize("command", COMMANDS, ids=repr)
def test_nothing_that_writes_works_on_a_closed_chip(command: CommandApdu) -> None:
    chip = a_closed_chip()
    before = bytes(chip)
    assert sw(chip, "00A40000027F0A") == "9000"
    assert sw(chip, "00A40000", file_id(0x6FF2)) == "9000"
    assert chip.process(command).sw == 0x6985
    assert bytes(chip) == before


def send_all(chip: Chip) -> None:
    for command in COMMANDS:
        chip.process(command)


@pytest.mark.parametrize("byte", [0, 1, 100, 239])
@pytest.mark.parametrize("at", range(1, len(COMMANDS) + 1))
def test_power_cut_in_any_command_leaves_a_chip_that_is_not_secured(at: int, byte: int) -> None:
    chip = a_blank()
    chip.tear_after(at, byte)
    with pytest.raises(CardAbsent):
        send_all(chip)
    with pytest.raises(CardAbsent):
        chip.process(apdu("80CA9F7F00"))
    survivor = Chip.from_bytes(bytes(chip))
    # The step to SECURED is one byte: with power for it, only its answer is lost.
    complete = at == len(COMMANDS) and byte > 0
    assert survivor.life_cycle is (LifeCycle.SECURED if complete else LifeCycle.OP_READY)
    state = bytes((survivor.life_cycle,))
    assert send(survivor, "80F28000024F0000").data == bytes.fromhex("E3049F7001") + state


def test_a_torn_chip_is_completed_by_doing_the_rest_again() -> None:
    chip = a_blank()
    torn_at = COMMANDS.index(next(updates(stored_files()[0x6FF2])))
    chip.tear_after(torn_at + 1, 100)
    with pytest.raises(CardAbsent):
        send_all(chip)
    chip.reset()
    assert sw(chip, "00A40000027F0A") == "9000"
    assert sw(chip, "00A40000", file_id(0x6FF2)) == "9000"
    for command in COMMANDS[torn_at:]:
        assert chip.process(command).ok
    chip.reset()
    assert verdict(reader_of(chip)) == b"\x00\x00"


def test_a_closed_chip_is_terminated_with_its_proof_and_then_says_little() -> None:
    chip = a_closed_chip()
    assert sw(chip, "80F080FF") == "6982"
    assert sw(chip, "80F080FF", bytes(8)) == "6985"
    challenge = send(chip, "0084000008").data
    proof = aes_cmac(key_block()[72:], b"\xff" + challenge)[:8]
    assert sw(chip, "80F080FF", proof) == "9000"
    assert send(chip, "80F28000024F0000").data == bytes.fromhex("E3049F7001FF")
    assert sw(chip, "80CA9F7F00") == "9000"
    for text in ("00A40000027F0A", "0084000008", "00B0000010", "80F080FF", "00000000", "99120000"):
        assert sw(chip, text) == "6985"
