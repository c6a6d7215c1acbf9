"""The contactless station of a machine as a field on a wire of its own.

The machine is driven by one process, the reader in it by another: whoever serves the field looks
at the world for the card that stands there, each time that the reader makes its field or asks it
something. A card that the machine has moved on is gone for the reader too.
"""

from __future__ import annotations

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.errors import CardAbsent
from ektp.ids import CardSerial
from ektp.ports import CardChannel
from ektp.printer_profiles import Station
from simulation.world.chips import LentChip
from simulation.world.world import World

__all__ = ["StationField"]


class StationField:
    """Gives the card at a machine's contactless station; callable as a `CardSource` of vpcd."""

    def __init__(self, world: World, machine: str) -> None:
        self._world = world
        self._machine = machine

    def __call__(self) -> CardChannel | None:
        """The chip that stands there now, in a fresh field; None where the station is empty."""
        card = self.standing()
        if card is None:
            return None
        number = self._world.places.number(card)
        return _StandingChip(self, card, self._world.chips.lend(number, card))

    def standing(self) -> CardSerial | None:
        """The card at the contactless station, if one stands there."""
        inside = self._world.places.standing(self._machine)
        if inside is None or inside[1] != Station.CONTACTLESS.value:
            return None
        return inside[0]


class _StandingChip:
    """A chip for as long as its card stands at the station (implements `CardChannel`)."""

    def __init__(self, field: StationField, card: CardSerial, chip: LentChip) -> None:
        self._field = field
        self._card = card
        self._chip = chip

    def atr(self) -> bytes:
        self._expect()
        return self._chip.atr()

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self._expect()
        return self._chip.transmit(command)

    def reset(self) -> None:
        self._chip.reset()

    def _expect(self) -> None:
        if self._field.standing() != self._card:
            raise CardAbsent("the card has left the contactless station")
