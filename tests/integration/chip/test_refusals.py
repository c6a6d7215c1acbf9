"""A small `refusals` campaign: what is no blank of this line is refused unwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.campaigns.chip_bench import PROFILES
from benchmarks.campaigns.copied_sets import NAMED_BY, copied_sets
from benchmarks.campaigns.refusals import KINDS, refused_at_the_station
from benchmarks.campaigns.refusals_on_line import refusals_on_line
from ektp.chip_profiles import ChipProfile
from ektp.errors import BlankRefused, CardNotAuthentic, CardsCollide

each_profile = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: str(profile.name))
CODES = {
    "personalized card": BlankRefused,
    "foreign card": CardNotAuthentic,
    "blank of another box": BlankRefused,
    "two cards at once": CardsCollide,
    "cloned identity": CardNotAuthentic,
}


def _silent(_: str) -> None:
    """Nobody listens."""


@each_profile
def test_each_kind_is_refused_and_left_as_it_was(tmp_path: Path, profile: ChipProfile) -> None:
    found = refused_at_the_station(tmp_path, profile, 6, _silent)
    assert found.keys() == KINDS.keys()
    for name, of_kind in found.items():
        assert of_kind["problems"] == []
        assert of_kind["by"] == {CODES[name].code: 6}
        assert of_kind["unwritten"] == 6
    # A foreign card is told by its cryptogram alone; the others before a key is used.
    assert found["foreign card"]["sequence_counter_steps"] == 6
    assert found["two cards at once"]["sequence_counter_steps"] == 0


@each_profile
def test_a_copied_set_is_named_by_what_was_signed(tmp_path: Path, profile: ChipProfile) -> None:
    found = copied_sets(tmp_path, profile, 3, _silent)
    assert found["problems"] == []
    assert found["by"] == dict.fromkeys(NAMED_BY[profile.name], 3)


@pytest.mark.slow
@each_profile
def test_a_line_books_each_as_it_should(tmp_path: Path, profile: ChipProfile) -> None:
    found = refusals_on_line(tmp_path, profile, 2, _silent)
    assert found["problems"] == []
    assert found["booked"] == {"blank_refused": 8, "blank_unreadable": 2}
    assert found["jobs"] == {"PRODUCED": 2}
