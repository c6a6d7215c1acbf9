"""Reconciliation: the identities over everything, and the names of what does not add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from ektp.accounting import BatchCount, MachineCount, StockCount
from ektp.lifecycle import IN_MACHINE, CardState
from ektp.ports import PrinterCounters
from pipeline.batches import batch_count
from pipeline.stock import stock_counts
from pipeline.store import schema as db

__all__ = ["MachineEvidence", "Reconciliation", "reconcile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineEvidence:
    """A machine's own word: its counters, and whether it has a card inside."""

    counters: PrinterCounters
    inside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """All identities at one moment."""

    batches: Mapping[str, BatchCount]
    machines: Mapping[str, MachineCount]
    stock: Mapping[str, StockCount]
    missing: tuple[str, ...]

    @property
    def difference(self) -> int:
        """The sum of all differences, each by its size; 0 when everything is explained."""
        return (
            sum(abs(count.difference) for count in self.batches.values())
            + sum(abs(m.difference) + abs(m.unjournalled) for m in self.machines.values())
            + sum(abs(count.difference) for count in self.stock.values())
            + len(self.missing)
        )

    @property
    def balanced(self) -> bool:
        """Whether nothing is unexplained."""
        return self.difference == 0


def reconcile(
    connection: Connection,
    machines: Mapping[str, MachineEvidence],
    batch: str | None = None,
) -> Reconciliation:
    """Check every identity, for one batch or for all; machines by the word they gave."""
    batches = (
        [batch]
        if batch is not None
        else connection.scalars(select(db.batches.c.batch).order_by(db.batches.c.opened_at)).all()
    )
    return Reconciliation(
        batches={name: batch_count(connection, name) for name in batches},
        machines={
            line: _machine_count(connection, line, evidence) for line, evidence in machines.items()
        },
        stock={line.kind: line.count for line in stock_counts(connection)},
        missing=tuple(_contradictions(connection)),
    )


def _machine_count(connection: Connection, line: str, evidence: MachineEvidence) -> MachineCount:
    fed = connection.scalar(
        select(func.count())
        .select_from(db.attempts)
        .where(db.attempts.c.line == line, db.attempts.c.fed.is_(True))
    )
    counters = evidence.counters
    return MachineCount(
        fed=counters.fed,
        good=counters.good,
        rejected=counters.rejected,
        lost=counters.lost,
        inside=evidence.inside,
        journal_fed=int(fed or 0),
    )


def _contradictions(connection: Connection) -> Sequence[str]:
    """Cards whose own state contradicts what holds them: each named by serial, job or parcel."""
    inside = [state.value for state in IN_MACHINE]
    open_cards = select(db.attempts.c.card).where(
        db.attempts.c.outcome.is_(None), db.attempts.c.card.is_not(None)
    )
    stray = connection.scalars(
        select(db.cards.c.card).where(
            db.cards.c.state.in_(inside), db.cards.c.card.not_in(open_cards)
        )
    ).all()
    held = [CardState.PACKED.value, CardState.DISPATCHED.value, CardState.DELIVERED.value]
    unpacked = connection.scalars(
        select(db.cards.c.card).where(db.cards.c.state.in_(held), db.cards.c.parcel.is_(None))
    ).all()
    short = connection.scalars(
        select(db.parcels.c.parcel)
        .join(db.cards, db.cards.c.parcel == db.parcels.c.parcel, isouter=True)
        .group_by(db.parcels.c.parcel, db.parcels.c.cards)
        .having(func.count(db.cards.c.card) != db.parcels.c.cards)
        .where(db.parcels.c.state.in_(["OPEN", "SEALED"]))
    ).all()
    return [*stray, *unpacked, *short]
