"""The simulated operator: puts right what needs hands, after having been shown it a few times."""

from __future__ import annotations

from typing import Final

from ektp.printer_profiles import Tray
from simulation.printer.faults import FaultPlan
from simulation.printer.register import MachineRegister
from simulation.printer.setup import MachineSetup
from simulation.printer.trouble import OPERATOR_TROUBLES, Trouble
from simulation.world.places import Place, Whereabouts
from simulation.world.world import World

__all__ = ["TRAY_TROUBLES", "Attendant", "tray_is_full"]

_WITHIN_REACH: Final = OPERATOR_TROUBLES - {Trouble.HOPPER_EMPTY}
TRAY_TROUBLES: Final = {Trouble.GOOD_FULL: Tray.GOOD, Trouble.REJECT_FULL: Tray.REJECT}


def tray_is_full(world: World, machine: str, setup: MachineSetup, tray: Tray) -> bool:
    """Whether no further card goes into a tray."""
    limit = setup.good_tray_cards if tray is Tray.GOOD else setup.reject_tray_cards
    return limit is not None and world.places.count(Place.TRAY, machine, tray.value) >= limit


class Attendant:
    """A person beside one machine.

    Changes the roll, straightens the stack, closes the cover, empties full trays. Never loads
    blanks: these are issued to the line and counted.
    """

    def __init__(self, world: World, machine: str, setup: MachineSetup, plan: FaultPlan) -> None:
        self._world = world
        self._machine = machine
        self._setup = setup
        self._plan = plan
        self._register = MachineRegister(world.storage, machine)

    def look(self, patience: int) -> None:
        """Somebody looked at the machine; after `patience` looks in vain the person acts."""
        with self._world.storage.transaction():
            memory = self._register.read()
            if not memory.latches & _WITHIN_REACH:
                return
            if memory.looks < patience:
                self._register.count_look()
            else:
                self.put_right()

    def put_right(self) -> None:
        """Put right everything that needs hands, inside the caller's transaction."""
        memory = self._register.read()
        if Trouble.RIBBON_EMPTY in memory.latches:
            roll = memory.roll + 1
            nominal = self._setup.ribbon_cards
            self._register.change_roll(roll, self._plan.roll_yield(self._machine, roll, nominal))
        for trouble, tray in TRAY_TROUBLES.items():
            if trouble in memory.latches and tray_is_full(
                self._world, self._machine, self._setup, tray
            ):
                cards = self._world.places.at(Place.TRAY, self._machine, tray.value)
                self._world.places.put(cards, Whereabouts(place=Place.HANDS))
        self._register.set_latches(memory.latches - _WITHIN_REACH)
