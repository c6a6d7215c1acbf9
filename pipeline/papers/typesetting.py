"""How text is set on the papers: styles, lines of one face, paragraphs with bold parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pipeline.papers.faces import width_mm, wrap
from pipeline.papers.ink import GREY, INK, MM_PER_POINT, Face, Text

__all__ = [
    "BODY",
    "CELL",
    "LABEL",
    "SECOND",
    "Align",
    "Bold",
    "Runs",
    "Style",
    "break_runs",
    "text_ink",
]

Align = Literal["left", "center", "right"]
"""Which end of a line stands at the place that is given for it."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a text looks: face, size and colour."""

    face: Face
    size_pt: float
    color: str = INK
    leading: float = 1.3

    @property
    def line_mm(self) -> float:
        """From baseline to baseline."""
        return self.size_pt * self.leading * MM_PER_POINT

    @property
    def rise_mm(self) -> float:
        """From the top of a capital to the baseline."""
        return self.size_pt * 0.73 * MM_PER_POINT


BODY: Final = Style(Face.PLAIN, 8.8, leading=1.38)
SECOND: Final = Style(Face.PLAIN, 6.6, GREY)
LABEL: Final = Style(Face.PLAIN, 6.8, GREY)
CELL: Final = Style(Face.PLAIN, 7.4, leading=1.25)


class Bold(str):
    """A part of a paragraph in bold."""

    __slots__ = ()


Runs = Sequence[str]
"""A paragraph: texts, some of them `Bold`."""

_Word = list[tuple[str, Face]]


def break_runs(runs: Runs, size_pt: float, room_mm: float) -> list[list[tuple[str, Face]]]:
    """The lines of a paragraph, each as pieces of one face. Raises `GlyphMissing`."""
    space = width_mm(" ", Face.PLAIN, size_pt)
    lines: list[list[_Word]] = [[]]
    used = 0.0
    for word in _words(runs, size_pt, room_mm):
        width = sum(width_mm(text, face, size_pt) for text, face in word)
        if lines[-1] and used + space + width > room_mm:
            lines.append([])
            used = 0.0
        used += width + (space if lines[-1] else 0.0)
        lines[-1].append(word)
    return [_merged(line) for line in lines]


def _words(runs: Runs, size_pt: float, room_mm: float) -> list[_Word]:
    words: list[_Word] = [[]]
    for run in runs:
        face = Face.BOLD if isinstance(run, Bold) else Face.PLAIN
        first, *others = run.split(" ")
        if first:
            words[-1].append((first, face))
        for text in others:
            pieces = wrap(text, face, size_pt, room_mm)
            words.extend([(piece, face)] if piece else [] for piece in pieces)
    return [word for word in words if word]


def _merged(line: list[_Word]) -> list[tuple[str, Face]]:
    pieces: list[tuple[str, Face]] = []
    for number, word in enumerate(line):
        for position, (text, face) in enumerate(word):
            gap = " " if number and not position else ""
            if pieces and pieces[-1][1] is face:
                pieces[-1] = (pieces[-1][0] + gap + text, face)
            elif gap and pieces:
                # The space between two faces belongs to the first of them.
                pieces[-1] = (pieces[-1][0] + gap, pieces[-1][1])
                pieces.append((text, face))
            else:
                pieces.append((text, face))
    return pieces


def text_ink(text: str, x_mm: float, y_mm: float, style: Style, align: Align = "left") -> Text:
    """One line at a baseline, its left end, middle or right end at `x_mm`.

    Raises `GlyphMissing`.
    """
    width = width_mm(text, style.face, style.size_pt)
    shift = {"left": 0.0, "center": width / 2, "right": width}[align]
    return Text(x_mm - shift, y_mm, text, style.face, style.size_pt, style.color, width)
