"""Proving, writing and terminating over a card of dictionaries; the script as data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ektp.apdu import CommandApdu
from ektp.chip_profiles import ICAO_LDS1, KTP_EL, ReadAccess, with_photo_access
from ektp.errors import (
    ApduRefused,
    BlankRefused,
    BlankUnknown,
    CardAbsent,
    CardNotAuthentic,
    ReadbackMismatch,
    SecureMessagingBroken,
)
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.perso import ChipImage, PersoPackage
from ektp.personal import PersonalBytes
from ektp.ports import SealedKeySet
from hsm.key_set import key_check_value
from personalization.binding import bind
from personalization.card_control import CardControl, attempt_digest
from personalization.encoding import KeyChange, perform, personalize, prove_blank, terminate
from personalization.evidence import Progress, read_evidence
from personalization.script import PersonalizationScript, Phase, marker_content, script_for
from personalization.secret_data import SealedSecret
from personalization.transcript import RecordingChannel, TranscriptChannel
from tests.unit.hsm.masters import card_key_set
from tests.unit.personalization.chip.dictionary_card import (
    CHAINING,
    EXTENDED,
    SHORT,
    DictionaryCard,
)

GOLDEN = Path(__file__).parents[3] / "golden" / "chip"
KEY_SET = SealedKeySet(
    version=0x31, body=b"\x31" + b"K" * 69, check_values=(b"AAA", b"BBB", b"CCC")
)
SECRETS = (SealedSecret(number=1, name="read keys", sealed=b"S" * 67),)


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
    return a_script(image, job)


def a_script(image: ChipImage, job: JobId) -> PersonalizationScript:
    return script_for(image, KTP_EL, job=job, key_set=KEY_SET, secrets=SECRETS, block_bytes=239)


def exchanges(script: PersonalizationScript) -> list[str]:
    return [line.strip() for line in script.lines() if line.startswith("  ")]


# --- proving ---------------------------------------------------------------------------------


def test_nothing_in_the_field(card: Any, keys: Any) -> None:
    card.tear_after = 0
    with pytest.raises(CardAbsent):
        prove_blank(card, KTP_EL, keys)


@pytest.mark.parametrize("state", [0x07, 0x0F, 0x7F, 0xFF, 0x42])
def test_a_card_that_is_not_open_is_no_blank(card: Any, keys: Any, state: int) -> None:
    card.life_cycle = state
    with pytest.raises(BlankRefused) as refusal:
        prove_blank(card, KTP_EL, keys)
    assert "life_cycle" in refusal.value.facts
    assert all(command.ins in {0xCA, 0xF2} for command in card.air)
    assert keys.asked == []


def test_a_card_that_was_begun_is_no_blank(card: Any, keys: Any) -> None:
    card.application = True
    with pytest.raises(BlankRefused) as refusal:
        prove_blank(card, KTP_EL, keys)
    assert refusal.value.facts["reason"] == "application_there"


def test_a_card_of_another_make_is_no_blank(card: Any, keys: Any) -> None:
    card.cplc_tag = b"\x9f\x7e"
    with pytest.raises(BlankRefused) as refusal:
        prove_blank(card, KTP_EL, keys)
    assert refusal.value.facts["reason"] == "no_serial"


@pytest.mark.parametrize("form", [b"\xe3\x04\x9f\x71\x01", b"\xe3\x7f", b""])
def test_a_life_cycle_that_cannot_be_read_is_no_blank(card: Any, keys: Any, form: bytes) -> None:
    card.status_form = form
    with pytest.raises(BlankRefused) as refusal:
        prove_blank(card, KTP_EL, keys)
    assert refusal.value.facts["life_cycle"] == "unknown"


def test_a_card_that_answers_select_strangely_is_no_blank(card: Any, keys: Any) -> None:
    card.refuse[0xA4, 1] = 0x6D00
    with pytest.raises(BlankRefused) as refusal:
        prove_blank(card, KTP_EL, keys)
    assert refusal.value.facts["sw"] == "6D00"


def test_a_card_that_holds_our_keys_is_no_blank(card: Any, keys: Any) -> None:
    card.channel.version = 0x31
    with pytest.raises(BlankRefused) as refusal:
        prove_blank(card, KTP_EL, keys)
    assert refusal.value.facts["version"] == "31"


@pytest.mark.parametrize(
    "information",
    [
        b"",
        b"\xe0\x7f",
        b"\xe0\x00",
        b"\xe0\x06\xc0\x04\x01\x30\x88\x10",
        bytes.fromhex("E012 C00401308810 C00402308810 C00402308810"),
        bytes.fromhex("E012 C00401308810 C00402318810 C00403308810"),
        bytes.fromhex("E012 C00401308010 C00402308010 C00403308010"),
        bytes.fromhex("E00F C003013088 C003023088 C003033088"),
    ],
)
def test_keys_that_are_no_set_are_no_blank(card: Any, keys: Any, information: bytes) -> None:
    card.key_information = information
    with pytest.raises(BlankRefused) as refusal:
        prove_blank(card, KTP_EL, keys)
    assert refusal.value.facts["version"] == "unknown"
    assert keys.asked == []


def test_a_chip_of_another_kind_is_no_blank(keys: Any) -> None:
    card = DictionaryCard(profile=ICAO_LDS1)
    with pytest.raises(BlankRefused) as refusal:
        prove_blank(card, KTP_EL, keys)
    assert refusal.value.facts["key_bytes"] == 32


def test_a_refused_command_is_told_with_its_status_word(card: Any, keys: Any) -> None:
    card.refuse[0xCA, 1] = 0x6D00
    with pytest.raises(ApduRefused) as refusal:
        prove_blank(card, KTP_EL, keys)
    assert refusal.value.facts == {
        "ins": "CA",
        "sw": "6D00 INS_NOT_SUPPORTED",
        "step": "read CPLC",
    }


def test_a_foreign_card_with_a_serial_of_ours_is_not_authentic(keys: Any) -> None:
    foreign = DictionaryCard(maker="ANOTHER-MAKER")
    with pytest.raises(CardNotAuthentic):
        prove_blank(foreign, KTP_EL, keys)
    assert foreign.channel.failures == 0
    assert keys.in_hand == 0


def test_a_card_with_a_wrong_cryptogram_is_sent_nothing_more(card: Any, keys: Any) -> None:
    card.channel.cryptogram_error = True
    with pytest.raises(CardNotAuthentic):
        prove_blank(card, KTP_EL, keys)
    assert card.air[-1].ins == 0x50


def test_a_card_that_is_blocked_is_not_authentic(card: Any, keys: Any) -> None:
    card.channel.failures = 3
    with pytest.raises(CardNotAuthentic, match="6983"):
        prove_blank(card, KTP_EL, keys)


def test_the_ledger_speaks_before_any_key_is_asked(
    card: Any, keys: Any, serial: CardSerial
) -> None:
    seen: list[CardSerial] = []

    def unknown(found: CardSerial) -> None:
        seen.append(found)
        raise BlankUnknown(card=found)

    with pytest.raises(BlankUnknown):
        prove_blank(card, KTP_EL, keys, known=unknown)
    assert seen == [serial]
    assert keys.asked == []
    assert [command.ins for command in card.air] == [0xCA]


@pytest.mark.parametrize("profile", [KTP_EL, ICAO_LDS1], ids=lambda profile: profile.name)
def test_a_blank_proves_itself_and_nothing_is_written(profile: Any, keys: Any) -> None:
    card = DictionaryCard(profile=profile)
    assert prove_blank(card, profile, keys) == CardSerial.from_bytes(card.serial)
    assert [command.ins for command in card.air] == [0xCA, 0xF2, 0xA4, 0xCA, 0x50]
    assert (card.files, card.secrets, card.channel.version) == ({}, {}, 0x30)
    assert keys.asked == [(card.serial.hex().upper(), profile.name)]
    assert keys.in_hand == 0


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
        (0xD8, 1, 0x6985, "change keys"),
        (0xDA, 1, 0x6A80, "put read keys"),
        (0xA4, 1, 0x6A82, "select application"),
        (0xE0, 5, 0x6A84, "write photo"),
        (0xD6, 3, 0x6581, "write biodata"),
        (0xB4, 1, 0x6A82, "compare digests"),
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
    assert refusal.value.facts["written"] != refusal.value.facts["found"]
    assert card.life_cycle == 0x01


def test_a_digest_that_is_wrong_once_is_no_good_card(
    card: Any, image: ChipImage, keys: Any, job: JobId
) -> None:
    transmit, asked = card.transmit, []

    def forgetful(command: CommandApdu) -> Any:
        if command.ins == 0xB4:
            asked.append(command)
            card.corrupt = KTP_EL.file("photo").file_id if len(asked) == 1 else None
        return transmit(command)

    card.transmit = forgetful
    with pytest.raises(ReadbackMismatch) as refusal:
        personalize(card, image, keys, job)
    assert refusal.value.facts["file"] == "compare digests"
    assert len(asked) == 1 + len(KTP_EL.files)
    assert card.life_cycle == 0x01


def test_a_file_that_cannot_be_asked_for_singly_ends_the_work(
    card: Any, image: ChipImage, keys: Any, job: JobId
) -> None:
    card.corrupt = KTP_EL.file("photo").file_id
    card.refuse[0xB4, 3] = 0x6581
    with pytest.raises(ApduRefused) as refusal:
        personalize(card, image, keys, job)
    assert refusal.value.facts["step"] == "compare digests"
    assert card.life_cycle == 0x01


def test_check_values_that_are_not_those_of_our_keys_end_the_work(
    card: Any, image: ChipImage, keys: Any, job: JobId
) -> None:
    card.wrong_check_value = True
    with pytest.raises(ReadbackMismatch) as refusal:
        personalize(card, image, keys, job)
    assert refusal.value.facts["file"] == "change keys"
    assert card.secrets == {}


def test_a_foreign_card_is_tried_once_and_not_written(
    image: ChipImage, keys: Any, job: JobId
) -> None:
    foreign = DictionaryCard(maker="ANOTHER-MAKER")
    with pytest.raises(CardNotAuthentic):
        personalize(foreign, image, keys, job)
    assert [command.ins for command in foreign.air] == [0xCA, 0x50]
    assert foreign.channel.failures == 0


def test_a_card_that_does_not_take_our_cryptogram_is_tried_once(
    card: Any, image: ChipImage, keys: Any, job: JobId
) -> None:
    card.channel.keys = (*card.channel.keys[:2], bytes(16))
    card.refuse[0x82, 1] = 0x6300
    transmit = card.transmit

    def deaf(command: CommandApdu) -> Any:
        spoilt = CommandApdu(0x84, 0x82, 0x33, 0, bytes(16))
        return transmit(spoilt if command.ins == 0x82 else command)

    card.transmit = deaf
    with pytest.raises(CardNotAuthentic):
        personalize(card, image, keys, job)
    assert card.channel.failures == 1


def test_a_broken_channel_ends_the_work(card: Any, image: ChipImage, keys: Any, job: JobId) -> None:
    card.channel.spoil_answer = lambda answer: type(answer)(bytes(len(answer.data)), answer.sw)
    with pytest.raises(SecureMessagingBroken):
        personalize(card, image, keys, job)
    assert [command.ins for command in card.log] == [0xCA, 0xE0]


@pytest.mark.parametrize("atr", [SHORT, CHAINING, EXTENDED], ids=["short", "chaining", "extended"])
def test_a_card_that_is_taken_away_at_any_apdu_leaves_true_evidence(
    image: ChipImage, keys: Any, job: JobId, attempt: AttemptId, atr: bytes
) -> None:
    whole = DictionaryCard(atr=atr)
    personalize(whole, image, keys, job)
    seen = []
    for count in range(len(whole.air)):
        torn = DictionaryCard(atr=atr)
        torn.tear_after = count
        announced: list[KeyChange] = []
        with pytest.raises(CardAbsent):
            personalize(torn, image, keys, job, before_key_change=announced.append)
        torn.tear_after = None
        torn.reset()
        evidence = read_evidence(torn)
        seen.append(evidence.progress)
        assert evidence.untouched == (not torn.application)
        assert evidence.key_version == torn.channel.version
        # No key set is changed that was not announced before.
        assert announced or not evidence.keys_changed
        if evidence.marker is not None:
            assert evidence.belongs_to(attempt)
        assert keys.in_hand == 0
    assert set(seen) == {Progress.BLANK, Progress.BEGUN}
    assert seen == sorted(seen, key=[Progress.BLANK, Progress.BEGUN].index)


@pytest.mark.parametrize("atr", [SHORT, CHAINING, EXTENDED], ids=["short", "chaining", "extended"])
def test_a_blank_becomes_the_image(image: ChipImage, keys: Any, job: JobId, atr: bytes) -> None:
    card = DictionaryCard(atr=atr)
    phases: list[Phase] = []
    report = personalize(card, image, keys, job, before_phase=phases.append)
    assert card.life_cycle == 0x0F
    assert {id_: bytes(content) for id_, content in card.files.items()} == {
        id_: content.reveal() for id_, content in image.files
    }
    assert card.secrets == {1: b"R" * 49}
    assert card.channel.version == 0x31
    assert card.channel.keys == card_key_set("CARD-128", card.serial, 0x31)
    assert report.digests == image.digests
    assert (report.card, report.attempt) == (image.card, image.attempt)
    assert report.payload_bytes == sum(len(content) for _, content in image.files)
    assert phases == list(Phase)
    assert keys.asked[-1] == (image.card, KTP_EL.name)
    assert keys.in_hand == 0
    assert report.apdus == len(card.air)
    assert sum(one.sent_bytes for one in report.traffic.values()) == sum(
        len(bytes(command)) for command in card.air
    )


def test_the_key_change_is_announced_right_before_it_is_sent(
    card: Any, image: ChipImage, keys: Any, job: JobId
) -> None:
    told: list[tuple[object, int]] = []
    personalize(
        card,
        image,
        keys,
        job,
        before_phase=lambda phase: told.append((phase, len(card.air))),
        before_key_change=lambda change: told.append((change, len(card.air))),
    )
    at = [number for number, (what, _) in enumerate(told) if isinstance(what, KeyChange)]
    assert len(at) == 1
    change, apdus = told[at[0]]
    assert told[at[0] - 1] == (Phase.KEYS, apdus)
    assert card.air[apdus].ins == 0xD8
    values = tuple(key_check_value(key) for key in card_key_set("CARD-128", card.serial, 0x31))
    assert change == KeyChange(
        card=image.card,
        from_version=0x30,
        to_version=0x31,
        check_values=values,  # type: ignore[arg-type]
    )


def test_nothing_is_changed_where_the_change_cannot_be_journalled(
    card: Any, image: ChipImage, keys: Any, job: JobId
) -> None:
    def refuse(_: KeyChange) -> None:
        raise BlankUnknown

    with pytest.raises(BlankUnknown):
        personalize(card, image, keys, job, before_key_change=refuse)
    assert card.channel.version == 0x30
    assert list(card.files) == [KTP_EL.marker.file_id]


def test_the_order_of_the_specification(card: Any, image: ChipImage, keys: Any, job: JobId) -> None:
    personalize(card, image, keys, job)
    sent = [command.ins for command in card.air]
    first = [0xCA, 0x50, 0x82, 0xE0, 0xE0, 0xD6, 0xD8, 0x50, 0x82, 0xDA, 0xA4, 0xE0]
    assert sent[: len(first)] == first
    assert sent[-3:] == [0xD6, 0xB4, 0xF0]
    # Everything but the openings and the serial goes within the channel.
    assert {c.ins for c in card.air if not c.cla & 0x04} == {0xCA, 0x50}
    assert all(not command.extended for command in card.air)


@pytest.mark.parametrize(
    ("atr", "most"), [(SHORT, 1.12), (CHAINING, 1.12), (EXTENDED, 1.04)], ids=["S", "C", "E"]
)
def test_what_goes_over_the_air_is_little_more_than_the_files(
    keys: Any, job: JobId, attempt: AttemptId, atr: bytes, most: float
) -> None:
    card = DictionaryCard(atr=atr)
    full = an_image(attempt, lambda file: b"f" * file.size_bytes)
    report = personalize(card, full, keys, job)
    assert report.traffic["file_data"].sent_bytes <= most * report.payload_bytes
    both_ways = sum(one.sent_bytes + one.received_bytes for one in report.traffic.values())
    assert both_ways <= 1.30 * report.payload_bytes


def test_another_read_rule_of_the_photo_reaches_the_chip(
    card: Any, image: ChipImage, keys: Any, job: JobId
) -> None:
    strict = with_photo_access(KTP_EL, ReadAccess.SECURE_MESSAGING)
    personalize(card, image, keys, job, profile=strict)
    creates = [command.data for command in card.log if command.ins == 0xE0]
    photo = [data for data in creates if b"\x83\x02\x6f\xf2" in data]
    assert photo[0][-3:] == b"\x86\x01\x01"


# --- terminating -----------------------------------------------------------------------------


def test_no_chip_is_terminated_without_keys(card: Any) -> None:
    assert not terminate(card, None)
    assert card.life_cycle == 0x01


def test_an_open_chip_is_terminated_under_the_transport_keys(card: Any, keys: Any) -> None:
    assert terminate(card, keys, KTP_EL)
    assert card.life_cycle == 0xFF
    assert keys.in_hand == 0


def test_a_closed_chip_is_terminated_under_its_own_keys(
    card: Any, image: ChipImage, keys: Any, job: JobId
) -> None:
    personalize(card, image, keys, job)
    card.reset()
    assert terminate(card, keys, KTP_EL)
    assert card.life_cycle == 0xFF
    assert [c.p1 for c in card.air if c.ins == 0x50][-1] == 0x31
    assert terminate(card, keys, KTP_EL)
    assert terminate(card, None)


@pytest.mark.parametrize("refuse", [(0xF0, 1), (0xCA, 1), (0xCA, 2), (0xF2, 1), (0xF2, 2)])
def test_a_chip_that_refuses_is_not_terminated(
    card: Any, keys: Any, refuse: tuple[int, int]
) -> None:
    card.refuse[refuse] = 0x6985
    terminated = terminate(card, keys, KTP_EL)
    # Where it only does not tell, it was terminated and nobody may say so.
    assert not terminated
    assert (card.life_cycle == 0xFF) == (refuse == (0xF2, 2))


@pytest.mark.parametrize("change", ["foreign", "version", "no set"])
def test_a_chip_that_does_not_prove_itself_is_not_terminated(keys: Any, change: str) -> None:
    card = DictionaryCard(maker="OTHER" if change == "foreign" else "TRANSPORT")
    if change == "version":
        card.channel.version = 0x42
    if change == "no set":
        card.key_information = b"\xe0\x00"
    assert not terminate(card, keys, KTP_EL)
    assert (card.life_cycle, card.channel.failures) == (0x01, 0)


def test_a_chip_that_is_gone_is_not_terminated(card: Any, keys: Any) -> None:
    card.tear_after = 0
    assert not terminate(card, keys, KTP_EL)


def test_a_chip_of_an_unknown_life_cycle_is_left_alone(card: Any, keys: Any) -> None:
    card.life_cycle = 0x7F
    assert not terminate(card, keys, KTP_EL)
    assert {command.ins for command in card.air} == {0xF2}


# --- the script as data ----------------------------------------------------------------------


def test_the_printed_script_shows_neither_person_nor_key(script: PersonalizationScript) -> None:
    text = f"{script} {script!r} {SECRETS!r}"
    for hidden in (b"1671015708860000", b"WARGA", b"K" * 8, b"S" * 8):
        assert hidden.decode() not in text
        assert hidden.hex() not in text.lower()
    assert "80D83081 Lc=46 data=secret Le=00 -> 31414141424242434343 9000" in str(script)
    assert "00DA0101 Lc=43 data=secret -> 9000" in str(script)


def test_scripts_of_two_attempts_differ_where_they_should(
    image: ChipImage, script: PersonalizationScript
) -> None:
    assert script.diff(script) == []
    other = a_script(image, JobId("J-00000000099"))
    changed = [line for line in script.diff(other) if line[0] in "+-" and line[1] == " "]
    assert len(changed) == 2
    assert all(line[1:].strip().startswith("00D60000 Lc=20") for line in changed)


def test_a_script_is_replayed_against_its_own_transcript(
    script: PersonalizationScript, image: ChipImage
) -> None:
    paper = TranscriptChannel(script.lines())
    assert perform(script, lambda _: paper) == image.digests
    assert paper.left == 0
    with pytest.raises(CardAbsent):
        perform(script, lambda _: paper)


def test_another_script_leaves_the_transcript(script: PersonalizationScript) -> None:
    paper = TranscriptChannel(list(script.lines())[6:])
    with pytest.raises(ApduRefused) as refusal:
        perform(script, lambda _: paper)
    assert refusal.value.facts["line"] == 1
    assert paper.left == len(exchanges(script)) - 3


def test_a_script_that_opens_no_session_sends_nothing(script: PersonalizationScript) -> None:
    paper = TranscriptChannel(script.lines())
    headless = type(script)(
        profile=script.profile,
        card=script.card,
        attempt=script.attempt,
        check_values=script.check_values,
        steps=script.steps[1:],
    )
    with pytest.raises(ValueError, match="opens a session"):
        perform(headless, lambda _: paper)
    assert paper.left == script.commands


def test_what_a_card_answered_is_a_transcript(
    script: PersonalizationScript, image: ChipImage
) -> None:
    recorder = RecordingChannel(TranscriptChannel(script.lines()))
    perform(script, lambda _: recorder)
    assert recorder.lines == exchanges(script)
    again = TranscriptChannel(recorder.lines)
    assert perform(script, lambda _: again) == image.digests


def test_the_marker_is_32_bytes(job: JobId, attempt: AttemptId) -> None:
    marker = marker_content(job, attempt)
    assert marker == job.encode() + b"\x00" + attempt.encode() + bytes(5)
    assert len(marker) == 32


def test_the_golden_transcript(job: JobId, attempt: AttemptId) -> None:
    """A small image of known bytes, printed; then the printed text is the card."""
    control = CardControl(
        card=CardSerial("0011223344556677"),
        key_version=3,
        attempt_digest=attempt_digest(attempt),
        bound_on=date(2026, 1, 31),
        signing_key_id=b"signer-1",
    )
    small = an_image(attempt, lambda file: _known(file.name, control))
    script = a_script(small, job)
    golden = (GOLDEN / "personalization-script.txt").read_text(encoding="ascii")
    assert str(script) + "\n" == golden
    paper = TranscriptChannel(golden.splitlines())
    assert perform(script, lambda _: paper) == small.digests
    assert paper.left == 0


def an_image(attempt: AttemptId, content: Callable[[Any], bytes]) -> ChipImage:
    control = bytes(51)
    return ChipImage(
        profile=KTP_EL.name,
        card=CardSerial("0011223344556677"),
        attempt=attempt,
        signer_key_id=b"signer-1",
        files=tuple(
            (file.file_id, PersonalBytes(content(file) or control)) for file in KTP_EL.files
        ),
    )


def _known(name: str, control: CardControl) -> bytes:
    if name == "card_control":
        return b"\x00\x33" + bytes(control)
    return bytes(range(256)) * 2 if name == "photo" else name.encode("ascii") * 8
