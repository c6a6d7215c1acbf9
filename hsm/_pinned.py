"""Pinned approvers: certificates that an installation trusts by themselves, whole.

No chain and no EKU is asked for; self-signed is allowed; validity is checked where it is used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from ektp.errors import ConfigurationError
from hsm._certificate_names import issuer_and_serial

__all__ = ["Pinned", "load_all_pinned", "load_pinned"]

_PEM: Final = b"-----BEGIN"

PublicKey = EllipticCurvePublicKey | RSAPublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """A pinned certificate, read once: what a CMS signer may call it, and its key."""

    der: bytes = field(repr=False)
    issuer: bytes = field(repr=False)
    serial: int
    subject_key_id: bytes | None
    not_before: datetime
    not_after: datetime
    public_key: PublicKey

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 over the certificate's DER."""
        return hashlib.sha256(self.der).digest()


def load_pinned(certificate: bytes) -> Pinned:
    """Read one certificate in PEM or DER. Raises `ConfigurationError`."""
    try:
        loaded = (
            x509.load_pem_x509_certificate(certificate)
            if certificate.lstrip().startswith(_PEM)
            else x509.load_der_x509_certificate(certificate)
        )
        public_key = loaded.public_key()
        subject_key_id = _subject_key_id(loaded)
        der = loaded.public_bytes(Encoding.DER)
        issuer, serial = issuer_and_serial(der)
    except (ValueError, UnsupportedAlgorithm) as cause:
        raise ConfigurationError("a pinned certificate cannot be read") from cause
    if not isinstance(public_key, EllipticCurvePublicKey | RSAPublicKey):
        raise ConfigurationError("a pinned certificate's key is of neither ECDSA nor RSA")
    return Pinned(
        der=der,
        issuer=issuer,
        serial=serial,
        subject_key_id=subject_key_id,
        not_before=loaded.not_valid_before_utc,
        not_after=loaded.not_valid_after_utc,
        public_key=public_key,
    )


def load_all_pinned(certificates: Sequence[bytes]) -> tuple[Pinned, ...]:
    """Read them all. Raises `ConfigurationError`."""
    return tuple(load_pinned(certificate) for certificate in certificates)


def _subject_key_id(certificate: x509.Certificate) -> bytes | None:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return found.value.digest
