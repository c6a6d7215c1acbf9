"""Detached CMS signatures by the installation over its outgoing files (RFC 5652, RFC 5753).

SignedData in DER with signed attributes content-type, message-digest and signing-time; ECDSA P-256
with SHA-256. The receiver pins the site's certificate, which is sent along.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from hsm._asn1 import (
    GENERALIZED_TIME,
    OCTET_STRING,
    SEQUENCE,
    SET,
    UTC_TIME,
    der,
    der_integer,
    der_oid,
    der_set,
)
from hsm._certificate_names import issuer_and_serial
from hsm._cms_names import (
    CONTENT_TYPE,
    DATA,
    ECDSA_SHA256,
    MESSAGE_DIGEST,
    SHA256,
    SIGNED_DATA,
    SIGNING_TIME,
)
from hsm.keys import EcSigningKey
from hsm.pki.signatures import sign_der

__all__ = ["sign_detached", "sign_detached_digest"]

_CONTEXT_0: Final = 0xA0
_VERSION_1: Final = der_integer(1)
_SHA256_IDENTIFIER: Final = der(SEQUENCE, der_oid(SHA256))
_UTC_TIME_ENDS: Final = 2050


def sign_detached(
    document: bytes, key: EcSigningKey, *, certificate: bytes, now: datetime
) -> bytes:
    """A detached SignedData (DER) over the exact bytes of a document.

    `certificate` is the key's own, in DER. Raises `HsmError` where the token's signature is wrong.
    """
    digest = hashlib.sha256(document).digest()
    return sign_detached_digest(digest, key, certificate=certificate, now=now)


def sign_detached_digest(
    digest: bytes, key: EcSigningKey, *, certificate: bytes, now: datetime
) -> bytes:
    """The same over a document of which only the SHA-256 is at hand (it may be large)."""
    attributes = (
        _attribute(CONTENT_TYPE, der_oid(DATA)),
        _attribute(MESSAGE_DIGEST, der(OCTET_STRING, digest)),
        _attribute(SIGNING_TIME, _time(now)),
    )
    # RFC 5652 clause 5.4: what is signed carries the tag SET OF, what is sent [0].
    signature = sign_der(key, der_set(SET, *attributes), label="site")
    signer_info = der(
        SEQUENCE,
        _VERSION_1,
        _issuer_and_serial(certificate),
        _SHA256_IDENTIFIER,
        der_set(_CONTEXT_0, *attributes),
        der(SEQUENCE, der_oid(ECDSA_SHA256)),
        der(OCTET_STRING, signature),
    )
    signed_data = der(
        SEQUENCE,
        _VERSION_1,
        der(SET, _SHA256_IDENTIFIER),
        der(SEQUENCE, der_oid(DATA)),
        der(_CONTEXT_0, certificate),
        der(SET, signer_info),
    )
    return der(SEQUENCE, der_oid(SIGNED_DATA), der(_CONTEXT_0, signed_data))


def _attribute(kind: str, value: bytes) -> bytes:
    return der(SEQUENCE, der_oid(kind), der(SET, value))


def _time(moment: datetime) -> bytes:
    # RFC 5652 clause 11.3: UTCTime through 2049.
    if moment.year < _UTC_TIME_ENDS:
        return der(UTC_TIME, f"{moment:%y%m%d%H%M%SZ}".encode())
    return der(GENERALIZED_TIME, f"{moment:%Y%m%d%H%M%SZ}".encode())


def _issuer_and_serial(certificate: bytes) -> bytes:
    issuer, serial = issuer_and_serial(certificate)
    return der(SEQUENCE, issuer, der_integer(serial))
