"""Panels: their places, their inks, and that nothing prints outside what the layout allows."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ektp.errors import EktpError, FieldOverflow, GlyphMissing, ImageUnusable, LayoutUnknown
from ektp.perso import Artwork, Panel
from ektp.printer_profiles import GEOMETRIES, PanelKind, PrintGeometry, Side
from ektp.record import BELIEVER, CardVariant
from personalization.artwork import Layout, check, layout_for, render, render_sample, typeset
from personalization.artwork.rendering import box_px, draw_line
from tests.unit.personalization.artwork.people import a_record, encoded

WNI = layout_for(CardVariant.WNI)
OA = layout_for(CardVariant.OA)
GEOMETRY = GEOMETRIES["cr80-300-1016x648"]
EVERY_GEOMETRY = pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=list(GEOMETRIES))


def panel(artwork: Artwork, kind: PanelKind) -> Panel:
    return next(one for one in artwork.panels if one.kind is kind)


def resin(artwork: Artwork) -> Image.Image:
    black = panel(artwork, PanelKind.BLACK)
    return Image.frombytes("1", (black.width_px, black.height_px), black.data.reveal())


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"name": "W" * 60}, FieldOverflow),
        ({"name": "李小龍"}, GlyphMissing),
        ({"portrait": b"none"}, ImageUnusable),
        ({"signature": b"none"}, ImageUnusable),
    ],
)
def test_what_cannot_be_printed_is_refused(
    changes: dict[str, object], error: type[EktpError]
) -> None:
    with pytest.raises(error):
        render(a_record(**changes), WNI, GEOMETRY)


def test_another_variant_or_a_coarse_raster_is_refused() -> None:
    coarse = PrintGeometry(name="cr80-203", dpi=203, width_px=687, height_px=433)
    with pytest.raises(LayoutUnknown):
        render(a_record(CardVariant.OA), WNI, GEOMETRY)
    with pytest.raises(LayoutUnknown):
        render(a_record(), WNI, coarse)
    with pytest.raises(LayoutUnknown):
        render_sample(WNI, coarse)


@pytest.mark.parametrize("changes", [{"name": "W" * 60}, {"address": "\u202eX"}])
def test_check_refuses_what_render_refuses(changes: dict[str, str]) -> None:
    record = a_record(**changes)
    with pytest.raises(EktpError) as by_check:
        check(record, WNI, GEOMETRY)
    with pytest.raises(EktpError) as by_render:
        render(record, WNI, GEOMETRY)
    assert str(by_check.value) == str(by_render.value)


@EVERY_GEOMETRY
def test_panels_lie_where_the_layout_says(geometry: PrintGeometry) -> None:
    artwork = render(a_record(), WNI, geometry)
    assert (artwork.layout, artwork.geometry) == (WNI.name, geometry.name)
    assert [one.kind for one in artwork.panels] == [
        PanelKind.YELLOW,
        PanelKind.MAGENTA,
        PanelKind.CYAN,
        PanelKind.BLACK,
    ]
    for one in artwork.panels[:3]:
        place = (one.x_px, one.y_px, one.width_px, one.height_px)
        assert place == box_px(WNI.photo, geometry)
        assert (one.side, one.bits) == (Side.FRONT, 8)
        assert one.x_px + one.width_px <= geometry.width_px
        assert one.y_px + one.height_px <= geometry.height_px
    black = panel(artwork, PanelKind.BLACK)
    assert (black.width_px, black.height_px) == (geometry.width_px, geometry.height_px)
    assert black.bits == 1


def test_dyes_are_the_inverse_of_light() -> None:
    colour = encoded(Image.new("RGB", (480, 640), (250, 130, 0)), "PNG")
    artwork = render(a_record(portrait=colour), WNI, GEOMETRY)
    found = {
        kind: set(panel(artwork, kind).data.reveal())
        for kind in (PanelKind.CYAN, PanelKind.MAGENTA, PanelKind.YELLOW)
    }
    assert found == {
        PanelKind.CYAN: {255 - 250},
        PanelKind.MAGENTA: {255 - 130},
        PanelKind.YELLOW: {255},
    }


def test_white_needs_no_dye() -> None:
    white = encoded(Image.new("L", (480, 640), 255), "PNG")
    artwork = render(a_record(portrait=white), WNI, GEOMETRY)
    assert set(panel(artwork, PanelKind.CYAN).data.reveal()) == {0}


@EVERY_GEOMETRY
def test_no_resin_on_the_photo(geometry: PrintGeometry) -> None:
    left, top, width, height = box_px(WNI.photo, geometry)
    drawn = resin(render(a_record(name="A" * 30), WNI, geometry))
    assert drawn.crop((left, top, left + width, top + height)).getbbox() is None


def test_the_signature_is_in_its_box_and_nothing_else_is() -> None:
    left, top, width, height = box_px(WNI.signature, GEOMETRY)
    box = (left, top, left + width, top + height)
    bold = Image.new("1", (168, 44), 1)
    bold.paste(0, (0, 0, 168, 22))
    one = resin(render(a_record(), WNI, GEOMETRY))
    other = resin(render(a_record(signature=encoded(bold, "PNG")), WNI, GEOMETRY))
    assert one.crop(box).getbbox() is not None
    assert one.crop(box).tobytes() != other.crop(box).tobytes()
    one.paste(0, box)
    other.paste(0, box)
    assert one.tobytes() == other.tobytes()


def test_labels_are_drawn_anew_for_a_believer_and_for_moved_rows() -> None:
    plain = resin(render(a_record(), WNI, GEOMETRY))
    believer = resin(render(a_record(religion=BELIEVER), WNI, GEOMETRY))
    again = resin(render(a_record(), WNI, GEOMETRY))
    assert plain.tobytes() == again.tobytes() != believer.tobytes()


def test_the_same_record_gives_the_same_artwork() -> None:
    assert (
        render(a_record(), WNI, GEOMETRY).digest
        == render(a_record(), WNI, GEOMETRY).digest
        != render(a_record(blood_type="O"), WNI, GEOMETRY).digest
    )


def test_an_artwork_survives_its_packing() -> None:
    artwork = render(a_record(), WNI, GEOMETRY)
    assert Artwork.from_bytes(bytes(artwork)) == artwork


def test_another_number_face_prints_other_digits() -> None:
    own = WNI.with_fonts({"nik": "VeraIt.ttf"})
    assert render(a_record(), own, GEOMETRY).digest != render(a_record(), WNI, GEOMETRY).digest


@pytest.mark.parametrize("layout", [WNI, OA], ids=["wni", "oa"])
@EVERY_GEOMETRY
def test_a_sample_needs_no_citizen(layout: Layout, geometry: PrintGeometry) -> None:
    artwork = render_sample(layout, geometry)
    assert resin(artwork).getbbox() is not None
    assert len(set(panel(artwork, PanelKind.CYAN).data.reveal())) > 10


def test_an_artwork_shows_nothing_of_its_record() -> None:
    assert "RAHMAWATI" not in repr(render(a_record(), WNI, GEOMETRY))


@settings(max_examples=30, deadline=None)
@given(
    name=st.text("AJQWMfijgy .,'ÉÅ", min_size=1, max_size=50),
    address=st.text("AJQWfgy/ 0189", min_size=1, max_size=60),
    geometry=st.sampled_from(list(GEOMETRIES.values())),
)
def test_ink_stays_inside_the_box_of_its_line(
    name: str, address: str, geometry: PrintGeometry
) -> None:
    try:
        setting = typeset(a_record(name=name, address=address), WNI)
    except FieldOverflow:
        return
    for box in setting.boxes:
        page = Image.new("1", (geometry.width_px, geometry.height_px))
        draw_line(page, box, WNI, geometry)
        ink = page.getbbox()
        if ink is None:
            assert not box.text.reveal().strip()
            continue
        em_mm = box.size_pt * 25.4 / 72
        # One dot for rounding the pen, one for hinting.
        assert ink[0] >= geometry.x_px(box.left_mm) - 2
        assert ink[2] <= geometry.x_px(box.right_mm) + 2
        assert ink[1] >= geometry.y_px(box.baseline_mm - em_mm) - 1
        assert ink[3] <= geometry.y_px(box.baseline_mm + 0.25 * em_mm) + 1


def test_every_glyph_prints() -> None:
    """Leaving out the last letter changes the raster: nothing is clipped at the end of a line."""
    whole = a_record(name="SITI RAHMAWATI")
    cut = replace(whole, biographic=a_record(name="SITI RAHMAWAT").biographic)
    assert (
        resin(render(whole, WNI, GEOMETRY)).tobytes() != resin(render(cut, WNI, GEOMETRY)).tobytes()
    )


def test_a_portrait_is_read_once_and_not_changed() -> None:
    record = a_record()
    before = record.portrait.reveal()
    render(record, WNI, GEOMETRY)
    assert record.portrait.reveal() == before
    with Image.open(BytesIO(before)) as picture:
        assert picture.size == (480, 640)
