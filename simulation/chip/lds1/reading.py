"""SELECT and READ BINARY of an LDS1 application (Doc 9303-10 clause 3.6)."""

from __future__ import annotations

from typing import Final

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.chip_profiles import MASTER_FILE
from ektp.tlv import Tlv
from simulation.chip.commands import DONE, CardCommand, CommandRefused, CommandTable
from simulation.chip.file_system import ElementaryFile
from simulation.chip.lds1.answering import Answering, StatusForced
from simulation.chip.lds1.behaviour import EndOfFile, Step
from simulation.chip.lds1.messaging import Lds1Messaging
from simulation.chip.lds1.objects import distinct_objects
from simulation.chip.rights import Operation

__all__ = ["Reading"]

_BY_ID, _BY_CHILD_ID, _BY_NAME = 0x00, 0x02, 0x04
_NO_ANSWER_WANTED: Final = frozenset({0x00, 0x0C})
_SHORT_ID_BIT, _SHORT_ID_MASK = 0x80, 0x1F
_MAX_SHORT_ID: Final = 0x1E
_LDS_FILES: Final = 0x01
_OFFSET, _DISCRETIONARY = 0x54, 0x53
_MAX_OFFSET_BYTES: Final = 4


class Reading:
    """The commands that select and read. What is selected stands in the card's context."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._context = answering.context
        self._behaviour = answering.behaviour
        handle = answering.handle
        self.commands: CommandTable = {
            (0x00, 0xA4): CardCommand(run=handle(self._select), operation=Operation.SELECT),
            (0x00, 0xB0): CardCommand(run=handle(self._read), operation=Operation.READ),
            (0x00, 0xB1): CardCommand(run=handle(self._read_far), operation=Operation.READ),
        }

    def _select(self, command: CommandApdu) -> ResponseApdu:
        if command.p2 not in _NO_ANSWER_WANTED:
            raise CommandRefused(StatusWord.INCORRECT_P1_P2)
        if command.p1 == _BY_NAME:
            self._select_application(command.data)
        elif command.p1 in {_BY_ID, _BY_CHILD_ID}:
            self._select_by_id(command)
        else:
            raise CommandRefused(StatusWord.INCORRECT_P1_P2)
        return DONE

    def _select_application(self, name: bytes) -> None:
        self._answering.step(Step.SELECT_APPLICATION)
        application = self._context.state.files.application
        if application is None or name != self._context.profile.aid:
            raise CommandRefused(StatusWord.FILE_NOT_FOUND)
        self._context.choose_directory(application)

    def _select_by_id(self, command: CommandApdu) -> None:
        file_id = int.from_bytes(command.data, "big") if command.data else MASTER_FILE
        if command.p1 == _BY_ID and file_id == MASTER_FILE:
            self._context.choose_directory(MASTER_FILE)
            return
        if len(command.data) != 2:
            raise CommandRefused(StatusWord.WRONG_LENGTH)
        self._answering.step(Step.SELECT_FILE)
        if file_id in self._behaviour.file_statuses:
            raise StatusForced(self._behaviour.file_statuses[file_id])
        self._require_access_to_directory()
        self._context.choose(self._context.find(file_id))

    def _read(self, command: CommandApdu) -> ResponseApdu:
        if command.data or command.le is None:
            raise CommandRefused(StatusWord.WRONG_LENGTH)
        if command.p1 & _SHORT_ID_BIT:
            if command.p1 & ~(_SHORT_ID_BIT | _SHORT_ID_MASK):
                raise CommandRefused(StatusWord.INCORRECT_P1_P2)
            self._choose_short(command.p1 & _SHORT_ID_MASK)
            offset = command.p2
        else:
            offset = command.p1 << 8 | command.p2
        return self._read_current(offset, self._room(command.le))

    def _read_far(self, command: CommandApdu) -> ResponseApdu:
        """Odd INS: the offset in `54`, the answer in `53`, which Le counts with its head."""
        if command.le is None:
            raise CommandRefused(StatusWord.WRONG_LENGTH)
        objects = distinct_objects(command.data)
        value = objects.get(_OFFSET, b"")
        if len(objects) != 1 or not 0 < len(value) <= _MAX_OFFSET_BYTES:
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        file_id = command.p1 << 8 | command.p2
        if 0 < file_id <= _MAX_SHORT_ID:
            self._choose_short(file_id)
        elif file_id:
            self._require_access_to_directory()
            self._context.choose(self._context.find(file_id))
        room = self._room(command.le)
        plain = self._read_current(int.from_bytes(value, "big"), room - _head(room))
        return ResponseApdu(bytes(Tlv(_DISCRETIONARY, plain.data)), plain.sw)

    def _choose_short(self, short_id: int) -> None:
        self._require_access_to_directory()
        directory = self._context.selection.directory
        for file in self._context.state.files:
            if file.parent == directory and file.file_id == _LDS_FILES << 8 | short_id:
                self._context.choose(file)
                return
        raise CommandRefused(StatusWord.FILE_NOT_FOUND)

    def _require_access_to_directory(self) -> None:
        """Nobody without access is told which files there are (Doc 9303-11 clause 4.2)."""
        context = self._context
        if not context.open and context.selection.directory != MASTER_FILE:
            self._answering.require_access()

    def _room(self, le: int) -> int:
        """How much data the answer may carry."""
        session = self._context.security.session
        if isinstance(session, Lds1Messaging):
            return min(le, session.room)
        return min(le, self._context.state.features.longest_answer)

    def _current(self) -> ElementaryFile:
        file = self._context.selection.file
        if file is None:
            raise CommandRefused(StatusWord.COMMAND_NOT_ALLOWED)
        self._answering.step(Step.READ_BINARY)
        if file.file_id in self._behaviour.read_statuses:
            raise StatusForced(self._behaviour.read_statuses[file.file_id])
        if self._context.open or self._behaviour.guarded:
            self._context.require_read(file)
        return file

    def _read_current(self, offset: int, wanted: int) -> ResponseApdu:
        file = self._current()
        if file.file_id in self._behaviour.endless:
            return ResponseApdu(self._endless(file, offset, wanted), StatusWord.OK)
        data = self._context.read(file, offset, wanted)
        if len(data) == wanted:
            return ResponseApdu(data, StatusWord.OK)
        match self._behaviour.end_of_file:
            case EndOfFile.WARNING:
                return ResponseApdu(data, StatusWord.END_OF_FILE)
            case EndOfFile.SILENT:
                return ResponseApdu(data, StatusWord.OK)
            case EndOfFile.REFUSED:
                raise CommandRefused(StatusWord.WRONG_OFFSET)
            case EndOfFile.CORRECTED:
                raise StatusForced(0x6C00 | len(data) & 0xFF)

    def _endless(self, file: ElementaryFile, offset: int, wanted: int) -> bytes:
        content = self._context.state.files.read(file, 0, file.size)
        return content[offset : offset + wanted].ljust(wanted, content[-1:])


def _head(room: int) -> int:
    """Bytes of tag and length of an object that fills the room."""
    return 2 if room < 0x80 + 2 else 3 if room < 0x100 + 3 else 4
