"""A card's half of SCP03, written for the tests from the specification alone.

It shares nothing with `hsm.scp03` but the cipher library. `handler` answers the plain commands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from ektp.apdu import CommandApdu, ResponseApdu

AID = bytes.fromhex("A000000151000000")
Keys = tuple[bytes, bytes, bytes]


def cmac(key: bytes, message: bytes) -> bytes:
    mac = CMAC(AES(key))
    mac.update(message)
    return mac.finalize()


def encrypt(key: bytes, vector: bytes, blocks: bytes) -> bytes:
    context = Cipher(AES(key), modes.CBC(vector)).encryptor()
    return context.update(blocks) + context.finalize()


def decrypt(key: bytes, vector: bytes, blocks: bytes) -> bytes:
    context = Cipher(AES(key), modes.CBC(vector)).decryptor()
    return context.update(blocks) + context.finalize()


def kdf(key: bytes, constant: int, bits: int, context: bytes) -> bytes:
    head = b"\x00" * 11 + bytes((constant,)) + b"\x00" + bits.to_bytes(2, "big")
    return (cmac(key, head + b"\x01" + context) + cmac(key, head + b"\x02" + context))[: bits // 8]


def status(sw: int, data: bytes = b"") -> ResponseApdu:
    return ResponseApdu(data, sw)


@dataclass
class Scp03Card:
    """A card with one key set, which INITIALIZE UPDATE to SET STATUS can be sent to."""

    serial: bytes
    version: int
    keys: Keys
    handler: Callable[[CommandApdu], ResponseApdu]
    counter: int = 0
    failures: int = 0
    cryptogram_error: bool = False
    """Whether the card shows a cryptogram that is not its own."""
    inside: bool = False
    """Whether the command that the handler has in hand came through the channel."""
    spoil_answer: Callable[[ResponseApdu], ResponseApdu] = field(default=lambda answer: answer)

    def __post_init__(self) -> None:
        self._session: tuple[bytes, bytes, bytes, bytes] | None = None
        self._expected = b""
        self._opened = False
        self._chain = bytes(16)
        self._commands = 0

    def forget(self) -> None:
        self._session, self._opened = None, False

    def process(self, command: CommandApdu) -> ResponseApdu:
        if command.ins == 0x50:
            return self._initialize(command)
        if not command.cla & 0x04:
            return self.handler(command)
        if command.ins == 0x82:
            return self._authenticate(command)
        return self._secured(command)

    def _initialize(self, command: CommandApdu) -> ResponseApdu:
        self.forget()
        if self.failures >= 3:
            return status(0x6983)
        if command.p1 not in (0, self.version):
            return status(0x6A88)
        self.counter += 1
        sequence = self.counter.to_bytes(3, "big")
        size = 8 * len(self.keys[0])
        challenge = kdf(self.keys[0], 0x02, 64, sequence + AID)
        context = command.data + challenge
        s_enc = kdf(self.keys[0], 0x04, size, context)
        s_mac = kdf(self.keys[1], 0x06, size, context)
        s_rmac = kdf(self.keys[1], 0x07, size, context)
        self._session = (s_enc, s_mac, s_rmac, kdf(s_mac, 0x01, 64, context))
        shown = bytes(8) if self.cryptogram_error else kdf(s_mac, 0x00, 64, context)
        head = self.serial + bytes((0, 0, self.version, 3, 0x70))
        return status(0x9000, head + challenge + shown + sequence)

    def _authenticate(self, command: CommandApdu) -> ResponseApdu:
        if self._session is None:
            return status(0x6985)
        if command.p1 != 0x33:
            return status(0x6A86)
        _, s_mac, _, expected = self._session
        header = bytes((command.cla, command.ins, command.p1, command.p2, len(command.data)))
        chain = cmac(s_mac, bytes(16) + header + command.data[:8])
        if command.data != expected + chain[:8]:
            self.failures += 1
            self.forget()
            return status(0x6300)
        self._chain, self._commands, self._opened, self.failures = chain, 0, True, 0
        return status(0x9000)

    def _secured(self, command: CommandApdu) -> ResponseApdu:
        if self._session is None or not self._opened:
            return status(0x6982)
        s_enc, s_mac, s_rmac, _ = self._session
        self._commands += 1
        size = len(command.data)
        lc = b"\x00" + size.to_bytes(2, "big") if command.extended else bytes((size,))
        body, mac = command.data[:-8], command.data[-8:]
        header = bytes((command.cla, command.ins, command.p1, command.p2))
        self._chain = cmac(s_mac, self._chain + header + lc + body)
        if mac != self._chain[:8]:
            self.forget()
            return status(0x6982)
        plain = body
        if body:
            vector = encrypt(s_enc, bytes(16), self._commands.to_bytes(16, "big"))
            plain = decrypt(s_enc, vector, body).rstrip(b"\x00")[:-1]
        cla = command.cla & ~0x04
        self.inside = True
        answer = self.handler(
            CommandApdu(cla, command.ins, command.p1, command.p2, plain, command.le)
        )
        self.inside = False
        if answer.sw != 0x9000:
            return status(answer.sw)
        data = answer.data
        if data:
            data += b"\x80"
            data += bytes(-len(data) % 16)
            counter = b"\x80" + self._commands.to_bytes(15, "big")
            data = encrypt(s_enc, encrypt(s_enc, bytes(16), counter), data)
        rmac = cmac(s_rmac, self._chain + data + b"\x90\x00")[:8]
        return self.spoil_answer(status(0x9000, data + rmac))
