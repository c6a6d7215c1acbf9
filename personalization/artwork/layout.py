"""A layout: where each field of a card stands, in which type, and how it may give way.

A layout is data (`layouts/*.toml`, where the rules of fitting are told) and knows no printer:
lengths are millimetres from the card's upper left corner, type sizes are points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum, unique
from typing import Final, NamedTuple, Self

from ektp.printer_profiles import CARD_HEIGHT_MM, CARD_WIDTH_MM, Side
from ektp.record import CardVariant
from personalization.artwork.fields import EVERY_FIELD
from personalization.artwork.fontface import FontFace, load_face

__all__ = [
    "SLOT_CHARACTERS",
    "Align",
    "Block",
    "Box",
    "Inscription",
    "Layout",
    "Row",
    "Slot",
    "SlotCharacters",
    "Underlay",
]

Colour = tuple[int, int, int]

MM_PER_PT: Final = 25.4 / 72
DIGITS: Final = "0123456789"
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ENGLISH_FONT: Final = "english"
LABEL_GAP_EM: Final = 0.3
"""Between a label and its English, in em of the label."""


class SlotCharacters(NamedTuple):
    """How many characters a slot has, and which they may be."""

    characters: int
    alphabet: str


SLOT_CHARACTERS: Final[Mapping[str, SlotCharacters]] = {
    "document_number": SlotCharacters(9, LETTERS + DIGITS),
    "can": SlotCharacters(6, DIGITS),
    "mrz_upper": SlotCharacters(30, LETTERS + DIGITS + "<"),
    "mrz_middle": SlotCharacters(30, LETTERS + DIGITS + "<"),
    "mrz_lower": SlotCharacters(30, LETTERS + DIGITS + "<"),
}
"""What is known at binding only (ICAO Doc 9303-5 clauses 3.2.3 and 4.2)."""


@unique
class Align(StrEnum):
    """How a line stands between the left and the right edge of its box."""

    LEFT = "left"
    CENTRE = "centre"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle on the card, in millimetres."""

    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float

    @property
    def on_card(self) -> bool:
        """Whether all of it lies on an ID-1 card."""
        return (
            self.x_mm >= 0
            and self.y_mm >= 0
            and min(self.width_mm, self.height_mm) > 0
            and self.x_mm + self.width_mm <= CARD_WIDTH_MM
            and self.y_mm + self.height_mm <= CARD_HEIGHT_MM
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field: its label and colon, if it has them, and the box of its value.

    `beside` puts it on the baseline of the row before it. Where `label_rise_mm` is stated, the
    label stands that far above the value and has no colon.
    """

    field: str
    align: Align
    x_mm: float
    right_mm: float
    font: str
    size_pt: float
    lines: int = 1
    beside: bool = False
    label_x_mm: float | None = None
    colon_x_mm: float | None = None
    label_font: str = ""
    label_pt: float = 0.0
    label_rise_mm: float = 0.0
    side: Side = Side.FRONT

    @property
    def width_mm(self) -> float:
        """The room for a line of the value."""
        return self.right_mm - self.x_mm


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Rows one below the other. Baselines stay between the first and the last that are stated."""

    name: str
    first_baseline_mm: float
    last_baseline_mm: float
    pitch_mm: float
    smallest_pitch_mm: float
    leading_mm: float
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inscription:
    """Words that stand on every card of a layout."""

    text: str
    side: Side
    font: str
    size_pt: float
    x_mm: float
    baseline_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A line of characters at a fixed pitch that is only known when a card is bound.

    Each character stands in the middle of its cell; the first cell begins at `x_mm`.
    """

    name: str
    side: Side
    characters: int
    font: str
    size_pt: float
    pitch_mm: float
    x_mm: float
    baseline_mm: float

    @property
    def right_mm(self) -> float:
        """The right edge of the last cell."""
        return self.x_mm + self.characters * self.pitch_mm


@dataclass(frozen=True, slots=True, kw_only=True)
class Underlay:
    """The colours of the neutral ground under a proof; never a likeness of a blank."""

    tint: Colour
    band: Colour
    word: Colour


# Compared by identity: layouts are loaded once, and serve as keys of the label cache.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """The variable layer of one kind of card.

    `values` gives, per field, the words that stand on the card for words of a closed list;
    `samples` the layout's own samples; `fonts` which file stands for each name of a font; `labels`
    the labels that differ from the field's own, `english` the words beside them, in the font
    `english`. `slots` are filled at binding; `chip_mark` is the sign of a card with a chip inside.
    """

    name: str
    variant: CardVariant
    smallest_dpi: int
    smallest_pt: float
    wrap_below_pt: float
    step_pt: float
    fonts: Mapping[str, str]
    blocks: tuple[Block, ...]
    photo: Box
    photo_centre_y: float
    signature: Box
    underlay: Underlay
    inscriptions: tuple[Inscription, ...] = ()
    slots: tuple[Slot, ...] = ()
    chip_mark: Box | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    english: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    samples: Mapping[str, str] = field(default_factory=dict)

    def face(self, font: str) -> FontFace:
        """The face behind a name of a font. Raises `ConfigurationError`."""
        return load_face(self.fonts[font])

    def with_fonts(self, fonts: Mapping[str, str]) -> Self:
        """The same layout with other font files for some of its names (an OCR face for `nik`)."""
        unknown = sorted(set(fonts) - set(self.fonts))
        if unknown:
            msg = f"the layout has no font called {unknown[0]}"
            raise ValueError(msg)
        return replace(self, fonts={**self.fonts, **fonts})

    def label_for(self, field: str, value: str) -> str:
        """The label that stands before or above a value, as approved."""
        own = EVERY_FIELD[field].label_for(value)
        return self.labels.get(own, own)

    def labels_of(self, field: str) -> frozenset[str]:
        """Every label that a field can have on this card."""
        return frozenset(self.labels.get(own, own) for own in EVERY_FIELD[field].labels)

    def beside_label(self, label: str) -> str:
        """What stands after a label in English, with its oblique; empty where nothing does."""
        return f"/ {self.english[label]}" if label in self.english else ""

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides that this layout prints."""
        printed = {Side.FRONT, *(row.side for row in self.rows)}
        printed |= {slot.side for slot in self.slots}
        return tuple(side for side in Side if side in printed)

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, in the order of the card."""
        return tuple(row for block in self.blocks for row in block.rows)
