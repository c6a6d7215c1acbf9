"""What an application holds beside its files, from what is printed on a card."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any, cast

import pytest

from ektp.cards import ChipAccess
from ektp.errors import ConfigurationError
from ektp.ids import AttemptId, CardSerial
from ektp.perso import ChipImage, ChipKeyPair, ChipKeyUse
from ektp.personal import PersonalText
from ektp.ports import CardKeys
from personalization.secret_data import bac_keys, mrz_information, sealed_secrets

# Doc 9303-11, Appendix D: document number, birth date and expiry with their check digits, set here
# where a TD1 zone has them.
ACCESS = ChipAccess(
    document_number=PersonalText("L898902C<"),
    mrz=(
        PersonalText("I<UTOL898902C<3<<<<<<<<<<<<<<<"),
        PersonalText("6908061F9406236UTO<<<<<<<<<<<0"),
        PersonalText("ERIKSSON<<ANNA<MARIA<<<<<<<<<<"),
    ),
    can=PersonalText("012345"),
)
PAIRS = tuple(
    ChipKeyPair(use=use, public_key=use.value.encode(), handle=b"handle") for use in ChipKeyUse
)
IMAGE = ChipImage(
    profile="icao-lds1",
    card=CardSerial("0011223344556677"),
    attempt=AttemptId("A-00000000077"),
    files=(),
    signer_key_id=b"signer-1",
    access=ACCESS,
    key_pairs=PAIRS,
)


class OpenKeys:
    """Keys that seal by showing."""

    def seal(self, secret: bytes) -> bytes:
        return secret

    def private_key(self, pair: ChipKeyPair) -> bytes:
        return b"private " + pair.public_key


def secrets_of(image: ChipImage) -> dict[int, bytes]:
    return {
        secret.number: secret.sealed
        for secret in sealed_secrets(image, cast("CardKeys", OpenKeys()))
    }


@pytest.mark.parametrize(
    "change", [{"access": None}, {"key_pairs": ()}, {"key_pairs": PAIRS[:1]}], ids=str
)
def test_an_image_that_lacks_something(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        secrets_of(replace(IMAGE, **change))
    assert refusal.value.facts == {"profile": "icao-lds1"}


def test_the_published_keys_of_bac() -> None:
    assert mrz_information(ACCESS) == b"L898902C<369080619406236"
    assert bac_keys(ACCESS).hex().upper() == (
        "AB94FDECF2674FDFB9B391F85D7F76F27962D9ECE03D1ACD4C76089DCE131543"
    )


def test_all_secrets_of_the_profile() -> None:
    secrets = secrets_of(IMAGE)
    assert list(secrets) == [2, 3, 4, 5]
    assert secrets[2] == bac_keys(ACCESS)
    assert secrets[3] == hashlib.sha1(b"L898902C<369080619406236").digest() + b"012345"  # noqa: S324 - by Doc 9303-11
    assert secrets[4] == b"private chip_authentication"
    assert secrets[5] == b"private active_authentication"


def test_a_secret_does_not_show_itself() -> None:
    shown = repr(sealed_secrets(IMAGE, cast("CardKeys", OpenKeys())))
    assert "private " + "chip" not in shown
    assert "012345" not in shown
