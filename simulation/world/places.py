"""Where cards are: in a box, in a hopper, inside a machine, in a tray or in somebody's hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum, unique

from ektp.cards import BlankKind
from ektp.errors import BlankAlreadyUsed, NotFound
from ektp.ids import CardSerial
from simulation.world.storage import Storage

__all__ = ["CardPlaces", "Place", "Whereabouts"]


@unique
class Place(StrEnum):
    """A kind of place that a card can be in."""

    BOX = "box"
    HOPPER = "hopper"
    MACHINE = "machine"
    TRAY = "tray"
    HANDS = "hands"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where one card is. `slot` is the hopper's number, the station or the tray, by `place`."""

    place: Place
    machine: str = ""
    slot: str = ""


class CardPlaces:
    """The table of where cards are. Its methods run inside the caller's transaction."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def add(self, kind: BlankKind, serials: Sequence[CardSerial]) -> None:
        """New cards, in a box. Raises `BlankAlreadyUsed` where a serial is there already."""
        added = self._storage.execute_many(
            "INSERT OR IGNORE INTO cards (serial, kind, place) VALUES (?, ?, ?)",
            [(str(serial), kind.value, Place.BOX.value) for serial in serials],
        )
        if added != len(serials):
            raise BlankAlreadyUsed("two cards cannot have one serial", cards=len(serials))

    def number(self, serial: CardSerial) -> int:
        """The row of a card. Raises `NotFound`."""
        row = self._storage.row("SELECT id FROM cards WHERE serial = ?", (str(serial),))
        if row is None:
            raise NotFound("no such card in the simulated world", card=str(serial))
        return int(row[0])

    def kind(self, serial: CardSerial) -> BlankKind:
        """The kind of blank that a card was made as. Raises `NotFound`."""
        number = self.number(serial)
        row = self._storage.rows("SELECT kind FROM cards WHERE id = ?", (number,))[0]
        return BlankKind(row[0])

    def where(self, serial: CardSerial) -> Whereabouts:
        """Where a card is. Raises `NotFound`."""
        number = self.number(serial)
        query = "SELECT place, machine, slot FROM cards WHERE id = ?"
        place, machine, slot = self._storage.rows(query, (number,))[0]
        return Whereabouts(place=Place(place), machine=machine, slot=slot)

    def at(self, place: Place, machine: str = "", slot: str | None = None) -> list[CardSerial]:
        """The cards of a place in their order; without `slot`, of all its slots."""
        query = "SELECT serial FROM cards WHERE machine = ? AND place = ?"
        values = [machine, place.value]
        if slot is not None:
            query, values = f"{query} AND slot = ?", [*values, slot]
        found = self._storage.rows(f"{query} ORDER BY slot, rank", values)
        return [CardSerial(serial) for (serial,) in found]

    def first(self, place: Place, machine: str, slot: str) -> CardSerial | None:
        """The first card of a place, if there is one."""
        query = (
            "SELECT serial FROM cards WHERE machine = ? AND place = ? AND slot = ?"
            " ORDER BY rank LIMIT 1"
        )
        row = self._storage.row(query, (machine, place.value, slot))
        return None if row is None else CardSerial(row[0])

    def standing(self, machine: str) -> tuple[CardSerial, str] | None:
        """The card inside a machine and the station where it stands, if there is one."""
        query = "SELECT serial, slot FROM cards WHERE machine = ? AND place = 'machine'"
        row = self._storage.row(query, (machine,))
        return None if row is None else (CardSerial(row[0]), row[1])

    def count(self, place: Place, machine: str, slot: str | None = None) -> int:
        """How many cards are there."""
        query = "SELECT count(*) FROM cards WHERE machine = ? AND place = ?"
        values = [machine, place.value]
        if slot is not None:
            query, values = f"{query} AND slot = ?", [*values, slot]
        return int(self._storage.rows(query, values)[0][0])

    def put(self, serials: Sequence[CardSerial], to: Whereabouts) -> None:
        """Put cards after those that are there already, in the order given."""
        query = (
            "SELECT coalesce(max(rank), 0) FROM cards WHERE machine = ? AND place = ? AND slot = ?"
        )
        spot = (to.machine, to.place.value, to.slot)
        last = int(self._storage.rows(query, spot)[0][0])
        self._storage.execute_many(
            "UPDATE cards SET machine = ?, place = ?, slot = ?, rank = ? WHERE serial = ?",
            [(*spot, last + order, str(serial)) for order, serial in enumerate(serials, 1)],
        )
