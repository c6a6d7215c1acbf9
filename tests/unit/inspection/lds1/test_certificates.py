"""Certificates, lists and algorithms: every rule refuses what breaks it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ektp.cards import CheckOutcome
from inspection.faults import ChipFault, Fault
from inspection.lds1.certificate_rules import (
    check_authority,
    check_document_signer,
    document_types,
    is_authority,
    usage_period,
)
from inspection.lds1.certificates import Certificate, country_of, moment, whole_bytes
from inspection.lds1.public_keys import EcPublicKey, public_key
from inspection.lds1.security_object import SecurityObject, SignedAttributes
from inspection.lds1.signatures import (
    Scheme,
    SignatureAlgorithm,
    digest_name,
    require_strong,
    verify,
)
from inspection.lds1.tlv import DataObject, data_objects, encode
from inspection.lds1.trust import RevocationList
from tests.integration.lds1 import pki
from tests.integration.lds1.pki import AUTHORITY, CSCA, DS, SIGNER, digest_algorithm, extension
from tests.integration.lds1.specimens import passport_groups, sod
from tests.unit.inspection.lds1.helpers import der_int, oid, sequence, spki_of

MASK = bytes.fromhex("2A864886F70D010108")
PSS = bytes.fromhex("2A864886F70D01010A")


def ds(**extensions: bytes | None) -> Certificate:
    return Certificate.of(pki.signer(AUTHORITY, SIGNER, extensions=extensions))


def ds_with(**body: bytes | None) -> Certificate:
    return Certificate.of(pki.signer(AUTHORITY, SIGNER, body=body))


def test_honest_ones_keep_the_profile() -> None:
    assert check_document_signer(Certificate.of(DS)).startswith("ID, serial")
    assert check_authority(Certificate.of(CSCA)).startswith("ID, serial")
    assert document_types(Certificate.of(DS)) == ("ID", "P")
    begin, end = usage_period(Certificate.of(DS))
    assert begin == datetime(2026, 1, 1, tzinfo=UTC)
    assert end == datetime(2026, 4, 1, tzinfo=UTC)


SIGNERS: dict[str, Callable[[], Certificate]] = {
    "critical authority key": lambda: ds(
        authority=extension("551D23", sequence(encode(0x80, b"a" * 20)), critical=True)
    ),
    "bits of two bytes": lambda: ds(
        usage=extension("551D0F", encode(0x03, b"\x07\x80\x80"), critical=True)
    ),
    "padding in key usage": lambda: ds(
        usage=extension("551D0F", encode(0x03, b"\x07\x81"), critical=True)
    ),
    "two usages": lambda: ds(usage=pki.usage(0xC0)),
    "a CA": lambda: ds(basic=extension("551D13", sequence(b"\x01\x01\xff"), critical=True)),
    "an unknown critical extension": lambda: ds(more=extension("2A0304", b"x", critical=True)),
    "a period of another kind": lambda: ds(
        period=extension("551D10", sequence(encode(0x82, b"20260101000000Z")))
    ),
    "serial zero": lambda: ds_with(serial=der_int(0)),
    "a serial of 21 bytes": lambda: ds_with(serial=encode(0x02, b"\x01" * 21)),
    "another country": lambda: ds_with(subject=pki.name("LDS-1", b"MY")),
    "a country that is no text": lambda: ds_with(issuer=pki.name("CSCA", b"ID", 0x04)),
    "an end before the beginning": lambda: ds_with(validity=pki.years(2030, 2026)),
}


@pytest.mark.parametrize("what", SIGNERS)
def test_signers_that_break_the_profile(what: str) -> None:
    with pytest.raises(ChipFault):
        check_document_signer(SIGNERS[what]())


AUTHORITIES: dict[str, dict[str, bytes | None]] = {
    "not critical": {"basic": extension("551D13", sequence(b"\x01\x01\xff", der_int(0)))},
    "no CA": {"basic": extension("551D13", sequence(), critical=True)},
    "a longer path": {
        "basic": extension("551D13", sequence(b"\x01\x01\xff", der_int(1)), critical=True)
    },
    "another usage": {"usage": pki.usage(0x04)},
    "no subject key": {"subject": None},
}


@pytest.mark.parametrize("what", AUTHORITIES)
def test_authorities_that_break_the_profile(what: str) -> None:
    found = Certificate.of(pki.csca(AUTHORITY, extension_changes=AUTHORITIES[what]))
    with pytest.raises(ChipFault):
        check_authority(found)


def test_what_says_that_it_is_a_ca() -> None:
    assert is_authority(Certificate.of(CSCA))
    assert not is_authority(Certificate.of(DS))
    assert not is_authority(ds(basic=extension("551D13", b"\x30\x05")))


@pytest.mark.parametrize(
    "value",
    [
        sequence(),
        sequence(der_int(0), encode(0x30, b"")),
        sequence(der_int(0), encode(0x31, der_int(1))),
    ],
)
def test_lists_of_document_types_that_are_none(value: bytes) -> None:
    with pytest.raises(ChipFault):
        document_types(ds(types=extension("67810801010602", value)))


def test_extensions_as_der_writes_them_each_once() -> None:
    false = sequence(oid(b"\x55\x1d\x0f"), b"\x01\x01\x00", encode(0x04, b""))
    for changed in (
        {"more": false},
        {"more": pki.usage(0x80)},
        {"more": sequence(oid(b"\x2a"), encode(0x04, b""), encode(0x04, b""), encode(0x04, b""))},
    ):
        with pytest.raises(ChipFault):
            ds(**changed)


def test_certificates_of_other_structure() -> None:
    parts = data_objects(data_objects(DS)[0].value)
    for raw in (
        b"",
        encode(0x30, bytes(17_000)),
        sequence(parts[0].raw, parts[1].raw),
        sequence(*(part.raw for part in parts), b"\x05\x00"),
        sequence(parts[0].raw, parts[1].raw, encode(0x03, b"\x01" + parts[2].value[1:])),
    ):
        with pytest.raises(ChipFault):
            Certificate.of(raw)
    with pytest.raises(ChipFault, match="validity"):
        ds_with(validity=sequence(pki.utc(datetime(2026, 1, 1, tzinfo=UTC))))


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (0x17, "2601010000Z"),
        (0x17, "260101000000"),
        (0x17, "260101000000+0700"),
        (0x17, "261301000000Z"),
        (0x18, "20260101000000.5Z"),
        (0x04, "260101000000Z"),
        (0x17, "2601010000٠٠Z"),
    ],
)
def test_times_that_are_none(tag: int, text: str) -> None:
    raw = text.encode()
    with pytest.raises(ChipFault):
        moment(DataObject(tag, raw, raw))


def test_two_digits_of_a_year_are_of_two_centuries() -> None:
    for text, year in (("491231235959Z", 2049), ("500101000000Z", 1950)):
        assert moment(DataObject(0x17, text.encode(), b"")).year == year


def test_names_compare_without_case_and_surplus_blanks() -> None:
    one = ds_with(subject=pki.name("LDS  1"))
    other = ds_with(subject=pki.name("lds 1"))
    assert one.subject_name == other.subject_name
    assert one.subject != other.subject
    with pytest.raises(ChipFault):
        country_of(sequence())
    with pytest.raises(ChipFault):
        country_of(sequence(encode(0x31, sequence(oid(b"\x55\x04\x06")))))


def test_bits_that_are_not_whole_bytes() -> None:
    assert whole_bytes(b"\x00a") == b"a"
    for raw in (b"", b"\x01a"):
        with pytest.raises(ChipFault):
            whole_bytes(raw)


# --- algorithms -----------------------------------------------------------------------------------


def pss(*parts: bytes) -> bytes:
    return sequence(oid(PSS), sequence(*parts))


def test_pss_says_sha_1_where_it_says_nothing() -> None:
    found = SignatureAlgorithm.of(pss())
    assert (found.scheme, found.digest, found.salt_bytes) == (Scheme.PSS, "sha1", 20)
    with pytest.raises(ChipFault, match="sha1"):
        require_strong(found.digest)


SHA256, SHA384 = digest_algorithm("sha256"), digest_algorithm("sha384")


@pytest.mark.parametrize(
    "algorithm",
    [
        sequence(oid(PSS)),
        pss(encode(0xA0, SHA256)),
        pss(encode(0xA0, SHA256), encode(0xA1, sequence(oid(MASK), SHA384))),
        pss(encode(0xA0, SHA256), encode(0xA1, sequence(oid(PSS), SHA256))),
        pss(encode(0xA2, der_int(65))),
        pss(encode(0xA3, der_int(2))),
        pss(encode(0xA4, der_int(1))),
        sequence(),
        sequence(oid(PSS), b"\x05\x00", b"\x05\x00"),
        sequence(oid(bytes.fromhex("2A8648CE3D040303")), b"\x05\x00"),
        sequence(oid(bytes.fromhex("2A864886F70D01010B")), sequence()),
    ],
)
def test_signature_algorithms_that_cannot_be(algorithm: bytes) -> None:
    with pytest.raises(ChipFault):
        SignatureAlgorithm.of(algorithm)


def test_dsa_is_known_and_unavailable() -> None:
    with pytest.raises(Fault) as caught:
        SignatureAlgorithm.of(pki.signature_algorithm("dsa", "sha1"))
    assert caught.value.outcome is CheckOutcome.UNAVAILABLE


def test_digests_take_no_parameters_but_null() -> None:
    name = oid(bytes.fromhex("608648016503040202"))
    assert digest_name(sequence(name)) == digest_name(sequence(name, b"\x05\x00")) == "sha384"
    with pytest.raises(ChipFault, match="parameters"):
        digest_name(sequence(name, sequence()))


def test_the_digest_is_named_twice_and_the_same() -> None:
    algorithm = SignatureAlgorithm.of(AUTHORITY.algorithm)
    assert algorithm.with_digest("sha384") == algorithm
    with pytest.raises(ChipFault, match="sha256"):
        algorithm.with_digest("sha256")


def key_of(key: Any) -> Any:
    return public_key(spki_of(key))


def test_short_keys_are_weak() -> None:
    weakest = 1024
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - the one use

    for key in (rsa.generate_private_key(65537, weakest), pki.ec_key(5, ec.SECP192R1)):
        with pytest.raises(ChipFault, match="weak"):
            require_strong("sha256", key=key_of(key))
    require_strong("sha224", key=key_of(pki.ec_key(5, ec.SECP224R1)))


def test_an_algorithm_of_another_key_is_refused() -> None:
    elliptic, modular = key_of(SIGNER.key), key_of(pki.rsa_key(1))
    of_ec = SignatureAlgorithm(scheme=Scheme.ECDSA, digest="sha256")
    of_rsa = SignatureAlgorithm(scheme=Scheme.PKCS1, digest="sha256")
    for key, algorithm in ((modular, of_ec), (elliptic, of_rsa)):
        with pytest.raises(ChipFault, match="with a key of"):
            verify(key, algorithm, b"", b"")
    with pytest.raises(ChipFault, match="without a digest"):
        verify(modular, SignatureAlgorithm(scheme=Scheme.PKCS1, digest=None), b"", b"")


@pytest.mark.parametrize("signature", [b"", b"\x30\x00", bytes(95), bytes(96), b"\xff" * 96])
@pytest.mark.parametrize("scheme", [Scheme.ECDSA, Scheme.PLAIN_ECDSA])
def test_signatures_that_are_none(scheme: Scheme, signature: bytes) -> None:
    algorithm = SignatureAlgorithm(scheme=scheme, digest="sha384")
    assert verify(key_of(SIGNER.key), algorithm, b"message", signature) is False


def test_a_curve_that_the_library_lacks_is_unavailable() -> None:
    from inspection.lds1.curve_table import CURVES  # noqa: PLC0415 - the one use

    key = EcPublicKey(CURVES[14], CURVES[14].generator)
    with pytest.raises(Fault) as caught:
        verify(key, SignatureAlgorithm(scheme=Scheme.ECDSA, digest="sha384"), b"", b"")
    assert caught.value.outcome is CheckOutcome.UNAVAILABLE


# --- EF.SOD and lists -----------------------------------------------------------------------------


def test_attributes_come_once_with_one_value() -> None:
    good = pki.attribute(3, oid(pki.LDS_OBJECT)) + pki.attribute(4, encode(0x04, bytes(48)))
    assert SignedAttributes.of(data_objects(encode(0xA0, good))[0]).signing_time is None
    kind = oid(bytes.fromhex("2A864886F70D010905"))
    for more in (
        pki.attribute(4, encode(0x04, bytes(48))),
        sequence(kind, encode(0x31, b"")),
        sequence(kind, encode(0x31, b"\x05\x00\x05\x00")),
    ):
        with pytest.raises(ChipFault):
            SignedAttributes.of(data_objects(encode(0xA0, good + more))[0])
    other = pki.attribute(3, oid(b"\x2a")) + pki.attribute(4, encode(0x04, bytes(48)))
    with pytest.raises(ChipFault, match="content type"):
        SignedAttributes.of(data_objects(encode(0xA0, other))[0])


@pytest.mark.parametrize(
    "changed",
    [
        {"data": {"certificates": encode(0xA0, DS + CSCA)}},
        {"data": {"signers": encode(0x31, b"")}},
        {"data": {"more": sequence()}},
        {"data": {"digests": encode(0x31, b"")}},
        {"info": {"unsigned": encode(0xA1, b"")}},
    ],
)
def test_security_objects_with_more_or_less_than_they_hold(changed: dict[str, Any]) -> None:
    with pytest.raises(ChipFault):
        SecurityObject.of(sod(passport_groups(), **changed).der())


def test_what_is_no_signed_data() -> None:
    raw = (
        sod(passport_groups())
        .der()
        .replace(bytes.fromhex("2A864886F70D010702"), bytes.fromhex("2A864886F70D010703"))
    )
    with pytest.raises(ChipFault, match="not a SignedData"):
        SecurityObject.of(raw)


def test_lists_that_are_none() -> None:
    good = pki.revocation_list(AUTHORITY, 1, 2, 3)
    assert RevocationList.of(good).serial_numbers == {1, 2, 3}
    parts = data_objects(data_objects(good)[0].value)
    body = [item.raw for item in data_objects(parts[0].value)]

    def listed(*fields: bytes, outer: bytes = AUTHORITY.algorithm) -> bytes:
        return sequence(sequence(*fields), outer, parts[2].raw)

    for raw in (
        CSCA,
        bytes(9_000_000),
        listed(der_int(0), *body[1:]),
        listed(*body[:3]),
        listed(*body, body[-1]),
        listed(*body, outer=SHA256),
        pki.revocation_list(AUTHORITY, extensions=extension("551D1B", b"")),
    ):
        with pytest.raises(ChipFault):
            RevocationList.of(raw)
