# ruff: noqa: PT012 - a transaction that fails is one act of several lines
"""One controller per line: busy, freed by death or by time, fenced after that."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from ektp.errors import LeaseLost, LineBusy
from pipeline.store import schema as db
from pipeline.store.events import LineState
from pipeline.store.leases import Lease, LeaseKeeper, _started, take_lease
from pipeline.store.store import Store
from tests.unit.pipeline.store.shelf import ACTOR, LINE, TickingClock, a_store, stock


def _hold(store: Store, holder: str, expires_at: str = "2099-01-01T00:00:00.000000Z") -> None:
    with store.engine.begin() as connection:
        connection.execute(update(db.leases).values(holder=holder, expires_at=expires_at))


def _taken(store: Store) -> Lease:
    return take_lease(store, TickingClock(), LINE, ACTOR)


def test_a_line_is_taken_once(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        stock(store, 1)
        assert _taken(store).token == 1
        with pytest.raises(LineBusy):
            _taken(store)
        other = take_lease(store, TickingClock(), "L2", ACTOR)
        assert (other.line, other.token) == ("L2", 1)


def test_a_dead_holder_frees_the_line_at_once(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with a_store(tmp_path) as store:
        _taken(store)
        _hold(store, f"{socket.gethostname()}/{gone.pid}/12345")
        assert _taken(store).token == 2


def test_a_pid_that_was_given_to_another_process_holds_nothing(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        _taken(store)
        _hold(store, f"{socket.gethostname()}/{os.getpid()}/1")
        assert _taken(store).token == 2


def test_a_holder_on_another_host_is_waited_for_until_its_term(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        _taken(store)
        _hold(store, "elsewhere/1/1")
        with pytest.raises(LineBusy):
            _taken(store)
        _hold(store, "elsewhere/1/1", expires_at="2020-01-01T00:00:00.000000Z")
        assert _taken(store).token == 2


def test_a_stale_token_writes_nothing(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        stock(store, 1)
        stale = _taken(store)
        _hold(store, "elsewhere/1/1", expires_at="2020-01-01T00:00:00.000000Z")
        fresh = _taken(store)
        before = store.verify()
        with pytest.raises(LeaseLost), store.transaction(ACTOR) as tx:
            tx.record(LineState(line=LINE, state="RUNNING", reason=""))
            stale.check(tx.connection)
        assert store.verify() == before
        with store.transaction(ACTOR) as tx:
            fresh.check(tx.connection)


def test_a_released_line_is_free_and_a_late_release_takes_nothing_away(tmp_path: Path) -> None:
    clock = TickingClock()
    with a_store(tmp_path) as store:
        first = _taken(store)
        keeper = LeaseKeeper(store=store, clock=clock, lease=first, actor=ACTOR)
        keeper.start()
        keeper.release()
        second = _taken(store)
        keeper.release()
        with pytest.raises(LineBusy):
            _taken(store)
        with store.transaction(ACTOR) as tx:
            second.check(tx.connection)


def test_a_keeper_renews_and_notices_that_the_line_is_gone(tmp_path: Path) -> None:
    clock = TickingClock()
    with a_store(tmp_path) as store:
        lease = _taken(store)
        keeper = LeaseKeeper(store=store, clock=clock, lease=lease, actor=ACTOR)
        clock.moment += timedelta(days=1)
        with store.transaction(ACTOR) as tx:
            assert keeper._renew(tx)
        with store.read() as connection:
            expires = connection.scalar(select(db.leases.c.expires_at))
        assert expires is not None
        assert expires > "2026-01-02"
        _hold(store, "elsewhere/1/1", expires_at="2020-01-01T00:00:00.000000Z")
        _taken(store)
        with store.transaction(ACTOR) as tx:
            assert not keeper._renew(tx)


def test_a_process_is_known_by_its_beginning() -> None:
    assert _started(os.getpid()) == _started(os.getpid()) != ""
    assert _started(2**22 - 1) == ""
