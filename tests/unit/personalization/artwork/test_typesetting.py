"""Fitting: shrink, wrap, close up, else refuse; nothing is cut and nothing said about the text."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ektp.errors import EktpError, FieldOverflow, GlyphMissing, LayoutUnknown
from ektp.personal import PersonalText
from ektp.printer_profiles import CARD_WIDTH_MM, GEOMETRIES, PrintGeometry
from ektp.record import BELIEVER, CardVariant, Sex
from personalization.artwork import (
    Layout,
    TextBox,
    Typesetting,
    check,
    layout_for,
    typeset,
    typeset_sample,
)
from personalization.artwork.typesetting import Role
from tests.unit.personalization.artwork.people import a_record

WNI = layout_for(CardVariant.WNI)
OA = layout_for(CardVariant.OA)
GEOMETRY = GEOMETRIES["cr80-300-1016x648"]
SIXTY = "RADEN MAS PANJI SOSROKARTONO ADININGRAT KUSUMAWARDHANI PUTRI"


def values(setting: Typesetting, field: str) -> list[TextBox]:
    return [box for box in setting.boxes if box.field == field and box.role is Role.VALUE]


def lines(setting: Typesetting, field: str) -> list[str]:
    return [box.text.reveal() for box in values(setting, field)]


def label(setting: Typesetting, field: str) -> str:
    return next(
        box.text.reveal()
        for box in setting.boxes
        if box.field == field and box.role is Role.LABEL and box.line == 0
    )


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", "W" * 60),
        ("name", " ".join(["WWWWWWWWW"] * 6)),
        ("address", "A" * 60),
        ("address", " ".join(["JALAN"] * 20)),
        ("birth_place", "M" * 60),
        ("village", "W" * 44),
        ("occupation", "W" * 60),
        ("issue_place", "KABUPATEN" * 6),
        ("regency", "W" * 60),
    ],
)
def test_what_does_not_fit_is_refused_by_field_and_never_quoted(field: str, text: str) -> None:
    record = a_record(**{field: text})
    with pytest.raises(FieldOverflow) as refusal:
        check(record, WNI, GEOMETRY)
    named = "birth" if field == "birth_place" else field
    assert refusal.value.facts["field"] == named
    assert text[:8] not in str(refusal.value)


def test_too_many_second_lines_are_refused() -> None:
    record = a_record(
        name=SIXTY,
        birth_place="KABUPATEN KEPULAUAN SIAU TAGULANDANG",
        address="KOMPLEK PERUMAHAN GRIYA SUKAJADI INDAH BLOK AA NO. 17",
        village="KAMPUANG TANJUANG KOTO MAMBANG SUNGAI DURIAN",
        district="BUAY PEMATANG RIBU RANAU TENGAH SEKALI",
        religion=BELIEVER,
        occupation="ANGGOTA DEWAN PERWAKILAN RAKYAT DAERAH KABUPATEN KOTA",
        citizenship="WARGA NEGARA INDONESIA ASLI SEJAK LAHIR",
    )
    with pytest.raises(FieldOverflow) as refusal:
        check(record, WNI, GEOMETRY)
    assert refusal.value.facts["field"] == "name"
    assert "RADEN" not in str(refusal.value)


@pytest.mark.parametrize(
    ("field", "text", "codepoint"),
    [
        ("name", "李小龍", "U+674E"),
        ("name", "SITI\u200bAMINAH", "U+200B"),
        ("name", "SITI\nAMINAH", "U+000A"),
        ("name", "ANDRE\u0301", "U+0301"),
        ("address", "JL. \U0001f600", "U+1F600"),
        ("village", "ДЕСА", "U+0414"),
        ("issue_place", "\u202eKOTA", "U+202E"),
        ("regency", "kota ỳ", "U+1EF2"),
    ],
)
def test_what_the_face_lacks_is_refused_by_its_code_point(
    field: str, text: str, codepoint: str
) -> None:
    with pytest.raises(GlyphMissing) as refusal:
        check(a_record(**{field: text}), WNI, GEOMETRY)
    assert refusal.value.facts == {"field": field, "codepoint": codepoint}
    assert text not in str(refusal.value)


@pytest.mark.parametrize(("variant", "layout"), [(CardVariant.OA, WNI), (CardVariant.WNI, OA)])
def test_a_variant_never_goes_on_the_other_blank(variant: CardVariant, layout: Layout) -> None:
    with pytest.raises(LayoutUnknown):
        check(a_record(variant), layout, GEOMETRY)


def test_a_coarse_raster_is_refused() -> None:
    coarse = PrintGeometry(name="cr80-203", dpi=203, width_px=687, height_px=433)
    with pytest.raises(LayoutUnknown):
        check(a_record(), WNI, coarse)


# --- what stands on the card -----------------------------------------------------------------


def test_labels_and_values_of_a_citizens_card() -> None:
    setting = typeset(a_record(), WNI)
    assert [
        (box.text.reveal(), lines(setting, box.field))
        for box in setting.boxes
        if box.role is Role.LABEL and box.line == 0
    ] == [
        ("NIK", ["1671015708850000"]),
        ("Nama", ["SITI RAHMAWATI"]),
        ("Tempat/Tgl Lahir", ["PALEMBANG, 17-08-1985"]),
        ("Jenis Kelamin", ["PEREMPUAN"]),
        ("Gol. Darah", ["AB+"]),
        ("Alamat", ["JL. MERAPI NO. 12"]),
        ("RT/RW", ["004/011"]),
        ("Kel/Desa", ["TALANG CONTOH"]),
        ("Kecamatan", ["ILIR BARAT DUA"]),
        ("Agama", ["ISLAM"]),
        ("Status Perkawinan", ["KAWIN"]),
        ("Pekerjaan", ["MENGURUS RUMAH TANGGA"]),
        ("Kewarganegaraan", ["WNI"]),
        ("Berlaku Hingga", ["SEUMUR HIDUP"]),
    ]
    assert lines(setting, "province") == ["PROVINSI SUMATERA SELATAN"]
    assert lines(setting, "regency") == ["KOTA PALEMBANG"]
    assert lines(setting, "issue_place") == ["KOTA PALEMBANG"]
    assert lines(setting, "issue_date") == ["05-01-2026"]


def test_a_foreigners_card_has_an_expiry_date_and_english_words() -> None:
    setting = typeset(
        a_record(
            CardVariant.OA,
            sex=Sex.FEMALE,
            religion="KATHOLIK",
            marital_status="CERAI MATI",
            occupation="MARINE ENGINEER",
        ),
        OA,
    )
    assert lines(setting, "sex") == ["FEMALE"]
    assert lines(setting, "religion") == ["CATHOLIC"]
    assert lines(setting, "marital_status") == ["WIDOWED"]
    assert lines(setting, "occupation") == ["MARINE ENGINEER"]
    assert lines(setting, "citizenship") == ["NETHERLANDS"]
    assert lines(setting, "valid_until") == ["31-12-2030"]


def test_the_believers_label() -> None:
    assert label(typeset(a_record(), WNI), "religion") == "Agama"
    setting = typeset(a_record(religion=BELIEVER), WNI)
    assert label(setting, "religion") == "Kepercayaan"
    assert " ".join(lines(setting, "religion")) == BELIEVER


@pytest.mark.parametrize(
    ("given_name", "printed"),
    [
        ("Sumatera Selatan", "PROVINSI SUMATERA SELATAN"),
        ("PROVINSI JAWA TIMUR", "PROVINSI JAWA TIMUR"),
        ("Provinsi Bali", "PROVINSI BALI"),
    ],
)
def test_the_province_stands_in_capitals_with_its_word_once(given_name: str, printed: str) -> None:
    assert lines(typeset(a_record(province=given_name), WNI), "province") == [printed]


@pytest.mark.parametrize("name", ["O'NG", "H. M. ALI, S.PD.", "Andre van 't Hoff", "X", "JOSÉ 2"])
def test_a_name_stands_as_approved(name: str) -> None:
    assert lines(typeset(a_record(name=name), WNI), "name") == [name]


def test_a_leap_day_of_another_century() -> None:
    setting = typeset(a_record(birth_date=date(1904, 2, 29)), WNI)
    assert lines(setting, "birth") == ["PALEMBANG, 29-02-1904"]


# --- the rules, one by one -------------------------------------------------------------------


def test_a_short_name_keeps_its_size() -> None:
    (box,) = values(typeset(a_record(name="ALI"), WNI), "name")
    assert box.size_pt == 5.7


def test_a_longer_name_shrinks_before_it_wraps() -> None:
    (box,) = values(typeset(a_record(name="MUHAMMAD ABDURRAHMAN WAHYUDI"), WNI), "name")
    assert WNI.wrap_below_pt <= box.size_pt < 5.7


def test_a_long_name_wraps_and_moves_what_follows() -> None:
    short, long = typeset(a_record(), WNI), typeset(a_record(name=SIXTY), WNI)
    first, second = values(long, "name")
    assert f"{first.text.reveal()} {second.text.reveal()}" == SIXTY
    assert first.size_pt == second.size_pt >= WNI.smallest_pt
    assert values(long, "birth")[0].baseline_mm > values(short, "birth")[0].baseline_mm
    assert second.baseline_mm < values(long, "birth")[0].baseline_mm


def test_one_long_word_shrinks_to_the_smallest_size() -> None:
    (box,) = values(typeset(a_record(name="KUSUMAWARDHANINGRATSUMODIWIRYOAD"), WNI), "name")
    assert WNI.smallest_pt <= box.size_pt < WNI.wrap_below_pt


def test_lines_are_filled_from_the_first() -> None:
    setting = typeset(a_record(address="JALAN RAYA KEBAYORAN LAMA NOMOR SATU A B C"), WNI)
    first, second = lines(setting, "address")
    assert len(first) > len(second)


def test_rows_close_up_when_many_wrap() -> None:
    setting = typeset(
        a_record(
            name=SIXTY,
            address="KOMPLEK PERUMAHAN GRIYA SUKAJADI INDAH BLOK AA NO. 17 LR. MELATI",
            village="KAMPUANG TANJUANG KOTO MAMBANG SUNGAI DURIAN",
            religion=BELIEVER,
        ),
        WNI,
    )
    pitch = (
        values(setting, "valid_until")[0].baseline_mm
        - values(setting, "citizenship")[0].baseline_mm
    )
    person = next(block for block in WNI.blocks if block.name == "person")
    assert person.smallest_pitch_mm <= pitch < person.pitch_mm
    assert values(setting, "valid_until")[0].baseline_mm <= person.last_baseline_mm + 1e-6


def test_texts_shrink_before_they_wrap_where_rows_have_no_room() -> None:
    """Five values that would rather wrap; one of them can stand on a line at a smaller size."""
    crowded = a_record(
        name=SIXTY,
        address="KOMPLEK PERUMAHAN GRIYA SUKAJADI INDAH BLOK AA NO. 17",
        village="KAMPUANG TANJUANG KOTO MAMBANG SUNGAI DURIAN",
        religion=BELIEVER,
        occupation="ANGGOTA DPRD KABUPATEN/KOTA XXXXXX",
    )
    roomy = replace(crowded, biographic=replace(crowded.biographic, name=PersonalText("ALI")))
    assert len(values(typeset(roomy, WNI), "occupation")) == 2
    (box,) = values(typeset(crowded, WNI), "occupation")
    assert WNI.smallest_pt <= box.size_pt < WNI.wrap_below_pt


def test_the_longest_names_of_regions_fit() -> None:
    """The longest of the Kemendagri list: regency 42, village 44, kecamatan 31 characters."""
    regency = "KABUPATEN KEPULAUAN SIAU TAGULANDANG BIARO"
    setting = typeset(
        a_record(
            regency=regency,
            issue_place=regency,
            birth_place="KEPULAUAN SIAU TAGULANDANG BIARO",
            village="KAMPUANG TANJUANG KOTO MAMBANG SUNGAI DURIAN",
            district="BUAY PEMATANG RIBU RANAU TENGAH",
        ),
        WNI,
    )
    assert lines(setting, "regency") == [regency]
    assert " ".join(lines(setting, "issue_place")) == regency


def test_colons_stand_in_one_column() -> None:
    setting = typeset(a_record(name=SIXTY, religion=BELIEVER), WNI)
    colons = {box.x_mm for box in setting.boxes if box.role is Role.LABEL and box.line == 1}
    assert len(colons) == 2  # the column, and the one of the blood type


def test_a_digest_names_the_commands() -> None:
    assert typeset(a_record(), WNI).digest == typeset(a_record(), WNI).digest
    assert typeset(a_record(), WNI).digest != typeset(a_record(blood_type="O"), WNI).digest


def test_commands_show_no_text() -> None:
    setting = typeset(a_record(), WNI)
    assert "RAHMAWATI" not in repr(setting)
    assert "1671015708850000" not in repr(setting)


@pytest.mark.parametrize("layout", [WNI, OA], ids=lambda layout: layout.name)
def test_samples_fit(layout: Layout) -> None:
    setting = typeset_sample(layout)
    assert {box.field for box in setting.boxes} == {row.field for row in WNI.rows}
    assert lines(setting, "nik")[0].endswith("0000")


# --- for every text --------------------------------------------------------------------------

texts = st.text("ABCDEFGIJKLMNOPQRSTUVWYZ abijmw.'-/,0189éß", min_size=1, max_size=60)


@settings(max_examples=80, deadline=None)
@given(
    name=texts,
    birth_place=texts,
    address=st.one_of(texts, st.text("AIW ", min_size=1, max_size=120)),
    village=texts,
    occupation=texts,
    regency=texts,
    issue_place=texts,
    religion=st.sampled_from(["ISLAM", BELIEVER]),
)
def test_a_text_is_whole_and_inside_its_box_or_it_is_refused(**fields: str) -> None:
    record = a_record(**fields)
    try:
        setting = typeset(record, WNI)
    except EktpError as refusal:
        assert isinstance(refusal, FieldOverflow)  # noqa: PT017 - either outcome is right
        return
    for box in setting.boxes:
        assert box.left_mm - 1e-6 <= box.x_mm
        assert box.x_mm + box.width_mm <= box.right_mm + 1e-6
        assert box.right_mm <= CARD_WIDTH_MM
        assert box.size_pt >= WNI.smallest_pt
    for block in WNI.blocks:
        baselines = sorted(
            {box.baseline_mm for box in setting.boxes if box.field in {r.field for r in block.rows}}
        )
        assert baselines[0] == block.first_baseline_mm
        assert baselines[-1] <= block.last_baseline_mm + 1e-6
        closest = min(block.leading_mm, block.smallest_pitch_mm)
        for above, below in itertools.pairwise(baselines):
            assert below - above >= closest - 1e-6
    for field in ("name", "address", "village", "occupation", "issue_place"):
        assert " ".join(lines(setting, field)) == fields[field]
