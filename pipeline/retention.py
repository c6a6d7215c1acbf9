"""Retention: personal data end when their time is over, by destroying the keys that seal them.

What stays are ids, digests and counts: the journal still proves every card, and names nobody.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from ektp.journal import Actor, utc_text
from ektp.lifecycle import JobState
from pipeline.store import schema as db
from pipeline.store.store import Store
from pipeline.store.vault import Vault

__all__ = ["due_for_purge", "purge_due"]

_CHUNK = 500


def due_for_purge(connection: Connection, now: datetime, days: int) -> list[str]:
    """Jobs that ended so many days ago and whose data are still here: handed over or cancelled."""
    before = utc_text(now - timedelta(days=days))
    handed_over = (
        select(db.handovers.c.job)
        .join(db.vault_keys, db.vault_keys.c.job == db.handovers.c.job)
        .where(db.handovers.c.at <= before)
    )
    cancelled = (
        select(db.jobs.c.job)
        .join(db.vault_keys, db.vault_keys.c.job == db.jobs.c.job)
        .where(db.jobs.c.state == JobState.CANCELLED.value, db.jobs.c.accepted_at <= before)
    )
    return sorted({*connection.scalars(handed_over), *connection.scalars(cancelled)})


def purge_due(store: Store, vault: Vault, actor: Actor, now: datetime, days: int) -> int:
    """Destroy the data keys of every job whose time is over; how many."""
    with store.read() as connection:
        due = due_for_purge(connection, now, days)
    for first in range(0, len(due), _CHUNK):
        with store.transaction(actor) as tx:
            vault.purge(tx, due[first : first + _CHUNK], rule=f"{days} days after the end")
    return len(due)
