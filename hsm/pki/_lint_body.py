"""The body of a certificate against the profile (ICAO Doc 9303-12 clause 7.1.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from ektp.errors import HsmError
from hsm._asn1 import SEQUENCE, UTF8_STRING, Element, Malformed
from hsm._cms_names import ECDSA_SHA256, ECDSA_SHA384, ECDSA_SHA512
from hsm.keys import Curve
from hsm.pki._lint_reader import PRINTABLE_STRING, attributes_of, children, time_of
from hsm.pki._lint_rules import BODY, CertificateKind, Finding
from hsm.pki.curves import read_spki

__all__ = [
    "Parts",
    "algorithm_findings",
    "check_algorithms",
    "check_names",
    "check_serial",
    "check_shape",
    "check_spki",
    "check_validity",
    "name_findings",
    "validity_of",
]

_COUNTRY: Final = "2.5.4.6"
_COMMON_NAME: Final = "2.5.4.3"
_SERIAL_NUMBER: Final = "2.5.4.5"
_EC_PUBLIC_KEY: Final = "1.2.840.10045.2.1"
_OID_TAG: Final = 0x06
_VERSION_TAG: Final = 0xA0
_EXTENSIONS_TAG: Final = 0xA3
_UNIQUE_ID_TAGS: Final = (0x81, 0x82)
_LARGEST_SERIAL_OCTETS: Final = 20
# What Doc 9303-12 allows for ECDSA, less SHA-1 and SHA-224.
_ALGORITHMS: Final = frozenset({ECDSA_SHA256, ECDSA_SHA384, ECDSA_SHA512})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A certificate taken apart; absent optional parts are None."""

    version: Element | None
    serial: Element
    inner_algorithm: Element
    outer_algorithm: Element
    issuer: Element
    validity: Element
    subject: Element
    spki: Element
    unique_ids: tuple[Element, ...]
    extensions: Element | None

    @classmethod
    def of(cls, certificate: Element) -> Self:
        """Take it apart. Raises `Malformed`."""
        to_sign, outer, _ = certificate.parts(SEQUENCE, 3)
        parts = list(children(to_sign))
        version = parts.pop(0) if parts and parts[0].tag == _VERSION_TAG else None
        if len(parts) < 6:
            raise Malformed("a certificate lacks a part")
        serial, inner, issuer, validity, subject, spki, *rest = parts
        listed = [one for one in rest if one.tag == _EXTENSIONS_TAG]
        return cls(
            version=version,
            serial=serial,
            inner_algorithm=inner,
            outer_algorithm=outer,
            issuer=issuer,
            validity=validity,
            subject=subject,
            spki=spki,
            unique_ids=tuple(one for one in rest if one.tag in _UNIQUE_ID_TAGS),
            extensions=listed[0].children()[0] if listed else None,
        )


def check_shape(parts: Parts, _kind: CertificateKind) -> Iterator[Finding]:
    """Version 3; no unique identifiers; extensions are there."""
    if parts.version is None or parts.version.children()[0].integer() != 2:
        yield _found("version", "is not v3")
    if parts.unique_ids:
        yield _found("issuerUniqueID, subjectUniqueID", "must not be there")
    if parts.extensions is None:
        yield _found("extensions", "are missing")


def check_serial(parts: Parts, _kind: CertificateKind) -> Iterator[Finding]:
    """Positive, at most 20 octets, in the smallest number of octets."""
    if parts.serial.integer() <= 0:
        yield _found("serialNumber", "is not positive")
    if len(parts.serial.content) > _LARGEST_SERIAL_OCTETS:
        yield _found("serialNumber", "is longer than 20 octets")


def check_algorithms(parts: Parts, _kind: CertificateKind) -> Iterator[Finding]:
    """The same algorithm inside and outside, and one that is allowed."""
    yield from algorithm_findings(parts.inner_algorithm, parts.outer_algorithm, BODY)


def algorithm_findings(inner: Element, outer: Element, clause: str) -> Iterator[Finding]:
    """The same for a certificate and a CRL."""
    if inner.raw != outer.raw:
        yield Finding(clause=clause, field="signature", what="names another algorithm than outside")
    oid, *parameters = children(inner)
    if oid.oid() not in _ALGORITHMS:
        yield Finding(clause=clause, field="signature", what="is of an algorithm not allowed")
    if parameters:
        yield Finding(
            clause="RFC 5758 clause 3.2", field="signature", what="has parameters with ECDSA"
        )


def check_names(parts: Parts, kind: CertificateKind) -> Iterator[Finding]:
    """Country and common name in the right strings; one state; a root issues itself."""
    yield from name_findings(parts.issuer, "issuer", BODY)
    yield from name_findings(parts.subject, "subject", BODY)
    if _country(parts.issuer) != _country(parts.subject):
        yield _found("subject", "is of another country than the issuer")
    if kind is CertificateKind.CSCA and parts.issuer.raw != parts.subject.raw:
        yield _found("issuer", "of a self-signed certificate is not its subject")


def name_findings(name: Element, field: str, clause: str) -> Iterator[Finding]:
    """One distinguished name."""
    attributes = tuple(attributes_of(name))
    countries = [item for item in attributes if item.oid == _COUNTRY]
    if len(countries) != 1:
        yield Finding(clause=clause, field=field, what="has not exactly one country code")
    for item in countries:
        if len(item.text) != 2 or not item.text.isascii() or not item.text.isalpha():
            yield Finding(clause=clause, field=field, what="has no ISO 3166-1 two-letter code")
        elif item.text != item.text.upper():
            yield Finding(clause=clause, field=field, what="has a country code in lower case")
    if not any(item.oid == _COMMON_NAME for item in attributes):
        yield Finding(clause=clause, field=field, what="has no common name")
    for item in attributes:
        printable_only = item.oid in {_COUNTRY, _SERIAL_NUMBER}
        allowed = {PRINTABLE_STRING} if printable_only else {PRINTABLE_STRING, UTF8_STRING}
        if item.tag not in allowed:
            yield Finding(clause=clause, field=field, what="has an attribute in a wrong string")


def check_validity(parts: Parts, _kind: CertificateKind) -> Iterator[Finding]:
    """Times in their forms and in their order."""
    for field, element in zip(
        ("notBefore", "notAfter"), parts.validity.parts(SEQUENCE, 2), strict=True
    ):
        _, wrong = time_of(element)
        if wrong:
            yield _found(field, wrong)
    begins, expires = validity_of(parts)
    if begins is not None and expires is not None and begins >= expires:
        yield _found("validity", "ends before it begins")


def validity_of(parts: Parts) -> tuple[datetime | None, datetime | None]:
    """From when until when; None for what is no time. Raises `Malformed`."""
    begins, expires = parts.validity.parts(SEQUENCE, 2)
    return time_of(begins)[0], time_of(expires)[0]


def check_spki(parts: Parts, kind: CertificateKind) -> Iterator[Finding]:
    """An EC key with explicit parameters, cofactor and all, as an uncompressed point."""
    algorithm, point = parts.spki.parts(SEQUENCE, 2)
    oid, *parameters = children(algorithm)
    if oid.oid() != _EC_PUBLIC_KEY or not parameters:
        yield _found("subjectPublicKeyInfo", "is no EC key with its parameters")
        return
    named = parameters[0].tag == _OID_TAG
    if named and kind is not CertificateKind.KTP_EL_SIGNER:
        yield _found("subjectPublicKeyInfo", "names its curve where explicit parameters are due")
    if not named and len(children(parameters[0])) < 6:
        yield _found("subjectPublicKeyInfo", "leaves out the cofactor")
    if point.content[1:2] != b"\x04":
        yield _found("subjectPublicKeyInfo", "has its point in another form than uncompressed")
        return
    yield from _strength(parts.spki.raw, kind)


def _strength(spki: bytes, kind: CertificateKind) -> Iterator[Finding]:
    try:
        curve = read_spki(spki).curve
    except HsmError:
        yield _found("subjectPublicKeyInfo", "is no point on a curve that is known here")
        return
    if curve is not (Curve.P256 if kind is CertificateKind.KTP_EL_SIGNER else Curve.P384):
        yield Finding(
            clause="BSI TR-03116-2 tables 3 and 4",
            field="subjectPublicKeyInfo",
            what="is on another curve than this profile's",
        )


def _country(name: Element) -> str:
    return next((item.text for item in attributes_of(name) if item.oid == _COUNTRY), "")


def _found(field: str, what: str) -> Finding:
    return Finding(clause=BODY, field=field, what=what)
