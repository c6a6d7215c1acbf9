"""One object per profile: which one, what it refuses, and an `icao-lds1` card of dictionaries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ektp.apdu import CommandApdu
from ektp.chip_profiles import ICAO_LDS1, KTP_EL
from ektp.errors import (
    ApduRefused,
    CardAbsent,
    ChipImageTooLarge,
    ConfigurationError,
    HsmError,
)
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.perso import Artwork, ChipImage, ChipKeyUse, PersoPackage
from ektp.personal import PersonalText
from ektp.ports import SecurityObject
from personalization.binding_lds1 import bind_lds1
from personalization.card_control import CardControl, attempt_digest, card_control_of
from personalization.datafiles.lds1.numbers import is_document_number
from personalization.datafiles.prepare import data_files
from personalization.encoding import personalize
from personalization.evidence import Progress, read_evidence
from personalization.profiles.choice import personalization_for
from personalization.secret_data import bac_keys, mrz_information
from tests.unit.personalization.chip.conftest import build_record
from tests.unit.personalization.chip.dictionary_card import EXTENDED, SHORT, DictionaryCard

DAY = date(2026, 1, 31)


class Chance:
    """Bytes that differ from call to call."""

    def __init__(self) -> None:
        self.asked = 0

    def token_bytes(self, count: int) -> bytes:
        self.asked += 1
        return hashlib.sha256(bytes((self.asked,))).digest()[:count]


class PlainObjectSigner:
    """Makes a security object of the digests alone."""

    def __init__(self, fill: int = 0) -> None:
        self.fill = fill
        self.signed: list[dict[int, bytes]] = []

    def sign(self, data_groups: Mapping[int, bytes]) -> SecurityObject:
        self.signed.append(dict(data_groups))
        digests = b"".join(hashlib.sha384(dg).digest() for dg in data_groups.values())
        return SecurityObject(content=b"\x77" + digests + bytes(self.fill), key_id=b"signer-9")


@pytest.fixture(scope="module")
def lds_package() -> PersoPackage:
    return PersoPackage(
        profile=ICAO_LDS1.name,
        artwork=Artwork(layout="none", geometry="none", panels=()),
        files=data_files(build_record(), ICAO_LDS1),
    )


@pytest.fixture
def lds_signer() -> PlainObjectSigner:
    return PlainObjectSigner()


@pytest.fixture
def bind_lds(
    lds_package: PersoPackage,
    serial: CardSerial,
    attempt: AttemptId,
    keys: Any,
    lds_signer: PlainObjectSigner,
) -> Any:
    def bound(**changes: Any) -> Any:
        wanted = {
            "card": serial,
            "attempt": attempt,
            "on": DAY,
            "keys": keys,
            "signer": lds_signer,
            "entropy": Chance(),
            "is_free": lambda _: True,
        }
        return bind_lds1(changes.pop("package", lds_package), **{**wanted, **changes})

    return bound


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "with_signer", "with_object_signer"),
    [
        (KTP_EL, False, True),
        (ICAO_LDS1, True, False),
        (replace(KTP_EL, name="another"), True, True),
    ],
)
def test_a_profile_without_its_signer(
    keys: Any, signer: Any, profile: Any, with_signer: bool, with_object_signer: bool
) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        personalization_for(
            profile,
            keys=keys,
            signer=signer if with_signer else None,
            security_object_signer=PlainObjectSigner() if with_object_signer else None,
            key_version=1,
            entropy=Chance(),
        )
    assert refusal.value.facts == {"profile": profile.name}


def test_a_package_of_the_other_profile_is_not_bound(
    bind_lds: Any, package: PersoPackage, lds_signer: PlainObjectSigner
) -> None:
    with pytest.raises(ConfigurationError):
        bind_lds(package=package)
    assert lds_signer.signed == []


def test_where_no_number_is_free_nothing_is_signed(
    bind_lds: Any, lds_signer: PlainObjectSigner, keys: Any
) -> None:
    drawn: list[str] = []

    def never(number: PersonalText) -> bool:
        drawn.append(number.reveal())
        return False

    with pytest.raises(ConfigurationError) as refusal:
        bind_lds(is_free=never)
    assert len(set(drawn)) == len(drawn) == refusal.value.facts["drawn"]
    assert not any(number in str(refusal.value) for number in drawn)
    assert (lds_signer.signed, keys.asked) == ([], [])


def test_a_security_object_that_is_too_large(bind_lds: Any) -> None:
    with pytest.raises(ChipImageTooLarge) as refusal:
        bind_lds(signer=PlainObjectSigner(fill=4096))
    assert refusal.value.facts["file"] == "sod"


def test_a_signer_that_fails_leaves_no_image(bind_lds: Any, keys: Any) -> None:
    class Failing:
        def sign(self, data_groups: Mapping[int, bytes]) -> SecurityObject:
            raise HsmError(groups=len(data_groups))

    with pytest.raises(HsmError):
        bind_lds(signer=Failing())
    assert keys.in_hand == 0


@pytest.mark.parametrize(
    ("ins", "nth", "step"),
    [
        (0xDA, 2, "put PACE passwords"),
        (0xDA, 4, "put private key of active authentication"),
        (0xA4, 1, "select master file"),
        (0xE0, 4, "write card_control"),
        (0xA4, 2, "select application"),
        (0xA4, 3, "select master file"),
        (0xB4, 2, "compare digests"),
    ],
)
def test_each_refusal_names_its_step(
    bind_lds: Any, keys: Any, job: JobId, ins: int, nth: int, step: str
) -> None:
    card = DictionaryCard(profile=ICAO_LDS1, atr=EXTENDED)
    card.refuse[ins, nth] = 0x6985
    with pytest.raises(ApduRefused) as refusal:
        personalize(card, bind_lds()[0], keys, job)
    assert refusal.value.facts["step"] == step
    assert card.life_cycle == 0x01


# --- bound and written ---------------------------------------------------------------------------


def test_what_is_bound(
    bind_lds: Any, lds_signer: PlainObjectSigner, serial: CardSerial, attempt: AttemptId
) -> None:
    image, expected = bind_lds()
    contents = {file.name: dict(image.files)[file.file_id].reveal() for file in ICAO_LDS1.files}
    assert [file_id for file_id, _ in image.files] == [file.file_id for file in ICAO_LDS1.files]
    (signed,) = lds_signer.signed
    assert list(signed) == [1, 2, 7, 11, 12, 13, 14, 15]
    assert all(contents[f"dg{number}"] == content for number, content in signed.items())
    assert contents["com"][-8:] == bytes.fromhex("61 75 67 6B 6C 6D 6E 6F")
    control = CardControl.from_bytes(card_control_of(image))
    assert (control.card, control.attempt_digest) == (serial, attempt_digest(attempt))
    assert (control.signing_key_id, control.bound_on) == (b"signer-9", DAY)
    assert bytes(serial) in contents["dg13"]
    assert attempt_digest(attempt) in contents["dg13"]
    assert image.signature_digest == hashlib.sha256(contents["sod"]).digest()
    assert {pair.use for pair in image.key_pairs} == set(ChipKeyUse)
    assert all(any(pair.public_key in dg for dg in signed.values()) for pair in image.key_pairs)
    assert expected.digests == {
        name: hashlib.sha256(content).digest() for name, content in contents.items()
    }
    assert expected.access is image.access
    assert is_document_number(image.access.document_number.reveal())


def test_two_cards_share_nothing_that_opens_them(bind_lds: Any) -> None:
    chance = Chance()
    one, two = (bind_lds(entropy=chance)[0] for _ in range(2))
    assert one.access.document_number.reveal() != two.access.document_number.reveal()
    assert one.access.can.reveal() != two.access.can.reveal()
    assert {p.public_key for p in one.key_pairs}.isdisjoint(p.public_key for p in two.key_pairs)


@pytest.mark.parametrize("atr", [SHORT, EXTENDED], ids=["short", "extended"])
def test_a_blank_becomes_the_image(bind_lds: Any, keys: Any, job: JobId, atr: bytes) -> None:
    card = DictionaryCard(profile=ICAO_LDS1, atr=atr)
    image = bind_lds()[0]
    report = personalize(card, image, keys, job)
    assert card.life_cycle == 0x0F
    assert {id_: bytes(content) for id_, content in card.files.items()} == {
        id_: content.reveal() for id_, content in image.files
    }
    assert report.digests == image.digests
    assert card.secrets[2] == bac_keys(image.access)
    zone = hashlib.sha1(mrz_information(image.access)).digest()  # noqa: S324 - by Doc 9303-11
    assert card.secrets[3] == zone + image.access.can.reveal().encode()
    assert [len(card.secrets[number]) for number in (2, 3, 4, 5)] == [32, 26, 32, 32]
    card.reset()
    evidence = read_evidence(card, ICAO_LDS1)
    assert evidence.progress is Progress.CLOSED
    assert evidence.closed_for == attempt_digest(image.attempt)


def test_the_order_of_the_profile(bind_lds: Any, keys: Any, job: JobId) -> None:
    card = DictionaryCard(profile=ICAO_LDS1, atr=EXTENDED)
    personalize(card, bind_lds()[0], keys, job)
    selects = [command for command in card.log if command.ins == 0xA4]
    root = CommandApdu(0x00, 0xA4, data=b"\x3f\x00", le=256)
    application = CommandApdu(0x00, 0xA4, 0x04, 0x0C, ICAO_LDS1.aid, le=256)
    assert selects == [root, application, root, application]
    files = [command.data[11:13].hex() for command in card.log if command.ins == 0xE0][1:]
    assert files[:4] == ["01fe", "011c", "01f0", "011e"]
    assert [command.p2 for command in card.log if command.ins == 0xDA] == [2, 3, 4, 5]


def test_a_cut_leaves_true_evidence(
    bind_lds: Any, keys: Any, job: JobId, attempt: AttemptId
) -> None:
    image: ChipImage = bind_lds()[0]
    whole = DictionaryCard(profile=ICAO_LDS1, atr=EXTENDED)
    personalize(whole, image, keys, job)
    for count in range(0, len(whole.air), 3):
        torn = DictionaryCard(profile=ICAO_LDS1, atr=EXTENDED)
        torn.tear_after = count
        with pytest.raises(CardAbsent):
            personalize(torn, image, keys, job)
        torn.tear_after = None
        torn.reset()
        evidence = read_evidence(torn, ICAO_LDS1)
        assert evidence.untouched == (not torn.application)
        assert evidence.keys_changed == (torn.channel.version == 0x31)
        assert evidence.belongs_to(attempt) == bool(evidence.marker or evidence.control)


def test_the_object_of_a_profile_prints_what_was_prepared(
    keys: Any, signer: Any, package: PersoPackage, serial: CardSerial, attempt: AttemptId
) -> None:
    line = personalization_for(
        KTP_EL,
        keys=keys,
        signer=signer,
        security_object_signer=None,
        key_version=1,
        entropy=Chance(),
    )
    bound = line.bind(
        package, card=serial, attempt=attempt, on=DAY, is_free=lambda _: pytest.fail("asked")
    )
    assert bound.artwork is package.artwork is line.artwork_of(package, None)
    card = DictionaryCard()
    assert line.prove_blank(card) == serial
    assert line.personalize(card, bound.image, JobId("J-00000000055")).digests
    card.reset()
    assert line.read_evidence(card).belongs_to(attempt)
    assert line.terminate(card)
