"""The trail of one thing: everything that the journal holds about a card, a job or an attempt."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, or_, select

from ektp.errors import NotFound
from pipeline.store import schema as db

__all__ = ["Trail", "TrailEntry", "shortened", "trail_of"]

_Row = Row[*tuple[Any, ...]]
_NAMED: Final = 8
"""Lists and maps longer than this are told by their number of items."""

_UNTOLD: Final = frozenset({"holder", "certificate", "digests"})
"""Fields that say nothing to a reader; the blind index of a person is nobody's business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEntry:
    """One entry of the journal, as it is shown."""

    seq: int
    at: str
    event: str
    phase: str
    subject: str
    principal: str
    role: str
    station: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """A thing, what it is tied to, and its history. No word of a person."""

    name: str
    kind: str
    card: Mapping[str, Any] | None
    job: Mapping[str, Any] | None
    request: Mapping[str, Any] | None
    attempts: tuple[Mapping[str, Any], ...]
    history: tuple[TrailEntry, ...]


def shortened(data: Mapping[str, Any]) -> dict[str, Any]:
    """An entry's data for people: long lists by their length, nothing that names a person."""
    return {name: _short(value) for name, value in data.items() if name not in _UNTOLD}


def _short(value: Any) -> Any:
    if isinstance(value, Mapping) and len(value) <= _NAMED:
        return shortened(value)
    if isinstance(value, (list, Mapping)) and len(value) > _NAMED:
        return {"count": len(value)}
    return value


def trail_of(connection: Connection, name: str) -> Trail:
    """The trail of a card (serial), job, attempt, two-person request or `credentialRequestId`.

    Raises `NotFound`.
    """
    for kind, table, column in (
        ("card", db.cards, db.cards.c.card),
        ("job", db.jobs, db.jobs.c.job),
        ("attempt", db.attempts, db.attempts.c.attempt),
        ("request", db.requests, db.requests.c.request),
        ("job", db.jobs, db.jobs.c.request),
    ):
        row = connection.execute(select(table).where(column == name)).one_or_none()
        if row is not None:
            return _trail(connection, name, kind, row)
    raise NotFound("neither a card nor a job, an attempt or a request of this home", id=name)


def _trail(connection: Connection, name: str, kind: str, row: _Row) -> Trail:
    attempts: list[_Row] = []
    card, job = None, None
    if kind == "card":
        card = row
        attempts = _attempts(connection, db.attempts.c.card == row.card)
        job = _one(connection, db.jobs, row.job)
    elif kind == "job":
        job = row
        attempts = _attempts(connection, db.attempts.c.job == row.job)
        card = _one(connection, db.cards, row.card)
    elif kind == "attempt":
        attempts = [row]
        job = _one(connection, db.jobs, row.job)
        card = _one(connection, db.cards, row.card)
    names = {name, *(attempt.attempt for attempt in attempts)}
    if kind == "job":
        names |= {row.job, *(attempt.card for attempt in attempts if attempt.card)}
    elif kind == "attempt" and row.card:
        names.add(row.card)
    if card is not None and card.parcel is not None:
        names.add(card.parcel)
    return Trail(
        name=name,
        kind=kind,
        card=None if card is None else _told(card, _CARD),
        job=None if job is None else _told(job, _JOB),
        request=_told(row, _REQUEST) if kind == "request" else None,
        attempts=tuple(_told(attempt, _ATTEMPT) for attempt in attempts),
        history=tuple(_history(connection, names)),
    )


_CARD: Final = ("card", "kind", "box", "state", "line", "job", "attempt", "parcel", "cause")
_JOB: Final = (
    "job", "request", "state", "held_reason", "variant", "kind", "office", "batch", "card",
    "attempts", "accepted_at",
)  # fmt: skip
_REQUEST: Final = ("request", "act", "state", "requested_by", "decided_by", "at")
_ATTEMPT: Final = (
    "attempt", "job", "batch", "line", "number", "card", "step", "phase", "fed", "terminated",
    "outcome", "cause", "bag", "started_at", "ended_at",
)  # fmt: skip


def _told(row: _Row, columns: Iterable[str]) -> dict[str, Any]:
    return {column: getattr(row, column) for column in columns}


def _one(connection: Connection, table: Table, key: str | None) -> _Row | None:
    if key is None:
        return None
    (primary,) = table.primary_key.columns
    return connection.execute(select(table).where(primary == key)).one_or_none()


def _attempts(connection: Connection, where: Any) -> list[_Row]:
    query = select(db.attempts).where(where).order_by(db.attempts.c.started_at)
    return list(connection.execute(query))


def _history(connection: Connection, names: set[str]) -> list[TrailEntry]:
    """Entries that name one of the things; then those of the journeys that they were on."""
    entries = _entries(connection, names)
    journeys = {entry.subject for entry in entries.values() if entry.event == "consignment.created"}
    if journeys:
        entries |= _entries(connection, journeys)
    return [entries[seq] for seq in sorted(entries)]


def _entries(connection: Connection, names: set[str]) -> dict[int, TrailEntry]:
    named = or_(
        db.journal.c.subject.in_(sorted(names)),
        *(db.journal.c.data.contains(json.dumps(name), autoescape=True) for name in sorted(names)),
    )
    return {
        row.seq: TrailEntry(
            seq=row.seq,
            at=row.at,
            event=row.event,
            phase=row.phase,
            subject=row.subject,
            principal=row.principal,
            role=row.role,
            station=row.station,
            data=shortened(json.loads(row.data)),
        )
        for row in connection.execute(select(db.journal).where(named))
    }
