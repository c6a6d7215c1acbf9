"""The store: transactions that journal what they change, and the journal itself.

Nothing changes a state table but `Transaction.record`: it appends an entry to the journal, chained
by hash to the one before, and applies the event, in one database transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import rfc8785
from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from ektp.errors import ChainBroken, SecondLiveCard, StoreError
from ektp.journal import GENESIS, Actor, JournalEntry, Phase, Role, chain_hash, utc_text
from ektp.ports import Clock
from pipeline.store import schema as db
from pipeline.store.engine import READ_ONLY, open_engine
from pipeline.store.events import EVENTS, Event
from pipeline.store.projections import project

__all__ = ["Store", "Transaction"]

_INSERT_ENTRY = insert(db.journal)
_LAST = select(db.journal.c.seq, db.journal.c.hash).order_by(db.journal.c.seq.desc()).limit(1)
_LIVE_INDEXES = ("uq_cards_live_holder", "cards.holder", "uq_cards_handed_over_holder")


class Transaction:
    """A write transaction in somebody's name."""

    def __init__(self, connection: Connection, actor: Actor, clock: Clock) -> None:
        self.connection = connection
        self.actor = actor
        self._clock = clock
        self._last: tuple[int, bytes] | None = None
        self.refused = False
        """Whether an event was refused: then nothing of the transaction may be kept."""
        self.scrub = False
        """Whether values were destroyed that must not outlive the commit in the database's log."""

    def record(self, event: Event) -> JournalEntry:
        """Append the event to the journal and apply it to the tables.

        Raises `TransitionRefused` or `NotFound`; `SecondLiveCard` where the citizen has one.
        """
        seq, previous = self._last or _tail(self.connection)
        entry = JournalEntry(
            seq=seq + 1,
            at=utc_text(self._clock.now()),
            phase=event.phase,
            event=event.name,
            actor=self.actor,
            data=event.to_data(),
        )
        digest = chain_hash(previous, entry)
        # Until the event has had its effect, the entry may stand for something that did not happen.
        self.refused = True
        self.connection.execute(
            _INSERT_ENTRY,
            {
                "seq": entry.seq,
                "at": entry.at,
                "phase": entry.phase.value,
                "event": entry.event,
                "subject": event.subject,
                "principal": entry.actor.principal,
                "role": entry.actor.role.value,
                "station": entry.actor.station,
                "data": rfc8785.dumps(dict(entry.data)).decode(),  # type: ignore[arg-type]
                "hash": digest.hex(),
            },
        )
        project(self.connection, event, entry)
        self.refused = False
        self._last = (entry.seq, digest)
        return entry


def _tail(connection: Connection) -> tuple[int, bytes]:
    row = connection.execute(_LAST).one_or_none()
    return (0, GENESIS) if row is None else (row.seq, bytes.fromhex(row.hash))


class Store:
    """The store at one address."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = url
        self._clock = clock
        self._engine = open_engine(url)
        self._readers = self._engine.execution_options(**{READ_ONLY: True})

    @property
    def engine(self) -> Engine:
        """The engine, for migrations."""
        return self._engine

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self, actor: Actor) -> Iterator[Transaction]:
        """A write transaction: committed whole at the end, or not at all.

        Raises `SecondLiveCard` where a uniqueness rule of cards is broken, `StoreError` where the
        database fails, or where an event was refused and its refusal was swallowed.
        """
        try:
            with self._engine.begin() as connection:
                tx = Transaction(connection, actor, self._clock)
                yield tx
                if tx.refused:
                    raise StoreError("a refused event cannot be committed around")
            if tx.scrub:
                self._scrub()
        except IntegrityError as broken:
            text = str(broken.orig)
            if any(name in text for name in _LIVE_INDEXES):
                raise SecondLiveCard from None
            raise StoreError(_name_of(broken)) from None
        except DBAPIError as broken:
            raise StoreError(_name_of(broken)) from None

    def _scrub(self) -> None:
        """Empty the write-ahead log: it still holds the pages as they were before.

        PostgreSQL's log is recycled by the server; no connection can empty it.
        """
        if self._engine.dialect.name != "sqlite":
            return
        # Past SQLAlchemy: a checkpoint cannot run inside a transaction.
        connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            (busy, *_) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            cursor.close()
        finally:
            connection.close()
        if busy:
            raise StoreError("destroyed values are still in the log; a reader kept it open")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view for reading. Raises `StoreError` where the database fails."""
        try:
            with self._readers.connect() as connection:
                yield connection
        except DBAPIError as broken:
            raise StoreError(_name_of(broken)) from None

    def entries(self, *, after: int = 0) -> Iterator[tuple[JournalEntry, bytes]]:
        """The journal's entries with their stored hashes, in order, a thousand in memory."""
        for row in self._rows(after):
            yield _entry(row)

    def _rows(self, after: int = 0) -> Iterator[Any]:
        while True:
            with self.read() as connection:
                rows = connection.execute(
                    select(db.journal)
                    .where(db.journal.c.seq > after)
                    .order_by(db.journal.c.seq)
                    .limit(1000)
                ).all()
            if not rows:
                return
            yield from rows
            after = rows[-1].seq

    def verify(self, on_entry: Callable[[JournalEntry], None] | None = None) -> tuple[int, bytes]:
        """Check the chain from its first entry to its last; the count and the last hash.

        Raises `ChainBroken` with the number of the first entry that does not fit.
        """
        previous, count = GENESIS, 0
        for row in self._rows():
            count += 1
            entry, stored = _entry(row)
            if entry.seq != count or chain_hash(previous, entry) != stored:
                raise ChainBroken(entry=count)
            # The subject is found by, and stands beside the chain: it must be the event's own.
            if row.subject != event_of(entry).subject:
                raise ChainBroken("the subject is another", entry=count)
            previous = stored
            if on_entry is not None:
                on_entry(entry)
        return count, previous


def _entry(row: Any) -> tuple[JournalEntry, bytes]:
    """A row as its entry and its hash. Raises `ChainBroken` where nobody could have written it."""
    try:
        entry = JournalEntry(
            seq=row.seq,
            at=row.at,
            phase=Phase(row.phase),
            event=row.event,
            actor=Actor(principal=row.principal, role=Role(row.role), station=row.station),
            data=dict(json.loads(row.data)),
        )
        return entry, bytes.fromhex(row.hash)
    except (ValueError, TypeError):
        raise ChainBroken("an entry that cannot be read", entry=row.seq) from None


def _name_of(broken: DBAPIError) -> str:
    """The database's own word for what happened, without statement or values."""
    return type(broken.orig).__name__ if broken.orig is not None else "no connection"


def event_of(entry: JournalEntry) -> Event:
    """The typed event of a journal entry.

    Raises `ChainBroken` for an event or fields that nobody knows.
    """
    kind = EVENTS.get(entry.event)
    if kind is None:
        raise ChainBroken("an event that this version does not know", entry=entry.seq)
    try:
        return kind(**entry.data)
    except TypeError:
        raise ChainBroken("an event with other fields", entry=entry.seq) from None


def content_digest(content: bytes) -> str:
    """SHA-256 as the store keeps digests: lower-case hex."""
    return hashlib.sha256(content).hexdigest()
