"""What a benchmark finds: a figure, what it is held against, and whether that is met."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any

__all__ = ["Better", "Result"]

_DIGITS = 6


@unique
class Better(StrEnum):
    """Which way a figure should go."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One figure.

    `limit` is the raw figure of the same run, in the same unit: the payload, the bare library call,
    the line rate. `goal` is what the ratio of value to limit must reach, or the value itself where
    there is no limit; a figure without one is told for information and is always in order.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    goal: float | None = None
    better: Better = Better.LOWER

    @property
    def ratio(self) -> float | None:
        """Value over limit."""
        return None if self.limit is None else self.value / self.limit

    @property
    def ok(self) -> bool:
        """Whether the goal is met, or there is none."""
        if self.goal is None:
            return True
        reached = self.value if self.ratio is None else self.ratio
        return reached <= self.goal if self.better is Better.LOWER else reached >= self.goal

    def as_document(self) -> dict[str, Any]:
        """The figure as `ektp bench --json` shows it."""
        return {
            "name": self.name,
            "value": _rounded(self.value),
            "unit": self.unit,
            "limit": _rounded(self.limit),
            "ratio": _rounded(self.ratio),
            "goal": self.goal,
            "better": self.better.value,
            "ok": self.ok,
        }


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, _DIGITS)
