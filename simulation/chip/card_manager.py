"""The commands that belong to the card and not to an application (docs/secure-channel.md)."""

from __future__ import annotations

from typing import Final

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.tlv import Tlv
from simulation.chip.commands import (
    DONE,
    Application,
    CardCommand,
    CommandRefused,
    CommandTable,
    answer,
    require_data,
    require_le,
    require_parameters,
)
from simulation.chip.context import CardContext
from simulation.chip.cplc import CPLC_TAG, card_production_life_cycle
from simulation.chip.features import EXTENDED_LENGTH_TAG
from simulation.chip.file_manager import FileManager
from simulation.chip.radio import RadioType
from simulation.chip.rights import Operation
from simulation.chip.security import LifeCycle
from simulation.chip.security_domain import KEY_INFORMATION_TAG, SecurityDomain

__all__ = ["CardManager"]

_CARD: Final = 0x80
_SECRETS: Final = 0x01


class CardManager:
    """Identity, life cycle, keys, secrets and challenges of the card."""

    def __init__(
        self,
        context: CardContext,
        domain: SecurityDomain,
        files: FileManager,
        application: Application,
    ) -> None:
        self._context = context
        self._state = context.state
        self._domain = domain
        self._files = files
        self._application = application
        self.commands: CommandTable = {
            (0x80, 0xCA): CardCommand(run=self._get_data, operation=_right_to_get_data),
            (0x00, 0xCA): CardCommand(run=self._get_lengths, operation=Operation.OPEN_CHANNEL),
            (0x80, 0xF2): CardCommand(run=self._get_status, operation=Operation.IDENTIFY),
            (0x80, 0xF0): CardCommand(run=self._set_status, operation=_right_to_set_status),
            (0x80, 0x50): CardCommand(
                run=domain.initialize_update, operation=Operation.OPEN_CHANNEL
            ),
            (0x80, 0xD8): CardCommand(run=domain.put_key, operation=Operation.CHANGE_KEYS),
            (0x00, 0xDA): CardCommand(run=self._put_data, operation=Operation.WRITE),
            (0x00, 0x84): CardCommand(run=context.give_challenge, operation=Operation.CHALLENGE),
        }
        if context.state.radio.type is RadioType.B:
            # Two families of readers ask a type B card for its UID, each by its own command.
            uid = CardCommand(run=self._get_uid, operation=Operation.CHALLENGE)
            self.commands = {**self.commands, (0x00, 0xDD): uid, (0x00, 0xDF): uid}

    def _get_data(self, command: CommandApdu) -> ResponseApdu:
        tag = command.p1 << 8 | command.p2
        if tag == CPLC_TAG:
            data = bytes(Tlv(CPLC_TAG, card_production_life_cycle(self._state.serial)))
        elif tag == KEY_INFORMATION_TAG:
            data = self._domain.key_information
        else:
            raise CommandRefused(StatusWord.REFERENCE_NOT_FOUND)
        return _data_object(command, data)

    def _get_lengths(self, command: CommandApdu) -> ResponseApdu:
        data = self._state.features.length_information
        if (command.p1 << 8 | command.p2) != EXTENDED_LENGTH_TAG or data is None:
            raise CommandRefused(StatusWord.REFERENCE_NOT_FOUND)
        return _data_object(command, data)

    def _get_status(self, command: CommandApdu) -> ResponseApdu:
        require_parameters(command, _CARD)
        if command.data != b"\x4f\x00":
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        data = bytes(Tlv(0xE3, bytes(Tlv(0x9F70, bytes((self._state.life_cycle,))))))
        require_le(command, len(data))
        return answer(data)

    def _get_uid(self, command: CommandApdu) -> ResponseApdu:
        require_parameters(command)
        return _data_object(command, self._state.radio.uid)

    def _put_data(self, command: CommandApdu) -> ResponseApdu:
        if command.p1 != _SECRETS:
            raise CommandRefused(StatusWord.INCORRECT_P1_P2)
        length = self._state.model.secrets.get(command.p2)
        if length is None:
            raise CommandRefused(StatusWord.REFERENCE_NOT_FOUND)
        secret = self._domain.unseal(command.data)
        if len(secret) != length:
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        self._state.memory.commit(length)
        self._state.secrets[command.p2] = secret
        return DONE

    def _set_status(self, command: CommandApdu) -> ResponseApdu:
        if command.p1 != _CARD or command.p2 not in (LifeCycle.SECURED, LifeCycle.TERMINATED):
            raise CommandRefused(StatusWord.INCORRECT_P1_P2)
        require_data(command, 0)
        return self._secure() if command.p2 == LifeCycle.SECURED else self._terminate()

    def _secure(self) -> ResponseApdu:
        state = self._state
        if not self._files.complete() or state.secrets.keys() != state.model.secrets.keys():
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        state.memory.commit()
        state.life_cycle = LifeCycle.SECURED
        self._files.close()
        self._application.reset()
        return DONE

    def _terminate(self) -> ResponseApdu:
        self._state.memory.commit()
        self._state.life_cycle = LifeCycle.TERMINATED
        self._context.security.forget()
        self._domain.reset()
        return DONE


def _data_object(command: CommandApdu, data: bytes) -> ResponseApdu:
    require_data(command, 0)
    require_le(command, len(data))
    return answer(data)


def _right_to_get_data(command: CommandApdu) -> Operation:
    cplc = (command.p1 << 8 | command.p2) == CPLC_TAG
    return Operation.IDENTIFY if cplc else Operation.OPEN_CHANNEL


def _right_to_set_status(command: CommandApdu) -> Operation:
    secure = command.p1 == _CARD and command.p2 == LifeCycle.SECURED
    return Operation.WRITE if secure else Operation.TERMINATE
