"""A small `bit-faults` campaign: every flipped bit is seen, by a check that is there for it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from benchmarks.campaigns.bit_faults import flipped, on_the_way, seen_on_ktp_el
from benchmarks.campaigns.chip_bench import PROFILES, ChipBench, chip_bench
from ektp.cards import Verdict
from ektp.chip_profiles import ChipProfile


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChipBench]:
    with chip_bench(tmp_path_factory.mktemp("token") / "soft") as made:
        yield made


def test_a_bit_is_a_bit() -> None:
    assert flipped(b"\x00\x00", 0) == b"\x80\x00"
    assert flipped(b"\x00\x00", 15) == b"\x00\x01"


def test_bits_of_a_chip_and_of_whom_its_verifier_trusts(bench: ChipBench) -> None:
    draw = seen_on_ktp_el(bench, random.Random(5))  # noqa: S311 - it must repeat itself
    where = set()
    for _ in range(120):
        place, expected, verdict = draw()
        where.add(place.split()[0])
        failed = {"configuration"} if verdict is None else set(verdict.failed)
        assert failed & expected, (place, failed)
    assert len(where) == 8


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: str(profile.name))
def test_bits_on_the_way(bench: ChipBench, profile: ChipProfile) -> None:
    draw = on_the_way(bench, profile, random.Random(6))  # noqa: S311 - see above
    for _ in range(20):
        place, channel, verdict = draw()
        assert verdict is not None
        assert verdict.verdict is Verdict.FAIL, place
        assert channel, (place, verdict.failed)
