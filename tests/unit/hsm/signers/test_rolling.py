"""Signers in turn: quota, period, clock, roll-over, a token that lies; then that they sign."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ektp.errors import HsmError, KeyNotFound, KeyUsageForbidden
from ektp.ports import DocumentSignature, DocumentSigner, SecurityObjectSigner
from hsm.keys import Curve, key_id_of
from hsm.pki.chain import read_certificate
from hsm.pki.lint import CertificateKind, lint_certificate, lint_revocation_list
from hsm.pki.signatures import signature_as_der
from hsm.signers.roll import RevocationReason
from hsm.signers.trust import trusted_signers
from tests.unit.hsm.pki.helpers import DAY, NOW, LyingKey, MemoryKey
from tests.unit.hsm.signers.helpers import FILES, KTP_EL, LDS, House, founded, house

pytestmark = pytest.mark.slow

WILD_CLOCKS = [
    datetime(1970, 1, 1, tzinfo=UTC),
    NOW - 365 * DAY,
    NOW - DAY,
    NOW - timedelta(minutes=1, seconds=1),
    NOW + 365 * DAY,
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
]


def sign_both(made: House) -> None:
    made.documents.sign(b"document")
    made.security_objects.sign(FILES)


def verify(made: House, message: bytes, signature: DocumentSignature) -> None:
    """As a stranger would: by the key that the list of trusted signers names."""
    by_id = {signer.key_id: signer for signer in trusted_signers(made.registry)}
    key = load_der_public_key(by_id[signature.key_id].public_key)
    assert isinstance(key, EllipticCurvePublicKey)
    key.verify(signature_as_der(signature.r_s), message, ECDSA(SHA256()))


# --- quota -----------------------------------------------------------------------------------


@pytest.mark.parametrize("family", [KTP_EL, LDS])
def test_signature_100_001_is_refused(tmp_path: Path, family: object) -> None:
    made = founded(tmp_path).without_authority()
    label = "DS-1" if family is KTP_EL else "LDS-1"
    made.use_up(label, left=2)
    sign: Callable[[], object] = (
        (lambda: made.documents.sign(b"document"))
        if family is KTP_EL
        else (lambda: made.security_objects.sign(FILES))
    )
    key = made.keys.held[label]
    before = key.signatures
    sign()
    sign()
    for _ in range(3):
        with pytest.raises(KeyUsageForbidden, match="ektp keys rotate"):
            sign()
    assert key.signatures - before == 2
    assert made.state()[label] == "current"


def test_all_hundred_thousand_are_given_out_and_not_one_more(tmp_path: Path) -> None:
    made = founded(tmp_path).without_authority()
    count = made.registry.count("DS-1")
    for _ in range(100_000):
        count.take()
    with pytest.raises(KeyUsageForbidden):
        made.documents.take()
    with pytest.raises(KeyUsageForbidden):
        made.again().without_authority().documents.take()


def test_past_the_quota_the_prepared_signer_takes_over(tmp_path: Path) -> None:
    made = founded(tmp_path)
    assert made.authority.prepare_next(KTP_EL) == "DS-2"
    made.use_up("DS-1", left=1)
    alone = made.without_authority()
    first = alone.documents.sign(b"one")
    second = alone.documents.sign(b"two")
    assert alone.state() == {"DS-1": "retired", "LDS-1": "current", "DS-2": "current"}
    assert first.key_id != second.key_id
    verify(made, b"one", first)
    verify(made, b"two", second)


def test_past_the_quota_a_signer_is_made_on_the_spot(tmp_path: Path) -> None:
    made = founded(tmp_path)
    made.use_up("DS-1")
    made.use_up("LDS-1")
    sign_both(made)
    assert made.state() == {
        "DS-1": "retired",
        "LDS-1": "retired",
        "DS-2": "current",
        "LDS-2": "current",
    }


def test_without_the_csca_key_nothing_is_made(tmp_path: Path) -> None:
    made = founded(tmp_path)
    made.use_up("DS-1")
    del made.keys.held["CSCA-1"]
    with pytest.raises(KeyUsageForbidden, match="ektp keys rotate"):
        made.documents.take()
    assert "DS-2" not in made.keys.held


def test_a_batch_rolls_over_without_a_failed_card(tmp_path: Path) -> None:
    """Three keys in one batch: the first used up, the second at the end of its period."""
    made = founded(tmp_path)
    made.use_up("DS-1", left=20)
    made.use_up("LDS-1", left=20)
    signatures, objects = [], []
    for card in range(60):
        if card == 40:
            made.clock.moment = NOW + 92 * DAY
        turn = made.documents.take()
        message = b"card %d, key %s" % (card, turn.key_id.hex().encode())
        signatures.append((message, turn.sign(message)))
        objects.append(made.security_objects.sign(FILES).key_id)
    assert len({signature.key_id for _, signature in signatures}) == 3
    assert len(set(objects)) == 3
    for message, signature in signatures:
        verify(made, message, signature)
        assert signature.key_id.hex().encode() in message


# --- period and clock ------------------------------------------------------------------------


@pytest.mark.parametrize("now", WILD_CLOCKS, ids=str)
def test_a_clock_outside_the_period_signs_nothing(tmp_path: Path, now: datetime) -> None:
    made = founded(tmp_path)
    alone = made.without_authority()
    sign_both(alone)
    made.clock.moment = now
    for action in (alone.documents.take, lambda: alone.security_objects.sign(FILES)):
        with pytest.raises(KeyUsageForbidden):
            action()
    made.clock.moment = NOW
    sign_both(alone)


def test_day_93_is_refused_and_the_last_second_of_day_92_is_not(tmp_path: Path) -> None:
    made = founded(tmp_path)
    alone = made.without_authority()
    ends = made.registry.roll().signers[0].ends
    assert ends - made.registry.roll().signers[0].begins == 92 * DAY
    made.clock.moment = ends - timedelta(seconds=1)
    sign_both(alone)
    for now in (ends, NOW + 92 * DAY, NOW + 93 * DAY):
        made.clock.moment = now
        with pytest.raises(KeyUsageForbidden, match="ektp keys rotate"):
            alone.documents.take()
        with pytest.raises(KeyUsageForbidden, match="ektp keys rotate"):
            alone.security_objects.sign(FILES)


def test_a_turn_taken_before_the_end_is_not_made_after_it(tmp_path: Path) -> None:
    made = founded(tmp_path)
    ends = made.registry.roll().signers[0].ends
    alone = made.without_authority()
    made.clock.moment = ends - timedelta(seconds=1)
    turn = alone.documents.take()
    made.clock.moment = ends
    with pytest.raises(KeyUsageForbidden):
        turn.sign(b"late")


def test_in_the_last_minute_the_next_signer_is_preferred(tmp_path: Path) -> None:
    made = founded(tmp_path)
    ends = made.registry.roll().signers[0].ends
    made.clock.moment = ends - timedelta(seconds=30)
    turn = made.documents.take()
    made.clock.moment = ends + timedelta(seconds=30)
    assert turn.sign(b"document")
    assert made.state()["DS-2"] == "current"


@pytest.mark.parametrize("now", WILD_CLOCKS[:4], ids=str)
def test_a_clock_before_the_beginning_makes_no_signer(tmp_path: Path, now: datetime) -> None:
    made = founded(tmp_path)
    made.clock.moment = now
    for action in (made.documents.take, lambda: made.security_objects.sign(FILES)):
        with pytest.raises(KeyUsageForbidden):
            action()
    assert set(made.state()) == {"DS-1", "LDS-1"}


def test_a_clock_that_came_back_is_told_and_mended_by_rotation(tmp_path: Path) -> None:
    made = founded(tmp_path)
    made.clock.moment = NOW + 365 * DAY
    made.documents.sign(b"a year ahead")
    made.clock.moment = NOW + DAY
    with pytest.raises(KeyUsageForbidden, match="ektp keys rotate"):
        made.documents.take()
    assert made.authority.rotate(KTP_EL) == "DS-3"
    verify(made, b"now", made.documents.sign(b"now"))


@pytest.mark.parametrize("now", [datetime(2038, 1, 19, tzinfo=UTC), WILD_CLOCKS[-1]], ids=str)
def test_past_the_csca_s_use_no_signer_is_made(tmp_path: Path, now: datetime) -> None:
    made = founded(tmp_path)
    made.clock.moment = now
    for action in (
        made.documents.take,
        lambda: made.authority.prepare_next(LDS),
        made.authority.roll_over,
    ):
        with pytest.raises(KeyUsageForbidden, match="CSCA"):
            action()
    assert set(made.state()) == {"DS-1", "LDS-1"}


@pytest.mark.parametrize(
    "now",
    [datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)],
    ids=str,
)
def test_at_the_ends_of_time_no_csca_is_made(tmp_path: Path, now: datetime) -> None:
    made = house(tmp_path)
    made.clock.moment = now
    with pytest.raises(KeyUsageForbidden, match="clock"):
        made.authority.establish()


@pytest.mark.parametrize(
    "now",
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2024, 2, 29, 12, tzinfo=UTC),
        datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
        datetime(2049, 12, 31, 23, 59, tzinfo=UTC),
        datetime(2400, 2, 29, 0, 0, 59, 999_999, tzinfo=UTC),
        datetime(9900, 1, 1, tzinfo=UTC),
    ],
    ids=str,
)
def test_in_any_year_it_works_and_lints(tmp_path: Path, now: datetime) -> None:
    made = founded(tmp_path, now)
    sign_both(made)
    registry = made.registry
    assert lint_certificate(registry.certificate("CSCA-1"), CertificateKind.CSCA) == ()
    assert lint_certificate(registry.certificate("DS-1"), CertificateKind.KTP_EL_SIGNER) == ()
    assert lint_certificate(registry.certificate("LDS-1"), CertificateKind.LDS_SIGNER) == ()
    assert lint_revocation_list(made.authority.fresh_list()) == ()
    assert made.again().state() == made.state()


# --- tokens that are not what they were ------------------------------------------------------


def test_a_token_that_signs_wrong_is_caught(tmp_path: Path) -> None:
    made = founded(tmp_path)
    for label in ("DS-1", "LDS-1"):
        made.keys.held[label] = LyingKey(made.keys.held[label])
    with pytest.raises(HsmError, match="does not verify"):
        made.documents.sign(b"document")
    with pytest.raises(HsmError, match="does not verify"):
        made.security_objects.sign(FILES)


def test_another_key_under_the_same_label_is_caught(tmp_path: Path) -> None:
    made = founded(tmp_path)
    made.keys.held["DS-1"] = MemoryKey(Curve.P256)
    made.keys.held["LDS-1"] = MemoryKey(Curve.P384)
    made.keys.held["CSCA-1"] = MemoryKey(Curve.P384)
    for action in (
        made.documents.take,
        lambda: made.security_objects.sign(FILES),
        lambda: made.authority.prepare_next(KTP_EL),
        lambda: made.authority.revoke("DS-1", RevocationReason.KEY_COMPROMISE),
    ):
        with pytest.raises(HsmError, match="not the one that was certified"):
            action()


def test_a_certificate_of_another_csca_is_caught(tmp_path: Path) -> None:
    made, other = founded(tmp_path / "one"), founded(tmp_path / "two")
    made.keys.held["DS-1"] = other.keys.held["DS-1"]
    theirs = other.registry.certificate("DS-1")
    (made.folder / "certificates" / "DS-1.der").write_bytes(theirs)
    again = made.again()
    with pytest.raises(HsmError, match="trusted CSCA"):
        again.documents.sign(b"document")


def test_a_signer_that_the_token_lost_is_told(tmp_path: Path) -> None:
    made = founded(tmp_path)
    del made.keys.held["DS-1"]
    with pytest.raises(KeyNotFound):
        made.documents.take()


def test_no_csca_no_signer(tmp_path: Path) -> None:
    made = house(tmp_path)
    with pytest.raises(KeyUsageForbidden, match="ektp keys init"):
        made.documents.take()
    with pytest.raises(KeyUsageForbidden):
        made.documents.key_id()
    with pytest.raises(KeyUsageForbidden):
        made.authority.fresh_list()
    with pytest.raises(KeyNotFound):
        made.authority.certificate()


def test_a_turn_signs_once(tmp_path: Path) -> None:
    turn = founded(tmp_path).documents.take()
    turn.sign(b"one")
    with pytest.raises(KeyUsageForbidden, match="made already"):
        turn.sign(b"one")
    assert turn.key_id.hex() in repr(turn)


# --- what works ------------------------------------------------------------------------------


def test_they_are_what_the_ports_ask_for(tmp_path: Path) -> None:
    made = founded(tmp_path)
    documents: DocumentSigner = made.documents
    objects: SecurityObjectSigner = made.security_objects
    turn = documents.take()
    assert turn.key_id == documents.key_id()
    assert turn.sign(b"document").key_id == turn.key_id
    assert len(objects.sign(FILES).key_id) == 8


def test_the_key_id_is_that_of_the_profile(tmp_path: Path) -> None:
    """`docs/chip-profile-ktp-el.md` section 6."""
    made = founded(tmp_path)
    spki = made.keys.held["DS-1"].public_key
    expected = hashlib.sha256(spki).digest()[:8]
    assert made.documents.key_id() == key_id_of(spki) == expected
    (trusted,) = trusted_signers(made.registry)
    assert (trusted.key_id, trusted.public_key) == (expected, spki)
    assert trusted.facts == {
        "label": "DS-1",
        "begins": "2026-01-05T08:29:00Z",
        "ends": "2026-04-07T08:29:00Z",
    }


def test_the_key_id_of_a_used_up_signer_is_the_next_one_s(tmp_path: Path) -> None:
    made = founded(tmp_path)
    made.authority.prepare_next(KTP_EL)
    made.use_up("DS-1")
    waiting = key_id_of(made.keys.held["DS-2"].public_key)
    assert made.documents.key_id() == waiting == made.documents.take().key_id


def test_a_signer_s_certificate_begins_before_its_first_signature(tmp_path: Path) -> None:
    made = founded(tmp_path)
    for label in ("DS-1", "LDS-1"):
        facts = read_certificate(made.registry.certificate(label))
        assert facts.begins < NOW
        assert facts.use_ends - facts.use_begins == 92 * DAY
        assert facts.expires == facts.use_ends.replace(year=facts.use_ends.year + 10)
        csca = read_certificate(made.authority.certificate())
        assert csca.begins <= facts.begins < facts.expires <= csca.expires


def test_eighty_percent_is_told(tmp_path: Path) -> None:
    made = founded(tmp_path)
    made.use_up("DS-1", left=20_001)
    by_label = {usage.label: usage for usage in made.registry.usage(NOW)}
    assert (by_label["DS-1"].left, by_label["DS-1"].alarm) == (20_001, False)
    made.use_up("DS-1", left=20_000)
    by_label = {usage.label: usage for usage in made.registry.usage(NOW)}
    assert by_label["DS-1"].alarm
    assert not by_label["LDS-1"].alarm
    late = made.registry.usage(NOW + 74 * DAY)
    assert all(usage.alarm for usage in late)
    assert by_label["LDS-1"].ends == NOW - timedelta(minutes=1) + 92 * DAY
