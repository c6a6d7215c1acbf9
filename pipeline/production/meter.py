"""How busy a machine is: the share of a line's time that its machine spent moving and printing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from ektp.cards import PrintReport
from ektp.perso import Artwork
from ektp.ports import CardChannel, CardPrinter, PrinterCounters, PrinterStatus
from ektp.printer_profiles import PrinterCapabilities, Station, Tray

__all__ = ["MeteredPrinter"]


class MeteredPrinter:
    """A printer with a stopwatch (implements `ektp.ports.CardPrinter`)."""

    def __init__(self, printer: CardPrinter) -> None:
        self._printer = printer
        self.busy_s = 0.0

    @contextmanager
    def _busy(self) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.busy_s += time.perf_counter() - began

    def capabilities(self) -> PrinterCapabilities:
        """What the machine can do."""
        return self._printer.capabilities()

    def status(self) -> PrinterStatus:
        """Where a card stands."""
        return self._printer.status()

    def reserve(self, owner: str) -> None:
        """Claim the machine."""
        self._printer.reserve(owner)

    def release(self) -> None:
        """Give it back."""
        self._printer.release()

    def feed_to(self, station: Station, hopper: int = 1) -> None:
        """Feed a card, on the clock."""
        with self._busy():
            self._printer.feed_to(station, hopper)

    def park(self, station: Station) -> None:
        """Move the card, on the clock."""
        with self._busy():
            self._printer.park(station)

    def channel(self) -> AbstractContextManager[CardChannel]:
        """The chip of the card at the station."""
        return self._printer.channel()

    def print(self, artwork: Artwork) -> PrintReport:
        """Print, on the clock."""
        with self._busy():
            return self._printer.print(artwork)

    def eject(self, tray: Tray) -> None:
        """Eject, on the clock."""
        with self._busy():
            self._printer.eject(tray)

    def recover(self) -> PrinterStatus:
        """Clear what an error left."""
        return self._printer.recover()

    def counters(self) -> PrinterCounters:
        """The machine's counters."""
        return self._printer.counters()
