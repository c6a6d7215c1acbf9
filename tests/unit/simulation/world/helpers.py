"""Blanks, commands and artwork for tests of the simulated world."""

from collections.abc import Sequence

from ektp.apdu import CommandApdu
from ektp.cards import BlankKind
from ektp.chip_profiles import chip_profile
from ektp.ids import CardSerial
from ektp.perso import Artwork, Panel
from ektp.personal import PersonalBytes
from ektp.ports import CardChannel
from ektp.printer_profiles import PanelKind, Side
from simulation.world.world import World
from tests.unit.simulation.chip.channel_host import Host, Keys

GEOMETRY = "cr80-300-1016x648"
CPLC = CommandApdu(0x80, 0xCA, 0x9F, 0x7F, le=256)
CREATE_APPLICATION = CommandApdu(0x00, 0xE0, data=bytes.fromhex("6207820138 83027F0A"))
# The marker: what may be made, written and read back under the transport keys.
CREATE_FILE = CommandApdu(0x00, 0xE0, data=bytes.fromhex("620E800212B8 820101 83026FFE 8601FF"))
SELECT_APPLICATION = CommandApdu(0x00, 0xA4, data=bytes.fromhex("7F0A"))
SELECT_FILE = CommandApdu(0x00, 0xA4, data=bytes.fromhex("6FFE"))


def serials(count: int, first: int = 1) -> list[CardSerial]:
    return [CardSerial.from_bytes(n.to_bytes(8, "big")) for n in range(first, first + count)]


def boxed(world: World, count: int, first: int = 1) -> list[CardSerial]:
    blanks = serials(count, first)
    world.make_box(BlankKind.WNI_8K, blanks)
    return blanks


def inside(world: World, serial: CardSerial, chip: CardChannel) -> Host:
    """A session with a chip of the world's own maker, under its transport keys."""
    keys = world.maker_keys.key_set(serial, chip_profile(world.kind(serial).profile))
    return Host(chip.transmit, Keys(keys.version, keys.enc, keys.mac, keys.dek)).open()


def update(offset: int, data: bytes) -> CommandApdu:
    return CommandApdu(0x00, 0xD6, offset >> 8, offset & 0xFF, data)


def dye(kind: PanelKind, level: int, side: Side = Side.FRONT) -> Panel:
    """A patch of even dye, 60 by 40 pixels, at (100, 200)."""
    return Panel(
        side=side,
        kind=kind,
        x_px=100,
        y_px=200,
        width_px=60,
        height_px=40,
        bits=8,
        data=PersonalBytes(bytes([level]) * 2400),
    )


def resin(rows: int = 648) -> Panel:
    """A black stripe over the first 16 pixels of each row; the rest without resin."""
    row = b"\xff\xff" + bytes(125)
    return Panel(
        side=Side.FRONT,
        kind=PanelKind.BLACK,
        x_px=0,
        y_px=0,
        width_px=1016,
        height_px=rows,
        bits=1,
        data=PersonalBytes(row * rows),
    )


def artwork(panels: Sequence[Panel] | None = None, geometry: str = GEOMETRY) -> Artwork:
    colours = (PanelKind.YELLOW, PanelKind.MAGENTA, PanelKind.CYAN)
    whole = [*(dye(kind, 200) for kind in colours), resin()]
    return Artwork(
        layout="test", geometry=geometry, panels=tuple(whole if panels is None else panels)
    )
