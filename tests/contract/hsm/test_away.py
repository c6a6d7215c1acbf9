"""A token that is pulled out, put back, or exchanged: nothing wrong is signed, and it heals."""

from __future__ import annotations

import os

import pytest

from ektp.chip_profiles import chip_profile
from ektp.errors import HsmError, KeyNotFound, TokenNotFound
from ektp.ids import CardSerial
from ektp.ports import TRANSPORT_KEY_VERSION
from hsm.keys import Curve, SecretKind

from .conftest import TokenUnderTest

CARD = CardSerial("60010000002A0001")


def exchange(token: TokenUnderTest, label: str) -> None:
    """Put another key of the same kind under a label, past the house's own records."""
    keys = token.case.open()
    keys.destroy(label)
    match label.partition("-")[0]:
        case "KEK":
            keys.make_secret(label, SecretKind.AES, 32)
        case "ENVELOPE":
            keys.make_rsa_key(label, 3072)
        case _:
            keys.make_ec_key(label, Curve.P384)
    keys.close()


@pytest.mark.parametrize("label", ["KEK-1", "LDS-1", "ENVELOPE-1"])
def test_another_key_under_the_same_label_is_found_out(token: TokenUnderTest, label: str) -> None:
    token.house.wrap_data_key(bytes(32))
    exchange(token, label)
    with pytest.raises(HsmError, match=label):
        token.open_again().prove()
    with pytest.raises(HsmError, match=label):
        token.house.heal()
    with pytest.raises(HsmError):
        token.house.prove()


def test_a_key_of_another_kind_is_found_out(token: TokenUnderTest) -> None:
    keys = token.case.open()
    keys.destroy("DS-1")
    keys.make_secret("DS-1", SecretKind.AES, 32)
    keys.close()
    with pytest.raises(HsmError):
        token.house.heal()


def test_a_key_that_is_gone_is_missed(token: TokenUnderTest) -> None:
    keys = token.case.open()
    keys.destroy("SITE-1")
    keys.close()
    with pytest.raises(KeyNotFound, match="SITE-1"):
        token.house.heal()


def test_while_it_is_away_nothing_is_done(token: TokenUnderTest) -> None:
    turn = token.house.document_signer.take()
    wrapped = token.house.wrap_data_key(bytes(32))
    token.case.pull_out()
    for use in (
        lambda: turn.sign(b"m"),
        lambda: token.house.document_signer.take().sign(b"m"),
        lambda: token.house.sign_as_site(b"m"),
        lambda: token.house.unwrap_data_key(wrapped),
        lambda: token.house.blind_index(b"m"),
        token.house.heal,
    ):
        with pytest.raises(TokenNotFound):
            use()


def test_it_heals_again_and_again(token: TokenUnderTest) -> None:
    wrapped = token.house.wrap_data_key(b"k" * 32)
    key_id = token.house.document_signer.take().key_id
    for _ in range(10):
        token.case.pull_out()
        with pytest.raises(TokenNotFound):
            token.house.document_signer.take().sign(b"m")
        token.case.put_back()
        token.house.heal()
        assert token.house.document_signer.take().sign(b"m").key_id == key_id
        assert token.house.unwrap_data_key(wrapped) == b"k" * 32


def test_a_card_in_hand_is_finished_with_the_token_away(token: TokenUnderTest) -> None:
    with token.house.card_keys(CARD, chip_profile("ktp-el")) as keys:
        first = keys.card_key_set()
        token.case.pull_out()
        session = keys.secure_channel(TRANSPORT_KEY_VERSION)
        assert session.initialize_update().ins == 0x50
        assert keys.card_key_set() == first
        assert keys.seal(os.urandom(8))
    token.case.put_back()
    token.house.heal()
    with token.house.card_keys(CARD, chip_profile("ktp-el")) as keys:
        assert keys.card_key_set() == first
