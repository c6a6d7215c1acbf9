"""Access rules as data, and apart from them the security status: what has been proved so far."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, auto, unique
from typing import Final

from simulation.chip.secure_messaging import SecureMessaging

__all__ = ["READ_CONDITIONS", "AccessRule", "Condition", "LifeCycle", "SecurityStatus"]


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
    NEVER = 0xFF


@unique
class Condition(Enum):
    """What must hold for an access."""

    ALWAYS = auto()
    PROTECTED = auto()
    NEVER = auto()


READ_CONDITIONS: Final[dict[LifeCycle, dict[AccessRule, Condition]]] = {
    LifeCycle.OP_READY: dict.fromkeys(AccessRule, Condition.ALWAYS),
    LifeCycle.SECURED: {
        AccessRule.FREE: Condition.ALWAYS,
        AccessRule.SECURE_MESSAGING: Condition.PROTECTED,
        AccessRule.NEVER: Condition.NEVER,
    },
    LifeCycle.TERMINATED: dict.fromkeys(AccessRule, Condition.NEVER),
}
"""When a file may be read, by life cycle and rule."""


@dataclass(slots=True)
class SecurityStatus:
    """What has been proved to the chip since its field came up; gone with the field.

    `challenge` is good for one proof. `failures` counts wrong tokens in a row. `protected` says
    that the command in hand came through the session's secure messaging.
    """

    challenge: bytes | None = None
    failures: int = 0
    session: SecureMessaging | None = None
    protected: bool = False

    def satisfies(self, condition: Condition) -> bool:
        """Whether the condition holds for the command in hand."""
        return condition is Condition.ALWAYS or (
            condition is Condition.PROTECTED and self.protected
        )

    def forget(self) -> None:
        """The field went away: nothing is proved any more."""
        self.challenge = self.session = None
        self.failures = 0
        self.protected = False

    def take_challenge(self) -> bytes | None:
        """The last challenge, once."""
        challenge, self.challenge = self.challenge, None
        return challenge
