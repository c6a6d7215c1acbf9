"""The profile linter: certificates and CRLs against ICAO Doc 9303-12, finding by finding.

It reads bytes with a reader of its own and trusts nothing of what built them. It proves no
signature: that is `hsm.pki.chain`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from hsm._asn1 import GENERALIZED_TIME, SEQUENCE, UTC_TIME, Element, Malformed, parse
from hsm.pki._lint_body import (
    Parts,
    algorithm_findings,
    check_algorithms,
    check_names,
    check_serial,
    check_shape,
    check_spki,
    check_validity,
    name_findings,
)
from hsm.pki._lint_extensions import check_extension_values, check_extensions, key_identifier_in
from hsm.pki._lint_reader import children, distinguished, extensions_of, time_of
from hsm.pki._lint_rules import BODY, CRL, CertificateKind, Finding

__all__ = ["CertificateKind", "Finding", "lint_certificate", "lint_revocation_list"]

_CHECKS: Final[dict[str, Callable[[Parts, CertificateKind], Iterator[Finding]]]] = {
    "certificate": check_shape,
    "serialNumber": check_serial,
    "signature": check_algorithms,
    "issuer, subject": check_names,
    "validity": check_validity,
    "subjectPublicKeyInfo": check_spki,
    "extensions": check_extensions,
    "extension values": check_extension_values,
}
_LONGEST_LIST_LIFE: Final = timedelta(days=90)
_LARGEST_NUMBER_OCTETS: Final = 20
_AUTHORITY_KEY: Final = "2.5.29.35"
_LIST_NUMBER: Final = "2.5.29.20"
_LIST_EXTENSIONS: Final = {_AUTHORITY_KEY: "authorityKeyIdentifier", _LIST_NUMBER: "cRLNumber"}
_FORBIDDEN_IN_LISTS: Final = {
    "2.5.29.18": "issuerAltName",
    "2.5.29.27": "deltaCRLIndicator",
    "2.5.29.28": "issuingDistributionPoint",
    "2.5.29.46": "freshestCRL",
}
_EXTENSIONS_TAG: Final = 0xA0
_TIMES: Final = (UTC_TIME, GENERALIZED_TIME)


def lint_certificate(certificate: bytes, kind: CertificateKind) -> tuple[Finding, ...]:
    """All that the profile does not allow in a certificate (DER) of that kind; () is good."""
    try:
        whole = parse(certificate)
        der = distinguished(whole)
        parts = Parts.of(whole)
    except Malformed:
        return (Finding(clause=BODY, field="certificate", what="cannot be read"),)
    found: list[Finding] = []
    if not der:
        found.append(Finding(clause=BODY, field="certificate", what="is not encoded in DER"))
    for field, check in _CHECKS.items():
        try:
            found.extend(check(parts, kind))
        except (Malformed, IndexError):
            found.append(Finding(clause=BODY, field=field, what="cannot be read"))
    return tuple(found)


def lint_revocation_list(revocation_list: bytes) -> tuple[Finding, ...]:
    """All that the profile does not allow in a CRL (DER); () is good."""
    try:
        whole = parse(revocation_list)
        found = [] if distinguished(whole) else [_crl("CRL", "is not encoded in DER")]
        found.extend(_list_findings(whole))
    except (Malformed, IndexError):
        return (_crl("CRL", "cannot be read"),)
    return tuple(found)


def _list_findings(whole: Element) -> Iterator[Finding]:
    to_sign, outer, _ = whole.parts(SEQUENCE, 3)
    parts = list(children(to_sign))
    if parts[0].tag != 0x02 or parts.pop(0).integer() != 1:
        yield _crl("version", "is not v2")
    inner, issuer, *rest = parts
    yield from algorithm_findings(inner, outer, CRL)
    yield from name_findings(issuer, "issuer", CRL)
    times = [rest.pop(0) for _ in range(2) if rest and rest[0].tag in _TIMES]
    yield from _update_findings(times)
    if rest and rest[0].tag == SEQUENCE:
        yield from _entry_findings(children(rest.pop(0)))
    if rest and rest[0].tag == _EXTENSIONS_TAG:
        yield from _list_extension_findings(rest[0].children()[0])
    else:
        yield _crl("crlExtensions", "are missing")


def _update_findings(times: list[Element]) -> Iterator[Finding]:
    if len(times) < 2:
        yield _crl("nextUpdate", "is missing")
        return
    (this, wrong_this), (following, wrong_next) = (time_of(one) for one in times)
    for field, wrong in (("thisUpdate", wrong_this), ("nextUpdate", wrong_next)):
        if wrong:
            yield _crl(field, wrong)
    if this is not None and following is not None:
        if following <= this:
            yield _crl("nextUpdate", "is not after thisUpdate")
        if following - this > _LONGEST_LIST_LIFE:
            yield _crl("nextUpdate", "is more than 90 days after thisUpdate")


def _entry_findings(entries: tuple[Element, ...]) -> Iterator[Finding]:
    if not entries:
        yield _crl("revokedCertificates", "is there and empty")
    serials = []
    for entry in entries:
        serial, revoked_at, *extensions = children(entry)
        serials.append(serial.integer())
        _, wrong = time_of(revoked_at)
        if wrong:
            yield _crl("revocationDate", wrong)
        if extensions:
            yield _crl("crlEntryExtensions", "must not be there")
    if len(serials) != len(set(serials)):
        yield _crl("revokedCertificates", "lists a certificate twice")


def _list_extension_findings(listed: Element) -> Iterator[Finding]:
    found = {item.oid: item for item in extensions_of(listed)}
    for oid, name in _LIST_EXTENSIONS.items():
        if oid not in found:
            yield _crl(name, "is missing")
    for oid, item in found.items():
        if oid in _FORBIDDEN_IN_LISTS:
            yield _crl(_FORBIDDEN_IN_LISTS[oid], "must not be there")
        if item.critical_written is not None:
            yield _crl(_LIST_EXTENSIONS.get(oid, oid), "must not be critical")
    if _AUTHORITY_KEY in found and not key_identifier_in(found[_AUTHORITY_KEY]):
        yield _crl("authorityKeyIdentifier", "has no keyIdentifier")
    if _LIST_NUMBER in found:
        number = found[_LIST_NUMBER].parsed()
        if number.integer() < 0 or len(number.content) > _LARGEST_NUMBER_OCTETS:
            yield _crl("cRLNumber", "is negative or longer than 20 octets")


def _crl(field: str, what: str) -> Finding:
    return Finding(clause=CRL, field=field, what=what)
