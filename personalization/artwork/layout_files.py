"""Layout files: reading them, and refusing those that could not print what they promise."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Final, TypeVar, cast

from ektp.errors import ConfigurationError, LayoutUnknown
from ektp.printer_profiles import CARD_HEIGHT_MM, CARD_WIDTH_MM
from ektp.record import CardVariant
from personalization.artwork.fields import FIELDS
from personalization.artwork.layout import Align, Block, Box, Colour, Layout, Row, Underlay

__all__ = ["LAYOUTS", "layout_for", "load_layout", "parse_layout"]

LAYOUTS: Final[Mapping[CardVariant, str]] = {
    CardVariant.WNI: "ktp-el-wni",
    CardVariant.OA: "ktp-el-oa",
}
"""The layout that belongs to each variant."""

_MM_PER_PT: Final = 25.4 / 72
_DIGITS: Final = "0123456789"
_ROW_KEYS: Final = (
    "align",
    "x_mm",
    "right_mm",
    "font",
    "size_pt",
    "label_x_mm",
    "colon_x_mm",
    "label_font",
    "label_pt",
    "lines",
)
Table = Mapping[str, object]
T = TypeVar("T")


def layout_for(variant: CardVariant, *, nik_font: Path | None = None) -> Layout:
    """The layout of a variant; `nik_font` is the installation's OCR face, if it has one.

    Raises `ConfigurationError` where the font cannot be used.
    """
    return load_layout(LAYOUTS[variant], nik_font=nik_font)


def load_layout(name: str, *, nik_font: Path | None = None) -> Layout:
    """An installed layout by its name; the same object for the same name and face.

    Raises `LayoutUnknown`, `ConfigurationError`.
    """
    return _load(name, nik_font)


@lru_cache(maxsize=16)
def _load(name: str, nik_font: Path | None) -> Layout:
    layout = parse_layout(_read(name))
    if nik_font is None:
        return layout
    layout = layout.with_fonts({"nik": str(nik_font)})
    _refuse_bad(layout)
    return layout


def parse_layout(table: Table) -> Layout:
    """A layout from the tables of its file (`extends` resolved).

    Raises `ConfigurationError` for a field that does not exist, a label that does not fit before
    its colon, a place outside the card, a size below the smallest.
    """
    rules, underlay = _table(table, "rules"), _table(table, "underlay")
    try:
        variant = CardVariant(_get(table, "variant", str))
    except ValueError:
        raise ConfigurationError("a layout names no variant", key="variant") from None
    layout = Layout(
        name=_get(table, "name", str),
        variant=variant,
        smallest_dpi=_get(table, "smallest_dpi", int),
        smallest_pt=_number(rules, "smallest_pt"),
        wrap_below_pt=_number(rules, "wrap_below_pt"),
        step_pt=_number(rules, "step_pt"),
        fonts=_words(_table(table, "fonts")),
        blocks=tuple(_block(block) for block in _tables(table, "block")),
        photo=_box(_table(table, "photo")),
        photo_centre_y=_number(_table(table, "photo"), "centre_y"),
        signature=_box(_table(table, "signature")),
        underlay=Underlay(
            tint=_colour(underlay, "tint"),
            band=_colour(underlay, "band"),
            word=_colour(underlay, "word"),
        ),
        values={
            key: _words(cast("Table", words)) for key, words in _optional(table, "values").items()
        },
        samples=_words(_optional(table, "samples")),
    )
    _refuse_bad(layout)
    return layout


def _read(name: str) -> Table:
    file = resources.files("personalization.artwork") / "layouts" / f"{name}.toml"
    # A name is a name: never a way out of the folder.
    if not name.replace("-", "").isalnum() or not file.is_file():
        raise LayoutUnknown(layout=name)
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    parent = table.pop("extends", None)
    return {**_read(parent), **table} if isinstance(parent, str) else table


def _block(table: Table) -> Block:
    return Block(
        name=_get(table, "name", str),
        first_baseline_mm=_number(table, "first_baseline_mm"),
        last_baseline_mm=_number(table, "last_baseline_mm"),
        pitch_mm=_number(table, "pitch_mm"),
        smallest_pitch_mm=_number(table, "smallest_pitch_mm"),
        leading_mm=_number(table, "leading_mm"),
        rows=tuple(_row(table, row) for row in _tables(table, "row")),
    )


def _row(block: Table, own: Table) -> Row:
    """A row takes from its block what it does not state itself."""
    table: Table = {**{key: block[key] for key in _ROW_KEYS if key in block}, **own}
    labelled = "label_x_mm" in table
    try:
        align = Align(str(table.get("align", Align.LEFT)))
    except ValueError:
        raise ConfigurationError("no such alignment", key="align") from None
    return Row(
        field=_get(table, "field", str),
        align=align,
        x_mm=_number(table, "x_mm"),
        right_mm=_number(table, "right_mm"),
        font=_get(table, "font", str),
        size_pt=_number(table, "size_pt"),
        lines=_get({"lines": 1, **table}, "lines", int),
        beside=_get({"beside": False, **table}, "beside", bool),
        label_x_mm=_number(table, "label_x_mm") if labelled else None,
        colon_x_mm=_number(table, "colon_x_mm") if labelled else None,
        label_font=_get(table, "label_font", str) if labelled else "",
        label_pt=_number(table, "label_pt") if labelled else 0.0,
    )


def _box(table: Table) -> Box:
    return Box(
        x_mm=_number(table, "x_mm"),
        y_mm=_number(table, "y_mm"),
        width_mm=_number(table, "width_mm"),
        height_mm=_number(table, "height_mm"),
    )


def _colour(table: Table, key: str) -> Colour:
    parts = _get(table, key, list)
    if len(parts) != 3 or not all(isinstance(part, int) and 0 <= part <= 255 for part in parts):
        raise ConfigurationError("a colour has three parts of 0 to 255", key=key)
    red, green, blue = parts
    return red, green, blue


def _words(table: Table) -> dict[str, str]:
    return {key: _get(table, key, str) for key in table}


def _number(table: Table, key: str) -> float:
    value = table.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigurationError("a layout lacks a number", key=key)
    return float(value)


def _get(table: Table, key: str, kind: type[T]) -> T:
    value = table.get(key)
    if not isinstance(value, kind):
        raise ConfigurationError("a layout lacks an entry", key=key, kind=kind.__name__)
    return value


def _table(table: Table, key: str) -> Table:
    return cast("Table", _get(table, key, dict))


def _optional(table: Table, key: str) -> Table:
    return _table({key: {}, **table}, key)


def _tables(table: Table, key: str) -> list[Table]:
    rows = _get(table, key, list)
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ConfigurationError("a layout lacks tables", key=key)
    return rows


def _refuse_bad(layout: Layout) -> None:
    for fault, key in _faults(layout):
        raise ConfigurationError(fault, layout=layout.name, key=key)


def _faults(layout: Layout) -> Iterator[tuple[str, str]]:
    if not layout.photo.on_card or not layout.signature.on_card:
        yield "a picture stands outside the card", "photo, signature"
    if not 0 < layout.smallest_pt <= layout.wrap_below_pt or layout.step_pt <= 0:
        yield "sizes of type do not go down in steps", "rules"
    known = {row.field for row in layout.rows}
    for name in (*layout.values, *layout.samples):
        if name not in known:
            yield "words for a field that the layout does not have", name
    for block in layout.blocks:
        yield from _block_faults(block)
        for row in block.rows:
            yield from _row_faults(layout, row)


def _block_faults(block: Block) -> Iterator[tuple[str, str]]:
    bands = sum(not row.beside for row in block.rows)
    end = block.first_baseline_mm + (bands - 1) * block.smallest_pitch_mm
    if block.rows[0].beside:
        yield "the first row stands beside nothing", block.name
    if not 0 < block.smallest_pitch_mm <= block.pitch_mm or block.leading_mm <= 0:
        yield "rows do not follow one another", block.name
    if block.first_baseline_mm <= 0 or not end <= block.last_baseline_mm < CARD_HEIGHT_MM:
        yield "the rows have no room", block.name


def _row_faults(layout: Layout, row: Row) -> Iterator[tuple[str, str]]:
    if row.field not in FIELDS:
        yield "there is no such field", row.field
        return
    for font in (row.font, row.label_font or row.font):
        if font not in layout.fonts:
            yield "there is no such font", font
            return
    if not 0 <= row.x_mm < row.right_mm <= CARD_WIDTH_MM or row.lines < 1:
        yield "the value has no room", row.field
    if row.field == "nik" and layout.face(row.font).lacks(_DIGITS) is not None:
        yield "the font lacks a digit", row.font
    if row.size_pt < layout.smallest_pt:
        yield "the type is smaller than the smallest legible", row.field
    if row.label_x_mm is not None and row.colon_x_mm is not None:
        yield from _label_faults(layout, row, row.label_x_mm, row.colon_x_mm)


def _label_faults(
    layout: Layout, row: Row, x_mm: float, colon_mm: float
) -> Iterator[tuple[str, str]]:
    face = layout.face(row.label_font)
    if row.label_pt < layout.smallest_pt:
        yield "the label is smaller than the smallest legible", row.field
    for label in FIELDS[row.field].labels | {":"}:
        if face.lacks(label) is not None:
            yield "the font lacks a character of a label", row.field
            return
    size_mm = row.label_pt * _MM_PER_PT
    widest = max((face.width_em(label) for label in FIELDS[row.field].labels), default=0.0)
    if (
        x_mm < 0
        or x_mm + widest * size_mm > colon_mm
        or colon_mm + face.width_em(":") * size_mm > row.x_mm
    ):
        yield "label, colon and value overlap", row.field
