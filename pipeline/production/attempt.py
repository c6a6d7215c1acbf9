"""One attempt: a blank goes through the machine for a job, each step an intent and an outcome.

The outcome of a step and the intent of the next are committed together, before the next physical
act. Nothing here repeats a physical act; what cannot be known goes to `recovery`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import func, select

from ektp.cards import (
    BlankKind,
    CheckOutcome,
    Expectation,
    QaVerdict,
    SpoilCause,
    Step,
    Verdict,
)
from ektp.errors import (
    BlankRefused,
    CardAbsent,
    CardNotAuthentic,
    CardsCollide,
    ChipError,
    EktpError,
    HsmError,
    OperatorNeeded,
    SecondLiveCard,
    VerificationFailed,
)
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.lifecycle import CardState
from ektp.perso import Artwork, ChipImage, PersoPackage
from ektp.personal import PersonalText
from ektp.ports import CardChannel
from ektp.printer_profiles import Station, Tray
from personalization.encoding import KeyChange
from pipeline.chip_access import access_to_bytes, document_index, is_free
from pipeline.production.recovery import Decision
from pipeline.production.workshop import PrintLine, ProfileBench, Workshop
from pipeline.store import schema as db
from pipeline.store.events import (
    AttemptBound,
    AttemptHeld,
    AttemptPassed,
    AttemptSpoiled,
    Event,
    JobHeld,
    KeyChangeIntended,
    LineState,
    StepDone,
    StepIntended,
)
from pipeline.store.leases import Lease
from pipeline.store.store import Transaction
from pipeline.store.vault import Part

__all__ = ["HELD_NOTE", "Attempt", "CalledOff", "HeldForPerson", "Spoiled"]

HELD_NOTE = "held"
"""What a reject's intent notes when the card is put aside rather than spoiled."""


_Reading = Callable[[CardChannel, Expectation], QaVerdict]


class Spoiled(Exception):
    """The card cannot become good: it goes to the reject tray."""

    def __init__(self, cause: SpoilCause, evidence: Mapping[str, Any]) -> None:
        super().__init__(cause.value)
        self.cause = cause
        self.evidence = evidence


class HeldForPerson(Exception):
    """The verdict is HOLD."""


class CalledOff(Exception):
    """People ordered the line to stop while it waited for its operator with no card fed."""


@dataclass(slots=True, kw_only=True)
class Attempt:
    """The work on one card."""

    shop: Workshop
    line: PrintLine
    lease: Lease
    attempt: AttemptId
    job: JobId
    kind: BlankKind
    package: PersoPackage
    wanted: Callable[[], str]
    """What people want of the line now."""
    card: CardSerial | None = None
    image: ChipImage | None = None
    artwork: Artwork | None = None
    expected: Expectation | None = None
    _pending: list[Event] = field(default_factory=list)
    _to_seal: dict[Part, bytes] = field(default_factory=dict)

    @property
    def bench(self) -> ProfileBench:
        """What is done with cards of this chip profile."""
        return self.shop.bench(self.kind)

    # --- journalling ------------------------------------------------------------------------

    def _commit(self, *events: Event) -> None:
        """Commit what is pending and these events, if the machine is still ours."""
        with self.shop.store.transaction(self.shop.actor) as tx:
            self.lease.check(tx.connection)
            for event in (*self._pending, *events):
                tx.record(event)
            if self._to_seal:
                self.shop.vault.seal(tx, self.job, self._to_seal)
        self._pending.clear()
        self._to_seal.clear()

    def _intend(self, step: Step, note: str = "", *, terminated: bool = False) -> None:
        self._commit(
            StepIntended(
                attempt=self.attempt,
                step=step,
                card=self.card,
                counters=counters_of(self.line),
                note=note,
                terminated=terminated,
            )
        )

    def confirm(self, step: Step, decision: Decision) -> None:
        """The outcome of a step that a stop cut off and that evidence shows to be done."""
        self._done(step, by_evidence=decision.reason)

    def _done(self, step: Step, **evidence: Any) -> None:
        """The outcome of a step: committed with the next intent, or with the attempt's end."""
        self._pending.append(
            StepDone(attempt=self.attempt, step=step, card=self.card, evidence=evidence)
        )

    # --- the good path ----------------------------------------------------------------------

    def run(self, first: Step = Step.FEED) -> None:
        """Take the steps from `first` on, to the good tray.

        Raises `Spoiled`, `HeldForPerson`, `CalledOff`, or the error of a step whose end is not
        known.
        """
        steps: dict[Step, Callable[[], None]] = {
            Step.FEED: self._feed,
            Step.PROVE: self._prove,
            Step.BIND: self._bind,
            Step.ENCODE: self._encode,
            Step.READ: self._read,
            Step.PRINT: self._print,
            Step.REREAD: self._reread,
            Step.DELIVER: self._deliver,
        }
        order = list(steps)
        for step in order[order.index(first) :]:
            steps[step]()

    def _patiently(
        self, step: Step, act: Callable[[], Any], note: str = "", *, terminated: bool = False
    ) -> Any:
        """Do a physical act; where the machine asks for its operator, wait and begin again."""
        while True:
            try:
                return act()
            except OperatorNeeded as needed:
                self._commit(LineState(line=self.line.line, state="PAUSED", reason=needed.code))
                self._wait(step, needed)
                self._commit(LineState(line=self.line.line, state="RUNNING", reason=""))
                self._intend(step, note, terminated=terminated)

    def _wait(self, step: Step, needed: OperatorNeeded) -> None:
        if not self._can_clear(needed):
            raise needed
        while self.line.printer.status().conditions:
            # Nothing is used before the feed: whoever cannot put it right can call the line off.
            if step is Step.FEED and self.wanted() != "run":
                raise CalledOff
            self.shop.sleep(self.shop.poll_s)

    def _can_clear(self, needed: OperatorNeeded) -> bool:
        """An empty hopper fills only if blanks of the kind are booked to this line."""
        if needed.code != "PRN-411":
            return True
        booked = select(func.count()).where(
            db.cards.c.line == self.line.line,
            db.cards.c.kind == self.kind.value,
            db.cards.c.state == CardState.ISSUED.value,
        )
        # A blank that nobody could read stays booked until its bag is named, and feeds no hopper.
        bagged = select(func.count()).where(
            db.attempts.c.line == self.line.line,
            db.attempts.c.kind == self.kind.value,
            db.attempts.c.bag.is_not(None),
            db.attempts.c.card.is_(None),
        )
        with self.shop.store.read() as connection:
            left = int(connection.scalar(booked) or 0) - int(connection.scalar(bagged) or 0)
        return left > 0

    def _feed(self) -> None:
        # The intent stands in the transaction that chose the job.
        hopper = self.line.hoppers[self.kind]
        self._patiently(Step.FEED, lambda: self.line.printer.feed_to(Station.CONTACTLESS, hopper))
        self._done(Step.FEED)

    def _prove(self) -> None:
        self._intend(Step.PROVE)
        try:
            self.card = self._blank()
        except BlankRefused as refused:
            self._name_ours(refused)
            raise Spoiled(SpoilCause.BLANK_REFUSED, _facts(refused)) from refused
        except CardNotAuthentic as forged:
            # Its serial may be that of a blank of ours, which still lies where it should.
            raise Spoiled(SpoilCause.BLANK_REFUSED, _facts(forged)) from forged
        except (ChipError, CardsCollide) as failed:
            raise Spoiled(SpoilCause.BLANK_UNREADABLE, _facts(failed)) from failed
        self._done(Step.PROVE)

    def _blank(self) -> CardSerial:
        try:
            return self._look_at_blank()
        except CardAbsent:
            # A weak field: once more, then it is a blank that nobody can read.
            return self._look_at_blank()

    def _look_at_blank(self) -> CardSerial:
        with self.line.printer.channel() as channel:
            self.shop.expect_single_card(channel)
            return self.bench.personalization.prove_blank(channel, known=self._expect_in_ledger)

    def _expect_in_ledger(self, card: CardSerial) -> None:
        """Before a key is used on it: the blank was issued to this line, for this kind of card."""
        state = self._ledger(card)
        if state is not None:
            raise BlankRefused("the stock ledger does not have it here", serial=card, ledger=state)

    def _name_ours(self, refused: BlankRefused) -> None:
        """A card that is no blank, and was issued here as one, is spoiled under its own serial."""
        serial = str(refused.facts.get("card", ""))
        if self._ledger(serial) is None:
            self.card = CardSerial(serial)

    def _ledger(self, serial: str) -> str | None:
        """None where it was issued to this line, as this kind, and never used; else its state."""
        with self.shop.store.read() as connection:
            row = connection.execute(
                select(db.cards.c.state, db.cards.c.line, db.cards.c.kind).where(
                    db.cards.c.card == serial
                )
            ).one_or_none()
        if row is None:
            return "unknown"
        usable = (CardState.ISSUED.value, self.line.line, self.kind.value)
        return None if (row.state, row.line, row.kind) == usable else str(row.state)

    def _bind(self) -> None:
        assert self.card is not None  # noqa: S101 - proved one step before
        bound = self.bench.personalization.bind(
            self.package,
            card=self.card,
            attempt=self.attempt,
            on=self.shop.today(),
            is_free=self._number_is_free,
        )
        self.image, self.expected, self.artwork = bound.image, bound.expected, bound.artwork
        access = bound.image.access
        if access is not None:
            self._to_seal[Part.ACCESS] = access_to_bytes(access)
        self._pending.append(
            AttemptBound(
                attempt=self.attempt,
                card=self.card,
                signature=bound.image.signature_digest.hex(),
                signer_key=bound.image.signer_key_id.hex(),
                digests={name: d.hex() for name, d in bound.expected.digests.items()},
                document=(
                    None
                    if access is None
                    else document_index(self.shop.keys, access.document_number)
                ),
            )
        )

    def _number_is_free(self, number: PersonalText, /) -> bool:
        with self.shop.store.read() as connection:
            return is_free(connection, self.shop.keys, number)

    def _encode(self) -> None:
        assert self.image is not None  # noqa: S101 - bound one step before
        self._intend(Step.ENCODE)
        try:
            with self.line.printer.channel() as channel:
                report = self.bench.personalization.personalize(
                    channel, self.image, self.job, before_key_change=self._before_key_change
                )
        except HsmError:
            # Whether anything was written, the chip tells: recovery asks it.
            raise
        except EktpError as failed:
            raise Spoiled(SpoilCause.ENCODE_FAILED, _facts(failed)) from failed
        self._done(Step.ENCODE, apdus=report.apdus, payload_bytes=report.payload_bytes)

    def _before_key_change(self, change: KeyChange) -> None:
        """The intent of the one act that a chip cannot undo, with the check values of its keys."""
        self._commit(
            KeyChangeIntended(
                attempt=self.attempt,
                card=change.card,
                from_version=change.from_version,
                to_version=change.to_version,
                check_values=[value.hex() for value in change.check_values],
            )
        )

    def _inspect(self, cause: SpoilCause, read: _Reading) -> QaVerdict:
        verdict = self._verdict(read)
        if verdict.verdict is not Verdict.PASS and _fell_silent(verdict):
            verdict = self._verdict(read)
        if verdict.verdict is Verdict.FAIL:
            raise Spoiled(cause, _facts(VerificationFailed()) | {"failed": list(verdict.failed)})
        if verdict.verdict is Verdict.HOLD:
            raise HeldForPerson
        return verdict

    def _verdict(self, read: _Reading) -> QaVerdict:
        assert self.expected is not None  # noqa: S101 - bound before
        with self.line.printer.channel() as channel:
            return read(channel, self.expected)

    def _read(self) -> None:
        self._intend(Step.READ)
        verdict = self._inspect(SpoilCause.CHIP_INVALID, self.bench.inspector.inspect)
        self._done(Step.READ, verdict=verdict.verdict.value, checks=len(verdict.checks))

    def _print(self) -> None:
        self._intend(Step.PRINT)
        artwork = self.artwork or self.package.artwork
        report = self._patiently(Step.PRINT, lambda: self.line.printer.print(artwork))
        self._done(Step.PRINT, panels=report.panels)

    def _reread(self) -> None:
        self._intend(Step.REREAD)
        self._patiently(Step.REREAD, lambda: self.line.printer.park(Station.CONTACTLESS))
        verdict = self._inspect(SpoilCause.CHIP_DEAD_AFTER_PRINT, self.bench.inspector.look)
        self._done(Step.REREAD, verdict=verdict.verdict.value, checks=len(verdict.checks))

    def _deliver(self) -> None:
        assert self.card is not None  # noqa: S101 - proved long before
        self._intend(Step.DELIVER)
        self._patiently(Step.DELIVER, lambda: self.line.printer.eject(Tray.GOOD))
        self._done(Step.DELIVER)
        # The package has served: artwork and files go, the record stays for its retention.
        with self.shop.store.transaction(self.shop.actor) as tx:
            self.lease.check(tx.connection)
            for event in self._pending:
                tx.record(event)
            tx.record(AttemptPassed(attempt=self.attempt, job=self.job, card=self.card))
            self.shop.vault.drop_part(tx, self.job, Part.PACKAGE)
        self._pending.clear()

    # --- the other ends ---------------------------------------------------------------------

    def spoil(self, spoiled: Spoiled, *more: Event) -> None:
        """Kill the chip if it answers, eject to the reject tray, book the spoil, and `more`."""
        terminated = self._terminate(spoiled.cause)
        self._reject(spoiled.cause, terminated=terminated)
        self.book_spoil(spoiled, *more, terminated=terminated)

    def _reject(self, note: str, *, terminated: bool = False) -> None:
        self._intend(Step.REJECT, note, terminated=terminated)
        self._patiently(
            Step.REJECT,
            lambda: self.line.printer.eject(Tray.REJECT),
            note,
            terminated=terminated,
        )

    def book_spoil(self, spoiled: Spoiled, *more: Event, terminated: bool) -> None:
        """Journal that the card is spoiled and lies in the reject tray, and `more` with it."""
        with self.shop.store.transaction(self.shop.actor) as tx:
            self.lease.check(tx.connection)
            for event in self._pending:
                tx.record(event)
            tx.record(
                AttemptSpoiled(
                    attempt=self.attempt,
                    job=self.job,
                    card=self.card,
                    cause=spoiled.cause,
                    terminated=terminated,
                    bag=self._bag(tx, spoiled.cause),
                    evidence=spoiled.evidence,
                )
            )
            for event in more:
                tx.record(event)
        self._pending.clear()

    def _bag(self, tx: Transaction, cause: SpoilCause) -> int | None:
        """A blank without a name goes into a numbered bag until its box is counted out."""
        if self.card is not None or cause is not SpoilCause.BLANK_UNREADABLE:
            return None
        return _next_bag(tx, self.line.line)

    def _terminate(self, cause: SpoilCause) -> bool:
        # A stranger's card is never written to: it may be a citizen's.
        if cause is SpoilCause.BLANK_REFUSED:
            return False
        try:
            # It may stand under the print head: every reject that can answer is asked to.
            if self.line.printer.status().card_at is not Station.CONTACTLESS:
                self.line.printer.park(Station.CONTACTLESS)
            with self.line.printer.channel() as channel:
                # Of two cards in the field nobody knows which one would die.
                self.shop.expect_single_card(channel)
                return self.bench.personalization.terminate(channel)
        except EktpError:
            return False

    def refuse_holder(self) -> None:
        """The citizen has a card under way already: put the blank aside and hold the job."""
        self._pending.clear()
        self.spoil(
            Spoiled(SpoilCause.UNRESOLVED, {"code": SecondLiveCard.code}),
            JobHeld(job=self.job, reason=SecondLiveCard.code),
        )

    def hold(self) -> None:
        """Put the card aside for people to decide."""
        assert self.card is not None  # noqa: S101 - only a proved card is inspected
        self._reject(HELD_NOTE)
        self._commit(
            AttemptHeld(attempt=self.attempt, job=self.job, card=self.card, reason="verdict HOLD")
        )


def _next_bag(tx: Transaction, line: str) -> int:
    """Bags of unreadable blanks are numbered per line."""
    bags = tx.connection.scalars(
        select(db.attempts.c.bag).where(db.attempts.c.line == line, db.attempts.c.bag.is_not(None))
    )
    return max((int(bag) for bag in bags if bag is not None), default=0) + 1


def _facts(error: EktpError) -> dict[str, Any]:
    return {"code": error.code, **error.facts}


def _fell_silent(verdict: QaVerdict) -> bool:
    """Whether the chip fell silent in the middle: worth one more look in a fresh field."""
    return any(
        check.name == "chip.answers" and check.outcome is not CheckOutcome.PASSED
        for check in verdict.checks
    )


def counters_of(line: PrintLine) -> dict[str, int]:
    """The machine's counters, for an intent's evidence."""
    return asdict(line.printer.counters())
