import sqlite3
from pathlib import Path

import pytest

from ektp.cards import BlankKind
from ektp.errors import (
    BlankAlreadyUsed,
    ConfigurationError,
    HomeExists,
    NotFound,
    SealBroken,
    StoreError,
)
from ektp.printer_profiles import Station, Tray
from simulation.printer.simulated import SimulatedPrinter
from simulation.world.places import Place, Whereabouts
from simulation.world.world import World
from tests.unit.simulation.world.helpers import boxed, serials


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.create(tmp_path / "sim")


def deliver(world: World, count: int) -> None:
    printer = SimulatedPrinter(world, "L1")
    for _ in range(count):
        printer.feed_to(Station.CONTACTLESS)
        printer.eject(Tray.GOOD)


class TestMaking:
    def test_a_world_is_never_overwritten(self, world: World) -> None:
        boxed(world, 3)
        with pytest.raises(HomeExists):
            World.create(world.folder)
        assert World.open(world.folder).where(serials(1)[0]).place is Place.BOX

    def test_a_folder_without_a_world_is_said_to_be_so(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError):
            World.open(tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_an_empty_file_is_no_world(self, tmp_path: Path) -> None:
        (tmp_path / "world.db").touch()
        with pytest.raises(ConfigurationError):
            World.open(tmp_path)

    def test_a_file_that_is_no_database_is_said_to_be_so(self, tmp_path: Path) -> None:
        (tmp_path / "world.db").write_bytes(b"no database at all" * 100)
        with pytest.raises(StoreError):
            World.open(tmp_path)

    @pytest.mark.parametrize("left_behind", ["world.key", "world.db"])
    def test_what_a_broken_off_making_left_is_made_anew(
        self, tmp_path: Path, left_behind: str
    ) -> None:
        (tmp_path / left_behind).touch()
        World.create(tmp_path).close()
        World.open(tmp_path).close()

    def test_a_world_does_not_open_with_another_worlds_key(
        self, world: World, tmp_path: Path
    ) -> None:
        other = World.create(tmp_path / "other")
        (world.folder / "world.key").write_bytes((other.folder / "world.key").read_bytes())
        with pytest.raises(SealBroken):
            World.open(world.folder)

    def test_a_world_does_not_open_without_its_key(self, world: World) -> None:
        (world.folder / "world.key").unlink()
        with pytest.raises(ConfigurationError):
            World.open(world.folder)

    def test_a_world_of_another_version_is_refused(self, world: World) -> None:
        world.close()
        with sqlite3.connect(world.folder / "world.db") as database:
            database.execute("UPDATE meta SET value = 99 WHERE name = 'schema'")
        database.close()
        with pytest.raises(ConfigurationError, match="99"):
            World.open(world.folder)

    def test_a_closed_world_says_so_in_our_words(self, world: World) -> None:
        with world:
            pass
        with pytest.raises(StoreError):
            world.hopper("L1", 1)
        with pytest.raises(StoreError):
            world.make_box(BlankKind.WNI_8K, serials(1))


class TestBoxes:
    def test_a_serial_exists_once(self, world: World) -> None:
        boxed(world, 3)
        with pytest.raises(BlankAlreadyUsed):
            boxed(world, 3, first=3)
        with pytest.raises(NotFound):
            world.where(serials(1, first=4)[0])

    def test_a_box_does_not_name_a_card_twice(self, world: World) -> None:
        (one,) = serials(1)
        with pytest.raises(BlankAlreadyUsed):
            world.make_box(BlankKind.WNI_8K, [one, one])
        with pytest.raises(NotFound):
            world.kind(one)

    def test_a_card_keeps_its_kind(self, world: World) -> None:
        (white,), (orange,) = serials(1), serials(1, first=2)
        world.make_box(BlankKind.WNI_8K, [white])
        world.make_box(BlankKind.OA_8K, [orange])
        assert world.kind(orange) is BlankKind.OA_8K
        assert world.kind(white) is BlankKind.WNI_8K

    def test_untouched_blanks_cost_no_chip(self, world: World) -> None:
        world.load_hopper("L1", 1, boxed(world, 2_000))
        assert world.storage.rows("SELECT count(*) FROM chips") == [(0,)]


class TestHoppers:
    @pytest.mark.parametrize("count", [0, 1, 3])
    def test_cards_are_fed_in_the_order_of_loading(self, world: World, count: int) -> None:
        blanks = boxed(world, 5)
        world.load_hopper("L1", 1, blanks[:count])
        world.load_hopper("L1", 1, blanks[count:])
        assert world.hopper("L1", 1) == tuple(blanks)
        assert world.where(blanks[0]) == Whereabouts(place=Place.HOPPER, machine="L1", slot="1")

    def test_hoppers_and_machines_are_apart(self, world: World) -> None:
        one, two, other = boxed(world, 3)
        world.load_hopper("L1", 1, [one])
        world.load_hopper("L1", 2, [two])
        world.load_hopper("L2", 1, [other])
        assert (world.hopper("L1", 1), world.hopper("L1", 2)) == ((one,), (two,))
        assert world.hopper("L2", 1) == (other,)

    def test_a_card_that_is_not_at_hand_cannot_be_loaded(self, world: World) -> None:
        blanks = boxed(world, 2)
        world.load_hopper("L1", 1, blanks[:1])
        with pytest.raises(NotFound):
            world.load_hopper("L2", 1, [blanks[1], blanks[0]])
        assert world.where(blanks[1]).place is Place.BOX
        assert world.hopper("L2", 1) == ()

    def test_blanks_can_be_taken_back_from_the_end(self, world: World) -> None:
        blanks = boxed(world, 5)
        world.load_hopper("L1", 1, blanks)
        assert world.take_from_hopper("L1", 1, 2) == tuple(blanks[3:])
        assert world.hopper("L1", 1) == tuple(blanks[:3])
        assert world.take_from_hopper("L1", 1) == tuple(blanks[:3])
        assert world.take_from_hopper("L1", 1, 7) == ()
        world.load_hopper("L1", 1, blanks)
        assert world.hopper("L1", 1) == tuple(blanks)


class TestTrays:
    def test_cards_lie_in_the_order_in_which_they_came(self, world: World) -> None:
        blanks = boxed(world, 4)
        world.load_hopper("L1", 1, blanks)
        deliver(world, 3)
        assert world.tray("L1", Tray.GOOD) == tuple(blanks[:3])
        assert world.tray("L1", Tray.REJECT) == ()

    def test_a_person_takes_some_or_all(self, world: World) -> None:
        blanks = boxed(world, 4)
        world.load_hopper("L1", 1, blanks)
        deliver(world, 4)
        assert world.remove_from_tray("L1", Tray.GOOD, [blanks[1]]) == (blanks[1],)
        assert world.where(blanks[1]) == Whereabouts(place=Place.HANDS)
        rest = (blanks[0], blanks[2], blanks[3])
        assert world.remove_from_tray("L1", Tray.GOOD) == rest

    def test_a_card_that_is_elsewhere_cannot_be_taken(self, world: World) -> None:
        blanks = boxed(world, 2)
        world.load_hopper("L1", 1, blanks)
        deliver(world, 1)
        with pytest.raises(NotFound):
            world.remove_from_tray("L1", Tray.GOOD, blanks)
        assert world.tray("L1", Tray.GOOD) == (blanks[0],)

    def test_an_unknown_card_is_nowhere(self, world: World) -> None:
        with pytest.raises(NotFound):
            world.where(serials(1)[0])
