"""Secure messaging of an LDS1 application, the card's side (Doc 9303-11 clause 9.8)."""

from __future__ import annotations

import hmac
from typing import Final

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.tlv import Tlv, decode_tlv
from simulation.chip.crypto import pad, unpad
from simulation.chip.lds1.behaviour import HONEST, Flaw, Lds1Behaviour
from simulation.chip.lds1.ciphers import CHECKSUM_BYTES, SessionCipher
from simulation.chip.secure_messaging import PROTECTED_CLA, MessagingBroken

__all__ = ["Lds1Messaging"]

_DATA, _DATA_BER, _LE, _STATUS, _CHECKSUM = 0x87, 0x85, 0x97, 0x99, 0x8E
_ORDERS: Final[tuple[list[int], ...]] = (
    [],
    [_DATA],
    [_LE],
    [_DATA, _LE],
    [_DATA_BER],
    [_DATA_BER, _LE],
)
_CHECKSUM_HEAD: Final = bytes((_CHECKSUM, CHECKSUM_BYTES))
_CHECKSUM_OBJECT: Final = len(_CHECKSUM_HEAD) + CHECKSUM_BYTES
_PADDED: Final = b"\x01"
_SHORT: Final = 256
_OTHER_STATUS: Final = bytes.fromhex("6A82")
# Tags and lengths of 87, 99 and 8E, with the padding indicator; as long as they can be.
_SHORT_FRAME: Final = 3 + 1 + 4 + 10
_EXTENDED_FRAME: Final = 4 + 1 + 4 + 10


class Lds1Messaging:
    """A session: its cipher and its send sequence counter, which has the length of a block.

    The counter goes up by one before each command and before each response. `longest_answer`: how
    many bytes of data an extended answer holds. `room`: how many bytes of plain data fit into the
    answer to the command in hand.
    """

    __slots__ = (
        "_answers",
        "_behaviour",
        "_cipher",
        "_counter",
        "_first",
        "_longest_answer",
        "_odd",
        "room",
    )

    def __init__(
        self,
        cipher: SessionCipher,
        counter: int = 0,
        behaviour: Lds1Behaviour = HONEST,
        longest_answer: int = _SHORT,
    ) -> None:
        self._cipher = cipher
        self._longest_answer = longest_answer
        self._counter = counter
        self._behaviour = behaviour
        self._answers = 0
        self._odd = False
        self._first: ResponseApdu | None = None
        self.room = 0

    def open_command(self, command: CommandApdu) -> CommandApdu:
        """The plain command within a protected one.

        Raises `MessagingBroken`: 6987 without a checksum, 6988 where the checksum, an object or the
        padding is wrong. The session must then be ended.
        """
        counter = self._advance()
        objects, checksum = command.data[:-_CHECKSUM_OBJECT], command.data[-_CHECKSUM_OBJECT:]
        if not checksum.startswith(_CHECKSUM_HEAD):
            raise MessagingBroken(StatusWord.SM_OBJECTS_MISSING)
        header = bytes((command.cla, command.ins, command.p1, command.p2))
        # The padded header stands alone where there is no object after it.
        after = self._pad(objects) if objects else b""
        expected = self._cipher.checksum(counter + self._pad(header) + after)
        if not hmac.compare_digest(expected, checksum[2:]):
            raise MessagingBroken(StatusWord.SM_OBJECTS_INCORRECT)
        try:
            data, le = self._read_objects(counter, objects)
        except ValueError:
            raise MessagingBroken(StatusWord.SM_OBJECTS_INCORRECT) from None
        self._odd = bool(command.ins & 1)
        self.room = self._room(command)
        cla = command.cla & ~PROTECTED_CLA
        return CommandApdu(cla, command.ins, command.p1, command.p2, data, le)

    def seal_response(self, response: ResponseApdu) -> ResponseApdu:
        """The response with its data enciphered, its status word repeated, and a checksum."""
        counter = self._advance()
        self._answers += 1
        flaws = self._flaws
        if Flaw.SM_ERROR_STATUS in flaws:
            return ResponseApdu(b"", StatusWord.SM_OBJECTS_INCORRECT)
        if Flaw.SM_UNPROTECTED in flaws:
            return response
        sealed = ResponseApdu(self._seal(counter, response, flaws), response.sw)
        if Flaw.SM_REPLAY in flaws:
            self._first = self._first or sealed
            return self._first
        return sealed

    @property
    def _flaws(self) -> frozenset[Flaw]:
        good = self._answers <= self._behaviour.good_answers
        return frozenset() if good else self._behaviour.flaws

    def _seal(self, counter: bytes, response: ResponseApdu, flaws: frozenset[Flaw]) -> bytes:
        data = self._encipher(counter, response.data) if response.data else b""
        if Flaw.SM_CORRUPT_DATA in flaws:
            data = _altered(data)
        objects = b"" if Flaw.SM_NO_DATA in flaws else data
        if Flaw.SM_NO_STATUS not in flaws:
            status = response.sw.to_bytes(2, "big")
            status = _OTHER_STATUS if Flaw.SM_OTHER_STATUS in flaws else status
            objects += bytes(Tlv(_STATUS, status))
        checksum = self._checksum(counter, objects)
        if Flaw.SM_TAMPERED_DATA in flaws and data:
            objects = _altered(data) + objects[len(data) :]
        if Flaw.SM_NO_CHECKSUM in flaws:
            return objects
        if Flaw.SM_WRONG_CHECKSUM in flaws:
            checksum = _altered(checksum)
        return objects + _CHECKSUM_HEAD + checksum

    def _encipher(self, counter: bytes, data: bytes) -> bytes:
        cipher_text = self._cipher.encrypt(counter, self._pad(data))
        if self._odd:
            return bytes(Tlv(_DATA_BER, cipher_text))
        return bytes(Tlv(_DATA, _PADDED + cipher_text))

    def _read_objects(self, counter: bytes, objects: bytes) -> tuple[bytes, int | None]:
        found = list(decode_tlv(objects))
        if [item.tag for item in found] not in _ORDERS:
            msg = "other objects than data and Le, or in another order"
            raise ValueError(msg)
        values = {item.tag: item.value for item in found}
        le = _expected_length(values[_LE]) if _LE in values else None
        return self._decipher(counter, values), le

    def _decipher(self, counter: bytes, values: dict[int, bytes]) -> bytes:
        if not values.keys() & {_DATA, _DATA_BER}:
            return b""
        cipher_text = values.get(_DATA_BER, b"")
        if _DATA in values:
            cipher_text = values[_DATA][1:]
            if values[_DATA][:1] != _PADDED:
                msg = "cipher text without its indicator"
                raise ValueError(msg)
        if not cipher_text or len(cipher_text) % self._cipher.block_bytes:
            msg = "cipher text that is not in whole blocks"
            raise ValueError(msg)
        return unpad(self._cipher.decrypt(counter, cipher_text))

    def _room(self, command: CommandApdu) -> int:
        asked = command.le or _SHORT
        limit = self._longest_answer if command.extended else _SHORT
        frame = _EXTENDED_FRAME if command.extended else _SHORT_FRAME
        blocks = (min(asked, limit) - frame) // self._block
        return max(0, blocks * self._block - 1)

    @property
    def _block(self) -> int:
        return self._cipher.block_bytes

    def _advance(self) -> bytes:
        self._counter = (self._counter + 1) % (1 << (8 * self._block))
        return self._counter.to_bytes(self._block, "big")

    def _checksum(self, counter: bytes, message: bytes) -> bytes:
        return self._cipher.checksum(self._pad(counter + message))

    def _pad(self, data: bytes) -> bytes:
        return pad(data, self._block)


def _altered(data: bytes) -> bytes:
    """The same with one bit of its last byte turned."""
    return data[:-1] + bytes(byte ^ 1 for byte in data[-1:])


def _expected_length(value: bytes) -> int:
    if len(value) not in {1, 2}:
        msg = "Le is one byte or two"
        raise ValueError(msg)
    return int.from_bytes(value, "big") or 1 << (8 * len(value))
