"""The stop rule: three spoils of one cause among the latest twenty cards."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ektp.cards import SpoilCause
from pipeline.production.rules import SPOILS_OF_ONE_CAUSE, WINDOW_CARDS, stop_cause

_CAUSES = st.lists(st.sampled_from([None, *SpoilCause]), max_size=40)


def test_two_of_a_cause_do_not_stop_and_three_do() -> None:
    assert stop_cause(["a", "a", "b", "b", None]) is None
    assert stop_cause(["a", "b", "a", None, "a"]) == "a"


def test_the_twenty_first_card_is_forgotten() -> None:
    good: list[str | None] = [None] * 17
    assert stop_cause(["a", "a", *good, "a"]) == "a"
    assert stop_cause(["a", "a", *good, None, "a"]) is None


@given(_CAUSES)
def test_the_rule_is_a_count_over_the_window(latest: list[str | None]) -> None:
    window = [cause for cause in latest[:WINDOW_CARDS] if cause is not None]
    reached = {c for c in window if window.count(c) >= SPOILS_OF_ONE_CAUSE}
    found = stop_cause(latest)
    assert (found in reached) if reached else (found is None)
