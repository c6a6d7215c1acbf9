"""The chip as a platform: power, faults, life cycle, and the layers that a command passes."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Self

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.errors import CardAbsent
from ektp.ids import CardSerial
from ektp.ports import Entropy
from simulation.chip.card_manager import CardManager
from simulation.chip.commands import CardCommand, CommandRefused
from simulation.chip.faults import ChipFaults, Tear
from simulation.chip.ktp_el import KtpEl
from simulation.chip.memory import CellFailure, PowerLost
from simulation.chip.radio import Radio, RadioType
from simulation.chip.secure_messaging import PROTECTED_CLA, MessagingBroken
from simulation.chip.security import LifeCycle, SecurityStatus
from simulation.chip.state import ChipState

__all__ = ["Chip"]

_NO_FAULTS = ChipFaults()


class _SystemEntropy:
    """Chance of the operating system."""

    def token_bytes(self, count: int) -> bytes:
        """That many unpredictable bytes."""
        return secrets.token_bytes(count)


class Chip:
    """A simulated chip with the profile `ktp-el`.

    A command passes power and faults, then secure messaging, then the table of commands. Only
    `bytes(chip)` survives; what was proved and selected goes with the field (`reset`).
    """

    def __init__(self, state: ChipState, random: Entropy | None = None) -> None:
        entropy = random or _SystemEntropy()
        self._state = state
        self._powered = True
        self._security = SecurityStatus()
        self._application = KtpEl(state, self._security, entropy)
        manager = CardManager(state, self._security, self._application, entropy)
        self._commands = {**manager.commands, **self._application.commands}
        self._classes = {cla for cla, _ in self._commands}
        state.memory.bad_cell = state.faults.memory_failure_at

    @classmethod
    def blank(
        cls,
        serial: CardSerial,
        *,
        radio: RadioType = RadioType.A,
        uid: bytes | None = None,
        random: Entropy | None = None,
    ) -> Self:
        """A chip as its manufacturer delivers it.

        `uid`: 4, 7 or 10 bytes (type A) or 8 (type B); made from the serial where it is None.
        `random` gives challenges and session keys; the operating system's where it is None.
        """
        kind = Radio.for_chip(radio, serial) if uid is None else Radio(type=radio, uid=uid)
        return cls(ChipState.blank(serial, kind), random)

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
        return self._state.radio.atr

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
        self._application.reset()
        self._powered = True

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
        security = self._security
        if self._state.life_cycle is LifeCycle.TERMINATED or command.cla != PROTECTED_CLA:
            return self._run(command)
        if security.session is None:
            return _refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        try:
            plain = security.session.open_command(command)
        except MessagingBroken as broken:
            security.session = None
            return _refused(broken.sw)
        security.protected = True
        try:
            return security.session.seal_response(self._run(plain))
        finally:
            security.protected = False

    def _run(self, command: CommandApdu) -> ResponseApdu:
        try:
            return self._find(command).run(command)
        except CommandRefused as refused:
            return _refused(refused.sw)
        except CellFailure:
            return _refused(StatusWord.MEMORY_FAILURE)

    def _find(self, command: CommandApdu) -> CardCommand:
        entry = self._commands.get((command.cla, command.ins))
        life_cycle = self._state.life_cycle
        if entry is None and life_cycle is not LifeCycle.TERMINATED:
            known = command.cla in self._classes
            raise CommandRefused(
                StatusWord.INS_NOT_SUPPORTED if known else StatusWord.CLA_NOT_SUPPORTED
            )
        if entry is None or life_cycle not in entry.states:
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        if self._security.protected and not entry.protectable:
            raise CommandRefused(StatusWord.INS_NOT_SUPPORTED)
        if command.extended:
            raise CommandRefused(StatusWord.WRONG_LENGTH)
        return entry


def _refused(sw: StatusWord) -> ResponseApdu:
    return ResponseApdu(b"", sw)


def _one_command_later(faults: ChipFaults) -> ChipFaults:
    """The faults with their counts one lower, and without those that happen now."""
    lose, tear = faults.lose_apdu, faults.tear
    if tear is not None:
        tear = replace(tear, apdu=tear.apdu - 1) if tear.apdu > 1 else None
    return replace(faults, lose_apdu=lose - 1 if lose and lose > 1 else None, tear=tear)
