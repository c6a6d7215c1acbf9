"""The inspection over chips that the personalization wrote and the simulation plays, with a SAM."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ektp.cards import CheckOutcome, Expectation, QaVerdict, Verdict
from ektp.chip_profiles import KTP_EL
from ektp.errors import CardAbsent
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.perso import Artwork, DataFile, PersoPackage
from ektp.personal import PersonalBytes
from ektp.ports import SamChannel, TrustedSigner
from hsm.card_keys import READ_MASTER_VERSION
from hsm.house_token import Token
from hsm.initialisation import initialise
from hsm.keys import KeyLabel
from hsm.sam_channel import CardSamChannel
from hsm.soft_keys import SoftKeys
from inspection import KtpElInspector, identify
from personalization.binding import bind
from personalization.encoding import personalize, terminate
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from simulation.chip.maker import MakerKeys
from simulation.chip.models import READ_KEYS
from simulation.sam.card import SamCardChannel, SimulatedSam

SERIAL = CardSerial("4B54000000000001")
JOB, ATTEMPT = JobId("J-00000000011"), AttemptId("A-00000000022")
FIELDS = (
    "1671015501900000", "JL. CONTOH NO 1", "001", "002", "PALEMBANG", "ILIR BARAT II", "CONTOHAN",
    "PALEMBANG", "PEREMPUAN", "-", "ISLAM", "KAWIN", "WIRASWASTA", "SITI CONTOH", "15-1-1990",
    "SUMATERA SELATAN", "SEUMUR HIDUP", "2", "7", "WNI", "PALEMBANG",
)  # fmt: skip


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 2, tzinfo=UTC)


def minutiae(position: int) -> bytes:
    count = 50
    length = 30 + 6 * count
    head = b"FMR\x00 20\x00" + length.to_bytes(4, "big") + bytes(10) + b"\x01\x00"
    return head + bytes((position, 0, 80, count)) + bytes(range(150)) * 2 + bytes(2)


def contents(jpeg_bytes: int = 4700, fields: tuple[str, ...] = FIELDS) -> dict[str, bytes]:
    picture = bytes.fromhex("FFD8FFC00011080140 00F003012200021101031101FFDA0008010100003F00")
    fill = bytes(n * 7 % 251 for n in range(jpeg_bytes - len(picture) - 2))
    return {
        "biodata": ",".join(f'"{field}"' for field in fields).encode(),
        "photo": picture + fill + b"\xff\xd9",
        "signature_image": bytes(n % 256 for n in range(924)),
        "minutiae_1": minutiae(2),
        "minutiae_2": minutiae(7),
    }


def package(parts: dict[str, bytes]) -> PersoPackage:
    files = []
    for name, content in parts.items():
        framed = len(content).to_bytes(2, "big") + content
        if KTP_EL.file(name).enciphered:
            framed += bytes(-len(framed) % 8)
        files.append(DataFile(name=name, content=PersonalBytes(framed)))
    artwork = Artwork(layout="none", geometry="none", panels=())
    return PersoPackage(profile=KTP_EL.name, artwork=artwork, files=tuple(files))


@dataclass
class Bench:
    """A token, its SAM and the signers that the inspector trusts."""

    token: Token
    sam: SamChannel
    trusted: tuple[TrustedSigner, ...]
    maker: MakerKeys

    def blank(self, serial: CardSerial = SERIAL) -> Chip:
        """A blank of the maker whose transport masters the token shares."""
        return Chip.blank(serial, transport_keys=self.maker.key_set(serial))

    def make(
        self, parts: dict[str, bytes], serial: CardSerial = SERIAL
    ) -> tuple[bytes, Expectation]:
        """A personalized chip, saved, and what a reader must find on it."""
        image, expected = bind(
            package(parts),
            card=serial,
            attempt=ATTEMPT,
            on=date(2026, 1, 2),
            keys=self.token,
            signer=self.token.document_signer,
            key_version=READ_MASTER_VERSION,
        )
        chip = self.blank(serial)
        personalize(ChipChannel(chip), image, self.token, JOB)
        return bytes(chip), expected

    def inspect(self, chip: Chip, expected: Expectation) -> QaVerdict:
        return KtpElInspector(self.sam, self.trusted).inspect(ChipChannel(chip), expected)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder: Path = tmp_path_factory.mktemp("token") / "soft"
    maker = MakerKeys.at_random()
    transport = {KeyLabel.TRANSPORT_128: maker.aes_128, KeyLabel.TRANSPORT_256: maker.aes_256}
    keys = SoftKeys.create(folder, "123456")
    with initialise(keys, folder, FixedClock(), development=True, transport=transport) as token:
        issue = token.issue_simulated_sam()
        sam = SimulatedSam(
            master_keys={issue.read_master_version: issue.read_master_key},
            open_secret=issue.open_secret,
            signers=issue.signers,
        )
        channel = CardSamChannel(SamCardChannel(sam), issue.open_secret)
        yield Bench(token, channel, issue.signers, maker)


@pytest.fixture(scope="module")
def made(bench: Bench) -> tuple[bytes, Expectation]:
    return bench.make(contents())


def failed(verdict: QaVerdict) -> set[str]:
    return {check.name for check in verdict.checks if check.outcome is CheckOutcome.FAILED}


def test_what_the_personalization_wrote_passes_every_check(
    bench: Bench, made: tuple[bytes, Expectation]
) -> None:
    packed, expected = made
    verdict = bench.inspect(Chip.from_bytes(packed), expected)
    assert verdict.failed == ()
    assert verdict.verdict is Verdict.PASS
    assert verdict.card == SERIAL
    assert {check.outcome for check in verdict.checks} == {CheckOutcome.PASSED}


def test_inspection_leaves_the_chip_as_it_was(
    bench: Bench, made: tuple[bytes, Expectation]
) -> None:
    packed, expected = made
    chip = Chip.from_bytes(packed)
    bench.inspect(chip, expected)
    assert bytes(chip) == packed
    assert chip.writes == 0


def test_the_second_reading_and_a_tap(bench: Bench, made: tuple[bytes, Expectation]) -> None:
    packed, expected = made
    channel = ChipChannel(Chip.from_bytes(packed))
    inspector = KtpElInspector(bench.sam, bench.trusted)
    assert inspector.look(channel, expected).verdict is Verdict.PASS
    assert inspector.verify(channel).verdict is Verdict.PASS
    assert identify(channel) == SERIAL
    assert KtpElInspector(None, bench.trusted).inspect(channel, expected).verdict is Verdict.HOLD


@pytest.mark.parametrize("length", [*range(190, 230), *range(395, 425), 896])
def test_biodata_of_every_length_around_a_block_passes(bench: Bench, length: int) -> None:
    """A read that ends exactly on a block must not run past the end of the file."""
    line = len(contents()["biodata"])
    if length < line:
        name = FIELDS[13][: len(FIELDS[13])]
        fields = (*FIELDS[:13], name, *FIELDS[14:])
        fields = (*fields[:1], "J" * max(1, len(FIELDS[1]) - (line - length)), *fields[2:])
    else:
        fields = (*FIELDS[:1], "J" * (len(FIELDS[1]) + length - line), *FIELDS[2:])
    packed, expected = bench.make(contents(fields=fields))
    verdict = bench.inspect(Chip.from_bytes(packed), expected)
    assert verdict.failed == ()


@pytest.mark.parametrize("jpeg_bytes", [236, 237, 238, 239, 478, 4786, 4790])
def test_photos_of_lengths_around_a_block_pass(bench: Bench, jpeg_bytes: int) -> None:
    packed, expected = bench.make(contents(jpeg_bytes))
    assert bench.inspect(Chip.from_bytes(packed), expected).failed == ()


def test_a_card_without_fingers_passes(bench: Bench) -> None:
    fields = (*FIELDS[:17], "0", "0", *FIELDS[19:])
    parts = {**contents(fields=fields), "minutiae_1": b"", "minutiae_2": b""}
    packed, expected = bench.make(parts)
    assert bench.inspect(Chip.from_bytes(packed), expected).failed == ()


@pytest.mark.parametrize("energy", [0, 1, 100, 239])
def test_a_card_torn_at_any_command_of_its_personalization_fails(bench: Bench, energy: int) -> None:
    """PASS only where SET STATUS, the last command, happened and only its answer was lost."""
    image, expected = bind(
        package(contents()),
        card=SERIAL,
        attempt=ATTEMPT,
        on=date(2026, 1, 2),
        keys=bench.token,
        signer=bench.token.document_signer,
        key_version=READ_MASTER_VERSION,
    )
    whole = personalize(ChipChannel(bench.blank()), image, bench.token, JOB)
    commands = whole.apdus
    for torn_at in range(1, commands + 1):
        chip = bench.blank()
        chip.tear_after(torn_at, energy)
        with pytest.raises(CardAbsent):
            personalize(ChipChannel(chip), image, bench.token, JOB)
        verdict = bench.inspect(chip, expected)
        closed = torn_at == commands and energy > 0
        assert (verdict.verdict is Verdict.PASS) == closed, torn_at
        assert ("chip.life_cycle" in failed(verdict)) == (not closed), torn_at


def test_a_terminated_chip_fails(bench: Bench, made: tuple[bytes, Expectation]) -> None:
    packed, expected = made
    chip = Chip.from_bytes(packed)
    assert terminate(ChipChannel(chip), bench.token, KTP_EL)
    verdict = bench.inspect(chip, expected)
    assert {"chip.life_cycle", "chip.application"} <= failed(verdict)


def test_a_chip_killed_by_heat_fails(bench: Bench, made: tuple[bytes, Expectation]) -> None:
    packed, expected = made
    chip = Chip.from_bytes(packed)
    chip.kill()
    verdict = KtpElInspector(bench.sam, bench.trusted).look(ChipChannel(chip), expected)
    assert "chip.answers" in failed(verdict)


def test_a_chip_that_loses_any_command_fails(bench: Bench, made: tuple[bytes, Expectation]) -> None:
    packed, expected = made
    for command in range(1, 61):
        chip = Chip.from_bytes(packed)
        chip.tear_after(command, 0)
        verdict = bench.inspect(chip, expected)
        assert failed(verdict) >= {"chip.answers"}, command


def test_files_cloned_onto_another_chip_fail(bench: Bench) -> None:
    """All of a good card's content and keys on a chip with another serial, which is expected."""
    other = CardSerial("4B54000000000002")
    packed, expected = bench.make(contents())
    clone = Chip.from_bytes(packed)
    clone._state.serial = other
    forged = Expectation(profile=KTP_EL.name, card=other, attempt=ATTEMPT, digests=expected.digests)
    verdict = bench.inspect(clone, forged)
    assert failed(verdict) == {"card_control.serial", "signature.object", "signature.valid"}


def test_a_chip_with_another_masters_keys_fails(
    bench: Bench, made: tuple[bytes, Expectation]
) -> None:
    packed, expected = made
    sam = SimulatedSam(master_keys={READ_MASTER_VERSION: bytes(32)}, open_secret=bytes(32))
    channel = CardSamChannel(SamCardChannel(sam), bytes(32))
    inspector = KtpElInspector(channel, bench.trusted)
    verdict = inspector.inspect(ChipChannel(Chip.from_bytes(packed)), expected)
    assert failed(verdict) == {"channel.mutual_authentication"}


def test_a_sam_without_the_key_version_holds_the_card(
    bench: Bench, made: tuple[bytes, Expectation]
) -> None:
    packed, expected = made
    sam = SimulatedSam(master_keys={9: bytes(32)}, open_secret=bytes(32))
    channel = CardSamChannel(SamCardChannel(sam), bytes(32))
    inspector = KtpElInspector(channel, bench.trusted)
    verdict = inspector.inspect(ChipChannel(Chip.from_bytes(packed)), expected)
    assert verdict.verdict is Verdict.HOLD


def test_five_hundred_single_bits_are_caught_by_the_checks_that_should(
    bench: Bench, made: tuple[bytes, Expectation]
) -> None:
    packed, expected = made
    chance = random.Random(500)  # noqa: S311 - seeded faults
    names = [file.name for file in KTP_EL.files]
    # Half of the faults spread over the files alike, half over the bytes.
    sizes = {
        file.name: Chip.from_bytes(packed)._state.files.find(file.file_id, KTP_EL.application).size
        for file in KTP_EL.files
    }
    for number in range(500):
        name = (
            names[number % len(names)]
            if number < 250
            else chance.choices(names, weights=[sizes[name] for name in names])[0]
        )
        chip = Chip.from_bytes(packed)
        file = chip._state.files.find(KTP_EL.file(name).file_id, KTP_EL.application)
        bit = chance.randrange(8 * file.size)
        chip._state.memory.cells[file.address + bit // 8] ^= 1 << bit % 8
        verdict = bench.inspect(chip, expected)
        caught = failed(verdict)
        assert verdict.verdict is Verdict.FAIL, (name, bit)
        assert len(caught & {f"file.{name}", f"digest.{name}"}) == 1, (name, bit)
        others = {f"digest.{other}" for other in names if other != name}
        assert not caught & others, (name, bit)
        if name == "card_control":
            # Keys hang on the card control: nothing behind the SAM can be had.
            assert "channel.mutual_authentication" in caught | set(verdict.failed)
        elif f"digest.{name}" in caught:
            blind = name == "digital_signature"
            assert "signature.valid" in set(verdict.failed) or blind, (name, bit)


def test_a_bit_of_the_chips_keys_is_found_by_the_mutual_authentication(
    bench: Bench, made: tuple[bytes, Expectation]
) -> None:
    """K_ENC and K_MAC, as the chip holds them."""
    packed, expected = made
    chance = random.Random(88)  # noqa: S311 - seeded faults
    for _ in range(20):
        chip = Chip.from_bytes(packed)
        spoiled = bytearray(chip._state.secrets[READ_KEYS])
        assert len(spoiled) == 49
        # The lowest bit of a byte of a TDES key is parity, which changes nothing.
        spoiled[1 + chance.randrange(48)] ^= 0x02 << chance.randrange(7)
        chip._state.secrets[READ_KEYS] = bytes(spoiled)
        verdict = bench.inspect(chip, expected)
        assert failed(verdict) == {"channel.mutual_authentication"}


def test_an_inspection_is_quick(bench: Bench, made: tuple[bytes, Expectation]) -> None:
    """15 ms on a quiet machine; ten times that here, where others work too."""
    packed, expected = made
    chip = Chip.from_bytes(packed)
    bench.inspect(chip, expected)
    best = min(_timed(bench, chip, expected) for _ in range(10))
    assert best < 0.15


def _timed(bench: Bench, chip: Chip, expected: Expectation) -> float:
    begun = time.perf_counter()
    bench.inspect(chip, expected)
    return time.perf_counter() - begun


def test_evidence_shows_digests_of_what_was_read(
    bench: Bench, made: tuple[bytes, Expectation]
) -> None:
    packed, expected = made
    verdict = bench.inspect(Chip.from_bytes(packed), expected)
    shown = {check.name: check.evidence for check in verdict.checks}
    assert shown["digest.photo"] == expected.digests["photo"].hex()[:16]
    framed = package(contents()).file("photo").content.reveal()
    assert shown["digest.photo"] == hashlib.sha256(framed).hexdigest()[:16]
