"""Proving a certificate: from a document signer over its CSCA, and links, to what is trusted.

For our own use at signing time. Explicit EC parameters are taken (`hsm.pki.curves`); what has no
place in our PKI (another algorithm, another curve, an unknown critical extension) is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from asn1crypto.crl import CertificateList
from asn1crypto.x509 import Certificate

from ektp.errors import HsmError
from hsm._asn1 import BIT_STRING, SEQUENCE, der
from hsm.keys import Curve
from hsm.pki.curves import EcPublicKey, read_spki
from hsm.pki.signatures import SIGNATURE_ALGORITHMS, digest_for, verifies

__all__ = ["CertificateFacts", "RevocationFacts", "read_certificate", "read_list", "verify_chain"]

_LARGEST_CERTIFICATE: Final = 16_384
_LARGEST_LIST: Final = 16 << 20
_LONGEST_PATH: Final = 8
_KNOWN_CRITICAL: Final = frozenset({"key_usage", "basic_constraints"})
_CURVES: Final[dict[str, Curve]] = {name: curve for curve, name in SIGNATURE_ALGORITHMS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """What matters of a certificate; names and the signed part as encoded."""

    der: bytes
    subject: bytes
    issuer: bytes
    serial_number: int
    key: EcPublicKey
    begins: datetime
    expires: datetime
    use_begins: datetime
    use_ends: datetime
    key_identifier: bytes
    authority_key_identifier: bytes
    usage: frozenset[str]
    is_authority: bool
    path_length: int | None
    signed: bytes
    signature: bytes
    signature_curve: Curve


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationFacts:
    """What matters of a CRL: which serial numbers are revoked since when."""

    issuer: bytes
    number: int
    this_update: datetime
    next_update: datetime
    revoked: dict[int, datetime]
    signed: bytes
    signature: bytes
    signature_curve: Curve


@lru_cache(maxsize=256)
def read_certificate(certificate: bytes) -> CertificateFacts:
    """Read a certificate (DER). Raises `HsmError` where it is not of our kind."""
    if len(certificate) > _LARGEST_CERTIFICATE:
        raise HsmError("a certificate is larger than any of ours")
    try:
        return _read_certificate(certificate)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        # asn1crypto tells of hostile bytes in all these ways.
        raise HsmError("a certificate cannot be read") from None


def _read_certificate(raw: bytes) -> CertificateFacts:
    parsed = Certificate.load(raw, strict=True)
    to_sign = parsed["tbs_certificate"]
    _refuse_critical(to_sign["extensions"])
    if to_sign["signature"].dump() != parsed["signature_algorithm"].dump():
        raise HsmError("a certificate names two signature algorithms")
    _check_outside(raw, parsed, "tbs_certificate", "signature_value")
    use = _extension(to_sign, "private_key_usage_period")
    constraints = _extension(to_sign, "basic_constraints") or {}
    begins, expires = _in_zulu(parsed.not_valid_before), _in_zulu(parsed.not_valid_after)
    return CertificateFacts(
        der=raw,
        subject=to_sign["subject"].dump(),
        issuer=to_sign["issuer"].dump(),
        serial_number=to_sign["serial_number"].native,
        key=read_spki(to_sign["subject_public_key_info"].dump()),
        begins=begins,
        expires=expires,
        use_begins=_in_zulu(use["not_before"] or begins),
        use_ends=_in_zulu(use["not_after"] or expires),
        key_identifier=parsed.key_identifier or b"",
        authority_key_identifier=parsed.authority_key_identifier or b"",
        usage=frozenset(parsed.key_usage_value.native),
        is_authority=bool(constraints.get("ca")),
        path_length=constraints.get("path_len_constraint"),
        signed=to_sign.dump(),
        signature=parsed["signature_value"].native,
        signature_curve=_curve(parsed["signature_algorithm"]),
    )


@lru_cache(maxsize=16)
def read_list(revocation_list: bytes) -> RevocationFacts:
    """Read a CRL (DER). Raises `HsmError` where it is not of our kind."""
    if len(revocation_list) > _LARGEST_LIST:
        raise HsmError("a revocation list is larger than any of ours")
    try:
        return _read_list(revocation_list)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        raise HsmError("a revocation list cannot be read") from None


def _read_list(raw: bytes) -> RevocationFacts:
    parsed = CertificateList.load(raw, strict=True)
    to_sign = parsed["tbs_cert_list"]
    _refuse_critical(to_sign["crl_extensions"])
    if to_sign["signature"].dump() != parsed["signature_algorithm"].dump():
        raise HsmError("a revocation list names two signature algorithms")
    _check_outside(raw, parsed, "tbs_cert_list", "signature")
    return RevocationFacts(
        issuer=to_sign["issuer"].dump(),
        number=parsed.crl_number_value.native,
        this_update=_in_zulu(to_sign["this_update"].native),
        next_update=_in_zulu(to_sign["next_update"].native),
        revoked={
            entry["user_certificate"].native: _in_zulu(entry["revocation_date"].native)
            for entry in to_sign["revoked_certificates"]
        },
        signed=to_sign.dump(),
        signature=parsed["signature"].native,
        signature_curve=_curve(parsed["signature_algorithm"]),
    )


def verify_chain(
    certificate: bytes,
    *,
    anchors: Sequence[bytes],
    links: Sequence[bytes] = (),
    revocation_lists: Iterable[bytes] = (),
    at: datetime,
) -> tuple[bytes, ...]:
    """The path from a document signer's certificate to an anchor, proved for one moment.

    `anchors` are self-signed CSCA certificates that are trusted, `links` CSCA certificates that
    lead to them. Each certificate holds at that moment, the signer's key is in its private key
    usage period, and each was made within that of its issuer. A CRL counts however old it is.
    Raises `HsmError` that names the first thing wrong.
    """
    leaf = read_certificate(certificate)
    if leaf.is_authority or leaf.usage != {"digital_signature"}:
        raise HsmError("a document signer's certificate is for another use")
    if not leaf.use_begins <= at < leaf.use_ends:
        raise HsmError("a document signer's key is outside its private key usage period")
    trusted = tuple(read_certificate(anchor) for anchor in anchors)
    pool = trusted + tuple(read_certificate(link) for link in links)
    path = _path(leaf, trusted, pool, at)
    _check_revocation(path, pool, revocation_lists)
    return tuple(facts.der for facts in path)


def _path(
    leaf: CertificateFacts,
    trusted: Sequence[CertificateFacts],
    pool: Sequence[CertificateFacts],
    at: datetime,
) -> list[CertificateFacts]:
    """Breadth first, so that the shortest way to an anchor is found."""
    _check_validity(leaf, at)
    waiting = [[leaf]]
    while waiting:
        path = waiting.pop(0)
        for issuer in pool:
            if issuer in path or not _names(issuer, path[-1]):
                continue
            _check_issuer(issuer, path[-1], at)
            if issuer in trusted:
                _check_issuer(issuer, issuer, at)
                return [*path, issuer]
            if len(path) < _LONGEST_PATH:
                waiting.append([*path, issuer])
    raise HsmError("a certificate leads to no trusted CSCA")


def _names(issuer: CertificateFacts, issued: CertificateFacts) -> bool:
    return (
        issuer.subject == issued.issuer
        and issuer.key_identifier == issued.authority_key_identifier != b""
    )


def _check_issuer(issuer: CertificateFacts, issued: CertificateFacts, at: datetime) -> None:
    _check_validity(issuer, at)
    if not issuer.is_authority or not issuer.usage >= {"key_cert_sign"}:
        raise HsmError("a certificate was issued by one that may not issue")
    # Self-issued certificates (links) do not count (RFC 5280 clause 6.1.4).
    if issuer.path_length != 0:
        raise HsmError("a CSCA certificate allows for other than the path length 0")
    if not issuer.use_begins <= issued.begins < issuer.use_ends:
        raise HsmError("a certificate was made outside its issuer's private key usage period")
    if not _signed_by(issued.der, issuer.der):
        raise HsmError("a certificate's signature does not verify")


@lru_cache(maxsize=1_024)
def _signed_by(issued: bytes, issuer: bytes) -> bool:
    facts, key = read_certificate(issued), read_certificate(issuer).key
    return facts.signature_curve is key.curve and verifies(
        key, facts.signature, digest_for(key.curve, facts.signed)
    )


@lru_cache(maxsize=64)
def _list_signed_by(revocation_list: bytes, issuer: bytes) -> bool:
    facts, by = read_list(revocation_list), read_certificate(issuer)
    return (
        "crl_sign" in by.usage
        and by.subject == facts.issuer
        and facts.signature_curve is by.key.curve
        and verifies(by.key, facts.signature, digest_for(by.key.curve, facts.signed))
    )


def _check_validity(facts: CertificateFacts, at: datetime) -> None:
    if not facts.begins <= at <= facts.expires:
        raise HsmError("a certificate does not hold at this time")


def _check_revocation(
    path: Sequence[CertificateFacts],
    pool: Sequence[CertificateFacts],
    revocation_lists: Iterable[bytes],
) -> None:
    for raw in revocation_lists:
        facts = read_list(raw)
        if not any(_list_signed_by(raw, issuer.der) for issuer in pool):
            raise HsmError("a revocation list's signature does not verify")
        if any(one.issuer == facts.issuer and one.serial_number in facts.revoked for one in path):
            raise HsmError("a certificate was revoked")


def _check_outside(raw: bytes, parsed: Any, body: str, signature: str) -> None:
    """What is not signed must be as it has to be: the same certificate has one form only."""
    algorithm = parsed["signature_algorithm"].dump()
    bits = der(BIT_STRING, b"\x00", parsed[signature].native)
    if der(SEQUENCE, parsed[body].dump(), algorithm, bits) != raw:
        raise HsmError("a certificate or list is not encoded in DER")


def _in_zulu(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise HsmError("a certificate or list has a time of no zone")
    return moment


def _extension(to_sign: Any, name: str) -> Any:
    for extension in to_sign["extensions"]:
        if extension["extn_id"].native == name:
            return extension["extn_value"].parsed.native
    return {"not_before": None, "not_after": None} if name.startswith("private") else None


def _refuse_critical(extensions: Any) -> None:
    names = [extension["extn_id"].native for extension in extensions]
    if len(names) != len(set(names)):
        raise HsmError("a certificate or list has an extension twice")
    for extension in extensions:
        if extension["critical"].native and extension["extn_id"].native not in _KNOWN_CRITICAL:
            raise HsmError("a certificate or list has a critical extension that is not known")


def _curve(algorithm: Any) -> Curve:
    curve = _CURVES.get(algorithm["algorithm"].native)
    if curve is None or algorithm["parameters"].native is not None:
        raise HsmError("a certificate or list is signed by an algorithm that we do not use")
    return curve
