"""The simulated world: cards, chips, trays and prints that outlive every process that uses them.

It stands apart from the house's store. The pipeline may be killed at any instant: what physically
happened stays as it was, in `world.db`, and the next process finds it so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from ektp.cards import BlankKind
from ektp.errors import ConfigurationError, HomeExists, NotFound, SealBroken
from ektp.ids import CardSerial
from ektp.ports import CardChannel
from ektp.printer_profiles import Tray
from simulation.chip.maker import MakerKeys
from simulation.world.chips import ChipShelf
from simulation.world.modules import ModuleShelf
from simulation.world.places import CardPlaces, Place, Whereabouts
from simulation.world.prints import PrintShelf
from simulation.world.seal import WorldSeal
from simulation.world.storage import Storage

__all__ = ["World"]

_DATABASE: Final = "world.db"
_KEY: Final = "world.key"
_CANARY: Final = b"the simulated world"
_CANARY_PLACE: Final = "meta/canary/value"
_MAKER_PLACE: Final = "meta/maker/value"
_LOOSE: Final = (Place.BOX, Place.HANDS)
_AT_HAND: Final = (Place.BOX, Place.HANDS, Place.TRAY)


class World:
    """One world in one folder. Several processes may have it open at once.

    `maker_keys` are the transport masters of the maker whose blanks this world has: in life they
    come to the installation in a ceremony.
    """

    def __init__(
        self, folder: Path, storage: Storage, seal: WorldSeal, maker_keys: MakerKeys
    ) -> None:
        self.folder = folder
        self.storage = storage
        self.maker_keys = maker_keys
        self.places = CardPlaces(storage)
        self.chips = ChipShelf(storage, seal, maker_keys)
        self.modules = ModuleShelf(storage, seal, maker_keys)
        self.prints = PrintShelf(storage, seal)

    @classmethod
    def create(cls, folder: Path, maker: MakerKeys | None = None) -> Self:
        """A new, empty world whose blanks `maker` makes; a maker of its own where it is None.

        What a broken-off `create` left behind is no world yet and is made anew. Raises `HomeExists`
        where there is a world.
        """
        folder.mkdir(parents=True, exist_ok=True)
        storage = Storage(folder / _DATABASE)
        if storage.laid_out:
            storage.close()
            raise HomeExists("there is a simulated world here already")
        seal = WorldSeal.create(folder / _KEY)
        keys = MakerKeys.at_random() if maker is None else maker
        storage.create_tables(
            canary=seal.seal(_CANARY, _CANARY_PLACE), maker=seal.seal(bytes(keys), _MAKER_PLACE)
        )
        return cls(folder, storage, seal, keys)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The world of a folder.

        Raises `ConfigurationError` where there is none, `SealBroken` where its key is another's.
        """
        if not (folder / _DATABASE).is_file():
            raise ConfigurationError("this folder holds no simulated world")
        storage = Storage(folder / _DATABASE)
        try:
            canary, maker = storage.sealed_facts()
            seal = WorldSeal.open(folder / _KEY)
            seal.unseal(canary, _CANARY_PLACE)
            keys = MakerKeys.from_bytes(seal.unseal(maker, _MAKER_PLACE))
        except (ConfigurationError, SealBroken):
            storage.close()
            raise
        return cls(folder, storage, seal, keys)

    def close(self) -> None:
        """Let go of the files. The world goes on existing."""
        self.storage.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- people's hands --------------------------------------------------------------------

    def make_box(
        self, kind: BlankKind, serials: Sequence[CardSerial], *, maker: MakerKeys | None = None
    ) -> None:
        """A supplier's box of new blanks of one kind.

        Their chips come into being at first use. With `maker` they are another maker's than the
        world's: blanks that do not hold the installation's transport keys. Raises
        `BlankAlreadyUsed` for a serial that exists, and makes none of the box then.
        """
        with self.storage.transaction():
            self.places.add(kind, serials)
            if maker is not None:
                for serial in serials:
                    self.chips.make_foreign(self.places.number(serial), serial, maker)

    def load_hopper(self, machine: str, hopper: int, serials: Sequence[CardSerial]) -> None:
        """Put loose cards into a hopper; the first is fed first, after those already there.

        Raises `NotFound` for a card that nobody has in hand; then none is loaded.
        """
        with self.storage.transaction():
            for serial in serials:
                self._expect(serial, _LOOSE)
            self.places.put(
                serials, Whereabouts(place=Place.HOPPER, machine=machine, slot=str(hopper))
            )

    def take_from_hopper(
        self, machine: str, hopper: int, count: int | None = None
    ) -> tuple[CardSerial, ...]:
        """Take blanks back, the last to be fed first in hand; all of them without `count`."""
        with self.storage.transaction():
            stack = self.places.at(Place.HOPPER, machine, str(hopper))
            taken = stack if count is None else stack[len(stack) - min(count, len(stack)) :]
            self.places.put(taken, Whereabouts(place=Place.HANDS))
        return tuple(taken)

    def hopper(self, machine: str, hopper: int) -> tuple[CardSerial, ...]:
        """The blanks in a hopper, in feeding order."""
        return tuple(self.places.at(Place.HOPPER, machine, str(hopper)))

    def tray(self, machine: str, tray: Tray) -> tuple[CardSerial, ...]:
        """The cards in a tray, in the order in which they came."""
        return tuple(self.places.at(Place.TRAY, machine, tray.value))

    def remove_from_tray(
        self, machine: str, tray: Tray, serials: Sequence[CardSerial] | None = None
    ) -> tuple[CardSerial, ...]:
        """A person takes cards out of a tray, or all of them; they are in hand then.

        Raises `NotFound` for a card that is not in that tray; then none is taken.
        """
        with self.storage.transaction():
            there = self.places.at(Place.TRAY, machine, tray.value)
            taken = there if serials is None else list(serials)
            for serial in taken:
                if serial not in there:
                    raise NotFound("this card is not in the tray", card=str(serial))
            self.places.put(taken, Whereabouts(place=Place.HANDS))
        return tuple(taken)

    def inside(self, machine: str) -> CardSerial | None:
        """The card inside a machine, as somebody sees who opens it."""
        standing = self.places.standing(machine)
        return None if standing is None else standing[0]

    def where(self, serial: CardSerial) -> Whereabouts:
        """Where a card is. Raises `NotFound`."""
        return self.places.where(serial)

    def kind(self, serial: CardSerial) -> BlankKind:
        """The kind of blank that a card was made as. Raises `NotFound`."""
        return self.places.kind(serial)

    @contextmanager
    def tap(self, serial: CardSerial) -> Iterator[CardChannel]:
        """Hold a card to a desk reader: its chip in a fresh field.

        Raises `NotFound` for a card that is nobody's to hold: inside a machine, or in a hopper.
        """
        self.expect_at_hand(serial)
        channel = self.chips.lend(self.places.number(serial), serial)
        try:
            yield channel
        finally:
            channel.withdraw()

    def at_hand(self, serial: CardSerial) -> bool:
        """Whether somebody can hold this card to a reader. Raises `NotFound` for no card at all."""
        return self.where(serial).place in _AT_HAND

    def expect_at_hand(self, serial: CardSerial) -> None:
        """Raises `NotFound` for a card that nobody can hold to a reader."""
        self._expect(serial, _AT_HAND)

    def _expect(self, serial: CardSerial, places: Sequence[Place]) -> None:
        place = self.where(serial).place
        if place not in places:
            raise NotFound("this card is not at hand", card=str(serial), place=place.value)
