"""What goes wrong in a simulated machine, and when: decided by seed, card and step, never by luck.

A plan answers the same for the machine's n-th card however often its host starts again, so a run
with faults can be repeated exactly. Each mishap comes once: the world remembers which had its turn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum, unique
from typing import Final, Self

from ektp.errors import ConfigurationError

__all__ = ["FaultPlan", "Mishap", "PhysicalStep", "PowerCut", "StepHook"]


@unique
class PhysicalStep(StrEnum):
    """The steps of a machine at which something can happen.

    `FEED`, `PARK`, `PRINT` and `EJECT` are asked before the act, `PANEL` after each panel is laid.
    """

    FEED = "feed"
    PARK = "park"
    PRINT = "print"
    PANEL = "panel"
    EJECT = "eject"


@unique
class Mishap(StrEnum):
    """What can happen at a step."""

    MISFEED = "misfeed"
    """FEED: the blank stays in the hopper; a person must straighten the stack."""
    CHIP_MUTE = "chip_mute"
    """FEED: a bad blank; its chip never answers."""
    MEMORY_FAILURE = "memory_failure"
    """FEED: a bad blank; a cell of its chip cannot be written (6581)."""
    WEAK_FIELD = "weak_field"
    """FEED: one command will not reach the chip; after a reset all is well."""
    JAM = "jam"
    """PARK, EJECT: the card sticks and is creased. PRINT: it sticks after some panels."""
    CHIP_KILLED = "chip_killed"
    """PRINT: the heat of the print head destroys the chip; the machine notices nothing."""
    MISSING_PANEL = "missing_panel"
    """PRINT: one panel does not come off the ribbon; the machine notices nothing."""
    STREAK = "streak"
    """PRINT: a dead element leaves a line without dye; the machine notices nothing."""
    REPLY_LOST = "reply_lost"
    """Any act: it happens, and the host does not hear of it."""


class PowerCut(BaseException):
    """The light goes out, for machine and host alike.

    Not an `Exception`: when power fails, no error handling of the host gets its turn.
    """


StepHook = Callable[[str, int, PhysicalStep], None]
"""Called with machine, feed number and step; what it raises is the death of the host there."""

_ODDS: Final[Mapping[str, Mapping[PhysicalStep, Mapping[Mishap, float]]]] = {
    "none": {},
    "typical": {
        PhysicalStep.FEED: {
            Mishap.CHIP_MUTE: 0.002,
            Mishap.MEMORY_FAILURE: 0.003,
            Mishap.MISFEED: 0.002,
            Mishap.WEAK_FIELD: 0.005,
        },
        PhysicalStep.PRINT: {Mishap.CHIP_KILLED: 0.004, Mishap.JAM: 0.001},
    },
    "harsh": {
        PhysicalStep.FEED: {
            Mishap.CHIP_MUTE: 0.020,
            Mishap.MEMORY_FAILURE: 0.020,
            Mishap.MISFEED: 0.010,
            Mishap.WEAK_FIELD: 0.020,
            Mishap.REPLY_LOST: 0.0025,
        },
        PhysicalStep.PARK: {Mishap.REPLY_LOST: 0.0025},
        PhysicalStep.PRINT: {
            Mishap.CHIP_KILLED: 0.030,
            Mishap.JAM: 0.015,
            Mishap.MISSING_PANEL: 0.003,
            Mishap.STREAK: 0.003,
            Mishap.REPLY_LOST: 0.0025,
        },
        PhysicalStep.EJECT: {Mishap.JAM: 0.002, Mishap.REPLY_LOST: 0.0025},
    },
}
"""How often, per card and step. Typical: 1 % of cards are spoiled; harsh: 8 to 9 %."""

_ROLL_LEAST: Final = 0.94
_ROLL_MOST: Final = 1.02


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """A seeded plan, with scripted mishaps and power cuts laid over it."""

    name: str
    seed: int
    odds: Mapping[PhysicalStep, Mapping[Mishap, float]] = field(default_factory=dict)
    scripted: Mapping[tuple[int, PhysicalStep], Mishap] = field(default_factory=dict)
    power_cuts: frozenset[tuple[int, PhysicalStep]] = frozenset()
    hook: StepHook | None = None

    @classmethod
    def named(cls, name: str, seed: int) -> Self:
        """`none`, `typical` or `harsh`. Raises `ConfigurationError` for another name."""
        if name not in _ODDS:
            raise ConfigurationError("no such fault plan", plan=name, plans=", ".join(_ODDS))
        return cls(name=name, seed=seed, odds=_ODDS[name])

    def with_mishap(self, feed_number: int, step: PhysicalStep, mishap: Mishap) -> Self:
        """The same plan, and that mishap at that step of the machine's n-th card."""
        return replace(self, scripted={**self.scripted, (feed_number, step): mishap})

    def with_power_cut(self, feed_number: int, step: PhysicalStep = PhysicalStep.PANEL) -> Self:
        """The same plan, and a power cut at that step of the machine's n-th card."""
        return replace(self, power_cuts=self.power_cuts | {(feed_number, step)})

    def with_hook(self, hook: StepHook) -> Self:
        """The same plan, with a call at each step that may raise."""
        return replace(self, hook=hook)

    def on_step(self, machine: str, feed_number: int, step: PhysicalStep) -> None:
        """Tell the hook of a step; it may raise what it likes."""
        if self.hook is not None:
            self.hook(machine, feed_number, step)

    def mishap(self, machine: str, feed_number: int, step: PhysicalStep) -> Mishap | None:
        """What happens at that step of that card, if anything: at most one thing."""
        script = self.scripted.get((feed_number, step))
        odds = self.odds.get(step)
        if script is not None or not odds:
            return script
        draw = self.draw(machine, feed_number, step.value)
        for mishap, chance in odds.items():
            if draw < chance:
                return mishap
            draw -= chance
        return None

    def draw(self, machine: str, number: int, purpose: str) -> float:
        """A number in [0, 1) that belongs to seed, machine, number and purpose."""
        name = f"{self.seed}/{machine}/{number}/{purpose}".encode()
        digest = hashlib.blake2b(name, digest_size=7).digest()
        return int.from_bytes(digest, "big") / 2**56

    def roll_yield(self, machine: str, roll: int, nominal: int) -> int:
        """How many cards a roll of ribbon really prints: 94 to 102 % of what its label says."""
        draw = self.draw(machine, roll, "roll")
        return round(nominal * (_ROLL_LEAST + draw * (_ROLL_MOST - _ROLL_LEAST)))
