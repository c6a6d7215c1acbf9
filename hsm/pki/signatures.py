"""ECDSA as the house uses it: the digest of a curve, and no signature out that was not verified.

P-256 goes with SHA-256, P-384 with SHA-384 (BSI TR-03116-2 tables 3 and 4).
"""

from __future__ import annotations

import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, HashAlgorithm

from ektp.errors import HsmError
from hsm.keys import Curve, EcSigningKey
from hsm.pki.curves import EcPublicKey, read_spki

__all__ = [
    "SIGNATURE_ALGORITHMS",
    "check_token_signature",
    "digest_for",
    "public_key_of",
    "sign_der",
    "signature_as_der",
    "verifies",
]

SIGNATURE_ALGORITHMS: Final = {Curve.P256: "sha256_ecdsa", Curve.P384: "sha384_ecdsa"}
"""The signature algorithm (as asn1crypto calls it) of a key on each curve."""

_DIGESTS: Final = {Curve.P256: "sha256", Curve.P384: "sha384"}
_BY_LENGTH: Final[dict[int, type[HashAlgorithm]]] = {32: SHA256, 48: SHA384}


def digest_for(curve: Curve, message: bytes) -> bytes:
    """The digest of a message that a key on this curve signs."""
    return hashlib.new(_DIGESTS[curve], message).digest()


def public_key_of(key: EcSigningKey, *, label: str) -> EcPublicKey:
    """The public half of a token's key. Raises `HsmError` where it is on another curve."""
    public_key = read_spki(key.public_key)
    if public_key.curve is not key.curve:
        raise HsmError("the token's public key is on another curve than it says", key=label)
    return public_key


def verifies(key: EcPublicKey, signature: bytes, digest: bytes) -> bool:
    """Whether a DER signature over a digest (SHA-256 or SHA-384, by its length) is good."""
    algorithm = _BY_LENGTH.get(len(digest))
    if algorithm is None:
        return False
    try:
        key.for_library.verify(signature, digest, ECDSA(Prehashed(algorithm())))
    except InvalidSignature:
        return False
    return True


def check_token_signature(key: EcPublicKey, r_s: bytes, digest: bytes, *, label: str) -> None:
    """Check r ‖ s over a digest. Raises `HsmError`: the token gave a wrong signature."""
    whole = len(r_s) == 2 * key.curve.coordinate_bytes
    if not whole or not verifies(key, signature_as_der(r_s), digest):
        raise HsmError("the token made a signature that does not verify", key=label)


def signature_as_der(r_s: bytes) -> bytes:
    """An r ‖ s as the DER that X.509 and CMS use (RFC 3279 clause 2.2.3)."""
    half = len(r_s) // 2
    return encode_dss_signature(
        int.from_bytes(r_s[:half], "big"), int.from_bytes(r_s[half:], "big")
    )


def sign_der(key: EcSigningKey, message: bytes, *, label: str) -> bytes:
    """A DER signature over a message, verified. Raises `HsmError`."""
    public_key = public_key_of(key, label=label)
    digest = digest_for(public_key.curve, message)
    r_s = key.sign_digest(digest)
    check_token_signature(public_key, r_s, digest, label=label)
    return signature_as_der(r_s)
