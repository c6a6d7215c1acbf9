"""Batches: choosing accepted jobs, preparing them in chunks, their state and their end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from ektp.accounting import BatchCount
from ektp.errors import DecisionOpen, LifecycleError, NotFound
from ektp.ids import BatchId
from ektp.journal import Actor
from ektp.lifecycle import JobState
from ektp.ports import Entropy
from pipeline.home import new_id
from pipeline.store import schema as db
from pipeline.store.events import BatchOpened, BatchState, JobHeld, JobsBatched
from pipeline.store.store import Store
from pipeline.store.vault import Part, Purpose, Vault

__all__ = ["BatchSummary", "batch_count", "batch_summary", "close_batch", "open_batch"]

_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDecision:
    """Something that a person must decide before a batch can be closed."""

    job: str
    card: str | None
    attempt: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSummary:
    """Where a batch stands."""

    batch: str
    state: str
    count: BatchCount
    jobs: dict[str, int]
    remade: int
    decisions: tuple[OpenDecision, ...]


def open_batch(
    store: Store,
    vault: Vault,
    entropy: Entropy,
    actor: Actor,
    *,
    office: str | None = None,
    most: int | None = None,
) -> tuple[BatchId, int]:
    """Choose accepted jobs, oldest approval first within a priority, in delivery order.

    Jobs of people who came onto the stop list since are held. Raises `LifecycleError` where
    nothing is waiting.
    """
    batch = new_id(BatchId, entropy)
    with store.transaction(actor) as tx:
        chosen = _choose(tx.connection, office, most)
        stopped = {
            row.job: row.reason
            for row in tx.connection.execute(
                select(db.jobs.c.job, db.stop_list.c.reason)
                .join(db.stop_list, db.stop_list.c.holder == db.jobs.c.holder)
                .where(db.jobs.c.state == JobState.ACCEPTED.value)
            )
        }
        for job in [job for job in chosen if job in stopped]:
            tx.record(JobHeld(job=job, reason=f"stop list: {stopped[job]}"))
        chosen = [job for job in chosen if job not in stopped]
        if not chosen:
            raise LifecycleError("no accepted job waits for a batch")
        tx.record(BatchOpened(batch=batch, office=office, size=len(chosen)))
        ordered = _delivery_order(
            tx.connection, chosen, vault.open(tx, chosen, Part.BIOGRAPHIC, Purpose.PREPARE)
        )
        for first in range(0, len(ordered), _CHUNK):
            tx.record(
                JobsBatched(batch=batch, jobs=ordered[first : first + _CHUNK], first=first + 1)
            )
    return batch, len(chosen)


def _choose(connection: Connection, office: str | None, most: int | None) -> list[str]:
    query = (
        select(db.jobs.c.job)
        .where(db.jobs.c.state == JobState.ACCEPTED.value)
        .order_by(db.jobs.c.priority.desc(), db.jobs.c.approved_at, db.jobs.c.accepted_at)
    )
    if office is not None:
        query = query.where(db.jobs.c.office == office)
    return list(connection.scalars(query if most is None else query.limit(most)))


def _delivery_order(
    connection: Connection, jobs: Sequence[str], biographic: dict[str, bytes]
) -> list[str]:
    """Office, village, RW, RT, name: the order of the parcels. Names are read and forgotten."""
    places = {}
    for first in range(0, len(jobs), _CHUNK):
        for row in connection.execute(
            select(
                db.jobs.c.job, db.jobs.c.office, db.jobs.c.village, db.jobs.c.rw, db.jobs.c.rt
            ).where(db.jobs.c.job.in_(jobs[first : first + _CHUNK]))
        ):
            name = json.loads(biographic[row.job])["name"]
            places[row.job] = (row.office, row.village, row.rw, row.rt, name, row.job)
    return sorted(jobs, key=places.__getitem__)


def batch_count(connection: Connection, batch: str) -> BatchCount:
    """The batch identity's numbers, from the attempts."""
    rows = connection.execute(
        select(db.attempts.c.outcome, db.attempts.c.fed, func.count())
        .where(db.attempts.c.batch == batch)
        .group_by(db.attempts.c.outcome, db.attempts.c.fed)
    ).all()
    by_outcome: dict[str | None, int] = {}
    picked = 0
    for outcome, fed, number in rows:
        if fed:
            picked += number
            by_outcome[outcome] = by_outcome.get(outcome, 0) + number
    return BatchCount(
        picked=picked,
        passed=by_outcome.get("passed", 0),
        spoiled=by_outcome.get("spoiled", 0),
        held=by_outcome.get("held", 0),
        in_doubt=by_outcome.get("in_doubt", 0),
        on_machine=by_outcome.get(None, 0),
    )


def batch_summary(connection: Connection, batch: str) -> BatchSummary:
    """Where a batch stands. Raises `NotFound`."""
    state = connection.scalar(select(db.batches.c.state).where(db.batches.c.batch == batch))
    if state is None:
        raise NotFound(batch=batch)
    by_state = connection.execute(
        select(db.jobs.c.state, func.count())
        .where(db.jobs.c.batch == batch)
        .group_by(db.jobs.c.state)
    ).all()
    remade = connection.scalar(
        select(func.count())
        .select_from(db.jobs)
        .where(
            db.jobs.c.batch == batch,
            db.jobs.c.job.in_(
                select(db.attempts.c.job).where(
                    db.attempts.c.batch == batch, db.attempts.c.outcome == "spoiled"
                )
            ),
        )
    )
    return BatchSummary(
        batch=batch,
        state=state,
        count=batch_count(connection, batch),
        jobs={row[0]: row[1] for row in by_state},
        remade=int(remade or 0),
        decisions=tuple(_decisions(connection, batch)),
    )


def _decisions(connection: Connection, batch: str) -> list[OpenDecision]:
    attempts = connection.execute(
        select(db.attempts.c.job, db.attempts.c.card, db.attempts.c.attempt, db.jobs.c.held_reason)
        .join(db.jobs, db.jobs.c.job == db.attempts.c.job)
        .where(db.attempts.c.batch == batch, db.attempts.c.outcome.in_(["held", "in_doubt"]))
        .order_by(db.attempts.c.started_at)
    ).all()
    decisions = [
        OpenDecision(job=row.job, card=row.card, attempt=row.attempt, why=row.held_reason or "")
        for row in attempts
    ]
    known = {decision.job for decision in decisions}
    held = connection.execute(
        select(db.jobs.c.job, db.jobs.c.held_reason)
        .where(db.jobs.c.batch == batch, db.jobs.c.state == JobState.HELD.value)
        .order_by(db.jobs.c.sort_key)
    ).all()
    decisions += [
        OpenDecision(job=row.job, card=None, attempt=None, why=row.held_reason or "")
        for row in held
        if row.job not in known
    ]
    return decisions


def unfinished_batch(connection: Connection) -> str | None:
    """The oldest batch that is neither closed nor cancelled."""
    return connection.scalar(
        select(db.batches.c.batch)
        .where(db.batches.c.state.not_in(["CLOSED", "CANCELLED"]))
        .order_by(db.batches.c.opened_at)
        .limit(1)
    )


def set_state(store: Store, actor: Actor, batch: str, state: str, reason: str = "") -> None:
    """Journal a batch's new state. Raises `NotFound`."""
    with store.transaction(actor) as tx:
        tx.record(BatchState(batch=batch, state=state, reason=reason))


def close_batch(store: Store, actor: Actor, batch: str) -> BatchSummary:
    """Close a batch whose every card is explained.

    Raises `DecisionOpen` while a card is in doubt, held or on a machine, or a job is unfinished.
    """
    with store.transaction(actor) as tx:
        summary = batch_summary(tx.connection, batch)
        count = summary.count
        waiting = sum(
            summary.jobs.get(state.value, 0)
            for state in (JobState.BATCHED, JobState.PREPARED, JobState.IN_PRODUCTION)
        )
        if count.in_doubt or count.held or count.on_machine or count.difference or waiting:
            raise DecisionOpen(
                "the batch cannot be closed",
                in_doubt=count.in_doubt,
                held=count.held,
                on_machine=count.on_machine,
                difference=count.difference,
                unfinished=waiting,
            )
        tx.record(BatchState(batch=batch, state="CLOSED", reason=""))
        return batch_summary(tx.connection, batch)
