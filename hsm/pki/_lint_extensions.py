"""The extensions of a certificate against the profile (ICAO Doc 9303-12 clause 7.1.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from hsm._asn1 import INTEGER, SEQUENCE, SET, Element, Malformed
from hsm.pki._lint_body import Parts, validity_of
from hsm.pki._lint_reader import (
    PRINTABLE_STRING,
    RawExtension,
    attributes_of,
    children,
    distinguished,
    extensions_of,
    generalized_time,
)
from hsm.pki._lint_rules import (
    EXTENSIONS,
    NETSCAPE_ARC,
    CertificateKind,
    ExtensionRule,
    Finding,
    Presence,
)

__all__ = ["check_extension_values", "check_extensions", "key_identifier_in"]

_AUTHORITY_KEY: Final = "2.5.29.35"
_SUBJECT_KEY: Final = "2.5.29.14"
_KEY_USAGE: Final = "2.5.29.15"
_USE_PERIOD: Final = "2.5.29.16"
_POLICIES: Final = "2.5.29.32"
_CONSTRAINTS: Final = "2.5.29.19"
_LISTS: Final = "2.5.29.31"
_DOCUMENT_TYPE: Final = "2.23.136.1.1.6.2"
_ALTERNATIVE_NAMES: Final = ("2.5.29.17", "2.5.29.18")
_LOCALITY: Final = "2.5.4.7"
# keyCertSign and cRLSign; digitalSignature: unused bits, then the bits from the left.
_AUTHORITY_USAGE: Final = b"\x01\x06"
_SIGNER_USAGE: Final = b"\x07\x80"
_DIRECTORY_NAME: Final = 0xA4
_CONTACTS: Final = frozenset({0x81, 0x82, 0x86})
_URI: Final = 0x86
_LIST_SCHEMES: Final = (b"http://", b"https://", b"ldap://")
# A document signer signs for at most about three months (Doc 9303-12); ours for 92 days.
_LONGEST_SIGNER_USE: Final = timedelta(days=93)
# A document is good for ten years: the certificate must outlive the last one signed.
_DOCUMENT_LIFE: Final = timedelta(days=3652)
_AUTHORITY_USE: Final = (timedelta(days=3 * 365), timedelta(days=5 * 366))


def check_extensions(parts: Parts, kind: CertificateKind) -> Iterator[Finding]:
    """Which are there, once each, and critical or not as the table says."""
    found = _extensions(parts)
    for oid, times in Counter(item.oid for item in found).items():
        if times > 1:
            yield _found(_name(oid), "is there twice")
    present = {item.oid for item in found}
    for oid, rule in EXTENSIONS.items():
        presence = rule.presence(kind)
        if presence is Presence.MANDATORY and oid not in present:
            yield _found(rule.name, f"is missing in a {kind} certificate")
        if presence is Presence.FORBIDDEN and oid in present:
            yield _found(rule.name, f"must not be in a {kind} certificate")
    for item in found:
        yield from _criticality(item, EXTENSIONS.get(item.oid))


def _criticality(item: RawExtension, rule: ExtensionRule | None) -> Iterator[Finding]:
    if item.critical_written == b"\x00":
        yield _found(_name(item.oid), "encodes the default value FALSE")
    if item.oid.startswith(NETSCAPE_ARC):
        yield _found(item.oid, "is an extension of Netscape's")
    if item.critical and (rule is None or not rule.critical):
        yield _found(_name(item.oid), "must not be critical")
    if rule is not None and rule.critical and not item.critical:
        yield _found(rule.name, "must be critical")


def check_extension_values(parts: Parts, kind: CertificateKind) -> Iterator[Finding]:
    """What stands in them."""
    for item in _extensions(parts):
        check = _VALUES.get(item.oid)
        try:
            if not distinguished(item.parsed()):
                yield _found(_name(item.oid), "is not encoded in DER")
            if check is not None:
                yield from check(item, parts, kind)
        except Malformed:
            yield _found(_name(item.oid), "cannot be read")
    yield from _identifiers(parts, kind)


def key_identifier_in(item: RawExtension) -> bytes | None:
    """The keyIdentifier of an AuthorityKeyIdentifier. Raises `Malformed`."""
    return next((one.content for one in children(item.parsed()) if one.tag == 0x80), None)


def _identifiers(parts: Parts, kind: CertificateKind) -> Iterator[Finding]:
    by_oid = {item.oid: item for item in _extensions(parts)}
    if _AUTHORITY_KEY not in by_oid or _SUBJECT_KEY not in by_oid:
        return
    try:
        authority = key_identifier_in(by_oid[_AUTHORITY_KEY])
        own = by_oid[_SUBJECT_KEY].parsed().octets()
    except Malformed:
        # Told by the check of the extension itself.
        return
    if kind is CertificateKind.CSCA and authority != own:
        yield _found("authorityKeyIdentifier", "of a self-signed certificate is another key's")
    if kind is not CertificateKind.CSCA and authority == own:
        yield _found("authorityKeyIdentifier", "is that of the certificate's own key")


def _authority_key(item: RawExtension, _p: Parts, _k: CertificateKind) -> Iterator[Finding]:
    if not key_identifier_in(item):
        yield _found("authorityKeyIdentifier", "has no keyIdentifier")


def _subject_key(item: RawExtension, _p: Parts, _k: CertificateKind) -> Iterator[Finding]:
    if not item.parsed().octets():
        yield _found("subjectKeyIdentifier", "is empty")


def _key_usage(item: RawExtension, _parts: Parts, kind: CertificateKind) -> Iterator[Finding]:
    right = _AUTHORITY_USAGE if kind.is_authority else _SIGNER_USAGE
    if item.parsed().expect(0x03).content != right:
        yield _found(
            "keyUsage",
            "is not keyCertSign and cRLSign alone"
            if kind.is_authority
            else "is not digitalSignature alone",
        )


def _use_period(item: RawExtension, parts: Parts, kind: CertificateKind) -> Iterator[Finding]:
    found: dict[int, datetime] = {}
    for one in children(item.parsed()):
        found[one.tag] = generalized_time(one.content)
    if not found:
        yield _found("privateKeyUsagePeriod", "has neither notBefore nor notAfter")
        return
    begins, expires = validity_of(parts)
    if begins is None or expires is None:
        return
    first, last = found.get(0x80, begins), found.get(0x81, expires)
    if first < begins or last > expires or first >= last:
        yield _found("privateKeyUsagePeriod", "does not lie within the validity")
    if kind.is_authority:
        yield from _authority_use(last - first)
    else:
        yield from _signer_use(last - first, expires - last)


def _authority_use(lasts: timedelta) -> Iterator[Finding]:
    shortest, longest = _AUTHORITY_USE
    if not shortest <= lasts <= longest:
        yield Finding(
            clause="Doc 9303-12, key usage and validity periods",
            field="privateKeyUsagePeriod",
            what="of a CSCA is not three to five years",
        )


def _signer_use(lasts: timedelta, outlives: timedelta) -> Iterator[Finding]:
    clause = "Doc 9303-12, key usage and validity periods"
    if lasts > _LONGEST_SIGNER_USE:
        yield Finding(
            clause=clause, field="privateKeyUsagePeriod", what="is longer than three months"
        )
    if outlives < _DOCUMENT_LIFE:
        yield Finding(
            clause=clause, field="validity", what="ends before the last document that was signed"
        )


def _policies(item: RawExtension, _p: Parts, _k: CertificateKind) -> Iterator[Finding]:
    policies = children(item.parsed())
    if not policies:
        yield _found("certificatePolicies", "has no policyIdentifier")
    for policy in policies:
        children(policy)[0].oid()


def _constraints(item: RawExtension, _p: Parts, kind: CertificateKind) -> Iterator[Finding]:
    if not kind.is_authority:
        return
    parts = children(item.parsed())
    if not parts or parts[0].tag != 0x01 or parts[0].content != b"\xff":
        yield _found("basicConstraints", "does not say that this is a CA")
    lengths = [one.integer() for one in parts if one.tag == INTEGER]
    if lengths != [0]:
        yield _found("basicConstraints", "has no path length of 0")


def _alternative_names(item: RawExtension, _p: Parts, _k: CertificateKind) -> Iterator[Finding]:
    names = children(item.parsed())
    field = _name(item.oid)
    if not any(one.tag in _CONTACTS for one in names):
        yield _found(field, "has no contact (rfc822Name, dNSName or URI)")
    directories = [one for one in names if one.tag == _DIRECTORY_NAME]
    if not directories:
        yield _found(field, "has no directory name with the state's code")
    for one in directories:
        attributes = list(attributes_of(one.children()[0]))
        localities = [at for at in attributes if at.oid == _LOCALITY]
        if len(localities) != 1:
            yield _found(field, "has a directory name without the state's code as locality")
        for at in localities:
            if not (1 <= len(at.text) <= 3 and at.text.isascii() and at.text.isupper()):
                yield _found(field, "has a state's code that is not of the MRZ")


def _lists(item: RawExtension, _p: Parts, _k: CertificateKind) -> Iterator[Finding]:
    points = children(item.parsed())
    if not points:
        yield _found("cRLDistributionPoints", "names none")
    for point in points:
        parts = children(point)
        if any(one.tag in {0x81, 0xA2} for one in parts):
            yield _found("cRLDistributionPoints", "has reasons or cRLIssuer")
        for one in parts:
            if one.tag == 0xA0:
                yield from _addresses(one.children()[0].expect(0xA0).children())


def _addresses(names: tuple[Element, ...]) -> Iterator[Finding]:
    for name in names:
        if name.tag != _URI or not name.content.startswith(_LIST_SCHEMES):
            yield _found("cRLDistributionPoints", "is no http, https or ldap address")


def _document_type(item: RawExtension, _p: Parts, _k: CertificateKind) -> Iterator[Finding]:
    clause = "Doc 9303-12 clause 7.1.1.6"
    version, types = item.parsed().parts(SEQUENCE, 2)
    if version.integer() != 0:
        yield Finding(clause=clause, field="documentType", what="is not of version 0")
    listed = children(types, SET)
    if not listed:
        yield Finding(clause=clause, field="documentType", what="lists no type")
    for one in listed:
        text = one.content.decode("ascii", "replace")
        form = 1 <= len(text) <= 2 and text.isascii() and text.isupper()
        if one.tag != PRINTABLE_STRING or not form:
            yield Finding(
                clause=clause, field="documentType", what="lists what is no type of an MRZ"
            )


_Check = Callable[[RawExtension, Parts, CertificateKind], Iterator[Finding]]
_VALUES: Final[dict[str, _Check]] = {
    _AUTHORITY_KEY: _authority_key,
    _SUBJECT_KEY: _subject_key,
    _KEY_USAGE: _key_usage,
    _USE_PERIOD: _use_period,
    _POLICIES: _policies,
    _CONSTRAINTS: _constraints,
    _LISTS: _lists,
    _DOCUMENT_TYPE: _document_type,
    **dict.fromkeys(_ALTERNATIVE_NAMES, _alternative_names),
}


def _extensions(parts: Parts) -> tuple[RawExtension, ...]:
    return () if parts.extensions is None else extensions_of(parts.extensions)


def _name(oid: str) -> str:
    rule = EXTENSIONS.get(oid)
    return oid if rule is None else rule.name


def _found(field: str, what: str) -> Finding:
    clause = "Doc 9303-12 clause 7.1.1, certificate extensions"
    return Finding(clause=clause, field=field, what=what)
