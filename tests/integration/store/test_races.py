"""Many processes on one store: every rule holds, whoever comes first."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ektp.errors import EktpError, LineBusy, SecondLiveCard
from ektp.lifecycle import CardEvent
from pipeline.store import schema as db
from pipeline.store.events import LineState
from pipeline.store.leases import take_lease
from pipeline.store.projections.base import move_card
from pipeline.store.rebuild import compare
from pipeline.store.store import Store
from tests.unit.pipeline.store.shelf import (
    ACTOR,
    LINE,
    TickingClock,
    a_store,
    open_store,
    serial,
    stock,
)

PROCESSES = 8
HOLDERS = 12
_FORK = multiprocessing.get_context("fork")


def _load(folder: Path, number: int) -> Counter[str]:
    """Try to load a card for each of the same few citizens."""
    outcome: Counter[str] = Counter()
    with open_store(folder) as store:
        for turn in range(HOLDERS):
            card = serial(1 + number * HOLDERS + turn)
            try:
                with store.transaction(ACTOR) as tx:
                    move_card(tx.connection, card, CardEvent.LOAD, holder=f"holder {turn}")
            except SecondLiveCard:
                outcome["refused"] += 1
            else:
                outcome["loaded"] += 1
    return outcome


def _hand_over(folder: Path, number: int) -> Counter[str]:
    outcome: Counter[str] = Counter()
    with open_store(folder) as store:
        try:
            with store.transaction(ACTOR) as tx:
                move_card(tx.connection, serial(1 + number), CardEvent.HAND_OVER)
        except SecondLiveCard:
            outcome["refused"] += 1
        else:
            outcome["handed over"] += 1
    return outcome


def _take(folder: Path, _number: int) -> Counter[str]:
    with open_store(folder) as store:
        try:
            take_lease(store, TickingClock(), LINE, ACTOR)
        except LineBusy:
            return Counter(busy=1)
        # Held until the others have tried: a dead holder's lease is free.
        _STAY.wait(20)
        return Counter(taken=1)


def _write(folder: Path, number: int) -> Counter[str]:
    with open_store(folder) as store:
        for turn in range(20):
            with store.transaction(ACTOR) as tx:
                tx.record(LineState(line=LINE, state="IDLE", reason=f"{number}/{turn}"))
    return Counter(written=20)


_STAY = _FORK.Event()


def _one(
    work: Callable[[Path, int], Counter[str]], folder: Path, number: int, said: object
) -> None:
    try:
        found = work(folder, number)
    except EktpError as error:
        found = Counter({error.code: 1})
    said.put(found)  # type: ignore[attr-defined]


def _all(
    work: Callable[[Path, int], Counter[str]], folder: Path, *, until: int = PROCESSES
) -> Counter[str]:
    said = _FORK.Queue()
    children = [
        _FORK.Process(target=_one, args=(work, folder, number, said)) for number in range(PROCESSES)
    ]
    for child in children:
        child.start()
    total: Counter[str] = Counter()
    for got in range(PROCESSES):
        if got == until:
            _STAY.set()
        total.update(said.get(timeout=120))
    for child in children:
        child.join(60)
    return total


def test_eight_processes_load_one_card_per_citizen(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        stock(store, PROCESSES * HOLDERS)
    total = _all(_load, tmp_path)
    assert total == Counter(loaded=HOLDERS, refused=(PROCESSES - 1) * HOLDERS)
    with open_store(tmp_path) as store, store.read() as connection:
        live = connection.execute(
            select(db.cards.c.holder, func.count())
            .where(db.cards.c.state == "LOADED")
            .group_by(db.cards.c.holder)
        ).all()
    assert sorted(n for _, n in live) == [1] * HOLDERS


def test_eight_processes_hand_one_card_over(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        stock(store, PROCESSES)
        with store.engine.begin() as connection:
            # Delivered cards of one citizen cannot be: the rule of live cards is laid aside here.
            connection.exec_driver_sql("DROP INDEX uq_cards_live_holder")
            connection.execute(db.cards.update().values(state="DELIVERED", holder="h"))
    assert _all(_hand_over, tmp_path) == Counter({"handed over": 1, "refused": PROCESSES - 1})


def test_eight_processes_take_one_line(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        stock(store, 1)
    _STAY.clear()
    assert _all(_take, tmp_path, until=PROCESSES - 1) == Counter(taken=1, busy=PROCESSES - 1)


@pytest.mark.parametrize("work", [_write])
def test_eight_writers_make_one_chain(
    tmp_path: Path, work: Callable[[Path, int], Counter[str]]
) -> None:
    with a_store(tmp_path) as store:
        stock(store, 1)
        before = store.verify()[0]
    _all(work, tmp_path)
    with open_store(tmp_path) as store:
        assert store.verify()[0] == before + 20 * PROCESSES
        assert isinstance(store, Store)
        assert compare(store) == []
