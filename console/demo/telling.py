"""Where the demo tells how it goes."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Telling"]


class Telling(Protocol):
    """Where the demo tells how it goes."""

    def stage(self, text: str, total: int | None = None) -> None:
        """A new stage begins, of so many steps."""
        ...

    def advance(self, count: int = 1) -> None:
        """So many steps of the stage are done."""
        ...

    def say(self, text: str) -> None:
        """Something worth a line."""
        ...
