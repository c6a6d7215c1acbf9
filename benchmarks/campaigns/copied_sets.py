"""A whole signed set, copied to another chip: what refuses it is verification, and by which check.

The copy has every file and every secret, which is more than a copier in life can have; only the
serial of its chip is its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.campaigns.chip_bench import JOB, chip_bench, fresh_field, serial_of
from ektp.cards import CheckOutcome, Verdict
from ektp.chip_profiles import ICAO_LDS1, KTP_EL, ChipProfile
from simulation.chip.channel import ChipChannel
from simulation.chip.impostors import copied_content

__all__ = ["NAMED_BY", "copied_sets"]

NAMED_BY: Final = {
    KTP_EL.name: ("card_control.serial", "signature.object", "signature.valid"),
    ICAO_LDS1.name: ("card_control.serial", "dg13.chip"),
}
"""Checks, each of which names a copy by itself, without a word of what was bound."""


def copied_sets(
    folder: Path, profile: ChipProfile, each: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Copy one finished card's set to so many chips and verify them at a desk."""
    say(f"{profile.name}: {each} copied sets")
    checks: Counter[str] = Counter()
    problems: list[str] = []
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as place, chip_bench(Path(place) / "token") as bench:
        serial = serial_of(1)
        original, bound = bench.blank(profile, serial), bench.bound(profile, serial)
        bench.line(profile).personalize(ChipChannel(original), bound.image, JOB)
        verify = bench.stranger(profile, bound.image.access)
        good = verify(fresh_field(original))
        if good.verdict is not Verdict.PASS:
            problems.append(f"the original itself: {good.failed}")
        for number in range(each):
            copy = copied_content(original, serial_of(1_000 + number))
            verdict = verify(fresh_field(copy))
            failed = {
                check.name for check in verdict.checks if check.outcome is CheckOutcome.FAILED
            }
            checks.update(failed)
            if not failed.issuperset(NAMED_BY[profile.name]) or verdict.verdict is not Verdict.FAIL:
                problems.append(f"number {number}: {verdict.verdict}, {sorted(failed)}")
    return {"refused": each - len(problems), "by": dict(checks), "problems": problems}
