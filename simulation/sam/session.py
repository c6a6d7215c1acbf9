"""What the SAM holds for one card, from its card control to the verdict on its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from simulation.chip.commands import CommandRefused, require_data, require_parameters
from simulation.sam.messaging import PendingSession, ReaderMessaging
from simulation.sam.verification import SIGNATURE_OBJECT_BYTES, FileDeciphering, SignatureCheck

__all__ = ["TOKEN_BYTES", "SamSession"]

TOKEN_BYTES: Final = 40
_SELECT: Final = 0xA4
_GOOD, _BAD = b"\x00\x00", b"\x00\x01"


class SamSession:
    """One card: what it shows of itself, what has been agreed with it, what was read of it.

    Commands raise `CommandRefused`; `alive` is False once a cryptogram of the card was wrong.
    """

    def __init__(
        self,
        card_control: bytes,
        pending: PendingSession,
        signers: Mapping[bytes, ec.EllipticCurvePublicKey],
    ) -> None:
        self.alive = True
        self._card_control = card_control
        self._pending = pending
        self._signers = signers
        self._messaging: ReaderMessaging | None = None
        self._deciphering: FileDeciphering | None = None
        self._signature: bytes | None = None
        self._check: SignatureCheck | None = None
        self._file_commands: dict[int, Callable[[CommandApdu], bytes]] = {
            0x00: self._begin_hash,
            0x02: self._last_is_next,
            0x03: self._hash_plain,
            0x04: self._verify,
            0x05: self._decipher,
            0x06: self._take_signature,
        }

    def verify_card(self, command: CommandApdu) -> bytes:
        """F2: take the card's answer."""
        require_parameters(command)
        require_data(command, TOKEN_BYTES)
        if self._messaging is not None:
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        self._messaging = self._pending.accept(command.data)
        if self._messaging is None:
            self.alive = False
            raise CommandRefused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        return b""

    def wrap(self, command: CommandApdu) -> bytes:
        """F3: a plain APDU in, a protected one out."""
        messaging = self._established()
        require_parameters(command)
        try:
            plain = CommandApdu.from_bytes(command.data)
            protected = bytes(messaging.wrap(plain))
        except ValueError:
            raise CommandRefused(StatusWord.INCORRECT_DATA) from None
        if plain.ins == _SELECT and self._deciphering is not None:
            self._deciphering.begin_file()
        return protected

    def unwrap(self, command: CommandApdu) -> bytes:
        """F4: a card's answer in, plain data and the card's status word out."""
        messaging = self._established()
        require_parameters(command)
        try:
            plain = messaging.unwrap(ResponseApdu.from_bytes(command.data))
        except ValueError:
            self.alive = False
            raise CommandRefused(StatusWord.SM_OBJECTS_INCORRECT) from None
        data = self._deciphered(plain.data)
        if self._check is not None:
            self._check.take_answer(data)
        return bytes(ResponseApdu(data, plain.sw))

    def files(self, command: CommandApdu) -> bytes:
        """FA: hash, decipher and verify what is read."""
        self._established()
        run = self._file_commands.get(command.p1)
        if run is None or command.p2 != 0:
            raise CommandRefused(StatusWord.INCORRECT_P1_P2)
        return run(command)

    def _established(self) -> ReaderMessaging:
        if self._messaging is None:
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        return self._messaging

    def _deciphered(self, data: bytes) -> bytes:
        if not data or self._deciphering is None:
            return data
        try:
            return self._deciphering.decipher(data)
        except ValueError:
            raise CommandRefused(StatusWord.WRONG_LENGTH) from None

    def _begin_hash(self, command: CommandApdu) -> bytes:
        require_data(command, 0)
        self._check = SignatureCheck()
        return b""

    def _last_is_next(self, command: CommandApdu) -> bytes:
        require_data(command, 0)
        self._running().last_is_next = True
        return b""

    def _hash_plain(self, command: CommandApdu) -> bytes:
        self._running().take_plain(command.data)
        return b""

    def _decipher(self, command: CommandApdu) -> bytes:
        require_data(command, 0)
        self._deciphering = FileDeciphering(self._pending.keys.file)
        return b""

    def _take_signature(self, command: CommandApdu) -> bytes:
        require_data(command, SIGNATURE_OBJECT_BYTES)
        self._signature = command.data
        return b""

    def _verify(self, command: CommandApdu) -> bytes:
        require_data(command, 0)
        if self._check is None or self._signature is None:
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        good = self._check.holds(self._signature, self._card_control, self._signers)
        self._check = None
        return _GOOD if good else _BAD

    def _running(self) -> SignatureCheck:
        if self._check is None or not self._check.running:
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        return self._check
