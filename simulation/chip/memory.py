"""Non-volatile memory: cells that are written one by one, by power that may be cut in between."""

from __future__ import annotations

__all__ = ["CellFailure", "NonVolatileMemory", "PowerLost"]


class PowerLost(Exception):
    """The field went away. It does not leave this package: the channel says `CardAbsent`."""


class CellFailure(Exception):
    """A cell cannot be written any more. It does not leave this package: the card says 6581."""


class NonVolatileMemory:
    """The user memory of a chip, and the power that every lasting change needs.

    `cells` is the user memory, a byte per cell. `writes` grows with each lasting change, also of
    what does not lie in the cells (life cycle, keys, counters): when it has grown, the chip's state
    is worth saving. `energy` is how many bytes can still be written before power fails; None is
    without end.
    """

    __slots__ = ("bad_cell", "cells", "energy", "writes")

    def __init__(self, cells: bytearray) -> None:
        self.cells = cells
        self.writes = 0
        self.energy: int | None = None
        self.bad_cell: int | None = None

    def burn(self, address: int, data: bytes) -> None:
        """Write cells, first to last.

        Raises `PowerLost` or `CellFailure` after the cells that could be written.
        """
        count = len(data)
        bad = self.bad_cell
        if bad is not None and address <= bad < address + count:
            count = bad - address
        failed_cell = count < len(data)
        cut = self.energy is not None and self.energy < count
        if self.energy is not None:
            count = min(count, self.energy)
            self.energy -= count
        if count:
            self.cells[address : address + count] = data[:count]
            self.writes += 1
        if cut:
            raise PowerLost
        if failed_cell:
            raise CellFailure

    def commit(self, size: int = 1) -> None:
        """Take the power for a change of `size` bytes that happens whole or not at all.

        Called before the change is made; raises `PowerLost` where power does not last for it.
        """
        if self.energy is not None:
            if self.energy < size:
                self.energy = 0
                raise PowerLost
            self.energy -= size
        self.writes += 1
