"""The profile linter: one mutation, one finding that names its field; our own have none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asn1crypto import core
from asn1crypto.crl import CertificateList
from asn1crypto.x509 import Certificate, Extension, GeneralName, GeneralNames, Name, Time
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ektp.errors import KeyUsageForbidden
from hsm._asn1 import der, parse
from hsm.keys import Curve
from hsm.pki.curves import explicit_spki, named_spki
from hsm.pki.lint import CertificateKind, lint_certificate, lint_revocation_list
from hsm.pki.revocation import Revocation, revocation_list
from hsm.pki.signatures import public_key_of
from tests.unit.hsm.pki.helpers import DAY, NOW, MemoryKey, pki, resigned

CSCA, LINK = CertificateKind.CSCA, CertificateKind.LINK
LDS, KTP_EL = CertificateKind.LDS_SIGNER, CertificateKind.KTP_EL_SIGNER

Change = Callable[[Any], None]


def of_kind(kind: CertificateKind) -> bytes:
    made = pki()
    return {CSCA: made.csca, LINK: made.link, LDS: made.lds, KTP_EL: made.ktp_el}[kind]


def field(name: str, value: Any) -> Change:
    def change(body: Any) -> None:
        body[name] = value

    return change


def drop(oid: str) -> Change:
    def change(body: Any) -> None:
        body["extensions"] = [e for e in body["extensions"] if e["extn_id"].dotted != oid]

    return change


def put(name: str, value: Any, *, critical: bool | None = None) -> Change:
    """Replace or add an extension; critical as it was."""

    def change(body: Any) -> None:
        kept, was = [], False
        for item in body["extensions"]:
            if name in {item["extn_id"].native, item["extn_id"].dotted}:
                was = item["critical"].native
            else:
                kept.append(item)
        says = was if critical is None else critical
        kept.append(Extension({"extn_id": name, "critical": says, "extn_value": value}))
        body["extensions"] = kept

    return change


def critical(name: str, *, now: bool) -> Change:
    def change(body: Any) -> None:
        for item in body["extensions"]:
            if item["extn_id"].native == name:
                item["critical"] = now

    return change


def twice(body: Any) -> None:
    body["extensions"].append(body["extensions"][0])


def raw(value: bytes) -> core.ParsableOctetString:
    return core.ParsableOctetString(value)


def validity(begins: datetime, ends: datetime) -> Change:
    def change(body: Any) -> None:
        body["validity"] = {
            "not_before": Time(name="utc_time", value=begins),
            "not_after": Time(name="utc_time", value=ends),
        }

    return change


def period(begins: datetime | None, ends: datetime | None) -> Change:
    value = {"not_before": begins, "not_after": ends}
    return put("private_key_usage_period", {k: v for k, v in value.items() if v is not None})


def name_of(**parts: str) -> Name:
    return Name.build(parts, use_printable=True)


def locality(text: str) -> GeneralName:
    return GeneralName(name="directory_name", value=name_of(locality_name=text))


EMAIL = GeneralName(name="rfc822_name", value="csca@ektp.invalid")
TYPES = "2.23.136.1.1.6.2"
P521_SPKI = MemoryKey(Curve.P384)
NAMED_384 = named_spki(public_key_of(P521_SPKI, label="x"))
EXPLICIT_256 = explicit_spki(public_key_of(MemoryKey(Curve.P256), label="x"))


def spki(encoded: bytes) -> Change:
    from asn1crypto.keys import PublicKeyInfo  # noqa: PLC0415 - one use

    return field("subject_public_key_info", PublicKeyInfo.load(encoded))


def no_cofactor(body: Any) -> None:
    body["subject_public_key_info"]["algorithm"]["parameters"].chosen["cofactor"] = None


def compressed(body: Any) -> None:
    point = body["subject_public_key_info"]["public_key"].native
    body["subject_public_key_info"]["public_key"] = b"\x02" + point[1:49]


def rsa_spki() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def country_as_utf8(body: Any) -> None:
    name = b"".join(
        der(0x31, der(0x30, bytes.fromhex(oid), der(tag, text)))
        for oid, tag, text in (("0603550406", 0x0C, b"ID"), ("0603550403", 0x0C, b"LDS-1"))
    )
    body["subject"] = Name.load(der(0x30, name))


MUTATIONS: list[tuple[CertificateKind, str, Change]] = [
    (CSCA, "version", field("version", "v1")),
    (CSCA, "serialNumber", field("serial_number", -5)),
    (CSCA, "serialNumber", field("serial_number", 0)),
    (LDS, "serialNumber", field("serial_number", 1 << 160)),
    (LDS, "signature", field("signature", {"algorithm": "sha256_ecdsa"})),
    (LDS, "signature", field("signature", {"algorithm": "sha1_ecdsa"})),
    (
        LDS,
        "signature",
        field("signature", {"algorithm": "sha384_ecdsa", "parameters": core.Null()}),
    ),
    (LDS, "issuer", field("issuer", name_of(country_name="ID", organization_name="x"))),
    (LDS, "issuer", field("issuer", name_of(common_name="CSCA"))),
    (LDS, "subject", field("subject", name_of(country_name="id", common_name="LDS-1"))),
    (LDS, "subject", field("subject", name_of(country_name="IDN", common_name="LDS-1"))),
    (LDS, "subject", field("subject", name_of(country_name="DE", common_name="LDS-1"))),
    (CSCA, "issuer", field("issuer", name_of(country_name="ID", common_name="other"))),
    (LDS, "validity", validity(NOW + DAY, NOW)),
    (LDS, "validity", validity(NOW - DAY, NOW + timedelta(days=365))),
    (LDS, "subjectPublicKeyInfo", spki(NAMED_384)),
    (CSCA, "subjectPublicKeyInfo", spki(NAMED_384)),
    (LINK, "subjectPublicKeyInfo", spki(NAMED_384)),
    (LDS, "subjectPublicKeyInfo", spki(EXPLICIT_256)),
    (KTP_EL, "subjectPublicKeyInfo", spki(NAMED_384)),
    (LDS, "subjectPublicKeyInfo", no_cofactor),
    (LDS, "subjectPublicKeyInfo", compressed),
    (LDS, "issuerUniqueID, subjectUniqueID", field("issuer_unique_id", b"\x05")),
    (LDS, "extensions", field("extensions", None)),
    (LDS, "authorityKeyIdentifier", drop("2.5.29.35")),
    (LINK, "authorityKeyIdentifier", drop("2.5.29.35")),
    (LDS, "authorityKeyIdentifier", put("2.5.29.35", raw(b"\x30\x00"))),
    (
        CSCA,
        "authorityKeyIdentifier",
        put("authority_key_identifier", {"key_identifier": b"12345678"}),
    ),
    (CSCA, "subjectKeyIdentifier", drop("2.5.29.14")),
    (LINK, "subjectKeyIdentifier", drop("2.5.29.14")),
    (CSCA, "subjectKeyIdentifier", put("key_identifier", b"")),
    (CSCA, "subjectKeyIdentifier", critical("key_identifier", now=True)),
    (CSCA, "keyUsage", drop("2.5.29.15")),
    (CSCA, "keyUsage", critical("key_usage", now=False)),
    (CSCA, "keyUsage", put("key_usage", {"key_cert_sign"})),
    (CSCA, "keyUsage", put("key_usage", {"key_cert_sign", "crl_sign", "digital_signature"})),
    (LDS, "keyUsage", put("key_usage", {"digital_signature", "non_repudiation"})),
    (LDS, "keyUsage", put("key_usage", {"key_cert_sign", "crl_sign"})),
    (LDS, "privateKeyUsagePeriod", drop("2.5.29.16")),
    (CSCA, "privateKeyUsagePeriod", drop("2.5.29.16")),
    (LDS, "privateKeyUsagePeriod", put("2.5.29.16", raw(b"\x30\x00"))),
    (LDS, "privateKeyUsagePeriod", period(NOW - DAY, NOW + 10 * DAY)),
    (LDS, "privateKeyUsagePeriod", period(NOW, NOW - DAY)),
    (LDS, "privateKeyUsagePeriod", period(NOW, NOW + 200 * DAY)),
    (LDS, "validity", period(NOW, NOW + timedelta(days=3_700))),
    (CSCA, "privateKeyUsagePeriod", period(NOW, NOW + timedelta(days=6 * 366))),
    (CSCA, "privateKeyUsagePeriod", period(NOW, NOW + timedelta(days=300))),
    (LDS, "privateKeyUsagePeriod", critical("private_key_usage_period", now=True)),
    (
        LDS,
        "certificatePolicies",
        put("certificate_policies", [{"policy_identifier": "1.2.3.4"}], critical=True),
    ),
    (LDS, "certificatePolicies", put("2.5.29.32", raw(b"\x30\x00"))),
    (LDS, "policyMappings", put("2.5.29.33", raw(b"\x30\x00"))),
    (LDS, "subjectAltName", drop("2.5.29.17")),
    (LDS, "issuerAltName", drop("2.5.29.18")),
    (CSCA, "subjectAltName", put("subject_alt_name", GeneralNames([EMAIL]))),
    (CSCA, "subjectAltName", put("subject_alt_name", GeneralNames([locality("IDN")]))),
    (CSCA, "issuerAltName", put("issuer_alt_name", GeneralNames([EMAIL, locality("idn")]))),
    (CSCA, "issuerAltName", put("issuer_alt_name", GeneralNames([EMAIL, locality("INDO")]))),
    (
        CSCA,
        "subjectAltName",
        put(
            "subject_alt_name",
            GeneralNames(
                [EMAIL, GeneralName(name="directory_name", value=name_of(common_name="IDN"))]
            ),
        ),
    ),
    (LDS, "subjectPublicKeyInfo", spki(rsa_spki())),
    (LDS, "subject", country_as_utf8),
    (CSCA, "subjectAltName", critical("subject_alt_name", now=True)),
    (CSCA, "subjectDirectoryAttributes", put("2.5.29.9", raw(b"\x30\x00"))),
    (CSCA, "basicConstraints", drop("2.5.29.19")),
    (CSCA, "basicConstraints", put("basic_constraints", {"ca": True})),
    (CSCA, "basicConstraints", put("basic_constraints", {"ca": True, "path_len_constraint": 1})),
    (CSCA, "basicConstraints", put("basic_constraints", {"ca": False})),
    (CSCA, "basicConstraints", critical("basic_constraints", now=False)),
    (LDS, "basicConstraints", put("basic_constraints", {"ca": False}, critical=True)),
    (CSCA, "nameConstraints", put("2.5.29.30", raw(b"\x30\x00"))),
    (CSCA, "policyConstraints", put("2.5.29.36", raw(b"\x30\x00"))),
    (LDS, "extKeyUsage", put("extended_key_usage", ["server_auth"])),
    (LDS, "cRLDistributionPoints", drop("2.5.29.31")),
    (LDS, "cRLDistributionPoints", put("crl_distribution_points", [])),
    (
        LDS,
        "cRLDistributionPoints",
        put("crl_distribution_points", [{"distribution_point": {"full_name": [EMAIL]}}]),
    ),
    (LDS, "cRLDistributionPoints", put("crl_distribution_points", [{"crl_issuer": [EMAIL]}])),
    (LDS, "inhibitAnyPolicy", put("2.5.29.54", raw(b"\x02\x01\x00"))),
    (LDS, "freshestCRL", put("2.5.29.46", raw(b"\x30\x00"))),
    (LDS, "nameChange", put("2.23.136.1.1.6.1", raw(b"\x05\x00"))),
    (LDS, "documentType", drop(TYPES)),
    (CSCA, "documentType", put(TYPES, raw(bytes.fromhex("3009020100310413024944")))),
    (LDS, "documentType", put(TYPES, raw(bytes.fromhex("3009020101310413024944")))),
    (LDS, "documentType", put(TYPES, raw(bytes.fromhex("3009020100310413026964")))),
    (LDS, "documentType", put(TYPES, raw(bytes.fromhex("300902010031040c024944")))),
    (LDS, "documentType", put(TYPES, raw(bytes.fromhex("30050201003100")))),
    (LDS, "documentType", put(TYPES, raw(bytes.fromhex("0400")))),
    (LDS, "2.16.840.1.113730.1.1", put("2.16.840.1.113730.1.1", raw(b"\x03\x02\x00\x80"))),
    (LDS, "1.2.3.4", put("1.2.3.4", raw(b"\x05\x00"), critical=True)),
    (LDS, "authorityKeyIdentifier", twice),
]


@pytest.mark.parametrize(
    ("kind", "where", "change"),
    MUTATIONS,
    ids=[f"{n}-{kind.name}-{where}" for n, (kind, where, _) in enumerate(MUTATIONS)],
)
def test_each_mutation_is_found_where_it_is(
    kind: CertificateKind, where: str, change: Change
) -> None:
    mutant = resigned(of_kind(kind), pki().first, change)
    found = lint_certificate(mutant, kind)
    assert where in {finding.field for finding in found}, [str(one) for one in found]
    assert all(finding.clause and finding.what for finding in found)


@pytest.mark.parametrize("kind", list(CertificateKind))
def test_a_certificate_of_another_kind_has_findings(kind: CertificateKind) -> None:
    for other in CertificateKind:
        found = lint_certificate(of_kind(other), kind)
        assert (found == ()) == (other is kind), (other, kind)


@pytest.mark.parametrize("certificate", [b"", b"\x30\x00", b"\x30\x80", bytes(99), b"0" * 99])
def test_bytes_that_are_no_certificate_have_one_finding(certificate: bytes) -> None:
    (finding,) = lint_certificate(certificate, CSCA)
    assert finding.what == "cannot be read"


def test_a_default_that_is_encoded_is_found() -> None:
    """A writer of BER says `critical FALSE` aloud."""
    found = lint_certificate(_with_spoken_default(pki().lds), LDS)
    assert [(one.field, one.what) for one in found] == [
        ("authorityKeyIdentifier", "encodes the default value FALSE")
    ]


@pytest.mark.parametrize("at", range(8))
def test_a_part_that_cannot_be_read_is_told_and_the_rest_is_linted(at: int) -> None:
    def change(parts: list[bytes]) -> None:
        parts[at] = bytes((parts[at][0],)) + b"\x01\xff"

    found = lint_certificate(_rebuilt(pki().lds, change), LDS)
    assert found
    assert all(one.clause for one in found)


@pytest.mark.parametrize("kept", range(7))
def test_a_certificate_that_lacks_parts_cannot_be_read(kept: int) -> None:
    def change(parts: list[bytes]) -> None:
        del parts[kept:]

    (finding,) = lint_certificate(_rebuilt(pki().lds, change), LDS)
    assert finding.what == "cannot be read"


def test_a_set_out_of_order_is_found() -> None:
    found = lint_certificate(_with_name_out_of_order(pki().lds), LDS)
    assert ("certificate", "is not encoded in DER") in {(one.field, one.what) for one in found}
    types = der(0x31, der(0x13, b"IR"), der(0x13, b"ID"))
    value = der(0x30, der(0x02, b"\x00"), types)
    found = lint_certificate(_with_extension(pki().lds, TYPES, value), LDS)
    assert [(one.field, one.what) for one in found] == [("documentType", "is not encoded in DER")]


def test_an_identifier_that_is_none_is_found() -> None:
    found = lint_certificate(_with_extension(pki().lds, "2.5.29.14", b"\x30\x00"), LDS)
    assert ("subjectKeyIdentifier", "cannot be read") in {(one.field, one.what) for one in found}


def test_at_the_end_of_time_no_list_is_made() -> None:
    with pytest.raises(KeyUsageForbidden):
        revocation_list(pki().first, 1, datetime(9999, 12, 31, tzinfo=UTC), [])


def test_ber_is_found() -> None:
    whole = parse(pki().lds)
    indefinite = b"\x30\x80" + whole.content + b"\x00\x00"
    assert [one.what for one in lint_certificate(indefinite, LDS)] == ["is not encoded in DER"]


@pytest.mark.parametrize(
    ("time", "what"),
    [
        (der(0x18, b"20360407082900Z"), "is of the wrong kind for its year"),
        (der(0x17, b"3604070829Z"), "does not have the form"),
        (der(0x18, b"20510407082900.0Z"), "does not have the form"),
        (der(0x18, b"20510407082900+0000"), "does not have the form"),
        (der(0x18, b"20511307082900Z"), "is no time"),
        (der(0x04, b"360407082900Z"), "is neither"),
    ],
)
def test_a_time_in_another_form_is_found(time: bytes, what: str) -> None:
    found = lint_certificate(_with_not_after(pki().lds, time), LDS)
    assert any(one.field == "notAfter" and what in one.what for one in found)


@pytest.mark.parametrize(
    "time", [b"20260101000000", b"20260201000000.5Z", b"260101000000Z", b"20260199000000Z"]
)
def test_a_use_period_in_another_form_is_found(time: bytes) -> None:
    value = der(0x30, der(0x80, b"20260105082900Z"), der(0x81, time))
    found = lint_certificate(_with_extension(pki().lds, "2.5.29.16", value), LDS)
    assert [(one.field, one.what) for one in found] == [("privateKeyUsagePeriod", "cannot be read")]


def test_dates_from_2050_are_generalized_time() -> None:
    made = _with_not_after(pki().lds, der(0x18, b"20510407082900Z"))
    assert lint_certificate(made, LDS) == ()


@pytest.mark.parametrize("kind", list(CertificateKind))
def test_our_own_have_no_findings(kind: CertificateKind) -> None:
    assert lint_certificate(of_kind(kind), kind) == ()


def test_our_own_second_generation_has_no_findings() -> None:
    assert lint_certificate(pki().csca_2, CSCA) == ()
    assert lint_certificate(pki().lds_2, LDS) == ()


def test_a_finding_reads_well() -> None:
    (finding, *_) = lint_certificate(resigned(of_kind(LDS), pki().first, drop(TYPES)), LDS)
    assert "documentType: is missing" in str(finding)
    assert "Doc 9303-12" in str(finding)


# --- CRLs ------------------------------------------------------------------------------------


def crl(*revoked: int) -> bytes:
    entries = [Revocation(serial_number=number, at=NOW) for number in revoked]
    return revocation_list(pki().first, 1, NOW, entries)


def changed(listed: bytes, change: Change) -> bytes:
    parsed = CertificateList.load(listed)
    change(parsed["tbs_cert_list"])
    return parsed.dump(force=True)


def entry(**more: Any) -> dict[str, Any]:
    return {"user_certificate": 5, "revocation_date": Time(name="utc_time", value=NOW), **more}


def list_extension(name: str, value: Any, *, says: bool = False) -> Change:
    def change(body: Any) -> None:
        kept = [e for e in body["crl_extensions"] if e["extn_id"].native != name]
        kept.append({"extn_id": name, "critical": says, "extn_value": value})
        body["crl_extensions"] = kept

    return change


def without_list_extension(name: str) -> Change:
    def change(body: Any) -> None:
        body["crl_extensions"] = [e for e in body["crl_extensions"] if e["extn_id"].native != name]

    return change


def next_update(moment: datetime) -> Change:
    return field("next_update", Time(name="utc_time", value=moment))


LIST_MUTATIONS: list[tuple[str, Change]] = [
    ("version", field("version", "v1")),
    ("version", field("version", None)),
    ("signature", field("signature", {"algorithm": "sha1_ecdsa"})),
    ("issuer", field("issuer", name_of(country_name="id", common_name="CSCA"))),
    ("nextUpdate", next_update(NOW + 91 * DAY)),
    ("nextUpdate", next_update(NOW - DAY)),
    ("nextUpdate", field("next_update", None)),
    ("nextUpdate", field("next_update", Time(name="general_time", value=NOW + 80 * DAY))),
    ("revokedCertificates", field("revoked_certificates", [])),
    ("revokedCertificates", field("revoked_certificates", [entry(), entry()])),
    (
        "crlEntryExtensions",
        field(
            "revoked_certificates",
            [
                entry(
                    crl_entry_extensions=[{"extn_id": "crl_reason", "extn_value": "key_compromise"}]
                )
            ],
        ),
    ),
    (
        "revocationDate",
        field(
            "revoked_certificates",
            [entry(revocation_date=Time(name="general_time", value=NOW))],
        ),
    ),
    ("crlExtensions", field("crl_extensions", None)),
    ("authorityKeyIdentifier", without_list_extension("authority_key_identifier")),
    ("authorityKeyIdentifier", list_extension("authority_key_identifier", raw(b"\x30\x00"))),
    ("cRLNumber", without_list_extension("crl_number")),
    ("cRLNumber", list_extension("crl_number", -1)),
    ("cRLNumber", list_extension("crl_number", 1 << 160)),
    ("cRLNumber", list_extension("crl_number", 1, says=True)),
    ("deltaCRLIndicator", list_extension("delta_crl_indicator", 1)),
    ("issuerAltName", list_extension("issuer_alt_name", GeneralNames([EMAIL]))),
]


@pytest.mark.parametrize(
    ("where", "change"), LIST_MUTATIONS, ids=[f"{n}-{w}" for n, (w, _) in enumerate(LIST_MUTATIONS)]
)
def test_each_mutation_of_a_list_is_found(where: str, change: Change) -> None:
    found = lint_revocation_list(changed(crl(4711), change))
    assert where in {finding.field for finding in found}, [str(one) for one in found]


@pytest.mark.parametrize("listed", [b"", b"\x30\x00", bytes(99), b"\x30\x03\x02\x01\x01"])
def test_bytes_that_are_no_list_have_one_finding(listed: bytes) -> None:
    (finding,) = lint_revocation_list(listed)
    assert finding.what == "cannot be read"


def test_our_own_lists_have_no_findings() -> None:
    assert lint_revocation_list(crl()) == ()
    assert lint_revocation_list(crl(4711, 4712)) == ()
    late = datetime(2049, 12, 1, tzinfo=UTC)
    assert lint_revocation_list(revocation_list(pki().first, 9, late, [])) == ()


# --- by hand ---------------------------------------------------------------------------------


def _rebuilt(certificate: bytes, change: Callable[[list[bytes]], None]) -> bytes:
    whole = parse(certificate)
    to_sign, *rest = whole.children()
    parts = [part.raw for part in to_sign.children()]
    change(parts)
    return der(0x30, der(0x30, *parts), *(part.raw for part in rest))


def _with_not_after(certificate: bytes, time: bytes) -> bytes:
    def change(parts: list[bytes]) -> None:
        begins, _ = parse(parts[4]).children()
        parts[4] = der(0x30, begins.raw, time)

    return _rebuilt(certificate, change)


def _with_name_out_of_order(certificate: bytes) -> bytes:
    def change(parts: list[bytes]) -> None:
        pairs = [one.content for one in parse(parts[5]).children()]
        parts[5] = der(0x30, der(0x31, *reversed(pairs)))

    return _rebuilt(certificate, change)


def _with_extension(certificate: bytes, number: str, value: bytes) -> bytes:
    def change(parts: list[bytes]) -> None:
        extensions = []
        for extension in parse(parts[7]).children()[0].children():
            oid, *_ = extension.children()
            same = oid.oid() == number
            extensions.append(der(0x30, oid.raw, der(0x04, value)) if same else extension.raw)
        parts[7] = der(0xA3, der(0x30, *extensions))

    return _rebuilt(certificate, change)


def _with_spoken_default(certificate: bytes) -> bytes:
    def change(parts: list[bytes]) -> None:
        first, *others = parse(parts[7]).children()[0].children()
        oid, value = first.children()
        spoken = der(0x30, oid.raw, der(0x01, b"\x00"), value.raw)
        parts[7] = der(0xA3, der(0x30, spoken, *(other.raw for other in others)))

    return _rebuilt(certificate, change)


def test_the_hand_made_changes_change_nothing_else() -> None:
    assert _rebuilt(pki().lds, lambda _: None) == pki().lds
    assert Certificate.load(pki().lds).dump(force=True) == pki().lds
