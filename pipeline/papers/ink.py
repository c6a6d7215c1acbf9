"""The drawing commands of a page, in millimetres from its top left corner.

A paper is laid out into these first and written as PDF afterwards: so the number of pages is known
before the first footer is written, and tests can see that nothing overlaps or leaves the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

__all__ = [
    "ACCENT",
    "BAD",
    "BAND",
    "GOOD",
    "GREY",
    "INK",
    "MM_PER_POINT",
    "PALE",
    "RULE",
    "WHITE",
    "Bars",
    "Box",
    "Face",
    "Ink",
    "Line",
    "Matrix",
    "Page",
    "Text",
]

MM_PER_POINT: Final = 25.4 / 72

INK: Final = "#15181c"
GREY: Final = "#66707a"
RULE: Final = "#b4bcc4"
BAND: Final = "#eef2f6"
PALE: Final = "#f6f8fa"
ACCENT: Final = "#123a63"
GOOD: Final = "#0b6b3a"
BAD: Final = "#a3131a"
WHITE: Final = "#ffffff"


@unique
class Face(StrEnum):
    """The faces of the papers: Bitstream Vera, which comes with reportlab."""

    PLAIN = "Vera"
    BOLD = "VeraBd"
    ITALIC = "VeraIt"


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; `y_mm` is its baseline, `width_mm` what it takes."""

    x_mm: float
    y_mm: float
    text: str
    face: Face
    size_pt: float
    color: str
    width_mm: float


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line."""

    x1_mm: float
    y1_mm: float
    x2_mm: float
    y2_mm: float
    width_pt: float
    color: str
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle from its top left corner; an empty colour is not drawn."""

    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float
    fill: str = ""
    stroke: str = ""
    line_pt: float = 0.5


@dataclass(frozen=True, slots=True)
class Matrix:
    """A QR code: rows of modules (1 is dark), without its quiet zone, `side_mm` wide."""

    x_mm: float
    y_mm: float
    side_mm: float
    rows: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """A Code 128 symbol, without its quiet zones, stretched to `width_mm`."""

    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float
    value: str


Ink = Text | Line | Box | Matrix | Bars
"""Any drawing command."""

Page = list[Ink]
"""The commands of one page, in the order in which they are drawn."""
