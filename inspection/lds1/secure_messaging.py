"""Secure messaging as a terminal does it (Doc 9303-11 clause 9.8), for 3DES and AES.

What is not wholly there and verified is no answer: a bare status word, a missing object, an object
that does not belong, another order, another padding end the session (`ChannelBroken`).
"""

from __future__ import annotations

from typing import Final, Protocol

from ektp.apdu import CommandApdu, ResponseApdu, describe_sw
from inspection.faults import ChannelBroken, ChipFault
from inspection.lds1.ciphers import CHECKSUM_BYTES, SessionKeys, pad, same, unpad
from inspection.lds1.tlv import DataObject, data_objects, encode

__all__ = ["SHORT_PLAIN_BYTES", "Link", "SecureChannel", "SecureMessaging"]

_SECURE_CLASS = 0x0C
_DATA, _ODD_DATA, _LE, _STATUS, _CHECKSUM = 0x87, 0x85, 0x97, 0x99, 0x8E
_PADDING_INDICATOR = b"\x01"
_SHORT, _EXTENDED = 0x100, 0x10000
_LONGEST_SHORT_DATA = 0xFF
SHORT_PLAIN_BYTES: Final = 223
"""The most plain data whose protected answer fits 256 bytes, under each cipher."""


class Link(Protocol):
    """Whatever a command can be sent through: the chip itself, or a session with it."""

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Send one command. Raises `ReadingEnded`, and in a session `ChannelBroken`."""
        ...


class SecureMessaging:
    """One session's keys and its send sequence counter, which grows with each message."""

    def __init__(self, keys: SessionKeys) -> None:
        self._keys = keys
        self._cipher = keys.cipher
        self._counter = keys.counter

    def wrap(self, command: CommandApdu) -> CommandApdu:
        """The protected command; extended where the plain one is, or where it has become too long.

        Who expects more than `SHORT_PLAIN_BYTES` asks for more than 256, which is extended.
        """
        self._count()
        odd = bool(command.ins & 1)
        objects = b""
        if command.data:
            objects = self._enciphered(command.data, odd=odd)
        if command.le is not None:
            size = 2 if command.le > _SHORT else 1
            le = command.le % (1 << 8 * size)
            objects += encode(_LE, le.to_bytes(size, "big"))
        header = bytes((command.cla | _SECURE_CLASS, command.ins, command.p1, command.p2))
        checksum = self._checksum(pad(header, self._cipher.block_bytes) + objects)
        objects += encode(_CHECKSUM, checksum)
        extended = command.extended or len(objects) > _LONGEST_SHORT_DATA
        return CommandApdu(
            header[0],
            command.ins,
            command.p1,
            command.p2,
            objects,
            le=_EXTENDED if extended else _SHORT,
        )

    def unwrap(self, answer: ResponseApdu, *, odd: bool = False) -> ResponseApdu:
        """The plain answer. Raises `ChannelBroken`. `odd`: of a command with an odd INS."""
        self._count()
        if not answer.data:
            raise ChannelBroken(f"a bare {describe_sw(answer.sw)}")
        data_tag = _ODD_DATA if odd else _DATA
        try:
            found = data_objects(answer.data)
        except ChipFault as fault:
            raise ChannelBroken(
                f"an answer of {len(answer.data)} bytes: {fault.evidence}"
            ) from fault
        tags = [item.tag for item in found]
        if tags not in ([_STATUS, _CHECKSUM], [data_tag, _STATUS, _CHECKSUM]):
            shown = " ".join(f"{tag:X}" for tag in tags[:6])
            raise ChannelBroken(f"objects {shown}, {describe_sw(answer.sw)}")
        self._verify(found)
        status = found[-2].value
        if status != answer.sw.to_bytes(2, "big"):
            # ISO/IEC 7816-4 clause 10.3: the status word in clear repeats the protected one.
            raise ChannelBroken(f"{answer.sw:04X} in clear, {status.hex().upper()} protected")
        data = self._deciphered(found[0].value, odd=odd) if tags[0] == data_tag else b""
        return ResponseApdu(data, answer.sw)

    def _count(self) -> None:
        self._counter = (self._counter + 1) % (1 << 8 * self._cipher.block_bytes)

    def _counter_block(self) -> bytes:
        return self._counter.to_bytes(self._cipher.block_bytes, "big")

    def _checksum(self, message: bytes) -> bytes:
        block = self._cipher.block_bytes
        message = self._counter_block() + message
        if block == CHECKSUM_BYTES:
            # The retail MAC pads by itself.
            return self._cipher.checksum(self._keys.authenticating, message)
        return self._cipher.checksum(self._keys.authenticating, pad(message, block))

    def _iv(self) -> bytes | None:
        if self._cipher.block_bytes == CHECKSUM_BYTES:
            return None
        return self._cipher.encipher(self._keys.enciphering, self._counter_block())

    def _enciphered(self, data: bytes, *, odd: bool) -> bytes:
        padded = pad(data, self._cipher.block_bytes)
        cryptogram = self._cipher.encipher(self._keys.enciphering, padded, self._iv())
        if odd:
            return encode(_ODD_DATA, cryptogram)
        return encode(_DATA, _PADDING_INDICATOR + cryptogram)

    def _verify(self, found: tuple[DataObject, ...]) -> None:
        covered = b"".join(item.raw for item in found[:-1])
        checksum = found[-1].value
        if len(checksum) != CHECKSUM_BYTES or not same(checksum, self._checksum(covered)):
            raise ChannelBroken("a checksum does not verify")

    def _deciphered(self, value: bytes, *, odd: bool) -> bytes:
        cryptogram = value if odd else value[1:]
        indicated = odd or value[:1] == _PADDING_INDICATOR
        if not indicated or not cryptogram or len(cryptogram) % self._cipher.block_bytes:
            raise ChannelBroken(f"an enciphered object of {len(value)} bytes")
        padded = self._cipher.decipher(self._keys.enciphering, cryptogram, self._iv())
        data = unpad(padded, self._cipher.block_bytes)
        if data is None:
            raise ChannelBroken("the padding of an answer is not 80 00…")
        return data


class SecureChannel:
    """A session with a chip: plain commands in, verified plain answers out.

    Once it broke it stays broken: nothing more is sent through it.
    """

    def __init__(self, chip: Link, keys: SessionKeys) -> None:
        self._chip = chip
        self._messaging = SecureMessaging(keys)
        self.cipher = keys.cipher
        self.broken = False

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Send one command. Raises `ChannelBroken`, `ReadingEnded`."""
        if self.broken:
            raise ChannelBroken("the session is over")
        answer = self._chip.transmit(self._messaging.wrap(command))
        try:
            return self._messaging.unwrap(answer, odd=bool(command.ins & 1))
        except ChannelBroken:
            self.broken = True
            raise

    def last(self, command: CommandApdu) -> CommandApdu:
        """A protected command to be sent past the channel, which is over with it."""
        self.broken = True
        return self._messaging.wrap(command)
