"""Layout files: what is installed, and what is refused before it could print."""

from __future__ import annotations

import copy
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from ektp.errors import ConfigurationError, LayoutUnknown
from ektp.printer_profiles import CARD_HEIGHT_MM, CARD_WIDTH_MM
from ektp.record import CardVariant
from personalization.artwork import FIELDS, LAYOUTS, layout_for, load_layout, parse_layout

LAYOUT_DIR = resources.files("personalization.artwork") / "layouts"


@pytest.fixture
def table() -> dict[str, Any]:
    return copy.deepcopy(tomllib.loads((LAYOUT_DIR / "ktp-el-wni.toml").read_text()))


@pytest.mark.parametrize("name", ["none", "../layouts/ktp-el-wni", "", "ktp-el-wni.toml", "ktp el"])
def test_a_layout_that_is_not_installed(name: str) -> None:
    with pytest.raises(LayoutUnknown):
        load_layout(name)


def _row(table: dict[str, Any], field: str) -> dict[str, Any]:
    return next(row for block in table["block"] for row in block["row"] if row["field"] == field)


FAULTS: dict[str, Any] = {
    "unknown field": lambda t: _row(t, "name").update(field="shoe_size"),
    "unknown font": lambda t: _row(t, "name").update(font="fraktur"),
    "unknown label font": lambda t: _row(t, "name").update(label_font="fraktur"),
    "value without room": lambda t: _row(t, "name").update(right_mm=20.0),
    "value beyond the card": lambda t: _row(t, "name").update(right_mm=86.0),
    "label wider than its place": lambda t: _row(t, "citizenship").update(label_x_mm=4.0),
    "the believer's label wider": lambda t: _row(t, "religion").update(label_x_mm=10.5),
    "colon over the value": lambda t: _row(t, "name").update(colon_x_mm=23.0),
    "label without colon": lambda t: [b.pop("colon_x_mm", 0) for b in t["block"]],
    "type too small": lambda t: _row(t, "name").update(size_pt=4.4),
    "label too small": lambda t: _row(t, "name").update(label_pt=4.4),
    "no lines": lambda t: _row(t, "name").update(lines=0),
    "no alignment": lambda t: _row(t, "name").update(align="justified"),
    "number as text": lambda t: _row(t, "name").update(x_mm="23"),
    "number as truth": lambda t: _row(t, "name").update(x_mm=True),
    "beside nothing": lambda t: t["block"][0]["row"][0].update(beside=True),
    "no room for rows": lambda t: t["block"][2].update(last_baseline_mm=30.0),
    "below the card": lambda t: t["block"][2].update(last_baseline_mm=54.0),
    "pitch upside down": lambda t: t["block"][2].update(smallest_pitch_mm=9.0),
    "no rows": lambda t: t["block"][2].update(row=[]),
    "no blocks": lambda t: t.pop("block"),
    "blocks that are none": lambda t: t.update(block=[1]),
    "no photo": lambda t: t.pop("photo"),
    "photo beyond the card": lambda t: t["photo"].update(x_mm=70.0),
    "flat signature": lambda t: t["signature"].update(height_mm=0),
    "no variant": lambda t: t.update(variant="WNA"),
    "no name": lambda t: t.pop("name"),
    "no step": lambda t: t["rules"].update(step_pt=0),
    "wrap below the smallest": lambda t: t["rules"].update(wrap_below_pt=4.0),
    "a colour of two parts": lambda t: t["underlay"].update(tint=[1, 2]),
    "a colour out of range": lambda t: t["underlay"].update(tint=[1, 2, 256]),
    "words of no field": lambda t: t.update(values={"colour": {"RED": "MERAH"}}),
    "sample of no field": lambda t: t.update(samples={"colour": "RED"}),
    "a font file that is none": lambda t: t["fonts"].update(text="none.ttf"),
    "a number face without digits": lambda t: t["fonts"].update(nik="hb-test.ttf"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_layout_that_could_not_print_is_refused(table: dict[str, Any], fault: str) -> None:
    FAULTS[fault](table)
    with pytest.raises(ConfigurationError):
        parse_layout(table)


def test_the_file_itself_is_accepted(table: dict[str, Any]) -> None:
    assert parse_layout(table).name == "ktp-el-wni"


@pytest.mark.parametrize("variant", list(CardVariant))
def test_each_variant_has_its_layout(variant: CardVariant) -> None:
    layout = layout_for(variant)
    assert layout.variant is variant
    assert layout.name == LAYOUTS[variant]
    assert layout is load_layout(layout.name)


@pytest.mark.parametrize("variant", list(CardVariant))
def test_every_field_stands_on_the_card_once_and_in_order(variant: CardVariant) -> None:
    assert [row.field for row in layout_for(variant).rows] == list(FIELDS)


def test_nothing_stands_over_the_photo_or_the_signature() -> None:
    layout = layout_for(CardVariant.WNI)
    for row in layout.rows:
        if row.field not in {"province", "regency", "issue_place", "issue_date"}:
            assert row.right_mm <= min(layout.photo.x_mm, layout.signature.x_mm)
    issue = next(block for block in layout.blocks if block.name == "issue")
    heading = next(block for block in layout.blocks if block.name == "heading")
    assert heading.last_baseline_mm + 1 < layout.photo.y_mm
    assert issue.last_baseline_mm < layout.signature.y_mm
    assert issue.first_baseline_mm - 2 > layout.photo.y_mm + layout.photo.height_mm


def test_heading_is_centred_on_the_card_and_the_issue_under_the_photo() -> None:
    layout = layout_for(CardVariant.WNI)
    rows = {row.field: row for row in layout.rows}
    photo_middle = layout.photo.x_mm + layout.photo.width_mm / 2
    assert (rows["province"].x_mm + rows["province"].right_mm) / 2 == pytest.approx(
        CARD_WIDTH_MM / 2
    )
    assert (rows["issue_date"].x_mm + rows["issue_date"].right_mm) / 2 == pytest.approx(
        photo_middle
    )
    assert layout.signature.x_mm + layout.signature.width_mm / 2 == pytest.approx(photo_middle)
    assert layout.signature.y_mm + layout.signature.height_mm < CARD_HEIGHT_MM


def test_the_number_face_is_a_setting(tmp_path: Path) -> None:
    face = tmp_path / "Own.ttf"
    face.write_bytes((resources.files("reportlab") / "fonts" / "VeraIt.ttf").read_bytes())
    layout = layout_for(CardVariant.WNI, nik_font=face)
    assert layout.fonts["nik"] == str(face)
    assert layout.fonts["text"] == "Vera.ttf"
    assert layout_for(CardVariant.WNI).fonts["nik"] == "VeraBd.ttf"


def test_a_number_face_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        layout_for(CardVariant.WNI, nik_font=tmp_path / "none.otf")


def test_a_font_name_that_the_layout_lacks_is_a_programmers_mistake() -> None:
    with pytest.raises(ValueError, match="no font"):
        layout_for(CardVariant.WNI).with_fonts({"fraktur": "Vera.ttf"})
