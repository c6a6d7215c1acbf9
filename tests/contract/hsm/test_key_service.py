"""What every token does, whatever it is made of (`KeyService`, `ChipKeys`, `DocumentSigner`)."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ektp.errors import HsmError, KeyNotFound, KeyUsageForbidden, SealBroken
from ektp.ids import CardSerial
from hsm.envelope import verify_detached

from .conftest import START, TokenUnderTest

CARD = CardSerial("60010000002A0001")


def card_control(card: CardSerial = CARD, version: int = 1) -> bytes:
    return b"\x01" + bytes(card) + bytes((version,)) + b"EKTP" + bytes(37)


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0, 5, -1])
def test_an_altered_data_key_does_not_open(token: TokenUnderTest, at: int) -> None:
    wrapped = bytearray(token.keys.wrap_data_key(os.urandom(32)))
    wrapped[at] ^= 0x80
    with pytest.raises(SealBroken):
        token.keys.unwrap_data_key(bytes(wrapped))


@pytest.mark.parametrize("wrapped", [b"", bytes(60), bytes(1000)])
def test_what_was_never_wrapped_does_not_open(token: TokenUnderTest, wrapped: bytes) -> None:
    with pytest.raises(SealBroken):
        token.keys.unwrap_data_key(wrapped)


def test_keys_of_another_chip_are_refused(token: TokenUnderTest) -> None:
    control = card_control(CardSerial("60010000002A0002"))
    with pytest.raises(KeyUsageForbidden), token.keys.chip_keys(CARD, control):
        pass


def test_an_unknown_master_key_is_refused(token: TokenUnderTest) -> None:
    with pytest.raises(KeyNotFound), token.keys.chip_keys(CARD, card_control(version=0x7F)):
        pass


def test_chip_keys_do_not_outlive_their_card(token: TokenUnderTest) -> None:
    with token.keys.chip_keys(CARD, card_control()) as keys:
        pass
    with pytest.raises(HsmError):
        keys.load_payload()


@pytest.mark.parametrize("days", [-1, 92, 93])
def test_the_signer_refuses_out_of_its_period(token: TokenUnderTest, days: int) -> None:
    token.clock.moment = START + timedelta(days=days)
    with pytest.raises(KeyUsageForbidden):
        token.signer.sign(b"content")


# --- done ----------------------------------------------------------------------------------------


def test_a_data_key_comes_back(token: TokenUnderTest) -> None:
    data_key = os.urandom(32)
    wrapped = token.keys.wrap_data_key(data_key)
    assert data_key not in wrapped
    assert token.keys.unwrap_data_key(wrapped) == data_key
    assert token.open_again().unwrap_data_key(wrapped) == data_key


def test_the_blind_index_is_steady_and_keyed(token: TokenUnderTest) -> None:
    index = token.keys.blind_index(b"1671015501900000")
    assert len(index) == 32
    assert index == token.open_again().blind_index(b"1671015501900000")
    assert index != token.keys.blind_index(b"1671015501910000")


def test_chip_keys_are_steady_and_each_chips_own(token: TokenUnderTest) -> None:
    with token.keys.chip_keys(CARD, card_control()) as keys:
        block, proof = keys.load_payload(), keys.terminate_proof(bytes(8))
        enciphered = keys.encipher_file(bytes(16))
    assert (len(block), len(proof), len(enciphered)) == (88, 8, 16)
    other = CardSerial("60010000002A0002")
    with token.open_again().chip_keys(CARD, card_control()) as keys:
        assert keys.load_payload() == block
        assert keys.terminate_proof(bytes(8)) == proof
    with token.keys.chip_keys(other, card_control(other)) as keys:
        assert keys.load_payload() != block
        assert keys.encipher_file(bytes(16)) != enciphered


def test_the_signature_is_by_a_trusted_signer(token: TokenUnderTest) -> None:
    signature = token.signer.sign(b"content")
    assert signature.key_id == token.signer.key_id()
    (trusted,) = [one for one in token.trusted if one.key_id == signature.key_id]
    public_key = load_der_public_key(trusted.public_key)
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    r, s = (int.from_bytes(signature.r_s[at : at + 32], "big") for at in (0, 32))
    public_key.verify(encode_dss_signature(r, s), b"content", ec.ECDSA(SHA256()))


def test_each_signature_is_counted(token: TokenUnderTest) -> None:
    def left() -> int:
        (count,) = [line.left for line in token.keys.inventory() if line.left is not None]
        return count

    before = left()
    token.signer.sign(b"one")
    token.signer.sign(b"two")
    assert left() == before - 2


def test_the_site_signs_exact_bytes(token: TokenUnderTest, tmp_path: Path) -> None:
    document = b'{"request":"r-1","status":"REFUSED"}\r\n'
    (tmp_path / "ack").write_bytes(document)
    (tmp_path / "ack.p7s").write_bytes(token.keys.sign_as_site(document))
    file = verify_detached(tmp_path / "ack", tmp_path / "ack.p7s", [token.site_certificate], START)
    assert file.length == len(document)


def test_the_inventory_names_every_key_once(token: TokenUnderTest) -> None:
    lines = token.keys.inventory()
    labels = [line.label for line in lines]
    assert len(labels) == len(set(labels))
    assert {"KEK-1", "INDEX-1", "READ-1", "DS-1", "SITE-1"} <= set(labels)
    assert all(line.kind and line.use for line in lines)
