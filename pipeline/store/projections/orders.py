"""Intake, batches and jobs: what citizens are owed."""

from __future__ import annotations

from sqlalchemy import Connection, insert

from ektp.journal import JournalEntry
from ektp.lifecycle import JobEvent, JobState
from pipeline.store import events as ev
from pipeline.store import schema as db
from pipeline.store.projections.base import (
    move_job,
    on,
    set_row,
)


@on(ev.ImportOpened)
def _(connection: Connection, event: ev.ImportOpened, entry: JournalEntry) -> None:
    connection.execute(
        insert(db.imports).values(
            import_id=event.import_id,
            file_digest=event.file_digest,
            approver=event.approver,
            sequence=event.sequence,
            state="OPEN",
            accepted=0,
            refused=0,
            unchanged=0,
            at=entry.at,
        )
    )


_INSERT_JOB = insert(db.jobs)


@on(ev.JobAccepted)
def _(connection: Connection, event: ev.JobAccepted, entry: JournalEntry) -> None:
    connection.execute(
        _INSERT_JOB,
        {
            **event.to_data(),
            "state": JobState.ACCEPTED.value,
            "accepted_at": entry.at,
            "sort_key": 0,
            "attempts": 0,
        },
    )


@on(ev.RecordRefused)
def _(connection: Connection, event: ev.RecordRefused, entry: JournalEntry) -> None:
    connection.execute(insert(db.refusals).values(**event.to_data()))


@on(ev.ImportClosed)
def _(connection: Connection, event: ev.ImportClosed, entry: JournalEntry) -> None:
    counts = event.to_data()
    set_row(connection, db.imports, counts.pop("import_id"), state="CLOSED", **counts)


@on(ev.BatchOpened)
def _(connection: Connection, event: ev.BatchOpened, entry: JournalEntry) -> None:
    connection.execute(
        insert(db.batches).values(
            batch=event.batch,
            office=event.office,
            size=event.size,
            state="OPEN",
            opened_at=entry.at,
        )
    )


@on(ev.JobsBatched)
def _(connection: Connection, event: ev.JobsBatched, entry: JournalEntry) -> None:
    for offset, job in enumerate(event.jobs):
        move_job(connection, job, JobEvent.BATCH, batch=event.batch, sort_key=event.first + offset)


@on(ev.JobsPrepared)
def _(connection: Connection, event: ev.JobsPrepared, entry: JournalEntry) -> None:
    for job, digest in event.packages.items():
        move_job(connection, job, JobEvent.PREPARE, package_digest=digest)


@on(ev.BatchState)
def _(connection: Connection, event: ev.BatchState, entry: JournalEntry) -> None:
    closed = {"closed_at": entry.at} if event.state in ("CLOSED", "CANCELLED") else {}
    set_row(connection, db.batches, event.batch, state=event.state, **closed)


@on(ev.JobHeld)
def _(connection: Connection, event: ev.JobHeld, entry: JournalEntry) -> None:
    move_job(connection, event.job, JobEvent.HOLD, held_reason=event.reason)


@on(ev.JobReleased)
def _(connection: Connection, event: ev.JobReleased, entry: JournalEntry) -> None:
    move_job(connection, event.job, JobEvent.RELEASE, held_reason=None, batch=None)


@on(ev.JobCancelled)
def _(connection: Connection, event: ev.JobCancelled, entry: JournalEntry) -> None:
    move_job(connection, event.job, JobEvent.CANCEL, held_reason=event.reason)


@on(ev.JobRemade)
def _(connection: Connection, event: ev.JobRemade, entry: JournalEntry) -> None:
    move_job(connection, event.job, JobEvent.REMAKE, held_reason=None, batch=None, card=None)
