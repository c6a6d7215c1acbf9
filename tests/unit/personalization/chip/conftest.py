"""Synthetic people (NIK serial 0000), keys that are no keys, and a card made of a dictionary."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest
from PIL import Image, ImageDraw

from ektp.chip_profiles import KTP_EL, ChipProfile, FileId
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
from hsm.card_keys import CardKeysInHand, card_keys_in_hand
from hsm.keys import TokenKeys
from personalization.datafiles.prepare import data_files
from tests.unit.hsm.masters import Masters
from tests.unit.personalization.chip.dictionary_card import SERIAL, DictionaryCard

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
    """Keys that hide nothing where a binding needs them, and real ones for the channel.

    What is enciphered can be recognized afterwards; `asked` is who was asked for.
    """

    def __init__(self) -> None:
        self.masters = Masters()
        self.asked: list[tuple[CardSerial, str]] = []
        self.in_hand = 0

    @contextmanager
    def card_keys(self, card: CardSerial, profile: ChipProfile) -> Iterator[PlainCardKeys]:
        self.asked.append((card, profile.name))
        self.in_hand += 1
        try:
            with card_keys_in_hand(cast("TokenKeys", self.masters), card, profile) as keys:
                yield PlainCardKeys(keys)
        finally:
            self.in_hand -= 1

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


class PlainCardKeys:
    """The keys of one card, with a file protection that everybody can see through."""

    def __init__(self, keys: CardKeysInHand) -> None:
        self._keys = keys

    def __getattr__(self, name: str) -> Any:
        return getattr(self._keys, name)

    def encipher_file(self, card_control: bytes, content: bytes) -> bytes:
        assert len(card_control) == 51
        assert len(content) % 8 == 0
        return bytes(byte ^ 0xFF for byte in content)

    def read_keys(self, card_control: bytes) -> bytes:
        # Any version of the read master will do here.
        assert len(card_control) == 51
        return self._keys.seal(b"R" * 49)


class PlainSigner:
    """Signs by repeating the hash: r = SHA-256 of the message, s the same."""

    def __init__(self, key_id: bytes = b"signer-1") -> None:
        self.named = self.used = key_id
        self.length = 64
        self.messages: list[bytes] = []
        self.turns = 0

    @property
    def key_id(self) -> bytes:
        return self.named

    def take(self) -> PlainSigner:
        self.turns += 1
        return self

    def sign(self, message: bytes) -> DocumentSignature:
        self.messages.append(message)
        r_s = (hashlib.sha256(message).digest() * 2)[: self.length]
        return DocumentSignature(r_s=r_s, key_id=self.used)


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
