"""Questions to the store, for screens and commands: ids, states and counts, nothing personal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from ektp.cards import BlankKind
from ektp.errors import NotFound
from ektp.lifecycle import JobState
from pipeline.store import schema as db

__all__ = [
    "ApproverLine",
    "BatchLine",
    "ConsignmentLine",
    "Destruction",
    "JobLine",
    "OfficeLine",
    "ParcelLine",
    "SealLine",
    "added_offices",
    "approvers",
    "batch_jobs",
    "batches",
    "box_kind",
    "consignment_of",
    "consignments",
    "destruction",
    "must_be_batch",
    "must_be_card",
    "must_be_job",
    "parcel_of",
    "parcels",
    "ready_for_notice",
    "seal_counts",
    "seals",
    "stops",
]


# --- batches and jobs ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """A batch in a list."""

    batch: str
    state: str
    office: str | None
    size: int
    opened_at: str
    closed_at: str | None


def batches(connection: Connection) -> list[BatchLine]:
    """All batches, the newest first."""
    return [
        BatchLine(**row._mapping)  # noqa: SLF001 - SQLAlchemy's own name
        for row in connection.execute(
            select(db.batches).order_by(db.batches.c.opened_at.desc(), db.batches.c.batch)
        )
    ]


def must_be_batch(connection: Connection, batch: str) -> str:
    """The state of a batch. Raises `NotFound`."""
    state = connection.scalar(select(db.batches.c.state).where(db.batches.c.batch == batch))
    if state is None:
        raise NotFound("no such batch; see: ektp batch status", batch=batch)
    return str(state)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLine:
    """A job in a batch, and the card that it has or that stands open for it."""

    job: str
    request: str
    state: str
    card: str | None
    held_reason: str | None


def batch_jobs(connection: Connection, batch: str) -> list[JobLine]:
    """The jobs of a batch in its order; a card held or in doubt is named with its job."""
    open_cards = {
        row.job: row.card
        for row in connection.execute(
            select(db.attempts.c.job, db.attempts.c.card).where(
                db.attempts.c.batch == batch,
                db.attempts.c.outcome.is_(None) | db.attempts.c.outcome.in_(["held", "in_doubt"]),
            )
        )
    }
    return [
        JobLine(
            job=row.job,
            request=row.request,
            state=row.state,
            card=row.card or open_cards.get(row.job),
            held_reason=row.held_reason,
        )
        for row in connection.execute(
            select(db.jobs).where(db.jobs.c.batch == batch).order_by(db.jobs.c.sort_key)
        )
    ]


def must_be_job(connection: Connection, job: str) -> str:
    """The state of a job. Raises `NotFound`."""
    state = connection.scalar(select(db.jobs.c.state).where(db.jobs.c.job == job))
    if state is None:
        raise NotFound(job=job)
    return str(state)


def must_be_card(connection: Connection, card: str) -> str:
    """The state of a card. Raises `NotFound`."""
    state = connection.scalar(select(db.cards.c.state).where(db.cards.c.card == card))
    if state is None:
        raise NotFound(card=card)
    return str(state)


# --- stock and seals ----------------------------------------------------------------------------


def box_kind(connection: Connection, box: str) -> BlankKind:
    """The kind of blank in a box. Raises `NotFound`."""
    kind = connection.scalar(select(db.boxes.c.kind).where(db.boxes.c.box == box))
    if kind is None:
        raise NotFound("no such box was received", box=box)
    return BlankKind(kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealLine:
    """A numbered seal."""

    seal: str
    state: str
    parcel: str | None


def seals(connection: Connection, state: str | None = None, most: int = 50) -> list[SealLine]:
    """Seals by number, `most` of them."""
    query = select(db.seals).order_by(db.seals.c.seal).limit(most)
    if state is not None:
        query = query.where(db.seals.c.state == state)
    return [
        SealLine(seal=row.seal, state=row.state, parcel=row.parcel)
        for row in connection.execute(query)
    ]


def seal_counts(connection: Connection) -> dict[str, int]:
    """How many seals are in each state."""
    counts = dict.fromkeys(("FREE", "USED", "VOID"), 0)
    for state, count in connection.execute(
        select(db.seals.c.state, func.count()).group_by(db.seals.c.state)
    ):
        counts[state] = int(count)
    return counts


# --- parcels and consignments -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelLine:
    """A parcel in a list."""

    parcel: str
    office: str
    state: str
    cards: int
    seal: str | None
    batch: str | None
    consignment: str | None
    packed_at: str


def parcels(
    connection: Connection,
    *,
    batch: str | None = None,
    office: str | None = None,
    state: str | None = None,
    consignment: str | None = None,
) -> list[ParcelLine]:
    """Parcels by kecamatan and time of packing."""
    query = select(db.parcels).order_by(
        db.parcels.c.office, db.parcels.c.packed_at, db.parcels.c.parcel
    )
    wanted = {"batch": batch, "office": office, "state": state, "consignment": consignment}
    for column, value in wanted.items():
        if value is not None:
            query = query.where(db.parcels.c[column] == value)
    return [
        ParcelLine(**row._mapping)  # noqa: SLF001 - SQLAlchemy's own name
        for row in connection.execute(query)
    ]


def parcel_of(connection: Connection, parcel: str) -> ParcelLine:
    """One parcel. Raises `NotFound`."""
    row = connection.execute(select(db.parcels).where(db.parcels.c.parcel == parcel)).one_or_none()
    if row is None:
        raise NotFound(parcel=parcel)
    return ParcelLine(**row._mapping)  # noqa: SLF001 - SQLAlchemy's own name


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentLine:
    """A consignment in a list; `final` goes to a kecamatan, the others to a registry."""

    consignment: str
    origin: str
    destination: str
    final: bool
    state: str
    parcels: int
    cards: int
    courier: str | None
    created_at: str
    dispatched_at: str | None
    received_at: str | None


def consignments(connection: Connection, state: str | None = None) -> list[ConsignmentLine]:
    """Consignments by time."""
    query = select(db.consignments).order_by(
        db.consignments.c.created_at, db.consignments.c.consignment
    )
    if state is not None:
        query = query.where(db.consignments.c.state == state)
    return [
        ConsignmentLine(**row._mapping)  # noqa: SLF001 - SQLAlchemy's own name
        for row in connection.execute(query)
    ]


def consignment_of(connection: Connection, consignment: str) -> ConsignmentLine:
    """One consignment. Raises `NotFound`."""
    found = [line for line in consignments(connection) if line.consignment == consignment]
    if not found:
        raise NotFound(consignment=consignment)
    return found[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeCount:
    """People of an office whose cards wait there: with a phone, and to be told by a list."""

    office: str
    with_phone: int
    without_phone: int


def ready_for_notice(connection: Connection, office: str | None = None) -> list[NoticeCount]:
    """How many people of each office are to be told that their card has come."""
    query = (
        select(db.jobs.c.office, db.jobs.c.has_phone, func.count().label("people"))
        .where(db.jobs.c.state == JobState.DELIVERED.value)
        .group_by(db.jobs.c.office, db.jobs.c.has_phone)
        .order_by(db.jobs.c.office)
    )
    if office is not None:
        query = query.where(db.jobs.c.office == office)
    counts: dict[str, dict[bool, int]] = {}
    for row in connection.execute(query):
        counts.setdefault(row.office, {})[bool(row.has_phone)] = row.people
    return [
        NoticeCount(office=code, with_phone=by.get(True, 0), without_phone=by.get(False, 0))
        for code, by in counts.items()
    ]


# --- what the installation added ----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproverLine:
    """A pinned approver."""

    fingerprint: str
    added_at: str


def approvers(connection: Connection) -> list[ApproverLine]:
    """The approvers whose files are taken in."""
    return [
        ApproverLine(fingerprint=row.fingerprint, added_at=row.added_at)
        for row in connection.execute(select(db.approvers).order_by(db.approvers.c.added_at))
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeLine:
    """A delivery office that the installation added."""

    office: str
    name: str
    regency: str
    province: str


def added_offices(connection: Connection) -> list[OfficeLine]:
    """The offices that stand before those of the Kemendagri list."""
    return [
        OfficeLine(office=row.office, name=row.name, regency=row.regency, province=row.province)
        for row in connection.execute(select(db.offices).order_by(db.offices.c.office))
    ]


def stops(connection: Connection) -> dict[str, int]:
    """How many people must not get a card, by reason. Who they are, the store cannot tell."""
    rows: Sequence[tuple[str, int]] = [
        (row[0], int(row[1]))
        for row in connection.execute(
            select(db.stop_list.c.reason, func.count())
            .group_by(db.stop_list.c.reason)
            .order_by(db.stop_list.c.reason)
        )
    ]
    return dict(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """Cards that were destroyed before witnesses, under one berita acara."""

    document: str
    cards: int
    place: str
    witnesses: tuple[str, ...]
    at: str


def destruction(connection: Connection, document: str) -> Destruction:
    """The destruction of a document's number. Raises `NotFound`."""
    row = connection.execute(
        select(db.destructions).where(db.destructions.c.document == document)
    ).one_or_none()
    if row is None:
        raise NotFound("no destruction was booked under this number", document=document)
    return Destruction(
        document=row.document,
        cards=row.cards,
        place=row.place,
        witnesses=tuple(json.loads(row.witnesses)),
        at=row.at,
    )
