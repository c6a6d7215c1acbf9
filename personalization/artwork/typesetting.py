"""Fitting texts into their boxes, by the rules that a layout states.

The result is a list of layout commands in millimetres and points, the same for every printer:
rendering them is mechanical. A text that cannot be fitted is refused, never cut; a character that a
face lacks is refused, never substituted. Errors name the field and never the text.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from ektp.errors import FieldOverflow, GlyphMissing, LayoutUnknown
from ektp.personal import PersonalText
from ektp.printer_profiles import PrintGeometry, Side
from ektp.record import ApprovedRecord
from personalization.artwork.fields import EVERY_FIELD
from personalization.artwork.fontface import FontFace
from personalization.artwork.layout import (
    ENGLISH_FONT,
    LABEL_GAP_EM,
    MM_PER_PT,
    Align,
    Block,
    Layout,
    Row,
)

__all__ = ["Role", "TextBox", "Typesetting", "check", "typeset", "typeset_sample"]

# Keeps a size that fits exactly from being lost to the last bit of a float.
_SLACK: Final = 1e-9


@unique
class Role(StrEnum):
    """What a text box holds: the fixed words of a field, or its value."""

    LABEL = "label"
    VALUE = "value"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBox:
    """One line of text where it prints: the left edge of its ink and its baseline.

    `left_mm` and `right_mm` are the box that the layout allows it.
    """

    field: str
    role: Role
    line: int
    text: PersonalText
    font: str
    size_pt: float
    x_mm: float
    baseline_mm: float
    width_mm: float
    left_mm: float
    right_mm: float
    side: Side = Side.FRONT


@dataclass(frozen=True, slots=True, kw_only=True)
class Typesetting:
    """The layout commands of one card."""

    layout: str
    boxes: tuple[TextBox, ...]

    @property
    def digest(self) -> bytes:
        """SHA-256 over every line of text, its face, size and place."""
        lines = (
            f"{_side_mark(box)}{box.field}|{box.role}|{box.line}|{box.font}|{box.size_pt:.2f}|"
            f"{box.x_mm:.3f}|"
            f"{box.baseline_mm:.3f}|{box.text.reveal()}\n"
            for box in self.boxes
        )
        return hashlib.sha256((self.layout + "\n" + "".join(lines)).encode()).digest()


def _side_mark(box: TextBox) -> str:
    return "" if box.side is Side.FRONT else f"{box.side}|"


@dataclass(frozen=True, slots=True)
class _Text:
    """A value on its way: as approved (which decides the label) and as printed."""

    approved: str
    printed: str


@dataclass(frozen=True, slots=True)
class _Fitted:
    row: Row
    approved: str
    size_pt: float
    lines: tuple[str, ...]


def typeset(record: ApprovedRecord, layout: Layout) -> Typesetting:
    """Fit a record's texts. Raises `FieldOverflow`, `GlyphMissing`; `LayoutUnknown` for a variant
    that this layout is not made for: what is orange never goes on blue."""
    if record.variant is not layout.variant:
        raise LayoutUnknown("another variant", layout=layout.name, variant=record.variant.value)
    texts = {row.field: EVERY_FIELD[row.field].evaluate(record.biographic) for row in layout.rows}
    return _typeset(texts, layout)


def typeset_sample(layout: Layout) -> Typesetting:
    """Fit the layout's samples: the texts of a proof without a citizen."""
    return _typeset(
        {
            row.field: layout.samples.get(row.field, EVERY_FIELD[row.field].sample)
            for row in layout.rows
        },
        layout,
    )


def check(record: ApprovedRecord, layout: Layout, geometry: PrintGeometry) -> None:
    """Whether a record's texts can be printed; nothing is drawn and no picture is opened.

    Raises what `render` would raise for them: `FieldOverflow(field)`,
    `GlyphMissing(field, codepoint)`, and `LayoutUnknown` where the raster is too coarse for the
    layout's smallest type.
    """
    require_raster(layout, geometry)
    typeset(record, layout)


def require_raster(layout: Layout, geometry: PrintGeometry) -> None:
    """Raise `LayoutUnknown` where the geometry is too coarse for the layout."""
    if geometry.dpi < layout.smallest_dpi:
        raise LayoutUnknown("the raster is too coarse", layout=layout.name, geometry=geometry.name)


def _typeset(texts: Mapping[str, str], layout: Layout) -> Typesetting:
    words = {
        field: _Text(text, layout.values.get(field, {}).get(text, text))
        for field, text in texts.items()
    }
    _refuse_missing_glyphs(words, layout)
    boxes = [box for block in layout.blocks for box in _set_block(block, words, layout)]
    return Typesetting(layout=layout.name, boxes=tuple(boxes))


def _refuse_missing_glyphs(words: Mapping[str, _Text], layout: Layout) -> None:
    for row in layout.rows:
        lacking = layout.face(row.font).lacks(words[row.field].printed)
        if lacking is not None:
            raise GlyphMissing(field=row.field, codepoint=f"U+{ord(lacking):04X}")


# --- one block -------------------------------------------------------------------------------


def _set_block(block: Block, words: Mapping[str, _Text], layout: Layout) -> list[TextBox]:
    """Fit the rows; where they are too tall, once more with shrinking before wrapping."""
    fitted = [_fit(row, words[row.field], layout, layout.wrap_below_pt) for row in block.rows]
    pitch_mm = _pitch(block, fitted)
    if pitch_mm is None:
        fitted = [_fit(row, words[row.field], layout, layout.smallest_pt) for row in block.rows]
        pitch_mm = _pitch(block, fitted)
    if pitch_mm is None:
        longest = max(
            (one for one in fitted if len(one.lines) > 1),
            key=lambda one: sum(len(line) for line in one.lines),
        )
        raise FieldOverflow("too many lines", field=longest.row.field, layout=layout.name)
    return _place(block, fitted, pitch_mm, layout)


def _bands(fitted: list[_Fitted]) -> list[list[_Fitted]]:
    """Rows that share a baseline, together."""
    bands: list[list[_Fitted]] = []
    for one in fitted:
        if one.row.beside:
            bands[-1].append(one)
        else:
            bands.append([one])
    return bands


def _pitch(block: Block, fitted: list[_Fitted]) -> float | None:
    """The pitch of the rows, closed up as far as allowed; None where that is not enough."""
    bands = _bands(fitted)
    wrapped = sum(max(len(one.lines) for one in band) - 1 for band in bands)
    room = block.last_baseline_mm - block.first_baseline_mm - wrapped * block.leading_mm
    if len(bands) == 1:
        return block.pitch_mm if room >= -_SLACK else None
    pitch_mm = min(block.pitch_mm, room / (len(bands) - 1))
    return pitch_mm if pitch_mm >= block.smallest_pitch_mm - _SLACK else None


def _place(block: Block, fitted: list[_Fitted], pitch_mm: float, layout: Layout) -> list[TextBox]:
    boxes: list[TextBox] = []
    baseline_mm = block.first_baseline_mm
    for band in _bands(fitted):
        for one in band:
            boxes += _label_boxes(one, baseline_mm, layout)
            boxes += _value_boxes(one, baseline_mm, block.leading_mm, layout)
        baseline_mm += (max(len(one.lines) for one in band) - 1) * block.leading_mm + pitch_mm
    return boxes


def _label_boxes(fitted: _Fitted, baseline_mm: float, layout: Layout) -> list[TextBox]:
    row = fitted.row
    label = layout.label_for(row.field, fitted.approved)
    if row.label_rise_mm:
        return _labels_above(row, label, baseline_mm - row.label_rise_mm, layout)
    if row.label_x_mm is None or row.colon_x_mm is None:
        return []
    return [
        _label_box(row, 0, label, (row.label_x_mm, row.colon_x_mm), baseline_mm, layout),
        _label_box(row, 1, ":", (row.colon_x_mm, row.x_mm), baseline_mm, layout),
    ]


def _labels_above(row: Row, label: str, baseline_mm: float, layout: Layout) -> list[TextBox]:
    """A label over its value, and after it the same in English."""
    boxes = [_label_box(row, 0, label, (row.x_mm, row.right_mm), baseline_mm, layout)]
    english = layout.beside_label(label)
    if english:
        after_mm = boxes[0].x_mm + boxes[0].width_mm + LABEL_GAP_EM * row.label_pt * MM_PER_PT
        edges_mm = (after_mm, row.right_mm)
        boxes.append(_label_box(row, 1, english, edges_mm, baseline_mm, layout, font=ENGLISH_FONT))
    return boxes


def _label_box(
    row: Row,
    line: int,
    text: str,
    edges_mm: tuple[float, float],
    baseline_mm: float,
    layout: Layout,
    *,
    font: str = "",
) -> TextBox:
    font = font or row.label_font
    return TextBox(
        field=row.field,
        role=Role.LABEL,
        line=line,
        text=PersonalText(text),
        font=font,
        size_pt=row.label_pt,
        x_mm=edges_mm[0],
        baseline_mm=baseline_mm,
        width_mm=layout.face(font).width_em(text) * row.label_pt * MM_PER_PT,
        left_mm=edges_mm[0],
        right_mm=edges_mm[1],
        side=row.side,
    )


def _value_boxes(
    fitted: _Fitted, baseline_mm: float, leading_mm: float, layout: Layout
) -> list[TextBox]:
    row = fitted.row
    face = layout.face(row.font)
    boxes = []
    for line, text in enumerate(fitted.lines):
        width_mm = face.width_em(text) * fitted.size_pt * MM_PER_PT
        slack_mm = row.width_mm - width_mm if row.align is Align.CENTRE else 0.0
        boxes.append(
            TextBox(
                field=row.field,
                role=Role.VALUE,
                line=line,
                text=PersonalText(text),
                font=row.font,
                size_pt=fitted.size_pt,
                x_mm=row.x_mm + slack_mm / 2,
                baseline_mm=baseline_mm + line * leading_mm,
                width_mm=width_mm,
                left_mm=row.x_mm,
                right_mm=row.right_mm,
                side=row.side,
            )
        )
    return boxes


# --- one value -------------------------------------------------------------------------------


def _fit(row: Row, text: _Text, layout: Layout, wrap_below_pt: float) -> _Fitted:
    """The first of the layout's three rules that gives a legible size."""
    face = layout.face(row.font)
    whole = (text.printed,)
    single_pt = _largest_size(row, layout, face.width_em(text.printed))
    if single_pt >= min(wrap_below_pt, row.size_pt):
        return _Fitted(row, text.approved, single_pt, whole)
    for count in range(2, row.lines + 1):
        em = _narrowest(face, text.printed, count)
        size_pt = _largest_size(row, layout, em)
        if size_pt >= layout.smallest_pt:
            limit_em = row.width_mm / (size_pt * MM_PER_PT) + _SLACK
            return _Fitted(row, text.approved, size_pt, _fill(face, text.printed, count, limit_em))
    if single_pt >= layout.smallest_pt:
        return _Fitted(row, text.approved, single_pt, whole)
    raise FieldOverflow(field=row.field, layout=layout.name, smallest_pt=layout.smallest_pt)


def _largest_size(row: Row, layout: Layout, width_em: float) -> float:
    """The largest size, in the layout's steps, at which a line so wide fits; 0 if there is none."""
    if width_em <= 0:
        return row.size_pt
    room_pt = row.width_mm / MM_PER_PT / width_em
    if room_pt + _SLACK >= row.size_pt:
        return row.size_pt
    return round(math.floor(room_pt / layout.step_pt + _SLACK) * layout.step_pt, 3)


def _splits(text: str) -> list[tuple[str, str]]:
    """The ways to break a text in two at a space; the space at the break is the line break."""
    return [
        (text[:at], text[at + 1 :])
        for at, character in enumerate(text)
        if character == " " and text[:at].strip() and text[at + 1 :].strip()
    ]


def _narrowest(face: FontFace, text: str, count: int) -> float:
    """The width in em of the widest line when a text is broken as evenly as it can be."""
    if count == 1:
        return face.width_em(text)
    return min(
        (
            max(face.width_em(head), _narrowest(face, tail, count - 1))
            for head, tail in _splits(text)
        ),
        default=math.inf,
    )


def _fill(face: FontFace, text: str, count: int, limit_em: float) -> tuple[str, ...]:
    """Break a text that fits: as much as possible on each line before the next."""
    if count == 1:
        return (text,)
    head, tail = max(
        (
            (head, tail)
            for head, tail in _splits(text)
            if face.width_em(head) <= limit_em and _narrowest(face, tail, count - 1) <= limit_em
        ),
        key=lambda pair: len(pair[0]),
    )
    return head, *_fill(face, tail, count - 1, limit_em)
