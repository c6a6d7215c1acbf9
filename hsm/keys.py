"""The keys of the house by label (kind, purpose, period, quota), and the port of a token.

A token (software, or any PKCS#11 library) offers `TokenKeys`: keys that are made and used inside
and named by label. Everything built on it (key service, document signers, PKI, site signature,
envelopes) is the same for every token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum, unique
from typing import Final, Protocol

__all__ = [
    "DOCUMENT_SIGNER_RULE",
    "KEY_RULES",
    "Curve",
    "EcSigningKey",
    "EnvelopeKey",
    "KeyAttributes",
    "KeyLabel",
    "KeyRule",
    "SecretKind",
    "TokenKeys",
    "key_id_of",
]


@unique
class Curve(StrEnum):
    """The elliptic curves of the house (FIPS 186-4)."""

    P256 = "P-256"
    P384 = "P-384"

    @property
    def coordinate_bytes(self) -> int:
        """The length of a coordinate, and of r and of s."""
        return 32 if self is Curve.P256 else 48


@unique
class SecretKind(StrEnum):
    """The kinds of secret keys that a token makes."""

    AES = "AES"
    HMAC = "HMAC"


@unique
class KeyLabel(StrEnum):
    """The label (PKCS#11 CKA_LABEL) under which a token holds a key.

    Document signers are numbered: `DS-1`, `DS-2` … (`ktp-el`), `LDS-1` … (`icao-lds1`); so are CSCA
    keys, whose successors are linked.
    """

    KEK = "KEK-1"
    INDEX = "INDEX-1"
    READ = "READ-1"
    TRANSPORT_128 = "TRANSPORT-128"
    TRANSPORT_256 = "TRANSPORT-256"
    TRANSPORT_SAM = "TRANSPORT-SAM"
    CARD_128 = "CARD-128"
    CARD_256 = "CARD-256"
    SAM_OPEN = "SAM-OPEN-1"
    CSCA = "CSCA-1"
    DOCUMENT_SIGNER = "DS-1"
    LDS_SIGNER = "LDS-1"
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
    use="sign chip content (ktp-el)",
    quota=100_000,
    period=timedelta(days=92),
)
"""A document signer is used for 92 days or 100,000 signatures, whichever ends first."""

KEY_RULES: Final[dict[KeyLabel, KeyRule]] = {
    KeyLabel.KEK: KeyRule(kind="AES-256", use="wrap vault data keys"),
    KeyLabel.INDEX: KeyRule(kind="HMAC-SHA-256", use="blind index"),
    KeyLabel.READ: KeyRule(kind="AES-256", use="derive the read keys of a chip (ktp-el)"),
    KeyLabel.TRANSPORT_128: KeyRule(kind="AES-128", use="open a maker's blank (ktp-el)"),
    KeyLabel.TRANSPORT_256: KeyRule(kind="AES-256", use="open a maker's blank (icao-lds1)"),
    KeyLabel.TRANSPORT_SAM: KeyRule(kind="AES-256", use="open a maker's module, a SAM"),
    KeyLabel.CARD_128: KeyRule(kind="AES-128", use="the card's own key set (ktp-el)"),
    KeyLabel.CARD_256: KeyRule(kind="AES-256", use="the card's own key set (icao-lds1)"),
    KeyLabel.SAM_OPEN: KeyRule(kind="AES-256", use="derive the secret that opens a SAM"),
    KeyLabel.CSCA: KeyRule(kind="EC P-384", use="issue document signer certificates"),
    KeyLabel.DOCUMENT_SIGNER: DOCUMENT_SIGNER_RULE,
    KeyLabel.LDS_SIGNER: KeyRule(
        kind="EC P-384",
        use="sign LDS security objects (icao-lds1)",
        quota=DOCUMENT_SIGNER_RULE.quota,
        period=DOCUMENT_SIGNER_RULE.period,
    ),
    KeyLabel.SITE: KeyRule(kind="EC P-256", use="sign acknowledgements and outcome files"),
    KeyLabel.ENVELOPE: KeyRule(kind="RSA-3072", use="open enveloped files of approved records"),
}
"""The rules of all keys in the order of the inventory; a numbered key has that of its first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAttributes:
    """How a token says that it keeps a key (PKCS#11 v3.1, clauses 4.8 to 4.10)."""

    sensitive: bool
    extractable: bool
    made_inside: bool


class EcSigningKey(Protocol):
    """An ECDSA private key in a token."""

    @property
    def curve(self) -> Curve:
        """The curve that it is on."""
        ...

    @property
    def public_key(self) -> bytes:
        """The public key as DER SubjectPublicKeyInfo (RFC 5480, named curve)."""
        ...

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign a digest as long as the curve's field; r ‖ s (PKCS#11 CKM_ECDSA)."""
        ...


class TokenKeys(Protocol):
    """The keys of one open token. All errors are `HsmError` and its kinds; none tells a value.

    `KeyNotFound` for a label that is not there, `TokenNotFound` where the token is gone: it is
    opened again by `reopen`, and until then every call is refused.
    """

    def labels(self) -> Collection[str]:
        """The labels of all secret and private keys."""
        ...

    def attributes(self, label: str) -> KeyAttributes:
        """How a key is kept."""
        ...

    def make_secret(self, label: str, kind: SecretKind, length: int) -> None:
        """Make a secret key of that many bytes inside. `HsmError` where the label is taken."""
        ...

    def import_secret(self, label: str, kind: SecretKind, value: bytes) -> None:
        """Put in a secret that was made in a ceremony; it does not come out again."""
        ...

    def make_ec_key(self, label: str, curve: Curve) -> EcSigningKey:
        """Make a signing key inside."""
        ...

    def ec_key(self, label: str) -> EcSigningKey:
        """A signing key that is there."""
        ...

    def make_rsa_key(self, label: str, bits: int) -> bytes:
        """Make an RSA key for decryption inside; its public key (DER SubjectPublicKeyInfo)."""
        ...

    def cmac(self, label: str, message: bytes) -> bytes:
        """AES-CMAC under a secret key: 16 bytes."""
        ...

    def aes_cbc(self, label: str, blocks: bytes) -> bytes:
        """AES-CBC encryption under a secret key: IV zero, no padding, whole blocks of 16 bytes.

        PKCS#11 CKM_AES_CBC; the key has CKA_ENCRYPT beside CKA_SIGN. AN10922 takes a short
        input to *two* blocks and then closes it with K2: no message gives that result by
        `cmac`, so that the masters of personalization keys (`TRANSPORT-*`, `CARD-*`) need this.
        """
        ...

    def hmac_sha256(self, label: str, message: bytes) -> bytes:
        """HMAC-SHA-256 under a secret key: 32 bytes."""
        ...

    def seal(self, label: str, nonce: bytes, plain: bytes, meaning: bytes) -> bytes:
        """AES-GCM: cipher text ‖ tag (16), `meaning` authenticated beside it; nonce of 12 bytes."""
        ...

    def unseal(self, label: str, nonce: bytes, sealed: bytes, meaning: bytes) -> bytes:
        """Back again. Raises `SealBroken`."""
        ...

    def decrypt_oaep(self, label: str, cipher: bytes, *, digest: str, mask_digest: str) -> bytes:
        """RSAES-OAEP with `sha1`, `sha256`, `sha384` or `sha512`. Raises `SealBroken`."""
        ...

    def destroy(self, label: str) -> None:
        """Destroy a key for good."""
        ...

    def reopen(self) -> None:
        """Open the token again after it was away. Raises `TokenNotFound`."""
        ...

    def close(self) -> None:
        """Log out and let go."""
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
