"""Honest short timings: the same thing many times, and the middle of what was seen."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Stopwatch", "seconds_each"]


def seconds_each(work: Callable[[], object], *, rounds: int, repeat: int = 1) -> float:
    """How long one call takes: the median over `rounds` of the mean over `repeat` calls.

    One round before them is not counted: it loads, fills caches, and starts what must be started.
    """
    seen = []
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        for _ in range(repeat):
            work()
        seen.append((time.perf_counter() - begun) / repeat)
    return statistics.median(seen[1:])


@dataclass(slots=True)
class Stopwatch:
    """Adds up the time of the parts that run under it."""

    seconds: float = 0.0
    laps: int = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Time what is inside."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - begun
            self.laps += 1
