"""The application `7F0A` of `ktp-el`: how it is read (chip profile, section 8)."""

from __future__ import annotations

from typing import Final

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from simulation.chip.commands import (
    DONE,
    CardCommand,
    CommandRefused,
    CommandTable,
    answer,
    require_data,
    require_le,
    require_parameters,
)
from simulation.chip.context import CardContext
from simulation.chip.file_system import ElementaryFile
from simulation.chip.keys import ReadKeys
from simulation.chip.models import READ_KEYS
from simulation.chip.mutual_authentication import (
    KEYING_BYTES,
    TOKEN_BYTES,
    ReaderToken,
    answer_token,
    start_session,
)
from simulation.chip.rights import Operation

__all__ = ["KtpEl"]

_MAX_PROTECTED_LE: Final = 0xD0
_MAX_TOKEN_FAILURES: Final = 3


class KtpEl:
    """The KTP-el application of one chip (implements `commands.Application`).

    A file is selected in plain form or within a session; a protected read asks for the latter, so
    that nobody between card and reader can put another file under a session's read.
    """

    def __init__(self, context: CardContext) -> None:
        self._context = context
        self.commands: CommandTable = {
            (0x00, 0xA4): CardCommand(run=self._select, operation=Operation.SELECT),
            (0x00, 0xB0): CardCommand(run=self._read, operation=Operation.READ),
            (0x00, 0x82): CardCommand(run=self._authenticate, operation=Operation.AUTHENTICATE),
        }

    def reset(self) -> None:
        """Nothing is kept here."""

    def _select(self, command: CommandApdu) -> ResponseApdu:
        require_parameters(command)
        require_data(command, 2)
        file_id = int.from_bytes(command.data, "big")
        if file_id == self._context.state.files.application:
            self._context.choose_directory(file_id)
        else:
            self._context.choose(self._context.find(file_id))
        return DONE

    def _read(self, command: CommandApdu) -> ResponseApdu:
        file = self._current()
        self._context.require_read(file)
        if command.data or command.le is None:
            raise CommandRefused(StatusWord.WRONG_LENGTH)
        if self._context.security.protected and command.le > _MAX_PROTECTED_LE:
            raise CommandRefused(StatusWord.WRONG_LENGTH)
        return answer(self._context.read(file, command.p1 << 8 | command.p2, command.le))

    def _current(self) -> ElementaryFile:
        selection = self._context.selection
        wrong_way = self._context.security.protected and not selection.in_session
        if selection.file is None or wrong_way:
            raise CommandRefused(StatusWord.COMMAND_NOT_ALLOWED)
        return selection.file

    def _authenticate(self, command: CommandApdu) -> ResponseApdu:
        require_parameters(command)
        require_data(command, TOKEN_BYTES)
        require_le(command, TOKEN_BYTES)
        context, security = self._context, self._context.security
        security.session = None
        # What an older session selected is not this one's.
        context.selection.in_session = False
        if security.failures >= _MAX_TOKEN_FAILURES:
            raise CommandRefused(StatusWord.AUTHENTICATION_BLOCKED)
        challenge = security.take_challenge()
        if challenge is None or context.selection.directory != context.profile.application:
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        keys = ReadKeys.from_secret(context.state.secrets[READ_KEYS])
        token = ReaderToken.open(keys, command.data, challenge)
        if token is None:
            security.failures += 1
            raise CommandRefused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        keying = context.random.token_bytes(KEYING_BYTES)
        security.failures = 0
        security.session = start_session(token, keying)
        return answer(answer_token(keys, token, keying))
