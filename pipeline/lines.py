"""Print lines: which there are, how each stands, what is wanted of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select

from ektp.errors import ConfigurationError, LifecycleError, LineBusy, NotFound, SimulationRefused
from ektp.journal import Actor
from ektp.lifecycle import CardState
from pipeline.home import SETTINGS_FILE, Home
from pipeline.settings import LineSettings, write_settings
from pipeline.store import schema as db
from pipeline.store.events import LineAdded, LineOrdered, LineRemoved
from pipeline.store.leases import lease_is_held
from pipeline.store.store import Store, Transaction

__all__ = ["DRIVERS", "LineView", "Wanted", "add_line", "line_order", "list_lines", "order_line"]


DRIVERS: Final = frozenset({"simulated"})
"""Drivers of machines that this installation has."""


@unique
class Wanted(StrEnum):
    """What a person can want of a line; it looks before each card."""

    RUN = "run"
    PAUSE = "pause"
    DRAIN = "drain"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """How a line stands: the card in its hands, the blanks that are left to it."""

    line: str
    driver: str
    address: str
    state: str
    reason: str | None
    wanted: str
    batch: str | None
    attempt: str | None
    card: str | None
    left: int


def list_lines(connection: Connection) -> list[LineView]:
    """All lines, by id."""
    rows = connection.execute(
        select(db.lines, db.orders.c.wanted)
        .join(db.orders, db.orders.c.line == db.lines.c.line, isouter=True)
        .order_by(db.lines.c.line)
    ).all()
    return [_view(connection, row) for row in rows]


def _view(connection: Connection, row: Row[*tuple[Any, ...]]) -> LineView:
    in_hand = connection.execute(
        select(db.attempts.c.attempt, db.attempts.c.card, db.attempts.c.batch)
        .where(db.attempts.c.line == row.line, db.attempts.c.outcome.is_(None))
        .order_by(db.attempts.c.started_at.desc())
        .limit(1)
    ).one_or_none()
    return LineView(
        line=row.line,
        driver=row.driver,
        address=row.address,
        state=row.state,
        reason=row.reason,
        wanted=row.wanted or Wanted.RUN.value,
        batch=None if in_hand is None else in_hand.batch,
        attempt=None if in_hand is None else in_hand.attempt,
        card=None if in_hand is None else in_hand.card,
        left=_blanks_left(connection, row.line),
    )


def _blanks_left(connection: Connection, line: str) -> int:
    """Blanks booked to the line and not used; those in bags left it without a name."""
    booked = connection.scalar(
        select(func.count())
        .select_from(db.cards)
        .where(db.cards.c.line == line, db.cards.c.state == CardState.ISSUED.value)
    )
    bags = connection.scalar(
        select(func.count())
        .select_from(db.attempts)
        .where(
            db.attempts.c.line == line,
            db.attempts.c.bag.is_not(None),
            db.attempts.c.card.is_(None),
        )
    )
    return int(booked or 0) - int(bags or 0)


def line_order(connection: Connection, line: str) -> Wanted:
    """What is wanted of a line now; a line that nobody told anything may run."""
    wanted = connection.scalar(select(db.orders.c.wanted).where(db.orders.c.line == line))
    return Wanted(wanted or Wanted.RUN)


def order_line(store: Store, actor: Actor, line: str, wanted: Wanted) -> None:
    """Tell a line what is wanted of it: it obeys within one card. Raises `NotFound`."""
    with store.transaction(actor) as tx:
        _must_exist(tx, line)
        entry = tx.record(LineOrdered(line=line, wanted=wanted))
        # Orders stand beside the journal, so that a line reads one row before each card.
        tx.connection.execute(delete(db.orders).where(db.orders.c.line == line))
        tx.connection.execute(insert(db.orders).values(line=line, wanted=wanted.value, at=entry.at))


def _must_exist(tx: Transaction, line: str) -> None:
    if tx.connection.scalar(select(db.lines.c.line).where(db.lines.c.line == line)) is None:
        raise NotFound("no such line; see: ektp lines list", line=line)


def add_line(home: Home, actor: Actor, settings: LineSettings) -> None:
    """Set up a line: a line of `ektp.toml` and of the journal.

    Raises `ConfigurationError` where there is one of that name or at that address, or where the
    driver is not installed, and `SimulationRefused` for a simulated machine in a production home.
    """
    if settings.driver == "simulated" and home.kind == "production":
        raise SimulationRefused(line=settings.id)
    if settings.driver not in DRIVERS:
        raise ConfigurationError(
            "no such driver", driver=settings.driver, known=", ".join(sorted(DRIVERS))
        )
    lines = home.settings.lines
    if any(line.id == settings.id for line in lines):
        raise ConfigurationError("there is such a line already", line=settings.id)
    if any((line.driver, line.address) == (settings.driver, settings.address) for line in lines):
        raise ConfigurationError("another line has this machine", line=settings.id)
    with home.store.transaction(actor) as tx:
        tx.record(
            LineAdded(
                line=settings.id,
                driver=settings.driver,
                address=settings.address,
                reader=settings.reader,
            )
        )
        _write(home, (*lines, settings))


def remove_line(home: Home, actor: Actor, line: str) -> None:
    """Take a line away.

    Raises `NotFound`, `LineBusy` where a process holds it, or `LifecycleError` where a card of it
    is unexplained or blanks are booked to it.
    """
    with home.store.transaction(actor) as tx:
        _must_exist(tx, line)
        if lease_is_held(tx.connection, line, home.clock.now()):
            raise LineBusy(line=line)
        unexplained = tx.connection.scalar(
            select(db.attempts.c.attempt)
            .where(db.attempts.c.line == line, db.attempts.c.outcome.is_(None))
            .limit(1)
        )
        if unexplained is not None:
            raise LifecycleError("a stop left a card open on this line", attempt=unexplained)
        left = _blanks_left(tx.connection, line)
        if left:
            raise LifecycleError("its blanks go back first: ektp stock return", left=left)
        tx.record(LineRemoved(line=line))
        _write(home, [kept for kept in home.settings.lines if kept.id != line])


def _write(home: Home, lines: Sequence[LineSettings]) -> None:
    # Inside the transaction: where the file cannot be written, nothing is journalled.
    settings = home.settings.model_copy(update={"lines": tuple(lines)})
    write_settings(home.path / SETTINGS_FILE, settings)
