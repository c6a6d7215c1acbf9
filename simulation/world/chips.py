"""The chips of a world: lent to one field at a time, saved before the host hears an answer.

A chip's lasting state is sealed and saved after every command that changed it, before the response
goes back. A host that is killed finds the chip as the last answered command left it, or one command
further: exactly what a real chip would show.
"""

from __future__ import annotations

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import BlankKind
from ektp.chip_profiles import chip_profile
from ektp.errors import CardAbsent
from ektp.ids import CardSerial
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from simulation.chip.faults import ChipFaults
from simulation.chip.maker import MakerKeys
from simulation.world.seal import WorldSeal
from simulation.world.storage import Storage

__all__ = ["ChipShelf", "EmptyField", "LentChip"]


class ChipShelf:
    """Where chips are when no field is on them."""

    def __init__(self, storage: Storage, seal: WorldSeal, maker: MakerKeys) -> None:
        self._storage = storage
        self._seal = seal
        self._maker = maker

    def make_foreign(self, card: int, serial: CardSerial, maker: MakerKeys) -> None:
        """A chip of another maker than the world's comes into being.

        Runs inside the caller's transaction.
        """
        self.save(card, self._blank(card, serial, maker), 0)

    def lend(self, card: int, serial: CardSerial) -> LentChip:
        """The chip of a card in a fresh field. Raises `SealBroken`, `StoreError`."""
        chip, version = self._load(card, serial)
        return LentChip(self, card, chip, version)

    def harm(self, card: int, serial: CardSerial, faults: ChipFaults) -> None:
        """Something happens to a chip that is in no field: heat, or a flaw from the start.

        Runs inside the caller's transaction.
        """
        chip, version = self._load(card, serial)
        chip.faults = faults
        self.save(card, chip, version)

    def save(self, card: int, chip: Chip, version: int) -> int:
        """Keep a chip's state; its new version.

        Raises `CardAbsent` where the chip went on in another field since it was lent: a chip has
        one state, and the last field that it is in decides it.
        """
        state = self._seal.seal(bytes(chip), _place(card))
        if version:
            statement = (
                "UPDATE chips SET state = ?, version = version + 1 WHERE card = ? AND version = ?"
            )
            saved = self._storage.execute(statement, (state, card, version))
        else:
            statement = "INSERT OR IGNORE INTO chips (card, version, state) VALUES (?, 1, ?)"
            saved = self._storage.execute(statement, (card, state))
        if saved != 1:
            raise CardAbsent("the card is in another field")
        return version + 1

    def _load(self, card: int, serial: CardSerial) -> tuple[Chip, int]:
        row = self._storage.row("SELECT state, version FROM chips WHERE card = ?", (card,))
        if row is None:
            return self._blank(card, serial, self._maker), 0
        return Chip.from_bytes(self._seal.unseal(row[0], _place(card))), int(row[1])

    def _blank(self, card: int, serial: CardSerial, maker: MakerKeys) -> Chip:
        kind = BlankKind(self._storage.rows("SELECT kind FROM cards WHERE id = ?", (card,))[0][0])
        profile = chip_profile(kind.profile)
        return Chip.blank(serial, profile=profile, transport_keys=maker.key_set(serial, profile))


class LentChip:
    """A chip in a field, until the card is taken away (implements `ektp.ports.CardChannel`)."""

    def __init__(self, shelf: ChipShelf, card: int, chip: Chip, version: int) -> None:
        self._shelf = shelf
        self._card = card
        self._chip = chip
        self._version = version
        self._channel = ChipChannel(chip, self._save)
        self._present = True

    def atr(self) -> bytes:
        """The answer to reset. Raises `CardAbsent`."""
        self._expect_presence()
        return self._channel.atr()

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Send one command; what it changed is saved first. Raises `CardAbsent`."""
        self._expect_presence()
        return self._channel.transmit(command)

    def reset(self) -> None:
        """Take the field away and give it back."""
        if self._present:
            self._channel.reset()

    def withdraw(self) -> None:
        """The card leaves the field for good."""
        self._present = False

    def _expect_presence(self) -> None:
        if not self._present:
            raise CardAbsent("the card has left the field")

    def _save(self) -> None:
        self._version = self._shelf.save(self._card, self._chip, self._version)


class EmptyField:
    """A reader with no card on it (implements `ektp.ports.CardChannel`)."""

    def atr(self) -> bytes:
        """Raises `CardAbsent`."""
        raise CardAbsent("no card stands at the contactless station")

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Raises `CardAbsent`."""
        raise CardAbsent("no card stands at the contactless station", ins=f"{command.ins:02X}")

    def reset(self) -> None:
        """Nothing is there to forget anything."""

    def withdraw(self) -> None:
        """Nothing is there to be taken away."""


def _place(card: int) -> str:
    return f"chips/{card}/state"
