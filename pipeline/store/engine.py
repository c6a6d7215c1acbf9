"""Connections: SQLite in write-ahead mode with full synchronization, or PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url

__all__ = ["READ_ONLY", "open_engine"]

READ_ONLY = "ektp_read_only"
"""Execution option of a connection that only reads: it takes no write lock."""

_BUSY_TIMEOUT_MS = 30_000
# Any number will do, as long as every writer of this store takes the same advisory lock.
_WRITER_LOCK = 0x656B7470


def open_engine(url: str) -> Engine:
    """An engine for the store at `url` (SQLAlchemy form)."""
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(url)
    engine = create_engine(url, pool_pre_ping=True)
    event.listen(engine, "begin", _lock_postgresql)
    return engine


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transaction handling would begin too late; `_begin_sqlite` begins instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # An acknowledged commit must be on disk before plastic moves: NORMAL may lose the last ones.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _lock_postgresql(connection: Connection) -> None:
    if not connection.get_execution_options().get(READ_ONLY, False):
        # The journal is one chain: its writers queue, for the length of a transaction.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITER_LOCK})
