"""The accounting identities, as pure functions over counts.

Each sheet says what should be equal and by how much it is not. A difference is never rounded away:
it is 0, or the sheet says where.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BatchCount", "MachineCount", "StockCount"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCount:
    """Batch: `picked = passed + spoiled + held + in_doubt + on_machine`."""

    picked: int
    passed: int
    spoiled: int
    held: int
    in_doubt: int
    on_machine: int

    @property
    def difference(self) -> int:
        """Cards picked that no word of the identity covers (negative: counted twice)."""
        return self.picked - (
            self.passed + self.spoiled + self.held + self.in_doubt + self.on_machine
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineCount:
    """Machine: `fed = good tray + reject tray + lost + inside`, against the journal's own count."""

    fed: int
    good: int
    rejected: int
    lost: int
    inside: int
    journal_fed: int

    @property
    def difference(self) -> int:
        """Cards that the machine fed and cannot show."""
        return self.fed - (self.good + self.rejected + self.lost + self.inside)

    @property
    def unjournalled(self) -> int:
        """Cards that the machine fed and the journal does not know, or the reverse."""
        return self.fed - self.journal_fed


@dataclass(frozen=True, slots=True, kw_only=True)
class StockCount:
    """Stock, per kind of blank, box, shift or place.

    `opening + received + transferred in = vault + on line + in process + passed in house +
    dispatched + transferred out + returned to supplier + sample + spoiled not yet destroyed +
    destroyed + lost (with case) + difference`.
    """

    opening: int = 0
    received: int = 0
    transferred_in: int = 0
    vault: int = 0
    on_line: int = 0
    in_process: int = 0
    passed_in_house: int = 0
    dispatched: int = 0
    transferred_out: int = 0
    returned_to_supplier: int = 0
    sample: int = 0
    spoiled_not_destroyed: int = 0
    destroyed: int = 0
    lost: int = 0

    @property
    def difference(self) -> int:
        """Blanks that came in and that nobody can name."""
        return (self.opening + self.received + self.transferred_in) - (
            self.vault
            + self.on_line
            + self.in_process
            + self.passed_in_house
            + self.dispatched
            + self.transferred_out
            + self.returned_to_supplier
            + self.sample
            + self.spoiled_not_destroyed
            + self.destroyed
            + self.lost
        )
