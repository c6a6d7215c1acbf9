"""The chain from a document signer to its CSCA: everything that must break it, then what holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asn1crypto.x509 import Certificate, Extension

from ektp.errors import HsmError
from hsm.keys import Curve
from hsm.pki.certificates import (
    SigningAuthority,
    authority_certificate,
    document_signer_certificate,
    service_certificate,
)
from hsm.pki.chain import read_certificate, read_list, verify_chain
from hsm.pki.curves import named_spki
from hsm.pki.names import DEVELOPMENT, STATE
from hsm.pki.periods import authority_validity, document_signer_validity, service_validity
from hsm.pki.revocation import Revocation, revocation_list
from hsm.pki.signatures import public_key_of
from tests.unit.hsm.pki.helpers import DAY, NOW, LyingKey, MemoryKey, pki, resigned, signer


def extension_of(body: Any, name: str) -> Any:
    return next(item for item in body["extensions"] if item["extn_id"].native == name)


def without(name: str) -> Callable[[Any], None]:
    def change(body: Any) -> None:
        body["extensions"] = [item for item in body["extensions"] if item["extn_id"].native != name]

    return change


def with_value(name: str, value: Any) -> Callable[[Any], None]:
    def change(body: Any) -> None:
        kept = [item for item in body["extensions"] if item["extn_id"].native != name]
        critical = extension_of(body, name)["critical"].native
        kept.append(Extension({"extn_id": name, "critical": critical, "extn_value": value}))
        body["extensions"] = kept

    return change


@pytest.mark.parametrize("step", [13, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "all"])
def test_every_flipped_bit_of_a_signer_certificate_breaks_the_chain(step: int) -> None:
    made = pki()
    whole = bytearray(made.ktp_el)
    unbroken = []
    for position in range(0, len(whole) * 8, step):
        altered = bytearray(whole)
        altered[position // 8] ^= 1 << position % 8
        try:
            verify_chain(bytes(altered), anchors=[made.csca], at=NOW)
        except HsmError:
            continue
        unbroken.append(position)
    assert unbroken == []


def test_every_cut_of_a_certificate_is_refused() -> None:
    made = pki()
    for length in range(0, len(made.lds), 7):
        with pytest.raises(HsmError):
            verify_chain(made.lds[:length], anchors=[made.csca], at=NOW)
    with pytest.raises(HsmError):
        verify_chain(made.lds + b"\x00", anchors=[made.csca], at=NOW)
    with pytest.raises(HsmError, match="larger"):
        read_certificate(bytes(20_000))
    with pytest.raises(HsmError, match="larger"):
        read_list(bytes((16 << 20) + 1))


def test_the_wrong_anchor_is_refused() -> None:
    made = pki()
    other = replace(made.first, key=MemoryKey(Curve.P384))
    stranger = authority_certificate(other, authority_validity(NOW))
    for anchors in ([], [stranger], [made.csca_2], [made.ktp_el]):
        with pytest.raises(HsmError):
            verify_chain(made.lds, anchors=anchors, at=NOW)


def test_an_anchor_with_the_right_names_and_another_key_is_refused() -> None:
    made = pki()
    other = replace(made.first, key=MemoryKey(Curve.P384))
    forged = authority_certificate(other, authority_validity(NOW))
    right = read_certificate(made.csca).key_identifier

    def claim(body: Any) -> None:
        with_value("key_identifier", right)(body)
        with_value("authority_key_identifier", {"key_identifier": right})(body)

    with pytest.raises(HsmError, match="signature does not verify"):
        verify_chain(made.lds, anchors=[resigned(forged, other, claim)], at=NOW)


def test_an_anchor_that_does_not_sign_itself_is_refused() -> None:
    made = pki()
    broken = made.csca[:-1] + bytes((made.csca[-1] ^ 1,))
    with pytest.raises(HsmError):
        verify_chain(made.lds, anchors=[broken], at=NOW)


@pytest.mark.parametrize(
    "at",
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        NOW - DAY,
        NOW - timedelta(minutes=1, seconds=1),
        NOW - timedelta(minutes=1) + 92 * DAY,
        NOW + 92 * DAY,
        NOW + 365 * DAY,
        datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
    ],
)
def test_outside_the_key_s_period_nothing_verifies(at: datetime) -> None:
    made = pki()
    for certificate in (made.lds, made.ktp_el):
        with pytest.raises(HsmError, match="private key usage period"):
            verify_chain(certificate, anchors=[made.csca], at=at)


def test_a_signer_made_outside_its_issuer_s_use_is_refused() -> None:
    made = pki()
    late = NOW + timedelta(days=6 * 365)
    certificate = signer(made.first, Curve.P384, late)
    with pytest.raises(HsmError, match="issuer's private key usage period"):
        verify_chain(certificate, anchors=[made.csca], at=late)


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("no key usage", without("key_usage")),
        ("for certificates", with_value("key_usage", {"key_cert_sign"})),
        ("for two things", with_value("key_usage", {"digital_signature", "key_agreement"})),
        ("no authority", without("authority_key_identifier")),
        (
            "unknown critical",
            lambda body: body["extensions"].append(
                Extension({"extn_id": "2.5.29.54", "critical": True, "extn_value": 0})
            ),
        ),
        ("twice", lambda body: body["extensions"].append(body["extensions"][0])),
        (
            "another algorithm",
            lambda body: body.__setitem__("signature", {"algorithm": "sha256_ecdsa"}),
        ),
    ],
)
def test_a_signer_certificate_of_another_profile_is_refused(
    what: str, change: Callable[[Any], None]
) -> None:
    made = pki()
    with pytest.raises(HsmError):
        verify_chain(resigned(made.lds, made.first, change), anchors=[made.csca], at=NOW)


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("no authority", with_value("basic_constraints", {"ca": False})),
        ("longer path", with_value("basic_constraints", {"ca": True, "path_len_constraint": 1})),
        ("any path", with_value("basic_constraints", {"ca": True})),
        ("lists only", with_value("key_usage", {"crl_sign"})),
        ("no constraints", without("basic_constraints")),
    ],
)
def test_an_issuer_that_may_not_issue_is_refused(what: str, change: Callable[[Any], None]) -> None:
    made = pki()
    with pytest.raises(HsmError):
        verify_chain(made.lds, anchors=[resigned(made.csca, made.first, change)], at=NOW)


def test_a_signer_does_not_issue_signers() -> None:
    made = pki()
    key = MemoryKey(Curve.P384)
    rogue = SigningAuthority(issuer=DEVELOPMENT, key=key, label="LDS-1")
    middle = document_signer_certificate(
        made.first,
        rogue.public_key,
        common_name=DEVELOPMENT.authority,
        validity=document_signer_validity(NOW, not_before=NOW - DAY),
        named=False,
    )
    end = signer(rogue, Curve.P384, NOW)
    with pytest.raises(HsmError):
        verify_chain(end, anchors=[made.csca], links=[middle], at=NOW)


def test_a_token_that_lies_issues_nothing() -> None:
    made = pki()
    lying = replace(made.first, key=LyingKey(made.first.key))
    with pytest.raises(HsmError, match="does not verify"):
        authority_certificate(lying, authority_validity(NOW))
    with pytest.raises(HsmError, match="does not verify"):
        revocation_list(lying, 1, NOW, [])


def test_a_revoked_signer_is_refused() -> None:
    made = pki()
    serial_number = read_certificate(made.lds).serial_number
    listed = revocation_list(made.first, 7, NOW, [Revocation(serial_number=serial_number, at=NOW)])
    assert read_list(listed).revoked == {serial_number: NOW}
    with pytest.raises(HsmError, match="was revoked"):
        verify_chain(made.lds, anchors=[made.csca], revocation_lists=[listed], at=NOW)
    verify_chain(made.ktp_el, anchors=[made.csca], revocation_lists=[listed], at=NOW)


def test_a_revocation_list_of_a_stranger_is_refused() -> None:
    made = pki()
    other = replace(made.first, key=MemoryKey(Curve.P384))
    elsewhere = replace(made.first, issuer=STATE)
    lists = [revocation_list(by, 1, NOW, []) for by in (other, elsewhere)]
    good = revocation_list(made.first, 1, NOW, [])
    lists += [good[:-1] + bytes((good[-1] ^ 1,)), good[:40], b""]
    for listed in lists:
        with pytest.raises(HsmError):
            verify_chain(made.lds, anchors=[made.csca], revocation_lists=[listed], at=NOW)
    path = verify_chain(made.lds, anchors=[made.csca], revocation_lists=[good], at=NOW)
    assert path == (made.lds, made.csca)


def test_a_link_leads_to_the_old_anchor_and_nowhere_else() -> None:
    made = pki()
    with pytest.raises(HsmError, match="no trusted CSCA"):
        verify_chain(made.lds_2, anchors=[made.csca], at=made.later)
    with pytest.raises(HsmError, match="no trusted CSCA"):
        verify_chain(made.lds_2, anchors=[], links=[made.link], at=made.later)
    path = verify_chain(made.lds_2, anchors=[made.csca], links=[made.link], at=made.later)
    assert path == (made.lds_2, made.link, made.csca)
    path = verify_chain(
        made.lds_2, anchors=[made.csca, made.csca_2], links=[made.link], at=made.later
    )
    assert path == (made.lds_2, made.csca_2)


def test_signers_hold_to_the_last_second_of_their_period() -> None:
    made = pki()
    begins = NOW - timedelta(minutes=1)
    for at in (begins, NOW, begins + 92 * DAY - timedelta(seconds=1)):
        for certificate in (made.lds, made.ktp_el):
            assert verify_chain(certificate, anchors=[made.csca], at=at)[-1] == made.csca


def test_keys_stand_by_parameters_or_by_name_as_the_profile_says() -> None:
    made, named = pki(), pki(explicit=False)
    for certificate in (made.csca, made.link, made.lds):
        facts = Certificate.load(certificate)["tbs_certificate"]["subject_public_key_info"]
        assert facts["algorithm"]["parameters"].name == "specified"
    for certificate in (made.ktp_el, named.csca, named.lds, named.link):
        facts = Certificate.load(certificate)["tbs_certificate"]["subject_public_key_info"]
        assert facts["algorithm"]["parameters"].name == "named"
    assert verify_chain(named.lds, anchors=[named.csca], at=NOW)


def test_a_certificate_says_whose_it_is_and_that_it_is_of_development() -> None:
    made = pki()
    subject = Certificate.load(made.csca).subject.native
    assert subject["country_name"] == "ID"
    assert "DEVELOPMENT" in subject["organization_name"]
    assert "DEVELOPMENT" in subject["common_name"]
    assert "DEVELOPMENT" not in str(STATE)


def test_serial_numbers_are_twenty_octets_and_never_the_same() -> None:
    numbers = {
        read_certificate(signer(pki().first, Curve.P256, NOW)).serial_number for _ in range(50)
    }
    assert len(numbers) == 50
    assert all(number.bit_length() == 159 for number in numbers)


def test_a_site_certificate_is_read_and_is_no_document_signer_s() -> None:
    site = SigningAuthority(issuer=DEVELOPMENT, key=MemoryKey(Curve.P256), label="SITE-1")
    spki = named_spki(public_key_of(site.key, label="SITE-1"))
    made = service_certificate(
        site,
        common_name="SITE-1",
        spki=spki,
        validity=service_validity(NOW),
        usage="digital_signature",
    )
    assert read_certificate(made).subject == read_certificate(made).issuer
    with pytest.raises(HsmError):
        verify_chain(made, anchors=[pki().csca], at=NOW)
