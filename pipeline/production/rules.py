"""When a line stops itself: three spoils of the same cause among its last twenty cards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

__all__ = ["SPOILS_OF_ONE_CAUSE", "WINDOW_CARDS", "stop_cause"]

SPOILS_OF_ONE_CAUSE = 3
WINDOW_CARDS = 20


def stop_cause(latest: Sequence[str | None]) -> str | None:
    """The cause that stops the line, of the causes of its latest cards (None = good)."""
    window = Counter(cause for cause in latest[:WINDOW_CARDS] if cause is not None)
    return next((cause for cause, n in window.items() if n >= SPOILS_OF_ONE_CAUSE), None)
