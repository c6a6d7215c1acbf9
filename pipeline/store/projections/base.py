"""How a projection is written: handlers by event, and the moves of the two life cycles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, bindparam, insert, select, update

from ektp.errors import NotFound, TransitionRefused
from ektp.journal import JournalEntry
from ektp.lifecycle import CardEvent, CardState, JobEvent, JobState, advance
from pipeline.store import events as ev
from pipeline.store import schema as db

__all__ = [
    "MANY",
    "move_card",
    "move_cards",
    "move_job",
    "on",
    "project",
    "set_row",
    "void_signature",
]

_E = TypeVar("_E", bound=ev.Event)
_Handler = Callable[[Connection, Any, JournalEntry], None]
_HANDLERS: dict[type[ev.Event], _Handler] = {}
# Parameters per statement stay below SQLite's oldest limit of 999.
MANY = 400


def project(connection: Connection, event: ev.Event, entry: JournalEntry) -> None:
    """Apply one event, journalled as `entry`, to the tables.

    Raises `TransitionRefused` or `NotFound` where the event cannot follow what is stored.
    """
    handler = _HANDLERS.get(type(event))
    if handler is not None:
        handler(connection, event, entry)


def on(
    kind: type[_E],
) -> Callable[
    [Callable[[Connection, _E, JournalEntry], None]], Callable[[Connection, _E, JournalEntry], None]
]:
    """Register the function that follows as the handler of an event class."""

    def register(
        handler: Callable[[Connection, _E, JournalEntry], None],
    ) -> Callable[[Connection, _E, JournalEntry], None]:
        _HANDLERS[kind] = handler
        return handler

    return register


_JOB_STATE = select(db.jobs.c.state).where(db.jobs.c.job == bindparam("key"))
_CARD_STATE = select(db.cards.c.state).where(db.cards.c.card == bindparam("key"))


def _job_state(connection: Connection, job: str) -> JobState:
    state = connection.scalar(_JOB_STATE, {"key": job})
    if state is None:
        raise NotFound(job=job)
    return JobState(state)


def _card_state(connection: Connection, card: str) -> CardState:
    state = connection.scalar(_CARD_STATE, {"key": card})
    if state is None:
        raise NotFound(card=card)
    return CardState(state)


def move_job(connection: Connection, job: str, event: JobEvent, **columns: Any) -> None:
    """Advance a job and set columns. Raises `TransitionRefused` or `NotFound`."""
    try:
        following = advance(_job_state(connection, job), event)
    except TransitionRefused as refused:
        raise TransitionRefused(job=job, **refused.facts) from None
    connection.execute(
        update(db.jobs).where(db.jobs.c.job == job).values(state=following.value, **columns)
    )


def move_card(connection: Connection, card: str, event: CardEvent, **columns: Any) -> None:
    """Advance a card and set columns. Raises `TransitionRefused` or `NotFound`."""
    try:
        following = advance(_card_state(connection, card), event)
    except TransitionRefused as refused:
        raise TransitionRefused(card=card, **refused.facts) from None
    connection.execute(
        update(db.cards).where(db.cards.c.card == card).values(state=following.value, **columns)
    )


def move_cards(
    connection: Connection, cards: Sequence[str], event: CardEvent, **columns: Any
) -> None:
    """Move many cards that must all be able to; the same columns for all."""
    for start in range(0, len(cards), MANY):
        chunk = list(cards[start : start + MANY])
        found = connection.execute(
            select(db.cards.c.card, db.cards.c.state).where(db.cards.c.card.in_(chunk))
        ).all()
        if len(found) != len(set(chunk)):
            missing = set(chunk) - {row.card for row in found}
            raise NotFound(card=min(missing))
        following = set()
        for row in found:
            try:
                following.add(advance(CardState(row.state), event))
            except TransitionRefused as refused:
                raise TransitionRefused(card=row.card, **refused.facts) from None
        # The tables are functional on the event, except SPOIL-like ones, which all end alike.
        (state,) = following
        connection.execute(
            update(db.cards).where(db.cards.c.card.in_(chunk)).values(state=state.value, **columns)
        )


def set_row(connection: Connection, table: Table, key: Any, **columns: Any) -> None:
    """Set columns of one row by its primary key. Raises `NotFound`."""
    (primary,) = table.primary_key.columns
    result = connection.execute(update(table).where(primary == key).values(**columns))
    if result.rowcount != 1:
        raise NotFound(**{primary.name: str(key)})


def void_signature(connection: Connection, attempt: str) -> None:
    """Put the signature made for an attempt on the void list, if there is one."""
    row = connection.execute(
        select(db.attempts.c.signature, db.attempts.c.card, db.attempts.c.signer_key).where(
            db.attempts.c.attempt == attempt
        )
    ).one()
    if row.signature is not None:
        connection.execute(
            insert(db.voided_signatures).values(
                signature=row.signature, attempt=attempt, card=row.card, signer_key=row.signer_key
            )
        )
