"""The commands that belong to the card and not to an application (chip profile, section 4)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.ports import Entropy
from ektp.tlv import Tlv
from simulation.chip.commands import (
    ALWAYS,
    DONE,
    OPEN_ONLY,
    UNTIL_TERMINATED,
    Application,
    CardCommand,
    CommandRefused,
    answer,
    require_data,
    require_le,
    require_parameters,
)
from simulation.chip.cplc import CPLC_TAG, card_production_life_cycle
from simulation.chip.crypto import aes_cmac
from simulation.chip.keys import KeySet
from simulation.chip.radio import RadioType
from simulation.chip.security import LifeCycle, SecurityStatus
from simulation.chip.state import ChipState

__all__ = ["CHALLENGE_BYTES", "CardManager"]

CHALLENGE_BYTES: Final = 8
PROOF_BYTES: Final = 8
_MAX_PROOF_FAILURES: Final = 3
_MAX_KEY_VERSION: Final = 0x7F
_READ_KEYS: Final = 0x01
_CARD: Final = 0x80


class CardManager:
    """Identity, life cycle, keys and challenges of the card."""

    def __init__(
        self,
        state: ChipState,
        security: SecurityStatus,
        application: Application,
        random: Entropy,
    ) -> None:
        self._state = state
        self._security = security
        self._application = application
        self._random = random
        self.commands: Mapping[tuple[int, int], CardCommand] = {
            (0x80, 0xCA): CardCommand(run=self._get_data, states=ALWAYS),
            (0x80, 0xF2): CardCommand(run=self._get_status, states=ALWAYS),
            (0x80, 0xF0): CardCommand(run=self._set_status, states=UNTIL_TERMINATED),
            (0x80, 0xD8): CardCommand(run=self._put_key, states=OPEN_ONLY),
            (0x00, 0x84): CardCommand(run=self._get_challenge, states=UNTIL_TERMINATED),
        }
        if state.radio.type is RadioType.B:
            # Two families of readers ask a type B card for its UID, each by its own command.
            uid = CardCommand(run=self._get_uid, states=UNTIL_TERMINATED)
            self.commands = {**self.commands, (0x00, 0xDD): uid, (0x00, 0xDF): uid}

    def _get_data(self, command: CommandApdu) -> ResponseApdu:
        if (command.p1 << 8 | command.p2) != CPLC_TAG:
            raise CommandRefused(StatusWord.REFERENCE_NOT_FOUND)
        data = bytes(Tlv(CPLC_TAG, card_production_life_cycle(self._state.serial)))
        require_data(command, 0)
        require_le(command, len(data))
        return answer(data)

    def _get_status(self, command: CommandApdu) -> ResponseApdu:
        require_parameters(command, _CARD)
        if command.data != b"\x4f\x00":
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        data = bytes(Tlv(0xE3, bytes(Tlv(0x9F70, bytes((self._state.life_cycle,))))))
        require_le(command, len(data))
        return answer(data)

    def _get_uid(self, command: CommandApdu) -> ResponseApdu:
        require_parameters(command)
        require_data(command, 0)
        require_le(command, len(self._state.radio.uid))
        return answer(self._state.radio.uid)

    def _get_challenge(self, command: CommandApdu) -> ResponseApdu:
        require_parameters(command)
        require_data(command, 0)
        require_le(command, CHALLENGE_BYTES)
        self._security.challenge = self._random.token_bytes(CHALLENGE_BYTES)
        return answer(self._security.challenge)

    def _put_key(self, command: CommandApdu) -> ResponseApdu:
        if not 0 < command.p1 <= _MAX_KEY_VERSION or command.p2 != _READ_KEYS:
            raise CommandRefused(StatusWord.INCORRECT_P1_P2)
        require_data(command, KeySet.LENGTH)
        self._state.memory.commit(KeySet.LENGTH)
        self._state.keys = KeySet(command.p1, command.data)
        return DONE

    def _set_status(self, command: CommandApdu) -> ResponseApdu:
        if command.p1 == _CARD and command.p2 == LifeCycle.SECURED:
            return self._secure(command)
        if command.p1 == _CARD and command.p2 == LifeCycle.TERMINATED:
            return self._terminate(command)
        raise CommandRefused(StatusWord.INCORRECT_P1_P2)

    def _secure(self, command: CommandApdu) -> ResponseApdu:
        ready = self._state.life_cycle is LifeCycle.OP_READY and self._state.keys is not None
        if not ready or not self._application.complete():
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        require_data(command, 0)
        self._state.memory.commit()
        self._state.life_cycle = LifeCycle.SECURED
        self._application.close()
        return DONE

    def _terminate(self, command: CommandApdu) -> ResponseApdu:
        if command.data:
            require_data(command, PROOF_BYTES)
        if self._state.life_cycle is LifeCycle.SECURED:
            self._check_proof(command.data)
        self._state.memory.commit()
        self._state.life_cycle = LifeCycle.TERMINATED
        self._security.forget()
        return DONE

    def _check_proof(self, proof: bytes) -> None:
        state = self._state
        if state.terminate_failures >= _MAX_PROOF_FAILURES:
            raise CommandRefused(StatusWord.AUTHENTICATION_BLOCKED)
        challenge = self._security.take_challenge()
        if not proof or state.keys is None:
            raise CommandRefused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        if challenge is None:
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        # Counted before it is looked at, so that a cut of power is no free guess.
        state.memory.commit()
        state.terminate_failures += 1
        message = bytes((LifeCycle.TERMINATED,)) + challenge
        expected = aes_cmac(state.keys.administration, message)[:PROOF_BYTES]
        if not hmac.compare_digest(expected, proof):
            raise CommandRefused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        state.terminate_failures = 0
