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
from personalization.binding import bind
from personalization.card_control import attempt_digest
from personalization.encoding import personalize, terminate
from personalization.evidence import ChipEvidence, ChipLifeCycle, Marker, Progress, read_evidence
from personalization.script import marker_content
from tests.unit.personalization.chip.dictionary_card import DictionaryCard

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


def test_nothing_answers(card: Any, attempt: AttemptId) -> None:
    card.tear_after = 0
    evidence = read_evidence(card)
    assert evidence.progress is Progress.SILENT
    assert (evidence.card, evidence.untouched, evidence.closed_for) == (None, False, None)
    assert not evidence.belongs_to(attempt)


def begun(image: ChipImage, keys: Any, job: JobId, after: int) -> DictionaryCard:
    """A chip whose personalization was cut off after so many APDUs."""
    card = DictionaryCard()
    card.tear_after = after
    with pytest.raises(CardAbsent):
        personalize(card, image, keys, job)
    card.tear_after = None
    card.reset()
    return card


@pytest.mark.parametrize(
    "refused", [(0xF2, 1), (0xCA, 2), (0xA4, 1), (0xA4, 2), (0xB0, 1), (0xB0, 2)]
)
def test_a_chip_that_refuses_to_tell_leaves_its_serial(
    image: ChipImage, keys: Any, job: JobId, serial: CardSerial, refused: tuple[int, int]
) -> None:
    card = begun(image, keys, job, 15)
    card.refuse[refused[0], refused[1] + sum(c.ins == refused[0] for c in card.log)] = 0x6985
    evidence = read_evidence(card)  # type: ignore[arg-type]
    assert (evidence.card, evidence.progress) == (serial, Progress.UNKNOWN)
    assert not evidence.untouched


@pytest.mark.parametrize(
    ("version", "application", "progress"),
    [
        (0x30, False, Progress.BLANK),
        (0x30, True, Progress.BEGUN),
        (0x31, True, Progress.BEGUN),
        (0x31, False, Progress.BEGUN),
        (None, False, Progress.UNKNOWN),
        (0x42, False, Progress.UNKNOWN),
    ],
)
def test_an_open_chip_is_untouched_only_under_the_makers_keys(
    serial: CardSerial, version: int | None, application: bool, progress: Progress
) -> None:
    evidence = ChipEvidence(
        card=serial,
        life_cycle=ChipLifeCycle.OP_READY,
        key_version=version,
        application=application,
    )
    assert evidence.progress is progress
    assert evidence.untouched == (progress is Progress.BLANK)
    assert evidence.keys_changed == (version == 0x31)


def test_a_card_of_a_strange_life_cycle_is_unknown(card: Any) -> None:
    card.life_cycle = 0x7F
    evidence = read_evidence(card)
    assert evidence.life_cycle is ChipLifeCycle.CARD_LOCKED
    assert evidence.progress is Progress.UNKNOWN


def test_an_untouched_blank(card: Any, serial: CardSerial) -> None:
    evidence = read_evidence(card)
    assert (evidence.card, evidence.progress) == (serial, Progress.BLANK)
    assert (evidence.key_version, evidence.control, evidence.marker) == (0x30, None, None)
    assert evidence.untouched


def test_each_tear_leaves_evidence_of_how_far_it_came(
    image: ChipImage, job: JobId, attempt: AttemptId, keys: Any
) -> None:
    whole = DictionaryCard()
    personalize(whole, image, keys, job)  # type: ignore[arg-type]
    sent = [command.ins for command in whole.air]
    created, marked = sent.index(0xE0), sent.index(0xD6)
    changed = sent.index(0xD8)
    for count in range(len(sent)):
        evidence = read_evidence(begun(image, keys, job, count))  # type: ignore[arg-type]
        assert evidence.untouched == (count <= created)
        assert evidence.progress is (Progress.BLANK if count <= created else Progress.BEGUN)
        assert evidence.closed_for is None
        assert not evidence.belongs_to(OTHER)
        assert evidence.belongs_to(attempt) == (count > marked)
        assert evidence.marker == (Marker(job=job, attempt=attempt) if count > marked else None)
        # A PUT KEY that was cut off is decided by the version that is there.
        assert evidence.keys_changed == (count > changed)


def test_reading_evidence_asks_no_key_and_writes_nothing(
    image: ChipImage, keys: Any, job: JobId
) -> None:
    card = begun(image, keys, job, 12)
    before, asked = len(card.air), len(keys.asked)
    read_evidence(card)  # type: ignore[arg-type]
    assert {command.ins for command in card.air[before:]} == {0xCA, 0xF2, 0xA4, 0xB0}
    assert len(keys.asked) == asked


def test_a_closed_chip_names_its_attempt(
    card: Any, image: ChipImage, keys: Any, job: JobId, attempt: AttemptId
) -> None:
    personalize(card, image, keys, job)
    card.reset()
    evidence = read_evidence(card)
    assert evidence.progress is Progress.CLOSED
    assert evidence.closed_for == attempt_digest(attempt)
    assert evidence.belongs_to(attempt)
    assert not evidence.belongs_to(OTHER)
    assert (evidence.marker, evidence.key_version) == (None, 0x31)


def test_a_closed_chip_with_a_strange_card_control_names_nobody(
    card: Any, image: ChipImage, keys: Any, job: JobId, attempt: AttemptId
) -> None:
    personalize(card, image, keys, job)
    card.files[KTP_EL.file("card_control").file_id][2] = 9
    evidence = read_evidence(card)
    assert (evidence.progress, evidence.closed_for) == (Progress.CLOSED, None)
    assert not evidence.belongs_to(attempt)


def test_a_terminated_chip(card: Any, keys: Any) -> None:
    assert terminate(card, keys)
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

    def atr(self) -> bytes:
        return b""

    def reset(self) -> None:
        """Nothing to forget."""

    def transmit(self, _: CommandApdu) -> ResponseApdu:
        if not self._answers:
            raise CardAbsent
        return ResponseApdu(*self._answers.pop())


_SW = st.sampled_from([0x9000, 0x9000, 0x9000, 0x6A82, 0x6985])
_CPLC = st.just(b"\x9f\x7f\x2a" + bytes(42))
_STATUS = st.sampled_from([b"\xe3\x04\x9f\x70\x01" + bytes((state,)) for state in (1, 15, 255, 3)])
_KEYS = st.just(bytes.fromhex("E012 C00401308810 C00402308810 C00403308810"))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.binary(max_size=60) | _CPLC | _STATUS | _KEYS, _SW), max_size=30))
def test_whatever_a_chip_answers_is_evidence(answers: list[tuple[bytes, int]]) -> None:
    assert read_evidence(_Babbler(answers)).progress in Progress
