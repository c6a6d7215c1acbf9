"""People, what is trusted, offices, stops and two-person requests."""

from __future__ import annotations

import json

from sqlalchemy import Connection, delete, insert

from ektp.journal import JournalEntry
from pipeline.store import events as ev
from pipeline.store import schema as db
from pipeline.store.projections.base import (
    on,
    set_row,
)


@on(ev.UserAdded)
def _(connection: Connection, event: ev.UserAdded, entry: JournalEntry) -> None:
    roles = " ".join(event.roles)
    connection.execute(insert(db.users).values(name=event.user, roles=roles, disabled=False))


@on(ev.UserRolesChanged)
def _(connection: Connection, event: ev.UserRolesChanged, entry: JournalEntry) -> None:
    set_row(connection, db.users, event.user, roles=" ".join(event.roles))


@on(ev.UserDisabled)
def _(connection: Connection, event: ev.UserDisabled, entry: JournalEntry) -> None:
    set_row(connection, db.users, event.user, disabled=True)


@on(ev.ApproverTrusted)
def _(connection: Connection, event: ev.ApproverTrusted, entry: JournalEntry) -> None:
    connection.execute(
        insert(db.approvers).values(
            fingerprint=event.fingerprint, certificate=event.certificate, added_at=entry.at
        )
    )


@on(ev.OfficeAdded)
def _(connection: Connection, event: ev.OfficeAdded, entry: JournalEntry) -> None:
    connection.execute(delete(db.offices).where(db.offices.c.office == event.office))
    connection.execute(
        insert(db.offices).values(
            office=event.office,
            name=event.office_name,
            regency=event.regency,
            province=event.province,
        )
    )


@on(ev.StopAdded)
def _(connection: Connection, event: ev.StopAdded, entry: JournalEntry) -> None:
    connection.execute(delete(db.stop_list).where(db.stop_list.c.holder == event.holder))
    connection.execute(
        insert(db.stop_list).values(holder=event.holder, reason=event.reason, since=entry.at)
    )


@on(ev.StopRemoved)
def _(connection: Connection, event: ev.StopRemoved, entry: JournalEntry) -> None:
    connection.execute(delete(db.stop_list).where(db.stop_list.c.holder == event.holder))


@on(ev.RequestMade)
def _(connection: Connection, event: ev.RequestMade, entry: JournalEntry) -> None:
    connection.execute(
        insert(db.requests).values(
            request=event.request,
            act=event.act,
            arguments=json.dumps(dict(event.arguments), sort_keys=True),
            state="OPEN",
            requested_by=entry.actor.principal,
            at=entry.at,
        )
    )


@on(ev.RequestDecided)
def _(connection: Connection, event: ev.RequestDecided, entry: JournalEntry) -> None:
    state = "APPROVED" if event.approved else "REFUSED"
    set_row(connection, db.requests, event.request, state=state, decided_by=entry.actor.principal)
