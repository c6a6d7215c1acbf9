"""What the operator sees before a blank is used: the panels over a neutral ground.

The ground is a pale tint with the word SPECIMEN. It is no picture of the blank: no emblem, no map,
no security print.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import Final

from PIL import Image, ImageChops, ImageDraw

from ektp.perso import Artwork
from ektp.printer_profiles import (
    CARD_HEIGHT_MM,
    PanelKind,
    PrintGeometry,
    Side,
    print_geometry,
)
from personalization.artwork.layout import Layout
from personalization.artwork.layout_files import load_layout
from personalization.artwork.rendering import box_px

__all__ = ["compose", "photo_light", "printed_sides", "proof_png", "resin", "specimen_ground"]

_WORD: Final = "SPECIMEN"
_WORD_HEIGHT: Final = 0.26  # of the card's height
_WORD_ANGLE: Final = 27
_BAND_MM: Final = 10.6  # the ground is darker behind the heading
_CORNER_MM: Final = 3.18  # ISO/IEC 7810, 5.1: radius of an ID-1 card's corner
_PNG_EFFORT: Final = 4
_GAP_MM: Final = 3.0  # between front and back on a proof
_BETWEEN: Final = (255, 255, 255, 0)
_MRZ_MM: Final = 23.3  # ICAO Doc 9303-5, figure 6: height of the machine-readable zone


def compose(
    artwork: Artwork, underlay: Image.Image | None = None, *, side: Side = Side.FRONT
) -> Image.Image:
    """A side of the artwork as an RGB picture of the card, one pixel per dot of the printer.

    Dyes take their light from what lies below; resin covers it. `underlay` replaces the SPECIMEN
    ground and must have the size of the geometry (`ValueError`). Raises `LayoutUnknown` or
    `ConfigurationError` for an artwork of a layout or geometry that is not installed.
    """
    geometry = print_geometry(artwork.geometry)
    if underlay is None:
        underlay = specimen_ground(load_layout(artwork.layout), geometry, side)
    if underlay.size != (geometry.width_px, geometry.height_px):
        msg = "the underlay has another size than the geometry"
        raise ValueError(msg)
    card = underlay.convert("RGB")
    photo = photo_light(artwork, side)
    if photo is not None:
        (left, top), light = photo
        place = (left, top, left + light.width, top + light.height)
        card.paste(ImageChops.multiply(card.crop(place), light), place)
    for left_top, ink in resin(artwork, side):
        card.paste(0, left_top, ink)
    return card


def printed_sides(artwork: Artwork) -> tuple[Side, ...]:
    """The sides of the card that have a panel, the front first."""
    printed = {panel.side for panel in artwork.panels}
    return tuple(side for side in Side if side in printed)


def photo_light(
    artwork: Artwork, side: Side = Side.FRONT
) -> tuple[tuple[int, int], Image.Image] | None:
    """What the dyes leave of white light, as RGB, and where; None for a side without colour."""
    dyes = {panel.kind: panel for panel in artwork.panels if panel.bits == 8 and panel.side is side}
    if not dyes:
        return None
    first = next(iter(dyes.values()))
    size = (first.width_px, first.height_px)
    light = [
        ImageChops.invert(Image.frombytes("L", size, dyes[kind].data.reveal()))
        if kind in dyes
        else Image.new("L", size, 255)
        for kind in (PanelKind.CYAN, PanelKind.MAGENTA, PanelKind.YELLOW)
    ]
    return (first.x_px, first.y_px), Image.merge("RGB", light)


def resin(artwork: Artwork, side: Side = Side.FRONT) -> list[tuple[tuple[int, int], Image.Image]]:
    """The black panels of a side as 1-bit ink, and where each lies."""
    return [
        (
            (panel.x_px, panel.y_px),
            Image.frombytes("1", (panel.width_px, panel.height_px), panel.data.reveal()),
        )
        for panel in artwork.panels
        if panel.kind is PanelKind.BLACK and panel.side is side
    ]


def proof_png(artwork: Artwork, *, rounded: bool = True) -> bytes:
    """The proof of one card as PNG, with the card's round corners cut out unless told otherwise.

    Where both sides are printed, the back stands below the front.
    """
    geometry = print_geometry(artwork.geometry)
    sides = printed_sides(artwork) or (Side.FRONT,)
    gap = geometry.length_px(_GAP_MM)
    height = len(sides) * (geometry.height_px + gap) - gap
    card = Image.new("RGBA", (geometry.width_px, height), _BETWEEN)
    for at, side in enumerate(sides):
        face = compose(artwork, side=side)
        if rounded:
            face.putalpha(_corners(geometry))
        card.paste(face, (0, at * (geometry.height_px + gap)))
    if not rounded:
        card = card.convert("RGB")
    out = BytesIO()
    card.save(out, "PNG", dpi=(geometry.dpi, geometry.dpi), compress_level=_PNG_EFFORT)
    return out.getvalue()


def specimen_ground(
    layout: Layout, geometry: PrintGeometry, side: Side = Side.FRONT
) -> Image.Image:
    """The neutral ground of a layout: a tint, SPECIMEN across it, a clear window for the photo.

    On a back it leaves the machine-readable zone clear instead.
    """
    return _ground(layout, geometry, side).copy()


@lru_cache(maxsize=8)
def _ground(layout: Layout, geometry: PrintGeometry, side: Side) -> Image.Image:
    size = (geometry.width_px, geometry.height_px)
    ground = Image.new("RGB", size, layout.underlay.tint)
    draw = ImageDraw.Draw(ground)
    if side is Side.BACK:
        zone = geometry.y_px(CARD_HEIGHT_MM - _MRZ_MM)
        ground.paste(layout.underlay.word, (0, 0), _word_mask(layout, (size[0], zone)))
        draw.rectangle((0, zone, *size), fill="white")
        return ground
    draw.rectangle((0, 0, size[0], geometry.y_px(_BAND_MM)), fill=layout.underlay.band)
    ground.paste(layout.underlay.word, (0, 0), _word_mask(layout, size))
    left, top, width, height = box_px(layout.photo, geometry)
    draw.rectangle((left, top, left + width - 1, top + height - 1), fill="white")
    return ground


def _word_mask(layout: Layout, size: tuple[int, int]) -> Image.Image:
    font = layout.face("bold").display_font(round(size[1] * _WORD_HEIGHT))
    mask = Image.new("L", size)
    centre = (size[0] / 2, size[1] / 2)
    ImageDraw.Draw(mask).text(centre, _WORD, fill=255, font=font, anchor="mm")
    return mask.rotate(_WORD_ANGLE, Image.Resampling.BICUBIC)


@lru_cache(maxsize=8)
def _corners(geometry: PrintGeometry) -> Image.Image:
    scale = 4
    size = (geometry.width_px, geometry.height_px)
    mask = Image.new("L", (size[0] * scale, size[1] * scale))
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, mask.width - 1, mask.height - 1),
        geometry.length_px(_CORNER_MM) * scale,
        fill=255,
    )
    return mask.resize(size, Image.Resampling.BOX)
