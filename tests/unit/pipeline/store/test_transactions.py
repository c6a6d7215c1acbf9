# ruff: noqa: PT012 - a transaction that fails is one act of several lines
"""A transaction journals and changes, or does neither."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import IntegrityError

from ektp.errors import EktpError, NotFound, SecondLiveCard, StoreError, TransitionRefused
from ektp.journal import GENESIS
from ektp.lifecycle import CardEvent, CardState
from pipeline.store import schema as db
from pipeline.store.events import (
    BatchState,
    BlanksIssued,
    BlanksReturned,
    CardLost,
    CardsDestroyed,
    CardSpoiledLater,
    JobHeld,
    JobReleased,
    LineState,
)
from pipeline.store.projections.base import move_card, move_cards
from pipeline.store.store import Store
from tests.unit.pipeline.store.shelf import ACTOR, LINE, a_store, accept, serial, stock


def _counts(store: Store) -> tuple[int, int]:
    with store.read() as connection:
        entries = connection.scalar(select(func.count()).select_from(db.journal))
        changed = connection.scalar(
            select(func.count()).select_from(db.cards).where(db.cards.c.state != "ISSUED")
        )
    return int(entries or 0), int(changed or 0)


REFUSED = [
    BlanksIssued(line=LINE, cards=[serial(1)]),
    BlanksIssued(line=LINE, cards=[serial(99)]),
    BlanksReturned(line=LINE, cards=[serial(1), serial(99)]),
    CardsDestroyed(
        document="BA-1", cards=[serial(1)], place="x", method="x", witnesses=["a"], request="R"
    ),
    CardSpoiledLater(card=serial(99), cause="damaged", request="R"),
    JobHeld(job="J-none", reason="x"),
    JobReleased(job="J-none", reason="x"),
    BatchState(batch="B-none", state="CLOSED", reason=""),
    LineState(line="L9", state="IDLE", reason=""),
]


@pytest.mark.parametrize("event", REFUSED, ids=lambda event: event.name)
def test_a_refused_event_leaves_neither_entry_nor_row(tmp_path: Path, event: object) -> None:
    with a_store(tmp_path) as store:
        stock(store, 3)
        before = _counts(store)
        with pytest.raises((TransitionRefused, NotFound)), store.transaction(ACTOR) as tx:
            tx.record(CardLost(card=serial(2), case_id=1, request="R"))
            tx.record(event)  # type: ignore[arg-type]
        assert _counts(store) == before
        assert store.verify()[0] == before[0]


def test_a_caller_cannot_swallow_a_refusal_and_commit_the_rest(tmp_path: Path) -> None:
    """The journal would hold an entry that did nothing."""
    with a_store(tmp_path) as store:
        stock(store, 2)
        before = _counts(store)
        with (
            pytest.raises(StoreError),
            store.transaction(ACTOR) as tx,
            contextlib.suppress(EktpError),
        ):
            tx.record(BlanksIssued(line=LINE, cards=[serial(1)]))
        assert _counts(store) == before


def test_an_exception_of_the_caller_rolls_everything_back(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        stock(store, 2)
        before = _counts(store)
        with pytest.raises(ZeroDivisionError), store.transaction(ACTOR) as tx:
            tx.record(CardLost(card=serial(1), case_id=1, request="R"))
            raise ZeroDivisionError
        assert _counts(store) == before


def test_entries_are_numbered_and_chained_across_transactions(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        assert store.verify() == (0, GENESIS)
        stock(store, 2)
        with store.transaction(ACTOR) as tx:
            first = tx.record(LineState(line=LINE, state="IDLE", reason=""))
            second = tx.record(LineState(line=LINE, state="RUNNING", reason=""))
        assert second.seq == first.seq + 1
        count, last = store.verify()
        assert count == second.seq
        assert last != GENESIS


def test_more_entries_than_one_page_are_verified(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        stock(store, 1)
        with store.transaction(ACTOR) as tx:
            for number in range(2_100):
                tx.record(LineState(line=LINE, state="IDLE", reason=str(number)))
        seen: list[int] = []
        assert store.verify(lambda entry: seen.append(entry.seq))[0] == 2_103
        assert seen == list(range(1, 2_104))


def test_many_cards_move_together_or_not_at_all(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        serials = stock(store, 900)
        with store.transaction(ACTOR) as tx:
            tx.record(CardLost(card=serials[850], case_id=1, request="R"))
        with pytest.raises(TransitionRefused) as refused, store.transaction(ACTOR) as tx:
            tx.record(BlanksReturned(line=LINE, cards=serials))
        assert refused.value.facts["card"] == serials[850]
        with store.read() as connection:
            left = connection.scalar(
                select(func.count()).select_from(db.cards).where(db.cards.c.state == "ISSUED")
            )
        assert left == 899


def test_a_card_named_twice_moves_once(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        stock(store, 1)
        with store.transaction(ACTOR) as tx:
            move_cards(tx.connection, [serial(1), serial(1)], CardEvent.RETURN)
        assert _state(store, 1) is CardState.IN_VAULT


def _state(store: Store, number: int) -> CardState:
    with store.read() as connection:
        return CardState(
            connection.scalar(select(db.cards.c.state).where(db.cards.c.card == serial(number)))
        )


# --- one citizen, one card ------------------------------------------------------------------------


def _load(connection: Connection, number: int, holder: str) -> None:
    move_card(connection, serial(number), CardEvent.LOAD, holder=holder)


def test_a_second_live_card_of_a_citizen_is_refused(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        stock(store, 3)
        with store.transaction(ACTOR) as tx:
            _load(tx.connection, 1, "h")
        with pytest.raises(SecondLiveCard), store.transaction(ACTOR) as tx:
            _load(tx.connection, 2, "h")
        with store.transaction(ACTOR) as tx:
            _load(tx.connection, 3, "another")
        assert _state(store, 2) is CardState.ISSUED


@pytest.mark.parametrize(
    "state",
    [
        state
        for state in CardState
        if state
        not in {
            CardState.IN_VAULT,
            CardState.ISSUED,
            CardState.HANDED_OVER,
            CardState.SPOILED,
            CardState.DESTROYED,
            CardState.LOST,
            CardState.SAMPLE,
            CardState.COLLECTED_BACK,
        }
    ],
)
def test_every_live_state_counts_doubt_and_hold_too(tmp_path: Path, state: CardState) -> None:
    with a_store(tmp_path) as store:
        stock(store, 2)
        with store.transaction(ACTOR) as tx:
            _put(tx.connection, 1, state, "h")
        with pytest.raises(SecondLiveCard), store.transaction(ACTOR) as tx:
            _load(tx.connection, 2, "h")


@pytest.mark.parametrize(
    "state", [CardState.SPOILED, CardState.DESTROYED, CardState.LOST, CardState.HANDED_OVER]
)
def test_a_dead_card_or_one_in_its_hand_does_not_hinder_the_next(
    tmp_path: Path, state: CardState
) -> None:
    with a_store(tmp_path) as store:
        stock(store, 2)
        with store.transaction(ACTOR) as tx:
            _put(tx.connection, 1, state, "h")
            _load(tx.connection, 2, "h")
        assert _state(store, 2) is CardState.LOADED


def test_nobody_has_two_cards_handed_over(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        stock(store, 2)
        with store.transaction(ACTOR) as tx:
            _put(tx.connection, 1, CardState.HANDED_OVER, "h")
            _put(tx.connection, 2, CardState.DELIVERED, "h")
        with pytest.raises(SecondLiveCard), store.transaction(ACTOR) as tx:
            move_card(tx.connection, serial(2), CardEvent.HAND_OVER)


def _put(connection: Connection, number: int, state: CardState, holder: str) -> None:
    connection.execute(
        db.cards.update()
        .where(db.cards.c.card == serial(number))
        .values(state=state.value, holder=holder)
    )


def test_one_citizen_has_one_open_job(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        accept(store, 1, "h")
        with pytest.raises(StoreError):
            accept(store, 2, "h")
        assert store.verify()[0] == 1


# --- the database's own words stay inside -------------------------------------------------------


def test_an_error_of_the_database_shows_no_statement_and_no_value(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        with pytest.raises(StoreError) as failed, store.transaction(ACTOR) as tx:
            tx.connection.execute(text("SELECT 'SITI RAHMAWATI' FROM no_such_table"))
        assert "SITI" not in str(failed.value)
        assert "SELECT" not in str(failed.value)
        assert failed.value.__cause__ is None
        assert not isinstance(failed.value, IntegrityError)


def test_reading_takes_no_write_lock(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        stock(store, 1)
        with store.read() as connection:
            connection.execute(select(db.cards)).all()
            with store.transaction(ACTOR) as tx:
                tx.record(LineState(line=LINE, state="IDLE", reason=""))
