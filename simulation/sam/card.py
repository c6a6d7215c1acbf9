"""The SAM as a contact card: the published commands `00F0` to `00FF` (chip profile, section 9)."""

from __future__ import annotations

import functools
import hmac
import operator
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric import ec

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.ports import TRANSPORT_KEY_VERSION, Entropy, TrustedSigner
from simulation.chip.commands import CommandRefused, answer, require_data, require_parameters
from simulation.chip.features import ChipFeatures
from simulation.chip.framing import Framing
from simulation.chip.keys import KeySet
from simulation.sam.issuing import SamIssuing
from simulation.sam.messaging import PendingSession, ReadKeys
from simulation.sam.package import OPEN_SECRET_BYTES, SamPackage, point_of
from simulation.sam.session import TOKEN_BYTES, SamSession
from simulation.sam.state import SERIAL_BYTES, SamState

__all__ = ["SamCardChannel", "SimulatedSam"]

_FEATURES: Final = ChipFeatures(chaining=True)
_KEY_BYTES: Final = 32
_GIVEN: Final = 0
_CARD_CONTROL_BYTES: Final = 51
_NAMES_BYTES: Final = 16  # UID and RND.ICC
_CARD_CONTROL_VERSION: Final = 1
# T=1; the historical bytes say what this is.
_ATR_BODY: Final = b"\x88\x01EKTP-SAM"


class SimulatedSam:
    """A SAM with what it was issued with, or a new one.

    `master_keys`: AES-256 keys of 32 bytes by version. `open_secret`: 32 bytes. `signers`: P-256
    public keys. Without `open_secret` it is a module as its maker delivers it. `transport_keys`:
    the key set by which it is issued; without it nobody can. A key of another kind is a
    programmer's `ValueError`.
    """

    def __init__(
        self,
        *,
        master_keys: Mapping[int, bytes] | None = None,
        open_secret: bytes | None = None,
        signers: Iterable[TrustedSigner] = (),
        serial: bytes = bytes(SERIAL_BYTES),
        transport_keys: KeySet | None = None,
        random: Entropy | None = None,
    ) -> None:
        state = SamState(serial=serial, keys=transport_keys or _keys_of_nobody())
        if open_secret is not None:
            state.package = SamPackage(
                version=_GIVEN,
                valid_until=date.max,
                open_secret=open_secret,
                master_keys=master_keys or {},
                signers={signer.key_id: point_of(signer) for signer in signers},
            )
        self._begin(state, random)

    @classmethod
    def from_bytes(cls, packed: bytes, *, random: Entropy | None = None) -> Self:
        """The module that `bytes(sam)` saved, powered anew. Raises `StoreError`."""
        sam = cls.__new__(cls)
        sam._begin(SamState.from_bytes(packed), random)  # noqa: SLF001 - its own class
        return sam

    def _begin(self, state: SamState, random: Entropy | None) -> None:
        self._state = state
        self._issuing = SamIssuing(state, self._issued)
        self._framing = Framing(_FEATURES, frozenset())
        self._signers: dict[bytes, ec.EllipticCurvePublicKey] = {}
        self._issued()
        self._random: Callable[[int], bytes] = (
            secrets.token_bytes if random is None else random.token_bytes
        )
        self._always: dict[int, Callable[[CommandApdu], bytes]] = {
            0xF0: self._open,
            0xF7: self._identify,
            0xF8: self._activation,
        }
        self._once_open: dict[int, Callable[[CommandApdu], bytes]] = {
            0xF1: self._calculate_challenge,
            0xF2: lambda command: self._current().verify_card(command),
            0xF3: lambda command: self._current().wrap(command),
            0xF4: lambda command: self._current().unwrap(command),
            0xFA: lambda command: self._current().files(command),
            0xFF: self._forget,
        }

    def __repr__(self) -> str:
        return f"SimulatedSam({self._state.serial.hex().upper()})"

    def __bytes__(self) -> bytes:
        """All that survives: serial, channel keys and counters, the package loaded last."""
        return bytes(self._state)

    @property
    def serial(self) -> bytes:
        """The module's serial, 8 bytes."""
        return self._state.serial

    @property
    def writes(self) -> int:
        """Grows with each lasting change since this object was made: when to save the module."""
        return self._state.memory.writes

    @property
    def atr(self) -> bytes:
        """The answer to reset of a T=1 contact card."""
        return b"\x3b" + _ATR_BODY + bytes((functools.reduce(operator.xor, _ATR_BODY),))

    def reset(self) -> None:
        """The slot lost its power: OPEN is needed again."""
        self._close()
        self._issuing.reset()
        self._framing.reset()

    def _close(self) -> None:
        self._opened = False
        self._session: SamSession | None = None

    def _issued(self) -> None:
        """Another package holds from now on: whoever uses it opens the module again."""
        package = self._state.package
        self._signers = {} if package is None else package.public_keys()
        self._close()

    def process(self, command: CommandApdu) -> ResponseApdu:
        """Answer one command; never raises."""
        received = self._framing.receive(command)
        if isinstance(received, ResponseApdu):
            return received
        return self._framing.send(received, self._answer(received))

    def _answer(self, command: CommandApdu) -> ResponseApdu:
        try:
            if self._issuing.takes(command):
                return self._issuing.process(command)
            return answer(self._find(command)(command))
        except CommandRefused as refused:
            return ResponseApdu(b"", refused.sw)
        finally:
            if self._session is not None and not self._session.alive:
                self._session = None

    def _find(self, command: CommandApdu) -> Callable[[CommandApdu], bytes]:
        if command.cla != 0:
            raise CommandRefused(StatusWord.CLA_NOT_SUPPORTED)
        run = self._always.get(command.ins)
        if run is None:
            run = self._once_open.get(command.ins)
            if run is None:
                raise CommandRefused(StatusWord.INS_NOT_SUPPORTED)
            if not self._opened:
                raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        return run

    def _current(self) -> SamSession:
        if self._session is None:
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        return self._session

    def _open(self, command: CommandApdu) -> bytes:
        require_parameters(command)
        require_data(command, OPEN_SECRET_BYTES)
        self._close()
        package = self._state.package
        if package is None:
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        if not hmac.compare_digest(command.data, package.open_secret):
            raise CommandRefused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        self._opened = True
        return b""

    def _forget(self, command: CommandApdu) -> bytes:
        require_parameters(command)
        require_data(command, 0)
        self._session = None
        return b""

    def _identify(self, command: CommandApdu) -> bytes:
        require_parameters(command)
        require_data(command, 0)
        return self._state.serial

    def _activation(self, command: CommandApdu) -> bytes:
        require_parameters(command)
        require_data(command, 0)
        return bytes((self._opened,))

    def _calculate_challenge(self, command: CommandApdu) -> bytes:
        self._session = None
        if command.p1 != 0 or command.p2 not in (0, 1):
            raise CommandRefused(StatusWord.INCORRECT_P1_P2)
        card_control = self._read_card_control(command)
        package = self._state.package
        master = None if package is None else package.master_keys.get(card_control[9])
        if master is None:
            raise CommandRefused(StatusWord.REFERENCE_NOT_FOUND)
        pending = PendingSession(
            keys=ReadKeys.derive(master, card_control),
            random_ifd=self._random(8),
            random_icc=command.data[-8:],
            keying_ifd=self._random(16),
        )
        self._session = SamSession(card_control, pending, self._signers)
        return pending.token + bytes((TOKEN_BYTES,))

    def _read_card_control(self, command: CommandApdu) -> bytes:
        if command.p2 == 0:
            # A card control of another length: none whose layout this module knows.
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        require_data(command, _CARD_CONTROL_BYTES + _NAMES_BYTES)
        if command.data[0] != _CARD_CONTROL_VERSION:
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        return command.data[:_CARD_CONTROL_BYTES]


def _keys_of_nobody() -> KeySet:
    keys = (secrets.token_bytes(_KEY_BYTES) for _ in range(3))
    return KeySet(TRANSPORT_KEY_VERSION, *keys)


def _nothing() -> None:
    """Nobody wants to know."""


class SamCardChannel:
    """A SAM in its slot (implements `ektp.ports.CardChannel`).

    `on_change` is called after each command that changed the module's lasting state, before its
    answer is returned.
    """

    def __init__(self, sam: SimulatedSam, on_change: Callable[[], None] = _nothing) -> None:
        self._sam = sam
        self._on_change = on_change

    def atr(self) -> bytes:
        """The answer to reset."""
        return self._sam.atr

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Send one command."""
        before = self._sam.writes
        response = self._sam.process(command)
        if self._sam.writes != before:
            self._on_change()
        return response

    def reset(self) -> None:
        """Take the slot's power away and give it back."""
        self._sam.reset()
