"""The SAMs of a world: in a slot of one reader at a time, saved before the host hears an answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ektp.errors import CardAbsent, NotFound
from ektp.ports import CardChannel
from simulation.chip.maker import MakerKeys
from simulation.sam.card import SamCardChannel, SimulatedSam
from simulation.world.seal import WorldSeal
from simulation.world.storage import Storage

__all__ = ["ModuleShelf"]


class ModuleShelf:
    """Where SAMs are when no slot is on them."""

    def __init__(self, storage: Storage, seal: WorldSeal, maker: MakerKeys) -> None:
        self._storage = storage
        self._seal = seal
        self._maker = maker

    def make(self, serial: bytes) -> None:
        """A new module of the world's maker, by its serial of 8 bytes; nothing where it exists."""
        sam = SimulatedSam(serial=serial, transport_keys=self._maker.module_key_set(serial))
        self._storage.execute(
            "INSERT OR IGNORE INTO modules (serial, version, state) VALUES (?, 1, ?)",
            (serial.hex(), self._seal.seal(bytes(sam), _place(serial))),
        )

    @contextmanager
    def slot(self, serial: bytes) -> Iterator[CardChannel]:
        """A module in a slot, for as long as the context lasts. Raises as `lend`."""
        yield self.lend(serial)

    def lend(self, serial: bytes) -> CardChannel:
        """A module in a slot, powered anew. Raises `NotFound`, `SealBroken`."""
        row = self._storage.row(
            "SELECT state, version FROM modules WHERE serial = ?", (serial.hex(),)
        )
        if row is None:
            raise NotFound("no such module in the simulated world", sam=serial.hex().upper())
        sam = SimulatedSam.from_bytes(self._seal.unseal(row[0], _place(serial)))
        version = int(row[1])

        def save() -> None:
            nonlocal version
            state = self._seal.seal(bytes(sam), _place(serial))
            saved = self._storage.execute(
                "UPDATE modules SET state = ?, version = version + 1"
                " WHERE serial = ? AND version = ?",
                (state, serial.hex(), version),
            )
            if saved != 1:
                raise CardAbsent("the module is in another slot")
            version += 1

        return SamCardChannel(sam, save)


def _place(serial: bytes) -> str:
    return f"modules/{serial.hex()}/state"
