"""From layout commands and pictures to the panels of a printer: Y, M, C at 8 bits, K at 1 bit.

Colour covers the photo's rectangle and nothing else; text, labels and signature are black resin
over the whole side. What is fixed (the labels) is drawn once per layout and geometry.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from PIL import Image, ImageChops

from ektp.perso import Artwork, Panel
from ektp.personal import PersonalBytes
from ektp.printer_profiles import PanelKind, PrintGeometry, Side
from ektp.record import ApprovedRecord
from personalization.artwork.layout import Box, Layout
from personalization.artwork.pictures import portrait_pixels, signature_ink
from personalization.artwork.sample_pictures import sample_portrait, sample_signature
from personalization.artwork.typesetting import (
    MM_PER_PT,
    Role,
    TextBox,
    Typesetting,
    require_raster,
    typeset,
    typeset_sample,
)

__all__ = ["render", "render_sample"]

# An RGB channel and the dye that takes its light away.
_DYES: Final = {
    PanelKind.YELLOW: "B",
    PanelKind.MAGENTA: "G",
    PanelKind.CYAN: "R",
}


def render(record: ApprovedRecord, layout: Layout, geometry: PrintGeometry) -> Artwork:
    """The front of one card as printer panels.

    Raises `FieldOverflow`, `GlyphMissing`, `ImageUnusable`, each with its `field`, and
    `LayoutUnknown` for another variant or too coarse a raster.
    """
    require_raster(layout, geometry)
    return _render(typeset(record, layout), record.portrait, record.signature, layout, geometry)


def render_sample(layout: Layout, geometry: PrintGeometry) -> Artwork:
    """The front of a card of nobody: the fields' samples, a drawn head, a drawn stroke.

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
            _black_panel(text, signature, layout, geometry),
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
    text: Typesetting, signature: PersonalBytes, layout: Layout, geometry: PrintGeometry
) -> Panel:
    labels = tuple(box for box in text.boxes if box.role is Role.LABEL)
    resin = _label_layer(labels, layout, geometry).copy()
    for box in text.boxes:
        if box.role is Role.VALUE:
            _draw_line(resin, box, layout, geometry)
    left, top, width, height = box_px(layout.signature, geometry)
    ink = signature_ink(signature, (width, height))
    resin.paste(1, (left, top), ink)
    return Panel(
        side=Side.FRONT,
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
def _label_layer(
    labels: tuple[TextBox, ...], layout: Layout, geometry: PrintGeometry
) -> Image.Image:
    layer = Image.new("1", (geometry.width_px, geometry.height_px))
    for box in labels:
        _draw_line(layer, box, layout, geometry)
    return layer


def _draw_line(resin: Image.Image, box: TextBox, layout: Layout, geometry: PrintGeometry) -> None:
    """Each glyph where the linear widths put it, to the nearest pixel."""
    face = layout.face(box.font)
    size_mm = box.size_pt * MM_PER_PT
    size_px = round(box.size_pt * geometry.dpi / 72, 3)
    baseline = geometry.y_px(box.baseline_mm)
    text = box.text.reveal()
    for character, pen_em in zip(text, face.pens_em(text), strict=True):
        left, top, ink = face.glyph(character, size_px)
        if ink is not None:
            x = geometry.x_px(box.x_mm + pen_em * size_mm) + left
            resin.paste(1, (x, baseline + top), ink)
