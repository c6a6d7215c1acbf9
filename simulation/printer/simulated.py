"""The simulated printer-encoder behind the port: the machine's words become the house's three."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Self

from ektp.cards import PrintReport
from ektp.errors import (
    CardSpoiled,
    CardUncertain,
    ConfigurationError,
    CoverOpen,
    HopperEmpty,
    LineBusy,
    OperatorNeeded,
    PrinterError,
    ReaderUnavailable,
    RibbonExhausted,
)
from ektp.perso import Artwork
from ektp.ports import CardChannel, Condition, PrinterCounters, PrinterStatus
from ektp.printer_profiles import PrinterCapabilities, Side, Station, Tray
from simulation.printer.faults import FaultPlan
from simulation.printer.machine import Machine, MachineView
from simulation.printer.setup import MachineSetup
from simulation.printer.trouble import MachineTrouble, Trouble
from simulation.world.world import World

__all__ = ["SimulatedPrinter"]

_STANDING_PLACES: Final = frozenset({Station.TRANSPORT, Station.CONTACTLESS, Station.PRINT})

_ERRORS: Final[dict[Trouble, tuple[type[PrinterError], str]]] = {
    Trouble.HOPPER_EMPTY: (HopperEmpty, ""),
    Trouble.MISFEED: (OperatorNeeded, "the blank did not leave the hopper"),
    Trouble.RIBBON_EMPTY: (RibbonExhausted, ""),
    Trouble.COVER_OPEN: (CoverOpen, ""),
    Trouble.GOOD_FULL: (OperatorNeeded, "the good tray is full"),
    Trouble.REJECT_FULL: (OperatorNeeded, "the reject tray is full"),
    Trouble.JAM: (CardSpoiled, "the card is jammed"),
    Trouble.POWER_LOST: (CardUncertain, "power was lost with a card inside"),
    Trouble.CARD_INSIDE: (CardUncertain, "there is a card inside already"),
    Trouble.NO_CARD: (CardUncertain, "there is no card inside"),
    Trouble.REPLY_LOST: (CardUncertain, "the machine's reply was lost"),
    Trouble.OFF: (ReaderUnavailable, "the machine is off"),
}

_CONDITIONS: Final = {
    # The vocabulary has no word for a misfeed; with nothing inside, a jam is one at the feeder.
    Trouble.MISFEED: Condition.CARD_JAM,
    Trouble.JAM: Condition.CARD_JAM,
    Trouble.POWER_LOST: Condition.CARD_JAM,
    Trouble.RIBBON_EMPTY: Condition.RIBBON_EMPTY,
    Trouble.COVER_OPEN: Condition.COVER_OPEN,
}
_FULL: Final = {Tray.GOOD: Condition.GOOD_FULL, Tray.REJECT: Condition.REJECT_FULL}


class SimulatedPrinter:
    """A machine of the simulated world, driven in process (implements `ektp.ports.CardPrinter`).

    `operator_looks`: after how many calls of `status` the simulated operator puts right what needs
    hands; None where nobody is there. `time_scale` 0 is as fast as possible, 1 as slow as metal.
    A call without a reservation claims the machine for itself only.
    """

    def __init__(
        self,
        world: World,
        name: str,
        *,
        setup: MachineSetup | None = None,
        plan: FaultPlan | None = None,
        time_scale: float = 0.0,
        sleep: Callable[[float], None] = time.sleep,
        operator_looks: int | None = 3,
    ) -> None:
        self.machine = Machine(
            world,
            name,
            setup=setup or MachineSetup(),
            plan=plan or FaultPlan.named("none", 0),
            time_scale=time_scale,
            sleep=sleep,
            attendant_patience=operator_looks,
        )
        self._owner: str | None = None

    def capabilities(self) -> PrinterCapabilities:
        """What the machine can do, by feature."""
        return self.machine.setup.capabilities

    def status(self) -> PrinterStatus:
        """Where a card stands, and the machine's conditions; the operator sees them too."""
        with self._told():
            return self._status_of(self.machine.look())

    def reserve(self, owner: str) -> None:
        """Claim the machine for one owner. Raises `LineBusy`.

        The claim ends with `release` or with the process, however that ends.
        """
        if self._owner not in (None, owner) and self.machine.claim.held:
            raise LineBusy("the machine is reserved", machine=self.machine.name, by=self._owner)
        with self._told():
            self.machine.claim.take()
            with self.machine.driven():
                self._owner = owner

    def release(self) -> None:
        """Give the claim back."""
        self.machine.claim.drop()
        self._owner = None

    def feed_to(self, station: Station, hopper: int = 1) -> None:
        """Take the next card from a hopper to a station."""
        self._expect_standing_place(station)
        if not 1 <= hopper <= self.machine.setup.hoppers:
            msg = "the machine has no such hopper"
            raise ValueError(msg)
        with self._told():
            self.machine.feed(station, hopper)

    def park(self, station: Station) -> None:
        """Move the card that is inside to a station."""
        self._expect_standing_place(station)
        with self._told():
            self.machine.move(station)

    @contextmanager
    def channel(self) -> Iterator[CardChannel]:
        """The chip of the card at the contactless station, in a fresh field.

        The field is empty where no card stands there: then every call raises `CardAbsent`, as it
        does once the card has moved or the channel is closed.
        """
        with self._told():
            chip = self.machine.chip()
        try:
            yield chip
        finally:
            chip.withdraw()

    def print(self, artwork: Artwork) -> PrintReport:
        """Print the card that is inside. Raises `ConfigurationError` for a job not for it."""
        self._expect_printable(artwork)
        with self._told():
            panels = self.machine.print_card(artwork)
        return PrintReport(panels=panels, supplies={"ribbon_cards": self.machine.ribbon_label_left})

    def eject(self, tray: Tray) -> None:
        """Move the card that is inside out into a tray: deliver it, or reject it."""
        with self._told():
            try:
                self.machine.eject(tray)
            except MachineTrouble as stuck:
                if tray is not Tray.REJECT or stuck.trouble is not Trouble.JAM:
                    raise
                # A jammed card can still be driven out to the rejects once the error is cleared.
                self.machine.clear(frozenset({Trouble.JAM}))
                self.machine.eject(tray)

    def recover(self) -> PrinterStatus:
        """Clear what an error or a cut left, without moving plastic; tell where things stand."""
        with self._told():
            self.machine.clear()
            return self._status_of(self.machine.view())

    def counters(self) -> PrinterCounters:
        """The machine's own counters."""
        return self.machine.register.read().counters

    def close(self) -> None:
        """Let go of the machine."""
        self.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except MachineTrouble as cause:
            error, detail = _ERRORS[cause.trouble]
            raise error(detail, machine=self.machine.name) from cause

    def _status_of(self, view: MachineView) -> PrinterStatus:
        conditions = {_CONDITIONS[trouble] for trouble in view.memory.latches & _CONDITIONS.keys()}
        conditions |= {_FULL[tray] for tray in view.full}
        # A hopper is found empty by reaching into it, and stays so until it is filled.
        if Trouble.HOPPER_EMPTY in view.memory.latches and view.hopper_empty:
            conditions.add(Condition.HOPPER_EMPTY)
        return PrinterStatus(
            card_at=view.station,
            conditions=tuple(sorted(conditions)),
            serial=self.machine.name,
            hopper_cards=view.hopper_cards,
            ribbon_cards=view.ribbon_label_left,
        )

    def _expect_standing_place(self, station: Station) -> None:
        if station not in _STANDING_PLACES:
            msg = "a card cannot be sent to stand there"
            raise ValueError(msg)

    def _expect_printable(self, artwork: Artwork) -> None:
        able = self.capabilities()
        if artwork.geometry != able.geometry.name:
            raise ConfigurationError(
                "the artwork is for another raster",
                artwork=artwork.geometry,
                machine=able.geometry.name,
            )
        if any(panel.kind not in able.panels for panel in artwork.panels):
            raise ConfigurationError("the ribbon lacks a panel", machine=self.machine.name)
        if not able.duplex and any(panel.side is Side.BACK for panel in artwork.panels):
            raise ConfigurationError("the machine prints one side", machine=self.machine.name)
