"""What a layout must not promise: a place outside the card, a wide label, a font without a sign."""

from __future__ import annotations

from collections.abc import Iterator

from ektp.errors import ConfigurationError
from ektp.printer_profiles import CARD_HEIGHT_MM, CARD_WIDTH_MM, Side
from personalization.artwork.fields import EVERY_FIELD
from personalization.artwork.layout import (
    DIGITS,
    ENGLISH_FONT,
    LABEL_GAP_EM,
    MM_PER_PT,
    SLOT_CHARACTERS,
    Block,
    Inscription,
    Layout,
    Row,
    Slot,
)

__all__ = ["refuse_bad"]


def refuse_bad(layout: Layout) -> None:
    """Raise `ConfigurationError` with the first fault of a layout, and what has it."""
    for fault, key in _faults(layout):
        raise ConfigurationError(fault, layout=layout.name, key=key)


def _faults(layout: Layout) -> Iterator[tuple[str, str]]:
    pictures = (layout.photo, layout.signature, layout.chip_mark)
    if not all(box.on_card for box in pictures if box is not None):
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
    for inscription in layout.inscriptions:
        yield from _inscription_faults(layout, inscription)
    for slot in layout.slots:
        yield from _slot_faults(layout, slot)


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
    if row.field not in EVERY_FIELD:
        yield "there is no such field", row.field
        return
    for font in (row.font, row.label_font or row.font):
        if font not in layout.fonts:
            yield "there is no such font", font
            return
    if not 0 <= row.x_mm < row.right_mm <= CARD_WIDTH_MM or row.lines < 1:
        yield "the value has no room", row.field
    if row.field == "nik" and layout.face(row.font).lacks(DIGITS) is not None:
        yield "the font lacks a digit", row.font
    if row.size_pt < layout.smallest_pt:
        yield "the type is smaller than the smallest legible", row.field
    if row.label_rise_mm:
        yield from _label_above_faults(layout, row)
    elif row.label_x_mm is not None and row.colon_x_mm is not None:
        yield from _label_faults(layout, row, row.label_x_mm, row.colon_x_mm)


def _label_faults(
    layout: Layout, row: Row, x_mm: float, colon_mm: float
) -> Iterator[tuple[str, str]]:
    face = layout.face(row.label_font)
    if row.label_pt < layout.smallest_pt:
        yield "the label is smaller than the smallest legible", row.field
    for label in layout.labels_of(row.field) | {":"}:
        if face.lacks(label) is not None:
            yield "the font lacks a character of a label", row.field
            return
    size_mm = row.label_pt * MM_PER_PT
    widest = max((face.width_em(label) for label in layout.labels_of(row.field)), default=0.0)
    if (
        x_mm < 0
        or x_mm + widest * size_mm > colon_mm
        or colon_mm + face.width_em(":") * size_mm > row.x_mm
    ):
        yield "label, colon and value overlap", row.field


def _label_above_faults(layout: Layout, row: Row) -> Iterator[tuple[str, str]]:
    face = layout.face(row.label_font)
    if row.label_pt < layout.smallest_pt:
        yield "the label is smaller than the smallest legible", row.field
    size_mm = row.label_pt * MM_PER_PT
    for label in layout.labels_of(row.field):
        english = layout.beside_label(label)
        if english and ENGLISH_FONT not in layout.fonts:
            yield "there is no font for English", ENGLISH_FONT
            return
        beside = layout.face(ENGLISH_FONT) if english else face
        if face.lacks(label) is not None or beside.lacks(english) is not None:
            yield "the font lacks a character of a label", row.field
            return
        width_em = face.width_em(label)
        if english:
            width_em += LABEL_GAP_EM + beside.width_em(english)
        if width_em * size_mm > row.width_mm:
            yield "a label is wider than its value may be", row.field


def _inscription_faults(layout: Layout, one: Inscription) -> Iterator[tuple[str, str]]:
    if one.font not in layout.fonts:
        yield "there is no such font", one.font
        return
    face = layout.face(one.font)
    if face.lacks(one.text) is not None:
        yield "the font lacks a character of an inscription", one.text
        return
    right_mm = one.x_mm + face.width_em(one.text) * one.size_pt * MM_PER_PT
    if one.x_mm < 0 or right_mm > CARD_WIDTH_MM or not 0 < one.baseline_mm < CARD_HEIGHT_MM:
        yield "an inscription stands outside the card", one.text
    if one.size_pt < layout.smallest_pt:
        yield "an inscription is smaller than the smallest legible", one.text


def _slot_faults(layout: Layout, slot: Slot) -> Iterator[tuple[str, str]]:
    if slot.name not in SLOT_CHARACTERS:
        yield "there is no such slot", slot.name
        return
    if slot.font not in layout.fonts:
        yield "there is no such font", slot.font
        return
    face, characters = layout.face(slot.font), SLOT_CHARACTERS[slot.name]
    if slot.characters != characters.characters:
        yield "a slot has another number of characters", slot.name
    if face.lacks(characters.alphabet) is not None:
        yield "the font lacks a character of a slot", slot.name
        return
    widest = max(face.width_em(character) for character in characters.alphabet)
    if widest * slot.size_pt * MM_PER_PT > slot.pitch_mm:
        yield "characters of a slot touch one another", slot.name
    if slot.x_mm < 0 or slot.right_mm > CARD_WIDTH_MM or not 0 < slot.baseline_mm < CARD_HEIGHT_MM:
        yield "a slot stands outside the card", slot.name
    photo = layout.photo
    if (
        slot.side is Side.FRONT
        and slot.x_mm < photo.x_mm + photo.width_mm
        and (slot.right_mm > photo.x_mm)
    ):
        yield "a slot stands over or under the photo", slot.name
