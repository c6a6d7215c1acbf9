"""How a mishap shows: what exactly is wrong with the chip or the print that it struck."""

from __future__ import annotations

from typing import Final

from simulation.chip.faults import ChipFaults
from simulation.printer.faults import FaultPlan, Mishap
from simulation.world.prints import PrintDamage

__all__ = ["chip_flaw", "print_damage"]

_CELLS_IN_USE: Final = 4_000
"""Cells that every card's files reach: a flaw there always shows."""

_COMMANDS_IN_USE: Final = 60
"""About as many commands as it takes to prove, write and close a chip."""


def chip_flaw(
    plan: FaultPlan, machine: str, feed_number: int, mishap: Mishap | None
) -> ChipFaults | None:
    """The flaw of the blank that is fed, or None where its chip is sound."""
    draw = plan.draw(machine, feed_number, "chip")
    if mishap is Mishap.CHIP_MUTE:
        return ChipFaults(mute=True)
    if mishap is Mishap.MEMORY_FAILURE:
        return ChipFaults(memory_failure_at=int(draw * _CELLS_IN_USE))
    if mishap is Mishap.WEAK_FIELD:
        return ChipFaults(lose_apdu=1 + int(draw * _COMMANDS_IN_USE))
    return None


def print_damage(
    plan: FaultPlan, machine: str, feed_number: int, mishap: Mishap | None, panels: int
) -> PrintDamage:
    """What goes wrong with the print of the card that was fed as that number."""
    draw = plan.draw(machine, feed_number, "print")
    if mishap is Mishap.JAM:
        return PrintDamage(stops_after=int(draw * panels))
    if mishap is Mishap.MISSING_PANEL:
        return PrintDamage(missing_panel=int(draw * panels))
    if mishap is Mishap.STREAK:
        return PrintDamage(streak_permille=int(draw * 1_000))
    return PrintDamage()
