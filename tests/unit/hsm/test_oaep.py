"""EME-OAEP decoding against an independent encoder, and refusals that do not differ."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ektp.errors import SealBroken
from hsm._oaep import decode_oaep

HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - OAEP's own default
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
BYTES = 256


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=8 * BYTES)


def encoded(key: rsa.RSAPrivateKey, message: bytes, digest: str, mask: str) -> bytes:
    """The block inside the RSA operation, by the raw private operation."""
    oaep = padding.OAEP(padding.MGF1(HASHES[mask]), HASHES[digest], None)
    cipher = int.from_bytes(key.public_key().encrypt(message, oaep), "big")
    numbers = key.private_numbers()
    return pow(cipher, numbers.d, numbers.public_numbers.n).to_bytes(BYTES, "big")


@pytest.mark.parametrize("mask", HASHES)
@pytest.mark.parametrize("digest", HASHES)
@pytest.mark.parametrize("message", [b"", b"\x01", b"\x00\x01", bytes(32)])
def test_what_was_encoded_is_decoded(
    key: rsa.RSAPrivateKey, digest: str, mask: str, message: bytes
) -> None:
    block = encoded(key, message, digest, mask)
    assert decode_oaep(block, digest=digest, mask_digest=mask) == message


def test_any_changed_byte_is_refused_alike(key: rsa.RSAPrivateKey) -> None:
    block = encoded(key, b"k" * 32, "sha256", "sha256")
    told = set()
    for at in range(BYTES):
        changed = bytearray(block)
        changed[at] ^= 0x80
        with pytest.raises(SealBroken) as refusal:
            decode_oaep(bytes(changed), digest="sha256", mask_digest="sha256")
        told.add(str(refusal.value))
    assert len(told) == 1


def test_no_separator_is_refused() -> None:
    with pytest.raises(SealBroken):
        decode_oaep(bytes(BYTES), digest="sha256", mask_digest="sha256")
