"""What the token of the house does (`KeyService` and what stands beside it), here or in a process.

Errors are the same wherever the keys are.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ektp.apdu import ResponseApdu
from ektp.chip_profiles import chip_profile
from ektp.errors import CardNotAuthentic, HsmError, KeyNotFound, KeyUsageForbidden, SealBroken
from ektp.ids import CardSerial
from ektp.perso import ChipKeyUse
from ektp.ports import CARD_KEY_VERSION, TRANSPORT_KEY_VERSION, TrustedSigner
from hsm.envelope import verify_detached
from hsm.signers.registry import SignerRegistry
from hsm.signers.roll import RevocationReason, SignerFamily
from hsm.signers.trust import trust_anchors, trusted_signers

from .conftest import READ_MASTER, START, TokenUnderTest

CARD = CardSerial("60010000002A0001")
OTHER = CardSerial("60010000002A0002")
KTP_EL = chip_profile("ktp-el")
LDS = chip_profile("icao-lds1")
OPENING = bytes(CARD) + b"\x00\x00\x30\x03\x70" + bytes(19)
"""An answer to INITIALIZE UPDATE whose cryptogram is nobody's."""


def card_control(card: CardSerial = CARD, version: int = 1) -> bytes:
    return b"\x01" + bytes(card) + bytes((version,)) + b"EKTP" + bytes(37)


def trusted(token: TokenUnderTest) -> tuple[TrustedSigner, ...]:
    return trusted_signers(SignerRegistry(token.case.place.folder / "signers"))


# --- refused -------------------------------------------------------------------------------------


def test_an_altered_data_key_does_not_open(token: TokenUnderTest) -> None:
    wrapped = token.house.wrap_data_key(os.urandom(32))
    for at in (0, 1, 2, 13, 14, -1):
        altered = bytearray(wrapped)
        altered[at] ^= 0x80
        with pytest.raises(SealBroken):
            token.house.unwrap_data_key(bytes(altered))


def test_what_was_never_wrapped_does_not_open(token: TokenUnderTest) -> None:
    for wrapped in (b"", b"\x01\x01", b"\x01\x01" + bytes(9), bytes(60), b"\x01\x01" + bytes(60)):
        with pytest.raises(SealBroken):
            token.house.unwrap_data_key(wrapped)


def test_only_data_keys_are_wrapped(token: TokenUnderTest) -> None:
    for length in (0, 15, 33):
        with pytest.raises(ValueError, match="data key"):
            token.house.wrap_data_key(bytes(length))


def test_read_keys_of_another_chip_or_version_are_refused(token: TokenUnderTest) -> None:
    with token.house.card_keys(CARD, KTP_EL) as keys:
        with pytest.raises(KeyUsageForbidden) as refused:
            keys.read_keys(card_control(OTHER))
        assert refused.value.facts == {"card": CARD}
        with pytest.raises(KeyNotFound):
            keys.encipher_file(card_control(version=0x7F), bytes(8))
        with pytest.raises(ValueError, match="multiple of 8"):
            keys.encipher_file(card_control(), bytes(7))


def test_one_card_at_a_time(token: TokenUnderTest) -> None:
    with token.house.card_keys(CARD, KTP_EL) as keys:
        with pytest.raises(KeyUsageForbidden), token.house.card_keys(OTHER, KTP_EL):
            pass
        with token.house.card_keys(CARD, KTP_EL) as again:
            assert again.card_key_set() == keys.card_key_set()
        assert keys.card_key_set()
    with token.house.card_keys(OTHER, KTP_EL):
        pass


def test_keys_and_sessions_do_not_outlive_their_card(token: TokenUnderTest) -> None:
    with token.house.card_keys(CARD, KTP_EL) as keys:
        session = keys.secure_channel(TRANSPORT_KEY_VERSION)
        session.initialize_update()
    with pytest.raises(HsmError):
        keys.card_key_set()
    with pytest.raises(HsmError):
        session.external_authenticate(ResponseApdu(OPENING, 0x9000))


def test_no_session_under_a_version_that_there_is_not(token: TokenUnderTest) -> None:
    with token.house.card_keys(CARD, KTP_EL) as keys, pytest.raises(KeyNotFound):
        keys.secure_channel(0x7F)


def test_a_card_that_does_not_prove_itself(token: TokenUnderTest) -> None:
    with token.house.card_keys(CARD, KTP_EL) as keys:
        session = keys.secure_channel(TRANSPORT_KEY_VERSION)
        session.initialize_update()
        with pytest.raises(CardNotAuthentic):
            session.external_authenticate(ResponseApdu(OPENING, 0x9000))


def test_a_pair_of_another_chip_has_no_private_half(token: TokenUnderTest) -> None:
    with token.house.card_keys(CARD, LDS) as keys:
        pair = keys.make_key_pair(ChipKeyUse.ACTIVE_AUTHENTICATION)
    with token.house.card_keys(OTHER, LDS) as keys, pytest.raises(KeyNotFound):
        keys.private_key(pair)


def test_the_signer_refuses_before_its_period(token: TokenUnderTest) -> None:
    token.clock.moment = START - timedelta(days=1)
    with pytest.raises(KeyUsageForbidden):
        token.house.document_signer.take()


def test_a_turn_is_used_once(token: TokenUnderTest) -> None:
    turn = token.house.document_signer.take()
    turn.sign(b"content")
    with pytest.raises(HsmError):
        turn.sign(b"other content")


def test_a_security_object_of_one_file_is_a_mistake(token: TokenUnderTest) -> None:
    with pytest.raises(ValueError, match="two"):
        token.house.security_object_signer.sign({1: b"one"})


# --- done ----------------------------------------------------------------------------------------


def test_a_data_key_comes_back(token: TokenUnderTest) -> None:
    data_key = os.urandom(32)
    wrapped = token.house.wrap_data_key(data_key)
    assert len(wrapped) == 2 + 12 + 32 + 16
    assert data_key not in wrapped
    assert wrapped != token.house.wrap_data_key(data_key)
    assert token.house.unwrap_data_key(wrapped) == data_key
    assert token.open_again().unwrap_data_key(wrapped) == data_key


def test_the_blind_index_is_steady_and_keyed(token: TokenUnderTest) -> None:
    index = token.house.blind_index(b"1671015501900000")
    assert len(index) == 32
    assert index == token.open_again().blind_index(b"1671015501900000")
    assert index != token.house.blind_index(b"1671015501910000")


def test_card_keys_are_steady_and_each_cards_own(token: TokenUnderTest) -> None:
    with token.house.card_keys(CARD, KTP_EL) as keys:
        sealed, read = keys.card_key_set(), keys.read_keys(card_control())
        enciphered = keys.encipher_file(card_control(), bytes(16))
        assert keys.seal(b"secret") == keys.seal(b"secret")
    assert (sealed.version, len(sealed.check_values)) == (CARD_KEY_VERSION, 3)
    with token.open_again().card_keys(CARD, KTP_EL) as keys:
        assert keys.card_key_set() == sealed
        assert keys.read_keys(card_control()) == read
        assert keys.encipher_file(card_control(), bytes(16)) == enciphered
    with token.house.card_keys(OTHER, KTP_EL) as keys:
        assert keys.card_key_set().check_values != sealed.check_values
        assert keys.read_keys(card_control(OTHER)) != read
    with token.house.card_keys(CARD, LDS) as keys:
        assert len(keys.card_key_set().body) > len(sealed.body)


def test_a_chip_gets_pairs_of_its_own(token: TokenUnderTest) -> None:
    with token.house.card_keys(CARD, LDS) as keys:
        pairs = [keys.make_key_pair(use) for use in ChipKeyUse]
        sealed = {keys.private_key(pair) for pair in pairs}
    assert [pair.use for pair in pairs] == list(ChipKeyUse)
    assert len({pair.public_key for pair in pairs}) == len(sealed) == 2


def test_the_signature_is_by_a_trusted_signer(token: TokenUnderTest) -> None:
    turn = token.house.document_signer.take()
    signature = turn.sign(b"content")
    assert signature.key_id == turn.key_id
    (signer,) = [one for one in trusted(token) if one.key_id == signature.key_id]
    public_key = load_der_public_key(signer.public_key)
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    r, s = (int.from_bytes(signature.r_s[at : at + 32], "big") for at in (0, 32))
    public_key.verify(encode_dss_signature(r, s), b"content", ec.ECDSA(SHA256()))


def test_the_next_signer_takes_over_after_92_days(token: TokenUnderTest) -> None:
    before = token.house.document_signer.take().key_id
    token.clock.moment = START + timedelta(days=92)
    signature = token.house.document_signer.take().sign(b"content")
    assert signature.key_id != before
    assert {before, signature.key_id} <= {one.key_id for one in trusted(token)}
    token.house.prove()
    labels = [line.label for line in token.open_again().inventory()]
    assert {"DS-1", "DS-2"} <= set(labels)


def test_each_signature_is_counted(token: TokenUnderTest) -> None:
    def left() -> int | None:
        return next(line.left for line in token.house.inventory() if line.label == "DS-1")

    assert left() == 100_000
    token.house.document_signer.take().sign(b"one")
    token.house.document_signer.take()
    assert left() == 100_000 - 2


def test_the_security_object_names_what_it_signs(token: TokenUnderTest) -> None:
    signed = token.house.security_object_signer.sign({1: b"MRZ", 2: b"face"})
    assert signed.content[:1] == b"\x77"
    for file in (b"MRZ", b"face"):
        assert hashlib.sha384(file).digest() in signed.content
    anchors = trust_anchors(SignerRegistry(token.case.place.folder / "signers"))
    assert anchors.certificates
    assert anchors.revocation_lists


def test_the_csca_rolls_its_signers(token: TokenUnderTest) -> None:
    authority = token.house.authority
    assert authority.prepare_next(SignerFamily.LDS) == "LDS-2"
    assert authority.rotate(SignerFamily.LDS) == "LDS-2"
    assert authority.roll_over() == "CSCA-2"
    revoked = authority.revoke("LDS-1", RevocationReason.SUPERSEDED)
    assert revoked == authority.fresh_list()
    with pytest.raises(KeyNotFound):
        authority.revoke("LDS-9", RevocationReason.SUPERSEDED)


def test_the_site_signs_exact_bytes(token: TokenUnderTest, tmp_path: Path) -> None:
    document = b'{"request":"r-1","status":"REFUSED"}\r\n'
    (tmp_path / "ack").write_bytes(document)
    (tmp_path / "ack.p7s").write_bytes(token.house.sign_as_site(document))
    pinned = [token.house.site_certificate()]
    assert verify_detached(tmp_path / "ack", tmp_path / "ack.p7s", pinned, START).length == len(
        document
    )


def test_the_envelope_key_opens_what_was_closed_to_it(token: TokenUnderTest) -> None:
    certificate = x509.load_der_x509_certificate(token.house.envelope_certificate())
    public_key = certificate.public_key()
    assert isinstance(public_key, rsa.RSAPublicKey)
    assert public_key.key_size == 3072
    site = x509.load_der_x509_certificate(token.house.site_certificate())
    certificate.verify_directly_issued_by(site)
    sha1 = hashes.SHA1()  # noqa: S303 - OAEP's own default
    cipher = public_key.encrypt(b"content key", padding.OAEP(padding.MGF1(sha1), sha1, None))
    key = token.house.envelope_key
    assert key.certificate == token.house.envelope_certificate()
    assert key.decrypt_oaep(cipher, digest="sha1", mask_digest="sha1") == b"content key"
    with pytest.raises(SealBroken):
        key.decrypt_oaep(bytes(383) + b"\x02", digest="sha1", mask_digest="sha1")


def test_the_inventory_names_every_key_once_and_where_it_is(token: TokenUnderTest) -> None:
    lines = token.house.inventory()
    labels = [line.label for line in lines]
    assert len(labels) == len(set(labels))
    assert labels[:14] == [
        "KEK-1", "INDEX-1", "READ-1", "TRANSPORT-128", "TRANSPORT-256", "TRANSPORT-SAM",
        "CARD-128", "CARD-256",
        "SAM-OPEN-1", "CSCA-1", "DS-1", "LDS-1", "SITE-1", "ENVELOPE-1",
    ]  # fmt: skip
    assert all(line.inside is token.case.keeps_inside for line in lines[:14])
    assert lines[14:]
    assert not any(line.inside for line in lines[14:])
    assert all(line.kind and line.use for line in lines)


def test_a_simulated_module_is_issued_with_the_read_master(token: TokenUnderTest) -> None:
    issue = token.house.issue_simulated_sam()
    assert (issue.read_master_key, issue.read_master_version) == (READ_MASTER, 1)
    assert len(issue.open_secret) == 32
    assert issue.signers == trusted(token)
    assert issue == token.open_again().issue_simulated_sam()
    assert READ_MASTER.hex() not in repr(issue)


def test_threads_may_share_it(token: TokenUnderTest) -> None:
    wrapped = token.house.wrap_data_key(b"k" * 32)

    def work(number: int) -> bool:
        token.house.document_signer.take().sign(bytes((number,)))
        return token.house.unwrap_data_key(wrapped) == b"k" * 32

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(16)))
