"""The reader's side of secure messaging and of the mutual authentication, as the SAM does it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final, Self

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.tlv import Tlv, decode_tlv
from simulation.chip.crypto import Tdes, derive_key, pad, session_keys, unpad, xor

__all__ = ["PendingSession", "ReadKeys", "ReaderMessaging"]

_CHECKSUM_HEAD: Final = b"\x8e\x08"
_STATUS_LENGTH: Final = 2
_MAX_PLAIN: Final = 223
_MAX_LE: Final = 256


@dataclass(frozen=True, slots=True, repr=False)
class ReadKeys:
    """The three read keys of one chip (chip profile, section 7)."""

    enc: Tdes
    mac: Tdes
    file: Tdes

    @classmethod
    def derive(cls, master: bytes, card_control: bytes) -> Self:
        """The keys of the chip that shows this card control."""
        context = hashlib.sha256(card_control).digest()[:16]
        labels = (b"EKTP-ENC", b"EKTP-MAC", b"EKTP-FILE")
        return cls(*(Tdes(derive_key(master, label, context, 24)) for label in labels))


class ReaderMessaging:
    """A session, from the reader's end. Broken cryptograms raise `ValueError`."""

    __slots__ = ("_counter", "_enc", "_mac")

    def __init__(self, seed: bytes, counter: bytes) -> None:
        enc, mac = session_keys(seed)
        self._enc, self._mac = Tdes(enc), Tdes(mac)
        self._counter = int.from_bytes(counter, "big")

    def wrap(self, command: CommandApdu) -> CommandApdu:
        """The protected form of a plain command (class `00`, short lengths)."""
        if command.cla != 0 or len(command.data) > _MAX_PLAIN or (command.le or 0) > _MAX_LE:
            msg = "only short commands of class 00 are protected"
            raise ValueError(msg)
        objects = b""
        if command.data:
            objects = bytes(Tlv(0x87, b"\x01" + self._enc.encrypt(pad(command.data))))
        if command.le is not None:
            objects += bytes((0x97, 1, command.le & 0xFF))
        header = bytes((0x0C, command.ins, command.p1, command.p2))
        checksum = self._checksum(pad(header) + objects)
        data = objects + _CHECKSUM_HEAD + checksum
        return CommandApdu(0x0C, command.ins, command.p1, command.p2, data, _MAX_LE)

    def unwrap(self, response: ResponseApdu) -> ResponseApdu:
        """The plain response; `ValueError` where checksum, objects or status word are wrong."""
        objects, checksum = response.data[:-10], response.data[-10:]
        expected = _CHECKSUM_HEAD + self._checksum(objects)
        if not hmac.compare_digest(expected, checksum):
            msg = "the checksum of the response is wrong"
            raise ValueError(msg)
        values = {item.tag: item.value for item in decode_tlv(objects)}
        status = values.pop(0x99, b"")
        protected = values.pop(0x87, None)
        sw = int.from_bytes(status, "big")
        if values or len(status) != _STATUS_LENGTH or sw != response.sw:
            msg = "the objects of the response do not fit its status word"
            raise ValueError(msg)
        return ResponseApdu(b"" if protected is None else self._decipher(protected), sw)

    def _decipher(self, protected: bytes) -> bytes:
        if protected[:1] != b"\x01":
            msg = "cipher text without its padding indicator"
            raise ValueError(msg)
        return unpad(self._enc.decrypt(protected[1:]))

    def _checksum(self, message: bytes) -> bytes:
        self._counter = (self._counter + 1) % (1 << 64)
        return self._mac.mac(pad(self._counter.to_bytes(8, "big") + message))


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class PendingSession:
    """What the SAM has sent to a card and not yet seen answered."""

    keys: ReadKeys
    random_ifd: bytes
    random_icc: bytes
    keying_ifd: bytes

    @property
    def token(self) -> bytes:
        """E ‖ MAC, 40 bytes (chip profile, section 8 step 2)."""
        sealed = self.keys.enc.encrypt(self.random_ifd + self.random_icc + self.keying_ifd)
        return sealed + self.keys.mac.mac(pad(sealed))

    def accept(self, answer: bytes) -> ReaderMessaging | None:
        """The session that the card's 40-byte answer proves; None where it proves nothing."""
        sealed, checksum = answer[:32], answer[32:]
        if not hmac.compare_digest(self.keys.mac.mac(pad(sealed)), checksum):
            return None
        plain = self.keys.enc.decrypt(sealed)
        if not hmac.compare_digest(plain[:16], self.random_icc + self.random_ifd):
            return None
        counter = self.random_icc[4:] + self.random_ifd[4:]
        return ReaderMessaging(xor(self.keying_ifd, plain[16:]), counter)
