"""How a SAM is issued: one package through the SCP03 channel of its own transport key set.

Chip profile, section 9; the channel is that of docs/secure-channel.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.tlv import Tlv
from simulation.chip.commands import CommandRefused, answer, require_data, require_parameters
from simulation.chip.security_domain import KEY_INFORMATION_TAG, SecurityDomain
from simulation.sam.package import SamPackage
from simulation.sam.state import SamState

__all__ = ["ISSUE_INFORMATION_TAG", "SamIssuing"]

ISSUE_INFORMATION_TAG: Final = 0xDF20
"""Serial (8) ‖ version (4) ‖ valid until (4) ‖ number of master keys (1) ‖ of signers (1)."""

_ISSUING_CLASSES: Final = (0x80, 0x84)
_GET_DATA, _INITIALIZE_UPDATE, _EXTERNAL_AUTHENTICATE, _LOAD = 0xCA, 0x50, 0x82, 0xE8
_NO_PACKAGE: Final = bytes(10)


class SamIssuing:
    """The commands of classes `80` and `84`. `loaded` is called after a package came in."""

    def __init__(self, state: SamState, loaded: Callable[[], None]) -> None:
        self._state = state
        self._domain = SecurityDomain(state, state.serial)
        self._loaded = loaded

    def reset(self) -> None:
        """The session is over."""
        self._domain.reset()

    def takes(self, command: CommandApdu) -> bool:
        """Whether the command is one for issuing."""
        return command.cla in _ISSUING_CLASSES

    def process(self, command: CommandApdu) -> ResponseApdu:
        """Answer one command; raises `CommandRefused`."""
        if command.cla == _ISSUING_CLASSES[0]:
            return self._plain(command)
        if command.ins == _EXTERNAL_AUTHENTICATE:
            return self._domain.external_authenticate(command)
        plain = self._domain.open_command(command)
        session = self._domain.session
        if plain.ins != _LOAD:
            raise CommandRefused(StatusWord.INS_NOT_SUPPORTED)
        response = self._load(plain)
        return response if session is None else session.seal_response(response)

    def _plain(self, command: CommandApdu) -> ResponseApdu:
        match command.ins:
            case ins if ins == _GET_DATA:
                return self._get_data(command)
            case ins if ins == _INITIALIZE_UPDATE:
                return self._domain.initialize_update(command)
            case ins if ins == _LOAD:
                raise CommandRefused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
            case _:
                raise CommandRefused(StatusWord.INS_NOT_SUPPORTED)

    def _get_data(self, command: CommandApdu) -> ResponseApdu:
        require_data(command, 0)
        tag = command.p1 << 8 | command.p2
        if tag == KEY_INFORMATION_TAG:
            return answer(self._domain.key_information)
        if tag == ISSUE_INFORMATION_TAG:
            return answer(bytes(Tlv(ISSUE_INFORMATION_TAG, self._state.serial + self._issue())))
        raise CommandRefused(StatusWord.REFERENCE_NOT_FOUND)

    def _issue(self) -> bytes:
        package = self._state.package
        if package is None:
            return _NO_PACKAGE
        until = bytes.fromhex(package.valid_until.strftime("%Y%m%d"))
        counts = bytes((len(package.master_keys), len(package.signers)))
        return package.version.to_bytes(4, "big") + until + counts

    def _load(self, command: CommandApdu) -> ResponseApdu:
        require_parameters(command)
        try:
            package = SamPackage.from_bytes(self._domain.unseal(command.data))
        except ValueError:
            raise CommandRefused(StatusWord.INCORRECT_DATA) from None
        state = self._state
        if state.package is not None and package.version <= state.package.version:
            # An older list of signers would trust again what was taken out of it.
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        state.memory.commit(len(bytes(package)))
        state.package = package
        self._loaded()
        return answer(b"")
