"""From layout commands and pictures to the panels of a printer: Y, M, C at 8 bits, K at 1 bit.

Colour covers the photo's rectangle and nothing else; text, labels and signature are black resin
over the whole side, one such panel for each side that the layout prints. What is fixed (labels,
inscriptions, the sign of a chip) is drawn once per layout and geometry.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from PIL import Image, ImageChops

from ektp.perso import Artwork, Panel
from ektp.personal import PersonalBytes
from ektp.printer_profiles import PanelKind, PrintGeometry, Side
from ektp.record import ApprovedRecord
from personalization.artwork.chip_mark import chip_mark
from personalization.artwork.layout import MM_PER_PT, Box, Layout
from personalization.artwork.pictures import portrait_pixels, signature_ink
from personalization.artwork.sample_pictures import sample_portrait, sample_signature
from personalization.artwork.typesetting import (
    Role,
    TextBox,
    Typesetting,
    require_raster,
    typeset,
    typeset_sample,
)

__all__ = ["Setting", "box_px", "draw_glyphs", "draw_line", "draw_text", "render", "render_sample"]

# An RGB channel and the dye that takes its light away.
_DYES: Final = {
    PanelKind.YELLOW: "B",
    PanelKind.MAGENTA: "G",
    PanelKind.CYAN: "R",
}


class Setting(NamedTuple):
    """In which font and size a line stands, and where its pen and its baseline begin."""

    font: str
    size_pt: float
    x_mm: float
    baseline_mm: float


def render(record: ApprovedRecord, layout: Layout, geometry: PrintGeometry) -> Artwork:
    """One card as printer panels: its front, and its back where the layout has one.

    Raises `FieldOverflow`, `GlyphMissing`, `ImageUnusable`, each with its `field`, and
    `LayoutUnknown` for another variant or too coarse a raster.
    """
    require_raster(layout, geometry)
    return _render(typeset(record, layout), record.portrait, record.signature, layout, geometry)


def render_sample(layout: Layout, geometry: PrintGeometry) -> Artwork:
    """A card of nobody: the fields' samples, a drawn head, a drawn stroke.

    Raises `LayoutUnknown` where the raster is too coarse.
    """
    require_raster(layout, geometry)
    return _render(typeset_sample(layout), sample_portrait(), sample_signature(), layout, geometry)


def _render(
    text: Typesetting,
    portrait: PersonalBytes,
    signature: PersonalBytes,
    layout: Layout,
    geometry: PrintGeometry,
) -> Artwork:
    return Artwork(
        layout=layout.name,
        geometry=geometry.name,
        panels=(
            *_colour_panels(portrait, layout, geometry),
            *(_black_panel(text, signature, side, layout, geometry) for side in layout.sides),
        ),
    )


def box_px(box: Box, geometry: PrintGeometry) -> tuple[int, int, int, int]:
    """Left, top, width and height of a box in pixels."""
    left, top = geometry.x_px(box.x_mm), geometry.y_px(box.y_mm)
    right = geometry.x_px(box.x_mm + box.width_mm)
    bottom = geometry.y_px(box.y_mm + box.height_mm)
    return left, top, right - left, bottom - top


def _colour_panels(portrait: PersonalBytes, layout: Layout, geometry: PrintGeometry) -> list[Panel]:
    left, top, width, height = box_px(layout.photo, geometry)
    photo = portrait_pixels(portrait, (width, height), centre_y=layout.photo_centre_y)
    dyes = ImageChops.invert(photo)
    return [
        Panel(
            side=Side.FRONT,
            kind=kind,
            x_px=left,
            y_px=top,
            width_px=width,
            height_px=height,
            bits=8,
            data=PersonalBytes(dyes.getchannel(channel).tobytes()),
        )
        for kind, channel in _DYES.items()
    ]


def _black_panel(
    text: Typesetting, signature: PersonalBytes, side: Side, layout: Layout, geometry: PrintGeometry
) -> Panel:
    boxes = [box for box in text.boxes if box.side is side]
    labels = tuple(box for box in boxes if box.role is Role.LABEL)
    resin = _fixed_layer(labels, side, layout, geometry).copy()
    for box in boxes:
        if box.role is Role.VALUE:
            draw_line(resin, box, layout, geometry)
    if side is Side.FRONT:
        left, top, width, height = box_px(layout.signature, geometry)
        resin.paste(1, (left, top), signature_ink(signature, (width, height)))
    return Panel(
        side=side,
        kind=PanelKind.BLACK,
        x_px=0,
        y_px=0,
        width_px=geometry.width_px,
        height_px=geometry.height_px,
        bits=1,
        data=PersonalBytes(resin.tobytes()),
    )


# Few layers are in use at once: one or two layouts, rows moved by a second line here and there.
@lru_cache(maxsize=64)
def _fixed_layer(
    labels: tuple[TextBox, ...], side: Side, layout: Layout, geometry: PrintGeometry
) -> Image.Image:
    layer = Image.new("1", (geometry.width_px, geometry.height_px))
    for box in labels:
        draw_line(layer, box, layout, geometry)
    for one in layout.inscriptions:
        if one.side is side:
            setting = Setting(one.font, one.size_pt, one.x_mm, one.baseline_mm)
            draw_text(layer, one.text, setting, layout, geometry)
    if layout.chip_mark is not None and side is Side.FRONT:
        left, top, width, height = box_px(layout.chip_mark, geometry)
        layer.paste(1, (left, top), chip_mark((width, height)))
    return layer


def draw_line(resin: Image.Image, box: TextBox, layout: Layout, geometry: PrintGeometry) -> None:
    """Draw the line of a text box."""
    setting = Setting(box.font, box.size_pt, box.x_mm, box.baseline_mm)
    draw_text(resin, box.text.reveal(), setting, layout, geometry)


def draw_text(
    resin: Image.Image, text: str, setting: Setting, layout: Layout, geometry: PrintGeometry
) -> None:
    """Draw a line, each glyph where the linear widths put it."""
    size_mm = setting.size_pt * MM_PER_PT
    pens_em = layout.face(setting.font).pens_em(text)
    pens_mm = [setting.x_mm + pen_em * size_mm for pen_em in pens_em]
    draw_glyphs(resin, text, pens_mm, setting, layout, geometry)


def draw_glyphs(
    resin: Image.Image,
    text: str,
    pens_mm: Sequence[float],
    setting: Setting,
    layout: Layout,
    geometry: PrintGeometry,
    *,
    top_px: int = 0,
) -> None:
    """Draw each glyph with its pen at its place, to the nearest pixel.

    `top_px` is the row of the card with which `resin` begins.
    """
    face = layout.face(setting.font)
    size_px = round(setting.size_pt * geometry.dpi / 72, 3)
    baseline = geometry.y_px(setting.baseline_mm) - top_px
    for character, pen_mm in zip(text, pens_mm, strict=True):
        left, top, ink = face.glyph(character, size_px)
        if ink is not None:
            resin.paste(1, (geometry.x_px(pen_mm) + left, baseline + top), ink)
