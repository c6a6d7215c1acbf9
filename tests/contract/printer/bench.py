"""What the contract needs of an implementation besides the port: hands, eyes and accidents."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ektp.cards import BlankKind
from ektp.ids import CardSerial
from ektp.perso import Artwork, Panel
from ektp.personal import PersonalBytes
from ektp.ports import CardPrinter
from ektp.printer_profiles import PanelKind, Side, Tray
from simulation.printer.faults import FaultPlan, Mishap, PhysicalStep
from simulation.printer.simulated import SimulatedPrinter
from simulation.world.world import World

__all__ = ["BENCHES", "PrinterBench", "SimulatedBench", "small_artwork"]


class PrinterBench(Protocol):
    """A machine on a bench, with somebody beside it."""

    printer: CardPrinter

    def load(self, count: int, hopper: int = 1) -> list[CardSerial]:
        """Put that many fresh blanks into a hopper."""
        ...

    def tray(self, tray: Tray) -> tuple[CardSerial, ...]:
        """The cards in a tray, seen by eye."""
        ...

    def inside(self) -> CardSerial | None:
        """The card inside, seen by eye."""
        ...

    def second_user(self) -> CardPrinter:
        """The same machine, reached from elsewhere."""
        ...

    def lose_host(self, plan: FaultPlan | None = None) -> None:
        """The host is gone without a word; another takes its place."""
        ...


class SimulatedBench:
    """The machine of the simulated world, in process."""

    def __init__(self, folder: Path, plan: FaultPlan) -> None:
        self._world = World.create(folder / "sim")
        self._plan = plan
        self._made = 0
        self.printer = SimulatedPrinter(self._world, "L1", plan=plan)

    def load(self, count: int, hopper: int = 1) -> list[CardSerial]:
        first = self._made + 1
        self._made += count
        blanks = [CardSerial.from_bytes(n.to_bytes(8, "big")) for n in range(first, first + count)]
        self._world.make_box(BlankKind.WNI_8K, blanks)
        self._world.load_hopper("L1", hopper, blanks)
        return blanks

    def tray(self, tray: Tray) -> tuple[CardSerial, ...]:
        return self._world.tray("L1", tray)

    def inside(self) -> CardSerial | None:
        return self._world.inside("L1")

    def hopper(self) -> tuple[CardSerial, ...]:
        return self._world.hopper("L1", 1)

    def second_user(self) -> SimulatedPrinter:
        return SimulatedPrinter(World.open(self._world.folder), "L1", plan=self._plan)

    def lose_host(self, plan: FaultPlan | None = None) -> None:
        folder = self._world.folder
        # A kill gives no word to anybody: neither the machine nor the world is closed.
        del self.printer
        self._world = World.open(folder)
        self._plan = plan or self._plan
        self.printer = SimulatedPrinter(self._world, "L1", plan=self._plan)


BENCHES: Mapping[str, type[SimulatedBench]] = {"simulated": SimulatedBench}
"""The implementations that the suite runs over."""

Accident = tuple[int, PhysicalStep, Mishap]


def small_artwork() -> Artwork:
    """Three patches of dye and a stripe of resin."""
    colours = (PanelKind.YELLOW, PanelKind.MAGENTA, PanelKind.CYAN)
    patches = [
        Panel(
            side=Side.FRONT,
            kind=kind,
            x_px=10,
            y_px=10,
            width_px=32,
            height_px=32,
            bits=8,
            data=PersonalBytes(bytes(range(256)) * 4),
        )
        for kind in colours
    ]
    stripe = Panel(
        side=Side.FRONT,
        kind=PanelKind.BLACK,
        x_px=0,
        y_px=0,
        width_px=64,
        height_px=8,
        bits=1,
        data=PersonalBytes(b"\xaa" * 64),
    )
    return Artwork(layout="test", geometry="cr80-300-1016x648", panels=(*patches, stripe))
