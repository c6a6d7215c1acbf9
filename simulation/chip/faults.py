"""Named faults of a chip, scripted: what a bad chip, a weak field or a cut of power does."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ChipFaults", "Tear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tear:
    """Power is cut in the middle of a command.

    `apdu` counts commands from the moment that the fault is set, beginning with 1. `byte` is how
    many bytes of memory that command can still write: UPDATE BINARY leaves exactly those behind;
    PUT KEY, CREATE FILE and SET STATUS are all or nothing, and happen only where their bytes (88,
    1, 1) are within it. The response is lost in any case.
    """

    apdu: int
    byte: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipFaults:
    """What is wrong with a chip. It travels with the chip's state.

    `mute`: the chip does not couple to the field, for as long as this is set.
    `dead`: destroyed, by heat or by force; it never answers again.
    `memory_failure_at`: the cell of user memory that can no longer be written (6581).
    `lose_apdu`: that command (1 is the next) does not reach the chip, which loses its power; after
    a reset it works again. `tear`: power is cut within a command. The last two happen once.
    """

    mute: bool = False
    dead: bool = False
    memory_failure_at: int | None = None
    lose_apdu: int | None = None
    tear: Tear | None = None
