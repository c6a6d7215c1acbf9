"""Making certificates: CSCA, link, document signer (ICAO Doc 9303-12 clause 7.1), the site's own.

Built with asn1crypto, for other builders cannot write explicit EC parameters, and signed by the
token's key. Each is verified before it is returned.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from asn1crypto.algos import SignedDigestAlgorithm
from asn1crypto.keys import PublicKeyInfo
from asn1crypto.x509 import Certificate, Name, TbsCertificate, Time

from hsm.keys import EcSigningKey
from hsm.pki.curves import EcPublicKey, explicit_spki, named_spki
from hsm.pki.extensions import (
    authority_extensions,
    document_signer_extensions,
    service_extensions,
)
from hsm.pki.names import Issuer
from hsm.pki.periods import Validity
from hsm.pki.signatures import SIGNATURE_ALGORITHMS, public_key_of, sign_der

__all__ = [
    "DOCUMENT_TYPES",
    "SigningAuthority",
    "authority_certificate",
    "document_signer_certificate",
    "link_certificate",
    "service_certificate",
    "x509_time",
]

DOCUMENT_TYPES: Final = ("ID",)
"""The document type codes of the cards, as the MRZ of a TD1 begins (Doc 9303-5)."""

_SERIAL_BYTES: Final = 20
_FIRST_GENERALIZED_YEAR: Final = 2050


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningAuthority:
    """A CSCA key with the name under which it signs.

    `explicit`: whether CSCA and LDS certificates carry explicit EC parameters, as Doc 9303-12 asks.
    OpenSSL 3 builds no chain over them (its error 94), so an installation may choose otherwise.
    """

    issuer: Issuer
    key: EcSigningKey
    label: str
    explicit: bool = True

    @property
    def public_key(self) -> EcPublicKey:
        """The public half of the key."""
        return public_key_of(self.key, label=self.label)

    def spki(self, key: EcPublicKey) -> bytes:
        """A public key as this authority writes it."""
        return explicit_spki(key) if self.explicit else named_spki(key)


def authority_certificate(authority: SigningAuthority, validity: Validity) -> bytes:
    """A CSCA's self-signed certificate (DER)."""
    key = authority.public_key
    return _signed(
        authority,
        subject=authority.issuer.authority_name(),
        spki=authority.spki(key),
        validity=validity,
        extensions=authority_extensions(authority.issuer, key, key, validity),
    )


def link_certificate(
    authority: SigningAuthority, successor: EcPublicKey, validity: Validity
) -> bytes:
    """The old CSCA key's word for the new one (DER); `validity` is that of the new key."""
    return _signed(
        authority,
        subject=authority.issuer.authority_name(),
        spki=authority.spki(successor),
        validity=validity,
        extensions=authority_extensions(
            authority.issuer, successor, authority.public_key, validity
        ),
    )


def document_signer_certificate(
    authority: SigningAuthority,
    key: EcPublicKey,
    *,
    common_name: str,
    validity: Validity,
    named: bool,
) -> bytes:
    """A document signer's certificate (DER); `named` where the curve's name is wanted anyway."""
    return _signed(
        authority,
        subject=authority.issuer.subject(common_name),
        spki=named_spki(key) if named else authority.spki(key),
        validity=validity,
        extensions=document_signer_extensions(
            authority.issuer, key, authority.public_key, validity, DOCUMENT_TYPES
        ),
    )


def service_certificate(
    signer: SigningAuthority,
    *,
    common_name: str,
    spki: bytes,
    validity: Validity,
    usage: str,
    issued_by: str | None = None,
) -> bytes:
    """A certificate of the site itself (DER): its receivers pin it.

    `usage` is `digital_signature` or `key_encipherment`; `spki` may be of RSA. `issued_by` names
    the signer where it is another's: a key that only deciphers cannot sign for itself.
    """
    own = signer.public_key
    own_spki = named_spki(own)
    return _signed(
        signer,
        subject=signer.issuer.subject(common_name),
        issuer=signer.issuer.subject(issued_by or common_name),
        spki=spki,
        validity=validity,
        extensions=service_extensions(own if spki == own_spki else None, own, usage),
    )


def x509_time(moment: datetime) -> Any:
    """A Time (RFC 5280 clause 4.1.2.5): UTCTime through 2049, GeneralizedTime from 2050."""
    in_utc = moment.astimezone(UTC).replace(microsecond=0)
    kind = "general_time" if in_utc.year >= _FIRST_GENERALIZED_YEAR else "utc_time"
    return Time(name=kind, value=in_utc)


def _signed(
    authority: SigningAuthority,
    *,
    subject: Name,
    spki: bytes,
    validity: Validity,
    extensions: list[Any],
    issuer: Name | None = None,
) -> bytes:
    algorithm = SignedDigestAlgorithm(
        {"algorithm": SIGNATURE_ALGORITHMS[authority.public_key.curve]}
    )
    to_sign = TbsCertificate(
        {
            "version": "v3",
            "serial_number": _serial_number(),
            "signature": algorithm,
            "issuer": authority.issuer.authority_name() if issuer is None else issuer,
            "validity": {
                "not_before": x509_time(validity.begins),
                "not_after": x509_time(validity.expires),
            },
            "subject": subject,
            "subject_public_key_info": PublicKeyInfo.load(spki),
            "extensions": extensions,
        }
    )
    signature = sign_der(authority.key, to_sign.dump(), label=authority.label)
    certificate: bytes = Certificate(
        {
            "tbs_certificate": to_sign,
            "signature_algorithm": algorithm,
            "signature_value": signature,
        }
    ).dump()
    return certificate


def _serial_number() -> int:
    """At random, positive and always 20 octets long (Doc 9303-12: at most 20)."""
    octets = bytearray(secrets.token_bytes(_SERIAL_BYTES))
    octets[0] = octets[0] & 0x7F | 0x40
    return int.from_bytes(octets, "big")
