from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.chip_profiles import KTP_EL
from ektp.errors import CardAbsent
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.perso import ChipImage, PersoPackage
from personalization.binding import attempt_digest, bind
from personalization.encoding import personalize, terminate, write
from personalization.evidence import ChipLifeCycle, Marker, Progress, read_evidence
from personalization.script import PersonalizationScript, Phase, marker_content, script_for

OTHER = AttemptId("A-00000000099")


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
        key_version=1,
    )[0]


@pytest.fixture
def script(image: ChipImage, job: JobId) -> PersonalizationScript:
    return script_for(image, job=job, key_block=b"K" * 88)


def test_nothing_answers(card: Any, attempt: AttemptId) -> None:
    card.tear_after = 0
    evidence = read_evidence(card)
    assert evidence.progress is Progress.SILENT
    assert (evidence.card, evidence.untouched, evidence.closed_for) == (None, False, None)
    assert not evidence.belongs_to(attempt)


@pytest.mark.parametrize("refused", [(0xF2, 1), (0xA4, 1), (0xB4, 1), (0xA4, 2), (0xB0, 1)])
def test_a_chip_that_refuses_to_tell_leaves_its_serial(
    card: Any, script: PersonalizationScript, serial: CardSerial, refused: tuple[int, int]
) -> None:
    write(card, script)
    card.refuse[refused[0], refused[1] + sum(c.ins == refused[0] for c in card.log)] = 0x6985
    evidence = read_evidence(card)
    assert (evidence.card, evidence.progress) == (serial, Progress.UNKNOWN)
    assert not evidence.untouched


def test_a_card_of_a_strange_life_cycle_is_unknown(card: Any) -> None:
    card.life_cycle = 0x7F
    evidence = read_evidence(card)
    assert evidence.life_cycle is ChipLifeCycle.CARD_LOCKED
    assert evidence.progress is Progress.UNKNOWN


def test_an_untouched_blank(card: Any, serial: CardSerial) -> None:
    evidence = read_evidence(card)
    assert (evidence.card, evidence.progress, evidence.files) == (serial, Progress.BLANK, {})
    assert evidence.untouched


def test_each_tear_leaves_evidence_of_how_far_it_came(
    image: ChipImage,
    script: PersonalizationScript,
    job: JobId,
    attempt: AttemptId,
    keys: Any,
    card: Any,
) -> None:
    seen = []
    steps = script.phase(Phase.MARK, Phase.KEYS, Phase.FILES)
    writing = sum(len(step.exchanges) for step in steps)
    for count in range(script.commands):
        torn = type(card)()
        torn.tear_after = count + 1  # the first command asks for the serial
        with pytest.raises(CardAbsent):
            personalize(torn, image, keys, job)
        torn.tear_after = None
        evidence = read_evidence(torn)
        seen.append(evidence.progress)
        assert evidence.untouched == (count == 0)
        assert evidence.closed_for is None
        assert not evidence.belongs_to(OTHER)
        # The marker is whole from the third command on.
        assert evidence.belongs_to(attempt) == (count > 2)
        assert evidence.marker == (Marker(job=job, attempt=attempt) if count > 2 else None)
        assert evidence.holds(image.digests) == (count >= writing)
    assert seen == sorted(seen, key=[Progress.BLANK, Progress.BEGUN, Progress.WRITTEN].index)
    assert set(seen) == {Progress.BLANK, Progress.BEGUN, Progress.WRITTEN}


def test_a_file_that_was_not_written_to_its_end_is_told_by_its_digest(
    card: Any, script: PersonalizationScript, image: ChipImage
) -> None:
    write(card, script)
    card.files[KTP_EL.file("digital_signature").file_id][40:] = bytes(40)
    evidence = read_evidence(card)
    assert evidence.progress is Progress.WRITTEN
    assert not evidence.holds(image.digests)
    assert not evidence.holds({})


def test_a_closed_chip_names_its_attempt(
    card: Any, image: ChipImage, keys: Any, job: JobId, attempt: AttemptId
) -> None:
    personalize(card, image, keys, job)
    evidence = read_evidence(card)
    assert evidence.progress is Progress.CLOSED
    assert evidence.closed_for == attempt_digest(attempt)
    assert evidence.belongs_to(attempt)
    assert not evidence.belongs_to(OTHER)
    assert (evidence.marker, evidence.files) == (None, {})
    assert not evidence.holds(image.digests)


def test_a_closed_chip_with_a_strange_card_control_names_nobody(
    card: Any, image: ChipImage, keys: Any, job: JobId, attempt: AttemptId
) -> None:
    personalize(card, image, keys, job)
    card.files[KTP_EL.file("card_control").file_id][2] = 9
    evidence = read_evidence(card)
    assert (evidence.progress, evidence.closed_for) == (Progress.CLOSED, None)
    assert not evidence.belongs_to(attempt)


def test_a_terminated_chip(card: Any) -> None:
    assert terminate(card, None)
    assert read_evidence(card).progress is Progress.TERMINATED


@pytest.mark.parametrize(
    "content",
    [b"", bytes(32), b"J-000000000550A-00000000077", b"\xff" * 32],
)
def test_a_marker_that_was_cut_off_names_nobody(content: bytes) -> None:
    assert Marker.from_bytes(content) is None


def test_a_marker_is_read_back(job: JobId, attempt: AttemptId) -> None:
    marker = Marker.from_bytes(marker_content(job, attempt))
    assert marker == Marker(job=job, attempt=attempt)


class _Babbler:
    """A card that answers anything."""

    def __init__(self, answers: list[tuple[bytes, int]]) -> None:
        self._answers = answers

    def transmit(self, _: CommandApdu) -> ResponseApdu:
        if not self._answers:
            raise CardAbsent
        return ResponseApdu(*self._answers.pop())


_SW = st.sampled_from([0x9000, 0x9000, 0x9000, 0x6A82, 0x6985])
_CPLC = st.just(b"\x9f\x7f\x2a" + bytes(42))
_STATUS = st.sampled_from([b"\xe3\x04\x9f\x70\x01" + bytes((state,)) for state in (1, 15, 255, 3)])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.binary(max_size=60) | _CPLC | _STATUS, _SW), max_size=30))
def test_whatever_a_chip_answers_is_evidence(answers: list[tuple[bytes, int]]) -> None:
    assert read_evidence(_Babbler(answers)).progress in Progress
