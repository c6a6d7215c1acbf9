"""Proofs: what the operator sees is what the panels hold."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image, ImageChops

from ektp.errors import ConfigurationError, LayoutUnknown
from ektp.printer_profiles import GEOMETRIES, PanelKind
from ektp.record import CardVariant
from personalization.artwork import (
    compose,
    layout_for,
    proof_png,
    render,
    render_sample,
    specimen_ground,
)
from personalization.artwork.rendering import box_px
from tests.unit.personalization.artwork.people import a_record, encoded

WNI = layout_for(CardVariant.WNI)
OA = layout_for(CardVariant.OA)
GEOMETRY = GEOMETRIES["cr80-300-1013x638"]


def test_an_artwork_of_an_unknown_layout_or_geometry() -> None:
    artwork = render_sample(WNI, GEOMETRY)
    with pytest.raises(LayoutUnknown):
        compose(replace(artwork, layout="none"))
    with pytest.raises(ConfigurationError):
        compose(replace(artwork, geometry="none"))


def test_an_underlay_of_another_size() -> None:
    with pytest.raises(ValueError, match="size"):
        compose(render_sample(WNI, GEOMETRY), Image.new("RGB", (10, 10)))


def test_the_photo_comes_back_as_it_was() -> None:
    colour = encoded(Image.new("RGB", (480, 640), (20, 130, 240)), "PNG")
    card = compose(render(a_record(portrait=colour), WNI, GEOMETRY))
    left, top, width, height = box_px(WNI.photo, GEOMETRY)
    photo = card.crop((left, top, left + width, top + height))
    assert photo.getcolors() == [(width * height, (20, 130, 240))]


def test_resin_is_black_and_the_ground_shines_through_elsewhere() -> None:
    artwork = replace(
        render_sample(WNI, GEOMETRY),
        panels=tuple(p for p in render_sample(WNI, GEOMETRY).panels if p.kind is PanelKind.BLACK),
    )
    card, ground = compose(artwork), specimen_ground(WNI, GEOMETRY)
    changed = ImageChops.difference(card, ground).convert("L").point(lambda v: 255 * (v > 0), "1")
    black = artwork.panels[0]
    resin = Image.frombytes("1", card.size, black.data.reveal())
    assert changed.tobytes() == resin.tobytes()
    assert card.crop(resin.getbbox()).getextrema()[0][0] == 0


def test_dye_darkens_a_coloured_underlay() -> None:
    pink = Image.new("RGB", (GEOMETRY.width_px, GEOMETRY.height_px), (255, 128, 128))
    white = encoded(Image.new("L", (480, 640), 255), "PNG")
    card = compose(render(a_record(portrait=white), WNI, GEOMETRY), pink)
    left, top, _, _ = box_px(WNI.photo, GEOMETRY)
    assert card.getpixel((left + 5, top + 5)) == (255, 128, 128)
    assert pink.getcolors() == [(GEOMETRY.width_px * GEOMETRY.height_px, (255, 128, 128))]


def test_the_two_kinds_can_be_told_apart_at_a_glance() -> None:
    blue = specimen_ground(WNI, GEOMETRY).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    orange = specimen_ground(OA, GEOMETRY).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(blue, tuple)
    assert isinstance(orange, tuple)
    assert blue[2] > blue[0] + 8
    assert orange[0] > orange[2] + 8


def test_the_ground_is_handed_out_as_a_copy() -> None:
    specimen_ground(WNI, GEOMETRY).paste(0, (0, 0, 50, 50))
    assert specimen_ground(WNI, GEOMETRY).getpixel((10, 10)) != (0, 0, 0)


@pytest.mark.parametrize("rounded", [True, False])
def test_a_proof_is_a_png_of_the_printers_size(rounded: bool) -> None:
    with Image.open(BytesIO(proof_png(render_sample(OA, GEOMETRY), rounded=rounded))) as proof:
        assert proof.format == "PNG"
        assert proof.size == (GEOMETRY.width_px, GEOMETRY.height_px)
        assert proof.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert proof.mode == ("RGBA" if rounded else "RGB")
        if rounded:
            corner = proof.getpixel((0, 0))
            assert isinstance(corner, tuple)
            assert corner[3] == 0
