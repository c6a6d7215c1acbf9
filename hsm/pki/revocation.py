"""Making certificate revocation lists (ICAO Doc 9303-12 clause 7, CRL profile; RFC 5280).

A list is complete, for all keys of the CSCA, and at most 90 days old. Its entries carry no
extensions, for the profile forbids the reason code; why a certificate was revoked stands in the
signer registry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from asn1crypto.algos import SignedDigestAlgorithm
from asn1crypto.crl import CertificateList, TbsCertList

from ektp.errors import KeyUsageForbidden
from hsm.pki.certificates import SigningAuthority, x509_time
from hsm.pki.extensions import list_extensions
from hsm.pki.signatures import SIGNATURE_ALGORITHMS, sign_der

__all__ = ["LONGEST_LIST_LIFE", "Revocation", "revocation_list"]

LONGEST_LIST_LIFE: Final = timedelta(days=90)
"""From thisUpdate to nextUpdate (Doc 9303-12: at least every 90 days)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """A certificate that is no longer good, and since when."""

    serial_number: int
    at: datetime


def revocation_list(
    authority: SigningAuthority, number: int, now: datetime, revoked: Iterable[Revocation]
) -> bytes:
    """A CRL (DER) with that number. Raises `KeyUsageForbidden` for a clock gone wild."""
    this_update = now.astimezone(UTC).replace(microsecond=0)
    try:
        next_update = this_update + LONGEST_LIST_LIFE
    except OverflowError:
        raise KeyUsageForbidden("the clock shows a time at which no CRL can be made") from None
    algorithm = SignedDigestAlgorithm(
        {"algorithm": SIGNATURE_ALGORITHMS[authority.public_key.curve]}
    )
    fields = {
        "version": "v2",
        "signature": algorithm,
        "issuer": authority.issuer.authority_name(),
        "this_update": x509_time(this_update),
        "next_update": x509_time(next_update),
        "crl_extensions": list_extensions(authority.public_key, number),
    }
    entries = [
        {
            "user_certificate": entry.serial_number,
            "revocation_date": x509_time(entry.at.replace(microsecond=0)),
        }
        for entry in revoked
    ]
    if entries:
        fields["revoked_certificates"] = entries
    to_sign = TbsCertList(fields)
    signature = sign_der(authority.key, to_sign.dump(), label=authority.label)
    signed: bytes = CertificateList(
        {
            "tbs_cert_list": to_sign,
            "signature_algorithm": algorithm,
            "signature": signature,
        }
    ).dump()
    return signed
