"""The verdict over good cards, and over each way in which a card can be another than approved."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import CheckOutcome, Expectation, QaVerdict, Verdict
from ektp.chip_profiles import KTP_EL
from ektp.errors import ConfigurationError
from ektp.ids import AttemptId, CardSerial
from ektp.ports import Inspector, TrustedSigner
from inspection import KtpElInspector
from inspection.ledger import CHECKS

SECURED = ("biodata", "signature_image", "minutiae_1", "minutiae_2", "digital_signature")


def outcome(verdict: QaVerdict, name: str) -> CheckOutcome:
    return next(check.outcome for check in verdict.checks if check.name == name)


def inspect(lab: SimpleNamespace, files: dict[str, bytes], **more: object) -> QaVerdict:
    """A chip with these files against what they say themselves."""
    inspector = KtpElInspector(lab.FakeSam(), [lab.signer()])
    return inspector.inspect(lab.a_chip(files, **more), lab.expectation(files))


def test_a_good_card_passes_every_check(lab: SimpleNamespace) -> None:
    inspector: Inspector = KtpElInspector(lab.FakeSam(), [lab.signer()])
    files = lab.plain_files()
    chip = lab.a_chip(files)
    verdict = inspector.inspect(chip, lab.expectation(files))
    assert verdict.failed == ()
    assert verdict.verdict is Verdict.PASS
    assert verdict.card == lab.SERIAL
    assert not chip.past_end
    assert tuple(check.name for check in verdict.checks) == tuple(CHECKS)
    assert {check.outcome for check in verdict.checks} == {CheckOutcome.PASSED}


def test_reading_begins_in_a_fresh_field_and_ends_the_session(lab: SimpleNamespace) -> None:
    files, sam = lab.plain_files(), lab.FakeSam()
    chip = lab.a_chip(files)
    KtpElInspector(sam, [lab.signer()]).inspect(chip, lab.expectation(files))
    assert chip.resets == 1
    assert not sam.in_session
    assert not sam.deciphering


def test_the_second_reading_reads_everything_and_writes_nothing(lab: SimpleNamespace) -> None:
    files = lab.plain_files()
    chip = lab.a_chip(files)
    verdict = KtpElInspector(lab.FakeSam(), [lab.signer()]).look(chip, lab.expectation(files))
    assert verdict.verdict is Verdict.PASS
    assert outcome(verdict, "access.forbidden_writes") is CheckOutcome.NOT_APPLICABLE
    assert all(
        outcome(verdict, f"digest.{file.name}") is CheckOutcome.PASSED for file in KTP_EL.files
    )
    assert {command.ins for command in chip.commands} <= {0xCA, 0xF2, 0xA4, 0xB0, 0x84, 0x82}


def test_without_sam_the_free_half_is_checked_and_the_card_is_held(lab: SimpleNamespace) -> None:
    files = lab.plain_files()
    verdict = KtpElInspector(None, [lab.signer()]).inspect(
        lab.a_chip(files), lab.expectation(files)
    )
    assert verdict.verdict is Verdict.HOLD
    for name in SECURED:
        assert outcome(verdict, f"file.{name}") is CheckOutcome.UNAVAILABLE
        assert outcome(verdict, f"digest.{name}") is CheckOutcome.UNAVAILABLE
    for name in ("channel.mutual_authentication", "signature.valid", "biodata.fields"):
        assert outcome(verdict, name) is CheckOutcome.UNAVAILABLE
    for name in ("chip.serial", "digest.photo", "digest.card_control", "access.forbidden_reads"):
        assert outcome(verdict, name) is CheckOutcome.PASSED


def test_a_strangers_card_is_decided_by_its_signature(lab: SimpleNamespace) -> None:
    inspector = KtpElInspector(lab.FakeSam(), [lab.signer()])
    files = lab.plain_files()
    verdict = inspector.verify(lab.a_chip(files))
    assert verdict.verdict is Verdict.PASS
    assert outcome(verdict, "digest.photo") is CheckOutcome.NOT_APPLICABLE
    assert outcome(verdict, "card_control.attempt") is CheckOutcome.NOT_APPLICABLE
    files["photo"] = lab.prefixed(lab.jpeg(1600))
    assert inspector.verify(lab.a_chip(files)).failed == ("signature.valid",)


def test_a_card_without_fingers_passes(lab: SimpleNamespace) -> None:
    fields = (*lab.FIELDS[:17], "0", "0", *lab.FIELDS[19:])
    files = lab.plain_files(
        biodata=lab.prefixed(lab.biodata_line(fields)), minutiae_1=bytes(8), minutiae_2=bytes(8)
    )
    verdict = inspect(lab, files)
    assert verdict.verdict is Verdict.PASS
    assert outcome(verdict, "minutiae.format") is CheckOutcome.NOT_APPLICABLE


def test_a_finger_that_biodata_does_not_name_fails(lab: SimpleNamespace) -> None:
    assert inspect(lab, lab.plain_files(minutiae_2=bytes(8))).failed == ("minutiae.format",)


@pytest.mark.parametrize("state", [0x00, 0x01, 0x07, 0x7F, 0xFF])
def test_only_a_closed_chip_passes_and_an_open_one_is_not_written(
    lab: SimpleNamespace, state: int
) -> None:
    files = lab.plain_files()
    chip = lab.a_chip(files, state=state)
    verdict = KtpElInspector(lab.FakeSam(), [lab.signer()]).inspect(chip, lab.expectation(files))
    assert verdict.verdict is Verdict.FAIL
    assert outcome(verdict, "chip.life_cycle") is CheckOutcome.FAILED
    assert {command.ins for command in chip.commands} <= {0xCA, 0xF2, 0xA4, 0xB0, 0x84, 0x82}


def test_another_chip_is_named(lab: SimpleNamespace) -> None:
    files = lab.plain_files()
    chip = lab.a_chip(files, serial=bytes(lab.OTHER_SERIAL))
    verdict = KtpElInspector(lab.FakeSam(), [lab.signer()]).inspect(chip, lab.expectation(files))
    assert verdict.card == lab.OTHER_SERIAL
    assert set(verdict.failed) == {
        "chip.serial",
        "card_control.serial",
        "signature.object",
        "signature.valid",
    }


def test_a_signed_set_cloned_to_another_serial_fails(lab: SimpleNamespace) -> None:
    """The clone's own serial is expected: only what is signed tells."""
    files = lab.plain_files()
    chip = lab.a_chip(files, serial=bytes(lab.OTHER_SERIAL))
    expected = lab.expectation(files, card=lab.OTHER_SERIAL)
    verdict = KtpElInspector(lab.FakeSam(), [lab.signer()]).inspect(chip, expected)
    assert set(verdict.failed) == {"card_control.serial", "signature.object", "signature.valid"}


def test_a_clone_that_patches_its_serial_in_fails(lab: SimpleNamespace) -> None:
    other = bytes(lab.OTHER_SERIAL)
    files = lab.plain_files()
    files["card_control"] = lab.prefixed(lab.card_control(serial=other))
    files["digital_signature"] = files["digital_signature"][:72] + other
    chip = lab.a_chip(files, serial=other)
    expected = lab.expectation(files, card=lab.OTHER_SERIAL)
    verdict = KtpElInspector(lab.FakeSam(), [lab.signer()]).inspect(chip, expected)
    assert verdict.failed == ("signature.valid",)


def test_a_card_of_another_attempt_fails(lab: SimpleNamespace) -> None:
    files = lab.plain_files()
    expected = lab.expectation(files, attempt=AttemptId("A-00000000022"))
    verdict = KtpElInspector(lab.FakeSam(), [lab.signer()]).inspect(lab.a_chip(files), expected)
    assert verdict.failed == ("card_control.attempt",)


@pytest.mark.parametrize("name", [file.name for file in KTP_EL.files])
def test_a_well_signed_file_that_was_not_approved_fails(lab: SimpleNamespace, name: str) -> None:
    files = lab.plain_files()
    approved = lab.expectation({**files, name: files[name] + b"\x00"})
    verdict = KtpElInspector(lab.FakeSam(), [lab.signer()]).inspect(lab.a_chip(files), approved)
    assert verdict.failed == (f"digest.{name}",)


@pytest.mark.parametrize("name", [file.name for file in KTP_EL.files])
def test_a_file_that_nothing_is_expected_of_is_held(lab: SimpleNamespace, name: str) -> None:
    files = lab.plain_files()
    whole = lab.expectation(files)
    digests = {key: value for key, value in whole.digests.items() if key != name}
    expected = Expectation(
        profile=whole.profile, card=whole.card, attempt=whole.attempt, digests=digests
    )
    verdict = KtpElInspector(lab.FakeSam(), [lab.signer()]).inspect(lab.a_chip(files), expected)
    assert verdict.verdict is Verdict.HOLD
    assert verdict.failed == (f"digest.{name}",)


def test_a_signer_that_nobody_trusts_fails(lab: SimpleNamespace) -> None:
    stranger = ec.derive_private_key(0xBAD, ec.SECP256R1())
    files = lab.plain_files()
    inspector = KtpElInspector(lab.FakeSam(), [lab.signer(stranger)])
    verdict = inspector.inspect(lab.a_chip(files), lab.expectation(files))
    assert verdict.verdict is Verdict.FAIL
    assert outcome(verdict, "signature.object") is CheckOutcome.FAILED
    assert outcome(verdict, "signature.valid") is CheckOutcome.INCONCLUSIVE


def test_an_inspector_who_trusts_nobody_cannot_say(lab: SimpleNamespace) -> None:
    files = lab.plain_files()
    verdict = KtpElInspector(lab.FakeSam(), []).inspect(lab.a_chip(files), lab.expectation(files))
    assert verdict.verdict is Verdict.HOLD
    assert verdict.failed == ("signature.object", "signature.valid")


def test_a_forger_with_a_trusted_key_id_fails(lab: SimpleNamespace) -> None:
    forger = ec.derive_private_key(0xBAD, ec.SECP256R1())
    files = lab.plain_files()
    forged = lab.signature_object(files, key=forger)
    files["digital_signature"] = forged[:64] + lab.key_id(lab.SIGNING_KEY) + bytes(lab.SERIAL)
    assert inspect(lab, files).failed == ("signature.valid",)


@pytest.mark.parametrize("r_s", [bytes(64), b"\xff" * 64, bytes(31) + b"\x01" + bytes(32)])
def test_degenerate_signatures_fail(lab: SimpleNamespace, r_s: bytes) -> None:
    files = lab.plain_files()
    files["digital_signature"] = r_s + files["digital_signature"][64:]
    assert inspect(lab, files).failed == ("signature.valid",)


def test_card_control_that_names_another_signer_fails(lab: SimpleNamespace) -> None:
    control = lab.prefixed(lab.card_control(signer=b"somebody"))
    assert inspect(lab, lab.plain_files(card_control=control)).failed == ("signature.object",)


@pytest.mark.parametrize(
    "changed",
    [
        {"version": b"\x02"},
        {"issuer": b"EKTQ"},
        {"date": bytes.fromhex("20260230")},
        {"date": bytes.fromhex("2026AB01")},
        {"fill": bytes(8) + b"\x01"},
        {"fill": bytes(8)},
    ],
)
def test_card_controls_of_another_layout_fail(
    lab: SimpleNamespace, changed: dict[str, bytes]
) -> None:
    verdict = inspect(lab, lab.plain_files(card_control=lab.prefixed(lab.card_control(**changed))))
    assert verdict.verdict is Verdict.FAIL
    assert outcome(verdict, "card_control.layout") is CheckOutcome.FAILED


def test_a_marker_that_is_still_there_fails(lab: SimpleNamespace) -> None:
    files = lab.plain_files()
    chip = lab.a_chip(files)
    chip.stored[0x6FFE] = bytearray(32)
    verdict = KtpElInspector(lab.FakeSam(), [lab.signer()]).inspect(chip, lab.expectation(files))
    assert verdict.failed == ("access.marker_gone",)


def test_a_chip_without_the_application_is_not_read(lab: SimpleNamespace) -> None:
    def no_application(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        return ResponseApdu(b"", 0x6A82) if command.ins == 0xA4 else response

    verdict = inspect(lab, lab.plain_files(), tamper=no_application)
    assert outcome(verdict, "chip.application") is CheckOutcome.FAILED
    assert outcome(verdict, "access.marker_gone") is CheckOutcome.INCONCLUSIVE


@pytest.mark.parametrize("file_id", [0x6FF1, 0x6FF3, 0x6FF4, 0x6FF5, 0x6FF6])
@pytest.mark.parametrize("data", [b"", b"12345678"])
def test_a_secured_file_that_reads_in_plain_fails(
    lab: SimpleNamespace, file_id: int, data: bytes
) -> None:
    files = lab.plain_files()
    chip = lab.a_chip(files)

    def leak(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        plain = command.cla == 0 and command.ins == 0xB0
        leaks = plain and chip.selected == file_id and not chip.session
        return ResponseApdu(data, 0x9000) if leaks else response

    chip.tamper = leak
    verdict = KtpElInspector(lab.FakeSam(), [lab.signer()]).inspect(chip, lab.expectation(files))
    assert verdict.failed == ("access.forbidden_reads",)


def test_a_refusal_that_carries_data_fails(lab: SimpleNamespace) -> None:
    def leak(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        return ResponseApdu(b"12345678", 0x6982) if response.sw == 0x6982 else response

    assert "access.forbidden_reads" in inspect(lab, lab.plain_files(), tamper=leak).failed


def test_a_file_that_reads_bare_within_a_session_fails(lab: SimpleNamespace) -> None:
    verdict = inspect(lab, lab.plain_files(), open_in_session=True)
    assert verdict.failed == ("access.session_reads",)


@pytest.mark.parametrize("ins", [0xD6, 0xE0, 0xD8, 0xF0, 0xB4])
def test_each_command_that_writes_must_be_refused(lab: SimpleNamespace, ins: int) -> None:
    def take(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        return ResponseApdu(b"", 0x9000) if command.ins == ins else response

    verdict = inspect(lab, lab.plain_files(), tamper=take)
    assert verdict.failed == ("access.forbidden_writes",)


def test_the_probe_of_update_writes_the_byte_that_stands_there(lab: SimpleNamespace) -> None:
    files = lab.plain_files()
    chip = lab.a_chip(files)
    KtpElInspector(lab.FakeSam(), [lab.signer()]).inspect(chip, lab.expectation(files))
    updates = [command for command in chip.commands if command.ins == 0xD6]
    assert [command.data for command in updates] == [files["photo"][:1]]
    assert not any(command.p2 == 0xFF for command in chip.commands if command.ins == 0xF0)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo", b"\x89PNG\r\n"),
        ("signature_image", bytes(900)),
        ("minutiae_1", b"FMR\x00 20\x00" + bytes(40)),
        ("biodata", b'"one","two"'),
    ],
)
def test_signed_content_of_another_format_fails(
    lab: SimpleNamespace, name: str, content: bytes
) -> None:
    filled = KTP_EL.file(name).enciphered
    verdict = inspect(lab, lab.plain_files(**{name: lab.prefixed(content, filled=filled)}))
    check = {"photo": "photo.jpeg", "signature_image": "signature_image.bitmap"}.get(
        name, {"minutiae_1": "minutiae.format", "biodata": "biodata.fields"}.get(name, "")
    )
    assert verdict.verdict is Verdict.FAIL
    assert outcome(verdict, check) is CheckOutcome.FAILED
    assert outcome(verdict, "signature.valid") is CheckOutcome.PASSED


def test_fill_that_is_not_zero_fails(lab: SimpleNamespace) -> None:
    finger = lab.minutiae(2, 41)
    dirty = lab.prefixed(finger) + bytes(-len(lab.prefixed(finger)) % 8 - 1) + b"\x01"
    assert len(dirty) % 8 == 0
    verdict = inspect(lab, lab.plain_files(minutiae_1=dirty))
    assert outcome(verdict, "file.minutiae_1") is CheckOutcome.FAILED


def test_nothing_personal_stands_in_a_verdict(lab: SimpleNamespace) -> None:
    files = lab.plain_files()
    spoiled = {
        **files,
        "biodata": lab.prefixed(lab.biodata_line((*lab.FIELDS[:14], "1990", *lab.FIELDS[15:]))),
    }
    for verdict in (
        inspect(lab, files),
        inspect(lab, spoiled),
        KtpElInspector(lab.FakeSam(), []).inspect(lab.a_chip(spoiled), lab.expectation(files)),
    ):
        shown = repr(verdict)
        assert not any(text in shown for text in lab.FIELDS if len(text) > 7)
        assert not any(
            content[at : at + 8].hex() in shown.lower()
            for name, content in files.items()
            if name not in {"card_control", "digital_signature"}
            for at in range(0, len(content) - 8, 8)
            if any(content[at : at + 8])
        )


def test_expecting_what_this_profile_lacks_is_a_mistake(lab: SimpleNamespace) -> None:
    files = lab.plain_files()
    inspector = KtpElInspector(lab.FakeSam(), [])
    for profile, digests in (("icao-lds1", {}), ("ktp-el", {"dg1": bytes(32)})):
        expected = Expectation(
            profile=profile,
            card=CardSerial(lab.SERIAL),
            attempt=lab.ATTEMPT,
            digests=digests,
        )
        with pytest.raises(ValueError, match="ktp-el"):
            inspector.inspect(lab.a_chip(files), expected)


def test_trusted_signers_are_checked_when_the_inspector_is_made(lab: SimpleNamespace) -> None:
    def der(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
        return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    good = lab.signer()
    curve = der(ec.derive_private_key(5, ec.SECP384R1()))
    keys = [(b"12345678", good.public_key)]
    keys += [
        (lab.hashlib.sha256(key).digest()[:8], key)
        for key in (curve, der(rsa.generate_private_key(65537, 2048)), b"no key")
    ]
    for key_id, public_key in keys:
        with pytest.raises(ConfigurationError):
            KtpElInspector(None, [TrustedSigner(key_id=key_id, public_key=public_key)])
