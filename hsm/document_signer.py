"""The document signer (`ektp.ports.DocumentSigner`), the same for every token.

It counts before it signs, refuses outside the key's period and quota, and verifies each signature
with the public key before it lets it out.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ektp.errors import HsmError, KeyUsageForbidden
from ektp.ports import Clock, DocumentSignature
from hsm.keys import EcSigningKey, KeyRule, key_id_of

__all__ = [
    "EcdsaDocumentSigner",
    "UsageCount",
    "check_token_signature",
    "load_ec_public_key",
    "signature_as_der",
]


class UsageCount(Protocol):
    """Counts the signatures of one key."""

    def take(self) -> None:
        """Count one more. Raises `KeyUsageForbidden` past the quota."""
        ...


class EcdsaDocumentSigner:
    """ECDSA P-256 with SHA-256 over what is written into a chip."""

    def __init__(
        self,
        key: EcSigningKey,
        *,
        label: str,
        rule: KeyRule,
        begins: datetime,
        count: UsageCount,
        clock: Clock,
    ) -> None:
        self._key = key
        self._public_key = load_ec_public_key(key.public_key, label=label)
        self._label = label
        self._begins = begins
        self._ends = None if rule.period is None else begins + rule.period
        self._count = count
        self._clock = clock
        self._key_id = key_id_of(key.public_key)

    def __repr__(self) -> str:
        return f"EcdsaDocumentSigner({self._label}, {self._key_id.hex()})"

    def key_id(self) -> bytes:
        """Eight bytes that name the key that would sign now."""
        return self._key_id

    def sign(self, message: bytes) -> DocumentSignature:
        """Hash and sign the exact bytes; verified before it is returned.

        Raises `KeyUsageForbidden` outside the key's period or quota, and `HsmError` where the
        token's signature does not verify.
        """
        self._check_period()
        self._count.take()
        digest = hashlib.sha256(message).digest()
        r_s = self._key.sign_digest(digest)
        check_token_signature(self._public_key, r_s, digest, label=self._label)
        return DocumentSignature(r_s=r_s, key_id=self._key_id)

    def _check_period(self) -> None:
        now = self._clock.now()
        if now < self._begins:
            raise KeyUsageForbidden("the clock is before the key's period", key=self._label)
        if self._ends is not None and now >= self._ends:
            raise KeyUsageForbidden(
                "the key's period is over", key=self._label, ended=f"{self._ends:%Y-%m-%d}"
            )


def load_ec_public_key(spki: bytes, *, label: str) -> EllipticCurvePublicKey:
    """An EC public key from DER SubjectPublicKeyInfo. Raises `HsmError` where it is none."""
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        raise HsmError("the token's public key cannot be read", key=label) from None
    if not isinstance(key, EllipticCurvePublicKey):
        raise HsmError("the token's public key is not of ECDSA", key=label)
    return key


def check_token_signature(
    public_key: EllipticCurvePublicKey, r_s: bytes, digest: bytes, *, label: str
) -> None:
    """Check r ‖ s over a SHA-256 digest. Raises `HsmError`: the token gave a wrong signature."""
    try:
        public_key.verify(signature_as_der(r_s), digest, ECDSA(Prehashed(SHA256())))
    except InvalidSignature:
        raise HsmError("the token made a signature that does not verify", key=label) from None


def signature_as_der(r_s: bytes) -> bytes:
    """An r ‖ s as the DER that X.509 and CMS use (RFC 3279 clause 2.2.3)."""
    half = len(r_s) // 2
    return encode_dss_signature(
        int.from_bytes(r_s[:half], "big"), int.from_bytes(r_s[half:], "big")
    )
