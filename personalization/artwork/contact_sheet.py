"""The contact sheet of a batch: ten proofs on a page of A4, each as large as the card itself.

A card that is printed on both sides takes a row: its front, and beside it its back.

It shows people, so it is drawn on demand and kept by nobody. Captions are job ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from PIL import Image
from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from ektp.perso import Artwork
from ektp.printer_profiles import CARD_HEIGHT_MM, CARD_WIDTH_MM, Side, print_geometry
from personalization.artwork.layout_files import load_layout
from personalization.artwork.proof import photo_light, printed_sides, resin, specimen_ground

__all__ = ["CARDS_PER_PAGE", "contact_sheet_pdf"]

COLUMNS: Final = 2
ROWS: Final = 5
CARDS_PER_PAGE: Final = COLUMNS * ROWS

_LEFT_MM: Final = 14.2
_TOP_MM: Final = 13.0
_COLUMN_MM: Final = 98.2
_ROW_MM: Final = CARD_HEIGHT_MM + 1.5
_FOOT_MM: Final = 5.0
_CAPTION_MM: Final = 1.6
_CORNER_MM: Final = 3.18  # ISO/IEC 7810, 5.1
_RIGHT_MM: Final = _LEFT_MM + _COLUMN_MM + CARD_WIDTH_MM
_JPEG_QUALITY: Final = 90
_TEXT: Final = "EktpProof"
_BOLD: Final = "EktpProofBold"
_TOTAL: Final = "total"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    page: str
    of: str
    notice: str


_WORDS: Final = {
    "id": _Words(
        page="halaman",
        of="dari",
        notice="PROOF \N{EN DASH} untuk diperiksa sebelum dicetak, bukan dokumen kependudukan",
    ),
    "en": _Words(
        page="page",
        of="of",
        notice="PROOF \N{EN DASH} to be checked before printing, not an identity document",
    ),
}


def contact_sheet_pdf(
    items: Iterable[tuple[str, Artwork]],
    out: Path | BinaryIO,
    *,
    title: str,
    lang: str = "id",
) -> int:
    """Write the proofs of (caption, artwork) pairs as a PDF and tell the number of its pages.

    Items are taken one at a time and only their pictures are kept; the same items give the same
    bytes. `lang` is `id` or `en` (`ValueError`). Raises what `compose` raises.
    """
    words = _WORDS.get(lang)
    if words is None:
        msg = "a contact sheet speaks id or en"
        raise ValueError(msg)
    _register_fonts()
    stream = str(out) if isinstance(out, Path) else out
    canvas = Canvas(
        stream,
        pagesize=A4,
        pageCompression=1,
        invariant=1,
        lang=lang,
        initialFontName=_TEXT,  # type: ignore[arg-type]  # the stub takes it for a number
    )
    canvas.setTitle(title)
    canvas.setCreator("ektp")
    with _binary_streams():
        pages = _draw_pages(canvas, items, title, words)
        canvas.save()
    return pages


@contextmanager
def _binary_streams() -> Iterator[None]:
    """Pictures as they are, not as text of 7 bits: a quarter smaller and three times as fast."""
    before = rl_config.useA85
    rl_config.useA85 = 0
    try:
        yield
    finally:
        rl_config.useA85 = before


def _draw_pages(
    canvas: Canvas, items: Iterable[tuple[str, Artwork]], title: str, words: _Words
) -> int:
    pages = 0
    slot = CARDS_PER_PAGE
    for caption, artwork in items:
        sides = printed_sides(artwork) or (Side.FRONT,)
        # Both sides of a card stand in one row.
        slot += slot % COLUMNS if len(sides) > 1 else 0
        for side in sides:
            if slot >= CARDS_PER_PAGE:
                if pages:
                    canvas.showPage()
                pages += 1
                slot = 0
                _furnish(canvas, title, words, pages)
            _draw_card(canvas, slot, caption, artwork, side)
            slot += 1
    if not pages:
        pages = 1
        _furnish(canvas, title, words, pages)
    canvas.showPage()
    # Pages refer to a form that is only drawn now, when the number of pages is known.
    _draw_total(canvas, words, pages)
    return pages


def _furnish(canvas: Canvas, title: str, words: _Words, page: int) -> None:
    """Head and foot of a page."""
    top = A4[1] - 8.6 * mm
    canvas.setFillGray(0)
    canvas.setFont(_BOLD, 9.5)
    canvas.drawString(_LEFT_MM * mm, top, title)
    canvas.setFillGray(0.35)
    canvas.setFont(_TEXT, 6.8)
    canvas.drawRightString(_RIGHT_MM * mm, top, words.notice)
    foot = f"{words.page} {page}"
    canvas.drawString(_LEFT_MM * mm, _FOOT_MM * mm, foot)
    canvas.saveState()
    after = _LEFT_MM * mm + pdfmetrics.stringWidth(foot, _TEXT, 6.8)
    canvas.translate(after, _FOOT_MM * mm)
    canvas.doForm(_TOTAL)
    canvas.restoreState()


def _draw_total(canvas: Canvas, words: _Words, pages: int) -> None:
    canvas.beginForm(_TOTAL, 0, -6, 60, 14)
    canvas.setFillGray(0.35)
    canvas.setFont(_TEXT, 6.8)
    canvas.drawString(0, 0, f" {words.of} {pages}")
    canvas.endForm()


def _draw_card(canvas: Canvas, slot: int, caption: str, artwork: Artwork, side: Side) -> None:
    row, column = divmod(slot, COLUMNS)
    left = (_LEFT_MM + column * _COLUMN_MM) * mm
    bottom = A4[1] - (_TOP_MM + row * _ROW_MM + CARD_HEIGHT_MM) * mm
    width, height = CARD_WIDTH_MM * mm, CARD_HEIGHT_MM * mm
    _draw_ground(canvas, artwork, side)
    canvas.saveState()
    canvas.translate(left, bottom)
    canvas.doForm(_ground_name(artwork, side))
    _draw_panels(canvas, artwork, side)
    canvas.restoreState()
    canvas.setStrokeGray(0.7)
    canvas.setLineWidth(0.3)
    canvas.roundRect(left, bottom, width, height, _CORNER_MM * mm, stroke=1, fill=0)
    if side is Side.FRONT:
        _draw_caption(canvas, left, bottom, caption)


def _draw_caption(canvas: Canvas, left: float, bottom: float, caption: str) -> None:
    """The caption runs up along the card's left edge; above it a box to tick."""
    canvas.saveState()
    canvas.translate(left - _CAPTION_MM * mm, bottom + 3.2 * mm)
    canvas.rotate(90)
    canvas.setFillGray(0)
    canvas.setFont(_TEXT, 7.2)
    canvas.drawString(0, 0, caption)
    canvas.restoreState()
    canvas.setStrokeGray(0.35)
    canvas.setLineWidth(0.5)
    canvas.rect(left - 4.5 * mm, bottom + (CARD_HEIGHT_MM - 6.4) * mm, 3.2 * mm, 3.2 * mm)


def _draw_panels(canvas: Canvas, artwork: Artwork, side: Side) -> None:
    """The panels dot for dot: the photo as a JPEG, the resin as black under a mask."""
    geometry = print_geometry(artwork.geometry)
    across = CARD_WIDTH_MM * mm / geometry.width_px
    down = CARD_HEIGHT_MM * mm / geometry.height_px
    photo = photo_light(artwork, side)
    pictures: list[tuple[tuple[int, int], tuple[int, int], ImageReader]] = []
    if photo is not None:
        pictures.append((photo[0], photo[1].size, ImageReader(_jpeg(photo[1]))))
    for place, ink in resin(artwork, side):
        black = Image.new("LA", ink.size)
        black.putalpha(ink.convert("L"))
        pictures.append((place, ink.size, ImageReader(black)))
    for (x, y), (width, height), picture in pictures:
        low = (geometry.height_px - y - height) * down
        canvas.drawImage(picture, x * across, low, width * across, height * down, mask="auto")


def _ground_name(artwork: Artwork, side: Side) -> str:
    return f"ground-{artwork.layout}-{artwork.geometry}-{side}"


def _draw_ground(canvas: Canvas, artwork: Artwork, side: Side) -> None:
    """The SPECIMEN ground of a layout's side, once in the whole document."""
    name = _ground_name(artwork, side)
    if canvas.hasForm(name):
        return
    layout, geometry = load_layout(artwork.layout), print_geometry(artwork.geometry)
    ground = specimen_ground(layout, geometry, side)
    width, height = CARD_WIDTH_MM * mm, CARD_HEIGHT_MM * mm
    canvas.beginForm(name)
    card = canvas.beginPath()
    card.roundRect(0, 0, width, height, _CORNER_MM * mm)
    canvas.clipPath(card, stroke=0, fill=0)
    canvas.drawImage(ImageReader(ground), 0, 0, width, height)
    canvas.endForm()


def _jpeg(photo: Image.Image) -> BytesIO:
    """A JPEG, which a PDF holds as it is."""
    out = BytesIO()
    photo.save(out, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    out.seek(0)
    return out


@cache
def _register_fonts() -> None:
    pdfmetrics.registerFont(TTFont(_TEXT, "Vera.ttf"))
    pdfmetrics.registerFont(TTFont(_BOLD, "VeraBd.ttf"))
