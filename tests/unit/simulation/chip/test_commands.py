"""The commands of the chip one by one: first what they refuse, then what they do."""

from __future__ import annotations

import pytest

from ektp.apdu import CommandApdu
from simulation.chip.card import Chip
from simulation.chip.radio import RadioType
from simulation.chip.security import LifeCycle

from .channel_host import Host
from .script import (
    CHANGE_KEYS,
    PUT_READ_KEYS,
    SECURE,
    TERMINATE,
    a_blank,
    a_closed_chip,
    a_written_chip,
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
from .worked_example import SERIAL


def an_application() -> tuple[Chip, Host]:
    """The chip, and a session under its own keys."""
    chip = keyed()
    host = inside(chip)
    assert host.process(create_application()).ok
    return chip, host


def a_file(size: int = 16, rule: int = 0) -> tuple[Chip, Host]:
    chip, host = an_application()
    assert host.process(create_file(0x6FF0, size, rule)).ok
    return chip, host


IN_A_BLANK = [
    ("04A40000027F0A", "6982"),
    ("8CA40000027F0A", "6E00"),
    ("10A40000027F0A", "6E00"),
    ("90A40000027F0A", "6E00"),
    ("0CB0000000", "6982"),
    ("00CA9F7F00", "6A88"),
    ("00CA7F6600", "6A88"),
    ("80CA7F6600", "6A88"),
    ("80A40000027F0A", "6D00"),
    ("00B20000", "6D00"),
    ("00DD000008", "6D00"),
    ("00DF000000", "6D00"),
    ("80CA9F7F", "6700"),
    ("80CA9F7F10", "6700"),
    ("80CA9F7F0100", "6700"),
    ("80CA9F7E00", "6A88"),
    ("80F28000024F00", "6700"),
    ("80F28000024F0005", "6700"),
    ("80F2800000", "6A80"),
    ("80F2400000", "6A86"),
    ("80F28001024F0000", "6A86"),
    ("00A40400027F0A", "6A86"),
    ("00A4000C027F0A", "6A86"),
    ("00A40000", "6700"),
    ("00A40000017F", "6700"),
    ("00A40000037F0A00", "6700"),
    ("00A40000027F0A", "6A82"),
    ("00A40000026FF0", "6A82"),
    ("00A40000023F00", "6A82"),
    ("00B0000010", "6986"),
    ("00D600000100", "6982"),
    ("0084000007", "6700"),
    ("00840000", "6700"),
    ("0084010008", "6A86"),
    ("008200002800", "6985"),
    ("80B40000026FF020", "6982"),
    ("80F0800F", "6982"),
    ("80F0800F00", "6982"),
    ("80F080FF", "6982"),
    ("80D8308146" + "00" * 70 + "00", "6982"),
    ("00DA010113" + "00" * 19, "6982"),
    ("80F080FF0100", "6982"),
    ("00E00000", "6982"),
    ("00E000010100", "6982"),
]


@pytest.mark.parametrize(("text", "expected"), IN_A_BLANK)
def test_a_blank_refuses(text: str, expected: str) -> None:
    chip = a_blank()
    before = bytes(chip)
    # "008200002800" has a shorter body than its Lc, which a reader would not send.
    command = CommandApdu(0, 0x82, 0, 0, bytes(40), 40) if text[:4] == "0082" else apdu(text)
    assert f"{chip.process(command).sw:04X}" == expected
    assert bytes(chip) == before
    assert chip.writes == 0


IN_THE_CHANNEL_OF_A_BLANK = [
    ("80F08007", "6A86"),
    ("80F0400F", "6A86"),
    ("80F080FF0100", "6700"),
    ("80F0800F", "6985"),
    ("80F0800F0100", "6985"),
    ("00D600000100", "6986"),
    ("00E00000", "6A80"),
    ("00E000010100", "6A86"),
    ("80B40000026FF000", "6985"),
    ("00DA010113" + "00" * 19, "6985"),
    ("00A40000026FF0", "6A82"),
    ("00B0000010", "6D00"),
    ("0084000008", "6D00"),
    ("80CA00E000", "6D00"),
    ("00CA7F6600", "6D00"),
    ("8050300008" + "00" * 8 + "00", "6D00"),
    ("00B20000", "6D00"),
    ("00820000", "6985"),
]


@pytest.mark.parametrize(("text", "expected"), IN_THE_CHANNEL_OF_A_BLANK)
def test_a_blank_refuses_in_its_channel(text: str, expected: str) -> None:
    chip = a_blank()
    host = inside(chip)
    before = bytes(chip)
    assert sw(host, text) == expected
    assert bytes(chip) == before


def test_under_the_transport_keys_only_the_marker_is_made() -> None:
    host = inside(a_blank())
    assert host.process(create_application()).ok
    assert host.process(create_file(0x6FF0, 16, 0)).sw == 0x6985
    assert host.process(create_file(0x6FFE, 32, 0xFF)).ok
    assert sw(host, "00D6000001AA") == "9000"
    assert host.process(CHANGE_KEYS).ok
    assert host.process(PUT_READ_KEYS).sw == 0x6985
    assert sw(host, "80B40000026FFE00") == "6985"


@pytest.mark.parametrize("command", [(0x00, 0xD6), (0x00, 0xB0), (0x80, 0xD8)])
def test_extended_lengths_are_refused(command: tuple[int, int]) -> None:
    chip, _ = a_file(1000)
    assert chip.process(CommandApdu(*command, 1, 1, bytes(300))).sw == 0x6700
    assert chip.process(CommandApdu(*command, 1, 1, b"", 257)).sw == 0x6700


FCP = [
    ("", "6A80"),
    ("62", "6A80"),
    ("6205", "6A80"),
    ("6200", "6A80"),
    ("6F07 820138 83027F0A", "6A80"),
    ("6207 820138 83027F0B", "6A80"),
    ("6210 820138 83027F0A 8407A0000002471001", "6A80"),
    ("620E 80020010 820101 83026FF0 860103", "6A80"),
    ("6207 820138 83027F0A 00", "6A80"),
    ("620A 820138 83027F0A 820138", "6A80"),
    ("6203 820138", "6A80"),
    ("6208 820138 8303007F0A", "6A80"),
    ("620E 80020010 820101 83026FF0 8601", "6A80"),
    ("620E 80020010 820138 83026FF0 860100", "6A80"),
    ("620B 80020010 820101 83026FF0", "6A80"),
    ("620D 800110 820101 83026FF0 860100", "6A80"),
    ("620E 80020000 820101 83026FF0 860100", "6A80"),
    ("620E 80020010 820101 83026FF0 860102", "6A80"),
    ("620E 80020010 820101 83023F00 860100", "6A80"),
    ("620E 80020010 820101 8302FFFF 860100", "6A80"),
    ("620E 80020010 820101 83027F0A 860100", "6A89"),
    ("6207 820138 83027F0A", "6A89"),
    ("620E 80022000 820101 83026FF0 860100", "6A84"),
    ("620E 8002FFFF 820101 83026FF0 860100", "6A84"),
]


@pytest.mark.parametrize(("parameters", "expected"), FCP)
def test_create_file_refuses(parameters: str, expected: str) -> None:
    chip, host = an_application()
    before = bytes(chip)
    assert sw(host, "00E00000", bytes.fromhex(parameters)) == expected
    assert bytes(chip) == before


def test_create_file_takes_its_objects_in_any_order() -> None:
    chip, host = an_application()
    assert sw(host, "00E00000", bytes.fromhex("620E 860100 83026FF0 820101 80020010")) == "9000"
    assert send(chip, "00B0000000").data == bytes(16)


def test_files_are_made_within_the_application_only() -> None:
    chip, _ = an_application()
    chip.reset()
    host = inside(chip)
    assert host.process(create_file(0x6FF0, 16, 0)).sw == 0x6986
    assert sw(chip, "00A40000", file_id(0x7F0A)) == "9000"
    assert host.process(create_file(0x6FF0, 16, 0)).ok
    assert host.process(create_file(0x6FF0, 16, 0)).sw == 0x6A89


def test_memory_is_what_files_and_their_headers_leave() -> None:
    _, host = an_application()
    assert host.process(create_file(0x6FF0, 4000, 0)).ok
    assert host.process(create_file(0x6FF1, 8192 - 4000 - 16 - 16 + 1, 0)).sw == 0x6A84
    assert host.process(create_file(0x6FF1, 8192 - 4000 - 16 - 16, 0)).ok
    assert host.process(create_file(0x6FF2, 1, 0)).sw == 0x6A84


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00D60000", "6700"),
        ("00D6001001AA", "6B00"),
        ("00D6000F02AAAA", "6B00"),
        ("00D6FFFF01AA", "6B00"),
        ("00B0001001", "6B00"),
        ("00B0800001", "6B00"),
        ("00B00000", "6700"),
        ("00B000000100", "6700"),
    ],
)
def test_reads_and_updates_stay_within_the_file(text: str, expected: str) -> None:
    chip, host = a_file()
    before = bytes(chip)
    assert sw(host if text.startswith("00D6") else chip, text) == expected
    assert bytes(chip) == before


def test_update_and_read() -> None:
    chip, host = a_file()
    assert sw(host, "00D6000003010203") == "9000"
    assert sw(host, "00D6000E02EEFF") == "9000"
    assert send(chip, "00B0000004").data == b"\x01\x02\x03\x00"
    assert send(chip, "00B0000C00").data == b"\x00\x00\xee\xff"
    assert send(host, "80B40000026FF000").data == digest(b"\x01\x02\x03" + bytes(11) + b"\xee\xff")


def test_the_digest_of_several_files_is_that_over_theirs_in_the_order_named() -> None:
    _, host = a_file(16)
    assert sw(host, "00D6000002ABCD") == "9000"
    assert host.process(create_file(0x6FF1, 8, 0)).ok
    one, other = digest(b"\xab\xcd" + bytes(14)), digest(bytes(8))
    assert send(host, "80B40000046FF06FF100").data == digest(one + other)
    assert send(host, "80B40000046FF16FF000").data == digest(other + one)
    assert send(host, "80B40000046FF06FF000").data == digest(one + one)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("80B4000000", "6700"),
        ("80B40000016F00", "6700"),
        ("80B40000036FF06F00", "6700"),
        ("80B40000046FF06FF700", "6A82"),
        ("80B40000046FF76FF000", "6A82"),
        ("80B40001046FF06FF000", "6A86"),
    ],
)
def test_a_digest_over_what_is_not_there(text: str, expected: str) -> None:
    _, host = a_file()
    assert sw(host, text) == expected


def test_a_plain_read_gives_up_to_256_bytes() -> None:
    chip, _ = a_file(600)
    assert [len(send(chip, text).data) for text in ("00B0000000", "00B0010000")] == [256, 256]
    assert len(send(chip, "00B0020000").data) == 600 - 512


def test_a_failed_select_leaves_the_file_selected() -> None:
    chip, _ = a_file()
    assert sw(chip, "00A40000", file_id(0x6FFF)) == "6A82"
    assert sw(chip, "00B0000001") == "9000"
    assert sw(chip, "00A40000", file_id(0x7F0A)) == "9000"
    assert sw(chip, "00B0000001") == "6986"


def test_a_reset_forgets_what_was_selected() -> None:
    chip, _ = a_file()
    chip.reset()
    assert sw(chip, "00B0000001") == "6986"
    assert sw(chip, "00A40000", file_id(0x6FF0)) == "6A82"


def test_get_data_names_the_chip_in_every_state() -> None:
    for chip in (a_blank(), a_closed_chip(), terminated()):
        answer = send(chip, "80CA9F7F00").data
        assert answer[:3] == bytes.fromhex("9F7F2A")
        assert len(answer) == 45
        assert answer[3 + 10 : 3 + 18] == SERIAL
        assert send(chip, "80CA9F7F2D").data == answer


def terminated() -> Chip:
    chip = a_blank()
    assert inside(chip).process(TERMINATE).ok
    return chip


def test_get_status_tells_the_life_cycle() -> None:
    for chip, state in ((a_blank(), "01"), (a_closed_chip(), "0F"), (terminated(), "FF")):
        answer = send(chip, "80F28000024F0000").data
        assert answer.hex().upper() == "E3049F7001" + state


@pytest.mark.parametrize("missing", range(0x6FF0, 0x6FF7))
def test_a_chip_that_lacks_a_file_is_not_closed(missing: int) -> None:
    _, host = an_application()
    assert host.process(PUT_READ_KEYS).ok
    for number in range(0x6FF0, 0x6FF7):
        if number != missing:
            assert host.process(create_file(number, 8, 0)).ok
    assert host.process(SECURE).sw == 0x6985
    assert host.process(create_file(missing, 8, 0)).ok
    assert sw(host, "80F0800F0100") == "6700"
    assert host.process(SECURE).ok


def test_a_chip_without_read_keys_is_not_closed() -> None:
    chip, host = an_application()
    for number in range(0x6FF0, 0x6FF7):
        assert host.process(create_file(number, 8, 0)).ok
    assert host.process(SECURE).sw == 0x6985
    assert chip.life_cycle is LifeCycle.OP_READY


def test_an_open_chip_shows_its_free_files_and_its_marker_and_no_others() -> None:
    chip, host = an_application()
    for number, rule in ((0x6FFE, 0xFF), (0x6FF0, 0), (0x6FF1, 1), (0x6FF2, 0xFF)):
        assert host.process(create_file(number, 8, rule)).ok
        # In OP_READY nobody reads in the channel either.
        assert sw(host, "00B0000008") == "6D00"
        expected = "9000" if number in {0x6FFE, 0x6FF0} else "6982"
        assert sw(chip, "00B0000008") == expected


def test_a_closed_chip_is_not_closed_again() -> None:
    assert a_closed_chip().process(SECURE).sw == 0x6985


def test_an_open_chip_authenticates_nobody() -> None:
    chip = a_written_chip()
    assert sw(chip, "0084000008") == "9000"
    assert sw(chip, "00820000", bytes(40), "28") == "6985"


def test_a_terminated_chip_answers_nothing_else() -> None:
    chip = terminated()
    for text in ("0084000008", "0CB0000000", "04B0000000", "80CA00E000", "00C0000010"):
        assert sw(chip, text) == "6985"


def test_a_challenge_is_eight_fresh_bytes() -> None:
    chip = a_blank()
    first, second = (send(chip, le).data for le in ("0084000008", "0084000000"))
    assert len(first) == len(second) == 8
    assert first != second


def test_a_type_b_chip_tells_its_uid_to_both_families_of_readers() -> None:
    uid = bytes(range(8))
    chip = a_blank(radio=RadioType.B, uid=uid)
    assert send(chip, "00DD000008").data == uid
    assert send(chip, "00DF000000").data == uid
    assert sw(chip, "00DF000007") == "6700"
    assert sw(chip, "00DD010008") == "6A86"


def test_a_file_that_is_never_to_be_read_is_not() -> None:
    chip, host = an_application()
    assert host.process(PUT_READ_KEYS).ok
    for number in (*range(0x6FF0, 0x6FF7), 0x6FF8):
        assert host.process(create_file(number, 8, 0xFF if number == 0x6FF8 else 0)).ok
    assert host.process(SECURE).ok
    assert sw(chip, "00A40000", file_id(0x7F0A)) == "9000"
    assert sw(chip, "00A40000", file_id(0x6FF8)) == "9000"
    assert sw(chip, "00B0000008") == "6982"
