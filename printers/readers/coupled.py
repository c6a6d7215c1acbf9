"""A printer-encoder whose contactless station is read by a PC/SC reader beside or inside it.

The machine moves the card; the chip is talked to through the reader. Every other call goes to the
machine as it is.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import PrintReport
from ektp.errors import CardAbsent
from ektp.perso import Artwork
from ektp.ports import CardChannel, CardPrinter, PrinterCounters, PrinterStatus
from ektp.printer_profiles import PrinterCapabilities, Station, Tray
from printers.readers.pcsc import PcscReader

__all__ = ["CoupledPrinter"]

_SETTLE_S = 2.0
"""How long a card may take to show itself to the reader once the machine has moved it."""
_AGAIN_S = 0.05


class CoupledPrinter:
    """`ektp.ports.CardPrinter`: a machine, and the reader at its contactless station."""

    def __init__(
        self, printer: CardPrinter, reader: PcscReader, *, settle_s: float = _SETTLE_S
    ) -> None:
        self._printer = printer
        self._reader = reader
        self._settle_s = settle_s

    def __repr__(self) -> str:
        return f"CoupledPrinter({self._printer!r}, {self._reader.name!r})"

    def capabilities(self) -> PrinterCapabilities:
        """What the machine can do, by feature."""
        return self._printer.capabilities()

    def status(self) -> PrinterStatus:
        """Where a card stands, and the machine's conditions."""
        return self._printer.status()

    def reserve(self, owner: str) -> None:
        """Claim the machine for one owner. Raises `LineBusy`."""
        self._printer.reserve(owner)

    def release(self) -> None:
        """Give the claim back."""
        self._printer.release()

    def feed_to(self, station: Station, hopper: int = 1) -> None:
        """Take the next card from a hopper to a station."""
        self._printer.feed_to(station, hopper)

    def park(self, station: Station) -> None:
        """Move the card that is inside to a station."""
        self._printer.park(station)

    @contextmanager
    def channel(self) -> Iterator[CardChannel]:
        """The chip at the contactless station, through the reader, in a fresh field.

        Raises `ReaderUnavailable`. Where the reader sees no card in time, the channel is one that
        answers `CardAbsent`: a mute chip and an empty station look the same to a reader.
        """
        if self._printer.status().card_at is not Station.CONTACTLESS:
            yield _EmptyField()
            return
        with ExitStack() as stack:
            yield self._arrived(stack)

    def _arrived(self, stack: ExitStack) -> CardChannel:
        """The card that the machine brought, once the reader has it."""
        until = time.monotonic() + self._settle_s
        while (left_s := until - time.monotonic()) > 0:
            if not self._reader.wait_for_card(left_s):
                break
            # Until its next look the reader shows the card that has left: nobody answers then.
            with suppress(CardAbsent):
                return stack.enter_context(self._reader.card())
            time.sleep(_AGAIN_S)
        return _EmptyField()

    def print(self, artwork: Artwork) -> PrintReport:
        """Print the card that is inside."""
        return self._printer.print(artwork)

    def eject(self, tray: Tray) -> None:
        """Move the card that is inside out into a tray."""
        self._printer.eject(tray)

    def recover(self) -> PrinterStatus:
        """Clear what an error or a cut left, without moving plastic."""
        return self._printer.recover()

    def counters(self) -> PrinterCounters:
        """The machine's own counters."""
        return self._printer.counters()


class _EmptyField:
    """A field in which no card answers."""

    def atr(self) -> bytes:
        raise CardAbsent("no card answers at the contactless station")

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        raise CardAbsent("no card answers at the contactless station", ins=f"{command.ins:02X}")

    def reset(self) -> None:
        pass
