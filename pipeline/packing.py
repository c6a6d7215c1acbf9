"""Packing: finished cards into sealed parcels, one kecamatan each, in delivery order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection, select

from ektp.errors import LifecycleError, NotFound
from ektp.ids import CardSerial, ParcelId
from ektp.journal import Actor
from ektp.lifecycle import CardState
from ektp.ports import Entropy
from pipeline.home import new_id
from pipeline.stock import next_free_seal
from pipeline.store import schema as db
from pipeline.store.events import ParcelPacked, ParcelSealed
from pipeline.store.store import Store

__all__ = ["Packed", "pack", "parcel_cards", "seal_open_parcels", "seal_parcel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A parcel that was packed."""

    parcel: ParcelId
    office: str
    cards: int


def pack(
    store: Store,
    entropy: Entropy,
    actor: Actor,
    *,
    batch: str | None,
    most: int,
    office: str | None = None,
) -> list[Packed]:
    """Pack every good card that is not packed yet: per kecamatan, by village, RW, RT and name.

    Each parcel is a transaction of its own; packing again after a stop packs what is left.
    """
    with store.read() as connection:
        waiting = _waiting(connection, batch, office)
    packed = []
    for code, rows in groupby(waiting, key=lambda row: row[0]):
        cards = [card for _, card in rows]
        for some in _evenly(cards, most):
            parcel = new_id(ParcelId, entropy)
            with store.transaction(actor) as tx:
                tx.record(ParcelPacked(parcel=parcel, office=code, batch=batch, cards=some))
            packed.append(Packed(parcel=parcel, office=code, cards=len(some)))
    return packed


def _waiting(
    connection: Connection, batch: str | None, office: str | None
) -> list[tuple[str, CardSerial]]:
    query = (
        select(db.jobs.c.office, db.cards.c.card)
        .join(db.cards, db.cards.c.card == db.jobs.c.card)
        .where(db.cards.c.state == CardState.PASSED.value)
        .order_by(
            db.jobs.c.office,
            db.jobs.c.village,
            db.jobs.c.rw,
            db.jobs.c.rt,
            db.jobs.c.sort_key,
            db.jobs.c.job,
        )
    )
    if batch is not None:
        query = query.where(db.jobs.c.batch == batch)
    if office is not None:
        query = query.where(db.jobs.c.office == office)
    return [(row[0], CardSerial(row[1])) for row in connection.execute(query)]


def _evenly(cards: Sequence[CardSerial], most: int) -> list[Sequence[CardSerial]]:
    """Parcels of nearly one size: 251 cards at 250 make 126 and 125, not 250 and 1."""
    number = -(-len(cards) // most)
    size, over = divmod(len(cards), number)
    parcels, first = [], 0
    for index in range(number):
        end = first + size + (index < over)
        parcels.append(cards[first:end])
        first = end
    return parcels


def seal_parcel(store: Store, actor: Actor, parcel: str, seal: str | None = None) -> str:
    """Close a parcel with a seal of the stock; the lowest free one unless told.

    Raises `SealUnavailable`, `NotFound`, or `LifecycleError` where the parcel is sealed.
    """
    with store.transaction(actor) as tx:
        state = tx.connection.scalar(
            select(db.parcels.c.state).where(db.parcels.c.parcel == parcel)
        )
        if state is None:
            raise NotFound(parcel=parcel)
        if state != "OPEN":
            raise LifecycleError("the parcel is sealed already", parcel=parcel)
        chosen = _free(tx.connection, seal)
        tx.record(ParcelSealed(parcel=parcel, seal=chosen))
    return chosen


def seal_open_parcels(store: Store, actor: Actor) -> int:
    """Close every open parcel with the next free seal; how many."""
    with store.read() as connection:
        parcels = connection.scalars(
            select(db.parcels.c.parcel)
            .where(db.parcels.c.state == "OPEN")
            .order_by(db.parcels.c.office, db.parcels.c.packed_at, db.parcels.c.parcel)
        ).all()
    for parcel in parcels:
        seal_parcel(store, actor, parcel)
    return len(parcels)


def _free(connection: Connection, seal: str | None) -> str:
    if seal is None:
        return next_free_seal(connection)
    state = connection.scalar(select(db.seals.c.state).where(db.seals.c.seal == seal))
    if state != "FREE":
        raise LifecycleError("this seal is not free", seal=seal)
    return seal


def parcel_cards(connection: Connection, parcel: str) -> list[CardSerial]:
    """The cards of a parcel in their order."""
    return [
        CardSerial(card)
        for card in connection.scalars(
            select(db.cards.c.card).where(db.cards.c.parcel == parcel).order_by(db.cards.c.position)
        )
    ]
