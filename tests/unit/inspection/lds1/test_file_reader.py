"""Reading files: how they may end, how long they may be, and what is never asked for."""

from __future__ import annotations

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from inspection.faults import ChipFault
from inspection.lds1.file_reader import FileReader, FileRefused
from inspection.lds1.files import CARD_CONTROL, COM, DATA_GROUPS, HOUSE_FILES, LDS_FILES, SOD
from inspection.lds1.listing import groups_of_com, groups_of_sod
from inspection.lds1.tlv import encode, only
from tests.unit.inspection.lds1.helpers import FakeChip, com_of, groups_of, sod_of

DG2 = DATA_GROUPS[2]
LIMIT = DG2.limit_bytes


class Answers:
    """A link that answers reads out of a file in the way it is told to."""

    def __init__(self, content: bytes, end: str = "short", most: int = 256) -> None:
        self.content = content
        self._end = end
        self._most = most
        self.reads: list[CommandApdu] = []
        self.asked = 0

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        if command.ins == 0xA4:
            return ResponseApdu(b"", 0x9000)
        self.reads.append(command)
        assert command.le is not None
        count = command.le
        if command.ins == 0xB0:
            offset = command.p1 << 8 | command.p2
            assert offset <= 0x7FFF
        else:
            assert (command.p1, command.p2) == (0, 0)
            offset = int.from_bytes(only(command.data, 0x54), "big")
            assert offset > 0x7FFF
            count -= 2 if count < 0x82 else 3 if count < 0x103 else 4
        self.asked = max(self.asked, offset + count)
        part = self.content[offset : offset + min(count, self._most)]
        sw = 0x9000
        if offset + count > len(self.content):
            if self._end == "6B00":
                return ResponseApdu(b"", 0x6B00)
            if self._end == "6C":
                return ResponseApdu(b"", 0x6C00 | len(part))
            sw = 0x6282 if self._end == "6282" else 0x9000
        return ResponseApdu(part if command.ins == 0xB0 else encode(0x53, part), sw)


def a_file(total: int) -> bytes:
    """A DG2 of so many bytes in all."""
    for overhead in (2, 3, 4, 5):
        size = total - overhead
        length = (
            bytes((size,)) if size < 128 else
            b"\x81" + bytes((size,)) if size < 256 else
            b"\x82" + size.to_bytes(2, "big") if size < 65536 else
            b"\x83" + size.to_bytes(3, "big")
        )  # fmt: skip
        if 1 + len(length) == overhead:
            return b"\x75" + length + bytes(n % 251 for n in range(size))
    raise AssertionError(total)


@pytest.mark.parametrize("end", ["short", "6282", "6B00", "6C"])
@pytest.mark.parametrize(
    "total", [4, 5, 129, 131, 222, 223, 227, 228, 258, 261, 1000, 32766, 32768, 33000, 70000]
)
def test_a_whole_file_is_read_however_its_end_is_told(total: int, end: str) -> None:
    """ISO7816_C_02 to _07: no more is asked for than the file has."""
    content = a_file(total)
    link = Answers(content, end)
    assert FileReader(link).read_file(DG2, LIMIT) == content
    assert link.asked == total
    odd = {command.ins for command in link.reads} >= {0xB1}
    assert odd == (total > 0x7FFF + 1 + 223)


@pytest.mark.parametrize("chunk", [16, 223, 1000, 20000])
@pytest.mark.parametrize("most", [1, 7, 100, 65536])
def test_a_chip_may_answer_less_at_a_time(chunk: int, most: int) -> None:
    content = a_file(33100 if most == 65536 else 700)
    link = Answers(content, most=most)
    assert FileReader(link, chunk).read_file(DG2, LIMIT) == content


def test_what_lies_behind_the_announced_end_is_not_read() -> None:
    content = a_file(300)
    link = Answers(content + bytes(5000))
    assert FileReader(link).read_file(DG2, LIMIT) == content
    assert link.asked == 300


@pytest.mark.parametrize("end", ["short", "6282", "6B00", "6C"])
@pytest.mark.parametrize("left", [0, 1, 2, 3, 4, 5, 100, 227, 228, 298, 299])
def test_a_file_shorter_than_it_announces_fails(left: int, end: str) -> None:
    with pytest.raises(ChipFault):
        FileReader(Answers(a_file(300)[:left], end)).read_file(DG2, LIMIT)


@pytest.mark.parametrize(
    "head",
    ["7584FFFFFFFF", "75847FFFFFFF", "7583FFFFFF", "7583020001", "7580", "75FF", "7581", "758100"],
)
def test_absurd_lengths_are_refused_at_once(head: str) -> None:
    link = Answers(bytes.fromhex(head) + bytes(1 << 20))
    with pytest.raises(ChipFault):
        FileReader(link).read_file(DG2, LIMIT)
    assert link.asked <= 8 + 223
    assert len(link.reads) <= 2


@pytest.mark.parametrize("name", sorted(HOUSE_FILES))
def test_the_profile_bounds_what_a_file_may_announce(name: str) -> None:
    file = LDS_FILES[name]
    limit = file.house_bytes
    assert limit == HOUSE_FILES[name] <= file.limit_bytes
    if file.tag is None:
        fits, longer = (n.to_bytes(2, "big") + bytes(n) for n in (limit - 2, limit - 1))
    else:
        over = len(encode(file.tag, bytes(limit))) - limit
        fits, longer = (encode(file.tag, bytes(size)) for size in (limit - over, limit - 1))
    assert FileReader(Answers(fits)).read_file(file, limit) == fits
    with pytest.raises(ChipFault, match="announces"):
        FileReader(Answers(longer)).read_file(file, limit)


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\x00\x33", b"\x00\x33" + bytes(50)])
def test_card_control_shorter_than_it_announces(raw: bytes) -> None:
    for end in ("short", "6282"):
        with pytest.raises(ChipFault):
            FileReader(Answers(raw, end)).read_file(CARD_CONTROL, CARD_CONTROL.limit_bytes)


@pytest.mark.parametrize("number", sorted(DATA_GROUPS))
def test_another_tag_is_another_file(number: int) -> None:
    """LDS_B_05 and its like."""
    file = DATA_GROUPS[number]
    assert file.tag is not None
    wrong = encode(file.tag + 1, bytes(20))
    with pytest.raises(ChipFault, match=f"begins with {file.tag + 1:X}"):
        FileReader(Answers(wrong)).read_file(file, file.limit_bytes)


@pytest.mark.parametrize("sw", [0x6982, 0x6A82, 0x6985, 0x6300, 0x6100, 0x6CFF, 0x6C00, 0x9001])
def test_refusals_keep_their_status_word(sw: int) -> None:
    """ISO7816_C_01."""

    class Refusing:
        def __init__(self, ins: int) -> None:
            self._ins = ins

        def transmit(self, command: CommandApdu) -> ResponseApdu:
            return ResponseApdu(b"", sw if command.ins == self._ins else 0x9000)

    for ins in (0xA4, 0xB0):
        with pytest.raises(FileRefused, match=f"{sw:04X}") as refused:
            FileReader(Refusing(ins)).read_file(COM, 100)
        assert refused.value.sw == sw


@pytest.mark.parametrize(
    "answers",
    [
        ResponseApdu(b"", 0x9000),
        ResponseApdu(bytes(5), 0x9000),
        ResponseApdu(bytes(60000), 0x9000),
        ResponseApdu(b"", 0x6282),
        ResponseApdu(b"\x60", 0x6282),
    ],
    ids=repr,
)
def test_answers_of_a_wrong_length(answers: ResponseApdu) -> None:
    class Same:
        def transmit(self, command: CommandApdu) -> ResponseApdu:
            return ResponseApdu(b"", 0x9000) if command.ins == 0xA4 else answers

    with pytest.raises(ChipFault):
        FileReader(Same()).read_file(COM, 100)


def test_a_select_that_answers_data_is_no_select() -> None:
    class Talking:
        def transmit(self, command: CommandApdu) -> ResponseApdu:
            return ResponseApdu(b"\x6f\x00", 0x9000 if command.ins == 0xA4 else 0x6D00)

    with pytest.raises(FileRefused, match="2 bytes"):
        FileReader(Talking()).read_file(COM, 100)


@pytest.mark.parametrize("body", ["", "53", "5305616263", "540161", "530161530162"])
def test_an_odd_read_answers_one_object(body: str) -> None:
    class Odd:
        def transmit(self, command: CommandApdu) -> ResponseApdu:
            assert command.ins == 0xB1
            return ResponseApdu(bytes.fromhex(body), 0x9000)

    reader = FileReader(Odd())
    if not body:
        assert reader.read(0x8000, 8).data == b""
        return
    with pytest.raises(ChipFault):
        reader.read(0x8000, 8)


def test_selections_are_those_of_doc_9303() -> None:
    chip = FakeChip()
    reader = FileReader(chip)
    reader.select_master_file()
    reader.select_application()
    reader.select(COM.file_id)
    sent = [bytes(command).hex() for command in chip.commands]
    assert sent == ["00a4000c023f00", "00a4040c07a0000002471001", "00a4020c02011e"]
    assert CARD_CONTROL.tag is None


# --- lists of data groups -------------------------------------------------------------------


def test_the_groups_of_com_and_sod() -> None:
    groups = groups_of()
    assert groups_of_com(com_of(groups)) == groups_of_sod(sod_of(groups)) == set(groups)


@pytest.mark.parametrize("raw", ["", "6000", "60045C026177", "61035C0161"])
def test_a_com_without_groups(raw: str) -> None:
    with pytest.raises(ChipFault):
        groups_of_com(bytes.fromhex(raw))


def test_a_sod_without_groups() -> None:
    whole = sod_of(groups_of())
    for cut in range(0, len(whole), 3):
        with pytest.raises(ChipFault):
            groups_of_sod(whole[:cut])
    with pytest.raises(ChipFault, match="do not exist"):
        groups_of_sod(sod_of({17: b"\x71\x00"}))
    with pytest.raises(ChipFault):
        groups_of_sod(encode(SOD.tag or 0, encode(0x30, b"")))
