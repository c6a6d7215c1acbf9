"""How cards end: the report of the spoiled, and the *berita acara* of the destroyed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from ektp.cards import SpoilCause
from ektp.errors import LifecycleError, NotFound
from ektp.ids import AttemptId, BatchId, CardSerial, JobId
from ektp.journal import Actor, Role
from pipeline import papers
from pipeline.documents.document import Document, paper_number, signer, signs_as, stamp_of
from pipeline.documents.sources import AnyRow, in_chunks, journalled, moment, row_of
from pipeline.papers import (
    DestroyedCard,
    DestructionMethod,
    DestructionRecord,
    Lang,
    OtherGround,
    Person,
    SpoilageReport,
    SpoiledCard,
)
from pipeline.plant import Plant
from pipeline.store import schema as db

__all__ = ["destruction_record", "spoilage_report"]

_SUPERVISOR = frozenset({Role.SUPERVISOR})
_REPORTERS = frozenset(Role) - _SUPERVISOR - {Role.SYSTEM, Role.AUDITOR}
_WITNESSES = 2


# --- spoiled ---------------------------------------------------------------------------------


def spoilage_report(
    plant: Plant, actor: Actor, batch: str | None = None, *, lang: Lang = "id"
) -> Document:
    """The spoiled cards of a batch by cause, or of all batches. Raises `NotFound`."""
    with plant.home.store.read() as connection:
        opened = _opened(connection, plant, batch)
        rows = _spoiled(connection, batch)
        ends = {row.attempt: _spoiled_at(connection, row) for row in rows}
        fed = connection.scalar(
            _of_batch(
                select(func.count()).select_from(db.attempts).where(db.attempts.c.fed.is_(True)),
                batch,
            )
        )
        last = connection.scalar(_of_batch(select(func.max(db.attempts.c.ended_at)), batch))
    zone = plant.home.zone
    latest = max([opened, *ends.values(), *([moment(last)] if last else [])])
    view = SpoilageReport(
        batch=None if batch is None else BatchId(batch),
        since=_day(opened, zone),
        until=_day(latest, zone),
        attempts=int(fed or 0),
        cards=tuple(
            SpoiledCard(
                card=CardSerial(row.card) if row.card else None,
                attempt=AttemptId(row.attempt),
                job=JobId(row.job),
                line=row.line,
                spoiled_at=ends[row.attempt],
                cause=SpoilCause(row.cause),
            )
            for row in sorted(rows, key=lambda row: (ends[row.attempt], row.attempt))
        ),
        reporter=signs_as(actor, _REPORTERS, lang),
        reviewer=signs_as(actor, _SUPERVISOR, lang),
    )
    subject = batch or f"{view.since.isoformat()}/{view.until.isoformat()}"
    stamp = stamp_of(plant, paper_number(plant, "RUSAK", subject, latest))
    return Document(
        name=papers.file_name(view, stamp),
        content=papers.render_spoilage_report(view, stamp, lang=lang),
    )


def _opened(connection: Connection, plant: Plant, batch: str | None) -> datetime:
    if batch is not None:
        return moment(row_of(connection, db.batches, batch).opened_at)
    first = connection.scalar(select(func.min(db.batches.c.opened_at)))
    return plant.home.clock.now() if first is None else moment(first)


def _of_batch(query: Any, batch: str | None) -> Any:
    return query if batch is None else query.where(db.attempts.c.batch == batch)


def _spoiled(connection: Connection, batch: str | None) -> Sequence[AnyRow]:
    query = select(db.attempts).where(db.attempts.c.outcome == "spoiled")
    return connection.execute(_of_batch(query, batch)).all()


def _spoiled_at(connection: Connection, attempt: AnyRow) -> datetime:
    """When a card was set aside: at the line, when people decided, or when it was found bad."""
    entries = [journalled(connection, "attempt.decided", attempt.attempt)]
    if attempt.card is not None:
        entries.append(journalled(connection, "card.spoiled", attempt.card))
    later = [entry.at for entry in entries if entry is not None]
    return moment(max([*later, attempt.ended_at or attempt.started_at]))


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


# --- destroyed -------------------------------------------------------------------------------


def destruction_record(
    plant: Plant,
    actor: Actor,  # noqa: ARG001 - all papers are asked for in one form
    document: str,
    *,
    lang: Lang = "id",
) -> Document:
    """The record of a destruction by its document's number.

    The officers are the two who asked for it and approved it. Raises `NotFound`, or
    `LifecycleError` where it was booked with a method that the circular does not know.
    """
    site = plant.home.settings.home.site_name
    with plant.home.store.read() as connection:
        entry = journalled(connection, "cards.destroyed", document)
        if entry is None:
            raise NotFound("no such destruction", document=document)
        facts = json.loads(entry.data)
        cards = _destroyed(connection, facts["cards"], plant.home.zone)
        batches = _batches(connection, facts["cards"])
        officers = _officers(connection, facts["request"], site, lang)
    named = [Person(name=name) for name in facts["witnesses"]]
    view = DestructionRecord(
        cards=cards,
        destroyed_at=moment(entry.at),
        place=facts["place"],
        method=_method(facts["method"], document),
        officers=officers,
        # A place is left for each witness whom the booking does not name.
        witnesses=(*named, *[Person()] * (_WITNESSES - len(named))),
        batches=batches,
    )
    stamp = stamp_of(plant, document)
    return Document(
        name=papers.file_name(view, stamp),
        content=papers.render_destruction_record(view, stamp, lang=lang),
    )


def _method(word: str, document: str) -> DestructionMethod:
    try:
        return DestructionMethod(word)
    except ValueError:
        known = "/".join(DestructionMethod)
        raise LifecycleError(
            "booked with a method that the circular does not know", document=document, known=known
        ) from None


def _officers(
    connection: Connection, request: str, organization: str, lang: Lang
) -> tuple[Person, ...]:
    row = row_of(connection, db.requests, request)
    roles = {
        user.name: Role(user.roles.split()[0]) for user in connection.execute(select(db.users))
    }
    return tuple(
        signer(name, roles.get(name), lang, organization=organization)
        for name in (row.requested_by, row.decided_by)
    )


def _batches(connection: Connection, cards: Sequence[str]) -> tuple[BatchId, ...]:
    found: dict[str, str] = {}
    for chunk in in_chunks(cards):
        for row in connection.execute(
            select(db.batches.c.batch, db.batches.c.opened_at)
            .join(db.attempts, db.attempts.c.batch == db.batches.c.batch)
            .join(db.cards, db.cards.c.attempt == db.attempts.c.attempt)
            .where(db.cards.c.card.in_(chunk))
            .distinct()
        ):
            found[row.batch] = row.opened_at
    return tuple(BatchId(batch) for batch in sorted(found, key=lambda batch: (found[batch], batch)))


def _destroyed(
    connection: Connection, cards: Sequence[str], zone: ZoneInfo
) -> tuple[DestroyedCard, ...]:
    """The cards in the order of the list that two people signed."""
    rows: dict[str, AnyRow] = {}
    back: dict[str, str] = {}
    for chunk in in_chunks(cards):
        rows |= {row.card: row for row in connection.execute(_cards_with_attempts(chunk))}
        back |= _collected_back(connection, chunk)
    samples = _samples(connection)
    return tuple(_one_destroyed(connection, rows[card], back, samples, zone) for card in cards)


def _cards_with_attempts(cards: Sequence[str]) -> Any:
    return (
        select(
            db.cards.c.card,
            db.cards.c.cause,
            db.cards.c.attempt,
            db.attempts.c.started_at,
            db.attempts.c.ended_at,
        )
        .join(db.attempts, db.attempts.c.attempt == db.cards.c.attempt, isouter=True)
        .where(db.cards.c.card.in_(list(cards)))
    )


def _one_destroyed(
    connection: Connection,
    row: AnyRow,
    back: Mapping[str, str],
    samples: Mapping[str, str],
    zone: ZoneInfo,
) -> DestroyedCard:
    card = CardSerial(row.card)
    if row.card in back:
        since, ground = moment(back[row.card]), OtherGround.COLLECTED_BACK
    elif row.card in samples:
        since, ground = moment(samples[row.card]), OtherGround.SAMPLE
    else:
        return DestroyedCard(
            card=card,
            ground=SpoilCause(row.cause),
            since=_day(_set_aside(connection, row), zone),
        )
    return DestroyedCard(card=card, ground=ground, since=_day(since, zone))


def _set_aside(connection: Connection, row: AnyRow) -> datetime:
    if row.attempt is not None:
        return _spoiled_at(connection, row)
    # A blank that was spoiled before any machine took it.
    entry = journalled(connection, "card.spoiled", row.card)
    if entry is None:
        raise NotFound("the journal has no end of this card", card=row.card)
    return moment(entry.at)


def _collected_back(connection: Connection, cards: Sequence[str]) -> dict[str, str]:
    """When an old card was given back: at the hand-over of the same person's new one."""
    old, new = db.cards, db.jobs
    query = (
        select(old.c.card, func.min(db.handovers.c.at).label("at"))
        .join(new, new.c.holder == old.c.holder)
        .join(db.handovers, db.handovers.c.job == new.c.job)
        .where(
            old.c.card.in_(list(cards)),
            old.c.cause.is_(None),
            db.handovers.c.card != old.c.card,
            db.handovers.c.old_card == "collected",
        )
        .group_by(old.c.card)
    )
    return {row.card: row.at for row in connection.execute(query)}


def _samples(connection: Connection) -> dict[str, str]:
    entries = connection.execute(
        select(db.journal.c.at, db.journal.c.data).where(db.journal.c.event == "cards.sampled")
    )
    return {card: entry.at for entry in entries for card in json.loads(entry.data)["cards"]}
