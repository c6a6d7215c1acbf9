"""torn: the power is cut at every command of a personalization, and at every byte that it writes.

One whole personalization of each profile is held still before each command. A copy of the chip gets
the command and loses its power after so many bytes, 0 to all that the command writes (all: only the
answer is lost). Then it is judged as after a stop: what it can prove of itself, what a stranger
says of it, and whether it is completed by a new attempt, was whole already, or is terminated.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.campaigns.chip_bench import (
    ATTEMPT,
    JOB,
    PROFILES,
    ChipBench,
    chip_bench,
    copy_of,
    fresh_field,
    serial_of,
)
from benchmarks.campaigns.torn_on_line import torn_on_line
from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import Verdict
from ektp.chip_profiles import ChipProfile
from ektp.errors import CardAbsent
from ektp.ports import Inspector
from personalization.card_control import attempt_digest
from personalization.evidence import Progress
from personalization.profiles.shape import Binding, Personalization
from personalization.script import Phase
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel

__all__ = ["COMPLETED", "TERMINATED", "WHOLE", "Autopsy", "torn", "torn_profile"]

COMPLETED: Final = "completed by a new attempt"
WHOLE: Final = "whole, only its last answer was lost"
TERMINATED: Final = "terminated"
_ENDLESS: Final = 1 << 20
_OPENING: Final = "before the first phase"
_COMMANDS: Final = {
    0x50: "INITIALIZE UPDATE",
    0x82: "EXTERNAL AUTHENTICATE",
    0xA4: "SELECT",
    0xB0: "READ BINARY",
    0xB4: "FILE DIGEST",
    0xC0: "GET RESPONSE",
    0xCA: "GET DATA",
    0xD6: "UPDATE BINARY",
    0xD8: "PUT KEY",
    0xDA: "PUT DATA",
    0xE0: "CREATE FILE",
    0xF0: "SET STATUS",
    0xF2: "GET STATUS",
}
_SHOWN: Final = 20


def torn(
    folder: Path, *, stride: int = 1, jobs: int = 20, say: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Cut at every `stride`-th byte, and cut `jobs` cards of each profile on a line; the tables.

    What is done of a profile is kept in the folder.
    """
    result: dict[str, Any] = {"cuts": 0, "profiles": {}, "problems": []}
    for profile in PROFILES:
        kept = folder / f"{profile.name}.json"
        if not kept.is_file():
            with TemporaryDirectory() as place, chip_bench(Path(place) / "token") as bench:
                found = torn_profile(bench, profile, stride=stride, say=say)
            found["on_line"] = torn_on_line(folder, profile.name, jobs=jobs, say=say)
            found["problems"] += found["on_line"].pop("problems")
            kept.write_text(json.dumps(found))
        found = json.loads(kept.read_text())
        result["problems"] += [f"{profile.name}: {what}" for what in found.pop("problems")]
        result["cuts"] += found["cuts"]
        result["profiles"][profile.name] = found
    result["ok"] = not result["problems"]
    return result


def torn_profile(
    bench: ChipBench,
    profile: ChipProfile,
    *,
    stride: int = 1,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """All cuts of one personalization, each with its end; by phase and by command."""
    serial = serial_of(1)
    autopsy = Autopsy(
        line=bench.line(profile),
        inspector=bench.inspector(profile),
        bound=bench.bound(profile, serial),
    )
    cutter = _Cutter(bench.blank(profile, serial), autopsy, stride, say)
    report = autopsy.line.personalize(
        cutter, autopsy.bound.image, JOB, before_phase=cutter.begin_phase
    )
    return {
        "apdus": report.apdus,
        "cuts": cutter.cuts,
        "bytes_written": cutter.written,
        "by_phase": {phase: dict(ends) for phase, ends in cutter.ends.items()},
        "cuts_by_command": dict(cutter.commands),
        "key_version_after_put_key": dict(autopsy.versions),
        "half_cards_passed": autopsy.passed,
        "problems": autopsy.problems[:_SHOWN],
    }


@dataclass
class Autopsy:
    """What becomes of a chip that lost its power while it was written."""

    line: Personalization
    inspector: Inspector
    bound: Binding
    versions: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    passed: int = 0

    def end_of(self, chip: Chip, where: str, *, in_put_key: bool) -> str:
        """Examine a chip as after a stop, and bring it to its end."""
        evidence = self.line.read_evidence(fresh_field(chip))
        self._expect(evidence.key_version == chip.key_version, f"{where}: another key version")
        if in_put_key:
            self.versions[f"{evidence.key_version:02X}"] += 1
        seen = self.inspector.inspect(fresh_field(chip), self.bound.expected).verdict
        if evidence.progress is Progress.CLOSED:
            self._expect(seen is Verdict.PASS, f"{where}: closed, and says {seen}")
            mine = evidence.closed_for == attempt_digest(ATTEMPT)
            self._expect(mine, f"{where}: closed for another attempt")
            return WHOLE
        if seen is Verdict.PASS:
            self.passed += 1
            self.problems.append(f"{where}: a half card passes")
        if evidence.progress is Progress.BLANK:
            self._expect(self._completed(chip), f"{where}: an untouched blank was not completed")
            return COMPLETED
        self._expect(self.line.terminate(fresh_field(chip)), f"{where}: not terminated")
        progress = self.line.read_evidence(fresh_field(chip)).progress
        self._expect(progress is Progress.TERMINATED, f"{where}: {progress}")
        return TERMINATED

    def _completed(self, chip: Chip) -> bool:
        self.line.prove_blank(fresh_field(chip))
        self.line.personalize(fresh_field(chip), self.bound.image, JOB)
        verdict = self.inspector.inspect(fresh_field(chip), self.bound.expected).verdict
        return verdict is Verdict.PASS

    def _expect(self, held: bool, what: str) -> None:
        if not held:
            self.problems.append(what)


class _Cutter(ChipChannel):
    """A reader that tries every cut of a command on copies of the chip before it sends it."""

    def __init__(
        self, chip: Chip, autopsy: Autopsy, stride: int, say: Callable[[str], None]
    ) -> None:
        super().__init__(chip)
        self._autopsy = autopsy
        self._stride = stride
        self._say = say
        self._phase = _OPENING
        self.apdus = self.cuts = self.written = 0
        self.ends: dict[str, Counter[str]] = {}
        self.commands: Counter[str] = Counter()

    def begin_phase(self, phase: Phase) -> None:
        """What follows belongs to a phase."""
        self._say(f"{self._autopsy.line.profile.name}: {self.cuts} cuts, phase {phase.value}")
        self._phase = phase.value

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self.apdus += 1
        needed = _bytes_written(copy_of(self._chip), command)
        self.written += needed
        for byte in {*range(0, needed + 1, self._stride), needed}:
            self._cut(command, byte)
        return super().transmit(command)

    def _cut(self, command: CommandApdu, byte: int) -> None:
        chip = copy_of(self._chip)
        chip.tear_after(1, byte)
        where = f"APDU {self.apdus} byte {byte}"
        try:
            chip.process(command)
        except CardAbsent:
            end = self._autopsy.end_of(chip, where, in_put_key=command.ins == 0xD8)
        else:
            end = "not cut"
            self._autopsy.problems.append(f"{where}: answered without power")
        self.cuts += 1
        self.ends.setdefault(self._phase, Counter())[end] += 1
        self.commands[_COMMANDS.get(command.ins, f"{command.ins:02X}")] += 1


def _bytes_written(chip: Chip, command: CommandApdu) -> int:
    """How many bytes of memory a command writes on this chip, which is used up by the question."""
    memory = chip._state.memory  # noqa: SLF001 - only the world can look into a chip
    memory.energy = _ENDLESS
    chip.process(command)
    return _ENDLESS - (memory.energy or 0)
