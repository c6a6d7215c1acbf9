"""The SAM as a contact card: the published commands `00F0` to `00FF` (chip profile, section 9)."""

from __future__ import annotations

import functools
import hmac
import operator
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.ports import Entropy, TrustedSigner
from simulation.chip.commands import CommandRefused, answer, require_data, require_parameters
from simulation.sam.messaging import PendingSession, ReadKeys
from simulation.sam.session import TOKEN_BYTES, SamSession

__all__ = ["SamCardChannel", "SimulatedSam"]

_SECRET_BYTES: Final = 32
_SERIAL_BYTES: Final = 8
_CARD_CONTROL_BYTES: Final = 51
_NAMES_BYTES: Final = 16  # UID and RND.ICC
_CARD_CONTROL_VERSION: Final = 1
# T=1; the historical bytes say what this is.
_ATR_BODY: Final = b"\x88\x01EKTP-SAM"


class SimulatedSam:
    """A SAM with read master keys by version, its OPEN secret, and the signers that it trusts.

    `master_keys`: AES-256 keys of 32 bytes. `open_secret`: 32 bytes. `signers`: P-256 public keys.
    A key of another kind is a programmer's `ValueError`.
    """

    def __init__(
        self,
        *,
        master_keys: Mapping[int, bytes],
        open_secret: bytes,
        signers: Iterable[TrustedSigner] = (),
        serial: bytes = bytes(_SERIAL_BYTES),
        random: Entropy | None = None,
    ) -> None:
        if any(len(key) != 32 for key in master_keys.values()):
            msg = "a read master key has 32 bytes"
            raise ValueError(msg)
        if len(open_secret) != _SECRET_BYTES or len(serial) != _SERIAL_BYTES:
            msg = "the OPEN secret has 32 bytes and the serial 8"
            raise ValueError(msg)
        self._master_keys = dict(master_keys)
        self._open_secret = open_secret
        self._signers = {signer.key_id: _public_key(signer) for signer in signers}
        self._serial = serial
        self._random: Callable[[int], bytes] = (
            secrets.token_bytes if random is None else random.token_bytes
        )
        self._opened = False
        self._session: SamSession | None = None
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
        return f"SimulatedSam({self._serial.hex().upper()})"

    @property
    def atr(self) -> bytes:
        """The answer to reset of a T=1 contact card."""
        return b"\x3b" + _ATR_BODY + bytes((functools.reduce(operator.xor, _ATR_BODY),))

    def reset(self) -> None:
        """The slot lost its power: OPEN is needed again."""
        self._opened = False
        self._session = None

    def process(self, command: CommandApdu) -> ResponseApdu:
        """Answer one command; never raises."""
        try:
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
        require_data(command, _SECRET_BYTES)
        self.reset()
        if not hmac.compare_digest(command.data, self._open_secret):
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
        return self._serial

    def _activation(self, command: CommandApdu) -> bytes:
        require_parameters(command)
        require_data(command, 0)
        return bytes((self._opened,))

    def _calculate_challenge(self, command: CommandApdu) -> bytes:
        self._session = None
        if command.p1 != 0 or command.p2 not in (0, 1):
            raise CommandRefused(StatusWord.INCORRECT_P1_P2)
        card_control = self._read_card_control(command)
        master = self._master_keys.get(card_control[9])
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


class SamCardChannel:
    """A SAM in its slot (implements `ektp.ports.CardChannel`)."""

    def __init__(self, sam: SimulatedSam) -> None:
        self._sam = sam

    def atr(self) -> bytes:
        """The answer to reset."""
        return self._sam.atr

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Send one command."""
        return self._sam.process(command)

    def reset(self) -> None:
        """Take the slot's power away and give it back."""
        self._sam.reset()


def _public_key(signer: TrustedSigner) -> ec.EllipticCurvePublicKey:
    key = load_der_public_key(signer.public_key)
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    msg = "a signer's public key is on P-256"
    raise ValueError(msg)
