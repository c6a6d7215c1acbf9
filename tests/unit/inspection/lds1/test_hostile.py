"""Chips that break, lie or never end, at every command: always a verdict, never PASS."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Callable

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import CheckOutcome, QaVerdict, Verdict
from ektp.errors import ApduRefused, CardAbsent, EktpError, ReaderUnavailable
from inspection.guarded import Limits
from inspection.lds1.curve_table import CURVES
from inspection.lds1.inspector import LdsInspector
from inspection.lds1.passwords import AccessPasswords
from inspection.lds1.tlv import encode
from tests.unit.inspection.lds1.helpers import (
    ACCESS,
    AES,
    CA_PRIVATE,
    FakeChip,
    aa_info,
    ca_info,
    ca_key_info,
    evidence,
    expectation,
    groups_of,
    named_spki,
    outcome,
    pace_info,
    sw,
)

pytestmark = pytest.mark.slow

FAILED, PASSED = CheckOutcome.FAILED, CheckOutcome.PASSED
# The smallest curve: a reading is mostly curve arithmetic, and here there are very many.
SMALL_CURVE = CURVES[8]
SMALL = groups_of(
    picture_bytes=300,
    infos=(
        pace_info(parameter=8),
        ca_info(),
        ca_key_info(
            named_spki(SMALL_CURVE, SMALL_CURVE.multiply(CA_PRIVATE, SMALL_CURVE.generator))
        ),
        aa_info(),
    ),
)
KEYS = {"offer": (AES, 8), "ca": (AES, 8, CA_PRIVATE)}


strides = pytest.mark.parametrize("stride", [23, pytest.param(1, marks=pytest.mark.slow)])
"""A sample of the places for every run, all of them for the whole suite."""


def inspect(chip: object, **more: object) -> QaVerdict:
    return LdsInspector(**more).inspect(chip, expectation())


def small(**more: object) -> FakeChip:
    return FakeChip(groups=dict(SMALL), **(KEYS | more))


def counted() -> tuple[int, int]:
    chip = small()
    assert inspect(chip).verdict is Verdict.PASS
    return len(chip.commands), chip.resets


COMMANDS, RESETS = counted()


class Failing(FakeChip):
    """Raises at its n-th use, the field included."""

    left: int
    error: EktpError

    def _use(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise self.error

    def reset(self) -> None:
        self._use()
        super().reset()

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self._use()
        return super().transmit(command)


@strides
@pytest.mark.parametrize(
    ("error", "verdict", "word"),
    [
        (CardAbsent("gone"), Verdict.FAIL, CheckOutcome.FAILED),
        (ApduRefused("half an answer", sw="9000"), Verdict.FAIL, CheckOutcome.FAILED),
        (ReaderUnavailable("unplugged"), Verdict.HOLD, CheckOutcome.UNAVAILABLE),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_chip_or_reader_that_goes_away_at_any_command(
    error: EktpError, verdict: Verdict, word: CheckOutcome, stride: int
) -> None:
    for use in range(1, COMMANDS + RESETS + 1, stride):
        chip = Failing(groups=dict(SMALL), **KEYS)
        chip.left, chip.error = use, error
        found = inspect(chip)
        assert found.verdict is verdict, use
        assert outcome(found, "chip.answers") is word
        assert str(error) not in repr(found)


Change = Callable[[ResponseApdu], ResponseApdu]


class OneOther(FakeChip):
    """A chip whose answer at one place is another."""

    place: int
    change: Change
    hit: tuple[CommandApdu, ResponseApdu, ResponseApdu] | None = None
    file_hit: int | None = None

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        response = super().transmit(command)
        if len(self.commands) != self.place:
            return response
        changed = self.change(response)
        if changed != response:
            self.hit, self.file_hit = (command, response, changed), self.selected
        return changed

    @property
    def unjudged(self) -> bool:
        """Whether what was changed is judged elsewhere or nowhere.

        Card control by the checks over content, the other bytes of a CPLC by nobody; SELECT of the
        master file is a courtesy in a fresh field.
        """
        assert self.hit is not None
        command = self.hit[0]
        control = command.cla == 0x00 and command.ins == 0xB0 and self.file_hit == 0x01F0
        return control or command.ins == 0xCA or command.data == b"\x3f\x00"


def another(place: int, change: Change) -> tuple[OneOther, QaVerdict]:
    chip = OneOther(groups=dict(SMALL), **KEYS)
    chip.place, chip.change = place, change
    return chip, inspect(chip)


def places(stride: int, start: int) -> range:
    return range(1 + start % stride, COMMANDS + 1, stride)


@strides
@pytest.mark.parametrize("status", [0x9000, 0x6283, 0x6D00, 0x63C2, 0x6101, 0x6C01])
def test_another_status_word_at_any_answer(status: int, stride: int) -> None:
    """PASS only where it says the same, where it refuses too, or where a read is told to repeat."""
    for place in places(stride, status):
        chip, verdict = another(place, lambda _: sw(status))
        if chip.hit is None or chip.unjudged or verdict.verdict is not Verdict.PASS:
            continue
        command, before, _ = chip.hit
        refused = before.sw >> 8 in {0x69, 0x6A}
        absent = before.sw == 0x6A82 and status == 0x9000
        repeated = command.ins == 0xB0 and status == 0x6C01
        assert (refused and status == 0x6D00) or absent or repeated, (place, command)


def changes() -> dict[str, Callable[[bytes], bytes]]:
    chance = random.Random(11)  # noqa: S311 - seeded faults
    return {
        "cut": lambda data: data[:-1],
        "longer": lambda data: data + b"\x00",
        "gone": lambda _: b"",
        "half": lambda data: data[: len(data) // 2],
        "zeros": lambda data: bytes(len(data)),
        "ones": lambda _: b"\xff" * 300,
        "bit": lambda data: _flipped(data, chance),
    }


@strides
@pytest.mark.parametrize("how", changes())
def test_every_answer_cut_lengthened_or_flipped(how: str, stride: int) -> None:
    change = changes()[how]

    def tamper(response: ResponseApdu) -> ResponseApdu:
        return ResponseApdu(change(response.data) if response.data else b"", response.sw)

    for place in places(stride, len(how)):
        chip, verdict = another(place, tamper)
        if chip.hit is not None and not chip.unjudged and verdict.verdict is Verdict.PASS:
            command, before, after = chip.hit
            # A plain read may be answered with less than was asked.
            shorter = command.cla == 0x00 and command.ins == 0xB0 and how in {"cut", "half"}
            # The answer to the last write: its status word alone is looked at.
            write = command.cla == 0x0C and command.ins == 0xD6
            assert (shorter and before.data.startswith(after.data)) or write, (place, command)


def _flipped(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    bit = chance.randrange(8 * len(data))
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def protected_places(stride: int) -> list[int]:
    chip = small()
    inspect(chip)
    commands = enumerate(chip.commands, 1)
    # The write at the end of a session may be refused bare.
    return [n for n, c in commands if c.cla == 0x0C and c.ins != 0xD6][::stride]


@strides
def test_every_bit_flipped_in_a_session_is_told_by_secure_messaging(stride: int) -> None:
    chance = random.Random(12)  # noqa: S311 - seeded faults
    told = {
        "channel.secure_messaging", "channel.chip_authentication",
        "access.pace_can", "access.pace_mrz", "access.bac",
    }  # fmt: skip
    for place in protected_places(stride):
        _, verdict = another(
            place, lambda response: ResponseApdu(_flipped(response.data, chance), response.sw)
        )
        assert told & set(verdict.failed), place


@strides
@pytest.mark.parametrize("data", [b"", b"\x61\x02\x5f\x1f"])
@pytest.mark.parametrize("status", [0x9000, 0x6982, 0x6988, 0x6B00, 0x6282])
def test_an_answer_that_comes_bare_is_no_answer(status: int, data: bytes, stride: int) -> None:
    for place in protected_places(stride):
        _, verdict = another(place, lambda _: ResponseApdu(data, status))
        assert verdict.verdict is Verdict.FAIL, place


BOMBS = [
    bytes.fromhex("6184FFFFFFFF"),
    bytes.fromhex("75847FFFFFFF"),
    bytes.fromhex("318400FFFFFF"),
    bytes.fromhex("7C84FFFFFFFF80"),
    bytes.fromhex("3080") + bytes(30),
    b"\x30\x82" * 120,
    bytes(65_536),
    b"\x5f" * 200,
]


@strides
@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb[:6].hex())
def test_bombs_at_any_answer_are_refused_soon_and_small(bomb: bytes, stride: int) -> None:
    """A second and 50 MB are the limits of the house for one hostile chip."""
    for place in places(stride, len(bomb)):
        began = time.process_time()
        chip, verdict = another(place, lambda _: ResponseApdu(bomb, 0x9000))
        assert time.process_time() - began < 1
        assert chip.hit is not None
        assert chip.unjudged or verdict.verdict is Verdict.FAIL, place


@pytest.mark.parametrize("place", [5, 67, 80])
def test_a_hostile_chip_costs_little_memory(place: int) -> None:
    tracemalloc.start()
    for bomb in BOMBS[::3]:
        another(place, lambda _, bomb=bomb: ResponseApdu(bomb, 0x9000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000


LENGTHS = ["84FFFFFFFF", "847FFFFFFF", "8400FFFFFF", "83FFFFFF", "82FFFF", "80", "FF", "810A"]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("number", [1, 2, 13, 14, 15])
def test_files_of_absurd_lengths(number: int, length: str) -> None:
    chip = small()
    chip.groups[number] = chip.groups[number][:1] + bytes.fromhex(length) + bytes(200_000)
    began = time.process_time()
    verdict = inspect(chip)
    assert verdict.verdict is Verdict.FAIL
    assert outcome(verdict, f"file.dg{number}") is FAILED
    assert time.process_time() - began < 1


@pytest.mark.parametrize("name", ["card_access", "com", "sod", "dg14", "dg15"])
def test_noise_in_what_is_interpreted(name: str) -> None:
    """Whatever stands there, nothing is raised; what it was worth, passive authentication says."""
    chance = random.Random(name)  # noqa: S311 - noise
    number = int(name[2:]) if name.startswith("dg") else 0
    good = SMALL[number] if number else getattr(small(), name)
    for _ in range(15):
        changed = bytearray(good)
        for _ in range(chance.choice((1, 1, 2, 8))):
            changed[chance.randrange(len(good))] = chance.randrange(256)
        chip = small() if number else small(**{name: bytes(changed)})
        if number:
            chip.groups[number] = bytes(changed)
        verdict = LdsInspector().verify(chip, passwords=AccessPasswords.of(ACCESS))
        assert outcome(verdict, "chip.answers") is PASSED


def test_a_flood_of_bytes_ends_the_reading() -> None:
    verdict = inspect(small(outer=lambda _, __: ResponseApdu(bytes(65_536), 0x9000)))
    assert outcome(verdict, "chip.answers") is FAILED
    assert "bytes" in evidence(verdict, "chip.answers")


def test_a_chip_that_gives_one_byte_at_a_time_is_left() -> None:
    chip = FakeChip(
        inner=lambda command, response: (
            ResponseApdu(response.data[:1], 0x9000)
            if command.ins == 0xB0 and chip.session and chip.selected == 0x0102
            else response
        )
    )
    verdict = inspect(chip, limits=Limits(commands=1000, answer_bytes=1 << 20))
    assert outcome(verdict, "chip.answers") is FAILED
    assert len(chip.commands) == 1000


def test_a_slow_chip_holds_the_card() -> None:
    now = 0.0

    def slow(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        nonlocal now
        now += 1.0
        return response

    verdict = LdsInspector(clock=lambda: now).inspect(small(outer=slow), expectation())
    assert outcome(verdict, "chip.answers") is CheckOutcome.INCONCLUSIVE
    assert verdict.verdict is Verdict.HOLD
    assert now < 62


def test_an_application_that_is_not_selected_at_all() -> None:
    """ISO7816_A_03."""
    chip = small(inner=lambda command, response: sw(0x6A82) if command.p1 == 0x04 else response)
    verdict = inspect(chip)
    assert outcome(verdict, "chip.application") is FAILED
    assert verdict.verdict is Verdict.FAIL


def test_a_chip_that_hides_its_application_until_it_is_opened() -> None:
    def hide(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        return sw(0x6982) if command.cla == 0x00 and command.p1 == 0x04 else response

    chip = small(outer=hide, bac=False)
    verdict = LdsInspector().verify(chip, passwords=AccessPasswords.of(ACCESS))
    assert verdict.verdict is Verdict.PASS
    assert "the application: 6982" in evidence(verdict, "access.forbidden_reads")
    house = inspect(small(outer=hide, bac=False))
    assert outcome(house, "access.forbidden_reads") is FAILED


@pytest.mark.parametrize("status", [0x6982, 0x6A82, 0x9001, 0x6CFF])
@pytest.mark.parametrize("number", [2, 15])
@pytest.mark.parametrize("ins", [0xA4, 0xB0])
def test_a_file_that_is_refused_fails(number: int, status: int, ins: int) -> None:
    """ISO7816_C_01."""

    def refuse(command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        mine = chip.session and chip.selected == 0x0100 + number
        return sw(status) if mine and command.ins == ins else response

    chip = small(inner=refuse)
    verdict = inspect(chip)
    assert outcome(verdict, f"file.dg{number}") is FAILED
    assert outcome(verdict, "file.dg13") is PASSED


def test_empty_files() -> None:
    for number in SMALL:
        chip = small()
        chip.groups[number] = b""
        chip.com, chip.sod = small().com, small().sod
        assert inspect(chip).verdict is Verdict.FAIL
    chip = small()
    chip.groups[14] = encode(0x6E, b"")
    assert inspect(chip).verdict is Verdict.FAIL
