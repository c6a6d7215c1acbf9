"""The readers of single files: published examples, and what each refuses."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from inspection.faults import ChipFault
from inspection.lds1.common_data import CommonData
from inspection.lds1.details import (
    check_document_details,
    check_holder_details,
    check_signature_picture,
    date_of_issue,
)
from inspection.lds1.mrz import MachineReadableZone, check_digit, document_code
from inspection.lds1.national import NationalData, is_ours
from inspection.lds1.pictures import picture_size
from inspection.lds1.tlv import encode
from tests.integration.lds1.specimens import (
    details,
    dg1,
    house_groups,
    information,
    jp2,
    national,
    passport_zone,
    zone,
)
from tests.unit.inspection.conftest import jpeg

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "vectors" / "icao-td1-mrz.json").read_text()
)


# --- EF.COM and the zone --------------------------------------------------------------------------


def test_the_published_ef_com() -> None:
    found = CommonData.of(bytes.fromhex(VECTORS["com"]["file"]))
    assert found.groups == frozenset(VECTORS["com"]["groups"])
    assert found.lds_version == "0107"


@pytest.mark.parametrize("tags", ["6175FF", "617575", ""])
def test_tag_lists_that_cannot_be(tags: str) -> None:
    content = encode(0x5F01, b"0107") + encode(0x5F36, b"040000")
    with pytest.raises(ChipFault):
        CommonData.of(encode(0x60, content + encode(0x5C, bytes.fromhex(tags))))


@pytest.mark.parametrize("row", VECTORS["check_digits"])
def test_published_check_digits(row: dict[str, str]) -> None:
    assert check_digit(row["text"]) == row["digit"]


@pytest.mark.parametrize("row", VECTORS["zones"])
def test_published_zones(row: dict[str, Any]) -> None:
    found = MachineReadableZone.of(dg1("".join(row["lines"])))
    assert found.check_fields() == "90 characters, I< UTO"
    assert found.check_digits() == "4 digits"
    assert (found.number, found.sex, found.nationality) == (
        row["number"],
        row["sex"],
        row["nationality"],
    )
    assert document_code(dg1("".join(row["lines"]))) == "I"


PASSPORT = (
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10"
)
"""Doc 9303-4 appendix B."""

OFFICIAL = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<D231458907UTO7408122F1204159<<<<<<<6"
"""Doc 9303-6 appendix B."""


@pytest.mark.parametrize("text", [PASSPORT, OFFICIAL])
def test_published_zones_of_other_sizes(text: str) -> None:
    found = MachineReadableZone.of(dg1(text))
    assert found.check_fields()
    assert found.check_digits()


def test_a_number_of_more_than_nine_characters_goes_on() -> None:
    check = check_digit("D23145890734")
    text = zone(number="D23145890", number_check="<", optional=f"734{check}".ljust(15, "<"))
    found = MachineReadableZone.of(dg1(text))
    assert (found.number, found.number_check) == ("D23145890734", check)
    found.check_fields()
    found.check_digits()
    assert found.information == information(text)


@pytest.mark.parametrize("check", ["<", "9"])
def test_a_long_number_without_its_digit(check: str) -> None:
    text = zone(number="D23145890", number_check="<", optional=check.ljust(15, "<"))
    with pytest.raises(ChipFault, match="document number"):
        MachineReadableZone.of(dg1(text)).check_digits()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"code": "A1"}, "document code"),
        ({"number": "<" * 9}, "document number"),
        ({"number": "AB<CD1234"}, "document number"),
        ({"names": "CONTOH<<<SITI".ljust(30, "<")}, "name"),
        ({"names": "CONTOH1".ljust(30, "<")}, "name"),
        ({"birth": "900100"}, "date of birth"),
        ({"birth": "010229"}, "date of birth"),
        ({"state": "D<1"}, "issuing state"),
    ],
)
def test_fields_that_cannot_be_are_named_and_not_shown(changed: dict[str, str], field: str) -> None:
    with pytest.raises(ChipFault) as caught:
        MachineReadableZone.of(dg1(zone(**changed))).check_fields()
    assert caught.value.evidence == field


@pytest.mark.parametrize("text", ["", "A" * 89, "a" * 90, "É" * 45])
def test_what_is_no_zone(text: str) -> None:
    with pytest.raises(ChipFault, match="no zone"):
        MachineReadableZone.of(encode(0x61, encode(0x5F1F, text.encode())))


def test_states_of_one_letter_and_passports() -> None:
    found = MachineReadableZone.of(dg1(passport_zone(state="D<<", nationality="D<<")))
    assert found.check_fields() == "88 characters, P< D<<"


# --- pictures -------------------------------------------------------------------------------------


def test_sizes_of_pictures() -> None:
    assert picture_size(jpeg()) == ("JPEG", 240, 320)
    assert picture_size(jp2(300, 200)) == ("JPEG 2000", 300, 200)
    codestream = jp2(300, 200)
    codestream = codestream[codestream.index(b"jp2c") + 4 :]
    assert picture_size(codestream) == ("JPEG 2000", 300, 200)


def broken_pictures() -> list[bytes]:
    whole = jp2()
    at = whole.index(b"jp2c") - 4
    return [
        b"",
        jpeg()[:-1],
        whole[:-1],
        whole + b"\x00\x00\x00\x07more",
        whole[:at],
        whole[:at] + (5).to_bytes(4, "big") + whole[at + 4 :],
        whole[: at + 8] + b"\xff\x4e" + whole[at + 10 :],
        jp2(0, 5),
        whole[:12] + (bytes.fromhex("00000008") + b"free") * 80,
    ]


@pytest.mark.parametrize("number", range(9))
def test_pictures_that_are_not_whole(number: int) -> None:
    with pytest.raises(ChipFault):
        picture_size(broken_pictures()[number])


@pytest.mark.parametrize("count", [b"\x00", b"\x02", b"\x01\x00", b""])
def test_signature_pictures_are_counted(count: bytes) -> None:
    content = encode(0x67, encode(0x02, count) + encode(0x5F43, jpeg()))
    with pytest.raises(ChipFault):
        check_signature_picture(content)


# --- details --------------------------------------------------------------------------------------


@pytest.mark.parametrize("born", [b"19900115", b"19900100", b"19900000", bytes.fromhex("19900115")])
def test_dates_of_birth_in_digits_or_bcd_known_or_not(born: bytes) -> None:
    assert check_holder_details(details(0x6B, {0x5F2B: born})) == "1 elements"


@pytest.mark.parametrize(
    "elements",
    [
        {0x5F2B: b"19901301"},
        {0x5F2B: b"1990011"},
        {0x5F2B: b"1990011A"},
        {0x5F0E: b"\xff\xfe"},
        {0x5F0E: b""},
        {0x5F0E: b"A\x00B"},
        {0x5F26: b"20260105"},
    ],
)
def test_details_of_the_holder_that_cannot_be(elements: dict[int, bytes]) -> None:
    with pytest.raises(ChipFault):
        check_holder_details(details(0x6B, elements))


@pytest.mark.parametrize("listed", ["", "5F11", "5F0E5F11", "5F0E5F0E", "5F"])
def test_the_list_is_what_is_there(listed: str) -> None:
    name = encode(0x5F0E, b"CONTOH")
    with pytest.raises(ChipFault):
        check_holder_details(encode(0x6B, encode(0x5C, bytes.fromhex(listed)) + name))


def test_other_names_are_listed_by_their_own_tag() -> None:
    others = encode(0xA0, encode(0x02, b"\x01") + encode(0x5F0F, b"CONTOH"))
    content = encode(0x6B, encode(0x5C, bytes.fromhex("5F0F")) + others)
    assert check_holder_details(content) == "1 elements"


def test_dates_of_issue() -> None:
    assert date_of_issue(details(0x6C, {0x5F26: b"20260105"})) == date(2026, 1, 5)
    bcd = details(0x6C, {0x5F26: bytes.fromhex("20260105")})
    assert date_of_issue(bcd) == date(2026, 1, 5)
    assert date_of_issue(None) is None
    assert date_of_issue(details(0x6C, {0x5F19: b"JAKARTA"})) is None
    for wrong in (b"20260230", b"00000000"):
        assert date_of_issue(details(0x6C, {0x5F26: wrong})) is None
        with pytest.raises(ChipFault):
            check_document_details(details(0x6C, {0x5F26: wrong}))


# --- national data --------------------------------------------------------------------------------


def test_national_data_are_read_and_their_shape_known() -> None:
    found = NationalData.of(house_groups()[13])
    assert (len(found.serial), len(found.attempt)) == (8, 16)
    assert is_ours(house_groups()[13])
    assert not is_ours(b"\x6d\x7f")
    assert "3171" not in repr(found)


CHANGES = {
    "81": (b"3171015501900000", b"31710155019O0000"),
    "83": (b"\x83\x03001", b"\x83\x0300A"),
    "80": (b"\x80\x01\x01", b"\x80\x01\x02"),
    "A6": (b"\x80\x0831.71.01\x81", b"\x80\x0831.71-01\x81"),
    "A8": (b"\x80\x0231\x81", b"\x80\x0231\x82"),
    "8D": (b"SEUMUR HIDUP", b"SEUMUR HIDUQ"),
    "89": (b"ISLAM", b"IS\x00AM"),
    "8B": (b"KAWIN", b"KAWI\xff"),
    "order": (b"\x83\x03001\x84\x03002", b"\x84\x03001\x83\x03002"),
}


@pytest.mark.parametrize("tag", CHANGES)
def test_national_data_of_another_shape(tag: str) -> None:
    before, after = CHANGES[tag]
    content = national()
    assert content.count(before) >= 1
    with pytest.raises(ChipFault):
        NationalData.of(content.replace(before, after))


def test_elements_that_nobody_knows_are_skipped() -> None:
    inside = house_groups()[13]
    start = 3 if inside[1] == 0x81 else 2
    content = encode(0x6D, encode(0xC0, b"new") + inside[start:])
    assert NationalData.of(content) == NationalData.of(inside)


@pytest.mark.parametrize("until", [b"05-01-2036", b"31-02-2036"])
def test_a_validity_is_words_or_a_day_of_the_calendar(until: bytes) -> None:
    content = national().replace(b"\x8d\x0cSEUMUR HIDUP", b"\x8d\x0a" + until)
    inside = content[3:] if content[1] == 0x81 else content[4:]
    whole = encode(0x6D, inside)
    if until.startswith(b"05"):
        assert NationalData.of(whole)
    else:
        with pytest.raises(ChipFault, match="8D"):
            NationalData.of(whole)
