from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ektp.chip_profiles import KTP_EL
from ektp.errors import ChipImageTooLarge, ConfigurationError, HsmError
from ektp.ids import AttemptId, CardSerial
from ektp.perso import PersoPackage
from ektp.personal import PersonalBytes
from personalization.binding import bind
from personalization.card_control import CardControl, attempt_digest, card_control_of

DAY = date(2026, 1, 31)


@pytest.fixture
def bound(
    package: PersoPackage, serial: CardSerial, attempt: AttemptId, keys: Any, signer: Any
) -> Any:
    return bind(
        package, card=serial, attempt=attempt, on=DAY, keys=keys, signer=signer, key_version=3
    )


def test_a_package_of_another_profile_is_not_bound(
    package: PersoPackage, serial: CardSerial, attempt: AttemptId, keys: Any, signer: Any
) -> None:
    other = replace(package, profile="icao-lds1")
    with pytest.raises(ConfigurationError):
        bind(other, card=serial, attempt=attempt, on=DAY, keys=keys, signer=signer, key_version=1)
    assert (signer.messages, signer.turns) == ([], 0)


def test_a_signature_by_another_key_than_the_one_taken_is_refused(
    package: PersoPackage, serial: CardSerial, attempt: AttemptId, keys: Any, signer: Any
) -> None:
    signer.used = b"signer-2"
    with pytest.raises(HsmError) as refusal:
        bind(package, card=serial, attempt=attempt, on=DAY, keys=keys, signer=signer, key_version=1)
    assert refusal.value.facts == {"taken": b"signer-1".hex(), "used": b"signer-2".hex()}


def test_a_key_that_gives_way_between_taking_and_the_next_card_fails_no_card(
    package: PersoPackage, serial: CardSerial, attempt: AttemptId, keys: Any, signer: Any
) -> None:
    class RollingOver:
        def __init__(self) -> None:
            self.key_ids = [b"signer-1", b"signer-2"]

        def take(self) -> Any:
            return type(signer)(self.key_ids.pop(0))

        def sign(self, message: bytes) -> Any:
            raise AssertionError(message)

        def key_id(self) -> bytes:
            raise AssertionError

    rolling = RollingOver()
    for key_id in (b"signer-1", b"signer-2"):
        image, _ = bind(
            package, card=serial, attempt=attempt, on=DAY, keys=keys, signer=rolling, key_version=1
        )
        assert image.signer_key_id == key_id
        assert CardControl.from_bytes(card_control_of(image)).signing_key_id == key_id
        assert image.files[-1][1].reveal()[64:72] == key_id


def test_a_file_that_is_too_large_is_refused_before_a_chip_is_touched(
    package: PersoPackage, serial: CardSerial, attempt: AttemptId, keys: Any, signer: Any
) -> None:
    photo = replace(package.file("photo"), content=PersonalBytes(bytes(4793)))
    files = tuple(photo if file.name == "photo" else file for file in package.files)
    with pytest.raises(ChipImageTooLarge) as refusal:
        bind(
            replace(package, files=files),
            card=serial,
            attempt=attempt,
            on=DAY,
            keys=keys,
            signer=signer,
            key_version=1,
        )
    assert refusal.value.facts == {"file": "photo", "bytes": 4793, "limit": 4792}


@pytest.mark.parametrize(("length", "key_id"), [(63, b"signer-1"), (64, b"signer")])
def test_a_signature_of_the_wrong_form_is_refused(
    package: PersoPackage,
    serial: CardSerial,
    attempt: AttemptId,
    keys: Any,
    signer: Any,
    length: int,
    key_id: bytes,
) -> None:
    signer.length, signer.named, signer.used = length, key_id, key_id
    with pytest.raises(HsmError):
        bind(package, card=serial, attempt=attempt, on=DAY, keys=keys, signer=signer, key_version=1)


def test_the_golden_card_control(bound: Any) -> None:
    control = card_control_of(bound[0])
    # The digest is `printf A-00000000077 | sha256sum | cut -c1-32`.
    assert control == bytes.fromhex(
        "01 0011223344556677 03 454B5450"
        f"{hashlib.sha256(b'A-00000000077').hexdigest()[:32]}"
        "20260131 7369676E65722D31 000000000000000000"
    )
    assert bound[0].files[0][1].reveal() == b"\x00\x33" + control


def test_files_stand_in_writing_order_and_three_are_enciphered(
    bound: Any, package: PersoPackage
) -> None:
    image, _ = bound
    assert [file_id for file_id, _ in image.files] == [file.file_id for file in KTP_EL.files]
    contents = {file.name: dict(image.files)[file.file_id].reveal() for file in KTP_EL.files}
    for name in ("biodata", "photo"):
        assert contents[name] == package.file(name).content.reveal()
    for name in ("signature_image", "minutiae_1", "minutiae_2"):
        plain = package.file(name).content.reveal()
        assert contents[name] == bytes(byte ^ 0xFF for byte in plain)


def test_what_is_signed_is_the_plain_content_in_the_order_of_the_profile(
    bound: Any, package: PersoPackage, serial: CardSerial, signer: Any
) -> None:
    image, _ = bound
    names = ("biodata", "photo", "signature_image", "minutiae_1", "minutiae_2")
    plain = b"".join(package.file(name).content.reveal() for name in names)
    message = plain + image.files[0][1].reveal() + bytes(serial)
    assert signer.messages == [message]
    signature = image.files[-1][1].reveal()
    assert signature == hashlib.sha256(message).digest() * 2 + b"signer-1" + bytes(serial)
    assert len(signature) == 80
    assert image.signer_key_id == b"signer-1"
    assert image.signature_digest == hashlib.sha256(signature).digest()


def test_the_expectation_has_plain_digests_of_all_seven_files(
    bound: Any, package: PersoPackage, attempt: AttemptId
) -> None:
    image, expected = bound
    assert (expected.card, expected.attempt) == (image.card, attempt)
    assert list(expected.digests) == [file.name for file in KTP_EL.files]
    for file in package.files:
        assert expected.digests[file.name] == file.digest
    written = image.digests
    for name in ("card_control", "biodata", "photo", "digital_signature"):
        assert expected.digests[name] == written[KTP_EL.file(name).file_id]
    assert expected.digests["minutiae_1"] != written[KTP_EL.file("minutiae_1").file_id]


def test_the_keys_are_those_of_this_card_control_and_are_given_up(bound: Any, keys: Any) -> None:
    assert keys.asked == [(bound[0].card, KTP_EL.name)]
    assert keys.in_hand == 0


def test_the_worked_example_of_the_profile() -> None:
    """`docs/chip-profile-ktp-el.md` section 10."""
    control = CardControl(
        card=CardSerial("60010000002A0001"),
        key_version=1,
        attempt_digest=attempt_digest(AttemptId.parse("A-0123456789P")),
        bound_on=date(2026, 1, 5),
        signing_key_id=bytes.fromhex("A0A1A2A3A4A5A6A7"),
    )
    assert bytes(control).hex().upper() == (
        "0160010000002A000101454B54500026A7BCC01B5643C7E79EEF7E65B34C"
        "20260105A0A1A2A3A4A5A6A7000000000000000000"
    )


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, b"\x02"),
        (9, b"\x00"),
        (9, b"\x80"),
        (10, b"KTPE"),
        (50, b"\x01"),
        (32, b"\x13"),
        (33, b"\x00"),
        (30, b"\xaa"),
    ],
)
def test_a_card_control_of_another_kind_is_not_read(bound: Any, at: int, value: bytes) -> None:
    content = card_control_of(bound[0])
    with pytest.raises(ValueError, match=r"card control|invalid literal|must be in|out of range"):
        CardControl.from_bytes(content[:at] + value + content[at + len(value) :])
    with pytest.raises(ValueError, match="not a card control"):
        CardControl.from_bytes(content[:-1])


@given(
    serial=st.binary(min_size=8, max_size=8),
    version=st.integers(1, 127),
    day=st.dates(min_value=date(2000, 1, 1)),
    key_id=st.binary(min_size=8, max_size=8),
)
def test_a_card_control_is_read_back(serial: bytes, version: int, day: date, key_id: bytes) -> None:
    control = CardControl(
        card=CardSerial.from_bytes(serial),
        key_version=version,
        attempt_digest=attempt_digest(AttemptId("A-00000000077")),
        bound_on=day,
        signing_key_id=key_id,
    )
    assert len(bytes(control)) == 51
    assert CardControl.from_bytes(bytes(control)) == control
