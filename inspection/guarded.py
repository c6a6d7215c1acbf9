"""A chip behind limits: commands, bytes and time are counted, and every error gets its outcome."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import CheckOutcome
from ektp.errors import CardAbsent, ChipError, EktpError
from ektp.ports import CardChannel
from inspection.faults import ReadingEnded

__all__ = ["GuardedChip", "Limits"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one reading of one chip may take.

    A whole ktp-el reading takes about 60 commands and 8 KB. The time is looked at around each
    command: a command that never comes back must be ended by the channel itself.
    """

    seconds: float = 30.0
    commands: int = 256
    answer_bytes: int = 32_768

    def __post_init__(self) -> None:
        if self.seconds <= 0 or self.commands <= 0 or self.answer_bytes <= 0:
            msg = "limits are greater than zero"
            raise ValueError(msg)


class GuardedChip:
    """A channel to a chip that nobody trusts.

    Everything that ends a reading comes out as `ReadingEnded`: the chip is gone or broken (FAILED),
    it answers without end (FAILED), time is up (INCONCLUSIVE: a slow host looks the same), or the
    reader failed (UNAVAILABLE).
    """

    def __init__(
        self, channel: CardChannel, limits: Limits, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._channel = channel
        self._limits = limits
        self._clock = clock
        self._deadline = clock() + limits.seconds
        self.commands = 0
        self.answer_bytes = 0

    def reset(self) -> None:
        """A fresh field: the chip forgets what was proved to it."""
        self._guard(self._channel.reset)

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Send one command, within the limits. Raises `ReadingEnded`."""
        if self.commands >= self._limits.commands:
            raise ReadingEnded(CheckOutcome.FAILED, f"more than {self._limits.commands} commands")
        self.check_time()
        self.commands += 1
        response = self._guard(lambda: self._channel.transmit(command))
        self.answer_bytes += len(response.data) + 2
        if self.answer_bytes > self._limits.answer_bytes:
            raise ReadingEnded(CheckOutcome.FAILED, f"more than {self._limits.answer_bytes} bytes")
        self.check_time()
        return response

    def check_time(self) -> None:
        """Raises `ReadingEnded` once the time is up."""
        if self._clock() > self._deadline:
            raise ReadingEnded(
                CheckOutcome.INCONCLUSIVE,
                f"no end after {self._limits.seconds:g} s and {self.commands} commands",
            )

    def _guard(self, act: Callable[[], _T]) -> _T:
        try:
            return act()
        except CardAbsent as absent:
            evidence = f"{absent.code} after {self.commands} commands"
            raise ReadingEnded(CheckOutcome.FAILED, evidence) from absent
        except ChipError as broken:
            raise ReadingEnded(CheckOutcome.FAILED, broken.code) from broken
        except EktpError as reader:
            raise ReadingEnded(CheckOutcome.UNAVAILABLE, reader.code) from reader
