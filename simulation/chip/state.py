"""All of a chip that survives the loss of its field, and its form in a file."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, Final, Self

from ektp.chip_profiles import MASTER_FILE
from ektp.errors import StoreError
from ektp.ids import CardSerial
from simulation.chip.faults import ChipFaults, Tear
from simulation.chip.features import ChipFeatures
from simulation.chip.file_system import ElementaryFile, FileSystem
from simulation.chip.keys import KeySet
from simulation.chip.memory import NonVolatileMemory
from simulation.chip.models import ChipModel, chip_model
from simulation.chip.radio import Radio, RadioType
from simulation.chip.security import AccessRule, LifeCycle

__all__ = ["ChipState"]

_MAGIC: Final = b"EKTPCHIP"
_VERSION: Final = 2
# Magic, version, name of the profile, serial; radio type, whether its UID is random, its length;
# features; life cycle; failures and sequence counter of the channel; version of its keys and length
# of all three; application; numbers of secrets and of files; cells, and cells that follow (what
# comes after them is zero).
_HEAD: Final = struct.Struct(">8sB12s8sB?BBHHBBIBBHBBII")
# Mute, dead; then four numbers, -1 for none: bad cell, APDU to lose, APDU to tear and its bytes.
_FAULTS: Final = struct.Struct(">??iiii")
_FILE: Final = struct.Struct(">HHIIB")
_SECRET: Final = struct.Struct(">BH")
_NONE: Final = -1
_MOST_CELLS: Final = 1 << 17


@dataclass(slots=True, kw_only=True)
class ChipState:
    """What a chip is made of and what has been written into it.

    `keys` is the key set of the channel that is there. `sequence_counter` and `channel_failures`
    belong to the channel. `secrets` are the application's, by object number, as they were sealed.
    """

    serial: CardSerial
    model: ChipModel
    features: ChipFeatures
    radio: Radio
    memory: NonVolatileMemory
    files: FileSystem
    keys: KeySet
    life_cycle: LifeCycle = LifeCycle.OP_READY
    sequence_counter: int = 0
    channel_failures: int = 0
    secrets: dict[int, bytes] = field(default_factory=dict)
    faults: ChipFaults = field(default_factory=ChipFaults)

    @classmethod
    def blank(
        cls,
        serial: CardSerial,
        model: ChipModel,
        radio: Radio,
        keys: KeySet,
        features: ChipFeatures,
    ) -> Self:
        """A chip as its manufacturer delivers it."""
        memory = NonVolatileMemory(bytearray(model.profile.memory_bytes))
        return cls(
            serial=serial,
            model=model,
            features=features,
            radio=radio,
            memory=memory,
            files=FileSystem(memory, model.profile.header_bytes),
            keys=keys,
        )

    def __bytes__(self) -> bytes:
        cells = self.memory.cells.rstrip(b"\x00")
        files = list(self.files)
        keys = bytes(self.keys)
        # A UID that is new in each field is no part of what lasts.
        uid = b"\x08\x00\x00\x00" if self.radio.random_uid else self.radio.uid
        head = _HEAD.pack(
            _MAGIC,
            _VERSION,
            self.model.profile.name.encode(),
            bytes(self.serial),
            self.radio.type,
            self.radio.random_uid,
            len(uid),
            *self.features.pack(),
            self.life_cycle,
            self.channel_failures,
            self.sequence_counter,
            self.keys.version,
            len(keys),
            self.files.application or 0,
            len(self.secrets),
            len(files),
            len(self.memory.cells),
            len(cells),
        )
        secrets = [_SECRET.pack(name, len(value)) + value for name, value in self.secrets.items()]
        table = [_FILE.pack(f.parent, f.file_id, f.address, f.size, f.rule) for f in files]
        front = head + _pack_faults(self.faults) + uid + keys
        return b"".join((front, *secrets, *table, cells))

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
        reader = _Reader(packed)
        (
            magic,
            version,
            profile,
            serial,
            radio_type,
            random_uid,
            uid_length,
            flags,
            largest_command,
            largest_answer,
            life_cycle,
            failures,
            sequence_counter,
            key_version,
            key_length,
            application,
            secret_count,
            file_count,
            cell_count,
            cells_stored,
        ) = reader.take(_HEAD)
        if (magic, version) != (_MAGIC, _VERSION) or cell_count > _MOST_CELLS:
            msg = "magic, version or size"
            raise ValueError(msg)
        model = chip_model(profile.rstrip(b"\x00").decode("ascii"))
        faults = _unpack_faults(reader.take(_FAULTS))
        uid = reader.part(uid_length)
        keys = KeySet.from_bytes(key_version, reader.part(key_length))
        secrets = {}
        for _ in range(secret_count):
            name, length = reader.take(_SECRET)
            secrets[name] = reader.part(length)
        table = [_unpack_file(reader.take(_FILE)) for _ in range(file_count)]
        cells = reader.part(cells_stored)
        reader.expect_end()
        memory = NonVolatileMemory(bytearray(cells.ljust(cell_count, b"\x00")))
        state = cls(
            serial=CardSerial.from_bytes(serial),
            model=model,
            features=ChipFeatures.unpack(flags, largest_command, largest_answer),
            radio=Radio(type=RadioType(radio_type), uid=uid, random_uid=random_uid),
            memory=memory,
            files=FileSystem(memory, model.profile.header_bytes),
            keys=keys,
            life_cycle=LifeCycle(life_cycle),
            sequence_counter=sequence_counter,
            channel_failures=failures,
            secrets=secrets,
            faults=faults,
        )
        state.files.application = application or None
        for file in table:
            state.files.restore(file)
        state.expect_order(cell_count)
        return state

    def expect_order(self, cell_count: int) -> None:
        """`ValueError` where files or secrets are not what such a chip can have."""
        parents = (MASTER_FILE, self.files.application)
        files = all(f.address + f.size <= cell_count and f.parent in parents for f in self.files)
        lengths = {name: len(value) for name, value in self.secrets.items()}
        if (
            not files
            or len(self.memory.cells) != cell_count
            or not lengths.items() <= self.model.secrets.items()
        ):
            msg = "a file outside the cells, or a secret that such a chip does not have"
            raise ValueError(msg)


class _Reader:
    """Takes parts off the front of a packed state; `ValueError` where it ends too early."""

    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        self._position = 0

    def take(self, form: struct.Struct) -> tuple[Any, ...]:
        return form.unpack(self.part(form.size))

    def part(self, count: int) -> bytes:
        end = self._position + count
        part = self._packed[self._position : end]
        if len(part) != count:
            msg = "the state is cut off"
            raise ValueError(msg)
        self._position = end
        return part

    def expect_end(self) -> None:
        if self._position != len(self._packed):
            msg = "something follows the state"
            raise ValueError(msg)


def _unpack_file(fields: tuple[int, ...]) -> ElementaryFile:
    parent, file_id, address, size, rule = fields
    return ElementaryFile(
        parent=parent, file_id=file_id, address=address, size=size, rule=AccessRule(rule)
    )


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


def _unpack_faults(fields: tuple[int, ...]) -> ChipFaults:
    mute, dead, bad_cell, lose, apdu, byte = fields
    return ChipFaults(
        mute=bool(mute),
        dead=bool(dead),
        memory_failure_at=None if bad_cell == _NONE else bad_cell,
        lose_apdu=None if lose == _NONE else lose,
        tear=None if apdu == _NONE else Tear(apdu=apdu, byte=byte),
    )
