"""What every token does with keys (`hsm.keys.TokenKeys`), whatever it is made of."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ektp.errors import HsmError, KeyNotFound, KeyUsageForbidden, SealBroken, TokenNotFound
from hsm.keys import Curve, EcSigningKey, SecretKind, TokenKeys

from .conftest import TokenCase

AES_128 = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
AES_256 = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
BLOCKS = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
NONCE = bytes(range(12))


def verifies(key: EcSigningKey, r_s: bytes, digest: bytes) -> bool:
    public_key = load_der_public_key(key.public_key)
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    half = key.curve.coordinate_bytes
    assert len(r_s) == 2 * half
    algorithm = hashes.SHA256() if half == 32 else hashes.SHA384()
    r, s = int.from_bytes(r_s[:half], "big"), int.from_bytes(r_s[half:], "big")
    try:
        public_key.verify(encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(algorithm)))
    except InvalidSignature:
        return False
    return True


# --- refused -------------------------------------------------------------------------------------


def test_a_key_that_is_not_there(keys: TokenKeys) -> None:
    for use in (
        lambda: keys.attributes("NONE"),
        lambda: keys.cmac("NONE", b""),
        lambda: keys.aes_cbc("NONE", bytes(16)),
        lambda: keys.hmac_sha256("NONE", b""),
        lambda: keys.seal("NONE", NONCE, b"", b""),
        lambda: keys.unseal("NONE", NONCE, bytes(16), b""),
        lambda: keys.ec_key("NONE"),
        lambda: keys.decrypt_oaep("NONE", bytes(384), digest="sha1", mask_digest="sha1"),
        lambda: keys.destroy("NONE"),
    ):
        with pytest.raises(KeyNotFound):
            use()


def test_a_label_is_given_once(keys: TokenKeys) -> None:
    keys.import_secret("ONE", SecretKind.AES, AES_128)
    before = keys.cmac("ONE", b"m")
    for make in (
        lambda: keys.make_secret("ONE", SecretKind.AES, 16),
        lambda: keys.import_secret("ONE", SecretKind.AES, AES_256),
        lambda: keys.make_ec_key("ONE", Curve.P256),
        lambda: keys.make_rsa_key("ONE", 2048),
    ):
        with pytest.raises(HsmError):
            make()
    assert keys.cmac("ONE", b"m") == before


def test_a_key_does_only_what_its_kind_does(keys: TokenKeys) -> None:
    keys.make_secret("AES", SecretKind.AES, 32)
    keys.make_secret("HMAC", SecretKind.HMAC, 32)
    keys.make_ec_key("EC", Curve.P256)
    for use in (
        lambda: keys.hmac_sha256("AES", b""),
        lambda: keys.cmac("HMAC", b""),
        lambda: keys.seal("HMAC", NONCE, b"", b""),
        lambda: keys.cmac("EC", b""),
        lambda: keys.ec_key("AES"),
        lambda: keys.decrypt_oaep("EC", bytes(384), digest="sha1", mask_digest="sha1"),
    ):
        with pytest.raises((KeyUsageForbidden, KeyNotFound)):
            use()


@pytest.mark.parametrize("at", [0, -1])
def test_what_was_altered_does_not_open(keys: TokenKeys, at: int) -> None:
    keys.make_secret("KEK", SecretKind.AES, 32)
    sealed = bytearray(keys.seal("KEK", NONCE, b"plain", b"meaning"))
    with pytest.raises(SealBroken):
        keys.unseal("KEK", NONCE, bytes(sealed), b"another meaning")
    sealed[at] ^= 1
    with pytest.raises(SealBroken):
        keys.unseal("KEK", NONCE, bytes(sealed), b"meaning")
    with pytest.raises(SealBroken):
        keys.unseal("KEK", NONCE, b"short", b"meaning")


def test_what_was_enveloped_to_another_does_not_open(keys: TokenKeys) -> None:
    keys.make_rsa_key("RSA", 2048)
    with pytest.raises(SealBroken):
        keys.decrypt_oaep("RSA", bytes(255) + b"\x02", digest="sha1", mask_digest="sha1")


def test_a_destroyed_key_is_gone(keys: TokenKeys, case: TokenCase) -> None:
    keys.make_secret("ONE", SecretKind.AES, 16)
    keys.make_ec_key("TWO", Curve.P256)
    keys.destroy("ONE")
    keys.destroy("TWO")
    assert not keys.labels()
    with pytest.raises(KeyNotFound):
        case.open().cmac("ONE", b"")


def test_a_digest_of_another_length_is_a_mistake(keys: TokenKeys) -> None:
    with pytest.raises(ValueError, match="digest"):
        keys.make_ec_key("EC", Curve.P384).sign_digest(bytes(32))


# --- done ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "message", "mac"),
    [  # NIST SP 800-38B, appendix D
        (AES_128, b"", "bb1d6929e95937287fa37d129b756746"),
        (AES_128, BLOCKS[:40], "dfa66747de9ae63030ca32611497c827"),
        (AES_256, b"", "028962f61b7bf89efc6b551f4667d983"),
        (AES_256, BLOCKS, "e1992190549f6ed5696a2c056c315410"),
    ],
)
def test_cmac(keys: TokenKeys, key: bytes, message: bytes, mac: str) -> None:
    keys.import_secret("ONE", SecretKind.AES, key)
    assert keys.cmac("ONE", message).hex() == mac


def test_aes_cbc(keys: TokenKeys) -> None:
    # NIST SP 800-38A appendix F.2.1, with the IV xored into the first block.
    first = bytes(a ^ b for a, b in zip(BLOCKS, bytes(range(16)), strict=False))
    keys.import_secret("ONE", SecretKind.AES, AES_128)
    assert keys.aes_cbc("ONE", first + BLOCKS[16:32]).hex() == (
        "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
    )
    with pytest.raises(ValueError, match="block"):
        keys.aes_cbc("ONE", bytes(15))


def test_hmac(keys: TokenKeys) -> None:
    # RFC 4231, test case 6, with a key of 131 bytes: tokens take none shorter than the digest.
    keys.import_secret("ONE", SecretKind.HMAC, b"\xaa" * 131)
    message = b"Test Using Larger Than Block-Size Key - Hash Key First"
    assert keys.hmac_sha256("ONE", message).hex() == (
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    )


def test_gcm(keys: TokenKeys) -> None:
    # McGrew and Viega, "The Galois/Counter Mode of Operation", test case 14.
    keys.import_secret("ONE", SecretKind.AES, bytes(32))
    sealed = keys.seal("ONE", bytes(12), bytes(16), b"")
    assert sealed.hex() == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
    assert keys.unseal("ONE", bytes(12), sealed, b"") == bytes(16)


@pytest.mark.parametrize("curve", Curve)
def test_a_signing_key_signs(keys: TokenKeys, case: TokenCase, curve: Curve) -> None:
    made = keys.make_ec_key("EC", curve)
    digest = os.urandom(curve.coordinate_bytes)
    for key in (made, keys.ec_key("EC"), case.open().ec_key("EC")):
        assert key.curve is curve
        assert key.public_key == made.public_key
        assert verifies(key, key.sign_digest(digest), digest)
    assert not verifies(made, made.sign_digest(digest), digest[::-1])


def test_a_decrypting_key_decrypts(keys: TokenKeys, case: TokenCase) -> None:
    public_key = load_der_public_key(keys.make_rsa_key("RSA", 2048))
    assert isinstance(public_key, rsa.RSAPublicKey)
    sha1 = hashes.SHA1()  # noqa: S303 - OAEP's own default
    cipher = public_key.encrypt(b"content key", padding.OAEP(padding.MGF1(sha1), sha1, None))
    for one in (keys, case.open()):
        opened = one.decrypt_oaep("RSA", cipher, digest="sha1", mask_digest="sha1")
        assert opened == b"content key"


@pytest.mark.parametrize("length", [16, 32])
def test_made_secrets_are_each_their_own_and_stay(
    keys: TokenKeys, case: TokenCase, length: int
) -> None:
    keys.make_secret("ONE", SecretKind.AES, length)
    keys.make_secret("TWO", SecretKind.AES, length)
    assert keys.cmac("ONE", b"m") != keys.cmac("TWO", b"m")
    again = case.open()
    assert again.cmac("ONE", b"m") == keys.cmac("ONE", b"m")
    assert sorted(again.labels()) == ["ONE", "TWO"]


def test_a_key_that_another_made_is_there(keys: TokenKeys, case: TokenCase) -> None:
    other = case.open()
    keys.make_ec_key("DS-2", Curve.P256)
    assert "DS-2" in other.labels()
    assert other.ec_key("DS-2").public_key == keys.ec_key("DS-2").public_key


def test_the_attributes_tell_how_keys_are_kept(keys: TokenKeys, case: TokenCase) -> None:
    keys.make_secret("MADE", SecretKind.AES, 32)
    keys.import_secret("PUT IN", SecretKind.HMAC, bytes(32))
    keys.make_ec_key("EC", Curve.P256)
    for label in ("MADE", "PUT IN", "EC"):
        kept = keys.attributes(label)
        assert (kept.sensitive, kept.extractable) == (case.keeps_inside, not case.keeps_inside)
        assert kept.made_inside == (label != "PUT IN")


def test_threads_may_share_it(keys: TokenKeys) -> None:
    keys.import_secret("AES", SecretKind.AES, AES_128)
    key = keys.make_ec_key("EC", Curve.P256)

    def work(number: int) -> bool:
        digest = bytes((number,)) * 32
        mac = keys.cmac("AES", BLOCKS[:40]).hex()
        return mac == "dfa66747de9ae63030ca32611497c827" and verifies(
            key, key.sign_digest(digest), digest
        )

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(64)))


# --- away and back -------------------------------------------------------------------------------


def test_pulled_out_every_call_is_refused_until_it_is_opened_again(
    keys: TokenKeys, case: TokenCase
) -> None:
    keys.make_secret("AES", SecretKind.AES, 32)
    key = keys.make_ec_key("EC", Curve.P256)
    before = keys.cmac("AES", b"m")
    for _ in range(2):
        case.pull_out()
        for use in (
            lambda: keys.cmac("AES", b"m"),
            lambda: key.sign_digest(bytes(32)),
            keys.labels,
            keys.reopen,
        ):
            with pytest.raises(TokenNotFound):
                use()
        case.put_back()
        with pytest.raises(TokenNotFound):
            keys.cmac("AES", b"m")
        keys.reopen()
        assert keys.cmac("AES", b"m") == before
        assert verifies(key, key.sign_digest(bytes(32)), bytes(32))


def test_a_closed_token_does_nothing(case: TokenCase) -> None:
    keys = case.open()
    keys.make_secret("AES", SecretKind.AES, 32)
    keys.close()
    with pytest.raises(HsmError):
        keys.cmac("AES", b"m")
