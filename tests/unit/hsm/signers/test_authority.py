"""The CSCA: ceremonies cut short, roll-over, revocation, and what is exported."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from ektp.errors import ConfigurationError, HsmError, KeyNotFound, KeyUsageForbidden
from hsm.keys import Curve
from hsm.pki.chain import read_certificate, read_list, verify_chain
from hsm.pki.lint import CertificateKind, lint_certificate, lint_revocation_list
from hsm.pki.names import STATE, Issuer
from hsm.signers.authority import CertificateAuthority
from hsm.signers.roll import RevocationReason, Roll, number_of
from hsm.signers.trust import export_trust, trust_anchors, trust_files, trusted_signers
from tests.unit.hsm.pki.helpers import DAY, NOW
from tests.unit.hsm.signers.helpers import FILES, KTP_EL, LDS, House, founded, house

# --- revocation ------------------------------------------------------------------------------


def test_a_revoked_signer_signs_no_more(tmp_path: Path) -> None:
    made = founded(tmp_path)
    turn = made.documents.take()
    listed = made.authority.revoke("DS-1", RevocationReason.KEY_COMPROMISE)
    with pytest.raises(KeyUsageForbidden, match="revoked"):
        turn.sign(b"document")
    assert lint_revocation_list(listed) == ()
    assert set(read_list(listed).revoked) == {
        read_certificate(made.registry.certificate("DS-1")).serial_number
    }
    assert trusted_signers(made.registry) == ()
    made.documents.sign(b"by the next")
    assert made.state() == {"DS-1": "revoked", "LDS-1": "current", "DS-2": "current"}


def test_a_revoked_signer_without_a_next_one_stops_signing(tmp_path: Path) -> None:
    made = founded(tmp_path)
    made.authority.revoke("LDS-1", RevocationReason.SUPERSEDED)
    with pytest.raises(KeyUsageForbidden, match="ektp keys rotate"):
        made.without_authority().security_objects.sign(FILES)


def test_revoking_twice_keeps_the_first_word(tmp_path: Path) -> None:
    made = founded(tmp_path)
    made.authority.revoke("DS-1", RevocationReason.KEY_COMPROMISE)
    made.clock.moment = NOW + DAY
    listed = made.authority.revoke("DS-1", RevocationReason.SUPERSEDED)
    (at,) = read_list(listed).revoked.values()
    entry = made.again().registry.roll().signer("DS-1")
    assert at == NOW
    assert entry is not None
    assert entry.reason is RevocationReason.KEY_COMPROMISE


def test_a_signer_that_is_not_there_is_not_revoked(tmp_path: Path) -> None:
    with pytest.raises(KeyNotFound):
        founded(tmp_path).authority.revoke("DS-9", RevocationReason.KEY_COMPROMISE)


def test_lists_are_renewed_and_numbered(tmp_path: Path) -> None:
    made = founded(tmp_path)
    first = read_list(made.authority.fresh_list())
    assert first.number == 1
    assert first.next_update - first.this_update == 90 * DAY
    made.clock.moment = NOW + 29 * DAY
    assert read_list(made.authority.fresh_list()).number == 1
    made.clock.moment = NOW + 31 * DAY
    assert read_list(made.authority.fresh_list()).number == 2
    del made.keys.held["CSCA-1"]
    made.clock.moment = NOW + 89 * DAY
    assert read_list(made.authority.fresh_list()).number == 2
    assert read_list(made.again().registry.revocation_list() or b"").number == 2


# --- ceremonies ------------------------------------------------------------------------------


def test_the_first_ceremony_is_held_once(tmp_path: Path) -> None:
    made = founded(tmp_path)
    before = made.authority.certificate()
    assert made.again().authority.establish() == "CSCA-1"
    assert made.again().authority.certificate() == before


def test_a_lost_registry_is_not_begun_anew(tmp_path: Path) -> None:
    made = founded(tmp_path / "one")
    fresh = house(tmp_path / "two", made.keys, made.clock)
    with pytest.raises(HsmError, match="restore"):
        fresh.authority.establish()
    assert "CSCA-2" not in made.keys.held


class CutShort(Exception):
    """The process died here."""


@pytest.mark.parametrize("writes", range(6))
def test_a_signer_s_making_cut_at_any_write_leaves_a_working_house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    """A number is never used for a second key, and no count begins twice."""
    from hsm._files import write_atomically  # noqa: PLC0415 - wrapped below

    made = founded(tmp_path)
    left = [writes]

    def dying(path: Path, content: bytes) -> None:
        if left[0] == 0:
            raise CutShort
        left[0] -= 1
        write_atomically(path, content)

    made.use_up("DS-1")
    with monkeypatch.context() as patch:
        patch.setattr("hsm.signers.registry.write_atomically", dying)
        patch.setattr("hsm.signers._signature_count.write_atomically", dying)
        died = False
        try:
            made.documents.sign(b"document")
        except CutShort:
            died = True
    assert died == (writes < 5)
    after = made.again()
    assert after.documents.sign(b"document")
    current = after.registry.roll().current(KTP_EL)
    assert current is not None
    certified = {signer.label for signer in after.registry.roll().signers}
    counts = {path.stem for path in (tmp_path / "counts").glob("*.count")}
    assert certified <= counts
    assert sum(label.startswith("DS-") for label in after.keys.held) in {2, 3}
    assert list(after.state().values()).count("current") == 2


def test_a_first_ceremony_cut_after_the_key_goes_on_with_the_next(tmp_path: Path) -> None:
    made = house(tmp_path)
    made.keys.make_ec_key("CSCA-1", Curve.P384)
    assert made.authority.establish() == "CSCA-2"
    assert made.authority.rotate(KTP_EL) == "DS-1"
    assert made.documents.sign(b"document")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"format": 2}',
        b'{"format": 1, "authorities": 5, "signers": [], "list_number": 0}',
        b'{"format": 1, "authorities": [{}], "signers": [], "list_number": 0}',
        b'{"format": 1, "authorities": [], "signers": [{"label": "DS-1"}], "list_number": 0}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_an_altered_registry_is_refused(tmp_path: Path, content: bytes) -> None:
    made = founded(tmp_path)
    (tmp_path / "registry.json").write_bytes(content)
    with pytest.raises(HsmError, match="registry"):
        made.again().documents.take()


@pytest.mark.parametrize("content", [b"", b"x\n", b"-1\n", b"5", b"9" * 99])
def test_an_altered_count_is_refused(tmp_path: Path, content: bytes) -> None:
    made = founded(tmp_path)
    (tmp_path / "counts" / "DS-1.count").write_bytes(content)
    with pytest.raises(HsmError, match="count"):
        made.again().documents.take()


@pytest.mark.parametrize("name", ["counts/DS-1.count", "certificates/DS-1.der"])
def test_a_missing_file_is_told_and_not_made_anew(tmp_path: Path, name: str) -> None:
    made = founded(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(HsmError):
        made.again().documents.take()
    assert not (tmp_path / name).exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(HsmError, match="cannot be made"):
        house(tmp_path / "file" / "registry").authority.establish()


# --- roll-over -------------------------------------------------------------------------------


def rolled_over(tmp_path: Path) -> House:
    made = founded(tmp_path)
    made.clock.moment = NOW + 4 * 365 * DAY
    assert made.authority.roll_over() == "CSCA-2"
    return made


def test_the_new_csca_is_linked_and_certifies(tmp_path: Path) -> None:
    made = rolled_over(tmp_path)
    for family in (KTP_EL, LDS):
        made.authority.rotate(family)
    made.documents.sign(b"document")
    made.security_objects.sign(FILES)
    registry = made.registry
    link = registry.link("CSCA-2")
    assert lint_certificate(link, CertificateKind.LINK) == ()
    assert lint_certificate(registry.certificate("CSCA-2"), CertificateKind.CSCA) == ()
    path = verify_chain(
        registry.certificate("LDS-2"),
        anchors=[registry.certificate("CSCA-1")],
        links=[link],
        revocation_lists=[registry.revocation_list() or b""],
        at=made.clock.moment,
    )
    assert path == (registry.certificate("LDS-2"), link, registry.certificate("CSCA-1"))


def test_signers_of_the_old_csca_sign_on_after_the_roll_over(tmp_path: Path) -> None:
    made = founded(tmp_path)
    made.clock.moment = NOW + 10 * DAY
    made.authority.roll_over()
    made.documents.sign(b"document")
    made.security_objects.sign(FILES)
    listed = made.authority.revoke("DS-1", RevocationReason.KEY_COMPROMISE)
    with pytest.raises(HsmError, match="revoked"):
        verify_chain(
            made.registry.certificate("DS-1"),
            anchors=trust_anchors(made.registry).certificates[:2],
            revocation_lists=[listed],
            at=made.clock.moment,
        )


def test_past_its_use_the_old_csca_links_no_more_and_a_new_one_can_be_made(
    tmp_path: Path,
) -> None:
    made = founded(tmp_path)
    made.clock.moment = NOW + 6 * 365 * DAY
    with pytest.raises(KeyUsageForbidden):
        made.authority.roll_over()
    assert made.authority.roll_over(linked=False) == "CSCA-2"
    made.authority.rotate(LDS)
    made.security_objects.sign(FILES)
    assert "csca-2-link.der" not in trust_files(made.registry)


# --- export ----------------------------------------------------------------------------------


def test_the_trust_files_are_what_they_are_called(tmp_path: Path) -> None:
    made = rolled_over(tmp_path / "home")
    made.authority.prepare_next(KTP_EL)
    paths = export_trust(made.registry, tmp_path / "out")
    assert {path.name for path in paths} == {
        "csca.der",
        "csca-1.der",
        "csca-1-explicit.der",
        "csca-2.der",
        "csca-2-explicit.der",
        "csca-2-link.der",
        "csca.crl",
        "csca.pem",
        "ds-1.der",
        "ds-2.der",
        "lds-1.der",
    }
    assert {path.name for path in (tmp_path / "out").iterdir()} == {path.name for path in paths}
    current = (tmp_path / "out" / "csca.der").read_bytes()
    assert current == made.authority.certificate()
    anchors = trust_anchors(made.registry)
    assert anchors.certificates[0] == current
    assert len(anchors.certificates) == 3
    assert anchors.revocation_lists == ((tmp_path / "out" / "csca.crl").read_bytes(),)
    assert (tmp_path / "out" / "csca.pem").read_bytes().count(b"BEGIN CERTIFICATE") == 3


def test_the_csca_comes_in_both_forms_of_one_key(tmp_path: Path) -> None:
    made = founded(tmp_path / "home", explicit=False)
    files = trust_files(made.registry)
    named, spelt_out = (read_certificate(files[f"csca{end}.der"]) for end in ("-1", "-1-explicit"))
    assert named.key == spelt_out.key
    assert len(files["csca-1-explicit.der"]) > len(files["csca-1.der"]) + 200
    lds = made.registry.certificate("LDS-1")
    for anchor in (files["csca-1.der"], files["csca-1-explicit.der"]):
        verify_chain(lds, anchors=[anchor], at=NOW)


def test_an_export_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    made = founded(tmp_path / "home")
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(ConfigurationError):
        export_trust(made.registry, tmp_path / "out")


def test_a_production_token_names_the_state(tmp_path: Path) -> None:
    made = house(tmp_path)
    own = Issuer(
        country="ID",
        state="IDN",
        organization="Kementerian Dalam Negeri",
        authority="CSCA Indonesia KTP-el",
        contact="csca@example.go.id",
        revocation_url="http://csca.example.go.id/csca.crl",
    )
    authority = CertificateAuthority(
        made.keys, made.registry, made.clock, development=False, issuer=own
    )
    authority.establish()
    assert b"DEVELOPMENT" not in authority.certificate()
    assert b"Kementerian Dalam Negeri" in authority.certificate()
    assert lint_certificate(authority.certificate(), CertificateKind.CSCA) == ()
    assert STATE.country == "ID"


# --- the roll --------------------------------------------------------------------------------


def test_the_roll_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    made = rolled_over(tmp_path)
    made.authority.revoke("DS-1", RevocationReason.CESSATION_OF_OPERATION)
    roll = made.registry.roll()
    assert Roll.from_bytes(bytes(roll)) == roll
    assert json.loads(bytes(roll))["signers"][0]["reason"] == "cessationOfOperation"


def test_only_a_signer_on_the_roll_is_promoted() -> None:
    with pytest.raises(ValueError, match="on the roll"):
        Roll().promote("DS-1")


@pytest.mark.parametrize(
    ("label", "number"), [("DS-3", 3), ("CSCA-12", 12), ("DS-", 0), ("X", 0), ("DS-²", 0)]
)
def test_labels_are_numbered(label: str, number: int) -> None:
    assert number_of(label) == number


def test_prepared_signers_that_outlived_themselves_are_passed_over(tmp_path: Path) -> None:
    made = founded(tmp_path)
    made.authority.prepare_next(KTP_EL)
    made.clock.moment = NOW + 93 * DAY
    made.documents.sign(b"document")
    assert made.state()["DS-2"] == "prepared"
    assert made.state()["DS-3"] == "current"
    assert made.registry.roll().signers[-1].ends > NOW + timedelta(days=184)
