"""The keys of the house by label: kind, purpose, period and quota as data; and the ports of a key.

A token adapter (software today, PKCS#11 beside it) offers its keys through `EcSigningKey` and
`EnvelopeKey`; everything built on them (document signer, site signature, opening of envelopes) is
the same for every token.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum, unique
from typing import Final, Protocol

__all__ = [
    "DOCUMENT_SIGNER_RULE",
    "KEY_RULES",
    "EcSigningKey",
    "EnvelopeKey",
    "KeyLabel",
    "KeyRule",
    "key_id_of",
]


@unique
class KeyLabel(StrEnum):
    """The label (PKCS#11 CKA_LABEL) under which a token holds a key."""

    KEK = "KEK-1"
    INDEX = "INDEX-1"
    READ = "READ-1"
    SAM_OPEN = "SAM-OPEN-1"
    CSCA = "CSCA-1"
    DOCUMENT_SIGNER = "DS-1"
    SITE = "SITE-1"
    ENVELOPE = "ENVELOPE-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRule:
    """What a key is and what it may be used for.

    `quota` counts signatures; `period` is the time from the key's beginning in which it may sign.
    """

    kind: str
    use: str
    quota: int | None = None
    period: timedelta | None = None


DOCUMENT_SIGNER_RULE: Final = KeyRule(
    kind="EC P-256",
    use="sign chip content",
    quota=100_000,
    period=timedelta(days=92),
)
"""A document signer is used for 92 days or 100,000 signatures, whichever ends first."""

KEY_RULES: Final[dict[KeyLabel, KeyRule]] = {
    KeyLabel.KEK: KeyRule(kind="AES-256", use="wrap vault data keys"),
    KeyLabel.INDEX: KeyRule(kind="HMAC-SHA-256", use="blind index"),
    KeyLabel.READ: KeyRule(kind="AES-256", use="derive the keys of a chip"),
    KeyLabel.SAM_OPEN: KeyRule(kind="secret", use="open a simulated SAM"),
    KeyLabel.CSCA: KeyRule(kind="EC P-256", use="issue document signer certificates"),
    KeyLabel.DOCUMENT_SIGNER: DOCUMENT_SIGNER_RULE,
    KeyLabel.SITE: KeyRule(kind="EC P-256", use="sign acknowledgements and outcome files"),
    KeyLabel.ENVELOPE: KeyRule(kind="RSA-3072", use="open enveloped files of approved records"),
}
"""The rules of every key, in the order of the inventory."""


class EcSigningKey(Protocol):
    """An ECDSA P-256 private key in a token."""

    @property
    def public_key(self) -> bytes:
        """The public key as DER SubjectPublicKeyInfo (RFC 5480)."""
        ...

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign a 32-byte SHA-256 digest; r ‖ s of 32 bytes each (PKCS#11 CKM_ECDSA)."""
        ...


class EnvelopeKey(Protocol):
    """The RSA private key to which files of approved records are enveloped."""

    @property
    def certificate(self) -> bytes:
        """The certificate (DER) that senders envelope to."""
        ...

    def decrypt_oaep(self, encrypted_key: bytes, *, digest: str, mask_digest: str) -> bytes:
        """RSAES-OAEP (RFC 8017 clause 7.1) with `sha1`, `sha256`, `sha384` or `sha512`.

        Raises `SealBroken` where it does not decrypt.
        """
        ...


def key_id_of(public_key: bytes) -> bytes:
    """The eight bytes that name a signing key: the start of SHA-256 over its DER SPKI.

    `docs/chip-profile-ktp-el.md` section 6.
    """
    return hashlib.sha256(public_key).digest()[:8]
