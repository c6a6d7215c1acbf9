"""The steps of the whole job, by opaque ids: what flows call, and what runs without them.

Each opens the home anew, does one thing that can be repeated after a stop, and gives back counts
and ids. Nothing personal goes in or out.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from ektp.cards import Verdict
from ektp.journal import Actor, Role
from ektp.lifecycle import JobState
from pipeline.batches import batch_summary, open_batch, set_state, unfinished_batch
from pipeline.expectations import expectation, finished_cards
from pipeline.inbox import find_waiting
from pipeline.intake.importer import Importer, ImportReport
from pipeline.packing import pack, seal_open_parcels
from pipeline.plant import Plant
from pipeline.preparation import PreparedChunk, chunks, prepare_chunk, worker_pool
from pipeline.production.controller import LineController, LineReport
from pipeline.production.meter import MeteredPrinter
from pipeline.reconciliation import reconcile
from pipeline.store.events import CardVerified

__all__ = [
    "intake",
    "open_one_batch",
    "pack_batch",
    "prepare_batch",
    "prepare_some",
    "produce",
    "reconcile_home",
    "recover_line",
    "unprepared",
]

Progress = Callable[[int], None]


def _silent(_count: int) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Which home, and in whose name: all that a step needs to begin, in plain words."""

    home: str
    user: str
    role: str
    station: str

    @property
    def path(self) -> Path:
        """The home's folder."""
        return Path(self.home)

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return Actor(principal=self.user, role=Role(self.role), station=self.station)

    @classmethod
    def of(cls, home: Path, actor: Actor) -> Caller:
        """The same as plain words."""
        return cls(
            home=str(home), user=actor.principal, role=actor.role.value, station=actor.station
        )


def intake(
    caller: Caller, file: Path, trust: tuple[Path, ...] = (), on_lines: Progress = _silent
) -> ImportReport:
    """Verify a file and take in its records. Raises what `Plant.verify_file` raises."""
    with Plant.open(caller.path) as plant:
        source = plant.verify_file(file, trust=trust)
        return importer(plant, caller.actor).take_in(source, on_line=on_lines)


def intake_waiting(caller: Caller, inbox: str, on_lines: Progress = _silent) -> ImportReport:
    """Take in a file that waits in the inbox under an opaque id."""
    with Plant.open(caller.path) as plant:
        waiting = find_waiting(plant.home.inbox, inbox)
    return intake(caller, waiting.file, waiting.trust, on_lines)


def importer(plant: Plant, actor: Actor) -> Importer:
    """The importer of a home."""
    return Importer(
        store=plant.home.store,
        vault=plant.vault,
        keys=plant.keys,
        entropy=plant.entropy,
        actor=actor,
        cards=plant.home.settings.preparation,
        today=plant.home.today(),
    )


def open_one_batch(
    caller: Caller, *, office: str | None = None, most: int | None = None
) -> tuple[str, int]:
    """Choose accepted jobs for a batch; its id and size."""
    with Plant.open(caller.path) as plant:
        return open_batch(
            plant.home.store, plant.vault, plant.entropy, caller.actor, office=office, most=most
        )


def batch_to_work_on(caller: Caller) -> str:
    """The batch that a stop left unfinished, or a new one of what is accepted.

    Raises `LifecycleError` where nothing waits.
    """
    with Plant.open(caller.path) as plant:
        with plant.home.store.read() as connection:
            unfinished = unfinished_batch(connection)
        if unfinished is not None:
            return unfinished
        batch, _ = open_batch(plant.home.store, plant.vault, plant.entropy, caller.actor)
        return batch


def unprepared(caller: Caller, batch: str) -> list[list[str]]:
    """The batch's jobs that wait for preparation, in chunks."""
    with Plant.open(caller.path) as plant:
        return chunks(plant.home.store, batch, plant.home.settings.preparation.chunk)


_POOL: ContextVar[Executor | None] = ContextVar("preparation pool", default=None)


@contextmanager
def shared_pool(caller: Caller) -> Iterator[None]:
    """One pool of preparation processes for every chunk that is prepared inside."""
    with (
        Plant.open(caller.path) as plant,
        worker_pool(plant.home.settings.preparation) as pool,
    ):
        token = _POOL.set(pool)
        try:
            yield
        finally:
            _POOL.reset(token)


def prepare_some(caller: Caller, batch: str, part: list[str]) -> PreparedChunk:
    """Prepare one chunk of a batch, in the shared pool or in one of its own."""
    with ExitStack() as stack:
        plant = stack.enter_context(Plant.open(caller.path))
        settings = plant.home.settings.preparation
        pool = _POOL.get() or stack.enter_context(worker_pool(settings))
        return prepare_chunk(
            plant.home.store, plant.vault, caller.actor, batch, part, settings, pool
        )


def prepare_batch(caller: Caller, batch: str, on_chunk: Progress = _silent) -> PreparedChunk:
    """Prepare what waits in a batch, chunk by chunk."""
    prepared = held = 0
    with shared_pool(caller):
        for part in unprepared(caller, batch):
            done = prepare_some(caller, batch, part)
            prepared, held = prepared + done.prepared, held + done.held
            on_chunk(len(part))
    return PreparedChunk(prepared=prepared, held=held)


def produce(
    caller: Caller, batch: str, line: str, on_card: Callable[[str], None] | None = None
) -> LineReport:
    """Let a line work through a batch; on SIGINT or SIGTERM it finishes the card in hand.

    Raises `LineBusy`, `LineStopped`, `DecisionOpen` where a stop left a card open.
    """
    with (
        Plant.open(caller.path) as plant,
        plant.workplace(line, caller.actor) as (shop, print_line),
    ):
        meter = MeteredPrinter(print_line.printer)
        controller = LineController(shop=shop, line=replace(print_line, printer=meter))
        if on_card is not None:
            controller.on_card = on_card
        with _gentle_stop(controller), controller.holding():
            set_state(plant.home.store, caller.actor, batch, "RUNNING")
            began = time.perf_counter()
            report = controller.run(batch)
            elapsed = time.perf_counter() - began
    report.busy_ratio = round(meter.busy_s / elapsed, 4) if report.cards else 0.0
    _settle(caller, batch)
    return report


def _settle(caller: Caller, batch: str) -> None:
    """A batch is DONE when no job of it waits for a machine."""
    with Plant.open(caller.path) as plant:
        with plant.home.store.read() as connection:
            summary = batch_summary(connection, batch)
        waiting = (JobState.BATCHED, JobState.PREPARED, JobState.IN_PRODUCTION)
        if not any(summary.jobs.get(state.value) for state in waiting):
            set_state(plant.home.store, caller.actor, batch, "DONE")


@contextmanager
def _gentle_stop(controller: LineController) -> Iterator[None]:
    """Signals ask the line to stop after its card. Threads other than the main one get none."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(_signal: int, _frame: FrameType | None) -> None:
        controller.ask_to_stop()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def recover_line(caller: Caller, line: str, command: str) -> Mapping[str, str]:
    """Resolve what a stop left on a line, on the caller's word; outcome by attempt."""
    with (
        Plant.open(caller.path) as plant,
        plant.workplace(line, caller.actor) as (shop, print_line),
    ):
        controller = LineController(shop=shop, line=print_line)
        with controller.holding():
            return controller.recover(command)


def pack_batch(caller: Caller, batch: str | None) -> int:
    """Pack and seal every good card that is not packed yet; how many parcels were made."""
    with Plant.open(caller.path) as plant:
        packed = pack(
            plant.home.store,
            plant.entropy,
            caller.actor,
            batch=batch,
            most=plant.home.settings.packing.parcel_cards,
        )
        seal_open_parcels(plant.home.store, caller.actor)
    return len(packed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a reading of finished cards at a desk gave."""

    inspected: int
    failed: tuple[str, ...]


def inspect_batch(caller: Caller, batch: str, sample: int) -> Inspection:
    """Read some finished cards of a batch once more, at a desk, spread evenly over the batch."""
    with Plant.open(caller.path) as plant:
        store = plant.home.store
        with store.read() as connection:
            finished = finished_cards(connection, batch)
        failed = []
        chosen = finished[:: max(1, len(finished) // sample)][:sample] if sample else []
        for bound in chosen:
            expected = expectation(store, plant.vault, caller.actor, bound)
            with (
                plant.desk.inspectors() as inspector_for,
                plant.world.tapped(expected.card) as channel,
            ):
                verdict = inspector_for(expected.profile).look(channel, expected)
            with store.transaction(caller.actor) as tx:
                tx.record(
                    CardVerified(
                        card=expected.card, verdict=verdict.verdict, failed=list(verdict.failed)
                    )
                )
            if verdict.verdict is not Verdict.PASS:
                failed.append(str(expected.card))
    return Inspection(inspected=len(chosen), failed=tuple(failed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Whether the books balance, for a flow: numbers and names of what is missing."""

    balanced: bool
    difference: int
    missing: tuple[str, ...]


def reconcile_home(caller: Caller, batch: str | None = None) -> Balance:
    """Check the identities over a batch, or over everything."""
    with Plant.open(caller.path) as plant:
        machines = plant.machine_evidence()
        with plant.home.store.read() as connection:
            sheet = reconcile(connection, machines, batch)
    return Balance(balanced=sheet.balanced, difference=sheet.difference, missing=sheet.missing)
