"""Logistics: consignments on their legs, receipt on both ends, hand-over to the citizen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from ektp.errors import LifecycleError, NotFound
from ektp.ids import CardSerial, ConsignmentId
from ektp.journal import Actor
from ektp.lifecycle import CardState, JobState
from ektp.ports import Entropy
from pipeline.home import new_id
from pipeline.store import schema as db
from pipeline.store.events import (
    CaseOpened,
    ConsignmentCreated,
    ConsignmentDispatched,
    ConsignmentReceived,
    HandoverRecorded,
)
from pipeline.store.projections.logistics import next_case_id
from pipeline.store.store import Store, Transaction

__all__ = ["CENTRE", "Receipt", "create_consignments", "dispatch", "receive", "record_handover"]

CENTRE = "PUSAT"
"""The place where cards are made, as origin of a consignment."""

METHODS = ("fingerprint", "override")
OLD_CARD = ("collected", "lost", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was found when a consignment was opened."""

    consignment: str
    cards: int
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    cases: tuple[int, ...]


def create_consignments(
    store: Store, entropy: Entropy, actor: Actor, *, direct: bool = False
) -> list[ConsignmentId]:
    """Put sealed parcels on their next journey.

    From the centre to the city registry, one consignment per regency; parcels that the registry
    has received go on, one consignment per kecamatan. `direct` goes to the kecamatan at once.
    """
    with store.transaction(actor) as tx:
        made = _from_centre(tx, entropy, direct=direct)
        made += _from_registry(tx, entropy)
    return made


def _parcels_in(connection: Connection, state: str) -> dict[str, list[tuple[str, int]]]:
    by_office: dict[str, list[tuple[str, int]]] = {}
    for row in connection.execute(
        select(db.parcels.c.office, db.parcels.c.parcel, db.parcels.c.cards)
        .where(db.parcels.c.state == state)
        .order_by(db.parcels.c.office, db.parcels.c.packed_at, db.parcels.c.parcel)
    ):
        by_office.setdefault(row.office, []).append((row.parcel, row.cards))
    return by_office


def _from_centre(tx: Transaction, entropy: Entropy, *, direct: bool) -> list[ConsignmentId]:
    waiting = _parcels_in(tx.connection, "SEALED")
    journeys: dict[str, list[tuple[str, int]]] = {}
    for office, parcels in waiting.items():
        under_way = _on_a_journey(tx.connection, [parcel for parcel, _ in parcels])
        free = [item for item in parcels if item[0] not in under_way]
        if free:
            journeys.setdefault(office if direct else office[:5], []).extend(free)
    return [
        _create(tx, entropy, CENTRE, destination, parcels, final=direct)
        for destination, parcels in journeys.items()
    ]


def _from_registry(tx: Transaction, entropy: Entropy) -> list[ConsignmentId]:
    return [
        _create(tx, entropy, office[:5], office, parcels, final=True)
        for office, parcels in _parcels_in(tx.connection, "AT_REGISTRY").items()
        if not _waits_for_courier(tx.connection, [parcel for parcel, _ in parcels])
    ]


def _on_a_journey(connection: Connection, parcels: Sequence[str]) -> set[str]:
    return set(
        connection.scalars(
            select(db.parcels.c.parcel).where(
                db.parcels.c.parcel.in_(list(parcels)), db.parcels.c.consignment.is_not(None)
            )
        )
    )


def _waits_for_courier(connection: Connection, parcels: Sequence[str]) -> bool:
    """Whether these parcels have an onward consignment that was not dispatched yet."""
    return (
        connection.scalar(
            select(db.consignments.c.consignment)
            .join(db.parcels, db.parcels.c.consignment == db.consignments.c.consignment)
            .where(db.parcels.c.parcel.in_(list(parcels)), db.consignments.c.state == "CREATED")
            .limit(1)
        )
        is not None
    )


def _create(
    tx: Transaction,
    entropy: Entropy,
    origin: str,
    destination: str,
    parcels: Sequence[tuple[str, int]],
    *,
    final: bool,
) -> ConsignmentId:
    consignment = new_id(ConsignmentId, entropy)
    tx.record(
        ConsignmentCreated(
            consignment=consignment,
            origin=origin,
            destination=destination,
            final=final,
            parcels=[parcel for parcel, _ in parcels],
            cards=sum(cards for _, cards in parcels),
        )
    )
    return consignment


def dispatch(store: Store, actor: Actor, consignment: str, courier: str) -> None:
    """Hand a consignment to its courier. Raises `NotFound` or `LifecycleError`."""
    with store.transaction(actor) as tx:
        _must_be(tx.connection, consignment, "CREATED")
        tx.record(ConsignmentDispatched(consignment=consignment, courier=courier))


def _must_be(connection: Connection, consignment: str, state: str) -> bool:
    row = connection.execute(
        select(db.consignments.c.state, db.consignments.c.final).where(
            db.consignments.c.consignment == consignment
        )
    ).one_or_none()
    if row is None:
        raise NotFound(consignment=consignment)
    if row.state != state:
        raise LifecycleError(
            "the consignment is in another state", consignment=consignment, state=row.state
        )
    return bool(row.final)


def receive(
    store: Store,
    actor: Actor,
    consignment: str,
    *,
    parcels: Sequence[str] | None = None,
    cards: Sequence[CardSerial] | None = None,
) -> Receipt:
    """Book the receipt of a consignment, by parcel or by tapped cards; all of it where neither.

    What is missing or does not belong is named, and gets a case.
    """
    with store.transaction(actor) as tx:
        final = _must_be(tx.connection, consignment, "DISPATCHED")
        listed = _listed(tx.connection, consignment)
        if cards is not None:
            found = _by_cards(listed, [str(card) for card in cards])
        else:
            found = _by_parcels(listed, list(listed) if parcels is None else list(parcels))
        here, arrived, missing, extra = found
        tx.record(
            ConsignmentReceived(
                consignment=consignment,
                parcels=here,
                cards=arrived if final else [],
                missing=missing,
                extra=extra,
            )
        )
        cases = tuple(
            _open_case(tx, about, kind)
            for kind, things in (("missing", missing), ("extra", extra))
            for about in things
        )
    return Receipt(
        consignment=consignment,
        cards=len(arrived),
        missing=tuple(missing),
        extra=tuple(extra),
        cases=cases,
    )


_Found = tuple[list[str], list[str], list[str], list[str]]


def _listed(connection: Connection, consignment: str) -> dict[str, list[str]]:
    listed: dict[str, list[str]] = {}
    for row in connection.execute(
        select(db.parcels.c.parcel, db.cards.c.card)
        .join(db.cards, db.cards.c.parcel == db.parcels.c.parcel)
        .where(
            db.parcels.c.consignment == consignment,
            db.cards.c.state == CardState.DISPATCHED.value,
        )
        .order_by(db.parcels.c.parcel, db.cards.c.position)
    ):
        listed.setdefault(row.parcel, []).append(row.card)
    return listed


def _by_parcels(listed: dict[str, list[str]], parcels: Sequence[str]) -> _Found:
    here = [parcel for parcel in listed if parcel in parcels]
    missing = [parcel for parcel in listed if parcel not in parcels]
    extra = [parcel for parcel in parcels if parcel not in listed]
    return here, [card for parcel in here for card in listed[parcel]], missing, extra


def _by_cards(listed: dict[str, list[str]], cards: Sequence[str]) -> _Found:
    expected = {card for inside in listed.values() for card in inside}
    arrived = sorted(expected & set(cards))
    here = [parcel for parcel, inside in listed.items() if expected & set(inside) & set(cards)]
    return here, arrived, sorted(expected - set(cards)), sorted(set(cards) - expected)


def _open_case(tx: Transaction, about: str, kind: str) -> int:
    case_id = next_case_id(tx.connection)
    tx.record(CaseOpened(case_id=case_id, about=about, kind=kind))
    return case_id


# --- hand-over ----------------------------------------------------------------------------------


def record_handover(
    store: Store, actor: Actor, card: CardSerial, *, method: str, old_card: str
) -> str:
    """Book that the citizen got the card; the old one dies in the same transaction.

    Raises `NotFound`, `TransitionRefused`, or `LifecycleError` where method or old card are words
    that nobody knows, or an old card of this home is not accounted for.
    """
    if method not in METHODS or old_card not in OLD_CARD:
        raise LifecycleError(
            "say how the citizen was recognised and what became of the old card",
            methods="/".join(METHODS),
            old_card="/".join(OLD_CARD),
        )
    with store.transaction(actor) as tx:
        row = tx.connection.execute(
            select(db.jobs.c.job, db.jobs.c.office, db.jobs.c.holder).where(db.jobs.c.card == card)
        ).one_or_none()
        if row is None:
            raise NotFound(card=card)
        old = tx.connection.scalar(
            select(db.cards.c.card).where(
                db.cards.c.holder == row.holder,
                db.cards.c.state == CardState.HANDED_OVER.value,
                db.cards.c.card != card,
            )
        )
        if old is not None and old_card == "none":
            raise LifecycleError("the citizen has an older card; collect it", card=old)
        tx.record(
            HandoverRecorded(
                job=row.job,
                card=card,
                office=row.office,
                method=method,
                old_card=old_card,
                old_serial=old,
            )
        )
    return str(row.job)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclaimed:
    """Cards that wait for their citizens at one place."""

    office: str
    village: str
    rw: str
    cards: int
    oldest_days: int


def unclaimed(connection: Connection, now: datetime, office: str | None = None) -> list[Unclaimed]:
    """Cards delivered and not handed over, by village and RW, with the age of the oldest."""
    delivered = (
        select(func.min(db.consignments.c.received_at))
        .select_from(
            db.parcels.join(
                db.consignments, db.consignments.c.consignment == db.parcels.c.consignment
            )
        )
        .where(db.parcels.c.parcel == db.cards.c.parcel)
        .scalar_subquery()
    )
    query = (
        select(
            db.jobs.c.office,
            db.jobs.c.village,
            db.jobs.c.rw,
            func.count().label("cards"),
            func.min(delivered).label("since"),
        )
        .join(db.cards, db.cards.c.card == db.jobs.c.card)
        .where(db.jobs.c.state == JobState.DELIVERED.value)
        .group_by(db.jobs.c.office, db.jobs.c.village, db.jobs.c.rw)
        .order_by(db.jobs.c.office, db.jobs.c.village, db.jobs.c.rw)
    )
    if office is not None:
        query = query.where(db.jobs.c.office == office)
    return [
        Unclaimed(
            office=row.office,
            village=row.village,
            rw=row.rw,
            cards=row.cards,
            oldest_days=_days(row.since, now),
        )
        for row in connection.execute(query)
    ]


def _days(since: str | None, now: datetime) -> int:
    if since is None:
        return 0
    return (now - datetime.fromisoformat(since)).days
