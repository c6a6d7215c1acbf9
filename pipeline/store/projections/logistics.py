"""Parcels, consignments, hand-over and cases."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, insert, select, update

from ektp.journal import JournalEntry
from ektp.lifecycle import CardEvent, CardState, JobEvent
from pipeline.store import events as ev
from pipeline.store import schema as db
from pipeline.store.projections.base import (
    MANY,
    move_card,
    move_cards,
    move_job,
    on,
    set_row,
)


@on(ev.ParcelPacked)
def _(connection: Connection, event: ev.ParcelPacked, entry: JournalEntry) -> None:
    connection.execute(
        insert(db.parcels).values(
            parcel=event.parcel,
            office=event.office,
            batch=event.batch,
            state="OPEN",
            cards=len(event.cards),
            packed_at=entry.at,
        )
    )
    move_cards(connection, event.cards, CardEvent.PACK, parcel=event.parcel)
    connection.execute(
        update(db.cards).where(db.cards.c.card == bindparam("key")),
        [{"key": card, "position": place} for place, card in enumerate(event.cards, 1)],
    )
    for job in _jobs_of_parcels(connection, [event.parcel]):
        move_job(connection, job, JobEvent.PACK)


def _jobs_of_parcels(connection: Connection, parcels: Sequence[str]) -> Sequence[str]:
    return connection.scalars(
        select(db.cards.c.job)
        .where(db.cards.c.parcel.in_(list(parcels)))
        .order_by(db.cards.c.parcel, db.cards.c.position)
    ).all()


@on(ev.ParcelSealed)
def _(connection: Connection, event: ev.ParcelSealed, entry: JournalEntry) -> None:
    set_row(connection, db.parcels, event.parcel, state="SEALED", seal=event.seal)
    set_row(connection, db.seals, event.seal, state="USED", parcel=event.parcel)


@on(ev.ConsignmentCreated)
def _(connection: Connection, event: ev.ConsignmentCreated, entry: JournalEntry) -> None:
    connection.execute(
        insert(db.consignments).values(
            consignment=event.consignment,
            origin=event.origin,
            destination=event.destination,
            final=event.final,
            state="CREATED",
            parcels=len(event.parcels),
            cards=event.cards,
            created_at=entry.at,
        )
    )
    for parcel in event.parcels:
        set_row(connection, db.parcels, parcel, consignment=event.consignment)


@on(ev.ConsignmentDispatched)
def _(connection: Connection, event: ev.ConsignmentDispatched, entry: JournalEntry) -> None:
    set_row(
        connection,
        db.consignments,
        event.consignment,
        state="DISPATCHED",
        courier=event.courier,
        dispatched_at=entry.at,
    )
    parcels = _parcels_of(connection, event.consignment)
    connection.execute(
        update(db.parcels).where(db.parcels.c.parcel.in_(parcels)).values(state="DISPATCHED")
    )
    # On the second leg the cards are under way already.
    cards = connection.execute(
        select(db.cards.c.card, db.cards.c.job)
        .where(db.cards.c.parcel.in_(parcels), db.cards.c.state == CardState.PACKED.value)
        .order_by(db.cards.c.card)
    ).all()
    move_cards(connection, [row.card for row in cards], CardEvent.DISPATCH)
    for row in cards:
        move_job(connection, row.job, JobEvent.DISPATCH)


def _parcels_of(connection: Connection, consignment: str) -> list[str]:
    return list(
        connection.scalars(
            select(db.parcels.c.parcel)
            .where(db.parcels.c.consignment == consignment)
            .order_by(db.parcels.c.parcel)
        )
    )


@on(ev.ConsignmentReceived)
def _(connection: Connection, event: ev.ConsignmentReceived, entry: JournalEntry) -> None:
    final = connection.scalar(
        select(db.consignments.c.final).where(db.consignments.c.consignment == event.consignment)
    )
    whole = not event.missing
    set_row(
        connection,
        db.consignments,
        event.consignment,
        state="RECEIVED" if whole else "RECEIVED_SHORT",
        received_at=entry.at,
    )
    if event.parcels:
        connection.execute(
            update(db.parcels)
            .where(db.parcels.c.parcel.in_(list(event.parcels)))
            .values(state="DELIVERED" if final else "AT_REGISTRY")
        )
    if not final:
        return
    for start in range(0, len(event.cards), MANY):
        chunk = list(event.cards[start : start + MANY])
        move_cards(connection, chunk, CardEvent.DELIVER)
        for job in connection.scalars(
            select(db.cards.c.job).where(db.cards.c.card.in_(chunk)).order_by(db.cards.c.card)
        ):
            move_job(connection, job, JobEvent.DELIVER)


_OLD_CARD = {"collected": CardEvent.COLLECT_BACK, "lost": CardEvent.LOSE}


@on(ev.HandoverRecorded)
def _(connection: Connection, event: ev.HandoverRecorded, entry: JournalEntry) -> None:
    holder = connection.scalar(select(db.jobs.c.holder).where(db.jobs.c.job == event.job))
    # The old card dies in the same transaction in which the new one goes out.
    for old in connection.scalars(
        select(db.cards.c.card).where(
            db.cards.c.holder == holder, db.cards.c.state == CardState.HANDED_OVER.value
        )
    ).all():
        move_card(connection, old, _OLD_CARD.get(event.old_card, CardEvent.LOSE))
    move_card(connection, event.card, CardEvent.HAND_OVER)
    move_job(connection, event.job, JobEvent.HAND_OVER)
    connection.execute(
        insert(db.handovers).values(
            job=event.job,
            card=event.card,
            office=event.office,
            method=event.method,
            old_card=event.old_card,
            at=entry.at,
        )
    )


@on(ev.CaseOpened)
def _(connection: Connection, event: ev.CaseOpened, entry: JournalEntry) -> None:
    connection.execute(
        insert(db.cases).values(
            case_id=event.case_id, subject=event.about, kind=event.kind, opened_at=entry.at
        )
    )


@on(ev.CaseClosed)
def _(connection: Connection, event: ev.CaseClosed, entry: JournalEntry) -> None:
    set_row(connection, db.cases, event.case_id, closed_at=entry.at)


def next_case_id(connection: Connection) -> int:
    """The number of the next case."""
    return int(connection.scalar(select(func.coalesce(func.max(db.cases.c.case_id), 0))) or 0) + 1
