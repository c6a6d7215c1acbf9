"""What a machine can be in trouble with, in physical terms; each face words it in its own way."""

from __future__ import annotations

from enum import StrEnum, unique
from typing import Final

from simulation.printer.faults import PhysicalStep

__all__ = ["BLOCKED_BY", "ERROR_LATCHES", "OPERATOR_TROUBLES", "MachineTrouble", "Trouble"]


@unique
class Trouble(StrEnum):
    """Why an act did not happen, or did not end as it should."""

    HOPPER_EMPTY = "hopper_empty"
    MISFEED = "misfeed"
    RIBBON_EMPTY = "ribbon_empty"
    COVER_OPEN = "cover_open"
    GOOD_FULL = "good_full"
    REJECT_FULL = "reject_full"
    JAM = "jam"
    POWER_LOST = "power_lost"
    CARD_INSIDE = "card_inside"
    NO_CARD = "no_card"
    REPLY_LOST = "reply_lost"
    OFF = "off"


OPERATOR_TROUBLES: Final = frozenset(
    {
        Trouble.HOPPER_EMPTY,
        Trouble.MISFEED,
        Trouble.RIBBON_EMPTY,
        Trouble.COVER_OPEN,
        Trouble.GOOD_FULL,
        Trouble.REJECT_FULL,
    }
)
"""What a person at the machine puts right; no card was used."""

ERROR_LATCHES: Final = frozenset({Trouble.JAM, Trouble.POWER_LOST})
"""Errors that stay until the host clears them."""


BLOCKED_BY: Final[dict[PhysicalStep, tuple[Trouble, ...]]] = {
    PhysicalStep.FEED: (
        Trouble.POWER_LOST,
        Trouble.JAM,
        Trouble.COVER_OPEN,
        Trouble.MISFEED,
        Trouble.RIBBON_EMPTY,
    ),
    PhysicalStep.PARK: (Trouble.POWER_LOST, Trouble.JAM, Trouble.COVER_OPEN),
    PhysicalStep.PRINT: (
        Trouble.POWER_LOST,
        Trouble.JAM,
        Trouble.COVER_OPEN,
        Trouble.RIBBON_EMPTY,
    ),
    PhysicalStep.EJECT: (Trouble.POWER_LOST, Trouble.JAM, Trouble.COVER_OPEN),
}
"""Which latched troubles stand in the way of an act; the first one is told."""


class MachineTrouble(Exception):
    """A physical act failed. It stays inside the simulator: a face says it in its own words."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble
