"""intake: ten thousand lines, a thousand of them bad; exactly those are refused, each by its code.

Bad lines come in every kind of the contract, scattered among the good ones by the seed. Memory is
watched: what a file costs must not grow with its length.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.campaigns.homes import OPERATOR, take_in
from ektp.personal import Nik
from pipeline.founding import found_home
from pipeline.intake.refusals import Refusal
from pipeline.intake.stop_list import holder_of
from pipeline.plant import Plant
from pipeline.store.events import StopAdded
from simulation.people import Approver, RefusalKind, RefusedCase, generate, spoiled_records
from simulation.people.approver import approver_path, record_line

__all__ = ["CODES", "intake"]

CODES: dict[RefusalKind, Refusal] = {kind: Refusal[kind.name] for kind in RefusalKind}
"""What intake must say to each kind of bad record."""


_MOST_GROWTH_MB = 64.0


@dataclass(slots=True)
class _Expected:
    refusals: dict[int, tuple[str | None, str]] = field(default_factory=dict)
    good: int = 0
    stops: list[str] = field(default_factory=list)


def intake(
    folder: Path,
    *,
    lines: int = 10_000,
    bad: int = 1_000,
    seed: int = 11,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Write the file, take it in, compare line by line; what came of it."""
    home = folder / f"home-{time.time_ns()}"
    found_home(home, "simulated")
    file = folder / f"{home.name}.jsonl"
    say(f"writing {lines} lines, {bad} of them bad")
    expected = _write(file, lines, bad, seed)
    approver = Approver.create()
    approver_path(file).write_bytes(approver.certificate_pem())
    approver.sign_file(file)
    memory: list[float] = []
    began = time.monotonic()
    with Plant.open(home) as plant:
        with plant.home.store.transaction(OPERATOR) as tx:
            for nik in expected.stops:
                holder = holder_of(plant.keys, Nik(nik))
                tx.record(StopAdded(holder=holder, reason="LEGAL_HOLD"))
        report = take_in(
            plant, file, approver_path(file), on_group=lambda _: memory.append(_memory_mb())
        )
        plant.home.store.verify()
    seconds = time.monotonic() - began
    told = {item.line: (item.request, item.code) for item in report.refusals}
    problems = [
        f"line {line}: expected {expected.refusals.get(line)}, told {told.get(line)}"
        for line in sorted(expected.refusals.keys() | told.keys())
        if expected.refusals.get(line) != told.get(line)
    ]
    if report.accepted != expected.good:
        problems.append(f"{report.accepted} accepted of {expected.good}")
    # The first groups load what is loaded once; after them a file costs nothing more.
    grew = memory[-1] - memory[len(memory) // 5]
    if grew > _MOST_GROWTH_MB:
        problems.append(f"memory grew by {grew:.0f} MB")
    return {
        "seed": seed,
        "lines": lines,
        "refused": report.refused,
        "accepted": report.accepted,
        "unchanged": report.unchanged,
        "by_code": dict(sorted(Counter(code for _, code in told.values()).items())),
        "file_mb": round(file.stat().st_size / 1e6, 1),
        "memory_grew_mb": round(grew, 1),
        "seconds": round(seconds, 1),
        "lines_per_second": round(lines / seconds, 1),
        "problems": problems,
        "ok": not problems,
    }


def _write(file: Path, lines: int, bad: int, seed: int) -> _Expected:
    """Each bad line at a drawn place; the good line that makes it wrong stands before it."""
    expected = _Expected()
    with file.open("wb") as stream:
        for number, (line, case) in enumerate(_lines(lines, bad, seed), 1):
            stream.write(line)
            if case is None:
                expected.good += 1
            else:
                expected.refusals[number] = (_shown(case), CODES[case.kind].code)
                if case.stop_nik is not None:
                    expected.stops.append(case.stop_nik)
    return expected


def _lines(lines: int, bad: int, seed: int) -> Iterator[tuple[bytes, RefusedCase | None]]:
    chance = random.Random(seed)  # noqa: S311 - places in a file, no keys
    cases = spoiled_records(seed, count=bad)
    people = generate(lines, seed)
    left, bad_left = lines, bad
    waiting: list[tuple[bytes, RefusedCase | None]] = []
    while left:
        if waiting:
            left -= 1
            yield waiting.pop(0)
            continue
        if bad_left and (chance.random() < bad_left / left or 2 * bad_left >= left):
            case = next(cases)
            bad_left -= 1
            waiting = [*((good, None) for good in case.precedents), (case.line, case)]
            continue
        left -= 1
        yield record_line(next(people)), None


def _shown(case: RefusedCase) -> str | None:
    """The id that intake may repeat to the sender: only one that has an id's form."""
    shown = case.request_id
    return shown if shown is not None and len(shown) <= 64 and shown.isascii() else None


def _memory_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6
