"""Tables that split over pages: repeated head, sums carried over, groups that say they go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pipeline.papers.faces import fit, width_mm, wrap
from pipeline.papers.ink import ACCENT, BAND, GREY, INK, PALE, RULE, Box, Face, Line
from pipeline.papers.sheet import Sheet
from pipeline.papers.typesetting import CELL, Align, Style
from pipeline.papers.wording import Bi, Lang

__all__ = ["SUM_MM", "Bar", "Cell", "Column", "Table", "Tick"]

SUM_MM: Final = 5.4
"""The height of a line of sums: what a last row must keep free below itself."""

_PAD_X: Final = 1.1
_PAD_Y: Final = 1.05
_HEAD: Final = Style(Face.BOLD, 7, ACCENT, leading=1.2)
_HEAD_SECOND: Final = Style(Face.PLAIN, 5.8, GREY, leading=1.25)
_BAND: Final = Style(Face.BOLD, 7.4, INK)
_NOTE: Final = Style(Face.ITALIC, 6.6, GREY)
_SUM: Final = Style(Face.BOLD, 7.4, INK)
_SUM_SECOND: Final = Style(Face.PLAIN, 6.2, GREY)


class Tick(Enum):
    """A cell to be filled in by hand: an empty square."""

    BOX = "box"


@dataclass(frozen=True, slots=True)
class Bar:
    """A cell with a bar over a share (0 to 1) of its width."""

    share: float


Cell = str | Tick | Bar
"""What a cell can hold."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title in both languages, its width, and how its cells stand."""

    title: Bi
    width_mm: float
    align: Align = "left"
    face: Face = Face.PLAIN


class Table:
    """A table at the sheet's cursor, over the whole width.

    With `counted`, which writes a number with its noun, it keeps a running sum of the rows' weights
    and carries it over at every page break (*jumlah dipindahkan*), as paper ledgers do.
    """

    def __init__(
        self,
        sheet: Sheet,
        columns: Sequence[Column],
        *,
        counted: Callable[[int, Lang], str] | None = None,
        cell: Style = CELL,
    ) -> None:
        self._sheet = sheet
        self._columns = columns
        self._counted = counted
        self._style = cell
        self._sum = 0
        self._band: tuple[str, str] | None = None
        sheet.need(self._head_mm() + 3 * SUM_MM)
        self._head()

    # --- parts

    def row(
        self,
        cells: Sequence[Cell],
        *,
        weight: int = 0,
        keep_mm: float = 0.0,
        face: Face | None = None,
        color: str | None = None,
    ) -> None:
        """A row; `keep_mm` is what must still fit below it on the same page.

        `face` and `color` take the place of the columns' own.
        """
        texts = [
            self._wrapped(cell, face or column.face, column.width_mm - 2 * _PAD_X)
            for cell, column in zip(cells, self._columns, strict=True)
        ]
        height = max(1, *(len(lines) for lines, _ in texts)) * self._style.line_mm + 2 * _PAD_Y
        self._room_for(height + keep_mm)
        top = self._sheet.y_mm
        x = self._sheet.left_mm

        # Where the capitals of the first line begin, so that one line stands in the row's middle.
        first = top + _PAD_Y + (self._style.line_mm - self._style.rise_mm) / 2
        for cell, (lines, size), column in zip(cells, texts, self._columns, strict=True):
            if isinstance(cell, Tick):
                self._tick(x + column.width_mm / 2, top + height / 2)
            elif isinstance(cell, Bar):
                self._bar(cell, x + _PAD_X, top + height / 2, column.width_mm - 2 * _PAD_X)
            style = Style(face or column.face, size, color or INK)
            self._cell(lines, x, first, column, style, self._style)
            x += column.width_mm
        self._close_row(height)
        self._sum += weight

    def _wrapped(self, cell: Cell, face: Face, room_mm: float) -> tuple[list[str], float]:
        size = self._style.size_pt
        if not isinstance(cell, str):
            return [], size
        # An id or a long word is rather made a little smaller than broken.
        longest = max(cell.split(" "), key=lambda word: width_mm(word, face, size))
        size = fit(longest, face, size, size * 0.8, room_mm)
        return wrap(cell, face, size, room_mm), size

    def band(self, text: str, note: str = "") -> None:
        """The heading of a group of rows; it is repeated where the group goes on."""
        self._band = None
        self._room_for(SUM_MM * 2.4)
        self._band = (text, note)
        self._draw_band(text, note)

    def sums(self, words: Bi, figure: str, note: str = "", *, strong: bool = False) -> None:
        """A line of sums with its figure at the right end, and a remark before it."""
        self._room_for(SUM_MM)
        self._draw_sum(words, figure, note, strong=strong)

    def end_group(self) -> None:
        """The group is over: a page break after this does not repeat its heading."""
        self._band = None

    def end(self) -> None:
        """The table is over."""
        self._sheet.rule(self._sheet.y_mm, width_pt=0.9, color=ACCENT)
        self._sheet.skip(4)

    # --- page breaks

    def _carry_mm(self) -> float:
        return SUM_MM if self._counted else 0.0

    def _room_for(self, height_mm: float) -> None:
        # A table that begins low on a page may find no room even for its first row.
        if height_mm + self._carry_mm() <= self._sheet.room_mm:
            return
        if self._counted:
            words = Bi("Jumlah dipindahkan", "Carried forward")
            self._draw_sum(words, self._carried(), "")
        self._sheet.rule(self._sheet.y_mm, width_pt=0.9, color=ACCENT)
        self._sheet.break_page()
        self._head()
        if self._counted:
            self._draw_sum(Bi("Jumlah pindahan", "Brought forward"), self._carried(), "")
        if self._band:
            text, note = self._band
            again = "lanjutan" if self._sheet.lang == "id" else "continued"
            self._draw_band(f"{text} ({again})", note)

    def _carried(self) -> str:
        return self._counted(self._sum, self._sheet.lang) if self._counted else ""

    # --- drawing

    def _head_mm(self) -> float:
        return 2 * _PAD_Y + max(
            len(first) * _HEAD.line_mm + len(second) * _HEAD_SECOND.line_mm
            for first, second in map(self._title_lines, self._columns)
        )

    def _title_lines(self, column: Column) -> tuple[list[str], list[str]]:
        first, second = column.title.pick(self._sheet.lang)
        room = column.width_mm - 2 * _PAD_X
        return (
            wrap(first, _HEAD.face, _HEAD.size_pt, room),
            wrap(second, _HEAD_SECOND.face, _HEAD_SECOND.size_pt, room) if second != first else [],
        )

    def _head(self) -> None:
        sheet = self._sheet
        height = self._head_mm()
        top = sheet.y_mm
        sheet.ink(Box(sheet.left_mm, top, sheet.width_mm, height, fill=BAND))
        sheet.rule(top, width_pt=0.9, color=ACCENT)
        x = sheet.left_mm
        for column in self._columns:
            first, second = self._title_lines(column)
            self._cell(first, x, top + _PAD_Y, column, _HEAD, _HEAD)
            below = top + _PAD_Y + len(first) * _HEAD.line_mm
            self._cell(second, x, below, column, _HEAD_SECOND, _HEAD_SECOND)
            x += column.width_mm
        sheet.skip(height)
        sheet.rule(sheet.y_mm, width_pt=0.6, color=ACCENT)

    def _cell(
        self,
        lines: Sequence[str],
        x_mm: float,
        top_mm: float,
        column: Column,
        style: Style,
        pitch: Style,
    ) -> None:
        anchor = {
            "left": x_mm + _PAD_X,
            "center": x_mm + column.width_mm / 2,
            "right": x_mm + column.width_mm - _PAD_X,
        }[column.align]
        for number, line in enumerate(lines):
            y = top_mm + pitch.rise_mm + number * pitch.line_mm
            self._sheet.text(line, anchor, y, style, align=column.align)

    def _tick(self, x_mm: float, y_mm: float) -> None:
        side = 2.9
        self._sheet.ink(Box(x_mm - side / 2, y_mm - side / 2, side, side, stroke=INK, line_pt=0.6))

    def _bar(self, bar: Bar, x_mm: float, y_mm: float, room_mm: float) -> None:
        if bar.share > 0:
            # A share too small to be seen is still drawn as a stroke.
            width = max(0.4, bar.share * room_mm)
            self._sheet.ink(Box(x_mm, y_mm - 1.2, width, 2.4, fill=ACCENT))

    def _draw_band(self, text: str, note: str) -> None:
        sheet = self._sheet
        sheet.ink(Box(sheet.left_mm, sheet.y_mm, sheet.width_mm, SUM_MM, fill=PALE))
        y = sheet.y_mm + (SUM_MM + _BAND.rise_mm) / 2
        sheet.text(text, sheet.left_mm + _PAD_X, y, _BAND)
        sheet.text(note, sheet.right_mm - _PAD_X, y, _NOTE, align="right")
        self._close_row(SUM_MM)

    def _draw_sum(self, words: Bi, figure: str, note: str, *, strong: bool = False) -> None:
        sheet = self._sheet
        if strong:
            sheet.ink(Box(sheet.left_mm, sheet.y_mm, sheet.width_mm, SUM_MM, fill=BAND))
        first, second = words.pick(sheet.lang)
        y = sheet.y_mm + (SUM_MM + _SUM.rise_mm) / 2
        x = sheet.left_mm + _PAD_X
        x += sheet.text(first, x, y, _SUM) + 1.5
        sheet.text(second, x, y, _SUM_SECOND)
        taken = sheet.text(figure, sheet.right_mm - _PAD_X, y, _SUM, align="right")
        sheet.text(note, sheet.right_mm - _PAD_X - taken - 2, y, _NOTE, align="right")
        self._close_row(SUM_MM)

    def _close_row(self, height_mm: float) -> None:
        sheet = self._sheet
        sheet.skip(height_mm)
        y = sheet.y_mm
        sheet.ink(Line(sheet.left_mm, y, sheet.right_mm, y, 0.3, RULE))
