"""The accounts on paper: reconciliation and the stock bulletin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import Connection, func, select

from ektp.accounting import BatchCount
from ektp.cards import BlankKind
from ektp.ids import BatchId, CardSerial, JobId
from ektp.journal import Actor, Role
from ektp.lifecycle import CardState
from pipeline import papers
from pipeline.documents.document import Document, paper_number, signs_as, stamp_of
from pipeline.documents.sources import AnyRow, moment, row_of
from pipeline.papers import (
    Lang,
    MachineLine,
    ReconciliationSheet,
    StockBulletin,
    StockLine,
    UnexplainedCard,
)
from pipeline.plant import Plant
from pipeline.reconciliation import Reconciliation, reconcile
from pipeline.stock import stock_counts
from pipeline.store import schema as db

__all__ = ["reconciliation_sheet", "stock_bulletin"]

_OPERATORS = frozenset({Role.OPERATOR, Role.QA})
_KEEPERS = frozenset({Role.OPERATOR, Role.LOGISTICS})
_SUPERVISORS = frozenset({Role.SUPERVISOR})
_AUDITORS = frozenset({Role.AUDITOR})
_STATE_OF_OUTCOME = {"held": CardState.HELD, "in_doubt": CardState.IN_DOUBT, None: CardState.LOADED}


# --- reconciliation --------------------------------------------------------------------------


def reconciliation_sheet(
    plant: Plant, actor: Actor, batch: str | None = None, *, lang: Lang = "id"
) -> Document:
    """The identities over a batch, or over everything; machines are asked for their counters.

    Cards that nobody can explain are named. Raises `NotFound`, and what the machines raise.
    """
    with plant.home.store.read() as connection:
        if batch is not None:
            row_of(connection, db.batches, batch)
    evidence = plant.machine_evidence()
    with plant.home.store.read() as connection:
        batches = _batches(connection, batch)
        found = reconcile(connection, evidence, batch)
        contradictions = _contradictions(connection, found)
        open_cards = _open_cards(connection, batch)
    now = plant.home.clock.now()
    opened_at = min((moment(row.opened_at) for row in batches), default=now)
    closed = [moment(row.closed_at) for row in batches if row.closed_at]
    view = ReconciliationSheet(
        batch=None if batch is None else BatchId(batch),
        opened_at=opened_at,
        closed_at=max(closed) if closed and len(closed) == len(batches) else None,
        count=_sum(list(found.batches.values())),
        machines=_machines(plant, found),
        stock=tuple(
            StockLine(kind=BlankKind(kind), count=count) for kind, count in found.stock.items()
        ),
        open_cards=(*open_cards, *contradictions),
        contradictions=len(contradictions) + _cancelled_out(list(found.batches.values())),
        operator=signs_as(actor, _OPERATORS, lang),
        supervisor=signs_as(actor, _SUPERVISORS, lang),
        auditor=signs_as(actor, _AUDITORS, lang),
    )
    subject = batch or now.astimezone(plant.home.zone).date().isoformat()
    stamp = stamp_of(plant, paper_number(plant, "COCOK", subject, opened_at if batch else now))
    return Document(
        name=papers.file_name(view, stamp),
        content=papers.render_reconciliation_sheet(view, stamp, lang=lang),
    )


def _batches(connection: Connection, batch: str | None) -> Sequence[AnyRow]:
    query = select(db.batches.c.opened_at, db.batches.c.closed_at)
    if batch is not None:
        query = query.where(db.batches.c.batch == batch)
    return connection.execute(query).all()


def _sum(counts: Sequence[BatchCount]) -> BatchCount:
    return BatchCount(
        **{
            field.name: sum(getattr(count, field.name) for count in counts)
            for field in fields(BatchCount)
        }
    )


def _cancelled_out(counts: Sequence[BatchCount]) -> int:
    """What a sum over batches would hide: a card too many in one and too few in another."""
    differences = [count.difference for count in counts]
    return sum(abs(number) for number in differences) - abs(sum(differences))


def _machines(plant: Plant, found: Reconciliation) -> tuple[MachineLine, ...]:
    lines = {line.id: line for line in plant.home.settings.lines}
    return tuple(
        MachineLine(
            line=line, machine=f"{lines[line].driver} {lines[line].address}".strip(), count=count
        )
        for line, count in found.machines.items()
    )


def _open_cards(connection: Connection, batch: str | None) -> tuple[UnexplainedCard, ...]:
    """Cards held, in doubt or on a machine: each waits for a person or for its end."""
    query = (
        select(db.attempts, db.cards.c.state)
        .join(db.cards, db.cards.c.card == db.attempts.c.card, isouter=True)
        .where(
            db.attempts.c.outcome.in_(["held", "in_doubt"])
            | (db.attempts.c.outcome.is_(None) & db.attempts.c.fed.is_(True))
        )
        .order_by(db.attempts.c.started_at, db.attempts.c.attempt)
    )
    if batch is not None:
        query = query.where(db.attempts.c.batch == batch)
    return tuple(
        UnexplainedCard(
            card=CardSerial(row.card) if row.card else None,
            job=JobId(row.job),
            state=CardState(row.state) if row.state else _STATE_OF_OUTCOME[row.outcome],
            last_seen=f"{row.line}, {row.step}",
            seen_at=moment(row.ended_at or row.started_at),
        )
        for row in connection.execute(query)
    )


def _contradictions(connection: Connection, found: Reconciliation) -> tuple[UnexplainedCard, ...]:
    """Cards whose state contradicts what holds them; a parcel stands for the cards it lacks."""
    return tuple(_contradiction(connection, name) for name in found.missing)


def _contradiction(connection: Connection, name: str) -> UnexplainedCard:
    row = connection.execute(select(db.cards).where(db.cards.c.card == name)).one_or_none()
    if row is None:
        return UnexplainedCard(card=None, job=None, state=CardState.PACKED, last_seen=name)
    return UnexplainedCard(
        card=CardSerial(row.card),
        job=JobId(row.job) if row.job else None,
        state=CardState(row.state),
        last_seen=row.parcel or row.line or row.box,
    )


# --- stock -----------------------------------------------------------------------------------


def stock_bulletin(plant: Plant, actor: Actor, *, lang: Lang = "id") -> Document:
    """The stock of each kind of blank, from the founding of the home to now."""
    with plant.home.store.read() as connection:
        founded = connection.scalar(select(func.min(db.journal.c.at)))
        lines = stock_counts(connection)
    now = plant.home.clock.now()
    since = now if founded is None else moment(founded)
    view = StockBulletin(
        since=since.astimezone(plant.home.zone).date(),
        as_of=now,
        lines=tuple(StockLine(kind=BlankKind(line.kind), count=line.count) for line in lines),
        keeper=signs_as(actor, _KEEPERS, lang),
        head=signs_as(actor, _SUPERVISORS, lang),
    )
    today = now.astimezone(plant.home.zone).date().isoformat()
    stamp = stamp_of(plant, paper_number(plant, "STOK", today, now))
    return Document(
        name=papers.file_name(view, stamp),
        content=papers.render_stock_bulletin(view, stamp, lang=lang),
    )
