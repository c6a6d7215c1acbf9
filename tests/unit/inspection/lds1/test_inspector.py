"""Whole readings: what passes, what a downgrade is, what each kind of reading tries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import Check, CheckOutcome, Expectation, QaVerdict, Verdict
from inspection.lds1.checks import LDS_CHECKS
from inspection.lds1.ciphers import SessionCipher
from inspection.lds1.curve_table import CURVES
from inspection.lds1.doors import AccessProtocol
from inspection.lds1.files import HOUSE_FILES
from inspection.lds1.inspector import LdsInspector
from inspection.lds1.passwords import AccessPasswords
from inspection.lds1.reading import LdsReading
from inspection.lds1.tlv import encode
from inspection.ledger import Ledger
from tests.unit.inspection.lds1.helpers import (
    ACCESS,
    CA_PRIVATE,
    CAN,
    MRZ,
    SERIAL,
    FakeChip,
    aa_info,
    ca_info,
    ca_key_info,
    evidence,
    expectation,
    explicit_spki,
    groups_of,
    named_spki,
    outcome,
    pace_info,
    security_infos,
    spki_of,
    sw,
)
from tests.unit.inspection.lds1.test_active_authentication import scheme_1

PASSED, FAILED, NA = CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.NOT_APPLICABLE
UNAVAILABLE, INCONCLUSIVE = CheckOutcome.UNAVAILABLE, CheckOutcome.INCONCLUSIVE
DOORS = ("access.pace_can", "access.pace_mrz", "access.bac")
MRZ_ONLY = AccessPasswords.of_mrz(MRZ)
BOTH = AccessPasswords.of(ACCESS)


class Seen:
    """The place of the checks over content: keeps what it is given."""

    checks: ClassVar[Mapping[str, str]] = {}
    reading: LdsReading
    expected: Expectation | None

    def __call__(
        self, *, ledger: Ledger, reading: LdsReading, expected: Expectation | None
    ) -> None:
        assert ledger.outcome("chip.answers") is not INCONCLUSIVE
        self.reading, self.expected = reading, expected


def inspect(chip: FakeChip, expected: Expectation | None = None) -> QaVerdict:
    return LdsInspector().inspect(chip, expected or expectation())


def failed(verdict: QaVerdict) -> set[str]:
    return {check.name for check in verdict.checks if check.outcome is FAILED}


def test_a_good_card_passes_every_check() -> None:
    chip, seen = FakeChip(), Seen()
    verdict = LdsInspector(seen).inspect(chip, expectation())
    assert verdict.verdict is Verdict.PASS
    assert verdict.card == SERIAL
    assert [check.name for check in verdict.checks] == list(LDS_CHECKS)
    absent = {f"file.dg{n}" for n in (3, 4, 5, 6, 8, 9, 10, 16)}
    assert {check.name for check in verdict.checks if check.outcome is NA} == absent
    reading = seen.reading
    assert reading.contents.keys() == HOUSE_FILES.keys()
    assert reading.contents["dg2"] == chip.groups[2]
    assert (reading.contents["com"], reading.contents["sod"]) == (chip.com, chip.sod)
    assert reading.listed == chip.groups.keys()
    assert (reading.serial, reading.access) == (SERIAL, AccessProtocol.PACE)
    assert reading.chip_authenticated
    assert reading.actively_authenticated
    assert "contents" not in repr(reading)


def test_nothing_of_the_holder_is_in_the_evidence() -> None:
    text = repr(inspect(FakeChip()))
    for value in (CAN, "AB1234567", "SITI", "CONTOH", "900115"):
        assert value not in text


@pytest.mark.parametrize("after", ["look", "verify"])
def test_later_readings_write_nothing_and_use_one_password(after: str) -> None:
    chip = FakeChip()
    verdict = getattr(LdsInspector(), after)(chip, expectation())
    assert verdict.verdict is Verdict.PASS
    assert not {c.ins for c in chip.commands} & {0xD6, 0xE0, 0xD8, 0xDA, 0xF0, 0xB4, 0x82, 0x84}
    for name in ("access.forbidden_writes", "access.session_writes", *DOORS[1:]):
        assert (outcome(verdict, name), evidence(verdict, name)) == (
            NA,
            "not tried in this reading",
        )


def test_verify_takes_what_is_typed_in() -> None:
    verdict = LdsInspector().verify(FakeChip(), passwords=MRZ_ONLY)
    assert verdict.verdict is Verdict.PASS
    assert evidence(verdict, "access.pace_can") == "this password is not known"
    assert outcome(verdict, "access.pace_mrz") is PASSED
    only_can = LdsInspector().verify(FakeChip(), passwords=AccessPasswords(can=CAN))
    assert only_can.verdict is Verdict.PASS
    assert outcome(only_can, "access.bac") is NA


def test_without_a_password_the_verdict_is_at_best_a_hold() -> None:
    for verdict in (
        LdsInspector().verify(FakeChip()),
        LdsInspector().inspect(FakeChip(), expectation(access=None)),
    ):
        assert verdict.verdict is Verdict.HOLD
        for name in (*DOORS, "file.dg1", "file.sod", "channel.secure_messaging"):
            assert outcome(verdict, name) is UNAVAILABLE
        assert outcome(verdict, "access.forbidden_reads") is PASSED


@pytest.mark.parametrize(
    ("parameter", "cipher"), list(zip(sorted(CURVES), 3 * list(SessionCipher), strict=False))
)
def test_pace_and_chip_authentication_with_every_curve_and_cipher(
    parameter: int, cipher: SessionCipher
) -> None:
    """ISO7816_G_02 and _04, ISO7816_D_02."""
    curve = CURVES[parameter]
    public = curve.multiply(CA_PRIVATE, curve.generator)
    infos = (
        pace_info(cipher, parameter),
        ca_info(cipher, 5),
        ca_key_info(explicit_spki(curve, public), 5),
        aa_info(),
    )
    chip = FakeChip(
        groups=groups_of(infos=infos),
        offer=(cipher, parameter),
        ca=(cipher, parameter, CA_PRIVATE),
    )
    seen = Seen()
    verdict = LdsInspector(seen).verify(chip, passwords=BOTH)
    assert verdict.verdict is Verdict.PASS, verdict.failed
    assert evidence(verdict, "channel.chip_authentication") == f"{cipher.title} {curve.name}"
    assert seen.reading.contents["dg2"] == chip.groups[2]


def test_the_chip_of_3des_is_told_its_key_at_once() -> None:
    curve = CURVES[12]
    public = curve.multiply(CA_PRIVATE, curve.generator)
    tdes = SessionCipher.TDES
    infos = (pace_info(), ca_info(tdes), ca_key_info(named_spki(curve, public)), aa_info())
    chip = FakeChip(groups=groups_of(infos=infos), ca=(tdes, 12, CA_PRIVATE))
    assert inspect(chip).verdict is Verdict.PASS
    modes = [(c.p1, c.p2) for c in chip.plain if c.ins == 0x22]
    assert (0x41, 0xA6) in modes
    assert (0x41, 0xA4) not in modes


def test_ephemeral_keys_are_fresh_in_each_run() -> None:
    """ISO7816_D_10."""
    chip = FakeChip()
    for _ in range(3):
        inspect(chip)
    sent = [c.data for c in chip.plain if c.ins == 0x86 and len(c.data) > 40]
    assert len(sent) == len(set(sent)) == 3 * (2 * 2 + 1)


def test_an_rsa_key_for_active_authentication() -> None:
    """ISO7816_F_05, its answer longer than a short one under secure messaging."""
    key = rsa.generate_private_key(65537, 2048)
    chip = FakeChip(
        groups=groups_of(active=spki_of(key)), aa=lambda rnd: scheme_1(key, rnd, "sha256")
    )
    verdict = LdsInspector().verify(chip, passwords=BOTH)
    assert evidence(verdict, "chip.active_authentication") == "RSA-2048 sha256"


# --- access ---------------------------------------------------------------------------------


def bac_only(**more: object) -> FakeChip:
    curve = CURVES[12]
    public = curve.multiply(CA_PRIVATE, curve.generator)
    infos = (ca_info(), ca_key_info(named_spki(curve, public)), aa_info())
    return FakeChip(groups=groups_of(infos=infos), offer=None, **more)


def test_a_chip_without_pace_is_opened_by_bac() -> None:
    """ISO7816_A_02."""
    verdict = LdsInspector().verify(bac_only(), passwords=BOTH)
    assert verdict.verdict is Verdict.PASS
    assert outcome(verdict, "file.card_access") is NA
    assert evidence(verdict, "access.pace_can") == "the chip offers no PACE"
    assert outcome(verdict, "access.bac") is PASSED
    assert evidence(verdict, "access.no_downgrade") == "no PACE is offered"


def test_a_card_of_this_house_without_pace_fails() -> None:
    # The probe of the writing commands begins at EF.CardAccess.
    assert failed(inspect(bac_only())) == {"file.card_access", "access.forbidden_writes"}


def refusing_pace(chip: FakeChip) -> FakeChip:
    def refuse(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        return sw(0x6A80) if (command.ins, command.p1) == (0x22, 0xC1) else response

    chip.inner = refuse
    return chip


@pytest.mark.parametrize("passwords", [BOTH, MRZ_ONLY])
def test_pace_that_is_offered_and_gives_way_to_bac_is_a_downgrade(
    passwords: AccessPasswords,
) -> None:
    chip, seen = refusing_pace(FakeChip()), Seen()
    verdict = LdsInspector(seen).verify(chip, passwords=passwords)
    assert verdict.verdict is Verdict.FAIL
    assert failed(verdict) >= {"access.pace_mrz", "access.no_downgrade"}
    assert outcome(verdict, "access.bac") is PASSED
    assert seen.reading.access is AccessProtocol.BAC
    assert "dg1" in seen.reading.contents


def test_a_card_access_from_which_pace_was_taken_is_a_downgrade() -> None:
    chip = FakeChip(offer=None)
    verdict = LdsInspector().verify(chip, passwords=BOTH)
    assert failed(verdict) == {"access.no_downgrade"}
    assert "DG14 offers PACE" in evidence(verdict, "access.no_downgrade")


def test_a_card_access_with_other_pace_than_dg14_is_a_downgrade() -> None:
    weaker = FakeChip(offer=(SessionCipher.TDES, 12))
    verdict = inspect(weaker)
    assert failed(verdict) == {"access.no_downgrade"}
    more = FakeChip(card_access=security_infos(pace_info(), pace_info(SessionCipher.TDES)))
    assert failed(inspect(more)) == {"access.no_downgrade"}


def test_several_parameters_are_named_to_the_chip() -> None:
    """ISO7816_G_06 and _07: the strongest offer is taken, and the chip told which."""
    two = (pace_info(), pace_info(parameter=15))
    curve = CURVES[12]
    keys = (ca_info(), ca_key_info(named_spki(curve, curve.multiply(CA_PRIVATE, curve.generator))))
    chip = FakeChip(
        groups=groups_of(infos=(*two, *keys, aa_info())),
        card_access=security_infos(*two),
        offer=(SessionCipher.AES_128, 15),
    )
    verdict = inspect(chip)
    assert verdict.verdict is Verdict.PASS
    named = [c.data for c in chip.plain if (c.ins, c.p1) == (0x22, 0xC1)]
    assert all(data.endswith(encode(0x84, b"\x0f")) for data in named)


def test_pace_that_only_this_reader_lacks_holds_the_card() -> None:
    integrated = pace_info(mapping=bytes.fromhex("04007F000702020404"))
    chip = FakeChip(card_access=security_infos(integrated))
    verdict = LdsInspector().verify(chip, passwords=BOTH)
    for name in ("access.card_access", "access.pace_can", "access.pace_mrz", "access.no_downgrade"):
        assert outcome(verdict, name) is UNAVAILABLE
    assert verdict.verdict is Verdict.HOLD


@pytest.mark.parametrize(
    "raw", [b"\x31\x80", b"\x31\x02\x30\x00", security_infos(pace_info(parameter=4))]
)
def test_a_card_access_that_is_not_sound_fails(raw: bytes) -> None:
    """ISO7816_G_27 and _28."""
    verdict = LdsInspector().verify(FakeChip(card_access=raw), passwords=BOTH)
    assert verdict.verdict is Verdict.FAIL
    assert "access.no_downgrade" in failed(verdict)
    assert failed(verdict) & {"file.card_access", "access.card_access"}
    assert outcome(verdict, "access.pace_can") is not PASSED


@pytest.mark.parametrize(
    ("change", "door"), [({"can": b"654321"}, 0), ({"mrz_secret": bytes(20)}, 1)]
)
def test_a_password_that_does_not_open_the_chip_fails_its_check(
    change: dict[str, bytes], door: int
) -> None:
    verdict = inspect(FakeChip(**change))
    assert outcome(verdict, DOORS[door]) is FAILED
    assert outcome(verdict, DOORS[1 - door]) is PASSED
    assert outcome(verdict, "access.bac") is (PASSED if door == 0 else FAILED)
    assert outcome(verdict, "file.dg1") is PASSED


def test_no_password_opens_the_chip() -> None:
    verdict = inspect(FakeChip(can=b"1", mrz_secret=bytes(20)))
    assert failed(verdict) == set(DOORS)
    assert outcome(verdict, "file.dg1") is INCONCLUSIVE


def test_a_card_of_this_house_without_bac_fails() -> None:
    assert failed(inspect(FakeChip(bac=False))) == {"access.bac"}


# --- what must be refused -------------------------------------------------------------------


@pytest.mark.parametrize("file_id", [0x011E, 0x011D, 0x0101, 0x0102, 0x010F])
def test_a_file_that_reads_in_plain_is_found(file_id: int) -> None:
    verdict = inspect(FakeChip(open_files=frozenset({file_id})))
    # EF.COM is the file that stands selected when a session's bare read is tried.
    also = {"access.session_reads"} if file_id == 0x011E else set()
    assert failed(verdict) == {"access.forbidden_reads"} | also
    assert f"{file_id:04X}" in evidence(verdict, "access.forbidden_reads")


@pytest.mark.parametrize("how", ["short identifier", "SELECT", "6981"])
def test_a_file_that_is_refused_in_another_way_is_found(how: str) -> None:
    def answer(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        plain = command.cla == 0x00 and chip.in_application and chip.session is None
        by_short = command.ins == 0xB0 and command.p1 & 0x80
        if plain and how == "short identifier" and by_short and command.p1 == 0x81:
            return ResponseApdu(b"\x61", 0x9000)
        if plain and how == "SELECT" and command.ins == 0xA4 and command.data == b"\x01\x01":
            return ResponseApdu(b"\x6f\x00", 0x9000)
        if plain and how == "6981" and command.ins == 0xB0 and not by_short:
            return sw(0x6981)
        return response

    chip = FakeChip(outer=answer)
    assert failed(inspect(chip)) == {"access.forbidden_reads"}


def test_a_chip_that_can_still_be_written_is_found() -> None:
    assert failed(inspect(FakeChip(writable=True))) >= {"access.forbidden_writes"}
    assert failed(inspect(FakeChip(writable_inside=True))) == {"access.session_writes"}


def test_an_open_chip_is_not_tried_to_be_written() -> None:
    chip = FakeChip(state=0x01)
    verdict = inspect(chip)
    assert failed(verdict) == {"chip.life_cycle"}
    assert outcome(verdict, "access.forbidden_writes") is INCONCLUSIVE
    assert not {c.ins for c in chip.commands if c.cla in (0x00, 0x80)} & {0xD6, 0xE0, 0xD8, 0xDA}


def test_com_that_is_not_selected_again_is_no_refused_write() -> None:
    def hide(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        late = any(c.data == b"\x01\xfe" for c in chip.plain)
        return sw(0x6A82) if late and command.data == b"\x01\x1e" else response

    chip = FakeChip(inner=hide)
    assert failed(inspect(chip)) == {"access.session_writes"}


def test_a_marker_that_stands_is_found() -> None:
    assert failed(inspect(FakeChip(marker=True))) == {"access.marker_gone"}


def test_a_bare_read_in_a_session_is_found() -> None:
    assert failed(inspect(FakeChip(bare_reads=True))) == {"access.session_reads"}


# --- files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2, 7, 11, 12, 13, 14, 15])
def test_a_missing_data_group_fails_a_card_of_this_house(number: int) -> None:
    chip = FakeChip(groups=groups_of(**{f"dg{number}": None}))
    verdict = inspect(chip)
    assert verdict.verdict is Verdict.FAIL
    assert f"file.dg{number}" in failed(verdict)


def test_a_passport_may_have_fewer_and_others() -> None:
    groups = groups_of(dg7=None, dg12=None, dg13=None, dg15=None, picture_bytes=30000)
    groups |= {3: encode(0x63, bytes(40)), 5: encode(0x65, bytes(40)), 16: encode(0x70, bytes(9))}

    def keep_fingers(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        return sw(0x6982) if command.ins == 0xB0 and chip.selected == 0x0103 else response

    chip = FakeChip(groups=groups, card_control=None, inner=keep_fingers)
    verdict = LdsInspector().verify(chip, passwords=BOTH)
    assert verdict.verdict is Verdict.PASS, verdict.failed
    assert (outcome(verdict, "file.dg3"), outcome(verdict, "file.dg5")) == (NA, PASSED)
    assert outcome(verdict, "file.card_control") is NA
    assert evidence(verdict, "chip.active_authentication") == "no DG15"


def test_a_listed_data_group_that_is_not_there_fails() -> None:
    groups = groups_of()
    chip = FakeChip(groups=groups)
    del groups[13]
    assert failed(LdsInspector().verify(chip, passwords=BOTH)) == {"file.dg13"}


def test_sod_alone_lists_too() -> None:
    chip = FakeChip()
    chip.com = encode(0x60, encode(0x5C, b"\x61"))
    seen = Seen()
    assert LdsInspector(seen).verify(chip, passwords=BOTH).verdict is Verdict.PASS
    assert seen.reading.listed == chip.groups.keys()


@pytest.mark.parametrize("name", ["com", "sod"])
def test_lists_that_cannot_be_read_fail(name: str) -> None:
    chip = FakeChip()
    setattr(chip, name, encode(0x60 if name == "com" else 0x77, b"\x04\x00"))
    verdict = inspect(chip)
    assert f"file.{name}" in failed(verdict)


def test_the_profile_bounds_a_card_of_this_house_alone() -> None:
    chip = FakeChip(groups=groups_of(picture_bytes=16000))
    assert failed(inspect(chip)) == {"file.dg2"}
    assert LdsInspector().verify(chip, passwords=BOTH).verdict is Verdict.PASS


@pytest.mark.parametrize("end", ["6282", "6B00", "6C", "short"])
def test_every_way_to_tell_the_end_of_a_file(end: str) -> None:
    assert inspect(FakeChip(end=end)).verdict is Verdict.PASS


# --- proofs ---------------------------------------------------------------------------------


def test_a_chip_that_keeps_its_old_keys_fails_and_the_rest_is_read() -> None:
    """ISO7816_D_09."""
    seen = Seen()
    verdict = LdsInspector(seen).inspect(FakeChip(keep_old_keys=True), expectation())
    assert failed(verdict) == {"channel.chip_authentication"}
    assert not seen.reading.chip_authenticated
    assert "dg2" in seen.reading.contents


def test_a_chip_that_opens_no_second_time_after_a_failed_proof() -> None:
    def once(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        again = chip.resets > 3 and (command.ins, command.p1) == (0x22, 0xC1)
        return sw(0x6983) if again else response

    chip = FakeChip(keep_old_keys=True, inner=once)
    verdict = inspect(chip)
    assert failed(verdict) >= {"channel.chip_authentication", "access.pace_can"}
    assert outcome(verdict, "file.dg14") is PASSED
    assert outcome(verdict, "file.dg1") is INCONCLUSIVE
    assert outcome(verdict, "access.bac") is PASSED


def test_a_copy_with_another_key_fails() -> None:
    """A signed set that was copied to another chip: everything reads, nothing is proved."""
    chip = FakeChip(
        ca=(SessionCipher.AES_128, 12, CA_PRIVATE + 1),
        aa=lambda _: bytes(63) + b"\x01",
    )
    verdict = inspect(chip)
    assert failed(verdict) == {"channel.chip_authentication", "chip.active_authentication"}


@pytest.mark.parametrize("status", [0x6300, 0x6982, 0x6A80, 0x6A88, 0x6985])
@pytest.mark.parametrize("ins", [0x22, 0x86])
def test_errors_in_chip_authentication(ins: int, status: int) -> None:
    """ISO7816_D_15."""

    def refuse(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        now = "ca" in chip.step and command.ins == ins
        return sw(status) if now else response

    chip = FakeChip(inner=refuse)
    verdict = inspect(chip)
    assert failed(verdict) == {"channel.chip_authentication"}
    assert f"{status:04X}" in evidence(verdict, "channel.chip_authentication")


def test_a_select_under_the_new_keys_that_is_refused_is_no_proof() -> None:
    def refuse(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        after = any(c.ins == 0x86 and c.cla == 0x00 and len(c.data) > 40 for c in chip.plain[-3:-1])
        return sw(0x6982) if after and command.data == b"\x01\x1e" else response

    chip = FakeChip(inner=refuse)
    assert failed(inspect(chip)) == {"channel.chip_authentication"}


def test_more_than_an_empty_template_is_no_answer() -> None:
    def more(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        empty = response.data == b"\x7c\x00"
        return ResponseApdu(b"\x7c\x02\x81\x00", 0x9000) if empty else response

    assert failed(inspect(FakeChip(inner=more))) == {"channel.chip_authentication"}


def test_proofs_that_are_not_offered_fail_a_card_of_this_house_alone() -> None:
    bare = groups_of(infos=(pace_info(),), dg15=None)
    verdict = inspect(FakeChip(groups=bare))
    assert failed(verdict) == {"channel.chip_authentication", "file.dg15"}
    assert outcome(verdict, "chip.active_authentication") is INCONCLUSIVE
    passport = LdsInspector().verify(FakeChip(groups=bare), passwords=BOTH)
    assert passport.verdict is Verdict.PASS
    assert outcome(passport, "channel.chip_authentication") is NA


def test_a_key_with_parameters_of_its_own_is_refused_and_the_rest_is_read() -> None:
    """ISO7816_D_12: the session that is open goes on, nothing was sent."""
    curve = CURVES[12]
    public = curve.multiply(CA_PRIVATE, curve.generator)
    infos = (pace_info(), ca_info(), ca_key_info(explicit_spki(curve, public, a=5)), aa_info())
    chip = FakeChip(groups=groups_of(infos=infos))
    assert failed(inspect(chip)) == {"channel.chip_authentication"}
    assert not [c for c in chip.plain if (c.ins, c.p1) == (0x22, 0x41)]


def test_an_announcement_of_a_hash_that_cannot_be() -> None:
    """ISO7816_F_09."""
    curve = CURVES[12]
    key = ca_key_info(named_spki(curve, curve.multiply(CA_PRIVATE, curve.generator)))
    chip = FakeChip(groups=groups_of(infos=(pace_info(), ca_info(), key, aa_info(9))))
    assert failed(inspect(chip)) == {"chip.active_authentication"}


# --- arguments ------------------------------------------------------------------------------


def test_an_expectation_of_another_profile_is_a_programmers_mistake() -> None:
    for changed in ({"profile": "ktp-el"}, {"digests": {"photo": bytes(32)}}):
        with pytest.raises(ValueError, match="icao-lds1"):
            LdsInspector().inspect(FakeChip(), replace(expectation(), **changed))


def test_another_chip_than_expected_fails() -> None:
    verdict = inspect(FakeChip(serial=bytes(8)))
    assert failed(verdict) == {"chip.serial"}
    assert isinstance(verdict.checks[0], Check)
