"""Who may move a machine's plastic: a lease per line, with a heartbeat and a fencing token.

Every write in a line's name checks the token in its own transaction, so a controller that was
frozen and woke up late cannot journal, and does not act, with a stale one.
"""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from ektp.errors import LeaseLost, LineBusy
from ektp.journal import Actor, utc_text
from ektp.ports import Clock
from pipeline.store import schema as db
from pipeline.store.events import LeaseTaken
from pipeline.store.store import Store, Transaction

__all__ = ["Lease", "LeaseKeeper", "lease_is_held", "take_lease"]

_TERM = timedelta(seconds=30)
_BEAT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A controller's right to one line."""

    line: str
    token: int
    holder: str

    def check(self, connection: Connection) -> None:
        """Raises `LeaseLost` where another controller has taken the line since."""
        token = connection.scalar(select(db.leases.c.token).where(db.leases.c.line == self.line))
        if token != self.token:
            raise LeaseLost(line=self.line)


def take_lease(store: Store, clock: Clock, line: str, actor: Actor) -> Lease:
    """Take a line for this process.

    A lease whose holder is a dead process of this host is free at once; otherwise it ends with its
    term. Raises `LineBusy`.
    """
    holder = _this_process()
    with store.transaction(actor) as tx:
        row = tx.connection.execute(select(db.leases).where(db.leases.c.line == line)).one_or_none()
        if row is not None and _held(row.holder, row.expires_at, clock.now()):
            raise LineBusy(line=line)
        token = 1 if row is None else row.token + 1
        values = {
            "holder": holder,
            "token": token,
            "expires_at": utc_text(clock.now() + _TERM),
        }
        if row is None:
            tx.connection.execute(insert(db.leases).values(line=line, **values))
        else:
            tx.connection.execute(
                update(db.leases).where(db.leases.c.line == line).values(**values)
            )
        tx.record(LeaseTaken(line=line, token=token))
    return Lease(line=line, token=token, holder=holder)


def lease_is_held(connection: Connection, line: str, now: datetime) -> bool:
    """Whether a living process holds the line."""
    row = connection.execute(select(db.leases).where(db.leases.c.line == line)).one_or_none()
    return row is not None and _held(row.holder, row.expires_at, now)


def _held(holder: str | None, expires_at: str | None, now: datetime) -> bool:
    if holder is None or expires_at is None or expires_at < utc_text(now):
        return False
    host, pid, started = holder.rsplit("/", 2)
    return host != socket.gethostname() or _started(int(pid)) == started


def _this_process() -> str:
    return f"{socket.gethostname()}/{os.getpid()}/{_started(os.getpid())}"


def _started(pid: int) -> str:
    """When a process began, as the kernel tells it; empty where there is no such process.

    A pid alone may have been given to another process since.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "alive"


@dataclass(slots=True)
class LeaseKeeper:
    """Renews a lease in the background until it is given back."""

    store: Store
    clock: Clock
    lease: Lease
    actor: Actor
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to renew."""
        self._thread = threading.Thread(target=self._beat, daemon=True, name="lease")
        self._thread.start()

    def _beat(self) -> None:
        while not self._stop.wait(_BEAT_S):
            with self.store.transaction(self.actor) as tx:
                if not self._renew(tx):
                    return

    def _renew(self, tx: Transaction) -> bool:
        result = tx.connection.execute(
            update(db.leases)
            .where(db.leases.c.line == self.lease.line, db.leases.c.token == self.lease.token)
            .values(expires_at=utc_text(self.clock.now() + _TERM))
        )
        return result.rowcount == 1

    def release(self) -> None:
        """Stop renewing and free the line, if it is still ours."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        with self.store.transaction(self.actor) as tx:
            tx.connection.execute(
                update(db.leases)
                .where(db.leases.c.line == self.lease.line, db.leases.c.token == self.lease.token)
                .values(holder=None, expires_at=None)
            )
