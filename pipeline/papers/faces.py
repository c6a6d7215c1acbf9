"""Measuring and breaking text in the faces of the papers. Nothing is cut or replaced."""

from __future__ import annotations

from functools import cache

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from ektp.errors import GlyphMissing
from pipeline.papers.ink import MM_PER_POINT, Face

__all__ = ["fit", "font_name", "require_glyphs", "width_mm", "wrap"]


@cache
def _widths(face: Face) -> tuple[str, dict[int, float]]:
    # Registered once per process; reportlab makes a subset of its own for each document.
    font = TTFont(f"ektp-{face.value}", f"{face.value}.ttf")
    pdfmetrics.registerFont(font)
    known = {code: font.face.charWidths.get(code, 0.0) for code in font.face.charToGlyph}
    return font.fontName, known


def font_name(face: Face) -> str:
    """The name under which reportlab knows a face; registers it when it is first asked for."""
    return _widths(face)[0]


def require_glyphs(text: str, face: Face, field: str = "") -> None:
    """See that the face has a glyph for each character.

    Raises `GlyphMissing` with the code point and the field, never with the text.
    """
    known = _widths(face)[1]
    for character in text:
        if ord(character) not in known:
            raise GlyphMissing(
                "a paper cannot show it", field=field or "text", character=f"U+{ord(character):04X}"
            )


def width_mm(text: str, face: Face, size_pt: float) -> float:
    """The width of a line. Raises `GlyphMissing`."""
    known = _widths(face)[1]
    try:
        units = sum(known[ord(character)] for character in text)
    except KeyError:
        require_glyphs(text, face)
        raise
    return units * size_pt * MM_PER_POINT / 1000


def fit(text: str, face: Face, largest_pt: float, smallest_pt: float, room_mm: float) -> float:
    """The size, at most the largest and at least the smallest, at which a line fits its room.

    At the smallest size it may still be too wide: then it must be wrapped.
    """
    needed = width_mm(text, face, largest_pt)
    if needed <= room_mm:
        return largest_pt
    # Cut down to a tenth of a point, so that equal papers are equal to the byte.
    return max(smallest_pt, int(largest_pt * room_mm / needed * 10) / 10)


def wrap(text: str, face: Face, size_pt: float, room_mm: float) -> list[str]:
    """Lines no wider than the room: broken between words, and inside a word only where it alone
    is wider than a line. Raises `GlyphMissing`."""
    if width_mm(text, face, size_pt) <= room_mm:
        return [text]
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width_mm(longer, face, size_pt) <= room_mm:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _broken(word, face, size_pt, room_mm)
        lines.extend(full)
    lines.append(line)
    return lines


def _broken(word: str, face: Face, size_pt: float, room_mm: float) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and width_mm(pieces[-1] + character, face, size_pt) > room_mm:
            pieces.append("")
        pieces[-1] += character
    return pieces
