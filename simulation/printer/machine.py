"""One simulated printer-encoder: hoppers, stations, ribbon, trays and counters, as matter.

Every act is one transaction of the world, committed before its duration passes and before anybody
is told: a process that is killed leaves the act not begun or done, never half done. Printing takes
several: the job is downloaded, then panel after panel is laid, then the print is done. A machine
that has its job does not need its host to finish it, so a print that a dead host left behind is
completed when the machine is next looked at. Only a power cut stops it, and then the card keeps the
panels that it has. The faces (the port in process, and wire protocols) translate; matter is here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ektp.ids import CardSerial
from ektp.perso import Artwork
from ektp.printer_profiles import Station, Tray
from simulation.chip.faults import ChipFaults
from simulation.printer.attendant import Attendant, tray_is_full
from simulation.printer.claim import MachineClaim
from simulation.printer.faults import FaultPlan, Mishap, PhysicalStep, PowerCut
from simulation.printer.flaws import chip_flaw, print_damage
from simulation.printer.register import MachineMemory, MachineRegister
from simulation.printer.setup import MachineSetup
from simulation.printer.trouble import BLOCKED_BY, ERROR_LATCHES, MachineTrouble, Trouble
from simulation.world.chips import EmptyField, LentChip
from simulation.world.panels import pack_artwork
from simulation.world.places import Place, Whereabouts
from simulation.world.prints import PrintState, PrintUnderWay
from simulation.world.world import World

__all__ = ["Machine", "MachineView"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineView:
    """What stands where, and what the machine remembers, at one moment."""

    memory: MachineMemory
    card: CardSerial | None
    station: Station
    hopper_cards: int
    hopper_empty: bool
    ribbon_label_left: int
    full: frozenset[Tray]


class Machine:
    """The physical model of one machine in a world. One user at a time drives it."""

    def __init__(
        self,
        world: World,
        name: str,
        *,
        setup: MachineSetup,
        plan: FaultPlan,
        time_scale: float = 0.0,
        sleep: Callable[[float], None] = time.sleep,
        attendant_patience: int | None = 3,
    ) -> None:
        self.name = name
        self.setup = setup
        self.claim = MachineClaim(world.folder, name)
        self.register = MachineRegister(world.storage, name)
        self.attendant = Attendant(world, name, setup, plan)
        self._world = world
        self._plan = plan
        self._time_scale = time_scale
        self._sleep = sleep
        self._patience = attendant_patience
        self._powered = True
        self._lent: LentChip | None = None
        with world.storage.transaction():
            self.register.install(plan.roll_yield(name, 1, setup.ribbon_cards))

    # --- looking ---------------------------------------------------------------------------

    def view(self) -> MachineView:
        """What stands where now, without touching anything."""
        places = self._world.places
        with self._world.storage.transaction(reading=True):
            standing = places.standing(self.name)
            memory = self.register.read()
            return MachineView(
                memory=memory,
                card=None if standing is None else standing[0],
                station=Station.NONE if standing is None else Station(standing[1]),
                hopper_cards=places.count(Place.HOPPER, self.name),
                hopper_empty=places.first(Place.HOPPER, self.name, str(memory.hopper)) is None,
                ribbon_label_left=self._label_left(memory),
                full=frozenset(tray for tray in Tray if self._full(tray)),
            )

    def look(self) -> MachineView:
        """The same after letting machine and operator do what they were about to do."""
        self._expect_power()
        if not self.claim.taken_elsewhere():
            with self.driven():
                pass
        if self._patience is not None:
            self.attendant.look(self._patience)
        return self.view()

    @property
    def ribbon_label_left(self) -> int:
        """Cards that the roll has left by its label; what it really yields, nobody knows."""
        return self._label_left(self.register.read())

    # --- acts ------------------------------------------------------------------------------

    @contextmanager
    def driven(self) -> Iterator[None]:
        """Have the machine for one act; it first finishes what an earlier host began.

        Raises `LineBusy` where another process has it, `MachineTrouble` where it is off.
        """
        self._expect_power()
        with self.claim.for_one_act():
            left_behind = self._world.prints.under_way(self.name)
            if left_behind is not None:
                self._lay_panels(left_behind, alone=True)
            yield

    def feed(self, station: Station, hopper: int) -> None:
        """Take the next blank of a hopper to a station."""
        with self.driven():
            memory = self.register.read()
            number = memory.counters.fed + 1
            self._expect_clear(memory, PhysicalStep.FEED)
            if self._world.inside(self.name) is not None:
                raise MachineTrouble(Trouble.CARD_INSIDE)
            self._begin(number, PhysicalStep.FEED)
            blank = self._expect_supplies(memory, hopper)
            mishap = self._mishap(number, PhysicalStep.FEED)
            if mishap is Mishap.MISFEED:
                self._latch(Trouble.MISFEED, number, PhysicalStep.FEED, mishap)
                raise MachineTrouble(Trouble.MISFEED)
            with self._act(number, PhysicalStep.FEED, mishap):
                self._stand(blank, station)
                self.register.count_fed()
                if Trouble.HOPPER_EMPTY in memory.latches:
                    self.register.set_latches(memory.latches - {Trouble.HOPPER_EMPTY})
                flaw = chip_flaw(self._plan, self.name, number, mishap)
                if flaw is not None:
                    self._world.chips.harm(self._world.places.number(blank), blank, flaw)
            self._spend(self.setup.feed_s)
            self._answer(mishap)

    def move(self, station: Station) -> None:
        """Move the card that is inside to a station."""
        with self.driven():
            memory = self.register.read()
            number = memory.counters.fed
            card = self._expect_card()
            self._expect_clear(memory, PhysicalStep.PARK)
            self._begin(number, PhysicalStep.PARK)
            mishap = self._mishap(number, PhysicalStep.PARK)
            self._jam(card, number, PhysicalStep.PARK, mishap)
            with self._act(number, PhysicalStep.PARK, mishap):
                self._stand(card, station)
            self._spend(self.setup.move_s)
            self._answer(mishap)

    def print_card(self, artwork: Artwork) -> int:
        """Print the card that is inside; the number of panels that the machine says it laid."""
        with self.driven():
            memory = self.register.read()
            number = memory.counters.fed
            card = self._expect_card()
            self._expect_clear(memory, PhysicalStep.PRINT)
            self._begin(number, PhysicalStep.PRINT)
            if memory.roll_used >= memory.roll_yield:
                self._latch(Trouble.RIBBON_EMPTY)
                raise MachineTrouble(Trouble.RIBBON_EMPTY)
            mishap = self._mishap(number, PhysicalStep.PRINT)
            # Packed before the act: a transaction is short, other machines wait for it.
            packed = pack_artwork(artwork)
            with self._act(number, PhysicalStep.PRINT, mishap):
                self._stand(card, Station.PRINT)
                self.register.use_ribbon()
                job = self._world.prints.begin(
                    self._world.places.number(card),
                    self.name,
                    packed,
                    panels=len(artwork.panels),
                    damage=print_damage(self._plan, self.name, number, mishap, len(artwork.panels)),
                    fate=mishap or "",
                )
            self._lay_panels(job, alone=False)
            if mishap is Mishap.JAM:
                raise MachineTrouble(Trouble.JAM)
            self._answer(mishap)
            return job.panels

    def eject(self, tray: Tray) -> None:
        """Move the card that is inside out into a tray."""
        with self.driven():
            memory = self.register.read()
            number = memory.counters.fed
            card = self._expect_card()
            self._expect_clear(memory, PhysicalStep.EJECT)
            self._begin(number, PhysicalStep.EJECT)
            self._expect_room(tray)
            mishap = self._mishap(number, PhysicalStep.EJECT)
            self._jam(card, number, PhysicalStep.EJECT, mishap)
            with self._act(number, PhysicalStep.EJECT, mishap):
                self._withdraw_chip()
                to = Whereabouts(place=Place.TRAY, machine=self.name, slot=tray.value)
                self._world.places.put([card], to)
                if tray is Tray.GOOD:
                    self.register.count_good()
                else:
                    self.register.count_rejected()
            self._spend(self.setup.move_s)
            self._answer(mishap)

    def clear(self, troubles: frozenset[Trouble] = ERROR_LATCHES) -> None:
        """Clear latched errors; no card moves."""
        with self.driven(), self._world.storage.transaction():
            latches = self.register.read().latches
            if latches & troubles:
                self.register.set_latches(latches - troubles)

    def chip(self) -> LentChip | EmptyField:
        """The chip at the contactless station in a fresh field, until the card moves."""
        with self.driven():
            self._withdraw_chip()
            standing = self._world.places.standing(self.name)
            if standing is None or standing[1] != Station.CONTACTLESS:
                return EmptyField()
            card = standing[0]
            self._lent = self._world.chips.lend(self._world.places.number(card), card)
            return self._lent

    # --- hands on the machine --------------------------------------------------------------

    def open_cover(self) -> None:
        """Somebody opens the cover."""
        self._latch(Trouble.COVER_OPEN)

    def put_right(self) -> None:
        """Somebody does all that the machine asks for."""
        with self._world.storage.transaction():
            self.attendant.put_right()

    def take_out(self) -> CardSerial | None:
        """Somebody takes the card out of the path by hand; to the machine it is lost."""
        with self.driven():
            card = self._world.inside(self.name)
            if card is not None:
                with self._world.storage.transaction():
                    self._withdraw_chip()
                    self._world.places.put([card], Whereabouts(place=Place.HANDS))
                    self.register.count_lost()
            self.clear()
            return card

    # --- inner works -----------------------------------------------------------------------

    def _label_left(self, memory: MachineMemory) -> int:
        return max(0, self.setup.ribbon_cards - memory.roll_used)

    def _expect_power(self) -> None:
        if not self._powered:
            raise MachineTrouble(Trouble.OFF)

    def _expect_card(self) -> CardSerial:
        card = self._world.inside(self.name)
        if card is None:
            raise MachineTrouble(Trouble.NO_CARD)
        return card

    def _expect_clear(self, memory: MachineMemory, step: PhysicalStep) -> None:
        for trouble in BLOCKED_BY[step]:
            if trouble in memory.latches:
                raise MachineTrouble(trouble)

    def _expect_supplies(self, memory: MachineMemory, hopper: int) -> CardSerial:
        if memory.hopper != hopper:
            with self._world.storage.transaction():
                self.register.ask_hopper(hopper)
        for tray in Tray:
            self._expect_room(tray)
        blank = self._world.places.first(Place.HOPPER, self.name, str(hopper))
        if blank is None:
            self._latch(Trouble.HOPPER_EMPTY)
            raise MachineTrouble(Trouble.HOPPER_EMPTY)
        return blank

    def _full(self, tray: Tray) -> bool:
        return tray_is_full(self._world, self.name, self.setup, tray)

    def _expect_room(self, tray: Tray) -> None:
        if self._full(tray):
            trouble = Trouble.GOOD_FULL if tray is Tray.GOOD else Trouble.REJECT_FULL
            self._latch(trouble)
            raise MachineTrouble(trouble)

    def _begin(self, number: int, step: PhysicalStep) -> None:
        try:
            self._plan.on_step(self.name, number, step)
        except PowerCut:
            self._lose_power()
            raise
        due = (number, step) in self._plan.power_cuts
        if due and self.register.note(number, f"{step}/power_cut"):
            self._lose_power()
            raise PowerCut(self.name)

    def _lose_power(self) -> None:
        self._powered = False
        with self._world.storage.transaction():
            self._withdraw_chip()
            job = self._world.prints.under_way(self.name)
            if job is not None:
                self._world.prints.end(job.number, PrintState.CUT)
            if self._world.inside(self.name) is not None:
                self.register.set_latches(self.register.read().latches | {Trouble.POWER_LOST})
        self.claim.drop()

    def _mishap(self, number: int, step: PhysicalStep) -> Mishap | None:
        mishap = self._plan.mishap(self.name, number, step)
        if mishap is None or self.register.happened(number, f"{step}/{mishap}"):
            return None
        return mishap

    @contextmanager
    def _act(self, number: int, step: PhysicalStep, mishap: Mishap | None) -> Iterator[None]:
        with self._world.storage.transaction():
            yield
            if mishap is not None:
                self.register.note(number, f"{step}/{mishap}")

    def _latch(
        self,
        trouble: Trouble,
        number: int = 0,
        step: PhysicalStep = PhysicalStep.FEED,
        mishap: Mishap | None = None,
    ) -> None:
        with self._act(number, step, mishap):
            self.register.set_latches(self.register.read().latches | {trouble})

    def _jam(
        self, card: CardSerial, number: int, step: PhysicalStep, mishap: Mishap | None
    ) -> None:
        if mishap is Mishap.JAM:
            with self._act(number, step, mishap):
                self._stand(card, Station.TRANSPORT)
                self.register.set_latches(self.register.read().latches | {Trouble.JAM})
            raise MachineTrouble(Trouble.JAM)

    def _answer(self, mishap: Mishap | None) -> None:
        if mishap is Mishap.REPLY_LOST:
            raise MachineTrouble(Trouble.REPLY_LOST)

    def _stand(self, card: CardSerial, station: Station) -> None:
        self._withdraw_chip()
        to = Whereabouts(place=Place.MACHINE, machine=self.name, slot=station.value)
        self._world.places.put([card], to)

    def _withdraw_chip(self) -> None:
        if self._lent is not None:
            self._lent.withdraw()
            self._lent = None

    def _lay_panels(self, job: PrintUnderWay, *, alone: bool) -> None:
        number = self.register.read().counters.fed
        for _ in range(job.laid, job.panels if job.stops_after is None else job.stops_after):
            self._world.prints.lay(job.number)
            if not alone:
                self._spend(self.setup.print_s / job.panels)
                self._begin(number, PhysicalStep.PANEL)
        with self._world.storage.transaction():
            if job.stops_after is not None:
                self._world.prints.end(job.number, PrintState.CUT)
                self.register.set_latches(self.register.read().latches | {Trouble.JAM})
                return
            self._world.prints.end(job.number, PrintState.DONE)
            self.register.count_printed()
            if job.fate == Mishap.CHIP_KILLED:
                card = self._expect_card()
                self._world.chips.harm(job.card, card, ChipFaults(dead=True))

    def _spend(self, seconds: float) -> None:
        if self._time_scale > 0:
            self._sleep(seconds * self._time_scale)
