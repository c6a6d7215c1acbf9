"""`recovery.decide` over every combination of evidence: one action, and never a dangerous one."""

from __future__ import annotations

import itertools

import pytest

from ektp.cards import SpoilCause, Step
from pipeline.production.recovery import Action, ChipSays, Decision, Evidence, decide

ALL = [
    Evidence(
        step=step,
        outcome_known=known,
        inside=inside,
        chip=chip,
        fed=fed,
        good=good,
        rejected=rejected,
    )
    for step, known, inside, chip, fed, good, rejected in itertools.product(
        Step, (False, True), (False, True), ChipSays, (False, True), (False, True), (False, True)
    )
]


def _those(**wanted: object) -> list[tuple[Evidence, Decision]]:
    chosen = [e for e in ALL if all(getattr(e, name) == value for name, value in wanted.items())]
    assert chosen
    return [(evidence, decide(evidence)) for evidence in chosen]


def test_every_evidence_has_exactly_one_complete_decision() -> None:
    assert len(ALL) == len(Step) * 2 * 2 * len(ChipSays) * 8
    for evidence in ALL:
        decision = decide(evidence)
        assert decision.reason
        assert (decision.step is not None) == (decision.action is Action.GO_ON), evidence
        spoils = decision.action in (Action.SPOIL, Action.BOOK_SPOILED)
        assert (decision.cause is not None) == spoils, evidence


def test_no_decision_is_ever_to_print_again_after_a_print_may_have_begun() -> None:
    begun = (Step.PRINT, Step.REREAD, Step.DELIVER, Step.REJECT)
    for evidence in ALL:
        decision = decide(evidence)
        if evidence.step in begun and decision.action is Action.GO_ON:
            assert decision.step is Step.REREAD, evidence


def test_a_print_without_its_outcome_is_spoiled_or_doubted_whatever_the_counters_say() -> None:
    for evidence, decision in _those(step=Step.PRINT, outcome_known=False):
        assert decision.action in (Action.SPOIL, Action.DOUBT), evidence


def test_no_card_is_good_because_of_counters() -> None:
    """Whatever goes on past encoding, goes on to a reading of the closed chip."""
    for evidence in ALL:
        decision = decide(evidence)
        if decision.action is Action.GO_ON and evidence.step not in (Step.FEED, Step.PROVE):
            assert evidence.inside
            if decision.step is not Step.PROVE:
                # Out of the field, the second reading decides: nothing passes without it.
                silent = evidence.chip is ChipSays.NOTHING and decision.step is Step.REREAD
                assert silent or evidence.chip is ChipSays.CLOSED_FOR_THIS, evidence
                assert decision.step in (Step.READ, Step.REREAD)
            else:
                assert evidence.chip is ChipSays.UNTOUCHED, evidence


def test_a_card_that_is_not_inside_never_goes_on_and_is_never_spoiled_blindly() -> None:
    for evidence, decision in _those(inside=False):
        if decision.action is Action.VOID:
            assert evidence.step is Step.FEED
            assert not evidence.outcome_known
            assert not evidence.fed
        elif decision.action is Action.BOOK_SPOILED:
            assert evidence.step is Step.REJECT
            assert evidence.rejected
        else:
            assert decision.action is Action.DOUBT, evidence


def test_a_delivery_without_its_outcome_is_doubted_when_the_card_is_gone() -> None:
    for evidence, decision in _those(step=Step.DELIVER, inside=False):
        assert decision.action is Action.DOUBT, evidence


def test_another_card_inside_is_always_doubted() -> None:
    for evidence, decision in _those(inside=True, chip=ChipSays.ANOTHER_CARD):
        assert decision.action is Action.DOUBT, evidence


def test_void_only_where_no_card_left_the_hopper() -> None:
    void = [evidence for evidence in ALL if decide(evidence).action is Action.VOID]
    assert void
    assert all(e.step is Step.FEED and not (e.outcome_known or e.inside or e.fed) for e in void)


def test_a_half_written_chip_is_never_written_on() -> None:
    for evidence, decision in _those(inside=True, chip=ChipSays.HALF_WRITTEN):
        if evidence.step in (Step.BIND, Step.ENCODE, Step.READ, Step.PRINT, Step.REREAD):
            assert decision.action is Action.SPOIL, evidence


@pytest.mark.parametrize(
    ("step", "chip", "action", "following", "cause"),
    [
        (Step.ENCODE, ChipSays.UNTOUCHED, Action.GO_ON, Step.PROVE, None),
        (Step.ENCODE, ChipSays.CLOSED_FOR_THIS, Action.GO_ON, Step.READ, None),
        (Step.ENCODE, ChipSays.HALF_WRITTEN, Action.SPOIL, None, SpoilCause.ENCODE_FAILED),
        (Step.ENCODE, ChipSays.NOTHING, Action.SPOIL, None, SpoilCause.ENCODE_FAILED),
        (Step.READ, ChipSays.CLOSED_FOR_THIS, Action.GO_ON, Step.READ, None),
        (Step.READ, ChipSays.NOTHING, Action.SPOIL, None, SpoilCause.CHIP_INVALID),
        (
            Step.PRINT,
            ChipSays.CLOSED_FOR_THIS,
            Action.SPOIL,
            None,
            SpoilCause.PRINT_INTERRUPTED,
        ),
        (Step.REREAD, ChipSays.CLOSED_FOR_THIS, Action.GO_ON, Step.REREAD, None),
        (Step.REREAD, ChipSays.NOTHING, Action.GO_ON, Step.REREAD, None),
        (Step.REREAD, ChipSays.HALF_WRITTEN, Action.SPOIL, None, SpoilCause.CHIP_INVALID),
        (Step.DELIVER, ChipSays.CLOSED_FOR_THIS, Action.GO_ON, Step.REREAD, None),
        (Step.REJECT, ChipSays.HALF_WRITTEN, Action.SPOIL, None, SpoilCause.UNRESOLVED),
    ],
)
def test_an_intent_that_was_cut_off_with_the_card_inside(
    step: Step, chip: ChipSays, action: Action, following: Step | None, cause: SpoilCause | None
) -> None:
    for _, decision in _those(step=step, outcome_known=False, inside=True, chip=chip):
        assert (decision.action, decision.step, decision.cause) == (action, following, cause)
