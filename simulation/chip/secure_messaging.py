"""Secure messaging, the card's side (ICAO Doc 9303-11 clause 9.8; ISO/IEC 7816-4 clause 10).

The framing is the same for every cipher; what differs stands behind `MessagingCipher`.
"""

from __future__ import annotations

import hmac
from typing import Final, Protocol

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.tlv import Tlv, decode_tlv
from simulation.chip.crypto import BLOCK_BYTES, Tdes, pad, session_keys, unpad

__all__ = ["PROTECTED_CLA", "MessagingBroken", "MessagingCipher", "SecureMessaging", "TdesCbcMac"]

PROTECTED_CLA: Final = 0x0C
"""CLA of a command whose header is part of the checksum (ISO/IEC 7816-4 table 3)."""

_DATA, _LE, _STATUS, _CHECKSUM = 0x87, 0x97, 0x99, 0x8E
_CHECKSUM_BYTES = 8
_CHECKSUM_HEAD = bytes((_CHECKSUM, _CHECKSUM_BYTES))
_PADDED = b"\x01"
_SHORT_LE = 256


class MessagingBroken(Exception):
    """A protected command that cannot be taken; `sw` is what the card answers, in plain form."""

    def __init__(self, sw: StatusWord) -> None:
        super().__init__(sw.name)
        self.sw = sw


class MessagingCipher(Protocol):
    """The cipher of a session. Data and messages come padded to whole blocks."""

    block_bytes: int

    def encrypt(self, counter: bytes, data: bytes) -> bytes:
        """Encipher data under the send sequence counter."""
        ...

    def decrypt(self, counter: bytes, data: bytes) -> bytes:
        """Decipher data."""
        ...

    def checksum(self, message: bytes) -> bytes:
        """Eight bytes over a message that begins with the counter."""
        ...


class TdesCbcMac:
    """TDES-CBC with IV zero and TDES-CBC-MAC, three keys each: the cipher of `ktp-el`."""

    block_bytes = BLOCK_BYTES

    def __init__(self, enc: Tdes, mac: Tdes) -> None:
        self._enc = enc
        self._mac = mac

    @classmethod
    def from_seed(cls, seed: bytes) -> TdesCbcMac:
        """The cipher of a session, by its 16-byte seed (chip profile, section 8 step 3)."""
        enc, mac = session_keys(seed)
        return cls(Tdes(enc), Tdes(mac))

    def encrypt(self, counter: bytes, data: bytes) -> bytes:  # noqa: ARG002 - the IV is zero
        """TDES-CBC."""
        return self._enc.encrypt(data)

    def decrypt(self, counter: bytes, data: bytes) -> bytes:  # noqa: ARG002 - the IV is zero
        """TDES-CBC, the other way."""
        return self._enc.decrypt(data)

    def checksum(self, message: bytes) -> bytes:
        """TDES-CBC-MAC."""
        return self._mac.mac(message)


class SecureMessaging:
    """A session: its cipher and its send sequence counter.

    The counter goes up by one before each command and before each response.
    """

    __slots__ = ("_cipher", "_counter")

    def __init__(self, cipher: MessagingCipher, counter: bytes) -> None:
        self._cipher = cipher
        self._counter = int.from_bytes(counter, "big")

    def open_command(self, command: CommandApdu) -> CommandApdu:
        """The plain command within a protected one.

        Raises `MessagingBroken`: 6987 without a checksum or with nothing but one, 6988 where the
        checksum, an object or the padding is wrong. The session must then be ended.
        """
        counter = self._advance()
        objects, checksum = command.data[:-10], command.data[-10:]
        if not objects or not checksum.startswith(_CHECKSUM_HEAD):
            raise MessagingBroken(StatusWord.SM_OBJECTS_MISSING)
        header = bytes((command.cla, command.ins, command.p1, command.p2))
        expected = self._checksum(counter, self._pad(header) + objects)
        if not hmac.compare_digest(expected, checksum[2:]):
            raise MessagingBroken(StatusWord.SM_OBJECTS_INCORRECT)
        try:
            data, le = self._read_objects(counter, objects)
        except ValueError:
            raise MessagingBroken(StatusWord.SM_OBJECTS_INCORRECT) from None
        cla = command.cla & ~PROTECTED_CLA
        return CommandApdu(cla, command.ins, command.p1, command.p2, data, le)

    def seal_response(self, response: ResponseApdu) -> ResponseApdu:
        """The response with its data enciphered, its status word repeated, and a checksum."""
        counter = self._advance()
        objects = b""
        if response.data:
            cipher_text = self._cipher.encrypt(counter, self._pad(response.data))
            objects = bytes(Tlv(_DATA, _PADDED + cipher_text))
        objects += bytes((_STATUS, 2)) + response.sw.to_bytes(2, "big")
        checksum = self._checksum(counter, objects)
        return ResponseApdu(objects + _CHECKSUM_HEAD + checksum, response.sw)

    def _read_objects(self, counter: bytes, objects: bytes) -> tuple[bytes, int | None]:
        found = list(decode_tlv(objects))
        tags = [item.tag for item in found]
        if tags not in ([_DATA], [_LE], [_DATA, _LE]):
            msg = "other objects than data and Le, or in another order"
            raise ValueError(msg)
        values = {item.tag: item.value for item in found}
        data = self._decipher(counter, values[_DATA]) if _DATA in values else b""
        return data, _expected_length(values[_LE]) if _LE in values else None

    def _decipher(self, counter: bytes, value: bytes) -> bytes:
        indicator, cipher_text = value[:1], value[1:]
        if indicator != _PADDED or not cipher_text or len(cipher_text) % self._cipher.block_bytes:
            msg = "cipher text without its indicator, or not in whole blocks"
            raise ValueError(msg)
        return unpad(self._cipher.decrypt(counter, cipher_text))

    def _advance(self) -> bytes:
        size = self._cipher.block_bytes
        self._counter = (self._counter + 1) % (1 << (8 * size))
        return self._counter.to_bytes(size, "big")

    def _checksum(self, counter: bytes, message: bytes) -> bytes:
        return self._cipher.checksum(self._pad(counter + message))

    def _pad(self, data: bytes) -> bytes:
        return pad(data, self._cipher.block_bytes)


def _expected_length(value: bytes) -> int:
    if len(value) != 1:
        msg = "Le is one byte"
        raise ValueError(msg)
    return value[0] or _SHORT_LE
