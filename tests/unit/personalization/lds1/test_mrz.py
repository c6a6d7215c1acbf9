"""The machine-readable zone: what is refused, the specimens of Doc 9303, and the way back."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ektp.errors import GlyphMissing
from ektp.record import CardVariant, Sex
from personalization.datafiles.lds1.mrz import (
    Td1,
    check_digit,
    complete_mrz,
    mrz_content,
    mrz_from_content,
    mrz_lines,
    name_line,
    technical_expiry,
)
from personalization.datafiles.lds1.numbers import document_number
from tests.unit.personalization.artwork.people import a_record

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "vectors" / "icao-td1-mrz.json").read_text()
)
LINES = mrz_lines(a_record())
NUMBER = "C7R4KX2M9"


@pytest.mark.parametrize("text", ["abc", "A B", "Ä", "1-2"])
def test_a_character_without_a_value(text: str) -> None:
    with pytest.raises(ValueError, match="A to Z"):
        check_digit(text)


@pytest.mark.parametrize(
    "number", ["", "C7R4KX2M", "C7R4KX2M99", "c7r4kx2m9", "C7R4KX2<9", "C 4KX2M99"]
)
def test_a_document_number_of_another_form(number: str) -> None:
    with pytest.raises(ValueError, match="nine letters and digits"):
        complete_mrz(LINES, number)


@pytest.mark.parametrize(
    "lines",
    [(), LINES[:2], (*LINES, LINES[0]), (LINES[0][:-1], *LINES[1:]), ("é" * 30, *LINES[1:])],
)
def test_lines_that_are_no_zone(lines: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="three lines of thirty"):
        complete_mrz(lines, NUMBER)


def test_a_zone_that_has_its_number_gets_no_other() -> None:
    with pytest.raises(ValueError, match="already"):
        complete_mrz(complete_mrz(LINES, NUMBER), NUMBER)


@pytest.mark.parametrize("content", [b"", b"A\nB\nC", b"\n".join([b"A" * 30] * 2)])
def test_a_content_that_is_no_zone(content: bytes) -> None:
    with pytest.raises(ValueError, match="three lines"):
        mrz_from_content(content)


@pytest.mark.parametrize("name", ["...", "0", "'", "—"])
def test_a_name_of_which_nothing_is_left(name: str) -> None:
    with pytest.raises(GlyphMissing, match="field=name"):
        mrz_lines(a_record(name=name))


def test_a_letter_without_transliteration_names_its_code_point_and_nothing_else() -> None:
    with pytest.raises(GlyphMissing) as caught:
        mrz_lines(a_record(name="李 SMITH"))
    assert "U+674E" in str(caught.value)
    assert "SMITH" not in str(caught.value)


@pytest.mark.parametrize("vector", VECTORS["check_digits"])
def test_worked_check_digits(vector: dict[str, str]) -> None:
    assert check_digit(vector["text"]) == vector["digit"]


@pytest.mark.parametrize("vector", VECTORS["zones"], ids=lambda v: v["lines"][2][:9])
def test_the_specimens_of_utopia(vector: dict[str, Any]) -> None:
    zone = Td1(
        document_code=vector["code"],
        issuer=vector["issuer"],
        document_number=vector["number"],
        birth_date=date.fromisoformat(vector["birth"]),
        sex=Sex.MALE if vector["sex"] == "M" else Sex.FEMALE,
        expiry=date.fromisoformat(vector["expiry"]),
        nationality=vector["nationality"],
        names=vector["lines"][2],
    )
    assert list(zone.lines) == vector["lines"]


@pytest.mark.parametrize("vector", VECTORS["primary_only"], ids=lambda v: v["name"])
def test_names_without_secondary_identifier(vector: dict[str, str]) -> None:
    assert mrz_lines(a_record(name=vector["name"]))[2] == vector["line"]


def test_a_record_without_and_with_its_number() -> None:
    assert LINES == (
        "IDIDN<<<<<<<<<<<<<<<<<<<<<<<<<",
        "8508177F3601051IDN<<<<<<<<<<<<",
        "SITI<RAHMAWATI<<<<<<<<<<<<<<<<",
    )
    assert complete_mrz(LINES, NUMBER) == (
        "IDIDNC7R4KX2M92<<<<<<<<<<<<<<<",
        "8508177F3601051IDN<<<<<<<<<<<2",
        "SITI<RAHMAWATI<<<<<<<<<<<<<<<<",
    )


def test_the_nik_is_not_in_the_zone() -> None:
    record = a_record()
    assert record.nik.reveal() not in "".join(complete_mrz(mrz_lines(record), NUMBER))


def test_a_foreigner_carries_the_code_of_the_nationality_as_approved() -> None:
    for nationality, code in (("NETHERLANDS", "NLD"), ("JERMAN", "D<<"), ("ATLANTIS", "XXX")):
        record = a_record(CardVariant.OA, citizenship=nationality)
        assert mrz_lines(record)[1][15:18] == code


@pytest.mark.parametrize(
    ("issued", "until", "expiry"),
    [
        (date(2026, 1, 5), None, date(2036, 1, 5)),
        (date(2028, 2, 29), None, date(2038, 2, 28)),
        (date(2028, 2, 28), None, date(2038, 2, 28)),
        (date(2026, 1, 5), date(2030, 12, 31), date(2030, 12, 31)),
    ],
)
def test_when_a_card_expires(issued: date, until: date | None, expiry: date) -> None:
    record = a_record(issue_date=issued, valid_until=until)
    assert technical_expiry(record.biographic) == expiry
    assert mrz_lines(record)[1][8:14] == f"{expiry:%y%m%d}"


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        (["A" * 30], "A" * 30),
        (["A" * 31], "A" * 30),
        (["A" * 28, "B"], "A" * 28 + "<B"),
        (["A" * 29, "BC"], "A" * 28 + "<B"),
        (["AB", "C" * 26, "DE"], "AB<" + "C" * 25 + "<D"),
        (["A"] * 20, "A<" * 15),
    ],
)
def test_long_names_end_with_a_letter(parts: list[str], line: str) -> None:
    assert name_line(parts) == line


@given(st.lists(st.text("ABCXYZ", min_size=2, max_size=20), min_size=1, max_size=8))
def test_a_name_line_is_thirty_characters_and_tells_what_was_cut(parts: list[str]) -> None:
    line, whole = name_line(parts), "<".join(parts)
    assert len(line) == 30
    if len(whole) <= 30:
        assert line == whole.ljust(30, "<")
    else:
        assert line[-1] != "<"
        assert "<<" not in line
        # Each component is the beginning of the one that it stands for.
        assert all(b.startswith(a) for a, b in zip(line.split("<"), parts, strict=False))


@given(
    birth=st.dates(date(1920, 1, 1), date(2026, 1, 1)),
    issued=st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    sex=st.sampled_from(Sex),
    words=st.lists(
        st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=9), min_size=1, max_size=3
    ),
    chance=st.binary(min_size=16, max_size=16),
)
def test_what_goes_into_a_zone_comes_out_of_it(
    birth: date, issued: date, sex: Sex, words: list[str], chance: bytes
) -> None:
    record = a_record(name=" ".join(words), birth_date=birth, issue_date=issued, sex=sex)
    number = document_number(chance)
    prepared = mrz_lines(record)
    assert mrz_from_content(mrz_content(prepared)) == prepared
    upper, middle, lower = complete_mrz(prepared, number)
    assert {len(line) for line in (upper, middle, lower)} == {30}
    assert upper[:5] == "IDIDN"
    assert upper[5:14] == number
    assert set(upper[15:]) == set(middle[18:29]) == {"<"}
    assert middle[:6] == f"{birth:%y%m%d}"
    assert middle[7] == ("M" if sex is Sex.MALE else "F")
    assert middle[15:18] == "IDN"
    expiry = date(issued.year + 10, issued.month, 1) + timedelta(days=issued.day - 1)
    if (issued.month, issued.day) != (2, 29):
        assert middle[8:14] == f"{expiry:%y%m%d}"
    assert lower.rstrip("<").split("<") == words
    for digit, covered in (
        (upper[14], upper[5:14]),
        (middle[6], middle[:6]),
        (middle[14], middle[8:14]),
        (middle[29], upper[5:30] + middle[:7] + middle[8:15] + middle[18:29]),
    ):
        weighted = (int(c, 36) * (7, 3, 1)[at % 3] for at, c in enumerate(covered) if c != "<")
        assert int(digit) == sum(weighted) % 10
