"""The show: the whole job on synthetic people, in a home that a stop does not hurt.

Each part can be done again: after a kill, the same command goes on where the store says it stopped.
That is the operator's word to move plastic again, and is journalled as such.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import func, select

from console.demo.engine import Engine, EngineName, engine_of
from console.demo.people import DemoFile, stop_list, write_files
from console.demo.scenario import Scenario
from console.demo.telling import Telling
from ektp.accounting import BatchCount
from ektp.cards import BlankKind
from ektp.errors import DecisionOpen, HomeExists, LineStopped, PrinterError
from ektp.ids import CardSerial
from ektp.journal import Actor, Role
from ektp.lifecycle import CardState, JobState
from ektp.personal import Nik
from ektp.record import CardVariant
from pipeline import steps
from pipeline.batches import BatchSummary, batch_summary
from pipeline.founding import Box, found_home
from pipeline.home import SETTINGS_FILE, Home
from pipeline.inbox import lay_in
from pipeline.intake.stop_list import holder_of
from pipeline.lines import Wanted, order_line
from pipeline.logistics import create_consignments, dispatch, receive, record_handover
from pipeline.plant import Plant, is_power_cut
from pipeline.reconciliation import Reconciliation, reconcile
from pipeline.settings import PreparationSettings, SimulationSettings
from pipeline.steps import Caller
from pipeline.store import schema as db
from pipeline.store.events import LineState, StopAdded

__all__ = ["DemoResult", "Show"]

_NOTE = "demo.json"
_MOST_RESUMES = 50
_PRODUCED = (
    JobState.PRODUCED,
    JobState.PACKED,
    JobState.DISPATCHED,
    JobState.DELIVERED,
    JobState.HANDED_OVER,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What the demo answers: the keys of `contract/cli.md`."""

    home: str
    out: str
    batch: str
    records: dict[str, int]
    cards: dict[str, int]
    jobs: dict[str, int]
    parcels: int
    consignments: int
    reconciliation: dict[str, Any]
    seconds: float
    cards_per_second: float
    lines: list[dict[str, Any]]
    open_decisions: list[dict[str, Any]]


@dataclass(slots=True, kw_only=True)
class Show:
    """One demo."""

    home: Path
    out: Path
    scenario: Scenario
    cards: int
    seed: int
    faults: Literal["none", "typical", "harsh"]
    lines: int
    engine: EngineName
    tell: Telling
    profile: Literal["ktp-el", "icao-lds1"] = "ktp-el"
    lang: Literal["id", "en"] = "id"
    _busy: dict[str, float] = field(default_factory=dict)
    _began: float = field(default_factory=time.perf_counter)

    # --- who acts ---------------------------------------------------------------------------

    def _caller(self, user: str, role: Role) -> Caller:
        actor = Actor(principal=user, role=role, station="demo")
        return Caller.of(self.home, actor)

    @property
    def _operator(self) -> Caller:
        return self._caller("olga", Role.OPERATOR)

    @property
    def _logistics(self) -> Caller:
        return self._caller("lala", Role.LOGISTICS)

    @property
    def _callers(self) -> dict[str, dict[str, str]]:
        qa = self._caller("qori", Role.QA)
        people = {"operator": self._operator, "qa": qa, "logistics": self._logistics}
        return {name: asdict(caller) for name, caller in people.items()}

    # --- the course -------------------------------------------------------------------------

    def run(self) -> DemoResult:
        """Play it to the end, or go on with it. Raises `HomeExists` where it was finished."""
        resumed = self._found()
        with engine_of(self.engine, self.home, self.tell, self._proofs) as engine:
            files = self._files()
            self._stops(files, later=False)
            if not resumed:
                self._break_lines()
            self._recover(resumed=resumed)
            batch = self._produce(engine, files)
            self._send(batch)
        result = self._result(batch)
        self._papers(batch)
        self._finish(result)
        return result

    @property
    def _recipe(self) -> dict[str, Any]:
        """What makes two demos the same one."""
        return {
            "scenario": self.scenario.name,
            "cards": self.cards,
            "seed": self.seed,
            "faults": self.faults,
            "lines": self.lines,
            "profile": self.profile,
        }

    def _found(self) -> bool:
        """Make the home, or take up an unfinished one of the same recipe."""
        note = self.home / _NOTE
        if (self.home / SETTINGS_FILE).is_file():
            if not note.is_file():
                raise HomeExists("it is not a demo's", folder=self.home.name)
            known = json.loads(note.read_text())
            if known["finished"]:
                raise HomeExists("this demo is finished", folder=self.home.name)
            if known["recipe"] != self._recipe:
                raise HomeExists("it belongs to another demo", folder=self.home.name)
            self.tell.say("goes_on")
            return True
        self.tell.stage("home")
        cut = self.scenario.power_cut_at
        found_home(
            self.home,
            "simulated",
            simulation=SimulationSettings(
                faults=self.faults,
                seed=self.seed,
                power_cut_at=None if cut is None else max(1, round(cut * self.cards)),
            ),
            preparation=PreparationSettings(profile=self.profile),
            lines=self.lines,
            prefect=self.engine == "prefect",
            boxes=self._boxes(),
            notes={_NOTE: json.dumps({"recipe": self._recipe, "finished": False})},
        )
        return False

    def _boxes(self) -> tuple[Box, ...]:
        """As many more boxes as the run may need."""
        blue = BlankKind.for_variant(CardVariant.WNI, self.profile)
        orange = BlankKind.for_variant(CardVariant.OA, self.profile)
        more = -(-max(0, round(self.cards * 1.25) - 1800) // 2000)
        boxes = [
            Box(name=f"KOTAK-{number + 2:04d}", kind=blue, cards=2000) for number in range(more)
        ]
        foreign = round(self.cards * 0.05) - 150
        if foreign > 0:
            boxes.append(Box(name="KOTAK-OA-0002", kind=orange, cards=foreign))
        return tuple(boxes)

    # --- before the line --------------------------------------------------------------------

    def _files(self) -> list[DemoFile]:
        self.tell.stage("people", self.cards)
        return write_files(
            self.out / "records",
            self.scenario,
            self.cards,
            self.seed,
            lambda _count: self.tell.advance(),
        )

    def _stops(self, files: list[DemoFile], *, later: bool) -> None:
        cards = sum(file.records for file in files)
        stops = stop_list(self.scenario, self.seed, cards, later=later)
        if not stops:
            return
        with Plant.open(self.home) as plant:
            actor = self._caller("sari", Role.SUPERVISOR).actor
            known = self._known_stops(plant)
            with plant.home.store.transaction(actor) as tx:
                for digits, reason in stops:
                    holder = holder_of(plant.keys, Nik(digits))
                    if holder not in known:
                        tx.record(StopAdded(holder=holder, reason=reason))

    @staticmethod
    def _known_stops(plant: Plant) -> set[str]:
        with plant.home.store.read() as connection:
            return set(connection.scalars(select(db.stop_list.c.holder)))

    # --- the line ---------------------------------------------------------------------------

    @property
    def _line_ids(self) -> list[str]:
        sound = self.lines - min(self.scenario.broken_lines, self.lines - 1)
        return [f"L{number}" for number in range(1, sound + 1)]

    def _break_lines(self) -> None:
        """Lines that stand broken are seen to be so."""
        broken = [f"L{number}" for number in range(len(self._line_ids) + 1, self.lines + 1)]
        with Plant.open(self.home) as plant:
            for line in broken:
                with plant.home.store.transaction(self._operator.actor) as tx:
                    tx.record(
                        LineState(line=line, state="OUT_OF_SERVICE", reason="waits for repair")
                    )
                self.tell.say("line_broken", line=line)

    def _recover(self, *, resumed: bool) -> None:
        """On the operator's word: what a stop left on the lines is resolved by evidence."""
        if not resumed:
            return
        for line in self._line_ids:
            for attempt, outcome in steps.recover_line(self._operator, line, "demo").items():
                self.tell.say("recovered", line=line, attempt=attempt, outcome=outcome)

    def _produce(self, engine: Engine, files: list[DemoFile]) -> str:
        reachable = files[:1] if self.scenario.centre_unreachable else files
        if len(reachable) < len(files):
            self.tell.say("centre_unreachable")
        for file in reachable[:-1]:
            engine.intake(asdict(self._operator), self._inbox(file))
        inbox = self._inbox(reachable[-1])
        self._stops_between(engine, inbox, files)
        for _ in range(_MOST_RESUMES):
            try:
                done = engine.whole(self._callers, inbox, self._line_ids)
                self._busy.update({line["line"]: line["busy_ratio"] for line in done["lines"]})
                return str(done["batch"])
            except (LineStopped, DecisionOpen, PrinterError) as stopped:
                self._look_after(stopped)
            except BaseException as dark:
                if not is_power_cut(dark):
                    raise
                self.tell.say("power_cut")
                self._recover(resumed=True)
        raise LineStopped("the demo's operator gave up", resumes=_MOST_RESUMES)

    def _stops_between(self, engine: Engine, inbox: str, files: list[DemoFile]) -> None:
        if self.scenario.deceased_later:
            engine.intake(asdict(self._operator), inbox)
            self._stops(files, later=True)

    def _inbox(self, file: DemoFile) -> str:
        home = Home.open(self.home)
        try:
            return lay_in(home.inbox, file.file, [file.trust])
        finally:
            home.close()

    def _look_after(self, stopped: Exception) -> None:
        """What the operator does at a line that stopped: look, recover, resume."""
        self.tell.say("line_stopped", error=stopped)
        self._recover(resumed=True)
        with Plant.open(self.home) as plant:
            for line in self._line_ids:
                order_line(plant.home.store, self._operator.actor, line, Wanted.RUN)
        self.tell.say("line_resumed")

    # --- on the road ------------------------------------------------------------------------

    def _send(self, batch: str) -> None:
        """Consignments on their legs, as the scenario wants them; each part may be done before."""
        self.tell.stage("send")
        direct = self.scenario.route == "direct"
        with Plant.open(self.home) as plant:
            store, actor = plant.home.store, self._logistics.actor
            create_consignments(store, plant.entropy, actor, direct=direct)
            self._dispatch_all(plant)
            if not direct:
                self._receive_all(plant, final=False)
                create_consignments(store, plant.entropy, actor)
                self._dispatch_all(plant)
            if self.scenario.received:
                self._receive_all(plant, final=True)
            self._hand_over(plant, batch)

    def _dispatch_all(self, plant: Plant) -> None:
        for consignment in _consignments(plant, "CREATED", final=None):
            dispatch(plant.home.store, self._logistics.actor, consignment, "Kurir Pos")

    def _receive_all(self, plant: Plant, *, final: bool) -> None:
        for consignment in _consignments(plant, "DISPATCHED", final=final):
            receive(plant.home.store, self._logistics.actor, consignment)

    def _hand_over(self, plant: Plant, batch: str) -> None:
        with plant.home.store.read() as connection:
            done = connection.scalar(select(func.count()).select_from(db.handovers)) or 0
            cards = connection.scalars(
                select(db.cards.c.card)
                .join(db.jobs, db.jobs.c.card == db.cards.c.card)
                .where(db.jobs.c.batch == batch, db.cards.c.state == CardState.DELIVERED.value)
                .order_by(db.jobs.c.sort_key)
                .limit(max(0, self.scenario.handed_over - done))
            ).all()
        for card in cards:
            record_handover(
                plant.home.store,
                self._logistics.actor,
                CardSerial(card),
                method="fingerprint",
                old_card="none",
            )

    # --- the end ----------------------------------------------------------------------------

    def _result(self, batch: str) -> DemoResult:
        with Plant.open(self.home) as plant:
            machines = plant.machine_evidence()
            with plant.home.store.read() as connection:
                summary = batch_summary(connection, batch)
                sheet = reconcile(connection, machines)
                records = _records(connection, self.cards)
                # Jobs of people who are stopped are held before they join a batch.
                held = connection.scalar(
                    select(func.count())
                    .select_from(db.jobs)
                    .where(db.jobs.c.state == JobState.HELD.value)
                )
                counts = [
                    connection.scalar(select(func.count()).select_from(table)) or 0
                    for table in (db.parcels, db.consignments)
                ]
                cards_of = {
                    row[0]: row[1]
                    for row in connection.execute(
                        select(db.attempts.c.line, func.count())
                        .where(db.attempts.c.fed.is_(True))
                        .group_by(db.attempts.c.line)
                    )
                }
        seconds = time.perf_counter() - self._began
        return DemoResult(
            home=str(self.home),
            out=str(self.out),
            batch=batch,
            records=records,
            cards=_cards(summary.count),
            jobs=_jobs(summary, held or 0),
            parcels=counts[0],
            consignments=counts[1],
            reconciliation=_balance(sheet),
            seconds=round(seconds, 2),
            cards_per_second=round(summary.count.passed / seconds, 2),
            lines=[
                {
                    "id": line,
                    "cards": cards_of.get(line, 0),
                    "busy_ratio": self._busy.get(line, 0.0),
                }
                for line in self._line_ids
            ],
            open_decisions=[asdict(decision) for decision in summary.decisions],
        )

    def _proofs(self, batch: str) -> None:
        """What the operator looks at before a blank is used; drawn once."""
        from console.demo.papers import write_proofs  # noqa: PLC0415 - as in `_papers`

        if not any((self.out / "papers").glob("proof-*")):
            self.tell.stage("proofs")
            write_proofs(self.home, self.out, batch, self._operator.actor, self.lang)

    def _papers(self, batch: str) -> None:
        # The papers and pictures are drawn by whoever shows them, not by the job.
        from console.demo.papers import write_papers  # noqa: PLC0415 - see above

        self.tell.stage("papers")
        write_papers(self.home, self.out, batch, self._logistics.actor, self.lang, self.tell)

    def _finish(self, result: DemoResult) -> None:
        note = self.home / _NOTE
        fresh = note.with_suffix(".new")
        fresh.write_text(
            json.dumps(
                {
                    "recipe": self._recipe,
                    "finished": True,
                    "at": datetime.now(UTC).isoformat(),
                    "batch": result.batch,
                }
            )
        )
        fresh.replace(note)


def _consignments(plant: Plant, state: str, *, final: bool | None) -> list[str]:
    query = (
        select(db.consignments.c.consignment)
        .where(db.consignments.c.state == state)
        .order_by(db.consignments.c.destination)
    )
    if final is not None:
        query = query.where(db.consignments.c.final.is_(final))
    with plant.home.store.read() as connection:
        return list(connection.scalars(query))


def _records(connection: Any, offered: int) -> dict[str, int]:
    accepted = connection.scalar(select(func.count()).select_from(db.jobs)) or 0
    refused = connection.scalar(
        select(func.count(func.distinct(db.refusals.c.request))).select_from(db.refusals)
    )
    return {"offered": offered, "accepted": accepted, "refused": refused or 0}


def _cards(count: BatchCount) -> dict[str, int]:
    return {
        "picked": count.picked,
        "passed": count.passed,
        "spoiled": count.spoiled,
        "held": count.held,
        "in_doubt": count.in_doubt,
        "on_machine": count.on_machine,
    }


def _jobs(summary: BatchSummary, held: int) -> dict[str, int]:
    return {
        "produced": sum(summary.jobs.get(state.value, 0) for state in _PRODUCED),
        "remade": summary.remade,
        "held": held,
    }


def _balance(sheet: Reconciliation) -> dict[str, Any]:
    return {
        "balanced": sheet.balanced,
        "difference": sheet.difference,
        "missing": list(sheet.missing),
    }
