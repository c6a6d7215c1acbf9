"""Two-person acts, accounts, sign-in: who may, who may not, and what a refusal leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from ektp.errors import (
    ConfigurationError,
    LifecycleError,
    NotAllowed,
    NotFound,
    SecondPersonRequired,
    TransitionRefused,
)
from ektp.journal import Actor, Role
from pipeline.governed import carry_out
from pipeline.home import SystemEntropy
from pipeline.people import (
    MAY_ASK,
    Act,
    actor_for,
    add_user,
    change_roles,
    decide_request,
    disable_user,
    list_requests,
    request_act,
)
from pipeline.signin import MOST_FAILURES, one_time_code, prove, set_pin
from pipeline.store import schema as db
from pipeline.store.store import Store
from tests.unit.pipeline.store.shelf import LINE, a_store, serial, stock

OLGA = Actor(principal="olga", role=Role.OPERATOR, station="t")
SARI = Actor(principal="sari", role=Role.SUPERVISOR, station="t")
SPOIL = {"card": serial(1), "cause": "damaged"}


def _ask(store: Store, actor: Actor = OLGA, act: Act = Act.SPOIL_CARD, **more: object) -> str:
    arguments = dict(SPOIL) | more
    return request_act(store, SystemEntropy(), actor, act, arguments)


def _card(store: Store, number: int = 1) -> str | None:
    with store.read() as connection:
        return connection.scalar(select(db.cards.c.state).where(db.cards.c.card == serial(number)))


def test_one_asks_another_approves_and_then_it_is_done(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        stock(store, 1)
        request = _ask(store)
        assert _card(store) == "ISSUED"
        decide_request(store, SARI, request, carry_out)
        assert _card(store) == "SPOILED"
        with store.read() as connection:
            assert list_requests(connection) == []


@pytest.mark.parametrize("role", list(Role))
def test_nobody_gives_both_words_whatever_their_role(tmp_path: Path, role: Role) -> None:
    with a_store(tmp_path) as store:
        stock(store, 1)
        request = _ask(store)
        again = Actor(principal="olga", role=role, station="elsewhere")
        with pytest.raises(SecondPersonRequired):
            decide_request(store, again, request, carry_out)
        assert _card(store) == "ISSUED"


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.SUPERVISOR, Role.QA}])
def test_only_supervisors_and_qa_approve(tmp_path: Path, role: Role) -> None:
    with a_store(tmp_path) as store:
        stock(store, 1)
        request = _ask(store)
        with pytest.raises(NotAllowed):
            decide_request(store, Actor(principal="x", role=role, station="t"), request, carry_out)


@pytest.mark.parametrize("act", list(Act))
def test_who_may_ask_may_and_nobody_else(tmp_path: Path, act: Act) -> None:
    with a_store(tmp_path) as store:
        for role in Role:
            actor = Actor(principal="x", role=role, station="t")
            if role in MAY_ASK[act]:
                assert request_act(store, SystemEntropy(), actor, act, {}).startswith("R-")
            else:
                with pytest.raises(NotAllowed):
                    request_act(store, SystemEntropy(), actor, act, {})


def test_a_refused_request_does_nothing_and_is_over(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        stock(store, 1)
        request = _ask(store)
        decide_request(store, SARI, request, carry_out, approve=False)
        assert _card(store) == "ISSUED"
        with pytest.raises(LifecycleError):
            decide_request(store, SARI, request, carry_out)


def test_an_act_that_cannot_be_done_is_not_approved_either(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        stock(store, 1)
        first, second = _ask(store), _ask(store)
        decide_request(store, SARI, first, carry_out)
        with pytest.raises(TransitionRefused):
            decide_request(store, SARI, second, carry_out)
        with store.read() as connection:
            assert [item.request for item in list_requests(connection)] == [second]


def test_blanks_are_issued_by_two(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        stock(store, 2, issued=False)
        request = _ask(store, act=Act.ISSUE_BLANKS, line=LINE, cards=[serial(1)])
        decide_request(store, SARI, request, carry_out)
        assert (_card(store, 1), _card(store, 2)) == ("ISSUED", "IN_VAULT")


def test_an_unknown_request_or_card_is_said(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        with pytest.raises(NotFound):
            decide_request(store, SARI, "R-00000000000", carry_out)
        request = _ask(store)
        with pytest.raises(NotFound):
            decide_request(store, SARI, request, carry_out)


# --- accounts -------------------------------------------------------------------------------------


def test_an_account_acts_in_the_role_that_the_act_asks_for(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        add_user(store, SARI, "olga", [Role.OPERATOR, Role.QA])
        with store.read() as connection:
            assert actor_for(connection, "olga", "t").role is Role.OPERATOR
            assert actor_for(connection, "olga", "t", frozenset({Role.QA})).role is Role.QA
            with pytest.raises(NotAllowed):
                actor_for(connection, "olga", "t", frozenset({Role.ADMIN}))
            with pytest.raises(NotFound):
                actor_for(connection, "nobody", "t")
        change_roles(store, SARI, "olga", [Role.AUDITOR])
        with store.read() as connection:
            assert actor_for(connection, "olga", "t").role is Role.AUDITOR
        disable_user(store, SARI, "olga")
        with store.read() as connection, pytest.raises(NotAllowed):
            actor_for(connection, "olga", "t")


@pytest.mark.parametrize("name", ["", "a b", "a;b", "../x"])
def test_an_odd_name_is_no_account(tmp_path: Path, name: str) -> None:
    with a_store(tmp_path) as store, pytest.raises(ConfigurationError):
        add_user(store, SARI, name, [Role.QA])


def test_a_name_is_given_once(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        add_user(store, SARI, "olga", [Role.QA])
        with pytest.raises(ConfigurationError):
            add_user(store, SARI, "olga", [Role.QA])


# --- sign-in --------------------------------------------------------------------------------------


def _code(store: Store) -> str:
    with store.transaction(SARI) as tx:
        return one_time_code(tx, "olga")


def _prove(store: Store, pin: str) -> bool:
    with store.transaction(SARI) as tx:
        return prove(tx, "olga", pin)


def test_a_one_time_code_lets_in_once_to_choose_a_pin(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        code = _code(store)
        assert not _prove(store, code), "a code is no PIN"
        set_pin(store, SARI, "olga", code, "12345678")
        assert _prove(store, "12345678")
        assert not _prove(store, code)


def test_a_short_pin_is_no_pin(tmp_path: Path) -> None:
    with a_store(tmp_path) as store, pytest.raises(NotAllowed):
        set_pin(store, SARI, "olga", _code(store), "1234567")


def test_three_wrong_tries_lock_the_account_for_the_right_one_too(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        set_pin(store, SARI, "olga", _code(store), "12345678")
        for _ in range(MOST_FAILURES):
            assert not _prove(store, "wrong pin")
        assert not _prove(store, "12345678")


def test_wrong_tries_are_forgotten_after_a_right_one(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        set_pin(store, SARI, "olga", _code(store), "12345678")
        assert not _prove(store, "wrong pin")
        assert _prove(store, "12345678")
        for _ in range(MOST_FAILURES - 1):
            assert not _prove(store, "wrong pin")
        assert _prove(store, "12345678")


def test_wrong_tries_at_choosing_a_pin_are_counted(tmp_path: Path) -> None:
    """The refusal rolls its transaction back: the count must not go with it."""
    with a_store(tmp_path) as store:
        set_pin(store, SARI, "olga", _code(store), "12345678")
        for _ in range(MOST_FAILURES):
            with pytest.raises(NotAllowed):
                set_pin(store, SARI, "olga", "wrong pin", "abcdefgh")
        assert not _prove(store, "12345678")


def test_no_pin_rests_in_clear(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        set_pin(store, SARI, "olga", _code(store), "a long and secret pin")
        everything = b"".join(file.read_bytes() for file in tmp_path.glob("ektp.db*"))
    assert b"a long and secret pin" not in everything
