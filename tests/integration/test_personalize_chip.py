"""A synthetic record, prepared, bound with the token, written into the simulated chip through the
secure channel, and read by the inspection: packages that share no code meet on one card."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import Verdict
from ektp.chip_profiles import ICAO_LDS1, KTP_EL, ChipProfile
from ektp.errors import (
    BlankRefused,
    BlankUnknown,
    CardNotAuthentic,
    ChipError,
    ConfigurationError,
    KeyNotFound,
    ReadbackMismatch,
    SecureMessagingBroken,
)
from ektp.ids import AttemptId, CardSerial
from ektp.personal import PersonalText
from ektp.ports import CARD_KEY_VERSION, TRANSPORT_KEY_VERSION
from personalization.card_control import attempt_digest
from personalization.encoding import KeyChange
from personalization.evidence import Progress
from personalization.link import CardLink
from personalization.profiles.shape import Binding
from personalization.secure_channel import SecureChannel
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from simulation.chip.faults import ChipFaults
from simulation.chip.features import ChipFeatures
from simulation.chip.maker import MakerKeys
from tests.integration.personalize_bench import (
    ATTEMPT,
    BOTH,
    CHAINING,
    EXTENDED,
    JOB,
    PROFILES,
    SERIAL,
    SHORT,
    Bench,
    fresh_field,
    package_of,
)

OTHER = AttemptId.parse("A-0123456789P")
each_profile = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: str(profile.name))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("token") / "soft")
    yield made
    made.token.close()


@pytest.fixture(scope="module")
def bindings(bench: Bench) -> dict[str, Binding]:
    return {profile.name: bench.bound(profile) for profile in PROFILES}


class Altering(ChipChannel):
    """A reader between which and the chip a bit of one command turns."""

    def __init__(self, chip: Chip, ins: int, nth: int) -> None:
        super().__init__(chip)
        self._left = {ins: nth}

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        if command.ins in self._left:
            self._left[command.ins] -= 1
            if not self._left[command.ins]:
                data = bytes((command.data[0] ^ 1, *command.data[1:]))
                command = replace(command, data=data)
        return super().transmit(command)


# --- blanks that are none ------------------------------------------------------------------------


@each_profile
def test_a_card_of_another_maker_is_told_by_its_cryptogram(
    bench: Bench, profile: ChipProfile
) -> None:
    foreign = Chip.blank(
        SERIAL, transport_keys=MakerKeys.at_random().key_set(SERIAL, profile), profile=profile
    )
    before = bytes(foreign)
    with pytest.raises(CardNotAuthentic):
        bench.personalization(profile).prove_blank(ChipChannel(foreign))
    assert foreign.life_cycle.name == "OP_READY"
    assert len(bytes(foreign)) == len(before)
    assert not bench.personalization(profile).terminate(fresh_field(foreign))


@each_profile
def test_a_blank_that_wears_the_serial_of_another(bench: Bench, profile: ChipProfile) -> None:
    keys = bench.maker.key_set(CardSerial("60010000002A0002"), profile)
    copied = Chip.blank(SERIAL, transport_keys=keys, profile=profile)
    with pytest.raises(CardNotAuthentic):
        bench.personalization(profile).prove_blank(ChipChannel(copied))


@each_profile
def test_a_blank_of_the_other_profile(bench: Bench, profile: ChipProfile) -> None:
    other = ICAO_LDS1 if profile is KTP_EL else KTP_EL
    with pytest.raises((BlankRefused, CardNotAuthentic)):
        bench.personalization(profile).prove_blank(ChipChannel(bench.blank(other)))


@each_profile
def test_a_card_that_was_used_is_no_blank(
    bench: Bench, bindings: dict[str, Binding], profile: ChipProfile
) -> None:
    chip, line = bench.blank(profile), bench.personalization(profile)
    line.personalize(ChipChannel(chip), bindings[profile.name].image, JOB)
    with pytest.raises(BlankRefused):
        line.prove_blank(fresh_field(chip))


def test_the_ledger_speaks_first(bench: Bench) -> None:
    def unknown(card: CardSerial) -> None:
        raise BlankUnknown(card=card)

    foreign = Chip.blank(SERIAL, transport_keys=MakerKeys.at_random().key_set(SERIAL))
    with pytest.raises(BlankUnknown):
        bench.personalization(KTP_EL).prove_blank(ChipChannel(foreign), known=unknown)


# --- work that fails -----------------------------------------------------------------------------


@each_profile
def test_a_failing_cell_is_noticed(
    bench: Bench, bindings: dict[str, Binding], profile: ChipProfile
) -> None:
    chip, line = bench.blank(profile), bench.personalization(profile)
    chip.faults = ChipFaults(memory_failure_at=3000)
    with pytest.raises(ChipError):
        line.personalize(ChipChannel(chip), bindings[profile.name].image, JOB)
    evidence = line.read_evidence(fresh_field(chip))
    assert (evidence.progress, evidence.keys_changed) == (Progress.BEGUN, True)
    assert line.terminate(fresh_field(chip))


@each_profile
def test_a_cell_that_forgets_is_told_by_its_digest(
    bench: Bench, bindings: dict[str, Binding], profile: ChipProfile
) -> None:
    chip, line = bench.blank(profile), bench.personalization(profile)
    image = bindings[profile.name].image
    largest = max(image.files, key=lambda file: len(file[1]))[0]

    class Forgetful(ChipChannel):
        """Forgets a bit of the largest file when the first digest is asked for."""

        forgot = False

        def transmit(self, command: CommandApdu) -> ResponseApdu:
            if command.ins == 0xB4 and not self.forgot:
                (file,) = (one for one in chip._state.files if one.file_id == largest)
                chip._state.memory.cells[file.address + 100] ^= 0x40
                self.forgot = True
            return super().transmit(command)

    with pytest.raises(ReadbackMismatch) as mismatch:
        line.personalize(Forgetful(chip), image, JOB)
    assert mismatch.value.facts["file"] == str(largest)
    assert line.read_evidence(fresh_field(chip)).progress is Progress.BEGUN


@each_profile
@pytest.mark.parametrize(("ins", "nth"), [(0xE0, 1), (0xD8, 1), (0xDA, 1), (0xD6, 5), (0xB4, 1)])
def test_a_bit_that_turns_on_the_way_is_never_written(
    bench: Bench, bindings: dict[str, Binding], profile: ChipProfile, ins: int, nth: int
) -> None:
    chip, line = bench.blank(profile), bench.personalization(profile)
    with pytest.raises(ChipError):
        line.personalize(Altering(chip, ins, nth), bindings[profile.name].image, JOB)
    evidence = line.read_evidence(fresh_field(chip))
    assert evidence.progress in {Progress.BEGUN, Progress.BLANK}
    assert line.terminate(fresh_field(chip))


def test_an_answer_that_turns_on_the_way_breaks_the_channel(
    bench: Bench, bindings: dict[str, Binding]
) -> None:
    class Lying(ChipChannel):
        def transmit(self, command: CommandApdu) -> ResponseApdu:
            answer = super().transmit(command)
            if command.ins != 0xD6:
                return answer
            return ResponseApdu(bytes((answer.data[0] ^ 1, *answer.data[1:])), answer.sw)

    chip = bench.blank(KTP_EL)
    with pytest.raises(SecureMessagingBroken):
        bench.personalization(KTP_EL).personalize(Lying(chip), bindings["ktp-el"].image, JOB)


def test_a_key_pair_of_another_process_is_not_written(
    bench: Bench, bindings: dict[str, Binding]
) -> None:
    image = bindings["icao-lds1"].image
    strange = tuple(replace(pair, handle=bytes(60)) for pair in image.key_pairs)
    chip = bench.blank(ICAO_LDS1)
    with pytest.raises(KeyNotFound):
        bench.personalization(ICAO_LDS1).personalize(
            ChipChannel(chip), replace(image, key_pairs=strange), JOB
        )
    assert bench.personalization(ICAO_LDS1).read_evidence(fresh_field(chip)).untouched


def tears(profile: ChipProfile, apdus: int) -> Iterator[tuple[int, int]]:
    """Every APDU, cut at its first byte, in the middle, and when all of it was written."""
    for apdu in range(1, apdus + 1):
        for byte in (0, 1, 120, 100_000) if profile is KTP_EL else (0, 1, 700, 100_000):
            yield apdu, byte


@each_profile
@pytest.mark.parametrize("features", [None, SHORT], ids=["own", "short"])
def test_a_cut_at_any_apdu_leaves_true_evidence_and_a_chip_that_can_be_ended(
    bench: Bench,
    bindings: dict[str, Binding],
    profile: ChipProfile,
    features: ChipFeatures | None,
) -> None:
    line, image = bench.personalization(profile), bindings[profile.name].image
    whole = line.personalize(ChipChannel(bench.blank(profile, features)), image, JOB)
    seen = set()
    cuts = list(tears(profile, whole.apdus + 1))
    for apdu, byte in cuts if features is None else cuts[::7]:
        chip = bench.blank(profile, features)
        chip.tear_after(apdu, byte)
        announced: list[KeyChange] = []
        with suppress(ChipError):
            line.personalize(ChipChannel(chip), image, JOB, before_key_change=announced.append)
        chip.faults = ChipFaults()
        chip = Chip.from_bytes(bytes(chip))
        evidence = line.read_evidence(fresh_field(chip))
        seen.add((evidence.progress, evidence.key_version))
        assert evidence.card == SERIAL
        assert evidence.untouched == (evidence.progress is Progress.BLANK)
        # No key set is there that was not announced.
        assert announced or not evidence.keys_changed
        if evidence.progress is Progress.CLOSED:
            assert evidence.closed_for == attempt_digest(ATTEMPT)
        if evidence.marker is not None:
            assert evidence.belongs_to(ATTEMPT)
        assert not evidence.belongs_to(OTHER)
        if apdu % 5 == 0:
            assert line.terminate(fresh_field(chip))
            assert line.read_evidence(fresh_field(chip)).progress is Progress.TERMINATED
    assert seen == {
        (Progress.BLANK, TRANSPORT_KEY_VERSION),
        (Progress.BEGUN, TRANSPORT_KEY_VERSION),
        (Progress.BEGUN, CARD_KEY_VERSION),
        (Progress.CLOSED, CARD_KEY_VERSION),
    }


# --- a good card ---------------------------------------------------------------------------------


@each_profile
@pytest.mark.parametrize(
    "features", [SHORT, CHAINING, EXTENDED, BOTH], ids=["short", "chaining", "extended", "both"]
)
def test_a_stranger_finds_what_was_bound(
    bench: Bench, bindings: dict[str, Binding], profile: ChipProfile, features: ChipFeatures
) -> None:
    chip, line, bound = bench.blank(profile, features), bench.personalization(profile), bindings
    image, expected = bound[profile.name].image, bound[profile.name].expected
    channel = ChipChannel(chip)
    assert line.prove_blank(channel) == SERIAL
    assert line.read_evidence(fresh_field(chip)).untouched
    changes: list[KeyChange] = []
    report = line.personalize(fresh_field(chip), image, JOB, before_key_change=changes.append)
    assert report.digests == image.digests
    assert [(c.from_version, c.to_version) for c in changes] == [(0x30, 0x31)]
    verdict = bench.inspector(profile).inspect(fresh_field(chip), expected)
    assert verdict.verdict is Verdict.PASS, verdict.failed
    assert verdict.card == SERIAL
    evidence = line.read_evidence(fresh_field(chip))
    assert (evidence.progress, evidence.closed_for) == (Progress.CLOSED, attempt_digest(ATTEMPT))


@each_profile
def test_a_stranger_does_not_take_the_card_for_another_attempt(
    bench: Bench, bindings: dict[str, Binding], profile: ChipProfile
) -> None:
    chip, line = bench.blank(profile), bench.personalization(profile)
    line.personalize(ChipChannel(chip), bindings[profile.name].image, JOB)
    other = bench.bound(profile, OTHER).expected
    assert bench.inspector(profile).inspect(fresh_field(chip), other).verdict is not Verdict.PASS


@each_profile
def test_a_closed_chip_dies_by_its_own_keys_only(
    bench: Bench, bindings: dict[str, Binding], profile: ChipProfile
) -> None:
    chip, line = bench.blank(profile), bench.personalization(profile)
    line.personalize(ChipChannel(chip), bindings[profile.name].image, JOB)
    with bench.token.card_keys(SERIAL, profile) as keys, pytest.raises(CardNotAuthentic):
        SecureChannel.open(CardLink(fresh_field(chip)), keys.secure_channel(TRANSPORT_KEY_VERSION))
    assert line.read_evidence(fresh_field(chip)).progress is Progress.CLOSED
    assert line.terminate(fresh_field(chip))
    assert line.read_evidence(fresh_field(chip)).progress is Progress.TERMINATED
    verdict = bench.inspector(profile).inspect(fresh_field(chip), bindings[profile.name].expected)
    assert verdict.verdict is not Verdict.PASS


@pytest.mark.parametrize(
    ("profile", "features", "most"),
    [(KTP_EL, SHORT, 1.12), (KTP_EL, EXTENDED, 1.04), (ICAO_LDS1, EXTENDED, 1.04)],
    ids=["ktp-el short", "ktp-el extended", "icao-lds1 extended"],
)
def test_the_channel_costs_little(
    bench: Bench,
    bindings: dict[str, Binding],
    profile: ChipProfile,
    features: ChipFeatures,
    most: float,
) -> None:
    chip, image = bench.blank(profile, features), bindings[profile.name].image
    report = bench.personalization(profile).personalize(ChipChannel(chip), image, JOB)
    assert report.traffic["file_data"].sent_bytes <= most * report.payload_bytes
    both_ways = sum(t.sent_bytes + t.received_bytes for t in report.traffic.values())
    assert both_ways <= 1.30 * report.payload_bytes


# --- what a card of `icao-lds1` gets at its binding ----------------------------------------------


def test_a_document_number_that_was_given_is_not_given_again(bench: Bench) -> None:
    drawn: list[str] = []

    def is_free(number: PersonalText) -> bool:
        drawn.append(number.reveal())
        return len(drawn) == 3

    bound = bench.bound(ICAO_LDS1, is_free=is_free)
    assert len(set(drawn)) == 3
    assert bound.image.access is not None
    assert bound.image.access.document_number.reveal() == drawn[2]


def test_what_is_printed_is_what_opens_the_chip(bindings: dict[str, Binding]) -> None:
    bound = bindings["icao-lds1"]
    access = bound.image.access
    assert access is not None
    assert bound.expected.access == access
    number = access.document_number.reveal()
    assert access.mrz[0].reveal()[5:14] == number
    dg1 = dict(bound.image.files)[ICAO_LDS1.file("dg1").file_id].reveal()
    assert dg1.endswith("".join(line.reveal() for line in access.mrz).encode())
    assert bound.artwork != package_of(ICAO_LDS1).artwork
    assert [panel.kind for panel in bound.artwork.panels] == [
        panel.kind for panel in package_of(ICAO_LDS1).artwork.panels
    ]
    shown = repr(bound) + repr(bound.image)
    assert number not in shown
    assert access.can.reveal() not in shown.replace("000", "")


@each_profile
def test_a_card_that_is_taken_up_again_prints_what_was_bound(
    bench: Bench, bindings: dict[str, Binding], profile: ChipProfile
) -> None:
    bound, line = bindings[profile.name], bench.personalization(profile)
    again = line.artwork_of(package_of(profile), bound.image.access)
    assert again.digest == bound.artwork.digest


def test_a_card_without_its_number_is_not_printed(bench: Bench) -> None:
    with pytest.raises(ConfigurationError):
        bench.personalization(ICAO_LDS1).artwork_of(package_of(ICAO_LDS1), None)


@each_profile
def test_a_signature_is_named_by_its_digest(
    bindings: dict[str, Binding], profile: ChipProfile
) -> None:
    name = "digital_signature" if profile is KTP_EL else "sod"
    image = bindings[profile.name].image
    content = dict(image.files)[profile.file(name).file_id].reveal()
    assert image.signature_digest == hashlib.sha256(content).digest()


@each_profile
def test_nothing_personal_and_no_key_goes_over_the_air_in_clear(
    bench: Bench, bindings: dict[str, Binding], profile: ChipProfile
) -> None:
    air: list[bytes] = []

    class Listening(ChipChannel):
        def transmit(self, command: CommandApdu) -> ResponseApdu:
            answer = super().transmit(command)
            air.extend((bytes(command), bytes(answer)))
            return answer

    image = bindings[profile.name].image
    bench.personalization(profile).personalize(Listening(bench.blank(profile)), image, JOB)
    heard = b"\n".join(air)
    for _, content in image.files:
        revealed = content.reveal()
        assert revealed[:16] not in heard
        assert revealed[len(revealed) // 2 :][:16] not in heard
    assert JOB.encode() not in heard
