"""Chips that break, lie or never end; readers and SAMs that fail: always a verdict, never PASS."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.cards import CheckOutcome, QaVerdict, Verdict
from ektp.chip_profiles import KTP_EL
from ektp.errors import (
    ApduRefused,
    CardAbsent,
    EktpError,
    HsmError,
    ReaderUnavailable,
    SecureMessagingBroken,
)
from inspection import KtpElInspector
from inspection.guarded import Limits

pytestmark = pytest.mark.slow

SELECT, READ, CHALLENGE, AUTHENTICATE = 0xA4, 0xB0, 0x84, 0x82


def outcome(verdict: QaVerdict, name: str) -> CheckOutcome:
    return next(check.outcome for check in verdict.checks if check.name == name)


@pytest.fixture(scope="module")
def files(lab: SimpleNamespace) -> dict[str, bytes]:
    return lab.plain_files()


@pytest.fixture
def inspect(lab: SimpleNamespace, files: dict[str, bytes]) -> Callable[..., QaVerdict]:
    def run(chip: object = None, sam: object = None, **tamper: object) -> QaVerdict:
        inspector = KtpElInspector(sam or lab.FakeSam(), [lab.signer()])
        return inspector.inspect(chip or lab.a_chip(files, **tamper), lab.expectation(files))

    return run


def commands_of(lab: SimpleNamespace, files: dict[str, bytes]) -> int:
    chip = lab.a_chip(files)
    KtpElInspector(lab.FakeSam(), [lab.signer()]).inspect(chip, lab.expectation(files))
    return len(chip.commands)


class Failing:
    """A channel that raises at its n-th use, reset being the first."""

    def __init__(self, chip: object, use: int, error: EktpError) -> None:
        self._chip, self._left, self._error = chip, use, error

    def _use(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise self._error

    def atr(self) -> bytes:
        return self._chip.atr()

    def reset(self) -> None:
        self._use()
        self._chip.reset()

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self._use()
        return self._chip.transmit(command)


@pytest.mark.parametrize(
    ("error", "verdict", "word"),
    [
        (CardAbsent("gone"), Verdict.FAIL, CheckOutcome.FAILED),
        (ApduRefused("half an answer", sw="9000"), Verdict.FAIL, CheckOutcome.FAILED),
        (ReaderUnavailable("unplugged"), Verdict.HOLD, CheckOutcome.UNAVAILABLE),
    ],
)
def test_a_chip_or_reader_that_goes_away_at_any_command(
    lab: SimpleNamespace,
    files: dict[str, bytes],
    inspect: Callable[..., QaVerdict],
    error: EktpError,
    verdict: Verdict,
    word: CheckOutcome,
) -> None:
    uses = commands_of(lab, files) + 1
    for use in range(1, uses + 1):
        found = inspect(Failing(lab.a_chip(files), use, error))
        assert found.verdict is verdict, use
        assert outcome(found, "chip.answers") is word
        assert str(error) not in repr(found)


def test_a_sam_that_fails_at_any_call_holds_the_card(
    lab: SimpleNamespace, files: dict[str, bytes], inspect: Callable[..., QaVerdict]
) -> None:
    whole = lab.FakeSam()
    inspect(sam=whole)
    for error in (HsmError("out"), CardAbsent("no SAM in its slot"), ReaderUnavailable("slot")):
        # The last call is the reset that ends the session: it has nothing to say of the card.
        for call in range(1, whole.calls):
            verdict = inspect(sam=lab.FakeSam(fail_at=call, error=error))
            assert verdict.verdict is Verdict.HOLD, call
            assert outcome(verdict, "chip.answers") is CheckOutcome.PASSED
            assert CheckOutcome.UNAVAILABLE in {check.outcome for check in verdict.checks}
            assert CheckOutcome.FAILED not in {check.outcome for check in verdict.checks}
    last = inspect(sam=lab.FakeSam(fail_at=whole.calls, error=HsmError("out")))
    assert last.verdict is Verdict.PASS


def test_a_sam_that_leaves_commands_bare_is_not_believed(
    lab: SimpleNamespace, inspect: Callable[..., QaVerdict]
) -> None:
    verdict = inspect(sam=lab.FakeSam(wraps=False))
    assert verdict.verdict is Verdict.HOLD
    assert outcome(verdict, "channel.secure_messaging") is CheckOutcome.UNAVAILABLE


def test_an_answer_that_the_sam_does_not_accept_fails_the_card(
    lab: SimpleNamespace, inspect: Callable[..., QaVerdict]
) -> None:
    sam = lab.FakeSam(fail_at=4, error=SecureMessagingBroken("the answer"))
    verdict = inspect(sam=sam)
    assert outcome(verdict, "channel.mutual_authentication") is CheckOutcome.FAILED
    assert outcome(verdict, "file.biodata") is CheckOutcome.INCONCLUSIVE
    assert verdict.verdict is Verdict.FAIL


def test_an_answer_that_the_sam_cannot_decipher_fails_the_file(
    lab: SimpleNamespace, inspect: Callable[..., QaVerdict]
) -> None:
    class Strict(lab.FakeSam):
        def unwrap(self, response: ResponseApdu) -> ResponseApdu:
            plain = super().unwrap(response)
            if self.deciphering and plain.data:
                raise HsmError("half a block", sw="6700 WRONG_LENGTH")
            return plain

    verdict = inspect(sam=Strict())
    assert verdict.verdict is Verdict.FAIL
    assert outcome(verdict, "file.signature_image") is CheckOutcome.FAILED
    assert outcome(verdict, "file.minutiae_2") is CheckOutcome.FAILED
    assert outcome(verdict, "file.biodata") is CheckOutcome.PASSED


@pytest.mark.parametrize("file", KTP_EL.files, ids=lambda file: file.name)
def test_an_endless_file_is_left_after_one_block_too_many(
    lab: SimpleNamespace, files: dict[str, bytes], inspect: Callable[..., QaVerdict], file: object
) -> None:
    chip = lab.a_chip(files)
    stored = chip.stored[file.file_id]
    read = 0

    class Endless(bytearray):
        def __len__(self) -> int:
            return 1 << 20

        def __bytes__(self) -> bytes:
            return bytes(stored).ljust(8192, b"\x5a")

    chip.stored[file.file_id] = Endless()

    def count(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        nonlocal read
        read += len(response.data) if chip.selected == file.file_id else 0
        return response

    chip.tamper = count
    verdict = inspect(chip)
    assert outcome(verdict, f"file.{file.name}") is CheckOutcome.FAILED
    assert read <= len(files[file.name]) + 8 + 20 * 13  # what secure messaging and probes add


def test_a_file_that_announces_more_than_the_profile_has_is_not_read_on(
    lab: SimpleNamespace, files: dict[str, bytes], inspect: Callable[..., QaVerdict]
) -> None:
    chip = lab.a_chip(files)
    chip.stored[0x6FF2][:2] = b"\xff\xff"
    verdict = inspect(chip)
    assert outcome(verdict, "file.photo") is CheckOutcome.FAILED
    photo = [n for n, command in enumerate(chip.commands) if command.data == b"\x6f\xf2"]
    assert [command.ins for command in chip.commands[photo[-1] :][:3]] == [SELECT, READ, CHALLENGE]


@pytest.mark.parametrize("cut", [1, 2, 3, 8, 207, 208])
@pytest.mark.parametrize("name", [file.name for file in KTP_EL.files])
def test_a_file_cut_short_fails(
    lab: SimpleNamespace,
    files: dict[str, bytes],
    inspect: Callable[..., QaVerdict],
    name: str,
    cut: int,
) -> None:
    chip = lab.a_chip(files)
    stored = chip.stored[KTP_EL.file(name).file_id]
    del stored[max(1, len(stored) - cut) :]
    verdict = inspect(chip)
    assert verdict.verdict is Verdict.FAIL
    assert outcome(verdict, f"file.{name}") is CheckOutcome.FAILED


@pytest.mark.parametrize(("name", "left"), [("photo", 720), ("biodata", 208)])
def test_a_file_cut_short_on_the_border_of_a_read_fails_for_its_length(
    lab: SimpleNamespace,
    files: dict[str, bytes],
    inspect: Callable[..., QaVerdict],
    name: str,
    left: int,
) -> None:
    chip = lab.a_chip({**files, "biodata": lab.prefixed(bytes(400))})
    del chip.stored[KTP_EL.file(name).file_id][left:]
    verdict = inspect(chip)
    assert chip.past_end
    assert outcome(verdict, f"file.{name}") is CheckOutcome.FAILED
    assert outcome(verdict, "access.free_reads") is CheckOutcome.PASSED
    assert outcome(verdict, "channel.secure_messaging") is CheckOutcome.PASSED


BOMBS = [
    b"",
    b"\x9f",
    b"\x9f\x7f",
    b"\x9f\x7f\x84\xff\xff\xff\xff",
    b"\x9f\x7f\x80" + bytes(42) + b"\x00\x00",
    b"\x9f\x7f\x81\x2a" + bytes(42),
    b"\x9f\x7f\x82\x00\x2a" + bytes(42),
    b"\x9f\x7f\x29" + bytes(41),
    b"\x9f\x7f\x2b" + bytes(43),
    b"\x9f\x7f\x2a" + bytes(41),
    b"\x9f\x7f\x2a" + bytes(43),
    b"\x9f\x7f\x2a" + bytes(42) + b"\x9f\x7f\x2a" + bytes(42),
    b"\x9f\xff\xff\xff\xff\x7f\x2a" + bytes(42),
    b"\xe3\x84\xff\xff\xff\xff\x9f\x70\x01\x0f",
    b"\xe3\x04\x9f\x70\x84\xff",
    b"\xe3\x03\x9f\x70\x00",
    b"\xe3\x05\x9f\x70\x02\x0f\x0f",
    b"\xe3\x08\x9f\x70\x01\x0f\x9f\x70\x01\x0f",
    b"\x9f\x70\x01\x0f",
    bytes(65_537),
]


@pytest.mark.parametrize("ins", [0xCA, 0xF2])
@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb[:7].hex())
def test_data_objects_that_lie_about_their_lengths(
    inspect: Callable[..., QaVerdict], ins: int, bomb: bytes
) -> None:
    def answer(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        return ResponseApdu(bomb, 0x9000) if command.ins == ins else response

    tracemalloc.start()
    verdict = inspect(tamper=answer)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert verdict.verdict is Verdict.FAIL
    assert peak < 8_000_000


def test_a_chip_that_answers_without_end_in_bytes(inspect: Callable[..., QaVerdict]) -> None:
    def flood(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        return ResponseApdu(bytes(65_536), 0x9000)

    verdict = inspect(tamper=flood)
    assert outcome(verdict, "chip.answers") is CheckOutcome.FAILED


@pytest.mark.parametrize("length", [0, 1, 7, 9, 39, 41, 254, 300])
@pytest.mark.parametrize("ins", [CHALLENGE, AUTHENTICATE])
def test_authentication_with_answers_of_a_wrong_length(
    inspect: Callable[..., QaVerdict], ins: int, length: int
) -> None:
    def answer(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        return ResponseApdu(bytes(length), 0x9000) if command.ins == ins else response

    verdict = inspect(tamper=answer)
    assert outcome(verdict, "channel.mutual_authentication") is CheckOutcome.FAILED
    assert verdict.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "answer",
    [
        ResponseApdu(b"", 0x9000),
        ResponseApdu(b"", 0x6988),
        ResponseApdu(b"", 0x6B00),
        ResponseApdu(bytes(80), 0x9000),
        ResponseApdu(bytes(254), 0x9000),
        ResponseApdu(bytes(65_000), 0x9000),
    ],
    ids=repr,
)
@pytest.mark.parametrize("at", [1, 2, 5, 9, 12])
def test_an_answer_that_comes_bare_ends_the_session(
    inspect: Callable[..., QaVerdict], answer: ResponseApdu, at: int
) -> None:
    seen = 0

    def bare(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        nonlocal seen
        seen += command.cla == 0x0C
        return answer if command.cla == 0x0C and seen == at else response

    verdict = inspect(tamper=bare)
    assert verdict.verdict is Verdict.FAIL
    wide = len(answer.data) > 32_000
    check = "chip.answers" if wide else "channel.secure_messaging"
    assert outcome(verdict, check) is CheckOutcome.FAILED
    assert seen == at


def test_every_single_bit_of_a_protected_answer_counts(
    lab: SimpleNamespace, files: dict[str, bytes], inspect: Callable[..., QaVerdict]
) -> None:
    whole = lab.a_chip(files)
    inspect(whole)
    protected = sum(command.cla == 0x0C for command in whole.commands)
    chance = random.Random(8)  # noqa: S311 - a seeded fault
    for at in range(1, protected + 1):
        seen = 0

        def flip(command: CommandApdu, response: ResponseApdu, at: int = at) -> ResponseApdu:
            nonlocal seen
            seen += command.cla == 0x0C
            if command.cla != 0x0C or seen != at:
                return response
            data = bytearray(response.data)
            bit = chance.randrange(8 * len(data))
            data[bit // 8] ^= 1 << bit % 8
            return ResponseApdu(bytes(data), response.sw)

        verdict = inspect(tamper=flip)
        assert outcome(verdict, "channel.secure_messaging") is CheckOutcome.FAILED


def test_more_data_than_asked_for_is_refused(inspect: Callable[..., QaVerdict]) -> None:
    def longer(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        plain_read = command.cla == 0 and command.ins == READ and response.ok
        return ResponseApdu(response.data + b"\x00", 0x9000) if plain_read else response

    verdict = inspect(tamper=longer)
    assert outcome(verdict, "file.photo") is CheckOutcome.FAILED


def test_a_reading_ends_when_its_time_is_up(lab: SimpleNamespace, files: dict[str, bytes]) -> None:
    now = 0.0

    def slow(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        nonlocal now
        now += 0.9
        return response

    chip = lab.a_chip(files, tamper=slow)
    inspector = KtpElInspector(
        lab.FakeSam(), [lab.signer()], limits=Limits(seconds=10), clock=lambda: now
    )
    verdict = inspector.inspect(chip, lab.expectation(files))
    assert verdict.verdict is Verdict.HOLD
    assert outcome(verdict, "chip.answers") is CheckOutcome.INCONCLUSIVE
    assert now < 10 + 1


def test_a_reading_ends_after_so_many_commands(
    lab: SimpleNamespace, files: dict[str, bytes]
) -> None:
    chip = lab.a_chip(files)
    inspector = KtpElInspector(lab.FakeSam(), [lab.signer()], limits=Limits(commands=20))
    verdict = inspector.inspect(chip, lab.expectation(files))
    assert len(chip.commands) == 20
    assert outcome(verdict, "chip.answers") is CheckOutcome.FAILED


@pytest.mark.parametrize("limit", ["seconds", "commands", "answer_bytes"])
def test_limits_are_greater_than_zero(limit: str) -> None:
    with pytest.raises(ValueError, match="zero"):
        Limits(**{limit: 0})


CLASSES: dict[str, tuple[Callable[[CommandApdu], bool], set[int]]] = {
    "GET DATA": (lambda c: c.ins == 0xCA, {0x9000}),
    "GET STATUS": (lambda c: c.ins == 0xF2, {0x9000}),
    "SELECT application": (lambda c: c.data == b"\x7f\x0a", {0x9000}),
    "SELECT free": (lambda c: c.ins == SELECT and c.data == b"\x6f\xf0", {0x9000}),
    "SELECT secured": (lambda c: c.cla == 0 and c.data == b"\x6f\xf1", {0x9000, 0x6982}),
    "SELECT marker": (lambda c: c.data == b"\x6f\xfe", {0x6A82}),
    "UPDATE": (lambda c: c.ins == 0xD6, {0x6985}),
    "CREATE": (lambda c: c.ins == 0xE0, {0x6985}),
    "PUT KEY": (lambda c: c.ins == 0xD8, {0x6985}),
    "SET STATUS": (lambda c: c.ins == 0xF0, {0x6985}),
    "FILE DIGEST": (lambda c: c.ins == 0xB4, {0x6985}),
    "CHALLENGE": (lambda c: c.ins == CHALLENGE, {0x9000}),
    "AUTHENTICATE": (lambda c: c.ins == AUTHENTICATE, {0x9000}),
    "SM SELECT": (lambda c: c.cla == 0x0C and c.ins == SELECT, {0x9000}),
    "SM READ": (lambda c: c.cla == 0x0C and c.ins == READ, {0x9000}),
}


@pytest.mark.parametrize("name", CLASSES)
def test_no_other_status_word_of_a_command_is_taken_for_good(
    inspect: Callable[..., QaVerdict], name: str
) -> None:
    """A sample of the 65,536 through whole inspections; all of them: tests/integration."""
    concerned, good = CLASSES[name]
    seed = sorted(CLASSES).index(name)
    sample = {
        *StatusWord,
        *range(seed, 0x10000, 683),
        0x6100,
        0x61FF,
        0x6C08,
        0x63C2,
        0x9001,
        0x6F00,
    }
    for sw in sample:

        def answer(command: CommandApdu, response: ResponseApdu, sw: int = sw) -> ResponseApdu:
            return ResponseApdu(response.data, sw) if concerned(command) else response

        verdict = inspect(tamper=answer)
        assert (verdict.verdict is Verdict.PASS) == (sw in good), f"{name} {sw:04X}"


def test_single_bits_of_stored_files_are_caught_by_the_checks_over_content(
    lab: SimpleNamespace, files: dict[str, bytes], inspect: Callable[..., QaVerdict]
) -> None:
    chance = random.Random(7)  # noqa: S311 - seeded faults
    for file in KTP_EL.files:
        for _ in range(40):
            chip = lab.a_chip(files)
            stored = chip.stored[file.file_id]
            bit = chance.randrange(8 * len(stored))
            stored[bit // 8] ^= 1 << bit % 8
            verdict = inspect(chip)
            assert verdict.verdict is Verdict.FAIL
            caught = {f"file.{file.name}", f"digest.{file.name}"} & {
                check.name for check in verdict.checks if check.outcome is CheckOutcome.FAILED
            }
            assert len(caught) == 1, (file.name, bit)
            others = {f"digest.{other.name}" for other in KTP_EL.files} - {f"digest.{file.name}"}
            failed = {c.name for c in verdict.checks if c.outcome is CheckOutcome.FAILED}
            assert not others & failed
