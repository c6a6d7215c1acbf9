"""Simulated homes that are ready for a line: founded, filled with people, prepared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ektp.cards import BlankKind
from ektp.chip_profiles import KTP_EL
from ektp.ids import BatchId
from ektp.journal import Actor, Role
from ektp.record import CardVariant
from pipeline.batches import open_batch
from pipeline.founding import bring_box, found_home
from pipeline.home import SETTINGS_FILE
from pipeline.intake.importer import Importer, ImportReport
from pipeline.plant import HOPPERS, Plant
from pipeline.preparation import chunks, prepare_chunk
from pipeline.production.controller import LineController
from pipeline.production.workshop import PrintLine, Workshop
from pipeline.settings import (
    PreparationSettings,
    SimulationSettings,
    TokenSettings,
    read_settings,
    write_settings,
)
from simulation.people import PeopleMix, write_sample
from simulation.printer.faults import FaultPlan
from simulation.printer.setup import MachineSetup
from simulation.printer.simulated import SimulatedPrinter
from simulation.world.world import World

__all__ = ["OPERATOR", "Floor", "InProcess", "floor", "make_home", "set_faults", "take_in"]

OPERATOR = Actor(principal="olga", role=Role.OPERATOR, station="campaign")
LINE = "L1"
MACHINE = "M1"


class InProcess(Executor):
    """An executor without processes: for small homes, where a pool costs more than it saves."""

    def map(self, fn: Callable[..., Any], *iterables: Iterable[Any], **_: Any) -> Iterator[Any]:
        """Call at once, in order."""
        return map(fn, *iterables)


def make_home(
    home: Path,
    jobs: int,
    *,
    seed: int = 7,
    faults: str = "none",
    pool: Executor | None = None,
    mix: PeopleMix | None = None,
    foreign_blanks: int = 200,
    profile: str = KTP_EL.name,
    token: TokenSettings | None = None,
    on_prepared: Callable[[int], None] = lambda _: None,
) -> BatchId:
    """Found a home with one batch of prepared jobs; only blanks are still needed, and they lie in.

    The sample and its signature are left in `NAME.sample` beside the home.
    """
    found_home(
        home,
        "simulated",
        simulation=SimulationSettings(faults=_word(faults), seed=seed),
        preparation=PreparationSettings(profile=_word(profile)),
        token=token,
    )
    sample = home.with_name(home.name + ".sample")
    sample.mkdir()
    files = write_sample(sample / "records.jsonl", jobs, seed, mix)
    with Plant.open(home) as plant:
        if foreign_blanks:
            kind = BlankKind.for_variant(CardVariant.OA, profile)
            bring_box(plant, "KOTAK-0002", kind, foreign_blanks)
        take_in(plant, files.file, files.approver)
        batch, _ = open_batch(plant.home.store, plant.vault, plant.entropy, OPERATOR)
        settings = plant.home.settings.preparation
        done = 0
        for chunk in chunks(plant.home.store, batch, settings.chunk):
            prepare_chunk(
                plant.home.store,
                plant.vault,
                OPERATOR,
                batch,
                chunk,
                settings,
                pool or InProcess(),
            )
            done += len(chunk)
            on_prepared(done)
    return batch


def take_in(
    plant: Plant, file: Path, approver: Path, on_group: Callable[[int], None] = lambda _: None
) -> ImportReport:
    """Import a signed file; `on_group` is told of each group of lines that was committed."""
    return Importer(
        store=plant.home.store,
        vault=plant.vault,
        keys=plant.keys,
        entropy=plant.entropy,
        actor=OPERATOR,
        cards=plant.home.settings.preparation,
        today=plant.home.today(),
    ).take_in(plant.verify_file(file, trust=[approver]), on_line=on_group)


def _setup_of(plant: Plant) -> MachineSetup | None:
    """The machine that cards of the home's profile need; None for any."""
    preparation = plant.home.settings.preparation
    if preparation.profile == KTP_EL.name:
        return None
    return MachineSetup(geometry=preparation.geometry, hoppers=len(HOPPERS), duplex=True)


def set_faults(home: Path, faults: str, seed: int) -> None:
    """Give the simulated world of a home another temper."""
    settings = read_settings(home / SETTINGS_FILE)
    temper = SimulationSettings(faults=_word(faults), seed=seed)
    write_settings(home / SETTINGS_FILE, settings.model_copy(update={"simulation": temper}))


def _word(faults: str) -> Any:
    return faults


@dataclass(slots=True, kw_only=True)
class Floor:
    """A line with everything on it, and eyes and hands in its world."""

    plant: Plant
    world: World
    printer: SimulatedPrinter
    shop: Workshop
    controller: LineController

    def run(self, batch: str) -> Any:
        """Hold the machine and work through a batch."""
        with self.controller.holding():
            return self.controller.run(batch)

    def recover(self) -> dict[str, str]:
        """Hold the machine and resolve what a stop left."""
        with self.controller.holding():
            return dict(self.controller.recover("test"))


@contextmanager
def floor(
    home: Path,
    *,
    plan: FaultPlan | None = None,
    setup: MachineSetup | None = None,
    operator_looks: int | None = 3,
    sleep: Callable[[float], None] = lambda _: None,
    on_card: Callable[[str], None] = lambda _: None,
) -> Iterator[Floor]:
    """Open a home and its line, with a fault plan of the caller's own (or the home's)."""
    with Plant.open(home) as plant, plant.workplace(LINE, OPERATOR) as (works, _):
        temper = plant.home.settings.simulation or SimulationSettings()
        with (
            World.open(plant.home.world_folder) as world,
            SimulatedPrinter(
                world,
                MACHINE,
                setup=setup or _setup_of(plant),
                plan=plan or FaultPlan.named(temper.faults, temper.seed),
                operator_looks=operator_looks,
            ) as printer,
        ):
            shop = replace(works, sleep=sleep)
            line = PrintLine(line=LINE, printer=printer, hoppers=HOPPERS)
            yield Floor(
                plant=plant,
                world=world,
                printer=printer,
                shop=shop,
                controller=LineController(shop=shop, line=line, on_card=on_card),
            )
