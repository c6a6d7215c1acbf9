from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ektp.chip_profiles import KTP_EL
from ektp.errors import ApduRefused, BlankRefused, CardAbsent, ReadbackMismatch
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.perso import ChipImage, PersoPackage
from ektp.personal import PersonalBytes
from personalization.binding import CardControl, attempt_digest, bind, card_control_of
from personalization.encoding import close, personalize, prove_blank, terminate, verify, write
from personalization.script import PersonalizationScript, Phase, marker_content, script_for
from personalization.transcript import RecordingChannel, TranscriptChannel

GOLDEN = Path(__file__).parents[3] / "golden" / "chip"


@pytest.fixture
def image(
    package: PersoPackage, serial: CardSerial, attempt: AttemptId, keys: Any, signer: Any
) -> ChipImage:
    return bind(
        package,
        card=serial,
        attempt=attempt,
        on=date(2026, 1, 31),
        keys=keys,
        signer=signer,
        key_version=3,
    )[0]


@pytest.fixture
def script(image: ChipImage, job: JobId) -> PersonalizationScript:
    return script_for(image, job=job, key_block=b"K" * 88)


# --- proving ---------------------------------------------------------------------------------


def test_nothing_in_the_field(card: Any) -> None:
    card.tear_after = 0
    with pytest.raises(CardAbsent):
        prove_blank(card)


@pytest.mark.parametrize("state", [0x07, 0x0F, 0x7F, 0xFF, 0x42])
def test_a_card_that_is_not_open_is_no_blank(card: Any, state: int) -> None:
    card.life_cycle = state
    with pytest.raises(BlankRefused) as refusal:
        prove_blank(card)
    assert "life_cycle" in refusal.value.facts
    assert all(command.ins in {0xCA, 0xF2} for command in card.log)


def test_a_card_that_was_begun_is_no_blank(card: Any) -> None:
    card.application = True
    with pytest.raises(BlankRefused) as refusal:
        prove_blank(card)
    assert refusal.value.facts["reason"] == "application_there"


def test_a_card_of_another_make_is_no_blank(card: Any) -> None:
    card.cplc_tag = b"\x9f\x7e"
    with pytest.raises(BlankRefused) as refusal:
        prove_blank(card)
    assert refusal.value.facts["reason"] == "no_serial"


@pytest.mark.parametrize("form", [b"\xe3\x04\x9f\x71\x01", b"\xe3\x7f", b""])
def test_a_life_cycle_that_cannot_be_read_is_no_blank(card: Any, form: bytes) -> None:
    card.status_form = form
    with pytest.raises(BlankRefused) as refusal:
        prove_blank(card)
    assert refusal.value.facts["life_cycle"] == "unknown"


def test_a_card_that_answers_select_strangely_is_no_blank(card: Any) -> None:
    card.refuse[0xA4, 1] = 0x6D00
    with pytest.raises(BlankRefused) as refusal:
        prove_blank(card)
    assert refusal.value.facts["sw"] == "6D00"


def test_a_refused_command_is_told_with_its_status_word(card: Any) -> None:
    card.refuse[0xCA, 1] = 0x6D00
    with pytest.raises(ApduRefused) as refusal:
        prove_blank(card)
    assert refusal.value.facts == {
        "ins": "CA",
        "sw": "6D00 INS_NOT_SUPPORTED",
        "step": "read CPLC",
    }


def test_a_blank_gives_its_serial_and_nothing_is_written(card: Any, serial: CardSerial) -> None:
    assert prove_blank(card) == serial
    assert [command.ins for command in card.log] == [0xCA, 0xF2, 0xA4]


# --- writing ---------------------------------------------------------------------------------


def test_another_card_in_the_field_is_not_written(
    card: Any, image: ChipImage, keys: Any, job: JobId
) -> None:
    card.serial = bytes(8)
    keys.asked.clear()
    with pytest.raises(BlankRefused):
        personalize(card, image, keys, job)
    assert len(card.log) == 1
    assert keys.asked == []


@pytest.mark.parametrize(
    ("ins", "nth", "sw", "step"),
    [
        (0xE0, 1, 0x6A84, "create application"),
        (0xE0, 2, 0x6A89, "write marker"),
        (0xD8, 1, 0x6985, "load keys"),
        (0xE0, 5, 0x6A84, "write photo"),
        (0xD6, 3, 0x6581, "write biodata"),
        (0xB4, 2, 0x6A82, "digest of biodata"),
        (0xF0, 1, 0x6985, "close"),
    ],
)
def test_each_refusal_names_its_step(
    card: Any, image: ChipImage, keys: Any, job: JobId, ins: int, nth: int, sw: int, step: str
) -> None:
    card.refuse[ins, nth] = sw
    with pytest.raises(ApduRefused) as refusal:
        personalize(card, image, keys, job)
    assert refusal.value.facts["ins"] == f"{ins:02X}"
    assert str(refusal.value.facts["sw"]).startswith(f"{sw:04X}")
    assert refusal.value.facts["step"] == step
    assert card.life_cycle == 0x01
    assert keys.in_hand == 0


@pytest.mark.parametrize("name", [file.name for file in KTP_EL.files])
def test_a_file_that_is_stored_wrong_is_noticed_and_the_chip_stays_open(
    card: Any, image: ChipImage, keys: Any, job: JobId, name: str
) -> None:
    card.corrupt = KTP_EL.file(name).file_id
    with pytest.raises(ReadbackMismatch) as refusal:
        personalize(card, image, keys, job)
    assert refusal.value.facts["file"] == str(KTP_EL.file(name).file_id)
    assert card.life_cycle == 0x01


def test_a_card_that_is_taken_away_at_any_command_is_absent(
    image: ChipImage, keys: Any, job: JobId, script: PersonalizationScript, card: Any
) -> None:
    for count in range(script.commands + 1):
        torn = type(card)()
        torn.tear_after = count
        with pytest.raises(CardAbsent):
            personalize(torn, image, keys, job)
        assert torn.life_cycle == 0x01


def test_a_blank_becomes_the_image(
    card: Any, image: ChipImage, keys: Any, job: JobId, script: PersonalizationScript
) -> None:
    phases: list[Phase] = []
    report = personalize(card, image, keys, job, before_phase=phases.append)
    assert card.life_cycle == 0x0F
    assert {id_: bytes(content) for id_, content in card.files.items()} == {
        id_: content.reveal() for id_, content in image.files
    }
    assert card.keys == b"K" * 88
    assert report.digests == image.digests
    assert (report.card, report.attempt) == (image.card, image.attempt)
    assert report.payload_bytes == sum(len(content) for _, content in image.files)
    assert report.apdus == script.commands == len(card.log) - 1
    assert phases == list(Phase)
    assert keys.asked[-1] == (image.card, card_control_of(image))
    assert keys.in_hand == 0


def test_the_marker_comes_before_the_keys_and_the_keys_before_the_files(
    card: Any, script: PersonalizationScript, job: JobId, attempt: AttemptId
) -> None:
    seen: list[tuple[Phase, int]] = []
    write(card, script, before_phase=lambda phase: seen.append((phase, len(card.log))))
    assert [phase for phase, _ in seen] == [Phase.MARK, Phase.KEYS, Phase.FILES]
    assert bytes(card.files[KTP_EL.marker.file_id]) == marker_content(job, attempt)
    marker = marker_content(job, attempt)
    assert marker == job.encode() + b"\x00" + attempt.encode() + bytes(5)
    assert len(marker) == 32
    assert card.log[seen[1][1]].ins == 0xD8
    assert (card.log[seen[1][1]].p1, card.log[seen[1][1]].p2) == (3, 1)


def test_phases_can_be_carried_out_one_by_one(
    card: Any, script: PersonalizationScript, image: ChipImage
) -> None:
    write(card, script)
    assert verify(card, script) == image.digests
    assert card.life_cycle == 0x01
    close(card, script)
    assert card.life_cycle == 0x0F


# --- terminating -----------------------------------------------------------------------------


def test_an_open_chip_is_terminated_without_keys(card: Any) -> None:
    assert terminate(card, None)
    assert card.life_cycle == 0xFF


def test_a_closed_chip_is_not_terminated_without_keys(
    card: Any, image: ChipImage, keys: Any, job: JobId
) -> None:
    personalize(card, image, keys, job)
    assert not terminate(card, None)
    assert card.life_cycle == 0x0F


def test_a_closed_chip_is_terminated_with_its_own_keys(
    card: Any, image: ChipImage, keys: Any, job: JobId
) -> None:
    personalize(card, image, keys, job)
    assert terminate(card, keys)
    assert card.life_cycle == 0xFF
    assert keys.asked[-1] == (image.card, card_control_of(image))
    assert keys.in_hand == 0
    assert terminate(card, None)


@pytest.mark.parametrize("refuse", [(0x84, 1), (0xF0, 2), (0xF2, 2), (0xB0, 1), (0xA4, 1)])
def test_a_chip_that_refuses_is_not_terminated(
    card: Any, image: ChipImage, keys: Any, job: JobId, refuse: tuple[int, int]
) -> None:
    personalize(card, image, keys, job)
    card.refuse[refuse] = 0x6985
    assert not terminate(card, keys)


def test_a_closed_chip_without_a_readable_card_control_is_not_terminated(
    card: Any, image: ChipImage, keys: Any, job: JobId
) -> None:
    personalize(card, image, keys, job)
    card.files[KTP_EL.file("card_control").file_id][1] = 0x1D
    assert not terminate(card, keys)
    card.files.clear()
    assert not terminate(card, keys)


def test_a_chip_that_is_gone_is_not_terminated(card: Any, keys: Any) -> None:
    card.tear_after = 0
    assert not terminate(card, keys)


def test_a_chip_of_an_unknown_life_cycle_is_left_alone(card: Any, keys: Any) -> None:
    card.life_cycle = 0x7F
    assert not terminate(card, keys)
    assert {command.ins for command in card.log} == {0xF2}


# --- the script as data ----------------------------------------------------------------------


def test_the_printed_script_shows_neither_person_nor_key(script: PersonalizationScript) -> None:
    text = f"{script} {script!r}"
    for hidden in (b"1671015708860000", b"WARGA", b"K" * 8):
        assert hidden.decode() not in text
        assert hidden.hex() not in text.lower()
    assert "80D80301 Lc=58 data=secret -> 9000" in str(script)


def test_scripts_of_two_attempts_differ_where_they_should(
    image: ChipImage, script: PersonalizationScript, job: JobId
) -> None:
    assert script.diff(script) == []
    other = script_for(image, job=JobId("J-00000000099"), key_block=b"X" * 88)
    changed = [line for line in script.diff(other) if line[0] in "+-" and line[1] == " "]
    assert len(changed) == 2
    assert all(line[1:].strip().startswith("00D60000 Lc=20") for line in changed)


def test_a_script_is_replayed_against_its_own_transcript(
    script: PersonalizationScript, image: ChipImage
) -> None:
    paper = TranscriptChannel(script.lines())
    write(paper, script)
    assert verify(paper, script) == image.digests
    close(paper, script)
    assert paper.left == 0
    with pytest.raises(CardAbsent):
        close(paper, script)


def test_another_script_leaves_the_transcript(script: PersonalizationScript) -> None:
    paper = TranscriptChannel(script.lines())
    with pytest.raises(ApduRefused) as refusal:
        verify(paper, script)
    assert refusal.value.facts["line"] == 1
    assert paper.left == script.commands


def test_what_a_card_answered_is_a_transcript(
    card: Any, script: PersonalizationScript, serial: CardSerial
) -> None:
    recorder = RecordingChannel(card)
    prove_blank(recorder)
    write(recorder, script)
    paper = TranscriptChannel(recorder.lines)
    assert prove_blank(paper) == serial
    write(paper, script)
    assert (
        recorder.lines[3:]
        == [line.strip() for line in script.lines() if line.startswith("  ")][
            : len(recorder.lines) - 3
        ]
    )


def test_the_golden_transcript(card: Any, job: JobId, attempt: AttemptId) -> None:
    """A small image of known bytes, printed; then the printed text is the card."""
    control = CardControl(
        card=CardSerial("0011223344556677"),
        key_version=3,
        attempt_digest=attempt_digest(attempt),
        bound_on=date(2026, 1, 31),
        signing_key_id=b"signer-1",
    )
    small = ChipImage(
        profile=KTP_EL.name,
        card=control.card,
        attempt=attempt,
        signer_key_id=b"signer-1",
        files=tuple(
            (file.file_id, PersonalBytes(_known(file.name, control))) for file in KTP_EL.files
        ),
    )
    script = script_for(small, job=job, key_block=b"K" * 88)
    golden = (GOLDEN / "personalization-script.txt").read_text(encoding="ascii")
    assert str(script) + "\n" == golden
    paper = TranscriptChannel(golden.splitlines())
    write(paper, script)
    assert verify(paper, script) == small.digests
    write(card, script)
    assert verify(card, script) == small.digests


def _known(name: str, control: CardControl) -> bytes:
    if name == "card_control":
        return b"\x00\x33" + bytes(control)
    return bytes(range(256)) * 2 if name == "photo" else name.encode("ascii") * 8
