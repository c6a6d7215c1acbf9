"""Where the demo tells how it goes: by name; the words are theirs who show it."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["Telling"]


class Telling(Protocol):
    """Shows stages and their progress."""

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins, of so many steps."""
        ...

    def advance(self, count: int = 1) -> None:
        """So many steps of the stage are done."""
        ...

    def say(self, name: str, **facts: Any) -> None:
        """Something worth a line."""
        ...
