"""All of a chip that survives the loss of its field, and its form in a file."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final, Self

from ektp.chip_profiles import KTP_EL
from ektp.errors import StoreError
from ektp.ids import CardSerial
from simulation.chip.faults import ChipFaults, Tear
from simulation.chip.file_system import ElementaryFile, FileSystem
from simulation.chip.keys import KeySet
from simulation.chip.memory import NonVolatileMemory
from simulation.chip.radio import Radio, RadioType
from simulation.chip.security import AccessRule, LifeCycle

__all__ = ["ChipState"]

_MAGIC: Final = b"EKTPCHIP"
_VERSION: Final = 1
# Magic, version, serial, radio type, length of the UID, life cycle, failures of TERMINATE,
# version of the keys, length of the key block, application, number of files, cells, cells that
# follow (what comes after them is zero).
_HEAD: Final = struct.Struct(">8sB8sBBBBBBHBII")
# Mute, dead; then four numbers, -1 for none: bad cell, APDU to lose, APDU to tear and its bytes.
_FAULTS: Final = struct.Struct(">??iiii")
_FILE: Final = struct.Struct(">HIIB")
_NONE: Final = -1
_MOST_CELLS: Final = 1 << 17


@dataclass(slots=True, kw_only=True)
class ChipState:
    """What a chip is made of and what has been written into it."""

    serial: CardSerial
    radio: Radio
    memory: NonVolatileMemory
    files: FileSystem
    life_cycle: LifeCycle = LifeCycle.OP_READY
    keys: KeySet | None = None
    terminate_failures: int = 0
    faults: ChipFaults = field(default_factory=ChipFaults)

    @classmethod
    def blank(cls, serial: CardSerial, radio: Radio) -> Self:
        """A chip as its manufacturer delivers it."""
        memory = NonVolatileMemory(bytearray(KTP_EL.memory_bytes))
        files = FileSystem(memory, KTP_EL.header_bytes)
        return cls(serial=serial, radio=radio, memory=memory, files=files)

    def __bytes__(self) -> bytes:
        cells = self.memory.cells.rstrip(b"\x00")
        files = list(self.files)
        head = _HEAD.pack(
            _MAGIC,
            _VERSION,
            bytes(self.serial),
            self.radio.type,
            len(self.radio.uid),
            self.life_cycle,
            self.terminate_failures,
            self.keys.version if self.keys else 0,
            len(self.keys.block) if self.keys else 0,
            self.files.application or 0,
            len(files),
            len(self.memory.cells),
            len(cells),
        )
        table = [_FILE.pack(f.file_id, f.address, f.size, f.rule) for f in files]
        keys = self.keys.block if self.keys else b""
        return b"".join((head, _pack_faults(self.faults), self.radio.uid, keys, *table, cells))

    @classmethod
    def from_bytes(cls, packed: bytes) -> Self:
        """Read what `bytes(state)` made.

        Raises `StoreError` where it is something else, cut off, or of another version.
        """
        try:
            return cls._unpack(packed)
        except (struct.error, ValueError) as cause:
            raise StoreError("this is no state of a simulated chip", bytes=len(packed)) from cause

    @classmethod
    def _unpack(cls, packed: bytes) -> Self:
        (
            magic,
            version,
            serial,
            radio_type,
            uid_length,
            life_cycle,
            terminate_failures,
            key_version,
            key_length,
            application,
            file_count,
            cell_count,
            cells_stored,
        ) = _HEAD.unpack_from(packed)
        position = _HEAD.size + _FAULTS.size
        length = position + uid_length + key_length + file_count * _FILE.size + cells_stored
        if (magic, version, len(packed)) != (_MAGIC, _VERSION, length):
            msg = "magic, version or length"
            raise ValueError(msg)
        uid = packed[position : position + uid_length]
        position += uid_length
        keys = KeySet(key_version, packed[position : position + key_length]) if key_length else None
        position += key_length
        cells = packed[length - cells_stored :]
        if not cells_stored <= cell_count <= _MOST_CELLS:
            msg = "more cells than a chip has"
            raise ValueError(msg)
        memory = NonVolatileMemory(bytearray(cells.ljust(cell_count, b"\x00")))
        state = cls(
            serial=CardSerial.from_bytes(serial),
            radio=Radio(type=RadioType(radio_type), uid=uid),
            memory=memory,
            files=FileSystem(memory, KTP_EL.header_bytes),
            life_cycle=LifeCycle(life_cycle),
            keys=keys,
            terminate_failures=terminate_failures,
            faults=_unpack_faults(packed),
        )
        state.files.application = application or None
        for index in range(file_count):
            state.files.restore(_unpack_file(packed, position + index * _FILE.size))
        if any(file.address + file.size > cell_count for file in state.files):
            msg = "a file lies outside the cells"
            raise ValueError(msg)
        return state


def _unpack_file(packed: bytes, position: int) -> ElementaryFile:
    file_id, address, size, rule = _FILE.unpack_from(packed, position)
    return ElementaryFile(file_id=file_id, address=address, size=size, rule=AccessRule(rule))


def _pack_faults(faults: ChipFaults) -> bytes:
    tear = faults.tear or Tear(apdu=_NONE, byte=_NONE)
    bad_cell, lose = faults.memory_failure_at, faults.lose_apdu
    return _FAULTS.pack(
        faults.mute,
        faults.dead,
        _NONE if bad_cell is None else bad_cell,
        _NONE if lose is None else lose,
        tear.apdu,
        tear.byte,
    )


def _unpack_faults(packed: bytes) -> ChipFaults:
    mute, dead, bad_cell, lose, apdu, byte = _FAULTS.unpack_from(packed, _HEAD.size)
    return ChipFaults(
        mute=mute,
        dead=dead,
        memory_failure_at=None if bad_cell == _NONE else bad_cell,
        lose_apdu=None if lose == _NONE else lose,
        tear=None if apdu == _NONE else Tear(apdu=apdu, byte=byte),
    )
