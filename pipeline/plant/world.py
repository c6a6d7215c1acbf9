"""The simulated half of a plant: what a home without machines has in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ektp.cards import BlankKind
from ektp.chip_profiles import ICAO_LDS1
from ektp.errors import SimulationRefused
from ektp.ids import CardSerial
from ektp.ports import CardChannel, CardPrinter
from ektp.printer_profiles import Side
from pipeline.home import Home
from pipeline.settings import LineSettings, SimulationSettings

if TYPE_CHECKING:
    from simulation.world.world import World

__all__ = ["HOPPERS", "SIMULATED_READER", "SimulatedSide", "is_power_cut", "make_world"]

SIMULATED_READER: Final = "sim:"
"""A reader of the simulated world: `sim:SERIAL` is a card, or a SAM, that somebody holds to it."""

HOPPERS: Final[Mapping[BlankKind, int]] = {
    BlankKind.WNI_8K: 1,
    BlankKind.OA_8K: 2,
    BlankKind.WNI_32K: 3,
    BlankKind.OA_32K: 4,
}
"""Which hopper of a machine holds which kind of blank."""


@dataclass(frozen=True, slots=True)
class SimulatedSide:
    """Machines, cards and chips of a simulated home; in another, all raise `SimulationRefused`."""

    home: Home

    def settings(self) -> SimulationSettings:
        """The world's temper. Raises `SimulationRefused`."""
        if self.home.settings.simulation is None:
            raise SimulationRefused("this home has no simulated world")
        return self.home.settings.simulation

    @contextmanager
    def opened(self) -> Iterator[World]:
        """The world itself."""
        from simulation.world.world import World  # noqa: PLC0415 - only where simulated

        self.settings()
        with World.open(self.home.world_folder) as world:
            yield world

    # --- machines ---------------------------------------------------------------------------

    @contextmanager
    def printer(self, line: LineSettings) -> Iterator[CardPrinter]:
        """The machine of a line, driven in process."""
        from simulation.printer.faults import FaultPlan  # noqa: PLC0415 - only where simulated
        from simulation.printer.setup import MachineSetup  # noqa: PLC0415 - only where simulated
        from simulation.printer.simulated import SimulatedPrinter  # noqa: PLC0415 - see above

        simulation, preparation = self.settings(), self.home.settings.preparation
        plan = FaultPlan.named(simulation.faults, simulation.seed)
        if simulation.power_cut_at is not None:
            plan = plan.with_power_cut(simulation.power_cut_at)
        setup = MachineSetup(
            geometry=preparation.geometry,
            hoppers=len(HOPPERS),
            duplex=preparation.profile == ICAO_LDS1.name,
        )
        with (
            self.opened() as world,
            SimulatedPrinter(
                world,
                machine_of(line),
                setup=setup,
                plan=plan,
                time_scale=simulation.time_scale,
            ) as printer,
        ):
            yield printer

    def load_blanks(self, line: LineSettings, kind: BlankKind, cards: Sequence[CardSerial]) -> None:
        """Put issued blanks into the machine's hopper."""
        with self.opened() as world:
            world.load_hopper(machine_of(line), HOPPERS[kind], cards)

    def take_blanks(self, line: LineSettings) -> dict[BlankKind, tuple[CardSerial, ...]]:
        """Take all blanks out of a machine's hoppers, into people's hands."""
        with self.opened() as world:
            return {
                kind: world.take_from_hopper(machine_of(line), hopper)
                for kind, hopper in HOPPERS.items()
            }

    # --- cards ------------------------------------------------------------------------------

    def make_box(self, kind: BlankKind, cards: Sequence[CardSerial]) -> None:
        """Bring a box of blanks into the world."""
        with self.opened() as world:
            world.make_box(kind, cards)

    @contextmanager
    def tapped(self, card: CardSerial) -> Iterator[CardChannel]:
        """A card on a desk reader. Raises `NotFound` for one that is nobody's to hold."""
        with self.opened() as world, world.tap(card) as channel:
            yield channel

    def pictures(self, card: CardSerial) -> dict[Side, bytes]:
        """The camera's picture (PNG) of each side of a card that can be printed."""
        from simulation.printer.camera import picture_png  # noqa: PLC0415 - only where simulated

        two_sided = self.home.settings.preparation.profile == ICAO_LDS1.name
        sides = (Side.FRONT, Side.BACK) if two_sided else (Side.FRONT,)
        with self.opened() as world:
            return {side: picture_png(world, card, side) for side in sides}

    # --- modules ----------------------------------------------------------------------------

    @contextmanager
    def module(self, serial: bytes) -> Iterator[CardChannel]:
        """A SAM of the world in a slot. Raises `NotFound`."""
        with self.opened() as world, world.modules.slot(serial) as channel:
            yield channel

    def make_module(self, serial: bytes) -> None:
        """A new SAM, as its maker delivers it; nothing where it is there."""
        with self.opened() as world:
            world.modules.make(serial)


def machine_of(line: LineSettings) -> str:
    """The name of a line's machine in the world."""
    return line.address or line.id


def make_world(folder: Path) -> dict[str, bytes]:
    """Make an empty simulated world; its maker's transport masters by the labels of a token.

    In life they come from the maker of the blanks, in a ceremony.
    """
    from simulation.world.world import World  # noqa: PLC0415 - only where simulated

    with World.create(folder) as world:
        maker = world.maker_keys
        return {
            "TRANSPORT-128": maker.aes_128,
            "TRANSPORT-256": maker.aes_256,
            "TRANSPORT-SAM": maker.sam,
        }


def is_power_cut(error: BaseException) -> bool:
    """Whether this is the simulated world's light going out, for machine and host alike."""
    from simulation.printer.faults import PowerCut  # noqa: PLC0415 - only where simulated

    return isinstance(error, PowerCut)
