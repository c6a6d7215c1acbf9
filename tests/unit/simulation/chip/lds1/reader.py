"""A reader's end of BAC, PACE, Chip Authentication and secure messaging, for these tests alone.

Ciphers are used directly from the library; of the chip's code only the arithmetic on curves is
used, which the published runs of PACE check by themselves.
"""

from __future__ import annotations

import hashlib
import random

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.tlv import Tlv, decode_tlv, find_tlv
from simulation.chip.card import Chip
from simulation.chip.lds1.behaviour import PaceSuite
from simulation.chip.lds1.ciphers import CipherSuite
from simulation.chip.lds1.elliptic import Curve, Point, PointRefused

AID = bytes.fromhex("A0000002471001")
PACE_OID = bytes.fromhex("04007F000702020402")
CA_OID = bytes.fromhex("04007F000702020302")
KEY_BYTES = {1: 16, 2: 16, 3: 24, 4: 32}


def pad(data: bytes, block: int) -> bytes:
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def kdf(suite: CipherSuite, secret: bytes, counter: int) -> bytes:
    digest = hashlib.sha256 if suite >= CipherSuite.AES_192 else hashlib.sha1
    return digest(secret + counter.to_bytes(4, "big")).digest()[: KEY_BYTES[suite]]


class Keys:
    """Session keys and the ciphers under them."""

    def __init__(self, suite: CipherSuite, enc: bytes, mac: bytes) -> None:
        self.suite = suite
        self.enc, self.mac = enc, mac
        self.block = 8 if suite is CipherSuite.TDES else 16

    @classmethod
    def derive(cls, suite: CipherSuite, secret: bytes) -> Keys:
        return cls(suite, kdf(suite, secret, 1), kdf(suite, secret, 2))

    def cipher(self, counter: bytes) -> Cipher[modes.CBC]:
        if self.suite is CipherSuite.TDES:
            return Cipher(TripleDES(self.enc + self.enc[:8]), modes.CBC(bytes(8)))
        ecb = Cipher(AES(self.enc), modes.ECB()).encryptor()  # noqa: S305
        return Cipher(AES(self.enc), modes.CBC(ecb.update(counter)))

    def checksum(self, message: bytes) -> bytes:
        """Over a message that is padded already where that matters."""
        if self.suite is not CipherSuite.TDES:
            mac = CMAC(AES(self.mac))
            mac.update(message)
            return mac.finalize()[:8]
        first, second = (TripleDES(3 * half) for half in (self.mac[:8], self.mac[8:]))
        last = Cipher(first, modes.CBC(bytes(8))).encryptor().update(message)[-8:]
        last = Cipher(second, modes.CBC(bytes(8))).decryptor().update(last)
        return Cipher(first, modes.CBC(bytes(8))).encryptor().update(last)

    def token(self, data: bytes) -> bytes:
        return self.checksum(pad(data, 8) if self.suite is CipherSuite.TDES else data)


class Broken(Exception):
    """The chip's answer is not what a reader may accept."""


class Messaging:
    """The reader's side of a session."""

    def __init__(self, keys: Keys, counter: int = 0) -> None:
        self.keys = keys
        self.counter = counter

    def _next(self) -> bytes:
        self.counter += 1
        return self.counter.to_bytes(self.keys.block, "big")

    def wrap(self, command: CommandApdu, *, le: int = 256) -> CommandApdu:
        counter, block = self._next(), self.keys.block
        cla = command.cla | 0x0C
        objects = b""
        if command.data:
            sealed = self.keys.cipher(counter).encryptor().update(pad(command.data, block))
            odd = command.ins & 1
            objects = bytes(Tlv(0x85, sealed) if odd else Tlv(0x87, b"\x01" + sealed))
        if command.le is not None:
            size = 1 if command.le <= 256 else 2
            objects += bytes(Tlv(0x97, (command.le % (1 << 8 * size)).to_bytes(size, "big")))
        header = pad(bytes((cla, command.ins, command.p1, command.p2)), block)
        after = pad(objects, block) if objects else b""
        checksum = self.keys.checksum(counter + header + after)
        data = objects + bytes(Tlv(0x8E, checksum))
        return CommandApdu(cla, command.ins, command.p1, command.p2, data, le)

    def unwrap(self, response: ResponseApdu) -> ResponseApdu:
        counter, block = self._next(), self.keys.block
        objects = {item.tag: item.value for item in decode_tlv(response.data)}
        message = b"".join(bytes(Tlv(tag, value)) for tag, value in objects.items() if tag != 0x8E)
        if objects.get(0x8E) != self.keys.checksum(pad(counter + message, block)):
            raise Broken(f"checksum, {response.sw:04X}")
        if objects.get(0x99) != response.sw.to_bytes(2, "big"):
            raise Broken("status")
        sealed = objects.get(0x85) or objects.get(0x87, b"\x01")[1:]
        if not sealed:
            return ResponseApdu(b"", response.sw)
        padded = self.keys.cipher(counter).decryptor().update(sealed).rstrip(b"\x00")
        if not padded.endswith(b"\x80"):
            raise Broken("padding")
        return ResponseApdu(padded[:-1], response.sw)


class Reader:
    """A reader before one chip."""

    def __init__(self, chip: Chip, seed: int = 1) -> None:
        self.chip = chip
        self.messaging: Messaging | None = None
        self.random = random.Random(seed)  # noqa: S311 - it must repeat itself

    def send(self, command: CommandApdu | str, *, le: int = 256) -> ResponseApdu:
        """By the session where there is one, else in plain form."""
        if isinstance(command, str):
            command = CommandApdu.from_bytes(bytes.fromhex(command))
        if self.messaging is None:
            return self.chip.process(command)
        return self.messaging.unwrap(self.chip.process(self.messaging.wrap(command, le=le)))

    def sw(self, command: CommandApdu | str) -> str:
        return f"{self.send(command).sw:04X}"

    def select_application(self) -> str:
        return self.sw(CommandApdu(0x00, 0xA4, 0x04, 0x0C, AID))

    def bac(self, mrz_information: str, challenge: bytes | None = None) -> str:
        """BAC from the printed MRZ; the session is open where the answer is 9000."""
        seed = hashlib.sha1(mrz_information.encode()).digest()[:16]  # noqa: S324
        keys = Keys.derive(CipherSuite.TDES, seed)
        fresh = self.chip.process(CommandApdu(0x00, 0x84, le=8)).data
        challenge = challenge or fresh
        own, keying = self.random.randbytes(8), self.random.randbytes(16)
        sealed = keys.cipher(b"").encryptor().update(own + challenge + keying)
        token = sealed + keys.checksum(pad(sealed, 8))
        answer = self.chip.process(CommandApdu(0x00, 0x82, data=token, le=40))
        if not answer.ok:
            return f"{answer.sw:04X}"
        if keys.checksum(pad(answer.data[:32], 8)) != answer.data[32:]:
            raise Broken("checksum")
        plain = keys.cipher(b"").decryptor().update(answer.data[:32])
        if plain[:16] != challenge + own:
            raise Broken("challenge")
        shared = bytes(a ^ b for a, b in zip(keying, plain[16:], strict=True))
        counter = int.from_bytes(challenge[4:] + own[4:], "big")
        self.messaging = Messaging(Keys.derive(CipherSuite.TDES, shared), counter)
        return "9000"

    def set_at(self, suite: PaceSuite, reference: int, parameter: int | None = None) -> str:
        template = bytes(Tlv(0x80, PACE_OID + bytes((suite.cipher,))))
        template += bytes(Tlv(0x83, bytes((reference,))))
        if parameter is not None:
            template += bytes(Tlv(0x84, bytes((parameter,))))
        return self.sw(CommandApdu(0x00, 0x22, 0xC1, 0xA4, template))

    def pace(self, password: str, reference: int, suite: PaceSuite | None = None) -> str:
        """PACE; the session is open where the answer is 9000."""
        suite = suite or PaceSuite()
        set_at = self.set_at(suite, reference, suite.parameter_id)
        if set_at != "9000":
            return set_at
        curve = suite.curve
        secret = password.encode()
        if reference == 1:
            secret = hashlib.sha1(secret).digest()  # noqa: S324
        sealed = self.step(0x10, b"", 0x80)
        nonce = int.from_bytes(self._decipher_nonce(suite, secret, sealed), "big")
        private = self._scalar(curve)
        mapping = _decoded(curve, self.step(0x10, _point(0x81, curve, private), 0x82))
        fresh = curve.multiply(curve.generator, nonce)
        generator = curve.add(fresh, curve.multiply(mapping, private))
        private = self._scalar(curve)
        own = curve.encode(curve.multiply(generator, private))
        theirs = self.step(0x10, bytes(Tlv(0x83, own)), 0x84)
        if theirs == own:
            raise Broken("echo")
        shared = curve.multiply(_decoded(curve, theirs), private)
        keys = Keys.derive(suite.cipher, curve.encode_field(shared.x))
        oid = PACE_OID + bytes((suite.cipher,))
        objects = [
            bytes(Tlv(0x7F49, bytes(Tlv(0x06, oid)) + bytes(Tlv(0x86, key))))
            for key in (theirs, own)
        ]
        data = bytes(Tlv(0x7C, bytes(Tlv(0x85, keys.token(objects[0])))))
        answer = self.chip.process(CommandApdu(0x00, 0x86, data=data, le=256))
        if not answer.ok:
            return f"{answer.sw:04X}"
        if find_tlv(answer.data, 0x7C, 0x86) != keys.token(objects[1]):
            raise Broken("token")
        self.messaging = Messaging(keys)
        return "9000"

    def step(self, cla: int, data: bytes, tag: int) -> bytes:
        """One link of PACE's chain; the value under the tag that is expected."""
        command = CommandApdu(cla, 0x86, data=bytes(Tlv(0x7C, data)), le=256)
        answer = self.chip.process(command)
        if not answer.ok:
            raise Broken(f"{answer.sw:04X}")
        value = find_tlv(answer.data, 0x7C, tag)
        if value is None:
            raise Broken("tag")
        return value

    def chip_authentication(
        self, curve: Curve, public: bytes, cipher: CipherSuite, key_id: int | None = None
    ) -> str:
        """Chip Authentication version 1 against the key that DG14 promises."""
        private = self._scalar(curve)
        own = curve.encode(curve.public_key(private))
        reference = b"" if key_id is None else bytes(Tlv(0x84, bytes((key_id,))))
        if cipher is CipherSuite.TDES:
            template = bytes(Tlv(0x91, own)) + reference
            sw = self.sw(CommandApdu(0x00, 0x22, 0x41, 0xA6, template))
        else:
            template = bytes(Tlv(0x80, CA_OID + bytes((cipher,)))) + reference
            sw = self.sw(CommandApdu(0x00, 0x22, 0x41, 0xA4, template))
            if sw == "9000":
                data = bytes(Tlv(0x7C, bytes(Tlv(0x80, own))))
                sw = self.sw(CommandApdu(0x00, 0x86, data=data, le=256))
        if sw == "9000":
            shared = curve.multiply(curve.decode(public), private)
            keys = Keys.derive(cipher, curve.encode_field(shared.x))
            self.messaging = Messaging(keys)
        return sw

    def select(self, file_id: int) -> str:
        return self.sw(CommandApdu(0x00, 0xA4, 0x02, 0x0C, file_id.to_bytes(2, "big")))

    def read(self, size: int, block: int = 223) -> bytes:
        """The current file, of that size, block by block."""
        content = b""
        while len(content) < size:
            offset = len(content)
            command = CommandApdu(
                0x00, 0xB0, offset >> 8, offset & 0xFF, le=min(block, size - offset)
            )
            answer = self.send(command, le=256 if block < 256 else 0x10000)
            assert answer.ok, f"{answer.sw:04X}"
            content += answer.data
        return content

    def _scalar(self, curve: Curve) -> int:
        return self.random.randrange(1, curve.order)

    def _decipher_nonce(self, suite: PaceSuite, secret: bytes, sealed: bytes) -> bytes:
        key = kdf(suite.cipher, secret, 3)
        if suite.cipher is CipherSuite.TDES:
            cipher = Cipher(TripleDES(key + key[:8]), modes.CBC(bytes(8)))
            return cipher.decryptor().update(sealed)
        return Cipher(AES(key), modes.CBC(bytes(16))).decryptor().update(sealed)


def _point(tag: int, curve: Curve, private: int) -> bytes:
    return bytes(Tlv(tag, curve.encode(curve.public_key(private))))


def _decoded(curve: Curve, raw: bytes) -> Point:
    try:
        return curve.decode(raw)
    except PointRefused as cause:
        raise Broken("point") from cause
