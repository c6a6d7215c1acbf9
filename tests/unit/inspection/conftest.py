"""A chip and a SAM of dictionaries, written for these tests from the profile alone."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import Expectation
from ektp.chip_profiles import KTP_EL, ReadAccess
from ektp.errors import SecureMessagingBroken
from ektp.ids import AttemptId, CardSerial
from ektp.ports import TrustedSigner

SERIAL = CardSerial("1122334455667788")
OTHER_SERIAL = CardSerial("99AABBCCDDEEFF00")
ATTEMPT = AttemptId("A-00000000011")
NIK, NAME, ADDRESS = "1671015501900000", "SITI CONTOH", 'JL. "MELATI", NO 1'
FIELDS = (
    NIK, ADDRESS, "001", "002", "PALEMBANG", "ILIR BARAT II", "CONTOHAN", "PALEMBANG",
    "PEREMPUAN", "-", "ISLAM", "KAWIN", "WIRASWASTA", NAME, "15-1-1990", "SUMATERA SELATAN",
    "SEUMUR HIDUP", "2", "7", "WNI", "PALEMBANG",
)  # fmt: skip
SECURED = {file.file_id for file in KTP_EL.files if file.read is ReadAccess.SECURE_MESSAGING}
ENCIPHERED = {file.file_id for file in KTP_EL.files if file.enciphered}
SIGNING_KEY = ec.derive_private_key(0xE17, ec.SECP256R1())


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def key_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    return hashlib.sha256(spki(key)).digest()[:8]


def signer(key: ec.EllipticCurvePrivateKey = SIGNING_KEY) -> TrustedSigner:
    return TrustedSigner(key_id=key_id(key), public_key=spki(key))


def prefixed(content: bytes, *, filled: bool = False) -> bytes:
    file = len(content).to_bytes(2, "big") + content
    return file + bytes(-len(file) % 8) if filled else file


def biodata_line(fields: tuple[str, ...] = FIELDS) -> bytes:
    return ",".join('"' + text.replace('"', '""') + '"' for text in fields).encode()


def jpeg(scan_bytes: int = 1500) -> bytes:
    return (
        bytes.fromhex("FFD8 FFE0 0004 0000 FFC0 0011 08 0140 00F0 03 012200 021101 031101")
        + bytes.fromhex("FFDA 0008 01 0100 00 3F 00")
        + bytes(n % 200 for n in range(scan_bytes))
        + b"\xff\xd9"
    )


def minutiae(position: int, count: int = 40) -> bytes:
    length = 30 + 6 * count
    head = b"FMR\x00 20\x00" + length.to_bytes(4, "big") + bytes(10) + b"\x01\x00"
    view = bytes((position, 0, 80, count))
    return head + view + bytes(n % 251 for n in range(6 * count)) + bytes(2)


def card_control(**changed: bytes) -> bytes:
    parts = {
        "version": b"\x01",
        "serial": bytes(SERIAL),
        "key_version": b"\x01",
        "issuer": b"EKTP",
        "attempt": hashlib.sha256(ATTEMPT.encode()).digest()[:16],
        "date": bytes.fromhex("20260102"),
        "signer": key_id(SIGNING_KEY),
        "fill": bytes(9),
    }
    return b"".join((parts | changed).values())


def signature_object(
    files: dict[str, bytes],
    serial: CardSerial = SERIAL,
    key: ec.EllipticCurvePrivateKey = SIGNING_KEY,
) -> bytes:
    order = ("biodata", "photo", "signature_image", "minutiae_1", "minutiae_2", "card_control")
    message = b"".join(files[name] for name in order) + bytes(serial)
    r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big") + key_id(key) + bytes(serial)


def plain_files(**changed: bytes) -> dict[str, bytes]:
    """Contents by name, signed as they are unless `digital_signature` is given."""
    files = {
        "card_control": prefixed(card_control()),
        "biodata": prefixed(biodata_line()),
        "photo": prefixed(jpeg()),
        "signature_image": prefixed(bytes(n % 256 for n in range(924)), filled=True),
        "minutiae_1": prefixed(minutiae(2), filled=True),
        "minutiae_2": prefixed(minutiae(7), filled=True),
    } | changed
    return {"digital_signature": signature_object(files)} | files


def expectation(
    files: dict[str, bytes], card: CardSerial = SERIAL, attempt: AttemptId = ATTEMPT
) -> Expectation:
    digests = {name: hashlib.sha256(content).digest() for name, content in files.items()}
    return Expectation(profile="ktp-el", card=card, attempt=attempt, digests=digests)


def cipher(content: bytes) -> bytes:
    return bytes(byte ^ 0x5A for byte in content)


def seal(response: ResponseApdu, counter: int) -> ResponseApdu:
    body = response.data + response.sw.to_bytes(2, "big")
    check = zlib.crc32(body + counter.to_bytes(4, "big")).to_bytes(4, "big")
    return ResponseApdu(b"SM" + body + check, response.sw)


Tamper = Callable[[CommandApdu, ResponseApdu], ResponseApdu]


def _as_it_is(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
    return response


@dataclass
class FakeChip:
    """Answers by the profile; `tamper` sees every command with its answer and may change it."""

    stored: dict[int, bytearray]
    serial: bytes = bytes(SERIAL)
    state: int = 0x0F
    tamper: Tamper = _as_it_is
    open_in_session: bool = False
    commands: list[CommandApdu] = field(default_factory=list)
    session: bool = False
    counter: int = 0
    selected: int = 0
    resets: int = 0
    past_end: bool = False

    def atr(self) -> bytes:
        return b"\x3b"

    def reset(self) -> None:
        self.resets += 1
        self.session = False

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self.commands.append(command)
        return self.tamper(command, self._answer(command))

    def _answer(self, command: CommandApdu) -> ResponseApdu:
        if command.cla != 0x0C:
            return self._plain(command, protected=False)
        if not self.session or not command.data.startswith(b"SM"):
            return ResponseApdu(b"", 0x6987)
        self.counter += 1
        inner = CommandApdu.from_bytes(command.data[2:])
        return seal(self._plain(inner, protected=True), self.counter)

    def _plain(self, command: CommandApdu, *, protected: bool) -> ResponseApdu:
        response = ResponseApdu(b"", 0x6985)
        match (command.cla, command.ins):
            case (0x80, 0xCA):
                cplc = bytes(10) + self.serial + bytes(24)
                response = ResponseApdu(bytes.fromhex("9F7F2A") + cplc, 0x9000)
            case (0x80, 0xF2):
                status = bytes.fromhex("E3049F7001") + bytes((self.state,))
                response = ResponseApdu(status, 0x9000)
            case (0x00, 0xA4):
                response = self._select(int.from_bytes(command.data, "big"))
            case (0x00, 0xB0):
                response = self._read(command, protected=protected)
            case (0x00, 0x84):
                response = ResponseApdu(b"challeng", 0x9000)
            case (0x00, 0x82):
                response = self._authenticate(command)
        return response

    def _select(self, file_id: int) -> ResponseApdu:
        if file_id != KTP_EL.application and file_id not in self.stored:
            return ResponseApdu(b"", 0x6A82)
        self.selected = file_id
        return ResponseApdu(b"", 0x9000)

    def _read(self, command: CommandApdu, *, protected: bool) -> ResponseApdu:
        hidden = self.selected in SECURED and not protected
        if hidden and not (self.open_in_session and self.session):
            return ResponseApdu(b"", 0x6982)
        content = bytes(self.stored[self.selected])
        offset = command.p1 << 8 | command.p2
        if offset >= len(content):
            self.past_end = True
            return ResponseApdu(b"", 0x6B00)
        assert command.le is not None
        return ResponseApdu(content[offset : offset + command.le], 0x9000)

    def _authenticate(self, command: CommandApdu) -> ResponseApdu:
        if command.data != b"token of " + bytes(self.stored[0x6FF0][2:33]):
            return ResponseApdu(b"", 0x6982)
        self.session, self.counter = True, 0
        return ResponseApdu(b"answer".ljust(40, b"."), 0x9000)


@dataclass
class FakeSam:
    """Wraps as the fake chip unwraps. `fail_at` lets the n-th call raise `error`."""

    fail_at: int = 0
    error: Exception | None = None
    calls: int = 0
    counter: int = 0
    deciphering: bool = False
    wraps: bool = True
    in_session: bool = False

    def _call(self) -> None:
        self.calls += 1
        if self.calls == self.fail_at and self.error is not None:
            raise self.error

    def open(self) -> None:
        self._call()

    def reset_session(self) -> None:
        self.in_session = self.deciphering = False
        self._call()

    def calculate_challenge(self, card_control: bytes, uid: bytes, challenge: bytes) -> bytes:
        self._call()
        assert (len(card_control), len(uid), len(challenge)) == (51, 8, 8)
        return b"token of " + card_control[:31]

    def verify_card(self, answer: bytes) -> None:
        self._call()
        if answer != b"answer".ljust(40, b"."):
            raise SecureMessagingBroken("the card's answer")
        self.counter, self.in_session = 0, True

    def wrap(self, command: CommandApdu) -> CommandApdu:
        self._call()
        assert command.le is None or command.le <= 0xD0
        assert not self.deciphering or command.le is None or command.le % 8 == 0
        if not self.wraps:
            return command
        return CommandApdu(0x0C, command.ins, command.p1, command.p2, b"SM" + bytes(command), 256)

    def unwrap(self, response: ResponseApdu) -> ResponseApdu:
        self._call()
        self.counter += 1
        plain = ResponseApdu(response.data[2:-6], int.from_bytes(response.data[-6:-4], "big"))
        if seal(plain, self.counter).data != response.data:
            raise SecureMessagingBroken("a checksum")
        return ResponseApdu(cipher(plain.data), plain.sw) if self.deciphering else plain

    def decipher_files(self) -> None:
        self._call()
        self.deciphering = True


def a_chip(files: dict[str, bytes], **more: object) -> FakeChip:
    stored = {}
    for file in KTP_EL.files:
        content = files[file.name]
        stored[int(file.file_id)] = bytearray(
            cipher(content) if file.file_id in ENCIPHERED else content
        )
    return FakeChip(stored=stored, **more)


@pytest.fixture(scope="session")
def lab() -> SimpleNamespace:
    """Everything above, by name: test folders are no packages."""
    return SimpleNamespace(**{name: value for name, value in globals().items() if name[0] != "_"})
