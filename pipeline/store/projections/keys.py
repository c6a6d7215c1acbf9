"""Secure access modules: issued, loaded again, revoked."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert

from ektp.journal import JournalEntry
from pipeline.store import events as ev
from pipeline.store import schema as db
from pipeline.store.projections.base import on, set_row


@on(ev.SamIssued)
def _(connection: Connection, event: ev.SamIssued, entry: JournalEntry) -> None:
    # A module that is loaded again keeps its place; what it held before is gone from it too.
    connection.execute(delete(db.sams).where(db.sams.c.sam == event.sam))
    connection.execute(
        insert(db.sams).values(
            sam=event.sam,
            version=event.version,
            holder=event.holder,
            state="ISSUED",
            signers=event.signers,
            valid_until=event.valid_until,
            issued_at=entry.at,
        )
    )


@on(ev.SamRevoked)
def _(connection: Connection, event: ev.SamRevoked, entry: JournalEntry) -> None:
    set_row(connection, db.sams, event.sam, state="REVOKED", revoked_at=entry.at)
