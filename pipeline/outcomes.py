"""The outcome file of a batch: what became of each request, for the data centre."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from ektp.journal import utc_text
from ektp.lifecycle import JobState
from ektp.ports import KeyService
from pipeline.home import Home
from pipeline.outgoing import write_signed
from pipeline.store import schema as db

__all__ = ["STATUS", "request_outcomes", "write_outcomes"]

STATUS: Final = {
    JobState.PRODUCED: "CARD_PRINTED",
    JobState.PACKED: "CARD_PRINTED",
    JobState.DISPATCHED: "CARD_SHIPPED",
    JobState.DELIVERED: "CARD_SHIPPED",
    JobState.HANDED_OVER: "CARD_ISSUED",
    JobState.CANCELLED: "REFUSED",
}
"""A request's status by its job's state; a job in any other state has no outcome yet."""


def request_outcomes(connection: Connection, batch: str) -> tuple[list[dict[str, str]], list[str]]:
    """The requests of a batch with an outcome, and those that still wait for one."""
    done, pending = [], []
    for row in connection.execute(
        select(db.jobs.c.request, db.jobs.c.state, db.jobs.c.held_reason)
        .where(db.jobs.c.batch == batch)
        .order_by(db.jobs.c.request)
    ):
        status = STATUS.get(JobState(row.state))
        if status is None:
            pending.append(row.request)
            continue
        outcome = {"request": row.request, "status": status}
        if row.held_reason:
            outcome["reason"] = row.held_reason
        done.append(outcome)
    return done, pending


def write_outcomes(home: Home, keys: KeyService, batch: str) -> Path:
    """Write and sign the outcome file of a batch into the outbox; its path.

    Written again later, it tells how far the cards have come since.
    """
    with home.store.read() as connection:
        done, pending = request_outcomes(connection, batch)
    document = {
        "type": "outcomes",
        "version": 1,
        "site": home.settings.home.site,
        "batch": batch,
        "at": utc_text(home.clock.now()),
        "requests": done,
        "pending": pending,
    }
    return write_signed(home.outbox, f"outcome-{batch}", document, keys)
