"""Chips of either type, with a random UID, and with a photograph that is not free: made by the
personalization, read by the inspector of ktp-el, and cards of icao-lds1 with all their signatures.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ektp.cards import CheckOutcome, Verdict
from ektp.chip_profiles import ICAO_LDS1, KTP_EL, ReadAccess, with_photo_access
from hsm.sam_channel import CardSamChannel
from hsm.signers.trust import trust_anchors
from inspection.ktp_el import KtpElInspector
from inspection.lds1.contents import LdsContentChecks
from inspection.lds1.inspector import LdsInspector
from personalization.profiles.choice import personalization_for
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from simulation.chip.radio import RadioType
from simulation.sam.card import SamCardChannel, SimulatedSam
from tests.integration.personalize_bench import (
    ATTEMPT,
    DAY,
    JOB,
    SERIAL,
    Bench,
    Chance,
    FixedClock,
    fresh_field,
    package_of,
)

GUARDED = with_photo_access(KTP_EL, ReadAccess.SECURE_MESSAGING)
RANDOM_UID = bytes.fromhex("08A1B2C3")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("token") / "soft")
    yield made
    made.token.close()


def sam_of(bench: Bench) -> CardSamChannel:
    issue = bench.token.issue_simulated_sam()
    sam = SimulatedSam(
        master_keys={issue.read_master_version: issue.read_master_key},
        open_secret=issue.open_secret,
        signers=issue.signers,
    )
    return CardSamChannel(SamCardChannel(sam), issue.open_secret)


@pytest.mark.parametrize("radio", list(RadioType))
@pytest.mark.parametrize("profile", [KTP_EL, GUARDED], ids=["free photo", "guarded photo"])
def test_both_types_and_both_rules(bench: Bench, radio: RadioType, profile: object) -> None:
    line = personalization_for(
        profile,
        keys=bench.token,
        signer=bench.token.document_signer,
        security_object_signer=bench.token.security_object_signer,
        key_version=1,
        entropy=Chance(),
    )
    binding = line.bind(
        package_of(KTP_EL), card=SERIAL, attempt=ATTEMPT, on=DAY, is_free=lambda _: True
    )
    chip = Chip.blank(
        SERIAL,
        transport_keys=bench.maker.key_set(SERIAL, KTP_EL),
        profile=KTP_EL,
        radio=radio,
    )
    line.personalize(ChipChannel(chip), binding.image, JOB)
    trusted = bench.token.issue_simulated_sam().signers
    inspector = KtpElInspector(sam_of(bench), trusted, profile=profile)
    verdict = inspector.inspect(fresh_field(chip), binding.expected)
    assert verdict.verdict is Verdict.PASS, verdict.failed
    other = GUARDED if profile is KTP_EL else KTP_EL
    told = KtpElInspector(sam_of(bench), trusted, profile=other)
    assert told.inspect(fresh_field(chip), binding.expected).verdict is Verdict.FAIL


def test_a_chip_whose_uid_is_new_in_each_field(bench: Bench) -> None:
    binding = bench.bound(KTP_EL)
    chip = Chip.blank(
        SERIAL,
        transport_keys=bench.maker.key_set(SERIAL, KTP_EL),
        profile=KTP_EL,
        uid=RANDOM_UID,
    )
    bench.personalization(KTP_EL).personalize(ChipChannel(chip), binding.image, JOB)
    inspector = bench.inspector(KTP_EL)
    for _ in range(2):
        verdict = inspector.look(fresh_field(chip), binding.expected)
        assert verdict.verdict is Verdict.PASS, verdict.failed


def test_a_card_of_icao_lds1_by_all_its_checks(bench: Bench) -> None:
    binding = bench.bound(ICAO_LDS1)
    chip = bench.blank(ICAO_LDS1)
    bench.personalization(ICAO_LDS1).personalize(ChipChannel(chip), binding.image, JOB)
    bench.token.authority.fresh_list()
    voided = {binding.image.signature_digest}
    anchors = trust_anchors(bench.token.registry)
    now = FixedClock().now
    verdict = LdsInspector(LdsContentChecks(anchors, now=now)).inspect(
        fresh_field(chip), binding.expected
    )
    assert verdict.verdict is Verdict.PASS, verdict.failed
    void = LdsContentChecks(anchors, now=now, is_voided=voided.__contains__)
    verdict = LdsInspector(void).look(fresh_field(chip), binding.expected)
    assert verdict.failed == ("passive.not_voided",)
    outcomes = {check.name: check.outcome for check in verdict.checks}
    assert outcomes["passive.signature"] is CheckOutcome.PASSED
