"""The line controller: takes a machine, works through a batch, obeys orders, stops itself.

The one place where the disposition of an error becomes a deed is `_make`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, select

from ektp.cards import BlankKind, SpoilCause, Step
from ektp.errors import (
    CardSpoiled,
    CardUncertain,
    DecisionOpen,
    Disposition,
    EktpError,
    HsmError,
    LeaseLost,
    LineStopped,
    SecondLiveCard,
)
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.lifecycle import JobState
from ektp.perso import PersoPackage
from pipeline.chip_access import access_from_bytes
from pipeline.expectations import expectation_of
from pipeline.production.attempt import Attempt, CalledOff, HeldForPerson, Spoiled, counters_of
from pipeline.production.recovery import Action, Decision
from pipeline.production.rules import WINDOW_CARDS, stop_cause
from pipeline.production.scene import Scene
from pipeline.production.workshop import PrintLine, Workshop
from pipeline.store import schema as db
from pipeline.store.events import (
    AttemptStarted,
    JobHeld,
    LineState,
    ProcessRestarted,
)
from pipeline.store.leases import Lease, LeaseKeeper, take_lease
from pipeline.store.vault import Part, Purpose

__all__ = ["LineController", "LineReport"]

_Row = Row[*tuple[Any, ...]]
_T = TypeVar("_T")
_TOKEN_POLL_S = 0.05
_MOST_LOOKS = 5
"""How often evidence is taken for one attempt before people must look instead."""
_SHOWN_DONE = {("feed", Step.PROVE), ("encode", Step.READ)}
"""A step cut off, and where evidence says to go on, that together show the step to be done."""


@dataclass(slots=True, kw_only=True)
class LineReport:
    """What a line did in one run."""

    line: str
    cards: int = 0
    passed: int = 0
    ended: str = "done"
    busy_ratio: float = 0.0


@dataclass(slots=True, kw_only=True)
class LineController:
    """One line at work. Use it inside `holding()`."""

    shop: Workshop
    line: PrintLine
    on_card: Callable[[str], None] = field(default=lambda _outcome: None)
    _lease: Lease | None = None
    _looks: Counter[str] = field(default_factory=Counter)
    _asked_to_stop: bool = False

    def ask_to_stop(self) -> None:
        """Stop after the card in hand. Safe to call from a signal handler."""
        self._asked_to_stop = True

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Hold the machine: lease, heartbeat, reservation. Raises `LineBusy`."""
        lease = take_lease(self.shop.store, self.shop.clock, self.line.line, self.shop.actor)
        keeper = LeaseKeeper(
            store=self.shop.store, clock=self.shop.clock, lease=lease, actor=self.shop.actor
        )
        keeper.start()
        self._lease = lease
        try:
            self.line.printer.reserve(lease.holder)
            try:
                yield
            finally:
                with suppress(EktpError):
                    self.line.printer.release()
        finally:
            keeper.release()
            self._lease = None

    @property
    def lease(self) -> Lease:
        """The lease that is held. Raises `LeaseLost` outside `holding()`."""
        if self._lease is None:
            raise LeaseLost(line=self.line.line)
        return self._lease

    # --- a batch ----------------------------------------------------------------------------

    def run(self, batch: str) -> LineReport:
        """Make the batch's prepared jobs until none is left, or an order or a rule ends it.

        Raises `DecisionOpen` where an earlier stop left a card open: `recover` comes first.
        Raises `LineStopped` where the line stopped itself.
        """
        if self._open_attempts():
            raise DecisionOpen("a stop left a card open on this line", line=self.line.line)
        report = LineReport(line=self.line.line)
        self._state("RUNNING", "")
        try:
            while (order := self._order()) == "run":
                attempt = self._with_token(lambda: self._next(batch))
                if attempt is None:
                    break
                outcome = self._make(attempt)
                report.cards += outcome != "void"
                report.passed += outcome == "passed"
                self.on_card(outcome)
                self._stop_if_ruled()
            else:
                report.ended = order
        except LineStopped as stopped:
            self._state("STOPPED", str(stopped.facts.get("cause", stopped.code)))
            raise
        except EktpError as failed:
            self._state("STOPPED", failed.code)
            raise
        self._state("IDLE" if report.ended == "done" else "PAUSED", report.ended)
        return report

    def _state(self, state: str, reason: str) -> None:
        with self.shop.store.transaction(self.shop.actor) as tx:
            self.lease.check(tx.connection)
            tx.record(LineState(line=self.line.line, state=state, reason=reason))

    def _order(self) -> str:
        if self._asked_to_stop:
            return "stop"
        with self.shop.store.read() as connection:
            wanted = connection.scalar(
                select(db.orders.c.wanted).where(db.orders.c.line == self.line.line)
            )
        return wanted or "run"

    def _next(self, batch: str) -> Attempt | None:
        """Choose the next job and journal the intent to feed a blank for it, in one transaction."""
        counters = counters_of(self.line)
        while True:
            with self.shop.store.transaction(self.shop.actor) as tx:
                self.lease.check(tx.connection)
                row = _next_job(tx.connection, batch, list(self.line.hoppers))
                if row is None:
                    return None
                stop = tx.connection.scalar(
                    select(db.stop_list.c.reason).where(db.stop_list.c.holder == row.holder)
                )
                if stop is not None:
                    tx.record(JobHeld(job=row.job, reason=f"stop list: {stop}"))
                    continue
                attempt = self.shop.new_attempt()
                opened = self.shop.vault.open(tx, [row.job], Part.PACKAGE, Purpose.PRODUCE)
                tx.record(
                    AttemptStarted(
                        attempt=attempt,
                        job=row.job,
                        batch=batch,
                        line=self.line.line,
                        number=row.attempts + 1,
                        kind=row.kind,
                        counters=counters,
                    )
                )
            return self._attempt(attempt, row.job, row.kind, opened[row.job])

    def _attempt(self, attempt: str, job: str, kind: str, package: bytes) -> Attempt:
        return Attempt(
            shop=self.shop,
            line=self.line,
            lease=self.lease,
            attempt=AttemptId(attempt),
            job=JobId(job),
            kind=BlankKind(kind),
            wanted=self._order,
            package=PersoPackage.from_bytes(package),
        )

    def _make(  # noqa: C901, PLR0911 - one way out for each end of a card
        self, attempt: Attempt, first: Step = Step.FEED
    ) -> str:
        """Take a card through the machine, and do what an error asks for."""
        try:
            attempt.run(first)
        except Spoiled as spoiled:
            return self._spoil(attempt, spoiled)
        except HeldForPerson:
            return self._hold(attempt)
        except CalledOff:
            return self._resolve(attempt.attempt)
        except SecondLiveCard:
            attempt.refuse_holder()
            return "spoiled"
        except EktpError as error:
            match error.disposition:
                case Disposition.SPOIL:
                    return self._spoil(attempt, Spoiled(_cause(error), _facts(error)))
                case Disposition.HOLD | Disposition.RETRY | Disposition.REWORK:
                    if isinstance(error, HsmError):
                        self._await_token(error)
                        # That the token was away says nothing of the machine.
                        self._looks.pop(attempt.attempt, None)
                    # Only what the machine and the chip show can tell now.
                    return self._resolve(attempt.attempt)
                case Disposition.REFILL:
                    self._resolve(attempt.attempt)
                    raise LineStopped(error.meaning, cause=error.code) from error
                case Disposition.STOP_LINE | Disposition.REFUSE:
                    raise
        return "passed"

    def _with_token(self, act: Callable[[], _T]) -> _T:
        """Do something that needs the token, and only journals: again, once the token is back."""
        while True:
            try:
                return act()
            except HsmError as away:
                if away.disposition is not Disposition.RETRY:
                    raise
                self._await_token(away)

    def _await_token(self, away: HsmError) -> None:
        """Wait until the token is there again and its keys have proved themselves.

        The key process may have ended as well: another one is started. Raises what took them away
        where people do not want the line to run any more, and `HsmError` where another token came
        back.
        """
        self._state("PAUSED", away.code)
        while True:
            try:
                self.shop.keys.heal()
            except HsmError as still:
                if still.disposition is not Disposition.RETRY or self._order() != "run":
                    raise
                self.shop.sleep(max(self.shop.poll_s, _TOKEN_POLL_S))
            else:
                break
        self._state("RUNNING", "")

    def _spoil(self, attempt: Attempt, spoiled: Spoiled) -> str:
        try:
            attempt.spoil(spoiled)
        except CardUncertain:
            return self._resolve(attempt.attempt)
        return "spoiled"

    def _hold(self, attempt: Attempt) -> str:
        try:
            attempt.hold()
        except CardUncertain:
            return self._resolve(attempt.attempt)
        return "held"

    def _stop_if_ruled(self) -> None:
        with self.shop.store.read() as connection:
            causes = connection.scalars(
                select(db.attempts.c.cause)
                .where(
                    db.attempts.c.line == self.line.line,
                    db.attempts.c.outcome.is_not(None),
                    db.attempts.c.outcome != "void",
                    db.attempts.c.started_at > self._counted_from(connection),
                )
                .order_by(db.attempts.c.started_at.desc())
                .limit(WINDOW_CARDS)
            ).all()
        cause = stop_cause(causes)
        if cause is not None:
            raise LineStopped("three spoils of one cause in twenty cards", cause=cause)

    def _counted_from(self, connection: Connection) -> str:
        """Cards before an operator's last resume do not count against the line again."""
        return (
            connection.scalar(
                select(db.orders.c.at).where(
                    db.orders.c.line == self.line.line, db.orders.c.wanted == "run"
                )
            )
            or ""
        )

    # --- after a stop -----------------------------------------------------------------------

    def recover(self, command: str) -> Mapping[str, str]:
        """Resolve what a stop left on this line, on an operator's word; outcome by attempt."""
        attempts = self._open_attempts()
        if not attempts:
            return {}
        with self.shop.store.transaction(self.shop.actor) as tx:
            self.lease.check(tx.connection)
            tx.record(ProcessRestarted(command=command, open_attempts=len(attempts)))
        return {attempt: self._resolve(attempt) for attempt in attempts}

    def _open_attempts(self) -> list[str]:
        with self.shop.store.read() as connection:
            return list(
                connection.scalars(
                    select(db.attempts.c.attempt)
                    .where(db.attempts.c.line == self.line.line, db.attempts.c.outcome.is_(None))
                    .order_by(db.attempts.c.started_at)
                )
            )

    def _resolve(self, attempt_id: str) -> str:
        scene = Scene.of(self.shop, self.line, self.lease, attempt_id)
        evidence = scene.evidence()
        decision = scene.decide(evidence)
        self._looks[attempt_id] += 1
        if self._looks[attempt_id] > _MOST_LOOKS:
            decision = Decision(action=Action.DOUBT, reason="the machine comes to no clear end")
        match decision.action:
            case Action.VOID:
                scene.book_void(decision)
                return "void"
            case Action.DOUBT:
                if evidence.inside:
                    scene.put_aside()
                scene.book_doubt(decision, evidence)
                return "in_doubt"
            case Action.SPOIL | Action.BOOK_SPOILED | Action.GO_ON:
                return self._carry_on(scene.row, decision, terminated=scene.terminated)

    def _carry_on(self, row: _Row, decision: Decision, *, terminated: bool) -> str:
        attempt = self._with_token(lambda: self._taken_up(row))
        if decision.action is Action.GO_ON and decision.step is not None:
            if row.phase == "intent" and (row.step, decision.step) in _SHOWN_DONE:
                # The world shows that the step came to its end before the stop.
                attempt.confirm(Step(row.step), decision)
            if decision.step is Step.PROVE and attempt.card is not None:
                # The journal proved this blank already: its state is LOADED, so bind it.
                return self._make(attempt, Step.BIND)
            return self._make(attempt, decision.step)
        spoiled = Spoiled(decision.cause or SpoilCause.UNRESOLVED, {"reason": decision.reason})
        if decision.action is Action.BOOK_SPOILED:
            attempt.book_spoil(spoiled, terminated=terminated)
            return "spoiled"
        return self._spoil(attempt, spoiled)

    def _taken_up(self, row: _Row) -> Attempt:
        """An attempt as the journal and the vault have it: its package, and what was bound."""
        bound = bool(row.card and row.digests)
        with self.shop.store.transaction(self.shop.actor) as tx:
            self.lease.check(tx.connection)
            opened = self.shop.vault.open(tx, [row.job], Part.PACKAGE, Purpose.PRODUCE)
            access = None
            if bound and row.document is not None:
                sealed = self.shop.vault.open(tx, [row.job], Part.ACCESS, Purpose.PRODUCE)
                access = access_from_bytes(sealed[row.job])
        attempt = self._attempt(row.attempt, row.job, row.kind, opened[row.job])
        attempt.card = CardSerial(row.card) if row.card else None
        if bound:
            attempt.expected = expectation_of(row.attempt, row.card, row.kind, row.digests, access)
            attempt.artwork = attempt.bench.personalization.artwork_of(attempt.package, access)
        return attempt


def _next_job(connection: Connection, batch: str, kinds: list[BlankKind]) -> _Row | None:
    """The next prepared job: by kind of blank, so that hoppers change seldom, then in order."""
    return connection.execute(
        select(db.jobs.c.job, db.jobs.c.kind, db.jobs.c.holder, db.jobs.c.attempts)
        .where(
            db.jobs.c.batch == batch,
            db.jobs.c.state == JobState.PREPARED.value,
            db.jobs.c.kind.in_([kind.value for kind in kinds]),
        )
        .order_by(db.jobs.c.kind.desc(), db.jobs.c.sort_key)
        .limit(1)
    ).one_or_none()


def _cause(error: EktpError) -> SpoilCause:
    return SpoilCause.PRINT_FAILED if isinstance(error, CardSpoiled) else SpoilCause.CHIP_INVALID


def _facts(error: EktpError) -> dict[str, object]:
    return {"code": error.code, **error.facts}
