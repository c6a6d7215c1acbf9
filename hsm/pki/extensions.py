"""The extensions that our certificates and CRLs carry (ICAO Doc 9303-12 clause 7.1.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Final

from asn1crypto.core import ParsableOctetString
from asn1crypto.crl import TBSCertListExtension
from asn1crypto.x509 import Extension, GeneralName

from hsm._asn1 import SEQUENCE, der, der_integer, der_set
from hsm.pki.curves import EcPublicKey
from hsm.pki.names import Issuer
from hsm.pki.periods import Validity

__all__ = [
    "DOCUMENT_TYPE",
    "authority_extensions",
    "document_signer_extensions",
    "key_identifier",
    "list_extensions",
    "service_extensions",
]

DOCUMENT_TYPE: Final = "2.23.136.1.1.6.2"
"""id-icao-mrtd-security-extensions-documentTypeList."""

_PRINTABLE_STRING: Final = 0x13
_IDENTIFIER_BYTES: Final = 20


def key_identifier(key: EcPublicKey) -> bytes:
    """How certificates name a key: 160 bits of SHA-256 over its point (RFC 7093 method 1)."""
    return hashlib.sha256(key.point).digest()[:_IDENTIFIER_BYTES]


def authority_extensions(
    issuer: Issuer, key: EcPublicKey, signed_by: EcPublicKey, validity: Validity
) -> list[Any]:
    """Of a CSCA certificate, self-signed or linked."""
    return [
        _extension("authority_key_identifier", _authority_key(signed_by)),
        _extension("key_identifier", key_identifier(key)),
        _extension("key_usage", {"key_cert_sign", "crl_sign"}, critical=True),
        _extension("basic_constraints", {"ca": True, "path_len_constraint": 0}, critical=True),
        *_common(issuer, validity),
    ]


def document_signer_extensions(
    issuer: Issuer,
    key: EcPublicKey,
    signed_by: EcPublicKey,
    validity: Validity,
    document_types: Iterable[str],
) -> list[Any]:
    """Of a document signer's certificate; document types as the MRZ begins (`ID`)."""
    return [
        _extension("authority_key_identifier", _authority_key(signed_by)),
        _extension("key_identifier", key_identifier(key)),
        _extension("key_usage", {"digital_signature"}, critical=True),
        *_common(issuer, validity),
        Extension(
            {
                "extn_id": DOCUMENT_TYPE,
                "extn_value": ParsableOctetString(_document_type_list(document_types)),
            }
        ),
    ]


def service_extensions(key: EcPublicKey | None, signed_by: EcPublicKey, usage: str) -> list[Any]:
    """Of the site's own certificates; `key` is None where it is no EC key."""
    named = [] if key is None else [_extension("key_identifier", key_identifier(key))]
    return [
        _extension("authority_key_identifier", _authority_key(signed_by)),
        *named,
        _extension("key_usage", {usage}, critical=True),
    ]


def list_extensions(signed_by: EcPublicKey, number: int) -> list[Any]:
    """Of a CRL."""
    return [
        TBSCertListExtension(
            {"extn_id": "authority_key_identifier", "extn_value": _authority_key(signed_by)}
        ),
        TBSCertListExtension({"extn_id": "crl_number", "extn_value": number}),
    ]


def _common(issuer: Issuer, validity: Validity) -> list[Any]:
    names = issuer.alternative_names()
    address = GeneralName(name="uniform_resource_identifier", value=issuer.revocation_url)
    return [
        _extension(
            "private_key_usage_period",
            {"not_before": validity.begins, "not_after": validity.use_ends},
        ),
        _extension("subject_alt_name", names),
        _extension("issuer_alt_name", names),
        _extension(
            "crl_distribution_points",
            [{"distribution_point": {"full_name": [address]}}],
        ),
    ]


def _authority_key(key: EcPublicKey) -> dict[str, bytes]:
    return {"key_identifier": key_identifier(key)}


def _extension(name: str, value: Any, *, critical: bool = False) -> Any:
    return Extension({"extn_id": name, "critical": critical, "extn_value": value})


def _document_type_list(types: Iterable[str]) -> bytes:
    # Doc 9303-12 clause 7.1.1.6: SEQUENCE { version 0, SET OF PrintableString }.
    strings = [der(_PRINTABLE_STRING, kind.encode("ascii")) for kind in types]
    return der(SEQUENCE, der_integer(0), der_set(0x31, *strings))
