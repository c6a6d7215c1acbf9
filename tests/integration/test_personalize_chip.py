"""A synthetic record, prepared, bound with the soft token, written into the simulated chip, and
read by the inspection through the simulated SAM: packages that share no code meet on one card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import Expectation, Verdict
from ektp.chip_profiles import KTP_EL
from ektp.errors import BlankRefused, ChipError, ReadbackMismatch
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.perso import ChipImage, PersoPackage
from ektp.ports import Inspector
from ektp.printer_profiles import print_geometry
from hsm.sam_channel import CardSamChannel
from hsm.soft_token import SoftToken
from inspection.ktp_el import KtpElInspector
from personalization.binding import attempt_digest, bind
from personalization.encoding import personalize, prove_blank, terminate
from personalization.evidence import Progress, read_evidence
from personalization.prepare import precheck, prepare
from personalization.transcript import RecordingChannel
from pipeline.intake.record_json import record_from_json
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from simulation.chip.faults import ChipFaults
from simulation.people.records import generate
from simulation.sam.card import SamCardChannel, SimulatedSam

SERIAL = CardSerial("60010000002A0001")
JOB = JobId.parse("J-00000000055")
ATTEMPT = AttemptId.parse("A-00000000077")
GEOMETRY = print_geometry("cr80-300-1016x648")


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftToken]:
    folder: Path = tmp_path_factory.mktemp("token") / "soft"
    with SoftToken.create(folder, "0000", FixedClock()) as opened:
        yield opened


@pytest.fixture(scope="module")
def package() -> PersoPackage:
    record = record_from_json(json.dumps(next(generate(1, 7))).encode())
    precheck(record, GEOMETRY)
    return prepare(record, GEOMETRY)


@pytest.fixture
def bound(package: PersoPackage, token: SoftToken) -> tuple[ChipImage, Expectation]:
    return bind(
        package,
        card=SERIAL,
        attempt=ATTEMPT,
        on=date(2026, 1, 5),
        keys=token,
        signer=token.document_signer,
        key_version=1,
    )


@pytest.fixture
def inspector(token: SoftToken) -> Inspector:
    issue = token.issue_simulated_sam()
    sam = SimulatedSam(
        master_keys={issue.read_master_version: issue.read_master_key},
        open_secret=issue.open_secret,
        signers=issue.signers,
    )
    channel = CardSamChannel(SamCardChannel(sam), issue.open_secret)
    return KtpElInspector(channel, token.trusted_signers())


@pytest.fixture
def chip() -> Chip:
    return Chip.blank(SERIAL)


def fresh_field(chip: Chip) -> ChipChannel:
    chip.reset()
    return ChipChannel(chip)


def test_a_failing_cell_is_noticed(
    chip: Chip, bound: tuple[ChipImage, Expectation], token: SoftToken
) -> None:
    chip.faults = ChipFaults(memory_failure_at=3000)
    with pytest.raises(ChipError):
        personalize(ChipChannel(chip), bound[0], token, JOB)
    assert read_evidence(fresh_field(chip)).progress in {Progress.BEGUN, Progress.WRITTEN}
    assert terminate(fresh_field(chip), None)


def test_a_bit_that_turns_on_the_way_is_noticed(
    chip: Chip, bound: tuple[ChipImage, Expectation], token: SoftToken
) -> None:
    class Noisy(ChipChannel):
        def transmit(self, command: CommandApdu) -> ResponseApdu:
            if command.ins == 0xD6 and len(command.data) == 240 and command.p1 == 2:
                data = bytes((command.data[0] ^ 1, *command.data[1:]))
                command = CommandApdu(0, 0xD6, command.p1, command.p2, data)
            return super().transmit(command)

    with pytest.raises(ReadbackMismatch) as mismatch:
        personalize(Noisy(chip), bound[0], token, JOB)
    assert mismatch.value.facts["file"] == "6FF2"


def test_a_cut_at_any_byte_leaves_true_evidence(
    bound: tuple[ChipImage, Expectation], token: SoftToken
) -> None:
    seen = set()
    for apdu in range(1, 60):
        for byte in (0, 1, 120):
            chip = Chip.blank(SERIAL)
            chip.tear_after(apdu, byte)
            with suppress(ChipError):
                personalize(ChipChannel(chip), bound[0], token, JOB)
            chip.faults = ChipFaults()
            evidence = read_evidence(fresh_field(Chip.from_bytes(bytes(chip))))
            seen.add(evidence.progress)
            assert evidence.card == SERIAL
            assert evidence.untouched == (evidence.progress is Progress.BLANK)
            if evidence.progress is Progress.CLOSED:
                assert evidence.closed_for == attempt_digest(ATTEMPT)
            if evidence.marker is not None:
                assert evidence.belongs_to(ATTEMPT)
            if evidence.holds(bound[0].digests):
                assert evidence.progress is Progress.WRITTEN
    assert seen == {Progress.BLANK, Progress.BEGUN, Progress.WRITTEN, Progress.CLOSED}


def test_a_card_that_was_used_is_no_blank(
    chip: Chip, bound: tuple[ChipImage, Expectation], token: SoftToken
) -> None:
    personalize(ChipChannel(chip), bound[0], token, JOB)
    with pytest.raises(BlankRefused):
        prove_blank(fresh_field(chip))


def test_a_stranger_finds_what_was_bound(
    chip: Chip,
    bound: tuple[ChipImage, Expectation],
    token: SoftToken,
    inspector: Inspector,
) -> None:
    image, expected = bound
    channel = ChipChannel(chip)
    assert prove_blank(channel) == SERIAL
    report = personalize(channel, image, token, JOB)
    assert report.digests == image.digests
    verdict = inspector.inspect(fresh_field(chip), expected)
    assert verdict.verdict is Verdict.PASS, verdict.failed
    assert verdict.card == SERIAL
    evidence = read_evidence(fresh_field(chip))
    assert (evidence.progress, evidence.closed_for) == (Progress.CLOSED, attempt_digest(ATTEMPT))


def test_a_stranger_does_not_take_the_card_for_another_attempt(
    chip: Chip,
    package: PersoPackage,
    bound: tuple[ChipImage, Expectation],
    token: SoftToken,
    inspector: Inspector,
) -> None:
    personalize(ChipChannel(chip), bound[0], token, JOB)
    _, other = bind(
        package,
        card=SERIAL,
        attempt=AttemptId.parse("A-0123456789P"),
        on=date(2026, 1, 5),
        keys=token,
        signer=token.document_signer,
        key_version=1,
    )
    assert inspector.inspect(fresh_field(chip), other).verdict is Verdict.FAIL


def test_a_closed_chip_dies_by_its_own_key_only(
    chip: Chip,
    bound: tuple[ChipImage, Expectation],
    token: SoftToken,
    inspector: Inspector,
) -> None:
    personalize(ChipChannel(chip), bound[0], token, JOB)
    assert not terminate(fresh_field(chip), None)
    assert read_evidence(fresh_field(chip)).progress is Progress.CLOSED
    assert terminate(fresh_field(chip), token)
    assert read_evidence(fresh_field(chip)).progress is Progress.TERMINATED
    assert inspector.inspect(fresh_field(chip), bound[1]).verdict is Verdict.FAIL


def test_no_key_and_no_person_stands_in_the_record_of_a_personalization(
    chip: Chip, bound: tuple[ChipImage, Expectation], package: PersoPackage, token: SoftToken
) -> None:
    recorder = RecordingChannel(ChipChannel(chip))
    personalize(recorder, bound[0], token, JOB)
    text = "\n".join(recorder.lines)
    nik = package.file("biodata").content.reveal()[3:19]
    with token.chip_keys(SERIAL, bound[0].files[0][1].reveal()[2:]) as keys:
        block = keys.load_payload()
    assert nik.decode() not in text
    assert nik.hex().upper() not in text.upper()
    assert block[:8].hex().upper() not in text.upper()
    assert hashlib.sha256(block).hexdigest()[:16] not in text
    assert len(KTP_EL.files) == text.count("Le=20")
