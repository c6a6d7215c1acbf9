"""A figure, its limit, its goal."""

from __future__ import annotations

import pytest

from benchmarks.results import Better, Result
from benchmarks.suite import run
from benchmarks.timing import Stopwatch, seconds_each


@pytest.mark.parametrize(
    ("value", "limit", "goal", "better", "ok"),
    [
        (113, 100, 1.12, Better.LOWER, False),
        (112, 100, 1.12, Better.LOWER, True),
        (79, 100, 0.8, Better.HIGHER, False),
        (80, 100, 0.8, Better.HIGHER, True),
        (46, None, 45, Better.LOWER, False),
        (45, None, 45, Better.LOWER, True),
        (1e9, 1, None, Better.LOWER, True),
    ],
)
def test_a_goal_is_for_the_ratio_or_for_the_value(
    value: float, limit: float | None, goal: float | None, better: Better, ok: bool
) -> None:
    result = Result(name="x", value=value, unit="B", limit=limit, goal=goal, better=better)
    assert result.ok is ok
    assert result.ratio == (None if limit is None else value / limit)
    shown = result.as_document()
    assert (shown["ok"], shown["goal"], shown["better"]) == (ok, goal, better.value)


def test_a_benchmark_that_there_is_not() -> None:
    with pytest.raises(KeyError):
        run(["nonsense"])


def test_the_first_round_is_not_counted() -> None:
    calls: list[int] = []
    assert seconds_each(lambda: calls.append(1), rounds=3, repeat=2) >= 0
    assert len(calls) == 8


def test_a_stopwatch_counts_a_lap_that_failed_too() -> None:
    watch = Stopwatch()
    with pytest.raises(KeyError), watch.running():
        raise KeyError
    with watch.running():
        pass
    assert watch.laps == 2
