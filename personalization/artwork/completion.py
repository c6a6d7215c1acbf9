"""What is printed when a card is bound: document number, card access number, machine-readable zone.

Everything else was rendered at preparation. The black panels are taken as they are and these
characters added, in the rows that they touch, so that a card costs a few milliseconds here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from PIL import Image

from ektp.perso import Artwork, Panel
from ektp.personal import PersonalBytes
from ektp.printer_profiles import PanelKind, PrintGeometry, print_geometry
from personalization.artwork.layout import MM_PER_PT, SLOT_CHARACTERS, Layout, Slot
from personalization.artwork.rendering import Setting, draw_glyphs

__all__ = ["complete", "slot_pens_mm"]

_MRZ_SLOTS: Final = ("mrz_upper", "mrz_middle", "mrz_lower")


def complete(
    artwork: Artwork, layout: Layout, *, document_number: str, can: str, mrz: Sequence[str]
) -> Artwork:
    """The artwork with its slots filled: the same panels, the black ones with more ink.

    `ValueError` for an artwork of another layout or without a black panel on a side that has a
    slot, and for a text that is not what its slot holds: nine characters, six digits, three lines
    of thirty. `ConfigurationError` for a geometry that is not installed.
    """
    if artwork.layout != layout.name:
        msg = "the artwork was rendered with another layout"
        raise ValueError(msg)
    if len(mrz) != len(_MRZ_SLOTS):
        msg = "a machine-readable zone has three lines"
        raise ValueError(msg)
    texts = {
        "document_number": document_number,
        "can": can,
        **dict(zip(_MRZ_SLOTS, mrz, strict=True)),
    }
    for slot in layout.slots:
        _refuse_wrong(slot, texts[slot.name])
    black = {panel.side for panel in artwork.panels if panel.kind is PanelKind.BLACK}
    if not {slot.side for slot in layout.slots} <= black:
        msg = "the artwork has no black panel on a side that has a slot"
        raise ValueError(msg)
    geometry = print_geometry(artwork.geometry)
    panels = tuple(_filled(panel, texts, layout, geometry) for panel in artwork.panels)
    return replace(artwork, panels=panels)


def slot_pens_mm(slot: Slot, text: str, layout: Layout) -> list[float]:
    """Where the pen stands for each character of a slot, so that it is amid its cell."""
    face = layout.face(slot.font)
    size_mm = slot.size_pt * MM_PER_PT
    return [
        slot.x_mm + (cell + 0.5) * slot.pitch_mm - face.advance_em(character) * size_mm / 2
        for cell, character in enumerate(text)
    ]


def _refuse_wrong(slot: Slot, text: str) -> None:
    characters = SLOT_CHARACTERS[slot.name]
    if len(text) != characters.characters or not set(text) <= set(characters.alphabet):
        msg = f"not what stands in the slot {slot.name}"
        raise ValueError(msg)


def _filled(
    panel: Panel, texts: Mapping[str, str], layout: Layout, geometry: PrintGeometry
) -> Panel:
    slots = [slot for slot in layout.slots if slot.side is panel.side]
    if panel.kind is not PanelKind.BLACK or not slots:
        return panel
    first, last = _rows(slots, panel, geometry)
    row_bytes = (panel.width_px + 7) // 8
    data = panel.data.reveal()
    above, band, below = (
        data[: first * row_bytes],
        data[first * row_bytes : last * row_bytes],
        data[last * row_bytes :],
    )
    resin = Image.frombytes("1", (panel.width_px, last - first), band)
    for slot in slots:
        text = texts[slot.name]
        setting = Setting(slot.font, slot.size_pt, slot.x_mm, slot.baseline_mm)
        pens_mm = slot_pens_mm(slot, text, layout)
        draw_glyphs(resin, text, pens_mm, setting, layout, geometry, top_px=first)
    return replace(panel, data=PersonalBytes(above + resin.tobytes() + below))


def _rows(slots: Sequence[Slot], panel: Panel, geometry: PrintGeometry) -> tuple[int, int]:
    """The rows of a panel that the slots' ink can reach; the others are not even unpacked."""
    tall = max(slot.size_pt for slot in slots) * MM_PER_PT
    baselines = [slot.baseline_mm for slot in slots]
    first = geometry.y_px(min(baselines) - tall)
    last = geometry.y_px(max(baselines) + tall)
    return max(0, first), min(panel.height_px, last)
