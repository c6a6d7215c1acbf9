"""The chip as a platform: power, faults, life cycle, and the layers that a command passes."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Self

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.chip_profiles import KTP_EL, ChipProfile
from ektp.errors import CardAbsent
from ektp.ids import CardSerial
from ektp.ports import Entropy
from simulation.chip.applications import application_for
from simulation.chip.card_manager import CardManager
from simulation.chip.commands import Application, CardCommand, CommandRefused
from simulation.chip.context import CardContext
from simulation.chip.faults import ChipFaults, Tear
from simulation.chip.features import ChipFeatures
from simulation.chip.file_manager import FileManager
from simulation.chip.framing import Framing, without_chaining
from simulation.chip.keys import KeySet
from simulation.chip.memory import CellFailure, PowerLost
from simulation.chip.models import chip_model
from simulation.chip.radio import Radio, RadioType
from simulation.chip.rights import refusal
from simulation.chip.secure_messaging import PROTECTED_CLA, MessagingBroken
from simulation.chip.security import LifeCycle, Way
from simulation.chip.security_domain import SecurityDomain
from simulation.chip.state import ChipState

__all__ = ["Chip"]

_NO_FAULTS = ChipFaults()
_CHANNEL_CLASSES: Final = (0x04, 0x84)
_EXTERNAL_AUTHENTICATE: Final = (0x84, 0x82)


class _SystemEntropy:
    """Chance of the operating system."""

    def token_bytes(self, count: int) -> bytes:
        """That many unpredictable bytes."""
        return secrets.token_bytes(count)


class Chip:
    """A simulated chip with the application of its profile.

    A command passes power and faults, then framing, then the channel or the application's secure
    messaging, then the table of rights and that of commands. Only `bytes(chip)` survives; what was
    proved and selected goes with the field (`reset`). `application` makes another application than
    the profile's, which is no part of the saved state: a chip that misbehaves, for tests.
    """

    def __init__(
        self,
        state: ChipState,
        random: Entropy | None = None,
        *,
        application: Callable[[CardContext], Application] = application_for,
    ) -> None:
        self._state = state
        self._powered = True
        self._context = CardContext(state=state, random=random or _SystemEntropy())
        self._security = self._context.security
        self._domain = SecurityDomain(state, bytes(state.serial))
        self._application = application(self._context)
        files = FileManager(self._context)
        manager = CardManager(self._context, self._domain, files, self._application)
        self._commands = {**manager.commands, **files.commands, **self._application.commands}
        self._classes = {cla for cla, _ in self._commands}
        own_chaining = (key for key, entry in self._commands.items() if entry.own_chaining)
        self._framing = Framing(state.features, frozenset(own_chaining))
        state.memory.bad_cell = state.faults.memory_failure_at
        self._renew_uid()

    @classmethod
    def blank(
        cls,
        serial: CardSerial,
        *,
        transport_keys: KeySet,
        profile: ChipProfile = KTP_EL,
        features: ChipFeatures | None = None,
        radio: RadioType = RadioType.A,
        uid: bytes | None = None,
        random: Entropy | None = None,
    ) -> Self:
        """A chip as its manufacturer delivers it.

        `transport_keys`: the key set of the maker (`MakerKeys.key_set`). `features`: those of the
        profile's model where it is None. `uid`: 4, 7 or 10 bytes (type A) or 8 (type B); by the
        model, random or made from the serial, where it is None. `random` gives challenges and
        session keys; the operating system's where it is None.
        """
        model = chip_model(profile.name)
        entropy = random or _SystemEntropy()
        if uid is not None:
            kind = Radio(type=radio, uid=uid)
        elif model.random_uid and radio is RadioType.A:
            kind = Radio.with_random_uid(entropy)
        else:
            kind = Radio.for_chip(radio, serial)
        fitted = model.features if features is None else features
        return cls(ChipState.blank(serial, model, kind, transport_keys, fitted), random)

    @classmethod
    def from_bytes(cls, packed: bytes, *, random: Entropy | None = None) -> Self:
        """The chip that `bytes(chip)` saved, in a fresh field. Raises `StoreError`."""
        return cls(ChipState.from_bytes(packed), random)

    def __bytes__(self) -> bytes:
        """All that survives: life cycle, files as far as written, keys, counters, faults."""
        return bytes(self._state)

    def __repr__(self) -> str:
        return f"Chip({self.serial}, {self.life_cycle.name})"

    @property
    def serial(self) -> CardSerial:
        """The chip's name."""
        return self._state.serial

    @property
    def life_cycle(self) -> LifeCycle:
        """Where the chip stands between blank and terminated."""
        return self._state.life_cycle

    @property
    def radio(self) -> Radio:
        """Type, UID and ATR."""
        return self._state.radio

    @property
    def atr(self) -> bytes:
        """The answer to reset that a PC/SC reader makes of it."""
        state = self._state
        return state.radio.atr(state.model.selection, state.features)

    @property
    def profile(self) -> ChipProfile:
        """The profile that the chip was made for."""
        return self._state.model.profile

    @property
    def features(self) -> ChipFeatures:
        """What its interface can carry."""
        return self._state.features

    @property
    def key_version(self) -> int:
        """The version of the channel's key set: `30` the maker's, `31` the card's own."""
        return self._state.keys.version

    @property
    def writes(self) -> int:
        """Grows with each lasting change since this object was made: when to save the chip."""
        return self._state.memory.writes

    @property
    def answers(self) -> bool:
        """Whether a reader finds the chip now."""
        faults = self._state.faults
        return self._powered and not faults.mute and not faults.dead

    @property
    def faults(self) -> ChipFaults:
        """What is wrong with the chip. Setting it counts as a lasting change."""
        return self._state.faults

    @faults.setter
    def faults(self, faults: ChipFaults) -> None:
        """Put other faults in; nothing brings a dead chip back."""
        self._state.faults = replace(faults, dead=faults.dead or self._state.faults.dead)
        self._state.memory.bad_cell = faults.memory_failure_at
        self._state.memory.writes += 1

    def kill(self) -> None:
        """Destroy the chip: it never answers again, and its state says so."""
        self.faults = replace(self._state.faults, dead=True)

    def tear_after(self, apdu: int, byte: int) -> None:
        """Cut the power within a command to come; see `Tear`."""
        self.faults = replace(self._state.faults, tear=Tear(apdu=apdu, byte=byte))

    def reset(self) -> None:
        """Take the field away and give it back."""
        self._security.forget()
        self._context.selection.forget()
        self._domain.reset()
        self._framing.reset()
        self._application.reset()
        self._renew_uid()
        self._powered = True

    def _renew_uid(self) -> None:
        if self._state.radio.random_uid:
            self._state.radio = Radio.with_random_uid(self._context.random)

    def process(self, command: CommandApdu) -> ResponseApdu:
        """Answer one command.

        Raises `CardAbsent` where nothing answers: a mute or dead chip, or one without power.
        """
        if not self.answers:
            raise CardAbsent("the chip is mute, dead or without power")
        if self._state.faults == _NO_FAULTS:
            return self._answer(command)
        return self._answer_with_faults(command)

    def _answer_with_faults(self, command: CommandApdu) -> ResponseApdu:
        faults = self._state.faults
        lost = faults.lose_apdu == 1
        torn = faults.tear is not None and faults.tear.apdu == 1
        self._state.faults = _one_command_later(faults)
        if lost:
            self._lose_power()
            raise CardAbsent("the command did not reach the chip")
        if faults.tear is None or not torn:
            return self._answer(command)
        self._state.memory.energy = faults.tear.byte
        try:
            self._answer(command)
        except PowerLost as cause:
            raise CardAbsent("the chip lost its power while it wrote") from cause
        finally:
            self._lose_power()
        raise CardAbsent("the chip lost its power before it answered")

    def _lose_power(self) -> None:
        self.reset()
        self._powered = False
        self._state.memory.energy = None
        # A fault that has happened must not happen again to the chip as saved.
        self._state.memory.writes += 1

    def _answer(self, command: CommandApdu) -> ResponseApdu:
        self._security.way = Way.PLAIN
        if self._state.life_cycle is LifeCycle.TERMINATED:
            return self._run(command)
        received = self._framing.receive(command)
        if isinstance(received, ResponseApdu):
            return received
        return self._framing.send(received, self._open_and_run(received))

    def _open_and_run(self, command: CommandApdu) -> ResponseApdu:
        if (command.cla, command.ins) == _EXTERNAL_AUTHENTICATE:
            return self._refusable(command, self._domain.external_authenticate)
        if command.cla in _CHANNEL_CLASSES:
            return self._refusable(command, self._run_in_channel)
        if without_chaining(command.cla) == PROTECTED_CLA:
            return self._run_in_messaging(command)
        return self._run(command)

    def _run_in_channel(self, command: CommandApdu) -> ResponseApdu:
        plain = self._domain.open_command(command)
        session = self._domain.session
        self._security.way = self._domain.way
        response = self._run(plain)
        # A command that ended the session has its answer sealed by it all the same.
        return response if session is None else session.seal_response(response)

    def _run_in_messaging(self, command: CommandApdu) -> ResponseApdu:
        security = self._security
        session = security.session
        if session is None:
            return _refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        try:
            plain = session.open_command(command)
        except MessagingBroken as broken:
            security.session = None
            return _refused(broken.sw)
        security.way = Way.MESSAGING
        # New session keys hold from the next command: the answer is the old session's.
        return session.seal_response(self._run(plain))

    def _run(self, command: CommandApdu) -> ResponseApdu:
        return self._refusable(command, lambda command: self._find(command).run(command))

    def _refusable(
        self, command: CommandApdu, run: Callable[[CommandApdu], ResponseApdu]
    ) -> ResponseApdu:
        try:
            return run(command)
        except CommandRefused as refused:
            return _refused(refused.sw)
        except CellFailure:
            return _refused(StatusWord.MEMORY_FAILURE)

    def _find(self, command: CommandApdu) -> CardCommand:
        plain_cla = without_chaining(command.cla)
        entry = self._commands.get((plain_cla, command.ins))
        life_cycle = self._state.life_cycle
        if entry is None:
            if life_cycle is LifeCycle.TERMINATED:
                raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
            known = plain_cla in self._classes
            raise CommandRefused(
                StatusWord.INS_NOT_SUPPORTED if known else StatusWord.CLA_NOT_SUPPORTED
            )
        sw = refusal(entry.operation_of(command), life_cycle, self._security.way)
        if sw is not None:
            raise CommandRefused(sw)
        return entry


def _refused(sw: StatusWord) -> ResponseApdu:
    return ResponseApdu(b"", sw)


def _one_command_later(faults: ChipFaults) -> ChipFaults:
    """The faults with their counts one lower, and without those that happen now."""
    lose, tear = faults.lose_apdu, faults.tear
    if tear is not None:
        tear = replace(tear, apdu=tear.apdu - 1) if tear.apdu > 1 else None
    return replace(faults, lose_apdu=lose - 1 if lose and lose > 1 else None, tear=tear)
