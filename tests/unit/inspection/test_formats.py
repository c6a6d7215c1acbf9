"""Formats: what is well-formed, and evidence that names positions and never content."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.biodata import biodata_fields, check_biodata
from inspection.faults import ChipFault
from inspection.formats import CardControl, check_bitmap, check_jpeg, check_minutiae

TEXT = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)


def with_field(lab: SimpleNamespace, number: int, text: str) -> bytes:
    return lab.prefixed(lab.biodata_line((*lab.FIELDS[:number], text, *lab.FIELDS[number + 1 :])))


@given(fields=st.lists(TEXT, min_size=21, max_size=21))
def test_any_printable_text_in_the_fields_reads_back(fields: list[str]) -> None:
    line = ",".join('"' + field.replace('"', '""') + '"' for field in fields).encode()
    assert biodata_fields(bytes(2) + line) == tuple(fields)


@given(raw=st.binary(max_size=300))
def test_no_bytes_crash_the_formats(raw: bytes) -> None:
    for check in (
        biodata_fields,
        check_biodata,
        check_bitmap,
        check_jpeg,
        CardControl.from_content,
        lambda content: check_minutiae(content, 2),
    ):
        with pytest.raises(ChipFault):
            check(raw)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "167101550190000"),
        (0, "16710155019000000"),
        (0, "167101550190000\u0661"),
        (0, "167101550190000A"),
        (1, ""),
        (1, "   "),
        (2, "1"),
        (3, "0002"),
        (13, "SITI\u202eCONTOH"),
        (13, "SITI\u200bCONTOH"),
        (13, "SITI\x00CONTOH"),
        (13, "SITI\nCONTOH"),
        (14, "01-1-1990"),
        (14, "1-01-1990"),
        (14, "30-2-1990"),
        (14, "1990-1-15"),
        (14, "SEUMUR HIDUP"),
        (14, "1-1-90"),
        (16, "selamanya"),
        (16, "31-4-2031"),
        (17, "7"),
        (18, "2"),
        (18, ""),
    ],
)
def test_a_field_of_another_shape_is_named_by_its_number(
    lab: SimpleNamespace, number: int, text: str
) -> None:
    with pytest.raises(ChipFault) as caught:
        check_biodata(with_field(lab, number, text))
    assert caught.value.evidence == f"field {number}"


@pytest.mark.parametrize(
    ("number", "text"),
    [(16, "5-12-2031"), (14, "29-2-2000"), (17, "0"), (13, 'O"NEIL Jr., S.H.'), (13, "É")],
)
def test_fields_of_other_good_shapes(lab: SimpleNamespace, number: int, text: str) -> None:
    assert check_biodata(with_field(lab, number, text)) == "21 fields"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b'"',
        b'""',
        b",".join([b'"A"'] * 20),
        b",".join([b'"A"'] * 22),
        b",".join([b'"A"'] * 21) + b",",
        b",".join([b'"A"'] * 21) + b"\n",
        b",".join([b'"A"'] * 20) + b',"A',
        b",".join([b"A"] * 21),
        b",".join([b'"A"'] * 20) + b',"\xff"',
        b'"A" ,' + b",".join([b'"A"'] * 20),
    ],
)
def test_lines_of_another_form(line: bytes) -> None:
    with pytest.raises(ChipFault):
        biodata_fields(len(line).to_bytes(2, "big") + line)


def test_a_jpeg_of_a_common_library_is_whole(lab: SimpleNamespace) -> None:
    image = pytest.importorskip("PIL.Image")
    io = pytest.importorskip("io")
    for options in ({}, {"progressive": True}, {"optimize": True, "quality": 20}):
        stream = io.BytesIO()
        image.new("RGB", (240, 320), "red").save(stream, "JPEG", **options)
        assert check_jpeg(lab.prefixed(stream.getvalue())) == "240 x 320"


@pytest.mark.parametrize(
    "jpeg",
    [
        "",
        "FFD8",
        "FFD8FFD9",
        "FFD8FFFFFFFFFFFFFFD9",
        "FFD8FFDA000801010000003F00FFD9",
        "FFD8FFC000110801400000030122000211010311 01FFDA000801010000003F00FFD9",
        "FFD8FFE00000FFD9",
        "FFD8FFE0FFFF0000FFD9",
        "FFD8FFC00004FFD9",
        "FFD8FFC00002FFDA0002FFD9",
        "FFD800FFD9",
    ],
)
def test_jpegs_that_are_not_whole(lab: SimpleNamespace, jpeg: str) -> None:
    with pytest.raises(ChipFault):
        check_jpeg(lab.prefixed(bytes.fromhex(jpeg)))


def test_a_jpeg_cut_anywhere_is_not_whole(lab: SimpleNamespace) -> None:
    whole = lab.jpeg(200)
    for end in range(len(whole)):
        with pytest.raises(ChipFault):
            check_jpeg(lab.prefixed(whole[:end]))


@pytest.mark.parametrize(("at", "value"), [(0, 0), (6, 49), (11, 1), (22, 2), (24, 7), (27, 41)])
def test_minutiae_records_that_contradict_themselves(
    lab: SimpleNamespace, at: int, value: int
) -> None:
    record = bytearray(lab.minutiae(2))
    assert check_minutiae(lab.prefixed(bytes(record), filled=True), 2) == "40 minutiae"
    record[at] = value
    with pytest.raises(ChipFault):
        check_minutiae(lab.prefixed(bytes(record), filled=True), 2)


def test_minutiae_records_cut_anywhere(lab: SimpleNamespace) -> None:
    record = lab.minutiae(7, 60)
    for end in range(len(record)):
        with pytest.raises(ChipFault):
            check_minutiae(lab.prefixed(record[:end]), 7)


def test_minutiae_with_extended_data(lab: SimpleNamespace) -> None:
    record = bytearray(lab.minutiae(2, 10)[:-2] + b"\x00\x04EXT!")
    record[8:12] = len(record).to_bytes(4, "big")
    assert check_minutiae(lab.prefixed(bytes(record)), 2) == "10 minutiae"


@given(at=st.integers(0, 20_000), value=st.integers(0, 255))
def test_a_changed_byte_of_a_jpeg_never_crashes(lab: SimpleNamespace, at: int, value: int) -> None:
    raw = bytearray(lab.jpeg(50))
    raw[at % len(raw)] = value
    with contextlib.suppress(ChipFault):
        assert " x " in check_jpeg(lab.prefixed(bytes(raw)))
