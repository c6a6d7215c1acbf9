"""Every flipped bit is seen, by a check that is there for it."""

from __future__ import annotations

import random

import pytest

from ektp.cards import Verdict
from tests.integration.lds1.bit_faults import BitFault, draw, expected_checks, inspect, sites
from tests.integration.lds1.specimens import failed, house_files


def missed(fault: BitFault) -> str | None:
    """What is wrong with how a fault was seen; None where it was seen as it must be."""
    files = house_files()
    expected = expected_checks(files, fault)
    verdict = inspect(files, fault)
    if verdict is None:
        return None if "configuration" in expected else "configuration"
    if verdict.verdict is Verdict.PASS or not expected & set(verdict.failed):
        return f"{fault}: {verdict.verdict} {sorted(failed(verdict))}, {sorted(expected)}"
    return None


def campaign(seed: int, count: int) -> list[str]:
    chance = random.Random(seed)  # noqa: S311 - it must repeat itself
    faults = [draw(chance, house_files(), evenly=number % 2 == 0) for number in range(count)]
    return [what for fault in faults if (what := missed(fault)) is not None]


def test_every_file_is_hit_at_both_ends() -> None:
    for name, length in sites(house_files()).items():
        for offset in (0, 1, length - 1):
            assert missed(BitFault(name, offset, 0)) is None


def test_forty_bits() -> None:
    assert campaign(3, 40) == []


@pytest.mark.slow
def test_five_hundred_bits() -> None:
    assert campaign(20_260_101, 500) == []
