"""Layout files: reading them, and refusing those that could not print what they promise."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Final, TypeVar, cast

from ektp.chip_profiles import ICAO_LDS1, KTP_EL
from ektp.errors import ConfigurationError, LayoutUnknown
from ektp.printer_profiles import Side
from ektp.record import CardVariant
from personalization.artwork.layout import (
    Align,
    Block,
    Box,
    Colour,
    Inscription,
    Layout,
    Row,
    Slot,
    Underlay,
)
from personalization.artwork.layout_faults import refuse_bad

__all__ = ["LAYOUTS", "PROFILE_LAYOUTS", "layout_for", "load_layout", "parse_layout"]

LAYOUTS: Final[Mapping[CardVariant, str]] = {
    CardVariant.WNI: "ktp-el-wni",
    CardVariant.OA: "ktp-el-oa",
}
"""The layout of `ktp-el` that belongs to each variant."""

PROFILE_LAYOUTS: Final[Mapping[str, Mapping[CardVariant, str]]] = {
    KTP_EL.name: LAYOUTS,
    ICAO_LDS1.name: {
        CardVariant.WNI: "icao-lds1-wni",
        CardVariant.OA: "icao-lds1-oa",
    },
}
"""The layouts of each chip profile: what is inside decides what has to be printed."""

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
    "label_rise_mm",
    "lines",
    "side",
)
Table = Mapping[str, object]
T = TypeVar("T")


def layout_for(
    variant: CardVariant, *, profile: str = KTP_EL.name, nik_font: Path | None = None
) -> Layout:
    """The layout of a variant and a chip profile, by the profile's name.

    `nik_font` is the installation's own face for the NIK, if it has one. Raises
    `ConfigurationError` where the font cannot be used, and for another profile.
    """
    layouts = PROFILE_LAYOUTS.get(profile)
    if layouts is None:
        raise ConfigurationError("no layouts for this chip profile", profile=profile)
    return load_layout(layouts[variant], nik_font=nik_font)


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
    refuse_bad(layout)
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
        labels=_words(_optional(table, "labels")),
        english=_words(_optional(table, "english")),
        inscriptions=tuple(_inscription(one) for one in _some(table, "inscription")),
        slots=tuple(_slot(one) for one in _some(table, "slot")),
        chip_mark=_box(_table(table, "chip_mark")) if "chip_mark" in table else None,
    )
    refuse_bad(layout)
    return layout


def _read(name: str) -> Table:
    file = resources.files("personalization.artwork") / "layouts" / f"{name}.toml"
    # A name is a name: never a way out of the folder.
    if not name.replace("-", "").isalnum() or not file.is_file():
        raise LayoutUnknown(layout=name)
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    parent = table.pop("extends", None)
    return {**_read(parent), **table} if isinstance(parent, str) else table


def _inscription(table: Table) -> Inscription:
    return Inscription(
        text=_get(table, "text", str),
        side=_side(table),
        font=_get(table, "font", str),
        size_pt=_number(table, "size_pt"),
        x_mm=_number(table, "x_mm"),
        baseline_mm=_number(table, "baseline_mm"),
    )


def _slot(table: Table) -> Slot:
    return Slot(
        name=_get(table, "name", str),
        side=_side(table),
        characters=_get(table, "characters", int),
        font=_get(table, "font", str),
        size_pt=_number(table, "size_pt"),
        pitch_mm=_number(table, "pitch_mm"),
        x_mm=_number(table, "x_mm"),
        baseline_mm=_number(table, "baseline_mm"),
    )


def _side(table: Table) -> Side:
    try:
        return Side(_get({"side": Side.FRONT, **table}, "side", str))
    except ValueError:
        raise ConfigurationError("a card has a front and a back", key="side") from None


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
    labelled, above = "label_x_mm" in table, "label_rise_mm" in table
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
        label_font=_get(table, "label_font", str) if labelled or above else "",
        label_pt=_number(table, "label_pt") if labelled or above else 0.0,
        label_rise_mm=_number(table, "label_rise_mm") if above else 0.0,
        side=_side(block),
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


def _some(table: Table, key: str) -> list[Table]:
    return _tables(table, key) if key in table else []


def _tables(table: Table, key: str) -> list[Table]:
    rows = _get(table, key, list)
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ConfigurationError("a layout lacks tables", key=key)
    return rows
