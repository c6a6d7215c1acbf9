"""The self-made certificates of a development token.

One CSCA, one document signer under it, and self-signed certificates for the site signature and for
envelopes. Every subject says DEVELOPMENT: nobody shall take them for the state's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

__all__ = ["csca_certificate", "document_signer_certificate", "self_signed_certificate"]

_CSCA_YEARS: Final = timedelta(days=15 * 365)
_DOCUMENT_SIGNER_YEARS: Final = timedelta(days=11 * 365)
_SITE_YEARS: Final = timedelta(days=5 * 365)

PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey


def csca_certificate(key: EllipticCurvePrivateKey, begins: datetime) -> bytes:
    """A self-signed country signing CA of no country (DER), path length 0."""
    name = _name("CSCA")
    builder = _builder(name, name, key, begins, _CSCA_YEARS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(certificates=True), critical=True)
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)


def document_signer_certificate(
    key: EllipticCurvePrivateKey, csca: bytes, csca_key: EllipticCurvePrivateKey, begins: datetime
) -> bytes:
    """A document signer under that CSCA (DER)."""
    issuer = x509.load_der_x509_certificate(csca)
    builder = _builder(_name("DS-1"), issuer.subject, key, begins, _DOCUMENT_SIGNER_YEARS)
    builder = builder.add_extension(_usage(signatures=True), critical=True)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(csca_key.public_key()), critical=False
    )
    return builder.sign(csca_key, SHA256()).public_bytes(Encoding.DER)


def self_signed_certificate(name: str, key: PrivateKey, begins: datetime) -> bytes:
    """A certificate that vouches for itself (DER): for signing with EC, for envelopes with RSA."""
    subject = _name(name)
    builder = _builder(subject, subject, key, begins, _SITE_YEARS)
    rsa = isinstance(key, RSAPrivateKey)
    builder = builder.add_extension(_usage(signatures=not rsa, envelopes=rsa), critical=True)
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "EKTP DEVELOPMENT"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, begins: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(
    *, signatures: bool = False, certificates: bool = False, envelopes: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signatures,
        content_commitment=False,
        key_encipherment=envelopes,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )
