"""Lines and attempts: a card on its way through a machine."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from ektp.journal import JournalEntry
from ektp.lifecycle import CardEvent, JobEvent
from pipeline.store import events as ev
from pipeline.store import schema as db
from pipeline.store.projections.base import (
    move_card,
    move_job,
    on,
    set_row,
    void_signature,
)


@on(ev.LineAdded)
def _(connection: Connection, event: ev.LineAdded, entry: JournalEntry) -> None:
    connection.execute(insert(db.lines).values(**event.to_data(), state="IDLE"))


@on(ev.LineRemoved)
def _(connection: Connection, event: ev.LineRemoved, entry: JournalEntry) -> None:
    connection.execute(delete(db.lines).where(db.lines.c.line == event.line))


@on(ev.LineState)
def _(connection: Connection, event: ev.LineState, entry: JournalEntry) -> None:
    set_row(connection, db.lines, event.line, state=event.state, reason=event.reason or None)


@on(ev.AttemptStarted)
def _(connection: Connection, event: ev.AttemptStarted, entry: JournalEntry) -> None:
    move_job(connection, event.job, JobEvent.START, attempts=event.number)
    connection.execute(
        insert(db.attempts).values(
            attempt=event.attempt,
            job=event.job,
            batch=event.batch,
            line=event.line,
            number=event.number,
            kind=event.kind,
            step="feed",
            phase="intent",
            fed=False,
            terminated=False,
            started_at=entry.at,
        )
    )


_INTENDED = {"encode": CardEvent.ENCODE, "print": CardEvent.PRINT}
_DONE = {"encode": CardEvent.ENCODE_DONE, "print": CardEvent.PRINT_DONE}


@on(ev.StepIntended)
def _(connection: Connection, event: ev.StepIntended, entry: JournalEntry) -> None:
    set_row(connection, db.attempts, event.attempt, step=event.step, phase="intent")
    if event.card is not None and event.step in _INTENDED:
        move_card(connection, event.card, _INTENDED[event.step])


@on(ev.StepDone)
def _(connection: Connection, event: ev.StepDone, entry: JournalEntry) -> None:
    columns: dict[str, Any] = {"step": event.step, "phase": "outcome"}
    if event.step == "feed":
        columns["fed"] = True
    if event.card is not None and event.step == "prove":
        columns["card"] = event.card
        _load_card(connection, event)
    elif event.card is not None and event.step in _DONE:
        move_card(connection, event.card, _DONE[event.step])
    set_row(connection, db.attempts, event.attempt, **columns)


def _load_card(connection: Connection, event: ev.StepDone) -> None:
    attempt = connection.execute(
        select(db.attempts.c.job, db.attempts.c.line, db.jobs.c.holder)
        .join(db.jobs, db.jobs.c.job == db.attempts.c.job)
        .where(db.attempts.c.attempt == event.attempt)
    ).one()
    move_card(
        connection,
        str(event.card),
        CardEvent.LOAD,
        job=attempt.job,
        attempt=event.attempt,
        holder=attempt.holder,
        line=attempt.line,
    )


@on(ev.AttemptBound)
def _(connection: Connection, event: ev.AttemptBound, entry: JournalEntry) -> None:
    # Bound a second time: the first signature was made and never used.
    void_signature(connection, event.attempt)
    set_row(
        connection,
        db.attempts,
        event.attempt,
        step="bind",
        phase="outcome",
        signature=event.signature,
        signer_key=event.signer_key,
        digests=json.dumps(dict(event.digests), sort_keys=True),
        document=event.document,
    )


@on(ev.KeyChangeIntended)
def _(connection: Connection, event: ev.KeyChangeIntended, entry: JournalEntry) -> None:
    set_row(connection, db.attempts, event.attempt, key_check="".join(event.check_values))


@on(ev.AttemptPassed)
def _(connection: Connection, event: ev.AttemptPassed, entry: JournalEntry) -> None:
    _end(connection, event.attempt, "passed", entry)
    move_card(connection, event.card, CardEvent.PASS)
    move_job(connection, event.job, JobEvent.PRODUCE, card=event.card)


@on(ev.AttemptSpoiled)
def _(connection: Connection, event: ev.AttemptSpoiled, entry: JournalEntry) -> None:
    _end(
        connection,
        event.attempt,
        "spoiled",
        entry,
        cause=event.cause,
        terminated=event.terminated,
        bag=event.bag,
        card=event.card,
        fed=True,
    )
    if event.card is not None:
        move_card(connection, event.card, CardEvent.SPOIL, cause=event.cause)
    void_signature(connection, event.attempt)
    move_job(connection, event.job, JobEvent.REMAKE)


@on(ev.AttemptVoided)
def _(connection: Connection, event: ev.AttemptVoided, entry: JournalEntry) -> None:
    _end(connection, event.attempt, "void", entry)
    move_job(connection, event.job, JobEvent.REMAKE)


@on(ev.AttemptHeld)
def _(connection: Connection, event: ev.AttemptHeld, entry: JournalEntry) -> None:
    _end(connection, event.attempt, "held", entry)
    move_card(connection, event.card, CardEvent.HOLD)
    move_job(connection, event.job, JobEvent.HOLD, held_reason=event.reason)


@on(ev.AttemptDoubted)
def _(connection: Connection, event: ev.AttemptDoubted, entry: JournalEntry) -> None:
    _end(connection, event.attempt, "in_doubt", entry, fed=event.fed)
    if event.card is not None:
        move_card(connection, event.card, CardEvent.DOUBT)
    move_job(connection, event.job, JobEvent.HOLD, held_reason=event.reason)


_DECISIONS = {
    "pass": ("passed", CardEvent.PASS, JobEvent.PRODUCE),
    "spoil": ("spoiled", CardEvent.SPOIL, JobEvent.REMAKE),
    "lose": ("spoiled", CardEvent.LOSE, JobEvent.REMAKE),
}


@on(ev.AttemptDecided)
def _(connection: Connection, event: ev.AttemptDecided, entry: JournalEntry) -> None:
    outcome, card_event, job_event = _DECISIONS[event.decision]
    set_row(connection, db.attempts, event.attempt, outcome=outcome, cause=event.cause)
    if event.card is not None:
        move_card(connection, event.card, card_event, cause=event.cause)
    if event.decision == "pass":
        move_job(connection, event.job, job_event, card=event.card, held_reason=None)
        return
    void_signature(connection, event.attempt)
    move_job(connection, event.job, job_event, card=None, held_reason=None, batch=None)


def _end(
    connection: Connection, attempt: str, outcome: str, entry: JournalEntry, **columns: Any
) -> None:
    set_row(
        connection,
        db.attempts,
        attempt,
        outcome=outcome,
        ended_at=entry.at,
        phase="outcome",
        **columns,
    )
