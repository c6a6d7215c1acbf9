"""Fields of readers that other processes drive: at a machine's station, and in somebody's hand.

Whoever serves a field looks at the world for the card that is in it, each time that the reader
makes its field or asks the card something. A card that has been moved on is gone for the reader
too, and one that went on in another field meanwhile is found as it was left there.
"""

from __future__ import annotations

from collections.abc import Callable

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.errors import CardAbsent
from ektp.ids import CardSerial
from ektp.ports import CardChannel
from ektp.printer_profiles import Station
from simulation.world.chips import LentChip
from simulation.world.world import World

__all__ = ["HandField", "StationField"]


class StationField:
    """Gives the card at a machine's contactless station; callable as a `CardSource` of vpcd."""

    def __init__(self, world: World, machine: str) -> None:
        self._world = world
        self._machine = machine

    def __call__(self) -> CardChannel | None:
        """The chip that stands there now, in a fresh field; None where the station is empty."""
        card = self.standing()
        return None if card is None else _lay(self._world, card, lambda: self.standing() == card)

    def standing(self) -> CardSerial | None:
        """The card at the contactless station, if one stands there."""
        inside = self._world.places.standing(self._machine)
        if inside is None or inside[1] != Station.CONTACTLESS.value:
            return None
        return inside[0]


class HandField:
    """Gives a card that somebody holds to a reader; callable as a `CardSource` of vpcd."""

    def __init__(self, world: World, card: CardSerial) -> None:
        """Raises `NotFound` for a card that is nobody's to hold: in a machine, or in a hopper."""
        self._world = world
        self._card = card
        world.expect_at_hand(card)

    def __call__(self) -> CardChannel | None:
        """Its chip in a fresh field; None once nobody holds it any more."""
        return _lay(self._world, self._card, self._held) if self._held() else None

    def _held(self) -> bool:
        return self._world.at_hand(self._card)


def _lay(world: World, card: CardSerial, still_there: Callable[[], bool]) -> CardChannel:
    return _LaidChip(world.chips.lend(world.places.number(card), card), still_there)


class _LaidChip:
    """A chip for as long as its card stays in the field (implements `CardChannel`)."""

    def __init__(self, chip: LentChip, still_there: Callable[[], bool]) -> None:
        self._chip = chip
        self._still_there = still_there

    def atr(self) -> bytes:
        self._expect()
        return self._chip.atr()

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self._expect()
        return self._chip.transmit(command)

    def reset(self) -> None:
        self._chip.reset()

    def _expect(self) -> None:
        if not self._still_there():
            raise CardAbsent("the card has left the field")
