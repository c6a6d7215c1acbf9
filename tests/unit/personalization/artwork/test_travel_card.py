"""The card of `icao-lds1`: its two sides, and what binding adds in the places that ICAO states."""

from __future__ import annotations

import copy
import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from io import BytesIO
from itertools import pairwise
from typing import Any

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from ektp.chip_profiles import ICAO_LDS1, KTP_EL
from ektp.errors import ConfigurationError, FieldOverflow, LayoutUnknown
from ektp.perso import Artwork
from ektp.printer_profiles import (
    CARD_HEIGHT_MM,
    CARD_WIDTH_MM,
    GEOMETRIES,
    PanelKind,
    PrintGeometry,
    Side,
)
from ektp.record import BELIEVER, CardVariant
from personalization.artwork import (
    Layout,
    complete,
    compose,
    contact_sheet_pdf,
    fontface,
    layout_for,
    parse_layout,
    printed_sides,
    proof_png,
    render,
    render_sample,
    typeset,
)
from personalization.artwork.fontface import load_face
from personalization.artwork.layout import SLOT_CHARACTERS, Slot
from personalization.artwork.typesetting import Role
from personalization.datafiles.lds1.mrz import complete_mrz, mrz_lines
from personalization.prepare import precheck, prepare
from tests.unit.personalization.artwork.people import a_record

WNI = layout_for(CardVariant.WNI, profile=ICAO_LDS1.name)
OA = layout_for(CardVariant.OA, profile=ICAO_LDS1.name)
GEOMETRY = GEOMETRIES["cr80-300-1016x648"]
EVERY_GEOMETRY = pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=list(GEOMETRIES))
MRZ_SLOTS = ("mrz_upper", "mrz_middle", "mrz_lower")

# Doc 9303-5 figure 6 and clause 4.2.1.3.
MRZ_HEIGHT_MM = 23.3
PRINTING_ZONE_MM = 2.95
LINE_PITCH_MM = 4.23
CHARACTER_PITCH_MM = 2.54

NUMBER, CAN = "C7R4KX2M9", "048213"
LINES = complete_mrz(mrz_lines(a_record()), NUMBER)
FACE_SHA256 = "367d876cca948ecd4900851f6e85687cbb6e71de9d0d2f36348edec5655526af"
EVERY_CHARACTER = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ<<<<", "0123456789<<<<0123456789<<<<<0", "W" * 30)


def prepared(geometry: PrintGeometry = GEOMETRY, layout: Layout = WNI) -> Artwork:
    return render(a_record(layout.variant), layout, geometry)


def finished(geometry: PrintGeometry = GEOMETRY, mrz: tuple[str, ...] = LINES) -> Artwork:
    return complete(prepared(geometry), WNI, document_number=NUMBER, can=CAN, mrz=mrz)


def resin(artwork: Artwork, side: Side) -> Image.Image:
    (black,) = (p for p in artwork.panels if p.side is side and p.kind is PanelKind.BLACK)
    return Image.frombytes("1", (black.width_px, black.height_px), black.data.reveal())


def slot(name: str) -> Slot:
    return next(one for one in WNI.slots if one.name == name)


def added(artwork: Artwork, geometry: PrintGeometry, side: Side) -> Image.Image:
    """The ink that binding brought."""
    return ImageChops.logical_xor(resin(artwork, side), resin(prepared(geometry), side))


def cells(ink: Image.Image, one: Slot, geometry: PrintGeometry) -> Iterator[Image.Image]:
    top = geometry.y_px(one.baseline_mm - PRINTING_ZONE_MM)
    bottom = geometry.y_px(one.baseline_mm + 0.5)
    for cell in range(one.characters):
        left = geometry.x_px(one.x_mm + cell * one.pitch_mm)
        right = geometry.x_px(one.x_mm + (cell + 1) * one.pitch_mm)
        yield ink.crop((left, top, right, bottom))


# --- what is refused


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"document_number": "C7R4KX2M"}, "document_number"),
        ({"document_number": "C7R4KX2m9"}, "document_number"),
        ({"document_number": "C7R4KX2<9"}, "document_number"),
        ({"can": "48213"}, "slot can"),
        ({"can": "04821A"}, "slot can"),
        ({"can": "٠٤٨٢١٣"}, "slot can"),
        ({"mrz": LINES[:2]}, "three lines"),
        ({"mrz": (*LINES[:2], "SITI RAHMAWATI".ljust(30, "<"))}, "mrz_lower"),
        ({"mrz": (LINES[0][:-1], *LINES[1:])}, "mrz_upper"),
    ],
)
def test_a_text_that_a_slot_does_not_hold(change: dict[str, Any], fault: str) -> None:
    texts: dict[str, Any] = {"document_number": NUMBER, "can": CAN, "mrz": LINES, **change}
    with pytest.raises(ValueError, match=fault) as caught:
        complete(prepared(), WNI, **texts)
    assert "SITI" not in str(caught.value)


def test_an_artwork_of_another_layout_or_without_its_back() -> None:
    artwork = prepared()
    with pytest.raises(ValueError, match="another layout"):
        complete(artwork, OA, document_number=NUMBER, can=CAN, mrz=LINES)
    front = replace(artwork, panels=tuple(p for p in artwork.panels if p.side is Side.FRONT))
    with pytest.raises(ValueError, match="black panel"):
        complete(front, WNI, document_number=NUMBER, can=CAN, mrz=LINES)


def test_a_profile_without_layouts() -> None:
    with pytest.raises(ConfigurationError):
        layout_for(CardVariant.WNI, profile="other")


def test_what_is_orange_never_goes_on_blue() -> None:
    with pytest.raises(LayoutUnknown):
        render(a_record(CardVariant.OA), WNI, GEOMETRY)


def test_a_font_whose_package_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fontface._SHIPPED_BY, "Lost.ttf", ("no-such-package", "Lost.ttf"))
    with pytest.raises(ConfigurationError, match="no-such-package"):
        load_face("Lost.ttf")


@pytest.fixture
def table() -> dict[str, Any]:
    folder = resources.files("personalization.artwork") / "layouts"
    return copy.deepcopy(tomllib.loads((folder / "icao-lds1-wni.toml").read_text()))


@pytest.mark.parametrize(
    ("kind", "index", "change"),
    [
        ("slot", 0, {"name": "serial"}),
        ("slot", 0, {"font": "fraktur"}),
        ("slot", 0, {"characters": 8}),
        ("slot", 0, {"size_pt": 12.0}),
        ("slot", 0, {"x_mm": 20.0}),
        ("slot", 0, {"x_mm": 70.0}),
        ("slot", 2, {"baseline_mm": 60.0}),
        ("slot", 2, {"side": "edge"}),
        ("inscription", 0, {"font": "fraktur"}),
        ("inscription", 0, {"text": "印度尼西亚"}),
        ("inscription", 0, {"x_mm": 60.0}),
        ("inscription", 0, {"size_pt": 3.0}),
        ("block", 0, {"label_pt": 3.0}),
        ("block", 0, {"label_pt": 9.0}),
        ("block", 0, {"side": "edge"}),
    ],
)
def test_a_layout_that_cannot_print_what_it_promises(
    table: dict[str, Any], kind: str, index: int, change: dict[str, Any]
) -> None:
    table[kind][index].update(change)
    with pytest.raises(ConfigurationError):
        parse_layout(table)


def test_english_needs_its_font_and_its_characters(table: dict[str, Any]) -> None:
    without = {**table, "fonts": {k: v for k, v in table["fonts"].items() if k != "english"}}
    without["inscription"] = [one for one in table["inscription"] if one["font"] != "english"]
    with pytest.raises(ConfigurationError, match="English"):
        parse_layout(without)
    with pytest.raises(ConfigurationError, match="label"):
        parse_layout({**table, "english": {"Nama": "姓名"}})


def test_a_sign_outside_the_card(table: dict[str, Any]) -> None:
    table["chip_mark"]["x_mm"] = 80.0
    with pytest.raises(ConfigurationError, match="outside"):
        parse_layout(table)


# --- the two sides


@EVERY_GEOMETRY
def test_one_black_panel_for_each_side_and_colour_on_the_front_alone(
    geometry: PrintGeometry,
) -> None:
    artwork = prepared(geometry)
    assert [(p.side, p.kind) for p in artwork.panels] == [
        (Side.FRONT, PanelKind.YELLOW),
        (Side.FRONT, PanelKind.MAGENTA),
        (Side.FRONT, PanelKind.CYAN),
        (Side.FRONT, PanelKind.BLACK),
        (Side.BACK, PanelKind.BLACK),
    ]
    assert printed_sides(artwork) == (Side.FRONT, Side.BACK)


def test_the_layout_of_a_ktp_el_still_has_one_side() -> None:
    layout = layout_for(CardVariant.WNI, profile=KTP_EL.name)
    assert layout is layout_for(CardVariant.WNI)
    assert layout.sides == (Side.FRONT,)
    assert not layout.slots


@pytest.mark.parametrize("layout", [WNI, OA], ids=["wni", "oa"])
def test_every_field_stands_on_the_card_once(layout: Layout) -> None:
    fields = [row.field for row in layout.rows]
    assert len(set(fields)) == len(fields)
    assert {"name", "nik", "sex_initial", "citizenship", "birth_date", "birth_place"} <= set(fields)
    assert {"date_of_expiry", "date_of_issue", "validity", "religion", "address"} <= set(fields)
    assert [one.name for one in layout.slots] == list(SLOT_CHARACTERS)


@pytest.mark.parametrize("layout", [WNI, OA], ids=["wni", "oa"])
def test_labels_are_in_both_languages_and_keep_out_of_one_another(layout: Layout) -> None:
    setting = typeset(a_record(layout.variant), layout)
    for row in layout.rows:
        boxes = [box for box in setting.boxes if box.field == row.field]
        labels = [box for box in boxes if box.role is Role.LABEL]
        assert labels[0].text.reveal() in layout.labels_of(row.field)
        assert row.field == "rt_rw" or labels[1].text.reveal().startswith("/ ")
        for left, right in pairwise(labels):
            assert left.x_mm + left.width_mm < right.x_mm
        assert max(box.x_mm + box.width_mm for box in labels) <= row.right_mm + 1e-6
        assert all(box.side is row.side for box in boxes)


def test_the_label_of_a_belief_in_both_languages() -> None:
    boxes = typeset(a_record(religion=BELIEVER), WNI).boxes
    labels = [b.text.reveal() for b in boxes if b.field == "religion" and b.role is Role.LABEL]
    assert labels == ["Kepercayaan", "/ Belief"]


def test_forms_of_doc_9303_in_the_visual_zone() -> None:
    boxes = typeset(a_record(), WNI).boxes
    texts = {box.field: box.text.reveal() for box in boxes if box.role is Role.VALUE}
    assert texts["sex_initial"] == "P/F"
    assert texts["citizenship"] == "INDONESIA"
    assert texts["birth_date"] == "17 08 1985"
    assert texts["date_of_issue"] == "05 01 2026"
    assert texts["date_of_expiry"] == "05 01 2036"
    assert texts["validity"] == "SEUMUR HIDUP"
    ending = typeset(a_record(CardVariant.OA), OA).boxes
    texts = {box.field: box.text.reveal() for box in ending if box.role is Role.VALUE}
    assert texts["date_of_expiry"] == texts["validity"] == "31 12 2030"
    assert texts["marital_status"] == "MARRIED"


def test_the_portrait_is_as_large_as_doc_9303_asks() -> None:
    assert 26.0 <= WNI.photo.width_mm <= 35.0
    assert 32.0 <= WNI.photo.height_mm <= 45.0


@settings(max_examples=25, deadline=None)
@given(
    words=st.lists(st.text("AEIMNRSTU", min_size=1, max_size=14), min_size=1, max_size=6),
    address=st.lists(st.text("AEIMNRSTU", min_size=1, max_size=14), min_size=1, max_size=8),
)
def test_text_stays_in_its_box_or_is_refused(words: list[str], address: list[str]) -> None:
    record = a_record(name=" ".join(words)[:60], address=" ".join(address))
    try:
        setting = typeset(record, WNI)
    except FieldOverflow:
        return
    for box in setting.boxes:
        assert box.left_mm - 1e-6 <= box.x_mm
        assert box.x_mm + box.width_mm <= box.right_mm + 1e-6
        if box.side is Side.BACK:
            assert box.baseline_mm < CARD_HEIGHT_MM - MRZ_HEIGHT_MM


def test_preparation_takes_the_layout_of_the_profile() -> None:
    record = a_record()
    precheck(record, GEOMETRY, ICAO_LDS1)
    package = prepare(record, GEOMETRY, ICAO_LDS1)
    assert package.profile == ICAO_LDS1.name
    assert package.artwork == prepared()
    names = [file.name for file in package.files]
    assert names == ["dg2", "dg7", "dg11", "dg12", "dg13", "mrz"]
    assert type(package).from_bytes(bytes(package)) == package


# --- what binding adds


def test_binding_adds_ink_and_changes_nothing_else() -> None:
    before = prepared()
    after = complete(before, WNI, document_number=NUMBER, can=CAN, mrz=LINES)
    for old, new in zip(before.panels, after.panels, strict=True):
        if old.kind is not PanelKind.BLACK:
            assert new is old
            continue
        assert replace(new, data=old.data) == old
        ink = resin(before, old.side)
        assert ImageChops.logical_and(ink, resin(after, old.side)).tobytes() == ink.tobytes()
        assert new.data != old.data


def test_the_same_card_every_time() -> None:
    assert finished().digest == finished().digest


@EVERY_GEOMETRY
def test_the_zone_is_empty_until_a_card_is_bound(geometry: PrintGeometry) -> None:
    zone = geometry.y_px(CARD_HEIGHT_MM - MRZ_HEIGHT_MM)
    back = resin(prepared(geometry), Side.BACK)
    box = back.getbbox()
    assert box is not None
    assert box[3] <= zone


@EVERY_GEOMETRY
@pytest.mark.parametrize("mrz", [LINES, EVERY_CHARACTER], ids=["person", "alphabet"])
def test_each_line_of_the_zone_is_in_its_printing_zone(
    geometry: PrintGeometry, mrz: tuple[str, ...]
) -> None:
    ink = added(finished(geometry, mrz), geometry, Side.BACK)
    pixel_mm = 25.4 / geometry.dpi
    centres = []
    for name in MRZ_SLOTS:
        baseline = slot(name).baseline_mm
        top, bottom = geometry.y_px(baseline - 3.4), geometry.y_px(baseline + 0.6)
        box = ink.crop((0, top, ink.width, bottom)).getbbox()
        assert box is not None
        assert (box[3] - box[1]) * pixel_mm <= PRINTING_ZONE_MM
        # The reference centre line is amid the tallest figure, which overshoots the baseline.
        centres.append(baseline - 1.30)
        zone_top = geometry.y_px(centres[-1] - PRINTING_ZONE_MM / 2)
        zone_bottom = geometry.y_px(centres[-1] + PRINTING_ZONE_MM / 2)
        assert top + box[1] >= zone_top
        assert top + box[3] <= zone_bottom
        left_mm = (box[0] - geometry.x_px(0)) * pixel_mm
        assert 4.0 <= left_mm <= 6.0
        assert box[2] <= geometry.x_px(CARD_WIDTH_MM - 2.0)
    assert [b - a for a, b in pairwise(centres)] == [pytest.approx(LINE_PITCH_MM)] * 2
    # Figure 6 puts the middle line 11.5 +- 1.0 mm from an edge of the zone of 23.3 mm.
    from_top = centres[1] - (CARD_HEIGHT_MM - MRZ_HEIGHT_MM)
    assert 10.5 <= from_top <= 12.5
    assert 10.5 <= CARD_HEIGHT_MM - centres[1] <= 12.5


@EVERY_GEOMETRY
def test_characters_are_ten_to_the_inch_and_amid_their_cells(geometry: PrintGeometry) -> None:
    ink = added(finished(geometry, ("H" * 30,) * 3), geometry, Side.BACK)
    one = slot("mrz_upper")
    assert one.pitch_mm == CHARACTER_PITCH_MM
    boxes = [cell.getbbox() for cell in cells(ink, one, geometry)]
    lefts = [
        geometry.x_px(one.x_mm + at * one.pitch_mm) + box[0] for at, box in enumerate(boxes) if box
    ]
    assert len(lefts) == 30
    pitch = (lefts[-1] - lefts[0]) / 29 * 25.4 / geometry.dpi
    assert pitch == pytest.approx(CHARACTER_PITCH_MM, abs=0.005)
    for box in boxes:
        assert box is not None
        middle = (box[0] + box[2]) / 2 * 25.4 / geometry.dpi
        assert middle == pytest.approx(CHARACTER_PITCH_MM / 2, abs=0.13)


@EVERY_GEOMETRY
def test_capitals_and_strokes_have_the_sizes_of_ocr_b(geometry: PrintGeometry) -> None:
    """ISO 1073-2, size I, constant stroke width: capitals of 2.46 mm, strokes of 0.35 mm."""
    ink = added(finished(geometry, ("H" * 30,) * 3), geometry, Side.BACK)
    cell = next(cells(ink, slot("mrz_upper"), geometry))
    box = cell.getbbox()
    assert box is not None
    pixel_mm = 25.4 / geometry.dpi
    assert (box[3] - box[1]) * pixel_mm == pytest.approx(2.46, abs=0.1)
    row = cell.crop((box[0], box[1] + 2, box[2], box[1] + 3)).convert("L").tobytes()
    stem = next(at for at, level in enumerate(row) if not level)
    assert stem * pixel_mm == pytest.approx(0.35, abs=0.08)


@EVERY_GEOMETRY
def test_the_access_number_is_at_the_height_of_a_line_of_the_zone(geometry: PrintGeometry) -> None:
    """Doc 9303-5 clause 3.2.3: font, field and height of the zone, clear of the portrait."""
    one, line = slot("can"), slot("mrz_lower")
    assert one.baseline_mm == line.baseline_mm
    assert (one.font, one.size_pt, one.pitch_mm) == (line.font, line.size_pt, line.pitch_mm)
    assert one.x_mm > WNI.photo.x_mm + WNI.photo.width_mm
    ink = added(finished(geometry), geometry, Side.FRONT)
    assert all(cell.getbbox() for cell in cells(ink, one, geometry))


# --- read by a stranger: shapes compared with the font's own, drawn apart and larger


def shape(ink: Image.Image) -> Image.Image:
    """The ink in a frame of one size, with its proportions kept."""
    box = ink.getbbox()
    assert box is not None
    tight = ink.crop(box).convert("L")
    scale = 0.6  # of a cell of 100 units
    frame = Image.new("L", (64, 76))
    frame.paste(tight.resize((round(tight.width * scale), round(tight.height * scale))), (2, 2))
    return frame


def alphabet() -> dict[str, Image.Image]:
    font = load_face("OCR-B.ttf").display_font(111)  # 8.02 pt where a cell has 100 units
    shapes = {}
    for character in SLOT_CHARACTERS["mrz_upper"].alphabet:
        drawn = Image.new("L", (160, 160))
        ImageDraw.Draw(drawn).text((20, 130), character, fill=255, font=font, anchor="ls")
        shapes[character] = shape(drawn.point(lambda level: 255 * (level > 127), "1"))
    return shapes


def read(artwork: Artwork, one: Slot, geometry: PrintGeometry) -> str:
    shapes, found = alphabet(), ""
    width_px = one.pitch_mm * geometry.dpi / 25.4
    for cell in cells(resin(artwork, one.side), one, geometry):
        large = cell.resize(
            (round(cell.width * 100 / width_px), round(cell.height * 100 / width_px)),
            Image.Resampling.NEAREST,
        )
        seen = shape(large)
        found += min(
            shapes,
            key=lambda c: sum(ImageChops.difference(seen, shapes[c]).tobytes()),
        )
    return found


@EVERY_GEOMETRY
@pytest.mark.parametrize("mrz", [LINES, EVERY_CHARACTER], ids=["person", "alphabet"])
def test_the_zone_and_the_numbers_can_be_read_back(
    geometry: PrintGeometry, mrz: tuple[str, ...]
) -> None:
    artwork = finished(geometry, mrz)
    assert tuple(read(artwork, slot(name), geometry) for name in MRZ_SLOTS) == mrz
    assert read(artwork, slot("can"), geometry) == CAN
    assert read(artwork, slot("document_number"), geometry) == NUMBER


def test_the_face_of_the_zone_is_the_one_that_was_looked_at() -> None:
    """Another version of the package must be looked at before it prints."""
    data = fontface._shipped("OCR-B.ttf").read_bytes()
    assert hashlib.sha256(data).hexdigest() == FACE_SHA256


# --- proofs


def test_a_proof_shows_both_sides_one_below_the_other() -> None:
    with Image.open(BytesIO(proof_png(finished()))) as picture:
        assert picture.width == GEOMETRY.width_px
        assert picture.height > 2 * GEOMETRY.height_px
    with Image.open(BytesIO(proof_png(finished(), rounded=False))) as picture:
        below = picture.convert("RGB").crop(
            (0, picture.height - GEOMETRY.height_px, picture.width, picture.height)
        )
        assert below.tobytes() == compose(finished(), side=Side.BACK).tobytes()


def test_the_front_of_a_proof_shows_nothing_of_the_back() -> None:
    artwork = finished()
    front = replace(artwork, panels=tuple(p for p in artwork.panels if p.side is Side.FRONT))
    assert compose(artwork).tobytes() == compose(front).tobytes()


def test_a_contact_sheet_has_both_sides_in_one_row() -> None:
    one_sided = render_sample(layout_for(CardVariant.WNI), GEOMETRY)
    cards = [("J-1", one_sided), *((f"J-{at}", finished()) for at in range(2, 7))]
    out = BytesIO()
    # One row for the single card, five for the others: six rows of five to a page.
    assert contact_sheet_pdf(cards, out, title="x") == 2
    with pypdfium2.PdfDocument(out.getvalue()) as document:
        texts = [page.get_textpage().get_text_range() for page in document]
    assert [sum(f"J-{at}" in text for text in texts) for at in range(1, 7)] == [1] * 6
    assert "J-6" in texts[1]


def test_a_sample_card_of_nobody() -> None:
    for layout in (WNI, OA):
        assert printed_sides(render_sample(layout, GEOMETRY)) == (Side.FRONT, Side.BACK)
