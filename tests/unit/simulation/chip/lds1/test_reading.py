"""SELECT and READ BINARY: variants, offsets, ends of files, and nothing before access."""

from __future__ import annotations

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.tlv import Tlv, find_tlv
from simulation.chip.lds1.behaviour import EndOfFile, Lds1Behaviour
from simulation.chip.lds1.specimen import chip_with, mrz_information, overstated
from simulation.chip.security import LifeCycle

from .chips import CAN, FILES, INFORMATION, a_chip
from .reader import AID, Broken, Reader

APPLICATION_FILES = ["011E", "0101", "0102", "011D", "0103", "01FF"]


def opened(behaviour: Lds1Behaviour | None = None, files: dict[str, bytes] | None = None) -> Reader:
    reader = Reader(a_chip(behaviour or Lds1Behaviour(), files))
    assert reader.pace(CAN, 2) == "9000"
    assert reader.select_application() == "9000"
    return reader


# Before access


@pytest.mark.parametrize("file_id", APPLICATION_FILES)
def test_no_file_of_the_application_is_selected_or_read_before_access(file_id: str) -> None:
    reader = Reader(a_chip())
    assert reader.select_application() == "9000"
    for head in ("00A4020C", "00A40200", "00A4000C", "00A40000"):
        assert reader.sw(head + "02" + file_id) == "6982"
    short_id = bytes.fromhex(file_id)[1] & 0x1F
    assert reader.sw(f"00B0{0x80 | short_id:02X}0004") == "6982"
    assert reader.sw(f"00B1{file_id}035401" + "0004") == "6982"
    assert reader.sw("00B0000004") == "6986"


def test_card_access_is_read_by_anybody() -> None:
    reader = Reader(a_chip())
    assert reader.sw("00A4020C02011C") == "9000"
    content = FILES["card_access"]
    assert reader.read(len(content)) == content
    assert reader.send(f"00B09C00{len(content):02X}").data == content
    reader.select_application()
    assert reader.sw("00A4000C023F00") == "9000"
    assert reader.send(f"00B09C00{len(content):02X}").data == content


def test_a_file_selected_in_a_session_is_not_read_after_it() -> None:
    reader = opened()
    assert reader.select(0x0101) == "9000"
    reader.messaging = None
    assert reader.sw("00B0000004") == "6982"


# SELECT


@pytest.mark.parametrize("head", ["00A40400", "00A4040C"])
def test_the_application_is_selected_by_its_name(head: str) -> None:
    reader = Reader(a_chip())
    assert reader.sw(head + "07" + AID.hex()) == "9000"
    assert reader.sw(head + "06" + AID[:6].hex()) == "6A82"
    assert reader.sw(head + "07" + (AID[:6] + b"\x02").hex()) == "6A82"
    assert reader.sw("00A4040407" + AID.hex()) == "6A86"


@pytest.mark.parametrize("apdu", ["00A40000023F00", "00A4000C023F00", "00A40000", "00A4000C"])
def test_the_master_file(apdu: str) -> None:
    reader = Reader(a_chip())
    reader.select_application()
    assert reader.sw(apdu) == "9000"
    assert reader.sw("00A4020C02011C") == "9000"
    assert reader.sw("00A4020C020101") == "6A82"


@pytest.mark.parametrize("head", ["00A4020C", "00A40200", "00A4000C", "00A40000"])
def test_files_are_selected_under_the_current_directory(head: str) -> None:
    reader = opened()
    assert reader.sw(head + "020101") == "9000"
    assert reader.sw(head + "02011C") == "6A82"
    assert reader.sw(head + "020103") == "6A82"
    # A refused SELECT leaves the file that was selected before.
    assert reader.read(95) == FILES["dg1"]
    assert reader.sw(head + "0101") == "6700"


def test_other_ways_of_selecting_are_not_known() -> None:
    reader = Reader(a_chip())
    assert reader.sw("00A4010C021F00") == "6A86"
    assert reader.sw("00A4080C043F00011C") == "6A86"
    assert reader.sw("00A4020C") == "6700"


# READ BINARY


def test_whole_files() -> None:
    reader = opened()
    for file_id, name in ((0x011E, "com"), (0x0101, "dg1"), (0x0102, "dg2"), (0x011D, "sod")):
        assert reader.select(file_id) == "9000"
        assert reader.read(len(FILES[name])) == FILES[name]


def test_extended_answers() -> None:
    reader = opened()
    assert reader.select(0x0102) == "9000"
    assert reader.read(len(FILES["dg2"]), block=2000) == FILES["dg2"]
    answer = reader.send(CommandApdu(0x00, 0xB0, le=0x10000), le=0x10000)
    # As many whole blocks as the announced length of an answer holds, less padding.
    assert len(answer.data) == 2015
    assert answer.ok
    assert len(answer.data) > 256


def test_a_short_answer_holds_what_fits_under_its_protection() -> None:
    reader = opened()
    assert reader.select(0x0102) == "9000"
    answer = reader.send("00B0000000")
    assert answer == ResponseApdu(FILES["dg2"][:223], 0x9000)


def test_a_short_answer_under_tdes_holds_a_little_more() -> None:
    reader = Reader(a_chip())
    reader.select_application()
    reader.bac(INFORMATION)
    assert reader.select(0x0102) == "9000"
    assert reader.send("00B0000000") == ResponseApdu(FILES["dg2"][:231], 0x9000)


def test_a_short_identifier_selects() -> None:
    reader = opened()
    assert reader.send("00B0811004") == ResponseApdu(FILES["dg1"][16:20], 0x9000)
    assert reader.send("00B0000204") == ResponseApdu(FILES["dg1"][2:6], 0x9000)
    assert reader.sw("00B0830004") == "6A82"
    assert reader.sw("00B0800004") == "6A82"
    assert reader.sw("00B0A10004") == "6A86"


def test_the_end_of_a_file() -> None:
    reader = opened()
    reader.select(0x0101)
    content = FILES["dg1"]
    assert reader.send("00B0005004") == ResponseApdu(content[0x50:0x54], 0x9000)
    assert reader.send("00B0005010") == ResponseApdu(content[0x50:], 0x6282)
    assert reader.send("00B0000000") == ResponseApdu(content, 0x6282)
    assert reader.send("00B000005F") == ResponseApdu(content, 0x9000)
    assert reader.sw("00B0005F01") == "6B00"
    assert reader.sw("00B07FFF01") == "6B00"


@pytest.mark.parametrize(
    ("end", "answer"),
    [
        (EndOfFile.SILENT, ResponseApdu(FILES["dg1"][0x50:], 0x9000)),
        (EndOfFile.REFUSED, ResponseApdu(b"", 0x6B00)),
        (EndOfFile.CORRECTED, ResponseApdu(b"", 0x6C0F)),
    ],
)
def test_other_ends_of_files(end: EndOfFile, answer: ResponseApdu) -> None:
    reader = opened(Lds1Behaviour(end_of_file=end))
    reader.select(0x0101)
    assert reader.send("00B0005010") == answer
    assert reader.send("00B000500F") == ResponseApdu(FILES["dg1"][0x50:], 0x9000)


def test_a_read_without_a_file_or_a_length() -> None:
    reader = opened()
    assert reader.sw("00B0000004") == "6986"
    reader.select(0x0101)
    assert reader.sw("00B00000010004") == "6700"
    assert reader.chip.process(CommandApdu(0x00, 0xB0)).sw == 0x6700


# Odd INS


def far(reader: Reader, offset: int, le: int, reference: int = 0) -> ResponseApdu:
    value = offset.to_bytes(max(1, (offset.bit_length() + 7) // 8), "big")
    data = bytes(Tlv(0x54, value))
    command = CommandApdu(0x00, 0xB1, reference >> 8, reference & 0xFF, data, le)
    return reader.send(command, le=256 if le <= 256 else 0x10000)


def test_a_file_of_more_than_32_kilobytes() -> None:
    big = b"\x75\x83\x00\x9c\x40" + bytes(range(256)) * 156 + bytes(64)
    reader = opened(files={**FILES, "dg2": big})
    assert reader.select(0x0102) == "9000"
    content = b""
    while len(content) < len(big):
        answer = far(reader, len(content), 1000)
        piece = find_tlv(answer.data, 0x53)
        assert piece
        assert len(answer.data) <= 1000
        content += piece
    assert content == big
    assert far(reader, len(big), 100).sw == 0x6B00
    assert far(reader, len(big) - 1, 100) == ResponseApdu(b"\x53\x01\x00", 0x6282)


def test_odd_reads_by_identifier() -> None:
    reader = opened()
    assert far(reader, 2, 6, 0x0101).data == b"\x53\x04" + FILES["dg1"][2:6]
    assert far(reader, 2, 6, 0x0001).data == b"\x53\x04" + FILES["dg1"][2:6]
    assert far(reader, 0, 6).data == b"\x53\x04" + FILES["dg1"][:4]
    assert far(reader, 0, 200, 0x0102).data == b"\x53\x81\xc5" + FILES["dg2"][:197]
    assert far(reader, 0, 6, 0x0103).sw == 0x6A82
    assert far(reader, 0, 6, 0x0003).sw == 0x6A82


@pytest.mark.parametrize("data", ["5400", "54050000000000", "550100", "540100540100", ""])
def test_odd_reads_ask_for_one_offset(data: str) -> None:
    reader = opened()
    reader.select(0x0101)
    command = CommandApdu(0x00, 0xB1, data=bytes.fromhex(data), le=16)
    assert reader.sw(command) == "6A80"


def test_odd_reads_ask_for_a_length() -> None:
    reader = opened()
    reader.select(0x0101)
    assert reader.sw(CommandApdu(0x00, 0xB1, data=b"\x54\x01\x00")) == "6700"


# An open chip


def test_an_open_chip_finds_files_but_lets_nobody_read_what_will_be_guarded() -> None:
    chip = a_chip()
    chip._state.life_cycle = LifeCycle.OP_READY
    reader = Reader(chip)
    assert reader.sw("00A4020C020101") == "6A82"
    assert reader.select_application() == "9000"
    assert reader.sw("00A4020C020101") == "9000"
    assert reader.sw("00B0000004") == "6982"
    assert reader.sw("00B0810004") == "6982"
    assert reader.sw("00A4000C023F00") == "9000"
    assert reader.sw("00B09C0004") == "9000"
    assert reader.bac(INFORMATION) == "6985"
    assert reader.pace(CAN, 2) == "6985"


def test_a_blank_has_no_application() -> None:
    chip = a_chip(files={})
    chip._state.files.application = None
    chip._state.life_cycle = LifeCycle.OP_READY
    assert Reader(chip).select_application() == "6A82"


# Dishonest chips


def test_forced_status_words() -> None:
    statuses = {0x0101: 0x6A82}
    reader = opened(Lds1Behaviour(file_statuses=statuses, read_statuses={0x011E: 0x6F00}))
    assert reader.select(0x0101) == "6A82"
    assert reader.select(0x011E) == "9000"
    assert reader.sw("00B0000004") == "6F00"


def test_an_endless_file() -> None:
    reader = opened(Lds1Behaviour(endless=frozenset({0x0101})))
    reader.select(0x0101)
    last = FILES["dg1"][-1:]
    assert reader.send("00B0005010") == ResponseApdu(FILES["dg1"][0x50:] + last, 0x9000)
    assert reader.send("00B07FF010") == ResponseApdu(16 * last, 0x9000)
    assert far(reader, 1 << 31, 34).data == b"\x53\x20" + 32 * last


def test_an_unguarded_chip_reads_in_plain_form() -> None:
    reader = Reader(a_chip(Lds1Behaviour(guarded=False)))
    reader.select_application()
    assert reader.select(0x0101) == "9000"
    assert reader.read(95) == FILES["dg1"]


def test_a_slow_chip_answers_late(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    reader = Reader(a_chip(Lds1Behaviour(delay_s=2.5)))
    reader.select_application()
    reader.sw("0084000008")
    assert waits == [2.5, 2.5]


def test_overstated_lengths() -> None:
    assert overstated(b"\x61\x02\x01\x02").hex() == "6184ffffffff0102"
    assert overstated(b"\x61\x82\x00\x01\x07", b"\x7f").hex() == "617f07"


# Specimens


def test_mrz_information_of_td1() -> None:
    lower = "7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<"
    short = "I<UTOD231458907" + 15 * "<" + lower
    assert mrz_information(short) == "D23145890774081221204159"
    assert mrz_information(f"{short[:30]}\n{short[30:60]}\n{short[60:]}\n") == mrz_information(
        short
    )
    # The example of Doc 9303-11 Appendix D.2 for a number of more than nine characters.
    long = "I<UTOD23145890<7349<<<<<<<<<<<3407127M9507122UTO<<<<<<<<<<<2" + 30 * "<"
    assert mrz_information(long) == "D23145890734934071279507122"
    assert mrz_information("L898902C<369080619406236") == "L898902C<369080619406236"


def test_a_specimen_may_have_files_of_others() -> None:
    files = {**FILES, "dg3": b"\x63\x01\x00", "card_security": b"\x30\x00", "dir": b"\x61\x00"}
    reader = opened(files=files)
    assert reader.select(0x0103) == "9000"
    assert reader.read(3) == b"\x63\x01\x00"
    assert reader.sw("00A4000C") == "9000"
    assert reader.sw("00A4020C022F00") == "9000"
    assert reader.sw("00A4020C02011D") == "9000"
    assert reader.read(2) == b"\x30\x00"


def test_a_specimen_has_no_file_without_an_identifier() -> None:
    with pytest.raises(KeyError):
        chip_with({"dg99": b""}, mrz=INFORMATION, can=CAN)


def test_a_specimen_is_closed_and_saved_like_any_chip() -> None:
    chip = a_chip()
    assert chip.process(CommandApdu(0x00, 0xD6, data=b"\x00")).sw == 0x6985
    assert chip.radio.uid[0] == 0x08
    restored = Reader(type(chip).from_bytes(bytes(chip)))
    assert restored.pace(CAN, 2) == "9000"
    with pytest.raises(Broken):
        Reader(chip).step(0x10, b"", 0x80)
