"""The maker of a world's blanks, and its SAMs: sealed, durable, and one slot at a time."""

from pathlib import Path

import pytest

from ektp.apdu import CommandApdu
from ektp.errors import CardAbsent, NotFound, SealBroken
from ektp.ids import CardSerial
from ektp.ports import CardChannel
from simulation.chip.maker import MakerKeys
from simulation.world.world import World
from tests.unit.simulation.chip.channel_host import Host, Keys

SERIAL, OTHER = b"EKTPSAM1", b"EKTPSAM2"
ISSUE = CommandApdu(0x80, 0xCA, 0xDF, 0x20, le=256)
INITIALIZE = CommandApdu(0x80, 0x50, 0x30, 0, bytes(8), 256)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.create(tmp_path / "sim")


def inside(world: World, serial: bytes, sam: CardChannel) -> Host:
    keys = world.maker_keys.module_key_set(serial)
    return Host(sam.transmit, Keys(keys.version, keys.enc, keys.mac, keys.dek)).open()


def test_a_world_keeps_its_maker(tmp_path: Path) -> None:
    maker = MakerKeys.at_random()
    World.create(tmp_path / "sim", maker=maker).close()
    with World.open(tmp_path / "sim") as world:
        assert world.maker_keys == maker


def test_two_worlds_have_makers_of_their_own(tmp_path: Path) -> None:
    first, second = (World.create(tmp_path / name).maker_keys for name in ("one", "two"))
    assert first != second


def test_the_makers_keys_are_in_no_file_in_clear(world: World) -> None:
    world.modules.make(SERIAL)
    keys = world.maker_keys
    module = keys.module_key_set(SERIAL)
    for path in world.folder.rglob("*"):
        content = path.read_bytes()
        for key in (keys.aes_128, keys.aes_256, keys.sam, module.enc, module.mac, module.dek):
            assert key[:8] not in content
            assert key.hex().encode() not in content
    assert repr(keys) == "MakerKeys(***)"


def test_a_maker_whose_seal_is_broken_makes_no_world(world: World) -> None:
    world.storage.execute("UPDATE meta SET value = ? WHERE name = 'maker'", (bytes(140),))
    with pytest.raises(SealBroken):
        World.open(world.folder)


@pytest.mark.parametrize("lengths", [(15, 32, 32), (16, 16, 32), (16, 32, 16)])
def test_masters_of_another_length_are_a_mistake(lengths: tuple[int, int, int]) -> None:
    first, second, third = (bytes(length) for length in lengths)
    with pytest.raises(ValueError, match="masters"):
        MakerKeys(aes_128=first, aes_256=second, sam=third)


def test_each_chip_has_a_key_set_of_its_own() -> None:
    maker = MakerKeys.at_random()
    sets = [maker.key_set(CardSerial.from_bytes(n.to_bytes(8, "big"))) for n in range(20)]
    keys = {key for keys in sets for key in (keys.enc, keys.mac, keys.dek)}
    assert len(keys) == 60


def test_a_module_that_nobody_made_is_not_found(world: World) -> None:
    with pytest.raises(NotFound), world.modules.slot(SERIAL):
        pass


def test_a_module_is_there_for_the_next_process(world: World) -> None:
    world.modules.make(SERIAL)
    with world.modules.slot(SERIAL) as sam:
        assert sam.transmit(ISSUE).data[3:11] == SERIAL
        inside(world, SERIAL, sam)
    with World.open(world.folder).modules.slot(SERIAL) as sam:
        assert sam.transmit(INITIALIZE).data[-3:] == b"\x00\x00\x02"


def test_a_module_is_made_once(world: World) -> None:
    world.modules.make(SERIAL)
    with world.modules.slot(SERIAL) as sam:
        sam.transmit(INITIALIZE)
    world.modules.make(SERIAL)
    with world.modules.slot(SERIAL) as sam:
        assert sam.transmit(INITIALIZE).data[-3:] == b"\x00\x00\x02"


def test_a_module_is_in_one_slot(world: World) -> None:
    world.modules.make(SERIAL)
    with world.modules.slot(SERIAL) as first, world.modules.slot(SERIAL) as second:
        inside(world, SERIAL, second)
        with pytest.raises(CardAbsent):
            first.transmit(INITIALIZE)


def test_a_module_moved_to_another_row_does_not_open(world: World) -> None:
    world.modules.make(SERIAL)
    world.storage.execute("UPDATE modules SET serial = ?", (OTHER.hex(),))
    with pytest.raises(SealBroken), world.modules.slot(OTHER):
        pass
