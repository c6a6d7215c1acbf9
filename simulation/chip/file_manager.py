"""Writing the files of a blank: CREATE FILE, UPDATE BINARY, FILE DIGEST, for every profile alike.

`docs/chip-profile-ktp-el.md` section 4; `docs/chip-profile-icao-lds1.md` section 2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.chip_profiles import MASTER_FILE
from ektp.tlv import decode_tlv
from simulation.chip.commands import (
    DONE,
    CardCommand,
    CommandRefused,
    CommandTable,
    answer,
    require_le,
    require_parameters,
)
from simulation.chip.context import CardContext
from simulation.chip.file_system import FileExists, MemoryFull
from simulation.chip.rights import Operation
from simulation.chip.security import AccessRule

__all__ = ["FileManager"]

_DIGEST_BYTES: Final = 32
_FILE_ID_BYTES: Final = 2
_RESERVED: Final = frozenset({0x3F00, 0x3FFF, 0xFFFF, 0x0000})
_FCP, _SIZE, _DESCRIPTOR, _FILE_ID, _DF_NAME, _RULE = 0x62, 0x80, 0x82, 0x83, 0x84, 0x86
_DF_DESCRIPTOR, _EF_DESCRIPTOR = b"\x38", b"\x01"
_EF_LENGTHS: Final = {_SIZE: 2, _DESCRIPTOR: 1, _FILE_ID: 2, _RULE: 1}


class FileManager:
    """The commands that make and fill files, and what closing the chip means to them."""

    def __init__(self, context: CardContext) -> None:
        self._context = context
        profile = context.profile
        self._application = {_DESCRIPTOR: _DF_DESCRIPTOR, _FILE_ID: bytes(profile.application)}
        if profile.aid:
            self._application[_DF_NAME] = profile.aid
        self._root_has_files = any(file.in_master_file for file in profile.files)
        self.commands: CommandTable = {
            (0x00, 0xE0): CardCommand(run=self._create, operation=Operation.BEGIN),
            (0x00, 0xD6): CardCommand(run=self._update, operation=Operation.BEGIN),
            (0x80, 0xB4): CardCommand(run=self._digest, operation=Operation.WRITE),
        }

    def complete(self) -> bool:
        """Whether all files of the profile are there."""
        context = self._context
        find = context.state.files.find
        return all(
            find(file.file_id, context.parent_of(file)) is not None
            for file in context.profile.files
        )

    def close(self) -> None:
        """The marker goes away, and nothing stays selected; the caller has committed the change."""
        context = self._context
        profile = context.profile
        marker = context.state.files.find(profile.marker.file_id, profile.application)
        if marker is not None:
            context.state.files.remove(marker)
        context.selection.forget()

    def _create(self, command: CommandApdu) -> ResponseApdu:
        require_parameters(command)
        objects = _file_control_parameters(command.data)
        try:
            if objects.get(_DESCRIPTOR) == _DF_DESCRIPTOR:
                self._create_application(objects)
            else:
                self._create_file(objects)
        except FileExists:
            raise CommandRefused(StatusWord.FILE_EXISTS) from None
        except MemoryFull:
            raise CommandRefused(StatusWord.NOT_ENOUGH_MEMORY) from None
        return DONE

    def _create_application(self, objects: Mapping[int, bytes]) -> None:
        if objects != self._application:
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        application = self._context.profile.application
        self._context.state.files.create_application(application)
        self._context.choose_directory(application)

    def _create_file(self, objects: Mapping[int, bytes]) -> None:
        if {tag: len(value) for tag, value in objects.items()} != _EF_LENGTHS:
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        context = self._context
        directory = context.selection.directory
        file_id = int.from_bytes(objects[_FILE_ID], "big")
        if not context.is_marker(file_id, directory):
            context.require(Operation.WRITE)
        if directory == MASTER_FILE and not self._root_has_files:
            raise CommandRefused(StatusWord.COMMAND_NOT_ALLOWED)
        size = int.from_bytes(objects[_SIZE], "big")
        rule = self._rule(objects[_RULE][0])
        if file_id in _RESERVED or not size or objects[_DESCRIPTOR] != _EF_DESCRIPTOR:
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        context.choose(context.state.files.create(file_id, size, rule, directory))

    def _rule(self, value: int) -> AccessRule:
        try:
            rule = AccessRule(value)
        except ValueError:
            raise CommandRefused(StatusWord.INCORRECT_DATA) from None
        if rule not in self._context.state.model.rules:
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        return rule

    def _update(self, command: CommandApdu) -> ResponseApdu:
        context = self._context
        file = context.selection.file
        if file is None:
            raise CommandRefused(StatusWord.COMMAND_NOT_ALLOWED)
        if not context.is_marker(file.file_id, file.parent):
            context.require(Operation.WRITE)
        offset = command.p1 << 8 | command.p2
        if not command.data:
            raise CommandRefused(StatusWord.WRONG_LENGTH)
        if offset + len(command.data) > file.size:
            raise CommandRefused(StatusWord.WRONG_OFFSET)
        context.state.files.update(file, offset, command.data)
        return DONE

    def _digest(self, command: CommandApdu) -> ResponseApdu:
        require_parameters(command)
        named = command.data
        if not named or len(named) % _FILE_ID_BYTES:
            raise CommandRefused(StatusWord.WRONG_LENGTH)
        require_le(command, _DIGEST_BYTES)
        starts = range(0, len(named), _FILE_ID_BYTES)
        digests = [self._digest_of(named[start : start + _FILE_ID_BYTES]) for start in starts]
        if len(digests) == 1:
            return answer(digests[0])
        return answer(hashlib.sha256(b"".join(digests)).digest())

    def _digest_of(self, file_id: bytes) -> bytes:
        file = self._context.find(int.from_bytes(file_id, "big"))
        return hashlib.sha256(self._context.state.files.read(file, 0, file.size)).digest()


def _file_control_parameters(data: bytes) -> dict[int, bytes]:
    """The objects of one template `62 {…}`, each once; anything else is 6A80."""
    try:
        template, *more = decode_tlv(data)
        found = list(decode_tlv(template.value))
    except ValueError:
        raise CommandRefused(StatusWord.INCORRECT_DATA) from None
    objects = {item.tag: item.value for item in found}
    if template.tag != _FCP or more or len(found) != len(objects):
        raise CommandRefused(StatusWord.INCORRECT_DATA)
    return objects
