"""The world's file: what physically is, kept by SQLite so that no kill of a process undoes it.

The file stands for matter, so each physical act is one transaction and is committed before anybody
is told of it. `synchronous=OFF` is right here and nowhere else in the house: what was committed is
in the operating system's hands and survives the death of any process; only a power cut of the
computer that runs the simulation could tear it, and that computer is not part of the story.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ektp.errors import ConfigurationError, StoreError

__all__ = ["Storage"]

_SCHEMA_VERSION: Final = 2
_BUSY_SECONDS: Final = 30.0

_SCHEMA: Final = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    # A card is where it is: `place` with `machine` and `slot`, in the order of `rank`.
    """CREATE TABLE cards (
        id INTEGER PRIMARY KEY,
        serial TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        place TEXT NOT NULL,
        machine TEXT NOT NULL DEFAULT '',
        slot TEXT NOT NULL DEFAULT '',
        rank INTEGER NOT NULL DEFAULT 0
    )""",
    "CREATE INDEX cards_by_place ON cards (machine, place, slot, rank)",
    "CREATE UNIQUE INDEX one_card_inside ON cards (machine) WHERE place = 'machine'",
    # A chip comes into being when it is first used: an untouched blank has no row.
    """CREATE TABLE chips (
        card INTEGER PRIMARY KEY REFERENCES cards (id),
        version INTEGER NOT NULL,
        state BLOB NOT NULL
    )""",
    # A SAM, once it was issued: a new module has no row.
    """CREATE TABLE modules (
        serial TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        state BLOB NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE prints (
        id INTEGER PRIMARY KEY,
        card INTEGER NOT NULL REFERENCES cards (id),
        machine TEXT NOT NULL,
        state TEXT NOT NULL,
        fate TEXT NOT NULL,
        panels INTEGER NOT NULL,
        laid INTEGER NOT NULL,
        stops_after INTEGER,
        missing_panel INTEGER,
        streak_permille INTEGER,
        artwork BLOB NOT NULL
    )""",
    "CREATE INDEX prints_by_card ON prints (card)",
    "CREATE INDEX prints_under_way ON prints (machine) WHERE state = 'printing'",
    """CREATE TABLE machines (
        name TEXT PRIMARY KEY,
        fed INTEGER NOT NULL DEFAULT 0,
        good INTEGER NOT NULL DEFAULT 0,
        rejected INTEGER NOT NULL DEFAULT 0,
        lost INTEGER NOT NULL DEFAULT 0,
        printed INTEGER NOT NULL DEFAULT 0,
        hopper INTEGER NOT NULL DEFAULT 1,
        roll INTEGER NOT NULL,
        roll_used INTEGER NOT NULL DEFAULT 0,
        roll_yield INTEGER NOT NULL,
        latch TEXT NOT NULL DEFAULT '',
        looks INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID""",
    # Mishaps that have had their turn: each comes once, however often its host starts again.
    """CREATE TABLE happened (
        machine TEXT NOT NULL,
        feed INTEGER NOT NULL,
        what TEXT NOT NULL,
        PRIMARY KEY (machine, feed, what)
    ) WITHOUT ROWID""",
)

Row = tuple[Any, ...]


class Storage:
    """One connection to a world's file; usable from several threads, one statement at a time."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(
                path, isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = OFF")
        except sqlite3.Error as cause:
            raise StoreError("the simulated world's file cannot be opened") from cause

    def create_tables(self, *, canary: bytes, maker: bytes) -> None:
        """Lay out an empty world, in one transaction; `canary` proves the key at each opening.

        `maker`: the sealed keys of the maker whose blanks the world has.
        """
        with self.transaction():
            for statement in _SCHEMA:
                self.execute(statement)
            self.execute("INSERT INTO meta VALUES ('schema', ?)", (_SCHEMA_VERSION,))
            self.execute("INSERT INTO meta VALUES ('canary', ?)", (canary,))
            self.execute("INSERT INTO meta VALUES ('maker', ?)", (maker,))

    @property
    def laid_out(self) -> bool:
        """Whether the file holds a world."""
        return bool(self.rows("SELECT 1 FROM sqlite_master WHERE name = 'meta'"))

    def sealed_facts(self) -> tuple[bytes, bytes]:
        """The sealed value that proves the key, and the sealed keys of the maker.

        Raises `ConfigurationError` for another layout.
        """
        if not self.laid_out:
            raise ConfigurationError("this file holds no simulated world")
        facts: dict[str, Any] = dict(self.rows("SELECT name, value FROM meta"))
        if facts.get("schema") != _SCHEMA_VERSION:
            raise ConfigurationError(
                "the simulated world was made by another version",
                schema=str(facts.get("schema")),
                expected=_SCHEMA_VERSION,
            )
        return bytes(facts["canary"]), bytes(facts["maker"])

    def execute(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run one statement; the number of rows that it changed. Raises `StoreError`."""
        with self._lock:
            try:
                return self._connection.execute(statement, values).rowcount
            except sqlite3.Error as cause:
                raise _store_error(cause) from cause

    def execute_many(self, statement: str, rows: Sequence[Sequence[object]]) -> int:
        """Run one statement for each row; how many rows changed. Raises `StoreError`."""
        with self._lock:
            try:
                return self._connection.executemany(statement, rows).rowcount
            except sqlite3.Error as cause:
                raise _store_error(cause) from cause

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        """The rows of a query. Raises `StoreError`."""
        with self._lock:
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.Error as cause:
                raise _store_error(cause) from cause

    def row(self, query: str, values: Sequence[object] = ()) -> Row | None:
        """The first row of a query, or None. Raises `StoreError`."""
        found = self.rows(query, values)
        return found[0] if found else None

    @contextmanager
    def transaction(self, *, reading: bool = False) -> Iterator[None]:
        """One physical act, all of it or nothing; or one look at one moment.

        Raises `StoreError`.
        """
        with self._lock:
            self.execute("BEGIN" if reading else "BEGIN IMMEDIATE")
            try:
                yield
                self.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after some errors (a full disk).
                if self._connection.in_transaction:
                    self.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()


def _store_error(cause: sqlite3.Error) -> StoreError:
    # SQLite's own words name tables, columns and constraints, never values.
    return StoreError("the simulated world", cause=str(cause))
