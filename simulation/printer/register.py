"""A machine's own memory: its counters, its ribbon, its latched troubles, and what happened."""

from __future__ import annotations

from dataclasses import dataclass

from ektp.ports import PrinterCounters
from simulation.printer.trouble import Trouble
from simulation.world.storage import Storage

__all__ = ["MachineMemory", "MachineRegister"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineMemory:
    """What a machine remembers, read at one moment.

    `hopper` is the hopper last asked for; `looks` counts how often somebody looked at the machine
    since it began to wait for a person.
    """

    counters: PrinterCounters
    hopper: int
    roll: int
    roll_used: int
    roll_yield: int
    latches: frozenset[Trouble]
    looks: int


class MachineRegister:
    """The row of one machine. Its methods run inside the caller's transaction."""

    def __init__(self, storage: Storage, machine: str) -> None:
        self._storage = storage
        self._machine = machine

    def install(self, roll_yield: int) -> None:
        """A new machine with its first roll; a machine that is there stays as it is."""
        self._storage.execute(
            "INSERT OR IGNORE INTO machines (name, roll, roll_yield) VALUES (?, 1, ?)",
            (self._machine, roll_yield),
        )

    def read(self) -> MachineMemory:
        """What the machine remembers now."""
        query = (
            "SELECT fed, good, rejected, lost, printed, hopper, roll, roll_used, roll_yield,"
            " latch, looks FROM machines WHERE name = ?"
        )
        fed, good, rejected, lost, printed, hopper, roll, used, yields, latch, looks = (
            self._storage.rows(query, (self._machine,))[0]
        )
        return MachineMemory(
            counters=PrinterCounters(
                fed=fed, good=good, rejected=rejected, lost=lost, printed=printed
            ),
            hopper=hopper,
            roll=roll,
            roll_used=used,
            roll_yield=yields,
            latches=frozenset(Trouble(word) for word in latch.split()),
            looks=looks,
        )

    def count_fed(self) -> None:
        """One more blank left the hopper."""
        self._update("fed = fed + 1")

    def count_good(self) -> None:
        """One more card reached the good tray."""
        self._update("good = good + 1")

    def count_rejected(self) -> None:
        """One more card reached the reject tray."""
        self._update("rejected = rejected + 1")

    def count_lost(self) -> None:
        """The card that was inside is gone."""
        self._update("lost = lost + 1")

    def count_printed(self) -> None:
        """One more print was finished."""
        self._update("printed = printed + 1")

    def ask_hopper(self, hopper: int) -> None:
        """The host wants blanks from that hopper."""
        self._update("hopper = ?", hopper)

    def use_ribbon(self) -> None:
        """One more set of panels is used."""
        self._update("roll_used = roll_used + 1")

    def change_roll(self, roll: int, roll_yield: int) -> None:
        """A new roll is in."""
        self._update("roll = ?, roll_used = 0, roll_yield = ?", roll, roll_yield)

    def set_latches(self, latches: frozenset[Trouble]) -> None:
        """What the machine waits for now; looks are counted anew."""
        self._update("latch = ?, looks = 0", " ".join(sorted(latches)))

    def count_look(self) -> None:
        """Somebody looked."""
        self._update("looks = looks + 1")

    def note(self, feed_number: int, what: str) -> bool:
        """Write down that a mishap has its turn; False where it had it before."""
        statement = "INSERT OR IGNORE INTO happened VALUES (?, ?, ?)"
        return self._storage.execute(statement, (self._machine, feed_number, what)) == 1

    def happened(self, feed_number: int, what: str) -> bool:
        """Whether a mishap has had its turn."""
        query = "SELECT 1 FROM happened WHERE machine = ? AND feed = ? AND what = ?"
        return bool(self._storage.rows(query, (self._machine, feed_number, what)))

    def _update(self, change: str, *values: object) -> None:
        # `change` is one of the literals above.
        statement = f"UPDATE machines SET {change} WHERE name = ?"  # noqa: S608 - literals only
        self._storage.execute(statement, (*values, self._machine))
