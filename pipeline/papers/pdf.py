"""Pages of drawing commands to PDF bytes: the same pages give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import segno
from reportlab import rl_config
from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfgen.canvas import Canvas

from pipeline.papers.faces import font_name
from pipeline.papers.ink import MM_PER_POINT, Bars, Box, Ink, Line, Matrix, Page, Text

__all__ = ["PdfInfo", "code128_modules", "qr_rows", "write_pdf"]

_PT = 1 / MM_PER_POINT


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfInfo:
    """What a PDF says of itself."""

    title: str
    author: str
    subject: str
    language: str


def qr_rows(text: str) -> tuple[bytes, ...]:
    """The modules of a QR code (ISO/IEC 18004, error correction M), without quiet zone."""
    symbol = segno.make_qr(text, error="m", boost_error=False)
    return tuple(bytes(row) for row in symbol.matrix)


def code128_modules(value: str) -> int:
    """How many modules a Code 128 symbol is wide, without its quiet zones of ten each."""
    return round(float(Code128(value, barWidth=1, quiet=0).width))


def write_pdf(pages: Sequence[Page], *, width_mm: float, height_mm: float, info: PdfInfo) -> bytes:
    """Write pages of one size."""
    # Read by reportlab when it writes a stream; 8-bit streams are smaller and ten times faster.
    rl_config.useA85 = 0
    buffer = io.BytesIO()
    canvas = Canvas(
        buffer,
        pagesize=(width_mm * _PT, height_mm * _PT),
        pageCompression=1,
        invariant=1,
        lang=info.language,
    )
    canvas.setTitle(info.title)
    canvas.setAuthor(info.author)
    canvas.setSubject(info.subject)
    canvas.setCreator("ektp")
    for page in pages:
        for ink in page:
            _draw(canvas, ink, height_mm)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


@cache
def _color(text: str) -> Color:
    return HexColor(text)


def _draw(canvas: Canvas, ink: Ink, page_mm: float) -> None:
    match ink:
        case Text():
            canvas.setFillColor(_color(ink.color))
            canvas.setFont(font_name(ink.face), ink.size_pt)
            canvas.drawString(ink.x_mm * _PT, (page_mm - ink.y_mm) * _PT, ink.text)
        case Line():
            _draw_line(canvas, ink, page_mm)
        case Box():
            _draw_box(canvas, ink, page_mm)
        case Matrix():
            _draw_matrix(canvas, ink, page_mm)
        case Bars():
            _draw_bars(canvas, ink, page_mm)


def _draw_line(canvas: Canvas, line: Line, page_mm: float) -> None:
    canvas.setStrokeColor(_color(line.color))
    canvas.setLineWidth(line.width_pt)
    canvas.setDash((0.6, 1.6) if line.dashed else ())
    canvas.line(
        line.x1_mm * _PT,
        (page_mm - line.y1_mm) * _PT,
        line.x2_mm * _PT,
        (page_mm - line.y2_mm) * _PT,
    )


def _draw_box(canvas: Canvas, box: Box, page_mm: float) -> None:
    if box.fill:
        canvas.setFillColor(_color(box.fill))
    if box.stroke:
        canvas.setStrokeColor(_color(box.stroke))
        canvas.setLineWidth(box.line_pt)
        canvas.setDash(())
    canvas.rect(
        box.x_mm * _PT,
        (page_mm - box.y_mm - box.height_mm) * _PT,
        box.width_mm * _PT,
        box.height_mm * _PT,
        stroke=int(bool(box.stroke)),
        fill=int(bool(box.fill)),
    )


def _draw_matrix(canvas: Canvas, code: Matrix, page_mm: float) -> None:
    module = code.side_mm / len(code.rows)
    path = canvas.beginPath()
    for row, modules in enumerate(code.rows):
        bottom = page_mm - code.y_mm - (row + 1) * module
        for start, end in _runs(modules):
            path.rect(
                (code.x_mm + start * module) * _PT,
                bottom * _PT,
                (end - start) * module * _PT,
                module * _PT,
            )
    canvas.setFillColor(_color("#000000"))
    canvas.drawPath(path, stroke=0, fill=1)


def _runs(modules: bytes) -> list[tuple[int, int]]:
    """Where the dark runs of a row begin and end."""
    edges = [
        column
        for column in range(len(modules) + 1)
        if (column and modules[column - 1]) != (column < len(modules) and modules[column])
    ]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _draw_bars(canvas: Canvas, bars: Bars, page_mm: float) -> None:
    module_mm = bars.width_mm / code128_modules(bars.value)
    symbol = Code128(bars.value, barWidth=module_mm * _PT, barHeight=bars.height_mm * _PT, quiet=0)
    canvas.setFillColor(_color("#000000"))
    canvas.setStrokeColor(_color("#000000"))
    symbol.drawOn(canvas, bars.x_mm * _PT, (page_mm - bars.y_mm - bars.height_mm) * _PT)
