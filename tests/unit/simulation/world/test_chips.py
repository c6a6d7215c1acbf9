from pathlib import Path

import pytest

from ektp.apdu import CommandApdu
from ektp.cards import BlankKind
from ektp.chip_profiles import chip_profile
from ektp.errors import BlankAlreadyUsed, CardAbsent, NotFound, SealBroken
from ektp.ids import CardSerial
from ektp.printer_profiles import PanelKind, Station, Tray
from simulation.chip.faults import ChipFaults
from simulation.chip.maker import MakerKeys
from simulation.printer.simulated import SimulatedPrinter
from simulation.world.chips import EmptyField
from simulation.world.world import World
from tests.unit.simulation.chip.channel_host import Host, Keys
from tests.unit.simulation.world.helpers import (
    CPLC,
    CREATE_APPLICATION,
    CREATE_FILE,
    SELECT_APPLICATION,
    SELECT_FILE,
    artwork,
    boxed,
    dye,
    inside,
    serials,
    update,
)

NIK = b"1671024501950000"
JPEG = bytes.fromhex("FFD8FFE000104A46494600010100000100010000FFDB")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.create(tmp_path / "sim")


def written(world: World, content: bytes) -> None:
    (card,) = boxed(world, 1)
    with world.tap(card) as chip:
        host = inside(world, card, chip)
        for command in (CREATE_APPLICATION, CREATE_FILE, update(0, content)):
            assert host.process(command).ok


def read(world: World, count: int) -> bytes:
    (serial,) = world.storage.rows("SELECT serial FROM cards")[0]
    with world.tap(serial) as chip:
        chip.transmit(SELECT_APPLICATION)
        chip.transmit(SELECT_FILE)
        return chip.transmit(CommandApdu(0x00, 0xB0, le=count)).data


def test_a_chip_answers_to_its_cards_serial(world: World) -> None:
    card = boxed(world, 3)[2]
    with world.tap(card) as chip:
        assert chip.transmit(CPLC).data[13:21] == bytes(card)
        assert chip.atr()[0] == 0x3B


def test_looking_at_a_blank_leaves_no_trace(world: World) -> None:
    (card,) = boxed(world, 1)
    with world.tap(card) as chip:
        chip.transmit(CPLC)
        assert not chip.transmit(SELECT_APPLICATION).ok
    assert world.storage.rows("SELECT count(*) FROM chips") == [(0,)]


def test_what_was_written_is_there_for_the_next_process(world: World) -> None:
    written(world, b"HELLO")
    world.close()
    assert read(World.open(world.folder), 5) == b"HELLO"


def test_each_change_is_saved_before_its_answer(world: World) -> None:
    (card,) = boxed(world, 1)
    onlooker = World.open(world.folder)
    with world.tap(card) as chip:
        host = inside(world, card, chip)
        # INITIALIZE UPDATE and EXTERNAL AUTHENTICATE count for good, too.
        assert onlooker.storage.rows("SELECT version FROM chips") == [(2,)]
        for number, command in enumerate((CREATE_APPLICATION, CREATE_FILE, update(0, b"A")), 3):
            assert host.process(command).ok
            assert onlooker.storage.rows("SELECT version FROM chips") == [(number,)]
        chip.transmit(CPLC)
        assert onlooker.storage.rows("SELECT version FROM chips") == [(5,)]


def test_a_chip_that_went_on_in_another_field_does_not_answer_here(world: World) -> None:
    (card,) = boxed(world, 1)
    with world.tap(card) as first, World.open(world.folder).tap(card) as second:
        host = inside(world, card, second)
        with pytest.raises(CardAbsent):
            inside(world, card, first)
        assert host.process(CREATE_APPLICATION).ok
        with pytest.raises(CardAbsent):
            inside(world, card, first)


def test_a_card_that_is_taken_away_does_not_answer(world: World) -> None:
    (card,) = boxed(world, 1)
    with world.tap(card) as chip:
        pass
    chip.reset()
    with pytest.raises(CardAbsent):
        chip.atr()
    with pytest.raises(CardAbsent):
        chip.transmit(CPLC)


def test_a_card_out_of_reach_cannot_be_tapped(world: World) -> None:
    blanks = boxed(world, 2)
    world.load_hopper("L1", 1, blanks)
    with pytest.raises(NotFound), world.tap(blanks[0]):
        pass
    printer = SimulatedPrinter(world, "L1")
    printer.feed_to(Station.CONTACTLESS)
    with pytest.raises(NotFound), world.tap(blanks[0]):
        pass
    printer.eject(Tray.REJECT)
    with world.tap(blanks[0]) as chip:
        assert chip.transmit(CPLC).ok


def test_an_empty_field_answers_nothing() -> None:
    field = EmptyField()
    field.reset()
    with pytest.raises(CardAbsent):
        field.atr()
    with pytest.raises(CardAbsent):
        field.transmit(CPLC)


def test_harm_is_done_for_good(world: World) -> None:
    written(world, b"HELLO")
    (number, serial) = world.storage.rows("SELECT id, serial FROM cards")[0]
    world.chips.harm(number, serial, ChipFaults(dead=True))
    with World.open(world.folder).tap(serial) as chip, pytest.raises(CardAbsent):
        chip.transmit(CPLC)


def test_a_weak_field_passes_with_a_reset_and_does_not_come_back(world: World) -> None:
    (card,) = boxed(world, 1)
    world.chips.harm(world.places.number(card), card, ChipFaults(lose_apdu=2))
    with world.tap(card) as chip:
        assert chip.transmit(CPLC).ok
        with pytest.raises(CardAbsent):
            chip.transmit(CPLC)
        chip.reset()
        assert chip.transmit(CPLC).ok
    with World.open(world.folder).tap(card) as chip:
        assert all(chip.transmit(CPLC).ok for _ in range(3))


def test_a_chip_moved_to_another_row_does_not_open(world: World) -> None:
    written(world, b"HELLO")
    (other,) = boxed(world, 1, first=2)
    number = world.places.number(other)
    world.storage.execute("INSERT INTO chips SELECT ?, version, state FROM chips", (number,))
    with pytest.raises(SealBroken), world.tap(other):
        pass


def clear_values(world: World) -> list[str]:
    planted = (NIK, JPEG, JPEG[:11], b"JFIF", bytes([0x5A]) * 24, NIK.hex().encode())
    files = [path for path in world.folder.rglob("*") if path.is_file()]
    assert {"world.db", "world.key"} <= {path.name for path in files}
    return [f.name for f in files for needle in planted if needle in f.read_bytes()]


def test_nothing_of_a_person_stands_in_the_folder_in_clear(world: World) -> None:
    written(world, NIK + JPEG)
    assert read(world, 38) == NIK + JPEG
    (serial,) = world.storage.rows("SELECT serial FROM cards")[0]
    with world.tap(serial):
        pass
    blanks = boxed(world, 1, first=2)
    world.load_hopper("L1", 1, blanks)
    printer = SimulatedPrinter(world, "L1")
    printer.feed_to(Station.PRINT)
    printer.print(artwork([dye(PanelKind.CYAN, 0x5A)]))
    assert clear_values(world) == []
    world.close()
    assert clear_values(world) == []


def test_the_search_for_clear_values_would_find_them(world: World) -> None:
    world.storage.execute("INSERT INTO meta VALUES ('planted', ?)", (NIK,))
    assert clear_values(world)


def proves(world: World, card: CardSerial) -> bool:
    with world.tap(card) as chip:
        keys = world.maker_keys.key_set(card, chip_profile(world.kind(card).profile))
        host = Host(chip.transmit, Keys(keys.version, keys.enc, keys.mac, keys.dek))
        return host.initialize().ok and host.card_is_right


@pytest.mark.parametrize("kind", BlankKind)
def test_a_blank_has_the_profile_of_its_kind_and_the_makers_keys(
    world: World, kind: BlankKind
) -> None:
    cards = serials(2)
    world.make_box(kind, cards)
    assert all(proves(world, card) for card in cards)
    with world.tap(cards[0]) as chip:
        information = chip.transmit(CommandApdu(0x80, 0xCA, 0x00, 0xE0, le=256)).data
        assert information[7] == chip_profile(kind.profile).key_bytes


def test_a_box_of_another_maker_does_not_prove_itself(world: World) -> None:
    ours, foreign = serials(1), serials(2, first=2)
    world.make_box(BlankKind.WNI_8K, ours)
    world.make_box(BlankKind.WNI_8K, foreign, maker=MakerKeys.at_random())
    assert proves(world, ours[0])
    assert not any(proves(World.open(world.folder), card) for card in foreign)


def test_a_foreign_box_is_made_whole_or_not_at_all(world: World) -> None:
    boxed(world, 1)
    with pytest.raises(BlankAlreadyUsed):
        world.make_box(BlankKind.WNI_8K, serials(3), maker=MakerKeys.at_random())
    assert world.storage.rows("SELECT count(*) FROM cards") == [(1,)]
    assert world.storage.rows("SELECT count(*) FROM chips") == [(0,)]
