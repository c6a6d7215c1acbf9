"""The two life cycles: every state with every event, and what no sequence may lead to."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from hypothesis.strategies import sampled_from

from ektp.errors import TransitionRefused
from ektp.lifecycle import (
    CARD_TRANSITIONS,
    IN_MACHINE,
    JOB_TRANSITIONS,
    LIVE_CARD,
    CardEvent,
    CardState,
    JobEvent,
    JobState,
    advance,
)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(CardState, CardEvent)))
def test_each_card_state_knows_an_event_or_refuses_it(state: CardState, event: CardEvent) -> None:
    wanted = CARD_TRANSITIONS.get((state, event))
    if wanted is not None:
        assert advance(state, event) is wanted
        return
    with pytest.raises(TransitionRefused) as refused:
        advance(state, event)
    assert refused.value.facts == {"state": state.value, "event": event.value}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(JobState, JobEvent)))
def test_each_job_state_knows_an_event_or_refuses_it(state: JobState, event: JobEvent) -> None:
    wanted = JOB_TRANSITIONS.get((state, event))
    if wanted is not None:
        assert advance(state, event) is wanted
        return
    with pytest.raises(TransitionRefused):
        advance(state, event)


def test_a_jobs_event_is_nothing_to_a_card() -> None:
    with pytest.raises(TransitionRefused):
        advance(CardState.PASSED, JobEvent.PACK)  # type: ignore[call-overload]


def _following(state: CardState) -> set[CardState]:
    return {to for (at, _), to in CARD_TRANSITIONS.items() if at is state}


def test_what_is_destroyed_or_lost_stays_so() -> None:
    assert _following(CardState.DESTROYED) == set()
    assert _following(CardState.LOST) == set()


def test_a_spoiled_card_never_comes_back() -> None:
    assert _following(CardState.SPOILED) == {CardState.DESTROYED, CardState.LOST}
    reached, todo = set(), [CardState.SPOILED]
    while todo:
        for following in _following(todo.pop()) - reached:
            reached.add(following)
            todo.append(following)
    assert not reached & (LIVE_CARD | {CardState.ISSUED, CardState.IN_VAULT, CardState.HANDED_OVER})


def test_a_sample_and_a_card_collected_back_can_only_be_destroyed() -> None:
    assert _following(CardState.SAMPLE) == {CardState.DESTROYED}
    assert _following(CardState.COLLECTED_BACK) == {CardState.DESTROYED}


def test_a_written_blank_never_returns_to_the_vault() -> None:
    into = {at for (at, _), to in CARD_TRANSITIONS.items() if to is CardState.IN_VAULT}
    assert into == {CardState.ISSUED}


def test_a_card_passes_only_after_print_or_by_peoples_decision() -> None:
    into = {at for (at, event), to in CARD_TRANSITIONS.items() if event is CardEvent.PASS}
    assert into == {CardState.PRINTED, CardState.IN_DOUBT, CardState.HELD}


def test_a_card_inside_a_machine_can_always_be_doubted_spoiled_and_lost() -> None:
    for state in IN_MACHINE:
        assert advance(state, CardEvent.DOUBT) is CardState.IN_DOUBT
        assert advance(state, CardEvent.SPOIL) is CardState.SPOILED
        assert advance(state, CardEvent.LOSE) is CardState.LOST


def test_doubt_and_hold_count_as_live() -> None:
    assert {CardState.IN_DOUBT, CardState.HELD, CardState.PASSED} <= LIVE_CARD
    assert not LIVE_CARD & {CardState.HANDED_OVER, CardState.SPOILED, CardState.LOST}


def test_a_finished_or_cancelled_job_is_finished() -> None:
    over = {JobState.HANDED_OVER, JobState.CANCELLED}
    assert not [key for key in JOB_TRANSITIONS if key[0] in over]


def test_every_state_but_the_first_is_reached_and_every_event_is_of_use() -> None:
    assert set(JOB_TRANSITIONS.values()) == set(JobState)
    assert set(CARD_TRANSITIONS.values()) == set(CardState)
    assert {event for _, event in JOB_TRANSITIONS} == set(JobEvent)
    unused = set(CardEvent) - {event for _, event in CARD_TRANSITIONS}
    assert not unused


class CardLife(RuleBasedStateMachine):
    """A card that lives at random, and what must be true of it at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.state = CardState.IN_VAULT
        self.been: list[CardState] = [self.state]

    @rule(event=sampled_from(CardEvent))
    def happen(self, event: CardEvent) -> None:
        try:
            self.state = advance(self.state, event)
        except TransitionRefused:
            return
        self.been.append(self.state)

    @invariant()
    def dead_is_dead(self) -> None:
        for dead in (CardState.DESTROYED, CardState.LOST):
            if dead in self.been:
                assert self.been[self.been.index(dead) :] == [dead]

    @invariant()
    def spoiled_is_never_live_again(self) -> None:
        if CardState.SPOILED in self.been:
            assert self.state not in LIVE_CARD | {CardState.HANDED_OVER}

    @invariant()
    def a_card_in_somebodys_hand_was_issued_and_passed(self) -> None:
        if self.state is CardState.HANDED_OVER:
            assert CardState.ISSUED in self.been
            assert CardState.PASSED in self.been or CardState.HELD in self.been

    @invariant()
    def what_was_written_is_no_blank(self) -> None:
        if CardState.LOADED in self.been:
            assert self.state not in {CardState.IN_VAULT, CardState.ISSUED}


CardLife.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestCardLife = CardLife.TestCase
