"""What all commands share: their entry in a table, and the checks before they act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from simulation.chip.rights import Operation

__all__ = [
    "DONE",
    "Application",
    "CardCommand",
    "CommandRefused",
    "CommandTable",
    "answer",
    "require_data",
    "require_le",
    "require_parameters",
]

DONE: Final = ResponseApdu(b"", StatusWord.OK)
_ALL_THERE_IS: Final = 256


class CommandRefused(Exception):
    """A command ends with a status word of its own; the card turns it into the response."""

    def __init__(self, sw: StatusWord) -> None:
        super().__init__(sw.name)
        self.sw = sw


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCommand:
    """A command: who runs it, and which right it asks for before anything else of it is looked at.

    `operation` is an `Operation`, or names it by the command where one instruction does several
    things. `own_chaining`: the command takes each link of a chain by itself and answers it
    (GENERAL AUTHENTICATE); `run` finds the chaining bit in CLA then.
    """

    run: Callable[[CommandApdu], ResponseApdu]
    operation: Operation | Callable[[CommandApdu], Operation]
    own_chaining: bool = False

    def operation_of(self, command: CommandApdu) -> Operation:
        """Which right this command asks for."""
        named = self.operation
        return named if isinstance(named, Operation) else named(command)


CommandTable = Mapping[tuple[int, int], CardCommand]
"""Commands by their plain class (`00` or `80`, without bits for messaging and chaining) and INS."""


class Application(Protocol):
    """An application on the platform: its read side.

    Made with the chip's `CardContext`. The platform writes files and secrets, closes the chip and
    keeps what is selected and proved (`CardContext`); an application brings its commands.
    """

    commands: CommandTable

    def reset(self) -> None:
        """Forget what the application keeps by itself: the field went away, or the chip closed."""
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
