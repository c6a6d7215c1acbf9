"""Printer profiles as data: geometry and features. Chosen by feature, never by model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from ektp.errors import ConfigurationError

__all__ = [
    "CARD_HEIGHT_MM",
    "CARD_WIDTH_MM",
    "GEOMETRIES",
    "PanelKind",
    "PrintGeometry",
    "PrinterCapabilities",
    "Side",
    "Station",
    "Tray",
    "print_geometry",
]

CARD_WIDTH_MM: Final = 85.60
CARD_HEIGHT_MM: Final = 53.98
"""ID-1 (ISO/IEC 7810 clause 5)."""


@unique
class Side(StrEnum):
    """A side of the card."""

    FRONT = "front"
    BACK = "back"


@unique
class PanelKind(StrEnum):
    """A panel of the ribbon: yellow, magenta, cyan, black resin, overlay."""

    YELLOW = "y"
    MAGENTA = "m"
    CYAN = "c"
    BLACK = "k"
    OVERLAY = "o"


@unique
class Station(StrEnum):
    """A place inside a machine where a card can stand."""

    NONE = "none"
    TRANSPORT = "transport"
    CONTACTLESS = "contactless"
    PRINT = "print"
    EXIT = "exit"


@unique
class Tray(StrEnum):
    """Where a card leaves a machine."""

    GOOD = "good"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintGeometry:
    """The raster that a machine prints, seen with the card upright (long side horizontal)."""

    name: str
    dpi: int
    width_px: int
    height_px: int

    def x_px(self, millimetres: float) -> int:
        """A distance from the card's left edge, in pixels; the raster is centred on the card."""
        return round(self._offset(self.width_px, CARD_WIDTH_MM) + millimetres * self.dpi / 25.4)

    def y_px(self, millimetres: float) -> int:
        """A distance from the card's top edge, in pixels; the raster is centred on the card."""
        return round(self._offset(self.height_px, CARD_HEIGHT_MM) + millimetres * self.dpi / 25.4)

    def length_px(self, millimetres: float) -> int:
        """A length in pixels."""
        return round(millimetres * self.dpi / 25.4)

    def _offset(self, pixels: int, card_mm: float) -> float:
        return (pixels - card_mm * self.dpi / 25.4) / 2


GEOMETRIES: Final[dict[str, PrintGeometry]] = {
    geometry.name: geometry
    for geometry in (
        PrintGeometry(name="cr80-300-1016x648", dpi=300, width_px=1016, height_px=648),
        PrintGeometry(name="cr80-300-1013x638", dpi=300, width_px=1013, height_px=638),
        PrintGeometry(name="cr80-600-2032x1296", dpi=600, width_px=2032, height_px=1296),
    )
}
"""The rasters that machines of this kind print, by name."""


def print_geometry(name: str) -> PrintGeometry:
    """The geometry of that name. Raises `ConfigurationError`."""
    try:
        return GEOMETRIES[name]
    except KeyError:
        raise ConfigurationError("no such print geometry", geometry=name) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterCapabilities:
    """What a machine can do, told by its driver."""

    geometry: PrintGeometry
    contactless_station: bool
    reparks_after_print: bool
    duplex: bool
    reject_tray: bool
    hopper_cards: int
    panels: frozenset[PanelKind]
