"""BAC, PACE, Chip and Active Authentication as commands of the application."""

from __future__ import annotations

from typing import Final

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.tlv import Tlv
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
from simulation.chip.lds1 import active_authentication
from simulation.chip.lds1.answering import Answering
from simulation.chip.lds1.bac import TOKEN_BYTES, BacKeys, mutual_authentication
from simulation.chip.lds1.behaviour import AccessProtocol, ChipKey, Flaw, PaceSuite, Step
from simulation.chip.lds1.chip_authentication import ChipAuthentication, key_agreement_template
from simulation.chip.lds1.ciphers import SessionCipher
from simulation.chip.lds1.messaging import Lds1Messaging
from simulation.chip.lds1.objects import distinct_objects
from simulation.chip.lds1.pace import PACE_GENERIC_MAPPING, PacePassword, PaceRun
from simulation.chip.models import (
    ACTIVE_AUTHENTICATION_KEY,
    BAC_KEYS,
    CHIP_AUTHENTICATION_KEY,
    PACE_PASSWORDS,
)
from simulation.chip.rights import Operation

__all__ = ["Authentication"]

_MAX_FAILURES: Final = 3
_MRZ_DIGEST_BYTES: Final = 20
_CHAINING: Final = 0x10
_PROTOCOL, _PASSWORD, _PARAMETER = 0x80, 0x83, 0x84
_PACE, _CHIP_AT, _CHIP_KAT = 0xC1A4, 0x41A4, 0x41A6
_NO_DYNAMIC_DATA: Final = bytes(Tlv(0x7C, b""))


class Authentication:
    """The commands that open the chip and those that prove it, with what they keep between them."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._context = answering.context
        self._behaviour = answering.behaviour
        self._pace: PaceRun | None = None
        self._chip: ChipAuthentication | None = None
        handle, either = answering.handle, Operation.AUTHENTICATE_AGAIN
        self.commands: CommandTable = {
            (0x00, 0x84): CardCommand(run=handle(self._challenge), operation=Operation.CHALLENGE),
            (0x00, 0x82): CardCommand(run=handle(self._bac), operation=Operation.AUTHENTICATE),
            (0x00, 0x22): CardCommand(run=handle(self._set), operation=either),
            (0x00, 0x86): CardCommand(
                run=handle(self._general_authenticate), operation=either, own_chaining=True
            ),
            (0x00, 0x88): CardCommand(run=handle(self._active), operation=either),
        }

    def reset(self) -> None:
        """No protocol is under way."""
        self._pace = None
        self._chip = None

    def _require_offered(self, protocol: AccessProtocol) -> None:
        if protocol not in self._behaviour.offers:
            raise CommandRefused(StatusWord.INS_NOT_SUPPORTED)

    def _require_tries(self) -> None:
        if self._context.security.failures >= _MAX_FAILURES:
            raise CommandRefused(StatusWord.AUTHENTICATION_BLOCKED)

    def _secret(self, number: int) -> bytes:
        secret = self._context.state.secrets.get(number)
        if secret is None:
            raise CommandRefused(StatusWord.REFERENCE_NOT_FOUND)
        return secret

    def _begin_session(self, cipher: SessionCipher) -> None:
        largest = self._context.state.features.longest_answer
        session = Lds1Messaging(cipher, behaviour=self._behaviour, longest_answer=largest)
        self._context.security.session = session

    def _challenge(self, command: CommandApdu) -> ResponseApdu:
        self._answering.step(Step.GET_CHALLENGE)
        self._require_offered(AccessProtocol.BAC)
        return self._context.give_challenge(command)

    def _bac(self, command: CommandApdu) -> ResponseApdu:
        self._require_offered(AccessProtocol.BAC)
        require_parameters(command)
        require_data(command, TOKEN_BYTES)
        require_le(command, TOKEN_BYTES)
        self._require_tries()
        security = self._context.security
        challenge = security.take_challenge()
        selected = self._context.selection.directory == self._context.profile.application
        if challenge is None or not selected:
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        self._answering.step(Step.EXTERNAL_AUTHENTICATE)
        keys = BacKeys.from_bytes(self._secret(BAC_KEYS))
        security.failures += 1
        proof, session = mutual_authentication(
            keys,
            challenge,
            command.data,
            self._context.random,
            self._behaviour,
            self._context.state.features.longest_answer,
        )
        security.failures = 0
        security.session = session
        return answer(proof)

    def _set(self, command: CommandApdu) -> ResponseApdu:
        """MSE: another template ends what was under way."""
        self.reset()
        match command.p1 << 8 | command.p2:
            case number if number == _PACE:
                self._set_pace(command.data)
            case number if number == _CHIP_AT:
                self._answering.require_access()
                self._answering.step(Step.CHIP_AUTHENTICATION_SET_AT)
                self._chip = ChipAuthentication(self._chip_keys, command.data)
            case number if number == _CHIP_KAT:
                self._answering.require_access()
                self._answering.step(Step.CHIP_AUTHENTICATION_SET_KAT)
                self._renew_session(key_agreement_template(self._chip_keys, command.data))
            case _:
                raise CommandRefused(StatusWord.INCORRECT_P1_P2)
        return DONE

    def _set_pace(self, template: bytes) -> None:
        self._answering.step(Step.PACE_SET_AT)
        self._require_offered(AccessProtocol.PACE)
        if self._context.security.protected:
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        self._require_tries()
        objects = distinct_objects(template)
        suite = self._suite(objects)
        password = self._password(objects.get(_PASSWORD, b""))
        self._pace = PaceRun(suite, password, self._context.random, self._behaviour)

    def _suite(self, objects: dict[int, bytes]) -> PaceSuite:
        if set(objects) - {_PROTOCOL, _PASSWORD, _PARAMETER}:
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        suites = [
            suite
            for suite in self._behaviour.pace_suites
            if PACE_GENERIC_MAPPING + bytes((suite.cipher,)) == objects.get(_PROTOCOL)
        ]
        if not suites:
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        if _PARAMETER in objects:
            wanted = int.from_bytes(objects[_PARAMETER], "big")
            suites = [suite for suite in suites if suite.parameter_id == wanted]
        if not suites:
            raise CommandRefused(StatusWord.REFERENCE_NOT_FOUND)
        return suites[0]

    def _password(self, reference: bytes) -> bytes:
        """SHA-1 of the MRZ information, or the digits of the CAN; 6A88 for another reference."""
        passwords = self._secret(PACE_PASSWORDS)
        if reference == bytes((PacePassword.MRZ,)):
            return passwords[:_MRZ_DIGEST_BYTES]
        if reference == bytes((PacePassword.CAN,)):
            return passwords[_MRZ_DIGEST_BYTES:]
        raise CommandRefused(StatusWord.REFERENCE_NOT_FOUND)

    def _general_authenticate(self, command: CommandApdu) -> ResponseApdu:
        require_parameters(command)
        chained = bool(command.cla & _CHAINING)
        if self._pace is not None:
            return self._advance_pace(self._pace, command.data, chained=chained)
        chip, self._chip = self._chip, None
        if chip is None or chained:
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        self._answering.step(Step.CHIP_AUTHENTICATION)
        self._renew_session(chip.agree(command.data))
        return answer(_NO_DYNAMIC_DATA)

    def _advance_pace(self, run: PaceRun, data: bytes, *, chained: bool) -> ResponseApdu:
        security = self._context.security
        last, step, self._pace = run.last, run.step, None
        # All links but the last of the chain have the chaining bit (Doc 9303-11 clause 4.4.4).
        if chained == last or security.protected:
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        self._answering.step(step)
        if last:
            self._require_tries()
            security.failures += 1
        response = run.advance(data)
        if run.session is None:
            self._pace = run
        else:
            security.failures = 0
            self._begin_session(run.session)
        return answer(response)

    @property
    def _chip_keys(self) -> tuple[ChipKey, ...]:
        if self._behaviour.chip_keys:
            return self._behaviour.chip_keys
        own = self._context.state.secrets.get(CHIP_AUTHENTICATION_KEY)
        return () if own is None else (ChipKey(private=int.from_bytes(own, "big")),)

    def _renew_session(self, cipher: SessionCipher) -> None:
        """The answer to the command in hand still goes by the old keys (clause 6.2)."""
        if not self._behaviour.has(Flaw.CA_KEEPS_OLD_KEYS):
            self._begin_session(cipher)

    def _active(self, command: CommandApdu) -> ResponseApdu:
        self._answering.require_access()
        self._answering.step(Step.ACTIVE_AUTHENTICATION)
        require_parameters(command)
        require_data(command, active_authentication.CHALLENGE_BYTES)
        private = 0
        if self._behaviour.aa_rsa is None:
            private = int.from_bytes(self._secret(ACTIVE_AUTHENTICATION_KEY), "big")
        signature = active_authentication.respond(
            private, command.data, self._context.random, self._behaviour
        )
        return answer(signature)
