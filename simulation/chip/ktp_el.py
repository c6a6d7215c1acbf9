"""The application `7F0A`: its files and the commands upon them (chip profile, sections 4 and 8)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.chip_profiles import KTP_EL
from ektp.ports import Entropy
from ektp.tlv import decode_tlv
from simulation.chip.commands import (
    DONE,
    OPEN_ONLY,
    SECURED_ONLY,
    UNTIL_TERMINATED,
    CardCommand,
    CommandRefused,
    answer,
    require_data,
    require_le,
    require_parameters,
)
from simulation.chip.file_system import ElementaryFile, FileExists, MemoryFull
from simulation.chip.mutual_authentication import (
    KEYING_BYTES,
    TOKEN_BYTES,
    ReaderToken,
    answer_token,
    start_session,
)
from simulation.chip.security import READ_CONDITIONS, AccessRule, SecurityStatus
from simulation.chip.state import ChipState

__all__ = ["KtpEl"]

_MAX_PROTECTED_LE: Final = 0xD0
_MAX_TOKEN_FAILURES: Final = 3
_DIGEST_BYTES: Final = 32
_RESERVED: Final = frozenset({0x3F00, 0x3FFF, 0xFFFF, 0x0000})
_RULES: Final = frozenset(AccessRule)
_FCP, _SIZE, _DESCRIPTOR, _FILE_ID, _RULE = 0x62, 0x80, 0x82, 0x83, 0x86
_DF_DESCRIPTOR, _EF_DESCRIPTOR = b"\x38", b"\x01"
_DF_OBJECTS: Final = {_DESCRIPTOR: 1, _FILE_ID: 2}
_EF_OBJECTS: Final = {_SIZE: 2, _DESCRIPTOR: 1, _FILE_ID: 2, _RULE: 1}


class KtpEl:
    """The KTP-el application of one chip.

    A file is selected in plain form or within a session; a protected read asks for the latter, so
    that nobody between card and reader can put another file under a session's read.
    """

    def __init__(self, state: ChipState, security: SecurityStatus, random: Entropy) -> None:
        self._state = state
        self._security = security
        self._random = random
        self._application_selected = False
        self._selected: ElementaryFile | None = None
        self._selected_in_session = False
        self.commands: Mapping[tuple[int, int], CardCommand] = {
            (0x00, 0xA4): CardCommand(run=self._select, states=UNTIL_TERMINATED, protectable=True),
            (0x00, 0xB0): CardCommand(run=self._read, states=UNTIL_TERMINATED, protectable=True),
            (0x00, 0x82): CardCommand(run=self._authenticate, states=SECURED_ONLY),
            (0x00, 0xE0): CardCommand(run=self._create, states=OPEN_ONLY),
            (0x00, 0xD6): CardCommand(run=self._update, states=OPEN_ONLY),
            (0x80, 0xB4): CardCommand(run=self._digest, states=OPEN_ONLY),
        }

    def complete(self) -> bool:
        """Whether `6FF0` to `6FF6` are there."""
        return all(self._state.files.find(file.file_id) is not None for file in KTP_EL.files)

    def close(self) -> None:
        """The marker goes away, and nothing stays selected."""
        marker = self._state.files.find(KTP_EL.marker.file_id)
        if marker is not None:
            self._state.files.remove(marker)
        self.reset()

    def reset(self) -> None:
        """Nothing is selected."""
        self._application_selected = False
        self._choose(None)

    def _choose(self, file: ElementaryFile | None) -> None:
        self._selected = file
        self._selected_in_session = self._security.protected

    def _select(self, command: CommandApdu) -> ResponseApdu:
        require_parameters(command)
        require_data(command, 2)
        file_id = int.from_bytes(command.data, "big")
        if file_id == self._state.files.application:
            self._application_selected = True
            self._choose(None)
        else:
            self._choose(self._find(file_id))
        return DONE

    def _find(self, file_id: int) -> ElementaryFile:
        file = self._state.files.find(file_id) if self._application_selected else None
        if file is None:
            raise CommandRefused(StatusWord.FILE_NOT_FOUND)
        return file

    def _create(self, command: CommandApdu) -> ResponseApdu:
        require_parameters(command)
        objects = _file_control_parameters(command.data)
        try:
            if objects[_DESCRIPTOR] == _DF_DESCRIPTOR:
                self._create_application(objects)
            else:
                self._create_file(objects)
        except FileExists:
            raise CommandRefused(StatusWord.FILE_EXISTS) from None
        except MemoryFull:
            raise CommandRefused(StatusWord.NOT_ENOUGH_MEMORY) from None
        return DONE

    def _create_application(self, objects: Mapping[int, bytes]) -> None:
        if objects[_FILE_ID] != bytes(KTP_EL.application):
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        self._state.files.create_application(KTP_EL.application)
        self._application_selected = True
        self._choose(None)

    def _create_file(self, objects: Mapping[int, bytes]) -> None:
        if not self._application_selected:
            raise CommandRefused(StatusWord.COMMAND_NOT_ALLOWED)
        file_id = int.from_bytes(objects[_FILE_ID], "big")
        size = int.from_bytes(objects[_SIZE], "big")
        rule = objects[_RULE][0]
        if file_id in _RESERVED or not size or rule not in _RULES:
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        self._choose(self._state.files.create(file_id, size, AccessRule(rule)))

    def _update(self, command: CommandApdu) -> ResponseApdu:
        file = self._current()
        offset = command.p1 << 8 | command.p2
        if not command.data:
            raise CommandRefused(StatusWord.WRONG_LENGTH)
        if offset + len(command.data) > file.size:
            raise CommandRefused(StatusWord.WRONG_OFFSET)
        self._state.files.update(file, offset, command.data)
        return DONE

    def _read(self, command: CommandApdu) -> ResponseApdu:
        file = self._current()
        condition = READ_CONDITIONS[self._state.life_cycle][file.rule]
        if not self._security.satisfies(condition):
            raise CommandRefused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        if command.data or command.le is None:
            raise CommandRefused(StatusWord.WRONG_LENGTH)
        if self._security.protected and command.le > _MAX_PROTECTED_LE:
            raise CommandRefused(StatusWord.WRONG_LENGTH)
        offset = command.p1 << 8 | command.p2
        if offset >= file.size:
            raise CommandRefused(StatusWord.WRONG_OFFSET)
        return answer(self._state.files.read(file, offset, command.le))

    def _current(self) -> ElementaryFile:
        file = self._selected
        if file is None or (self._security.protected and not self._selected_in_session):
            raise CommandRefused(StatusWord.COMMAND_NOT_ALLOWED)
        return file

    def _digest(self, command: CommandApdu) -> ResponseApdu:
        require_parameters(command)
        require_data(command, 2)
        require_le(command, _DIGEST_BYTES)
        file = self._find(int.from_bytes(command.data, "big"))
        content = self._state.files.read(file, 0, file.size)
        return answer(hashlib.sha256(content).digest())

    def _authenticate(self, command: CommandApdu) -> ResponseApdu:
        require_parameters(command)
        require_data(command, TOKEN_BYTES)
        require_le(command, TOKEN_BYTES)
        security = self._security
        security.session = None
        # What an older session selected is not this one's.
        self._selected_in_session = False
        if security.failures >= _MAX_TOKEN_FAILURES:
            raise CommandRefused(StatusWord.AUTHENTICATION_BLOCKED)
        challenge, keys = security.take_challenge(), self._state.keys
        if challenge is None or keys is None or not self._application_selected:
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        token = ReaderToken.open(keys, command.data, challenge)
        if token is None:
            security.failures += 1
            raise CommandRefused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        keying = self._random.token_bytes(KEYING_BYTES)
        security.failures = 0
        security.session = start_session(token, keying)
        return answer(answer_token(keys, token, keying))


def _file_control_parameters(data: bytes) -> dict[int, bytes]:
    """The objects of `62 {…}`; anything but exactly those of a DF or an EF is 6A80."""
    try:
        template, *more = decode_tlv(data)
        found = list(decode_tlv(template.value))
    except ValueError:
        raise CommandRefused(StatusWord.INCORRECT_DATA) from None
    objects = {item.tag: item.value for item in found}
    lengths = {tag: len(value) for tag, value in objects.items()}
    shape = (_EF_DESCRIPTOR, _EF_OBJECTS) if _SIZE in objects else (_DF_DESCRIPTOR, _DF_OBJECTS)
    doubled = more or len(found) != len(objects)
    if template.tag != _FCP or doubled or (objects.get(_DESCRIPTOR), lengths) != shape:
        raise CommandRefused(StatusWord.INCORRECT_DATA)
    return objects
