"""A chip of dictionaries with the whole LDS1 protocol, written for these tests from Doc 9303.

It plays the inspector's own primitives the other way round: that both sides agree with the standard
is what the worked examples and the simulated chip show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import CheckOutcome, ChipAccess, Expectation, QaVerdict
from ektp.ids import AttemptId, CardSerial
from ektp.personal import PersonalText
from inspection.lds1.ciphers import SessionCipher, SessionKeys, derive_key, pad, same, unpad
from inspection.lds1.curve_table import CURVES
from inspection.lds1.curves import Curve, Point
from inspection.lds1.pace import authentication_token
from inspection.lds1.tlv import data_objects, encode, only

SERIAL = CardSerial("1122334455667788")
ATTEMPT = AttemptId("A-00000000011")
MRZ = (
    "I<IDNAB12345674<<<<<<<<<<<<<<<",
    "9001150M3601026IDN<<<<<<<<<<<6",
    "CONTOH<<SITI<<<<<<<<<<<<<<<<<<",
)
CAN = "123456"
MRZ_SECRET = hashlib.sha1(b"AB12345674" + b"9001150" + b"3601026").digest()  # noqa: S324 - Doc 9303
AID = bytes.fromhex("A0000002471001")

PACE_OID = bytes.fromhex("04007F000702020402")
CA_OID = bytes.fromhex("04007F000702020302")
EC_KEY_OID = bytes.fromhex("04007F000702020102")
AA_OID = bytes.fromhex("678108010105")
PLAIN_SHA = bytes.fromhex("04007F000701010401")
CIPHER_ARC = {cipher: bytes((arc,)) for arc, cipher in enumerate(SessionCipher, 1)}
AES = SessionCipher.AES_128


def sequence(*parts: bytes) -> bytes:
    return encode(0x30, b"".join(parts))


def der_int(value: int) -> bytes:
    return encode(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(content: bytes) -> bytes:
    return encode(0x06, content)


def pace_info(
    cipher: SessionCipher = AES, parameter: int | None = 12, version: int = 2, mapping: bytes = b""
) -> bytes:
    name = (mapping or PACE_OID) + CIPHER_ARC[cipher]
    number = b"" if parameter is None else der_int(parameter)
    return sequence(oid(name), der_int(version), number)


def ca_info(cipher: SessionCipher = AES, key_id: int | None = None, version: int = 1) -> bytes:
    number = b"" if key_id is None else der_int(key_id)
    return sequence(oid(CA_OID + CIPHER_ARC[cipher]), der_int(version), number)


def ca_key_info(spki: bytes, key_id: int | None = None) -> bytes:
    return sequence(oid(EC_KEY_OID), spki, b"" if key_id is None else der_int(key_id))


def aa_info(arc: int = 3) -> bytes:
    return sequence(oid(AA_OID), der_int(1), oid(PLAIN_SHA + bytes((arc,))))


def named_spki(curve: Curve, point: Point) -> bytes:
    algorithm = sequence(oid(bytes.fromhex("2A8648CE3D0201")), oid(curve.oid))
    return sequence(algorithm, encode(0x03, b"\x00" + curve.encode(point)))


def explicit_spki(curve: Curve, point: Point, *, a: int | None = None) -> bytes:
    field_id = sequence(oid(bytes.fromhex("2A8648CE3D0101")), der_int(curve.p))
    coefficients = (curve.a if a is None else a, curve.b)
    domain = sequence(
        der_int(1),
        field_id,
        sequence(*(encode(0x04, curve.coordinate(value)) for value in coefficients)),
        encode(0x04, curve.encode(curve.generator)),
        der_int(curve.n),
        der_int(1),
    )
    algorithm = sequence(oid(bytes.fromhex("2A8648CE3D0201")), domain)
    return sequence(algorithm, encode(0x03, b"\x00" + curve.encode(point)))


def spki_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def security_infos(*entries: bytes) -> bytes:
    return encode(0x31, b"".join(entries))


def com_of(groups: dict[int, bytes]) -> bytes:
    tags = bytes(groups[number][0] for number in sorted(groups))
    version = encode(0x5F01, b"0107") + encode(0x5F36, b"040000")
    return encode(0x60, version + encode(0x5C, tags))


def sod_of(groups: dict[int, bytes]) -> bytes:
    """The skeleton of a security object: the list of hashes where it belongs, unsigned."""
    sha256 = sequence(oid(bytes.fromhex("608648016503040201")))
    entries = b"".join(
        sequence(der_int(number), encode(0x04, hashlib.sha256(content).digest()))
        for number, content in sorted(groups.items())
    )
    listed = sequence(der_int(0), sha256, sequence(entries))
    content = sequence(oid(bytes.fromhex("67810801 0101")), encode(0xA0, encode(0x04, listed)))
    signed = sequence(der_int(3), encode(0x31, sha256), content)
    wrapped = sequence(oid(bytes.fromhex("2A864886F70D010702")), encode(0xA0, signed))
    return encode(0x77, wrapped)


CA_PRIVATE = 0x1234_5678_9ABC
AA_KEY = ec.derive_private_key(0xAA1, ec.SECP256R1())


def groups_of(
    *,
    infos: tuple[bytes, ...] | None = None,
    active: bytes | None = None,
    picture_bytes: int = 4000,
    **changed: bytes | None,
) -> dict[int, bytes]:
    """The data groups of a card of this house; `dg7=None` takes one out."""
    curve = CURVES[12]
    public = curve.multiply(CA_PRIVATE, curve.generator)
    if infos is None:
        infos = (pace_info(), ca_info(), ca_key_info(named_spki(curve, public)), aa_info())
    picture = bytes(n % 251 for n in range(picture_bytes))
    groups: dict[int, bytes | None] = {
        1: encode(0x61, encode(0x5F1F, "".join(MRZ).encode())),
        2: encode(0x75, picture),
        7: encode(0x67, bytes(700)),
        11: encode(0x6B, b"\x5c\x00"),
        12: encode(0x6C, b"\x5c\x00"),
        13: encode(0x6D, bytes(300)),
        14: encode(0x6E, security_infos(*infos)),
        15: encode(0x6F, spki_of(AA_KEY) if active is None else active),
    }
    groups |= {int(name[2:]): content for name, content in changed.items()}
    return {number: content for number, content in groups.items() if content is not None}


Tamper = Callable[[CommandApdu, ResponseApdu], ResponseApdu]


def as_it_is(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
    return response


def ok(data: bytes = b"") -> ResponseApdu:
    return ResponseApdu(data, 0x9000)


def sw(status: int) -> ResponseApdu:
    return ResponseApdu(b"", status)


class ChipMessaging:
    """The chip's half of secure messaging."""

    def __init__(self, keys: SessionKeys) -> None:
        self.keys = keys
        self.counter = keys.counter

    @property
    def _block(self) -> int:
        return self.keys.cipher.block_bytes

    def _mac(self, message: bytes) -> bytes:
        message = self.counter.to_bytes(self._block, "big") + message
        if self._block == 16:
            message = pad(message, 16)
        return self.keys.cipher.checksum(self.keys.authenticating, message)

    def _iv(self) -> bytes:
        if self._block == 8:
            return bytes(8)
        count = self.counter.to_bytes(16, "big")
        return self.keys.cipher.encipher(self.keys.enciphering, count)

    def open(self, command: CommandApdu) -> CommandApdu | None:
        self.counter += 1
        found = {item.tag: item for item in data_objects(command.data)}
        header = bytes((command.cla, command.ins, command.p1, command.p2))
        covered = b"".join(item.raw for item in found.values() if item.tag != 0x8E)
        assert command.le in (256, 65536)
        if not same(found[0x8E].value, self._mac(pad(header, self._block) + covered)):
            return None
        data, le = b"", None
        for tag, item in found.items():
            if tag in (0x87, 0x85):
                assert (tag == 0x85) == bool(command.ins & 1)
                value = item.value if tag == 0x85 else item.value[1:]
                padded = self.keys.cipher.decipher(self.keys.enciphering, value, self._iv())
                data = unpad(padded, self._block) or b""
            if tag == 0x97:
                le = int.from_bytes(item.value, "big") or 1 << 8 * len(item.value)
        return CommandApdu(command.cla & 0xF0, command.ins, command.p1, command.p2, data, le)

    def seal(self, response: ResponseApdu, *, odd: bool = False) -> ResponseApdu:
        self.counter += 1
        objects = b""
        if response.data:
            padded = pad(response.data, self._block)
            value = self.keys.cipher.encipher(self.keys.enciphering, padded, self._iv())
            objects = encode(0x85, value) if odd else encode(0x87, b"\x01" + value)
        objects += encode(0x99, response.sw.to_bytes(2, "big"))
        return ResponseApdu(objects + encode(0x8E, self._mac(objects)), response.sw)


@dataclass
class FakeChip:
    """`outer` sees what travels, `inner` what is meant; both may change the answer.

    `end`: how reading past the end is answered. `open_files` read without any session.
    """

    groups: dict[int, bytes] = field(default_factory=groups_of)
    com: bytes = b""
    sod: bytes = b""
    card_access: bytes | None = None
    card_control: bytes | None = bytes.fromhex("0033") + bytes(51)
    serial: bytes = bytes(SERIAL)
    state: int = 0x0F
    offer: tuple[SessionCipher, int] | None = (AES, 12)
    bac: bool = True
    ca: tuple[SessionCipher, int, int] = (AES, 12, CA_PRIVATE)
    aa: Callable[[bytes], bytes] | None = None
    end: str = "6282"
    outer: Tamper = as_it_is
    inner: Tamper = as_it_is
    keep_old_keys: bool = False
    open_files: frozenset[int] = frozenset()
    bare_reads: bool = False
    writable: bool = False
    writable_inside: bool = False
    marker: bool = False
    mrz_secret: bytes = MRZ_SECRET
    can: bytes = CAN.encode()

    def __post_init__(self) -> None:
        self.com = self.com or com_of(self.groups)
        self.sod = self.sod or sod_of(self.groups)
        if self.card_access is None and self.offer is not None:
            self.card_access = security_infos(pace_info(*self.offer))
        self.commands: list[CommandApdu] = []
        self.plain: list[CommandApdu] = []
        self.resets = 0
        self._forget()

    def _forget(self) -> None:
        self.session: ChipMessaging | None = None
        self.next_keys: SessionKeys | None = None
        self.in_application = False
        self.selected: int | None = None
        self.challenge = b""
        self.step: dict[str, object] = {}

    # --- what travels ------------------------------------------------------------------------

    def atr(self) -> bytes:
        return bytes.fromhex("3B8080010 1".replace(" ", ""))

    def reset(self) -> None:
        self.resets += 1
        self._forget()

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self.commands.append(command)
        return self.outer(command, self._answer(CommandApdu.from_bytes(bytes(command))))

    def _answer(self, command: CommandApdu) -> ResponseApdu:
        if command.cla & 0x0C != 0x0C:
            return self._plain(command, inside=False)
        if self.session is None:
            return sw(0x6982)
        opened = self.session.open(command)
        if opened is None:
            self.session = None
            return sw(0x6988)
        session = self.session
        sealed = session.seal(self._plain(opened, inside=True), odd=bool(command.ins & 1))
        if self.next_keys is not None:
            self.session = session if self.keep_old_keys else ChipMessaging(self.next_keys)
            self.next_keys = None
        return sealed

    # --- what is meant -----------------------------------------------------------------------

    def _plain(self, command: CommandApdu, *, inside: bool) -> ResponseApdu:
        self.plain.append(command)
        return self.inner(command, self._do(command, inside=inside))

    def _do(  # noqa: C901, PLR0911 - one row a command
        self, command: CommandApdu, *, inside: bool
    ) -> ResponseApdu:
        match (command.cla & 0xE0 | command.cla & 0x80, command.ins):
            case (0x80, 0xCA):
                return ok(bytes.fromhex("9F7F2A") + bytes(10) + self.serial + bytes(24))
            case (0x80, 0xF2):
                return ok(bytes.fromhex("E3049F7001") + bytes((self.state,)))
            case (0x00, 0xA4):
                return self._select(command)
            case (0x00, 0xB0 | 0xB1):
                return self._read(command, inside=inside)
            case (0x00, 0x84) if self.bac:
                self.challenge = b"challeng"
                return ok(self.challenge)
            case (0x00, 0x82) if self.challenge:
                return self._external(command)
            case (0x00, 0x22):
                return self._manage(command)
            case (0x00, 0x86):
                return self._general(command)
            case (0x00, 0x88):
                return ok((self.aa or sign_plain)(command.data))
            case (0x00, 0xD6) if self.writable_inside and inside:
                return ok()
        return ok() if self.writable and not inside else sw(0x6985)

    def _files(self) -> dict[int, bytes]:
        if not self.in_application:
            root = {0x011C: self.card_access, 0x01F0: self.card_control}
            return {name: content for name, content in root.items() if content is not None}
        files = {0x011E: self.com, 0x011D: self.sod}
        files |= {0x0100 + number: content for number, content in self.groups.items()}
        return files | ({0x01FE: bytes(32)} if self.marker else {})

    def _select(self, command: CommandApdu) -> ResponseApdu:
        assert command.p2 == 0x0C
        if command.p1 == 0x04:
            self.in_application = command.data == AID
            self.selected = None
            return ok() if self.in_application else sw(0x6A82)
        if command.p1 == 0x00:
            assert command.data == b"\x3f\x00"
            self.in_application, self.selected = False, None
            return ok()
        file_id = int.from_bytes(command.data, "big")
        if file_id not in self._files():
            return sw(0x6A82)
        self.selected = file_id
        return ok()

    def _read(self, command: CommandApdu, *, inside: bool) -> ResponseApdu:
        short = command.ins == 0xB0 and command.p1 & 0x80
        file_id = 0x0100 | command.p1 & 0x1F if short else self.selected
        if file_id is None or file_id not in self._files():
            return sw(0x6A82)
        free = not self.in_application or file_id in self.open_files
        if not (inside or free or (self.bare_reads and self.session)):
            return sw(0x6982)
        content = self._files()[file_id]
        if short:
            offset = command.p2
        elif command.ins == 0xB0:
            offset = command.p1 << 8 | command.p2
        else:
            offset = int.from_bytes(only(command.data, 0x54), "big")
        assert command.le is not None
        asked = command.le
        if command.ins == 0xB1:
            asked -= 2 if asked < 0x82 else 3
        part = content[offset : offset + asked]
        if not part:
            return sw(0x6B00)
        if len(part) < asked and self.end in ("6B00", "6C"):
            return sw(0x6B00 if self.end == "6B00" else 0x6C00 | len(part))
        status = 0x6282 if len(part) < asked and self.end == "6282" else 0x9000
        return ResponseApdu(part if command.ins == 0xB0 else encode(0x53, part), status)

    def _external(self, command: CommandApdu) -> ResponseApdu:
        keys = SessionKeys.derive(SessionCipher.TDES, self.mrz_secret[:16])
        ciphered, checksum = command.data[:32], command.data[32:]
        if not same(checksum, SessionCipher.TDES.checksum(keys.authenticating, ciphered)):
            return sw(0x6300)
        plain = SessionCipher.TDES.decipher(keys.enciphering, ciphered)
        theirs, own = plain[:8], b"0123456789abcdef"
        if plain[8:16] != self.challenge:
            return sw(0x6300)
        answer = self.challenge + theirs + own
        ciphered = SessionCipher.TDES.encipher(keys.enciphering, answer)
        seed = bytes(a ^ b for a, b in zip(plain[16:], own, strict=True))
        counter = int.from_bytes(self.challenge[4:] + theirs[4:], "big")
        self.session = ChipMessaging(SessionKeys.derive(SessionCipher.TDES, seed, counter))
        return ok(ciphered + SessionCipher.TDES.checksum(keys.authenticating, ciphered))

    def _manage(self, command: CommandApdu) -> ResponseApdu:
        objects = {item.tag: item.value for item in data_objects(command.data)}
        if (command.p1, command.p2) == (0xC1, 0xA4) and self.offer is not None:
            self.step = {"protocol": objects[0x80], "kind": objects[0x83], "named": 0x84 in objects}
            return ok()
        if (command.p1, command.p2) == (0x41, 0xA4):
            self.step = {"ca": objects}
            return ok()
        if (command.p1, command.p2) == (0x41, 0xA6):
            return self._chip_authentication(objects[0x91])
        return sw(0x6A80)

    def _general(self, command: CommandApdu) -> ResponseApdu:
        objects = {item.tag: item.value for item in data_objects(only(command.data, 0x7C))}
        if "ca" in self.step:
            return self._chip_authentication(objects[0x80])
        if "kind" not in self.step or self.offer is None:
            return sw(0x6985)
        cipher, parameter = self.offer
        curve = CURVES[parameter]
        nonce, own = 0x1D0E_F00D_CAFE, 0x5EC2E7
        if not objects:
            secret = self.mrz_secret if self.step["kind"] == b"\x01" else self.can
            key = derive_key(secret, 3, cipher)
            block = nonce.to_bytes(16, "big")
            return ok(encode(0x7C, encode(0x80, cipher.encipher(key, block))))
        if 0x81 in objects:
            theirs = curve.point(objects[0x81])
            agreed = curve.multiply(own, theirs)
            mapped = curve.add(curve.multiply(nonce, curve.generator), agreed)
            self.step["generator"] = mapped
            ours = curve.encode(curve.multiply(own, curve.generator))
            return ok(encode(0x7C, encode(0x82, ours)))
        if 0x83 in objects:
            generator = self.step["generator"]
            assert isinstance(generator, Point)
            theirs = curve.point(objects[0x83])
            ours = curve.encode(curve.multiply(own, generator))
            shared = curve.coordinate(curve.multiply(own, theirs).x)
            self.step |= {
                "keys": SessionKeys.derive(cipher, shared),
                "ours": ours,
                "theirs": objects[0x83],
            }
            return ok(encode(0x7C, encode(0x84, ours)))
        return self._mutual(objects[0x85])

    def _mutual(self, token: bytes) -> ResponseApdu:
        keys, ours, theirs = (self.step[name] for name in ("keys", "ours", "theirs"))
        name = self.step["protocol"]
        assert isinstance(keys, SessionKeys)
        assert isinstance(ours, bytes)
        assert isinstance(theirs, bytes)
        assert isinstance(name, bytes)
        if token != authentication_token(keys, name, ours):
            return sw(0x6300)
        self.session = ChipMessaging(keys)
        return ok(encode(0x7C, encode(0x86, authentication_token(keys, name, theirs))))

    def _chip_authentication(self, point: bytes) -> ResponseApdu:
        cipher, parameter, private = self.ca
        curve = CURVES[parameter]
        shared = curve.multiply(private, curve.point(point))
        self.next_keys = SessionKeys.derive(cipher, curve.coordinate(shared.x))
        return ok() if cipher is SessionCipher.TDES else ok(encode(0x7C, b""))


def sign_plain(
    challenge: bytes,
    key: ec.EllipticCurvePrivateKey = AA_KEY,
    algorithm: hashes.HashAlgorithm | None = None,
) -> bytes:
    der = key.sign(challenge, ec.ECDSA(algorithm or hashes.SHA256()))
    half = (key.key_size + 7) // 8
    return b"".join(part.to_bytes(half, "big") for part in utils.decode_dss_signature(der))


def personal(text: str) -> PersonalText:
    return PersonalText(text)


ACCESS = ChipAccess(
    document_number=personal("AB1234567"),
    mrz=(personal(MRZ[0]), personal(MRZ[1]), personal(MRZ[2])),
    can=personal(CAN),
)


def expectation(access: ChipAccess | None = ACCESS) -> Expectation:
    return Expectation(profile="icao-lds1", card=SERIAL, attempt=ATTEMPT, digests={}, access=access)


def outcome(verdict: QaVerdict, name: str) -> CheckOutcome:
    return next(check.outcome for check in verdict.checks if check.name == name)


def evidence(verdict: QaVerdict, name: str) -> str:
    return next(check.evidence for check in verdict.checks if check.name == name)
