"""The host's half of docs/secure-channel.md, typed from the document: for tests of the chip.

Nothing here knows the key service or the personalization.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from ektp.apdu import CommandApdu, ResponseApdu

HOST_CHALLENGE = bytes(range(8))
Transmit = Callable[[CommandApdu], ResponseApdu]


def cmac(key: bytes, data: bytes) -> bytes:
    mac = CMAC(AES(key))
    mac.update(data)
    return mac.finalize()


def cbc(key: bytes, data: bytes, iv: bytes = bytes(16)) -> bytes:
    return Cipher(AES(key), modes.CBC(iv)).encryptor().update(data)


def uncbc(key: bytes, data: bytes, iv: bytes = bytes(16)) -> bytes:
    return Cipher(AES(key), modes.CBC(iv)).decryptor().update(data)


def kdf(key: bytes, constant: int, length: int, context: bytes) -> bytes:
    made = b""
    for counter in (1, 2):
        head = bytes(11) + bytes((constant, 0, length * 8 >> 8, length * 8 & 0xFF, counter))
        made += cmac(key, head + context)
    return made[:length]


def padded(data: bytes) -> bytes:
    return data + b"\x80" + bytes(-(len(data) + 1) % 16)


@dataclass(frozen=True)
class Keys:
    """A key set of the tests."""

    version: int
    enc: bytes
    mac: bytes
    dek: bytes


def kcv(key: bytes) -> bytes:
    return cbc(key, b"\x01" * 16)[:3]


def put_key(old: Keys, new: Keys) -> CommandApdu:
    size = len(new.enc)
    data = bytes((new.version,))
    for key in (new.enc, new.mac, new.dek):
        data += bytes((0x88, size + 1, size)) + cbc(old.dek, key) + b"\x03" + kcv(key)
    return CommandApdu(0x80, 0xD8, 0x30, 0x81, data, 256)


def sealed(keys: Keys, secret: bytes) -> bytes:
    return cbc(keys.dek, padded(secret)) + hashlib.sha256(secret).digest()[:3]


def put_data(keys: Keys, number: int, secret: bytes) -> CommandApdu:
    return CommandApdu(0x00, 0xDA, 0x01, number, sealed(keys, secret))


class Host:
    """A session with a card; `process` is to the plain command what the card's is."""

    def __init__(self, transmit: Transmit, keys: Keys, challenge: bytes = HOST_CHALLENGE) -> None:
        self.transmit = transmit
        self.keys = keys
        self.challenge = challenge
        self.counter = 0

    def initialize(self) -> ResponseApdu:
        version = self.keys.version
        response = self.transmit(CommandApdu(0x80, 0x50, version, 0, self.challenge, 256))
        if response.ok:
            self.take(response.data)
        return response

    def take(self, answer: bytes) -> None:
        self.answer = answer
        context = self.challenge + answer[13:21]
        size = len(self.keys.enc)
        self.enc = kdf(self.keys.enc, 0x04, size, context)
        self.mac = kdf(self.keys.mac, 0x06, size, context)
        self.rmac = kdf(self.keys.mac, 0x07, size, context)
        self.card_is_right = answer[21:29] == kdf(self.mac, 0x00, 8, context)
        self.cryptogram = kdf(self.mac, 0x01, 8, context)
        self.chaining = bytes(16)
        self.counter = 0

    def authentication(self) -> CommandApdu:
        return self.signed(CommandApdu(0x84, 0x82, 0x33, 0, self.cryptogram))

    def signed(self, command: CommandApdu) -> CommandApdu:
        head = bytes((command.cla, command.ins, command.p1, command.p2))
        whole = CommandApdu(*head, command.data + bytes(8), command.le)
        count = len(whole.data)
        lc = b"\x00" + count.to_bytes(2, "big") if whole.extended else bytes((count,))
        self.chaining = cmac(self.mac, self.chaining + head + lc + command.data)
        return CommandApdu(*head, command.data + self.chaining[:8], command.le)

    def open(self) -> Host:
        assert self.initialize().ok
        assert self.card_is_right
        assert self.transmit(self.authentication()) == ResponseApdu(b"", 0x9000)
        return self

    def iv(self, first: int) -> bytes:
        return cbc(self.enc, bytes((first,)) + self.counter.to_bytes(15, "big"))

    def wrap(self, command: CommandApdu) -> CommandApdu:
        self.counter += 1
        data = cbc(self.enc, padded(command.data), self.iv(0)) if command.data else b""
        cla = command.cla | 0x04
        return self.signed(CommandApdu(cla, command.ins, command.p1, command.p2, data, command.le))

    def unwrap(self, response: ResponseApdu) -> ResponseApdu:
        if not response.ok and response.sw >> 8 not in {0x62, 0x63}:
            assert response.data == b""
            return response
        data, mac = response.data[:-8], response.data[-8:]
        status = response.sw.to_bytes(2, "big")
        assert mac == cmac(self.rmac, self.chaining + data + status)[:8], "wrong R-MAC"
        if data:
            plain = uncbc(self.enc, data, self.iv(0x80)).rstrip(b"\x00")
            assert plain[-1:] == b"\x80"
            data = plain[:-1]
        return ResponseApdu(data, response.sw)

    def process(self, command: CommandApdu) -> ResponseApdu:
        return self.unwrap(self.transmit(self.wrap(command)))
