"""A photograph that is not free, signatures on the void list, chips of either type."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import CheckOutcome, QaVerdict, Verdict
from ektp.chip_profiles import ICAO_LDS1, KTP_EL, ReadAccess, with_photo_access
from inspection.ktp_el import KtpElInspector

GUARDED = with_photo_access(KTP_EL, ReadAccess.SECURE_MESSAGING)
PHOTO = int(KTP_EL.file("photo").file_id)


def outcome(verdict: QaVerdict, name: str) -> CheckOutcome:
    return next(check.outcome for check in verdict.checks if check.name == name)


def refusing_photo(lab: SimpleNamespace) -> type:
    class Chip(lab.FakeChip):
        def _read(self, command: CommandApdu, *, protected: bool) -> ResponseApdu:
            if self.selected == PHOTO and not protected:
                return ResponseApdu(b"", 0x6982)
            return super()._read(command, protected=protected)

    return Chip


def guarded_chip(lab: SimpleNamespace, files: dict[str, bytes] | None = None) -> object:
    return refusing_photo(lab)(stored=lab.a_chip(files or lab.plain_files()).stored)


def inspector(lab: SimpleNamespace, **options: object) -> KtpElInspector:
    return KtpElInspector(lab.FakeSam(), [lab.signer()], **options)


def test_a_photo_that_reads_in_plain_and_should_not(lab: SimpleNamespace) -> None:
    files = lab.plain_files()
    verdict = inspector(lab, profile=GUARDED).inspect(lab.a_chip(files), lab.expectation(files))
    assert verdict.failed == ("access.forbidden_reads",)
    assert verdict.verdict is Verdict.FAIL


def test_a_photo_that_should_read_in_plain_and_does_not(lab: SimpleNamespace) -> None:
    expected = lab.expectation(lab.plain_files())
    verdict = inspector(lab).inspect(guarded_chip(lab), expected)
    assert {"access.free_reads", "file.photo"} <= set(verdict.failed)


def test_a_guarded_photo_is_read_in_the_session(lab: SimpleNamespace) -> None:
    files = lab.plain_files()
    expected = lab.expectation(files)
    for read in ("inspect", "look", "verify"):
        chip = guarded_chip(lab, files)
        verdict = getattr(inspector(lab, profile=GUARDED), read)(chip, expected)
        assert verdict.verdict is Verdict.PASS, verdict.failed
        assert outcome(verdict, "photo.jpeg") is CheckOutcome.PASSED


def test_without_a_sam_a_guarded_photo_is_unavailable(lab: SimpleNamespace) -> None:
    verdict = KtpElInspector(None, [lab.signer()], profile=GUARDED).verify(guarded_chip(lab))
    assert verdict.verdict is Verdict.HOLD
    for name in ("file.photo", "photo.jpeg", "signature.not_voided"):
        assert outcome(verdict, name) is CheckOutcome.UNAVAILABLE


def test_a_void_signature_fails_though_it_verifies(lab: SimpleNamespace) -> None:
    files = lab.plain_files()
    void = {hashlib.sha256(files["digital_signature"]).digest()}
    verdict = inspector(lab, is_voided=void.__contains__).look(
        lab.a_chip(files), lab.expectation(files)
    )
    assert verdict.failed == ("signature.not_voided",)
    assert outcome(verdict, "signature.valid") is CheckOutcome.PASSED


def test_another_profile_is_a_programmers_mistake(lab: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="ktp-el"):
        inspector(lab, profile=ICAO_LDS1)
