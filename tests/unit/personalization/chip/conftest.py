"""Synthetic people (NIK serial 0000), keys that are no keys, and a card made of a dictionary."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from PIL import Image, ImageDraw

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.chip_profiles import KTP_EL, FileId
from ektp.errors import CardAbsent
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.perso import Artwork, PersoPackage
from ektp.personal import Nik, PersonalBytes, PersonalText
from ektp.ports import DocumentSignature, KeyInfo
from ektp.record import (
    ApprovedRecord,
    Biographic,
    CardVariant,
    Finger,
    FingerTemplate,
    RequestType,
    Sex,
)
from ektp.regions import Area, OfficeCode, RegionCode
from ektp.tlv import decode_tlv, find_tlv
from personalization.datafiles.prepare import data_files

SERIAL = CardSerial("0011223344556677")
JOB = JobId.from_entropy(bytes(7) + b"\x05")
ATTEMPT = AttemptId.from_entropy(bytes(7) + b"\x07")


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def a_portrait(width: int = 480, height: int = 640, *, noise: float = 4) -> Image.Image:
    face = Image.new("RGB", (width, height), (200, 30, 30))
    draw = ImageDraw.Draw(face)
    draw.ellipse((width * 0.1, height * 0.7, width * 0.9, height * 1.4), fill=(60, 80, 60))
    draw.ellipse((width * 0.25, height * 0.1, width * 0.75, height * 0.7), fill=(200, 150, 120))
    for step in range(12):
        x, y = width * (0.3 + step / 30), height * (0.2 + step / 30)
        draw.line((x, y, x + width / 12, y + height / 20), fill=(40, 20, 10), width=3)
    if noise:
        grain = Image.effect_noise((width, height), noise)
        face = Image.blend(face, Image.merge("RGB", (grain, grain, grain)), 0.12)
    return face


def a_signature(width: int = 168, height: int = 44) -> Image.Image:
    paper = Image.new("1", (width, height), 1)
    points = [(width * step / 9, height * (0.2 + 0.6 * (step % 2))) for step in range(1, 9)]
    ImageDraw.Draw(paper).line(points, fill=0, width=max(1, height // 22))
    return paper


def a_template(position: int = 2, minutiae: int = 40, *, extended: bytes = b"") -> bytes:
    """An ISO/IEC 19794-2:2005 record of one view, by the clauses of the standard."""
    body = b"".join(
        (0x4000 | (50 + 3 * index)).to_bytes(2, "big")
        + (60 + 2 * index).to_bytes(2, "big")
        + bytes((index, 70))
        for index in range(minutiae)
    )
    tail = len(extended).to_bytes(2, "big") + extended
    header = b"FMR\x00 20\x00" + (28 + len(body) + len(tail)).to_bytes(4, "big") + b"\x00\x00"
    header += b"".join(value.to_bytes(2, "big") for value in (300, 400, 197, 197)) + b"\x01\x00"
    return header + bytes((position, 0, 80, minutiae)) + body + tail


def _area(code: str, name: str) -> Area:
    return Area(code=RegionCode.parse(code), name=name)


PERSON = Biographic(
    nik=Nik("1671015708860000"),
    kk=None,
    name=PersonalText("CONTOH D'WARGA"),
    birth_place=PersonalText("PALEMBANG"),
    birth_date=date(1986, 8, 7),
    sex=Sex.FEMALE,
    blood_type="-",
    address=PersonalText("JL. CONTOH NO. 1"),
    rt="001",
    rw="012",
    village=_area("16.71.01.1001", "DESA CONTOH"),
    district=_area("16.71.01", "ILIR BARAT DUA"),
    regency=_area("16.71", "KOTA PALEMBANG"),
    province=_area("16", "SUMATERA SELATAN"),
    religion="ISLAM",
    marital_status="BELUM KAWIN",
    occupation="PELAJAR/MAHASISWA",
    citizenship="WNI",
    valid_until=None,
    issue_place="KOTA PALEMBANG",
    issue_date=date(2026, 1, 1),
    phone=None,
)


def build_record(
    *,
    portrait: bytes | None = None,
    signature: bytes | None = None,
    fingers: Sequence[tuple[Finger, bytes]] | None = None,
    **person: Any,
) -> ApprovedRecord:
    if fingers is None:
        fingers = [(finger, a_template(finger.position)) for finger in Finger]
    return ApprovedRecord(
        request_id="TEST-1",
        variant=CardVariant.WNI,
        request_type=RequestType.FIRST_ISSUANCE,
        reason=None,
        priority=5,
        approved_at=datetime(2026, 1, 1, tzinfo=UTC),
        delivery_office=OfficeCode.parse("16.71.01"),
        parent_credential=None,
        biographic=replace(PERSON, **person),
        portrait=PersonalBytes(portrait or encoded(a_portrait(), "JPEG", quality=85)),
        signature=PersonalBytes(signature or encoded(a_signature())),
        fingers=tuple(
            FingerTemplate(finger=finger, record=PersonalBytes(template))
            for finger, template in fingers
        ),
    )


class PlainKeys:
    """Keys that hide nothing: what goes through them can be recognized afterwards."""

    def __init__(self) -> None:
        self.asked: list[tuple[CardSerial, bytes]] = []
        self.in_hand = 0

    @contextmanager
    def chip_keys(self, card: CardSerial, card_control: bytes) -> Iterator[PlainKeys]:
        self.asked.append((card, card_control))
        self.in_hand += 1
        yield self
        self.in_hand -= 1

    def load_payload(self) -> bytes:
        assert self.in_hand
        return b"K" * 88

    def encipher_file(self, content: bytes) -> bytes:
        assert self.in_hand
        assert len(content) % 8 == 0
        return bytes(byte ^ 0xFF for byte in content)

    def terminate_proof(self, challenge: bytes) -> bytes:
        return hashlib.sha256(b"\xff" + challenge).digest()[:8]

    def wrap_data_key(self, data_key: bytes) -> bytes:
        return data_key

    def unwrap_data_key(self, wrapped: bytes) -> bytes:
        return wrapped

    def blind_index(self, value: bytes) -> bytes:
        return value

    def sign_as_site(self, document: bytes) -> bytes:
        return document

    def inventory(self) -> Sequence[KeyInfo]:
        return ()


class PlainSigner:
    """Signs by repeating the hash: r = SHA-256 of the message, s the same."""

    def __init__(self, key_id: bytes = b"signer-1") -> None:
        self.named = self.used = key_id
        self.length = 64
        self.messages: list[bytes] = []

    def sign(self, message: bytes) -> DocumentSignature:
        self.messages.append(message)
        r_s = (hashlib.sha256(message).digest() * 2)[: self.length]
        return DocumentSignature(r_s=r_s, key_id=self.used)

    def key_id(self) -> bytes:
        return self.named


class DictionaryCard:
    """The least card that the script of section 4 can be carried out on. It knows no keys.

    `tear_after` takes the card away after so many commands; `refuse` answers a status word to the
    n-th use of an instruction; `corrupt` changes a file as it is stored.
    """

    def __init__(self, serial: bytes = bytes(SERIAL)) -> None:
        self.serial = serial
        self.life_cycle = 0x01
        self.application = False
        self.files: dict[int, bytearray] = {}
        self.selected = 0
        self.keys = b""
        self.log: list[CommandApdu] = []
        self.tear_after: int | None = None
        self.refuse: dict[tuple[int, int], int] = {}
        self.corrupt: int | None = None
        self.cplc_tag = b"\x9f\x7f"
        self.status_form = b"\xe3\x04\x9f\x70\x01"
        self._seen: dict[int, int] = {}

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        if self.tear_after is not None and len(self.log) >= self.tear_after:
            raise CardAbsent
        self.log.append(command)
        nth = self._seen[command.ins] = self._seen.get(command.ins, 0) + 1
        if (command.ins, nth) in self.refuse:
            return ResponseApdu(b"", self.refuse[command.ins, nth])
        return self._answer(command)

    def _answer(self, command: CommandApdu) -> ResponseApdu:
        if command.ins == 0xCA:
            cplc = bytes(10) + self.serial + bytes(24)
            return ResponseApdu(self.cplc_tag + b"\x2a" + cplc, 0x9000)
        if command.ins == 0xF2:
            return ResponseApdu(self.status_form + bytes((self.life_cycle,)), 0x9000)
        if self.life_cycle == 0xFF:
            return ResponseApdu(b"", 0x6985)
        if command.ins == 0xF0:
            return self._set_status(command)
        if command.ins in {0xE0, 0xD6, 0xD8, 0xB4} and self.life_cycle != 0x01:
            return ResponseApdu(b"", 0x6985)
        return self._files(command)

    def _set_status(self, command: CommandApdu) -> ResponseApdu:
        if command.p2 == 0xFF:
            proof = hashlib.sha256(b"\xff" + b"C" * 8).digest()[:8]
            if self.life_cycle == 0x0F and command.data != proof:
                return ResponseApdu(b"", 0x6982)
        elif not self.keys or not all(file.file_id in self.files for file in KTP_EL.files):
            return ResponseApdu(b"", 0x6985)
        else:
            self.files.pop(KTP_EL.marker.file_id)
        self.life_cycle = command.p2
        return ResponseApdu(b"", 0x9000)

    def _files(self, command: CommandApdu) -> ResponseApdu:
        file_id = int.from_bytes(command.data, "big")
        data = b""
        match command.ins:
            case 0x84:
                data = b"C" * 8
            case 0xD8:
                self.keys = command.data
            case 0xE0:
                return self._create(command.data)
            case 0xA4 if file_id in self.files or (
                file_id == KTP_EL.application and self.application
            ):
                self.selected = file_id
            case 0xD6:
                return self._update(command)
            case 0xB0:
                data = bytes(self.files[self.selected][: command.le])
            case 0xB4 if file_id in self.files:
                data = self._digest(file_id)
            case _:
                return ResponseApdu(b"", 0x6A82)
        return ResponseApdu(data, 0x9000)

    def _update(self, command: CommandApdu) -> ResponseApdu:
        offset = command.p1 << 8 | command.p2
        end = offset + len(command.data)
        if end > len(self.files[self.selected]):
            return ResponseApdu(b"", 0x6B00)
        self.files[self.selected][offset:end] = command.data
        return ResponseApdu(b"", 0x9000)

    def _digest(self, file_id: int) -> bytes:
        stored = bytes(self.files[file_id])
        if file_id == self.corrupt:
            stored = stored[:-1] + bytes((stored[-1] ^ 1,))
        return hashlib.sha256(stored).digest()

    def _create(self, data: bytes) -> ResponseApdu:
        control = find_tlv(data, 0x62) or b""
        objects = {tlv.tag: tlv.value for tlv in decode_tlv(control)}
        if objects[0x82] == b"\x38":
            self.application = True
            return ResponseApdu(b"", 0x9000)
        file_id = int.from_bytes(objects[0x83], "big")
        if file_id in self.files:
            return ResponseApdu(b"", 0x6A89)
        self.files[file_id] = bytearray(int.from_bytes(objects[0x80], "big"))
        self.selected = file_id
        return ResponseApdu(b"", 0x9000)


def build_package(record: ApprovedRecord) -> PersoPackage:
    artwork = Artwork(layout="none", geometry="none", panels=())
    return PersoPackage(profile=KTP_EL.name, artwork=artwork, files=data_files(record))


@pytest.fixture(scope="session")
def package() -> PersoPackage:
    return build_package(build_record())


@pytest.fixture
def a_record() -> Callable[..., ApprovedRecord]:
    return build_record


@pytest.fixture
def template() -> Callable[..., bytes]:
    return a_template


@pytest.fixture
def portrait() -> Callable[..., Image.Image]:
    return a_portrait


@pytest.fixture
def signature() -> Callable[..., Image.Image]:
    return a_signature


@pytest.fixture
def encode() -> Callable[..., bytes]:
    return encoded


@pytest.fixture
def keys() -> PlainKeys:
    return PlainKeys()


@pytest.fixture
def signer() -> PlainSigner:
    return PlainSigner()


@pytest.fixture
def card() -> DictionaryCard:
    return DictionaryCard()


@pytest.fixture
def serial() -> CardSerial:
    return SERIAL


@pytest.fixture
def job() -> JobId:
    assert JOB is not None
    return JOB


@pytest.fixture
def attempt() -> AttemptId:
    assert ATTEMPT is not None
    return ATTEMPT


@pytest.fixture
def file_id() -> Callable[[str], FileId]:
    return lambda name: KTP_EL.file(name).file_id
