"""The personalization and the reading of docs/chip-profile-ktp-el.md, typed from the document.

Nothing here knows the writer or the inspection. Persons and keys are made up.
"""

from __future__ import annotations

import functools
import hashlib
import random
from collections.abc import Iterator
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.ids import CardSerial
from ektp.ports import CardChannel, TrustedSigner
from simulation.chip.card import Chip
from simulation.chip.crypto import Tdes
from simulation.chip.maker import derive_key_set
from simulation.sam.card import SimulatedSam

from .channel_host import Host, Keys, put_data, put_key
from .worked_example import (
    CARD_MASTER,
    MARKER,
    MASTER,
    SERIAL,
    SIGNER_KEY_ID,
    TRANSPORT_MASTER,
    printed_example,
)

BLOCK = 239
OPEN_SECRET = bytes(range(0x80, 0xA0))
RULES = {0x6FF0: 0x00, 0x6FF1: 0x01, 0x6FF2: 0x00, 0x6FF3: 0x01, 0x6FF4: 0x01, 0x6FF5: 0x01}
RULES |= {0x6FF6: 0x01}
PROTECTED = (0x6FF1, 0x6FF3, 0x6FF4, 0x6FF5, 0x6FF6)
ENCIPHERED = (0x6FF3, 0x6FF4, 0x6FF5)


class Seeded:
    """Chance that repeats itself."""

    def __init__(self, seed: int = 7) -> None:
        self._random = random.Random(seed)  # noqa: S311 - it must repeat itself

    def token_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)


class Scripted:
    """Chance that was written down before."""

    def __init__(self, *values: bytes) -> None:
        self._values = list(values)

    def token_bytes(self, count: int) -> bytes:
        value = self._values.pop(0)
        assert len(value) == count
        return value


def apdu(text: str, data: bytes = b"", le: str = "") -> CommandApdu:
    """`00D60000` with data and Le, or a whole command in hex."""
    raw = bytes.fromhex(text)
    if data:
        raw += bytes((len(data),)) + data
    return CommandApdu.from_bytes(raw + bytes.fromhex(le))


class Receiver(Protocol):
    """A chip, or a host's session with it."""

    def process(self, command: CommandApdu) -> ResponseApdu: ...


def send(chip: Receiver, text: str, data: bytes = b"", le: str = "") -> ResponseApdu:
    return chip.process(apdu(text, data, le))


def sw(chip: Receiver, text: str, data: bytes = b"", le: str = "") -> str:
    return f"{send(chip, text, data, le).sw:04X}"


def key_set(master: bytes, version: int) -> Keys:
    made = derive_key_set(master, SERIAL, version)
    return Keys(version, made.enc, made.mac, made.dek)


TRANSPORT_KEYS = key_set(TRANSPORT_MASTER, 0x30)
CARD_KEYS = key_set(CARD_MASTER, 0x31)


def keys_of(chip: Chip) -> Keys:
    return TRANSPORT_KEYS if chip.key_version == TRANSPORT_KEYS.version else CARD_KEYS


def inside(chip: Chip) -> Host:
    """A session in the chip's channel, under the keys that are there."""
    return Host(chip.process, keys_of(chip)).open()


def a_blank(**options: object) -> Chip:
    options.setdefault("random", Seeded())
    options.setdefault("transport_keys", derive_key_set(TRANSPORT_MASTER, SERIAL, 0x30))
    return Chip.blank(CardSerial.from_bytes(SERIAL), **options)  # type: ignore[arg-type]


def file_id(number: int) -> bytes:
    return number.to_bytes(2, "big")


def create_application() -> CommandApdu:
    return apdu("00E00000", bytes.fromhex("6207 820138 83027F0A"))


def create_file(number: int, size: int, rule: int) -> CommandApdu:
    body = b"\x80\x02" + size.to_bytes(2, "big") + b"\x82\x01\x01\x83\x02" + file_id(number)
    body += b"\x86\x01" + bytes((rule,))
    return apdu("00E00000", b"\x62" + bytes((len(body),)) + body)


def updates(content: bytes) -> Iterator[CommandApdu]:
    for offset in range(0, len(content), BLOCK):
        yield apdu(f"00D6{offset:04X}", content[offset : offset + BLOCK])


def read_keys() -> bytes:
    """The secret `01`: version of the master, K_ENC, K_MAC."""
    keys = printed_example()
    return b"\x01" + keys["K_ENC"] + keys["K_MAC"]


CHANGE_KEYS = put_key(TRANSPORT_KEYS, CARD_KEYS)
PUT_READ_KEYS = put_data(CARD_KEYS, 0x01, read_keys())


def keyed(**options: object) -> Chip:
    """A blank that holds the card's own key set."""
    chip = a_blank(**options)
    assert inside(chip).process(CHANGE_KEYS).ok
    return chip


def framed(content: bytes, multiple: int = 1) -> bytes:
    framed_content = len(content).to_bytes(2, "big") + content
    return framed_content + bytes(-len(framed_content) % multiple)


@functools.cache
def plain_files() -> dict[int, bytes]:
    """Contents as they are read and signed; `6FF6` is not among them."""
    chance = random.Random(11)  # noqa: S311 - it must repeat itself
    return {
        0x6FF0: framed(printed_example()["CC"]),
        0x6FF1: framed(b'"3171010101010000","JALAN CONTOH 1"'),
        0x6FF2: framed(b"\xff\xd8" + chance.randbytes(1500) + b"\xff\xd9"),
        0x6FF3: framed(chance.randbytes(924), 8),
        0x6FF4: framed(b"FMR\x00 20\x00" + chance.randbytes(262), 8),
        0x6FF5: framed(b"", 8),
    }


class Signer:
    """A signing key of the test, under the key id of the worked example's card control."""

    def __init__(self, secret: int = 0x1234567) -> None:
        self._key = ec.derive_private_key(secret, ec.SECP256R1())

    @property
    def trusted(self) -> TrustedSigner:
        form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return TrustedSigner(
            key_id=SIGNER_KEY_ID, public_key=self._key.public_key().public_bytes(*form)
        )

    def object_over(self, files: dict[int, bytes]) -> bytes:
        order = (0x6FF1, 0x6FF2, 0x6FF3, 0x6FF4, 0x6FF5, 0x6FF0)
        message = b"".join(files[number] for number in order) + SERIAL
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big") + SIGNER_KEY_ID + SERIAL


@functools.cache
def stored_files() -> dict[int, bytes]:
    """All seven files as they are written; one signature for all tests, as each draws its own."""
    plain = plain_files()
    k_file = Tdes(printed_example()["K_FILE"])
    stored = {n: k_file.encrypt(c) if n in ENCIPHERED else c for n, c in plain.items()}
    return stored | {0x6FF6: Signer().object_over(plain)}


BEGINNING = [create_application(), create_file(0x6FFE, 32, 0xFF), *updates(MARKER), CHANGE_KEYS]
"""What is done under the transport keys."""


def contents(files: dict[int, bytes]) -> Iterator[CommandApdu]:
    """What is done under the card's keys, up to, and without, SET STATUS SECURED."""
    yield PUT_READ_KEYS
    for number, content in files.items():
        yield create_file(number, len(content), RULES[number])
        yield from updates(content)


SECURE = apdu("80F0800F")
TERMINATE = apdu("80F080FF")


def write(chip: Chip, files: dict[int, bytes] | None = None) -> Host:
    """Everything up to, and without, SET STATUS SECURED; the session that is still open."""
    host = inside(chip)
    for command in BEGINNING:
        assert host.process(command).ok, command
    host = inside(chip)
    for command in contents(stored_files() if files is None else files):
        assert host.process(command).ok, command
    return host


def a_written_chip(**options: object) -> Chip:
    chip = a_blank(**options)
    write(chip)
    return chip


def a_closed_chip(**options: object) -> Chip:
    chip = a_blank(**options)
    assert write(chip).process(SECURE).ok
    chip.reset()
    return chip


def a_sam(signer: Signer | None = None, **options: object) -> SimulatedSam:
    options.setdefault("random", Seeded(3))
    sam = SimulatedSam(
        master_keys={1: MASTER},
        open_secret=OPEN_SECRET,
        signers=[(signer or Signer()).trusted],
        **options,  # type: ignore[arg-type]
    )
    assert sam.process(apdu("00F00000", OPEN_SECRET)).ok
    return sam


class SamReader:
    """A reader with a SAM, by section 8 and 9: it holds no key."""

    def __init__(self, card: CardChannel, sam: SimulatedSam) -> None:
        self.card = card
        self.sam = sam

    def plain(self, text: str, data: bytes = b"", le: str = "") -> bytes:
        response = self.card.transmit(apdu(text, data, le))
        assert response.ok, response
        return response.data

    def ask_sam(self, text: str, data: bytes = b"") -> bytes:
        response = self.sam.process(apdu(text, data))
        assert response.ok, response
        return response.data

    def authenticate(self) -> None:
        self.plain("00A40000", file_id(0x7F0A))
        self.plain("00A40000", file_id(0x6FF0))
        control = self.plain("00B0000036")[2:]
        uid = b"\x80" + self.card.transmit(apdu("FFCA000000")).data
        challenge = self.plain("0084000008")
        token = self.ask_sam("00F10001", control + uid + challenge)
        self.ask_sam("00F20000", self.plain("00820000", token[:40], token[40:].hex()))

    def protected(self, command: CommandApdu) -> ResponseApdu:
        sealed = CommandApdu.from_bytes(self.ask_sam("00F30000", bytes(command)))
        answer = self.card.transmit(sealed)
        return ResponseApdu.from_bytes(self.ask_sam("00F40000", bytes(answer)))

    def read(self, number: int, before_last: str = "") -> bytes:
        """A whole file through the session; `before_last` goes to the SAM before its last block."""
        assert self.protected(apdu("00A40000", file_id(number))).ok
        size = len(stored_files()[number])
        content = b""
        while len(content) < size:
            if before_last and size - len(content) <= 0xD0:
                self.ask_sam(before_last)
            length = min(0xD0, size - len(content))
            response = self.protected(apdu(f"00B0{len(content):04X}{length:02X}"))
            assert response.ok, response
            content += response.data
        return content

    def read_plain(self, number: int) -> bytes:
        self.plain("00A40000", file_id(number))
        content = b""
        while len(content) < len(stored_files()[number]):
            content += self.plain(f"00B0{len(content):04X}F0")
        return content


def digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
