"""What all commands share: their entry in a table, and the checks before they act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from simulation.chip.security import LifeCycle

__all__ = [
    "ALWAYS",
    "DONE",
    "OPEN_ONLY",
    "SECURED_ONLY",
    "UNTIL_TERMINATED",
    "Application",
    "CardCommand",
    "CommandRefused",
    "answer",
    "require_data",
    "require_le",
    "require_parameters",
]

ALWAYS: Final = frozenset(LifeCycle)
OPEN_ONLY: Final = frozenset({LifeCycle.OP_READY})
SECURED_ONLY: Final = frozenset({LifeCycle.SECURED})
UNTIL_TERMINATED: Final = OPEN_ONLY | SECURED_ONLY

DONE: Final = ResponseApdu(b"", StatusWord.OK)
_ALL_THERE_IS: Final = 256


class CommandRefused(Exception):
    """A command ends with a status word of its own; the card turns it into the response."""

    def __init__(self, sw: StatusWord) -> None:
        super().__init__(sw.name)
        self.sw = sw


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCommand:
    """A command: who runs it, in which states of life, and whether a session may carry it.

    In another state it is refused with 6985, before anything else of it is looked at.
    """

    run: Callable[[CommandApdu], ResponseApdu]
    states: frozenset[LifeCycle]
    protectable: bool = False


class Application(Protocol):
    """An application on the platform: its commands, and what closing the card means to it."""

    commands: Mapping[tuple[int, int], CardCommand]

    def complete(self) -> bool:
        """Whether everything is there that a closed card must have."""
        ...

    def close(self) -> None:
        """Do what belongs to the step to SECURED, whose power has been taken."""
        ...

    def reset(self) -> None:
        """Forget what was selected: the field went away."""
        ...


def require_parameters(command: CommandApdu, p1: int = 0, p2: int = 0) -> None:
    """Refuse other P1 and P2 with 6A86."""
    if command.p1 != p1 or command.p2 != p2:
        raise CommandRefused(StatusWord.INCORRECT_P1_P2)


def require_data(command: CommandApdu, length: int) -> None:
    """Refuse data of another length with 6700."""
    if len(command.data) != length:
        raise CommandRefused(StatusWord.WRONG_LENGTH)


def require_le(command: CommandApdu, length: int) -> None:
    """Refuse another Le than the length of the answer, or `00`, with 6700."""
    if command.le not in (length, _ALL_THERE_IS):
        raise CommandRefused(StatusWord.WRONG_LENGTH)


def answer(data: bytes) -> ResponseApdu:
    """Data and 9000."""
    return ResponseApdu(data, StatusWord.OK)
