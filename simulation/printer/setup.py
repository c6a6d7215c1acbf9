"""What kind of machine is simulated: geometry, features and durations, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ektp.printer_profiles import PanelKind, PrinterCapabilities, print_geometry

__all__ = ["MachineSetup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSetup:
    """A single-side YMCKO printer-encoder with a contactless station, unless told otherwise.

    Durations in seconds are those of a desktop machine. `hopper_cards` is the hopper together with
    the stack beside it, from which its operator tops it up: a whole box. A tray without a limit is
    emptied in time by the same operator.
    """

    geometry: str = "cr80-300-1016x648"
    hoppers: int = 2
    hopper_cards: int = 2_000
    good_tray_cards: int | None = None
    reject_tray_cards: int | None = None
    duplex: bool = False
    reparks_after_print: bool = True
    panels: frozenset[PanelKind] = frozenset(PanelKind)
    ribbon_cards: int = 500
    feed_s: float = 2.0
    move_s: float = 1.0
    print_s: float = 20.0

    @property
    def capabilities(self) -> PrinterCapabilities:
        """The same, as a driver tells it. Raises `ConfigurationError` for an unknown geometry."""
        return PrinterCapabilities(
            geometry=print_geometry(self.geometry),
            contactless_station=True,
            reparks_after_print=self.reparks_after_print,
            duplex=self.duplex,
            reject_tray=True,
            hopper_cards=self.hopper_cards,
            panels=self.panels,
        )
