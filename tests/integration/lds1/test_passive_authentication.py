"""Cases of our own (OWN_…): what TR-03105 does not ask of Passive Authentication."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ektp.cards import CheckOutcome, QaVerdict, Verdict
from ektp.errors import ConfigurationError
from ektp.ids import AttemptId, CardSerial
from ektp.ports import TrustAnchors
from inspection.lds1.contents import LdsContentChecks
from inspection.lds1.curve_table import CURVES
from inspection.lds1.curves import Curve, Point
from inspection.lds1.tlv import encode
from tests.integration.lds1 import pki
from tests.integration.lds1.pki import ANCHORS, AUTHORITY, CSCA, NOW, SIGNER, Signing
from tests.integration.lds1.specimens import (
    contents,
    details,
    expectation,
    failed,
    files_of,
    house_files,
    house_groups,
    look,
    national,
    outcome,
    passport_groups,
    sod,
    verify,
)
from tests.unit.inspection.lds1.helpers import (
    der_int,
    explicit_spki,
    oid,
    sequence,
)

GROUPS = passport_groups()
PASSED, FAILED, NA = CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.NOT_APPLICABLE
UNAVAILABLE, INCONCLUSIVE = CheckOutcome.UNAVAILABLE, CheckOutcome.INCONCLUSIVE


def passport(checks: LdsContentChecks | None = None, **changed: Any) -> QaVerdict:
    return verify(files_of(GROUPS, sod=sod(GROUPS, **changed).der()), checks=checks)


def under(anchors: TrustAnchors, **options: Any) -> QaVerdict:
    return passport(contents(anchors, **options))


# --- keys with all their parameters ---------------------------------------------------------------


def parameters(curve: Curve, key: ec.EllipticCurvePrivateKey, **changed: Any) -> bytes:
    numbers = key.public_key().public_numbers()
    point = Point(numbers.x, numbers.y)
    values = {"generator": curve.generator, "n": curve.n, "cofactor": 1, "b": curve.b} | changed
    field_id = sequence(oid(bytes.fromhex("2A8648CE3D0101")), der_int(curve.p))
    domain = sequence(
        der_int(1),
        field_id,
        sequence(
            encode(0x04, curve.coordinate(curve.a)), encode(0x04, curve.coordinate(values["b"]))
        ),
        encode(0x04, curve.encode(values["generator"])),
        der_int(values["n"]),
        der_int(values["cofactor"]),
    )
    algorithm = sequence(oid(bytes.fromhex("2A8648CE3D0201")), domain)
    return sequence(algorithm, encode(0x03, b"\x00" + curve.encode(point)))


CURVE_KEYS = {
    "secp256r1": (12, ec.SECP256R1),
    "brainpoolP256r1": (13, ec.BrainpoolP256R1),
    "secp384r1": (15, ec.SECP384R1),
    "brainpoolP384r1": (16, ec.BrainpoolP384R1),
    "brainpoolP512r1": (17, ec.BrainpoolP512R1),
    "secp521r1": (18, ec.SECP521R1),
}


@pytest.mark.parametrize("name", CURVE_KEYS)
def test_explicit_parameters_of_a_known_curve_are_good(name: str) -> None:
    """OWN_EXPLICIT: as Doc 9303-12 asks for, in CSCA and signer."""
    number, kind = CURVE_KEYS[name]
    curve = CURVES[number]
    authority = Signing(key=pki.ec_key(77, kind), digest="sha512")
    own = Signing(key=pki.ec_key(78, kind), digest="sha384")
    certificate = pki.signer(authority, own, body={"key": parameters(curve, own.key)})
    root = pki.csca(authority, spki=parameters(curve, authority.key))
    anchors = TrustAnchors(certificates=(root,), revocation_lists=(pki.revocation_list(authority),))
    verdict = passport(contents(anchors), certificate=certificate, signing=own)
    assert verdict.verdict is Verdict.PASS, verdict.failed


def forged() -> dict[str, dict[str, Any]]:
    curve = CURVES[15]
    public = SIGNER.key.public_key().public_numbers()
    return {
        # CVE-2020-0601: with the public key as generator, the private key is one.
        "generator": {"generator": Point(public.x, public.y)},
        "order": {"n": curve.n - 2},
        "cofactor": {"cofactor": 2},
        "coefficient": {"b": curve.b ^ 1},
    }


@pytest.mark.parametrize("what", ["generator", "order", "cofactor", "coefficient"])
def test_manipulated_parameters_fail(what: str) -> None:
    """OWN_CURVEBALL."""
    spki = parameters(CURVES[15], SIGNER.key, **forged()[what])
    verdict = passport(certificate=pki.signer(AUTHORITY, SIGNER, body={"key": spki}))
    assert failed(verdict) == {"passive.signer_key"}
    assert outcome(verdict, "passive.signature") is INCONCLUSIVE


def test_a_csca_in_disguise_with_a_generator_of_its_own_signs_nothing() -> None:
    """OWN_CURVEBALL: the anchor's public key, under another generator, in the chip's signer."""
    public = AUTHORITY.key.public_key().public_numbers()
    spki = parameters(CURVES[15], AUTHORITY.key, generator=Point(public.x, public.y))
    verdict = passport(certificate=pki.signer(AUTHORITY, SIGNER, body={"key": spki}))
    assert "passive.signer_key" in failed(verdict)


def test_the_explicit_spki_of_these_tests_is_another_ones() -> None:
    public = SIGNER.key.public_key().public_numbers()
    theirs = explicit_spki(CURVES[15], Point(public.x, public.y))
    assert parameters(CURVES[15], SIGNER.key) == theirs


# --- algorithms -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ecdsa", "bsi"])
def test_sha_1_is_too_weak_unless_it_is_asked_for(kind: str) -> None:
    """OWN_WEAK."""
    own = Signing(key=SIGNER.key, kind=kind, digest="sha1")
    made = {
        "content": pki.security_object(pki.hashes_of(GROUPS, "sha1"), "sha1"),
        "signing": own,
    }
    assert failed(passport(**made)) == {"passive.algorithms"}
    assert passport(contents(weak=True), **made).verdict is Verdict.PASS


def test_a_digest_that_signed_data_does_not_announce() -> None:
    announced = encode(0x31, pki.digest_algorithm("sha256"))
    assert failed(passport(data={"digests": announced})) == {"passive.algorithms"}


def test_md5_is_refused_however_weak_it_may_be() -> None:
    md5 = encode(0x31, pki.digest_algorithm("md5") + pki.digest_algorithm("sha384"))
    assert failed(passport(contents(weak=True), data={"digests": md5})) == {"passive.algorithms"}


# --- whom to trust --------------------------------------------------------------------------------


def test_without_anchors_nothing_can_be_said() -> None:
    """OWN_NO_ANCHORS."""
    verdict = under(TrustAnchors(certificates=()))
    assert verdict.verdict is Verdict.HOLD
    for name in ("passive.chain", "passive.trust_anchor", "passive.revocation"):
        assert outcome(verdict, name) is UNAVAILABLE
    assert outcome(verdict, "passive.signature") is PASSED


def test_an_anchor_that_cannot_be_read_is_a_matter_of_configuration() -> None:
    for anchors in (
        TrustAnchors(certificates=(b"\x30\x03abc",)),
        TrustAnchors(certificates=(CSCA,), revocation_lists=(CSCA,)),
    ):
        with pytest.raises(ConfigurationError):
            LdsContentChecks(anchors)


def test_another_states_csca_of_the_same_name() -> None:
    other = Signing(key=pki.ec_key(0xBAD))
    verdict = under(TrustAnchors(certificates=(pki.csca(other),)))
    assert failed(verdict) == {"passive.chain"}


def test_a_key_identifier_that_is_claimed_does_not_help() -> None:
    other = Signing(key=pki.ec_key(0xBAD))
    claimed = pki.csca(other, extension_changes={"subject": pki.subject_key(AUTHORITY.key)})
    verdict = under(TrustAnchors(certificates=(claimed,)))
    assert failed(verdict) == {"passive.chain"}


NEXT = Signing(key=pki.ec_key(0xC5CB))
LINK = pki.csca(AUTHORITY, subject=NEXT, serial=2)
LAST = Signing(key=pki.ec_key(0xC5CC))
LINK_2 = pki.csca(NEXT, subject=LAST, serial=3)


@pytest.mark.parametrize(("authority", "links"), [(NEXT, 1), (LAST, 2)])
def test_links_lead_back_to_the_anchor(authority: Signing, links: int) -> None:
    """OWN_LINK."""
    lists = (pki.revocation_list(authority),)
    certificate = pki.signer(authority, SIGNER)
    anchors = TrustAnchors(certificates=(LINK_2, LINK, CSCA), revocation_lists=lists)
    verdict = passport(contents(anchors), certificate=certificate)
    assert verdict.verdict is Verdict.PASS, verdict.failed
    (check,) = [one for one in verdict.checks if one.name == "passive.trust_anchor"]
    assert check.evidence.endswith(f"{links} links")
    without = TrustAnchors(certificates=(LINK_2, CSCA), revocation_lists=lists)
    assert failed(passport(contents(without), certificate=certificate)) == {"passive.chain"}


def test_a_link_that_nobody_signed() -> None:
    impostor = Signing(key=pki.ec_key(0xBAD))
    link = pki.csca(
        impostor, subject=NEXT, extension_changes={"authority": pki.authority_key(AUTHORITY.key)}
    )
    anchors = TrustAnchors(certificates=(CSCA, link))
    verdict = passport(contents(anchors), certificate=pki.signer(NEXT, SIGNER))
    assert failed(verdict) == {"passive.chain"}


def test_a_signer_cannot_certify_another_signer() -> None:
    inner = Signing(key=pki.ec_key(0xD6))
    anchors = TrustAnchors(certificates=(CSCA, pki.DS), revocation_lists=ANCHORS.revocation_lists)
    verdict = passport(contents(anchors), certificate=pki.signer(SIGNER, inner), signing=inner)
    assert failed(verdict) == {"passive.chain"}


# --- when -----------------------------------------------------------------------------------------


def at(moment: datetime) -> dict[str, bytes]:
    return {"time": pki.attribute(5, pki.utc(moment))}


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 4, 1, tzinfo=UTC),
        datetime(2030, 1, 1, tzinfo=UTC),
    ],
)
def test_a_key_that_was_not_in_use_when_it_signed(moment: datetime) -> None:
    """OWN_TIME: the private key usage period ends long before the certificate."""
    verdict = passport(contents(now=datetime(2031, 1, 1, tzinfo=UTC)), attributes=at(moment))
    assert failed(verdict) >= {"passive.signing_time"}


def test_the_last_second_of_use() -> None:
    moment = datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)
    verdict = passport(contents(now=moment + timedelta(hours=2)), attributes=at(moment))
    assert outcome(verdict, "passive.signing_time") is PASSED


def test_signed_in_the_future() -> None:
    verdict = passport(attributes=at(NOW + timedelta(days=1)))
    assert failed(verdict) == {"passive.signing_time"}


def test_years_later_the_card_is_as_good_as_it_was() -> None:
    verdict = passport(contents(now=datetime(2035, 12, 31, tzinfo=UTC)))
    assert failed(verdict) == set()
    assert outcome(verdict, "passive.revocation") is INCONCLUSIVE


def test_a_csca_that_has_expired() -> None:
    verdict = passport(contents(now=datetime(2040, 6, 1, tzinfo=UTC)))
    assert failed(verdict) == {"passive.trust_anchor"}


@pytest.mark.parametrize(("issued", "good"), [(b"20260105", True), (b"20251230", False)])
def test_without_signing_time_the_date_of_issue_tells(issued: bytes, good: bool) -> None:
    groups = passport_groups(dg12=details(0x6C, {0x5F26: issued}))
    made = sod(groups, attributes={"time": None})
    verdict = verify(files_of(groups, sod=made.der()))
    assert (verdict.verdict is Verdict.PASS) == good
    assert failed(verdict) <= {"passive.signing_time"}


def test_without_any_date_the_present_tells() -> None:
    later = datetime(2026, 4, 2, tzinfo=UTC)
    for now, good in ((NOW, True), (datetime(2037, 2, 1, tzinfo=UTC), False), (later, True)):
        verdict = passport(contents(now=now), attributes={"time": None})
        assert ("passive.signing_time" not in failed(verdict)) == good


# --- revocation -----------------------------------------------------------------------------------


def lists(*made: bytes) -> QaVerdict:
    return under(TrustAnchors(certificates=(CSCA,), revocation_lists=made))


def test_no_list_is_unavailable_and_a_stale_one_inconclusive() -> None:
    """OWN_CRL."""
    assert outcome(lists(), "passive.revocation") is UNAVAILABLE
    stale = pki.revocation_list(AUTHORITY, next_update=NOW - timedelta(seconds=1))
    endless = pki.revocation_list(AUTHORITY, next_update=None)
    early = pki.revocation_list(AUTHORITY, this_update=NOW + timedelta(days=1))
    for one in (stale, endless, early):
        verdict = lists(one)
        assert outcome(verdict, "passive.revocation") is INCONCLUSIVE
        assert verdict.verdict is Verdict.HOLD


def test_whoever_is_on_a_stale_list_is_revoked_all_the_same() -> None:
    fresh = pki.revocation_list(AUTHORITY)
    stale = pki.revocation_list(AUTHORITY, 0x4A11, next_update=NOW - timedelta(days=1))
    assert failed(lists(fresh, stale)) == {"passive.revocation"}


def test_a_revoked_csca_takes_its_signers_with_it() -> None:
    assert failed(lists(pki.revocation_list(AUTHORITY, 1))) == {"passive.revocation"}


def test_a_list_that_somebody_else_signed_says_nothing() -> None:
    forged_list = pki.revocation_list(Signing(key=pki.ec_key(0xBAD)), 0x4A11)
    assert outcome(lists(forged_list), "passive.revocation") is INCONCLUSIVE


def test_the_next_csca_key_signs_the_list_for_both() -> None:
    anchors = TrustAnchors(certificates=(CSCA, LINK), revocation_lists=(pki.revocation_list(NEXT),))
    assert under(anchors).verdict is Verdict.PASS


def test_a_list_for_a_part_of_the_certificates_is_refused_beforehand() -> None:
    partial = pki.revocation_list(
        AUTHORITY, extensions=pki.extension("551D1C", sequence(), critical=True)
    )
    with pytest.raises(ConfigurationError):
        lists(partial)


# --- the house ------------------------------------------------------------------------------------


def test_a_card_of_the_house_passes_every_check_that_applies() -> None:
    verdict = look(house_files())
    assert verdict.verdict is Verdict.PASS, verdict.failed
    applied = {check.name for check in verdict.checks if check.outcome is PASSED}
    assert {"dg13.chip", "dg13.attempt", "card_control.signer", "passive.chip_keys"} <= applied


def test_a_void_signature() -> None:
    """OWN_VOID."""
    void = {hashlib.sha256(house_files()["sod"]).digest()}
    verdict = look(house_files(), checks=contents(is_voided=void.__contains__))
    assert failed(verdict) == {"passive.not_voided"}


def test_a_signed_set_on_another_chip_is_told_by_its_serial() -> None:
    """OWN_CLONE: keys copied too, so that only the serial tells."""
    verdict = look(house_files(), serial=CardSerial("0102030405060708"))
    assert failed(verdict) == {"dg13.chip", "card_control.serial"}


def test_a_signed_set_of_another_attempt_is_told() -> None:
    other = replace(expectation(house_files()), attempt=AttemptId("A-00000000022"))
    assert failed(look(house_files(), other)) == {"dg13.attempt", "card_control.attempt"}


def test_a_signed_set_without_its_keys_is_told_by_the_proofs() -> None:
    groups = {**house_groups(), 15: encode(0x6F, pki.spki_of(pki.ec_key(6, ec.SECP256R1)))}
    verdict = verify({**house_files(), "dg15": groups[15]})
    assert {"passive.dg15", "chip.active_authentication"} <= failed(verdict)


def test_a_proved_key_that_nobody_signed() -> None:
    """OWN_KEYS: the chip has keys of its own, and proves them; the signed ones are others."""
    groups = {**house_groups(), 15: encode(0x6F, pki.spki_of(pki.ec_key(6, ec.SECP256R1)))}
    verdict = verify({**house_files(), "sod": sod(groups).der()})
    assert failed(verdict) == {"passive.dg15", "passive.chip_keys"}


def test_a_card_that_lacks_a_group_of_the_house() -> None:
    groups = {number: content for number, content in house_groups().items() if number != 7}
    files = {**house_files(), **files_of(groups)}
    files.pop("dg7")
    verdict = look(files)
    assert {"file.dg7", "passive.data_groups"} <= failed(verdict)


def test_a_national_group_without_our_shape_is_another_issuers() -> None:
    groups = passport_groups(dg13=encode(0x6D, b"anything"))
    verdict = verify(files_of(groups))
    assert verdict.verdict is Verdict.PASS, verdict.failed
    assert outcome(verdict, "dg13.elements") is NA
    ours = passport_groups(dg13=national(bytes(8)))
    assert failed(verify(files_of(ours))) == {"dg13.chip"}


def test_a_foreigner_cannot_hide_behind_another_nik() -> None:
    groups = {**house_groups(), 13: national(nik="3171015501900001")}
    files = {**house_files(), "dg13": groups[13], "sod": sod(groups).der()}
    assert failed(look(files)) == {"dg13.elements"}


# --- made by the house's own signers --------------------------------------------------------------


@pytest.mark.parametrize("explicit", [True, False])
def test_what_the_signers_of_the_house_make_is_good(
    tmp_path: Path, explicit: bool, signers: Callable[..., Any]
) -> None:
    house = signers(tmp_path, datetime(2026, 1, 5, 8, 30, tzinfo=UTC), explicit=explicit)
    made = house.security_objects.sign(dict(house_groups())).content
    house.authority.fresh_list()
    from hsm.signers.trust import trust_anchors  # noqa: PLC0415 - the one use of the other side

    checks = contents(trust_anchors(house.registry))
    assert verify({**house_files(), "sod": made}, checks=checks).failed == ("card_control.signer",)


@pytest.fixture
def signers() -> Callable[..., Any]:
    """Makes a PKI over a token in memory."""
    from tests.unit.hsm.signers.helpers import founded  # noqa: PLC0415 - see above

    return founded
