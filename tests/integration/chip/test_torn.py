"""A small `torn` campaign: no cut of power leaves half a card that passes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.campaigns.chip_bench import (
    JOB,
    PROFILES,
    ChipBench,
    chip_bench,
    fresh_field,
    serial_of,
)
from benchmarks.campaigns.torn import COMPLETED, TERMINATED, WHOLE, Autopsy, torn_profile
from benchmarks.campaigns.torn_on_line import CUTS, torn_on_line
from ektp.chip_profiles import ICAO_LDS1, KTP_EL, ChipProfile

each_profile = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: str(profile.name))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChipBench]:
    with chip_bench(tmp_path_factory.mktemp("token") / "soft") as made:
        yield made


@each_profile
def test_a_cut_at_every_command_has_its_end(bench: ChipBench, profile: ChipProfile) -> None:
    found = torn_profile(bench, profile, stride=997)
    assert found["problems"] == []
    assert found["half_cards_passed"] == 0
    assert found["cuts"] > found["apdus"] > 30
    assert found["by_phase"]["keys"] == {TERMINATED: 2}
    assert found["by_phase"]["close"] == {TERMINATED: 1, WHOLE: 1}
    assert found["by_phase"]["mark"][COMPLETED] >= 3
    # Of a torn PUT KEY the version decides that answers.
    assert found["key_version_after_put_key"] == {"30": 1, "31": 1}


def test_every_byte_of_put_key_is_cut(bench: ChipBench) -> None:
    found = torn_profile(bench, KTP_EL, stride=16)
    assert found["key_version_after_put_key"] == {"30": 3, "31": 1}


def test_a_half_card_that_passed_would_be_found(bench: ChipBench) -> None:
    """The check is checked: what is closed for another attempt is no end."""
    serial = serial_of(9)
    line, bound = bench.line(KTP_EL), bench.bound(KTP_EL, serial)
    autopsy = Autopsy(line=line, inspector=bench.inspector(KTP_EL), bound=bound)
    other = bench.blank(KTP_EL, serial_of(10))
    line.personalize(fresh_field(other), bench.bound(KTP_EL, serial_of(10)).image, JOB)
    autopsy.end_of(other, "here", in_put_key=False)
    assert autopsy.problems == ["here: closed, and says FAIL"]


@pytest.mark.slow
@pytest.mark.parametrize("profile", [KTP_EL.name, ICAO_LDS1.name])
def test_a_line_recovers_what_was_cut(tmp_path: Path, profile: str) -> None:
    found = torn_on_line(tmp_path, profile, jobs=len(CUTS) // 2)
    assert found["problems"] == []
    assert found["jobs"] == {"PRODUCED": 10}
    assert found["rejects_terminated"] > 3
