"""bit-faults: one bit is flipped somewhere, and the inspection must see it by the right check.

On a chip of `ktp-el`: in a file as it lies in the cells, in the signature, in a trusted key. For
`icao-lds1`: in a file, in EF.SOD and its signer, in the CSCA certificate or the CRL. On the way: in
an answer that secure messaging protects, its MAC and its status word included.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.campaigns.chip_bench import (
    JOB,
    ChipBench,
    chip_bench,
    fresh_field,
    serial_of,
)
from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import CheckOutcome, Expectation, QaVerdict, Verdict
from ektp.chip_profiles import ICAO_LDS1, KTP_EL, ChipProfile
from ektp.errors import ConfigurationError
from ektp.ports import TrustedSigner
from hsm.signers.trust import trusted_signers
from inspection.ktp_el import KtpElInspector
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from tests.integration.lds1 import bit_faults as lds_faults
from tests.integration.lds1.specimens import house_files

__all__ = ["bit_faults", "flipped", "on_the_way", "seen_on_ktp_el", "seen_on_lds"]

_SECURE_MESSAGING: Final = 0x0C
_CONTENT_BEGINS: Final = 2
_SHOWN: Final = 20
_EVERY: Final = 250
_CONFIGURATION: Final = "configuration"
_SHARES: Final = {
    "ktp-el, stored": 55,
    "ktp-el, on the way": 10,
    "icao-lds1, stored": 30,
    "icao-lds1, on the way": 5,
}
"""Percents of all faults. A chip of `icao-lds1` takes ten times as long to read."""

_ON_THE_WAY: Final = ("channel.", "access.pace_")
"""Checks of a channel begin so: PACE has opened a chip when the first protected answer verifies."""


Fault = tuple[str, frozenset[str], "QaVerdict | None"]
"""Where a bit was flipped, the checks of which one must see it, and what the inspection said."""


def bit_faults(
    folder: Path,
    *,
    count: int = 10_000,
    seed: int = 2_026,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Spread over the parts by their shares. What is done of a part is kept in the folder."""
    with TemporaryDirectory() as place, chip_bench(Path(place) / "token") as bench:
        parts: dict[str, Callable[[random.Random], Callable[[], Fault]]] = {
            "ktp-el, stored": lambda chance: seen_on_ktp_el(bench, chance),
            "ktp-el, on the way": lambda chance: on_the_way(bench, KTP_EL, chance),
            "icao-lds1, stored": seen_on_lds,
            "icao-lds1, on the way": lambda chance: on_the_way(bench, ICAO_LDS1, chance),
        }
        for name, part in parts.items():
            kept = folder / f"{name}.json"
            if not kept.is_file():
                of_part = count * _SHARES[name] // 100
                chance = random.Random(f"{seed}/{name}")  # noqa: S311 - it must repeat itself
                kept.write_text(json.dumps(_all_of(part(chance), of_part, name, say).as_plain()))
    found = {name: json.loads((folder / f"{name}.json").read_text()) for name in parts}
    problems = [f"{name}: {one}" for name, part in found.items() for one in part.pop("problems")]
    return {
        "seed": seed,
        "faults": sum(part["faults"] for part in found.values()),
        "caught": sum(part["caught"] for part in found.values()),
        "parts": found,
        "problems": problems,
        "ok": not problems,
    }


@dataclass
class _Score:
    faults: int = 0
    caught: int = 0
    where: Counter[str] = field(default_factory=Counter)
    by: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def note(self, fault: Fault) -> None:
        """Whether a fault was seen, and by a check that is there for it."""
        where, expected, verdict = fault
        self.faults += 1
        self.where[where.split()[0]] += 1
        failed = {_CONFIGURATION} if verdict is None else set(verdict.failed)
        passed = verdict is not None and verdict.verdict is Verdict.PASS
        if passed or not failed & expected:
            self.problems.append(f"{where}: {sorted(failed)} instead of {sorted(expected)}")
            return
        self.caught += 1
        self.by.update(failed & expected)

    def as_plain(self) -> dict[str, Any]:
        return {
            "faults": self.faults,
            "caught": self.caught,
            "where": dict(sorted(self.where.items())),
            "by": dict(sorted(self.by.items())),
            "problems": self.problems[:_SHOWN],
        }


def _all_of(draw: Callable[[], Fault], count: int, name: str, say: Callable[[str], None]) -> _Score:
    score = _Score()
    for number in range(count):
        if number % _EVERY == 0:
            say(f"{name}: {number}/{count}")
        score.note(draw())
    return score


def flipped(content: bytes, bit: int) -> bytes:
    """The content with that bit flipped; the first one is the highest of the first byte."""
    changed = bytearray(content)
    changed[bit // 8] ^= 0x80 >> bit % 8
    return bytes(changed)


# --- ktp-el, stored ------------------------------------------------------------------------------


def _written(bench: ChipBench, profile: ChipProfile) -> tuple[Chip, Expectation]:
    serial = serial_of(5)
    chip, bound = bench.blank(profile, serial), bench.bound(profile, serial)
    bench.line(profile).personalize(ChipChannel(chip), bound.image, JOB)
    return chip, bound.expected


def seen_on_ktp_el(bench: ChipBench, chance: random.Random) -> Callable[[], Fault]:
    """Draws a fault in a file of a finished chip, or in the keys that its verifier trusts."""
    chip, expected = _written(bench, KTP_EL)
    good = bytes(chip)
    sizes = {file.file_id: file.size for file in chip._state.files}  # noqa: SLF001 - the world's
    inspector = bench.inspector(KTP_EL)
    if not isinstance(inspector, KtpElInspector):
        raise TypeError
    signers = trusted_signers(bench.token.registry)

    def stored(name: str) -> Fault:
        file_id = KTP_EL.file(name).file_id
        bit = chance.randrange(8 * sizes[file_id])
        hit = Chip.from_bytes(good)
        (file,) = (file for file in hit._state.files if file.file_id == file_id)  # noqa: SLF001
        cells = hit._state.memory.cells  # noqa: SLF001 - only the world can look into a chip
        cells[file.address + bit // 8] ^= 0x80 >> bit % 8
        verdict = inspector.inspect(fresh_field(hit), expected)
        return f"{name} bit {bit}", _checks_of(name, bit // 8), verdict

    def trusted(_: str) -> Fault:
        (signer,) = signers
        bit = chance.randrange(8 * len(signer.public_key))
        hit = replace(signer, public_key=flipped(signer.public_key, bit))
        return f"trusted-signer bit {bit}", frozenset({_CONFIGURATION}), _with_trust(hit)

    def draw() -> Fault:
        name = chance.choice([*(file.name for file in KTP_EL.files), ""])
        return stored(name) if name else trusted(name)

    return draw


def _with_trust(signer: TrustedSigner) -> QaVerdict | None:
    """None where the verifier refuses the key; a verifier that takes it would pass anything."""
    try:
        KtpElInspector(None, [signer])
    except ConfigurationError:
        return None
    return QaVerdict(verdict=Verdict.PASS, card=None, checks=())


def _checks_of(name: str, offset: int) -> frozenset[str]:
    """Which checks must see a fault in a file of `ktp-el`, without the house's digests."""
    if name == "digital_signature":
        # r and s, then whose they are and for which chip.
        return frozenset({"signature.valid" if offset < 64 else "signature.object"})
    if name == "card_control" and offset >= _CONTENT_BEGINS:
        # The keys of the chip are derived from it: no SAM opens a chip that lies about it.
        return frozenset({"channel.mutual_authentication"})
    in_length = offset < _CONTENT_BEGINS
    enciphered = KTP_EL.file(name).enciphered
    whole = {f"file.{name}"} if in_length or enciphered else set()
    return frozenset(whole | ({"signature.valid"} if not in_length or enciphered else set()))


# --- icao-lds1, stored ---------------------------------------------------------------------------


def seen_on_lds(chance: random.Random) -> Callable[[], Fault]:
    """Draws a fault in a file of a card of `icao-lds1`, or in the chain above its signer."""
    files = house_files()

    def draw() -> Fault:
        fault = lds_faults.draw(chance, files, evenly=chance.random() < 0.5)
        where = f"{fault.file} byte {fault.offset} bit {fault.bit}"
        return where, lds_faults.expected_checks(files, fault), lds_faults.inspect(files, fault)

    return draw


# --- on the way ----------------------------------------------------------------------------------


def on_the_way(
    bench: ChipBench, profile: ChipProfile, chance: random.Random
) -> Callable[[], Fault]:
    """Draws a fault in one protected answer between a chip and its reader."""
    chip, expected = _written(bench, profile)
    inspector = bench.inspector(profile)
    listening = _Flipping(chip, None, 0)
    inspector.look(listening, expected)
    lengths = listening.lengths

    def draw() -> Fault:
        number = chance.randrange(len(lengths))
        bit = chance.randrange(8 * lengths[number])
        chip.reset()
        flipping = _Flipping(chip, number, bit)
        verdict = inspector.look(flipping, expected)
        part = "status-word" if bit >= 8 * (lengths[number] - 2) else "protected-answer"
        failed = {check.name for check in verdict.checks if check.outcome is CheckOutcome.FAILED}
        channel = frozenset(name for name in failed if name.startswith(_ON_THE_WAY))
        return f"{part} {number} bit {bit}", channel, verdict

    return draw


class _Flipping(ChipChannel):
    """A reader that flips one bit of the n-th answer under secure messaging, or none."""

    def __init__(self, chip: Chip, number: int | None, bit: int) -> None:
        super().__init__(chip)
        self._number, self._bit = number, bit
        self.lengths: list[int] = []

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        answer = super().transmit(command)
        if command.cla & _SECURE_MESSAGING != _SECURE_MESSAGING or command.cla & 0x80:
            return answer
        raw = bytes(answer)
        self.lengths.append(len(raw))
        if len(self.lengths) - 1 != self._number:
            return answer
        return ResponseApdu.from_bytes(flipped(raw, self._bit))
