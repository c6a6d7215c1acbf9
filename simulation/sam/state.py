"""All of a SAM that survives the loss of its power, and its form in a file."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final, Self

from ektp.errors import StoreError
from simulation.chip.keys import KeySet
from simulation.chip.memory import NonVolatileMemory
from simulation.sam.package import SamPackage

__all__ = ["SERIAL_BYTES", "SamState"]

SERIAL_BYTES: Final = 8
_MAGIC: Final = b"EKTP-SAM"
_VERSION: Final = 1
# Magic, version, serial; failures and sequence counter of the channel; version of its keys and
# length of all three; length of the package.
_HEAD: Final = struct.Struct(f">8sB{SERIAL_BYTES}sBIBBH")


def _no_cells() -> NonVolatileMemory:
    return NonVolatileMemory(bytearray())


@dataclass(slots=True, kw_only=True)
class SamState:
    """Serial, the channel's key set and counters, and the package that was loaded last."""

    serial: bytes
    keys: KeySet
    sequence_counter: int = 0
    channel_failures: int = 0
    package: SamPackage | None = None
    memory: NonVolatileMemory = field(default_factory=_no_cells)

    def __post_init__(self) -> None:
        if len(self.serial) != SERIAL_BYTES:
            msg = "a module's serial has 8 bytes"
            raise ValueError(msg)

    def __bytes__(self) -> bytes:
        keys = bytes(self.keys)
        package = b"" if self.package is None else bytes(self.package)
        head = _HEAD.pack(
            _MAGIC,
            _VERSION,
            self.serial,
            self.channel_failures,
            self.sequence_counter,
            self.keys.version,
            len(keys),
            len(package),
        )
        return head + keys + package

    @classmethod
    def from_bytes(cls, packed: bytes) -> Self:
        """Read what `bytes(state)` made. Raises `StoreError` for anything else."""
        try:
            return cls._unpack(packed)
        except (struct.error, ValueError) as cause:
            raise StoreError("this is no state of a simulated SAM", bytes=len(packed)) from cause

    @classmethod
    def _unpack(cls, packed: bytes) -> Self:
        head = _HEAD.unpack_from(packed)
        magic, version, serial, failures, counter, key_version, key_length, length = head
        after = _HEAD.size + key_length
        if (magic, version, len(packed)) != (_MAGIC, _VERSION, after + length):
            msg = "magic, version or length"
            raise ValueError(msg)
        return cls(
            serial=serial,
            keys=KeySet.from_bytes(key_version, packed[_HEAD.size : after]),
            sequence_counter=counter,
            channel_failures=failures,
            package=SamPackage.from_bytes(packed[after:]) if length else None,
        )
