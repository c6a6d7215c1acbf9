"""Access rules as data, and apart from them the security status: what has been proved so far."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, auto, unique
from typing import Final, Protocol

from ektp.apdu import CommandApdu, ResponseApdu

__all__ = [
    "READ_CONDITIONS",
    "AccessRule",
    "Condition",
    "LifeCycle",
    "MessagingSession",
    "SecurityStatus",
    "Way",
]


@unique
class LifeCycle(IntEnum):
    """Card life cycle, one way (GlobalPlatform Card Specification, 5.1 and table 11-6)."""

    OP_READY = 0x01
    SECURED = 0x0F
    TERMINATED = 0xFF


@unique
class AccessRule(IntEnum):
    """The rule that a file is created with (chip profile, section 4)."""

    FREE = 0x00
    SECURE_MESSAGING = 0x01
    BAC_OR_PACE = 0x02
    NEVER = 0xFF


@unique
class Condition(Enum):
    """What must hold for a read."""

    ALWAYS = auto()
    PROTECTED = auto()
    NEVER = auto()


_ALWAYS, _PROTECTED, _NEVER = Condition.ALWAYS, Condition.PROTECTED, Condition.NEVER

READ_CONDITIONS: Final[dict[LifeCycle, dict[AccessRule, Condition]]] = {
    LifeCycle.OP_READY: {
        AccessRule.FREE: _ALWAYS,
        AccessRule.SECURE_MESSAGING: _NEVER,
        AccessRule.BAC_OR_PACE: _NEVER,
        AccessRule.NEVER: _NEVER,
    },
    LifeCycle.SECURED: {
        AccessRule.FREE: _ALWAYS,
        AccessRule.SECURE_MESSAGING: _PROTECTED,
        AccessRule.BAC_OR_PACE: _PROTECTED,
        AccessRule.NEVER: _NEVER,
    },
    LifeCycle.TERMINATED: dict.fromkeys(AccessRule, _NEVER),
}
"""When a file may be read, by life cycle and rule. The marker of an open chip is read besides."""


@unique
class Way(Enum):
    """How a command came: in plain form, in secure messaging, or in the SCP03 channel."""

    PLAIN = auto()
    MESSAGING = auto()
    """Within the secure messaging of the application (mutual authentication, BAC, PACE, CA)."""
    TRANSPORT = auto()
    """In the channel, under the maker's key set (version `30`)."""
    CARD = auto()
    """In the channel, under the card's own key set (version `31`)."""


class MessagingSession(Protocol):
    """A session that protects commands of one way: what an authentication leaves behind.

    `open_command` raises `MessagingBroken` with the status word that the card then answers bare;
    the session is over.
    """

    def open_command(self, command: CommandApdu) -> CommandApdu:
        """The plain command within a protected one."""
        ...

    def seal_response(self, response: ResponseApdu) -> ResponseApdu:
        """The protected form of a response to the command that was opened last."""
        ...


@dataclass(slots=True)
class SecurityStatus:
    """What has been proved to the chip since its field came up; gone with the field.

    `challenge` is good for one proof. `failures` counts wrong tokens in a row. `session` is the
    application's secure messaging; who replaces it while a protected command runs has the answer
    still sealed by the old one. `way` is how the command in hand came.
    """

    challenge: bytes | None = None
    failures: int = 0
    session: MessagingSession | None = None
    way: Way = Way.PLAIN

    @property
    def protected(self) -> bool:
        """Whether the command in hand came through the application's secure messaging."""
        return self.way is Way.MESSAGING

    def satisfies(self, condition: Condition) -> bool:
        """Whether the condition of a read holds for the command in hand."""
        return condition is Condition.ALWAYS or (
            condition is Condition.PROTECTED and self.protected
        )

    def forget(self) -> None:
        """The field went away: nothing is proved any more."""
        self.challenge = self.session = None
        self.failures = 0
        self.way = Way.PLAIN

    def take_challenge(self) -> bytes | None:
        """The last challenge, once."""
        challenge, self.challenge = self.challenge, None
        return challenge
