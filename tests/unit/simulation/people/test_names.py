"""Names as the register has them: short, long, dotted, with apostrophes, of one word."""

from __future__ import annotations

import pytest

from ektp.record import Sex
from simulation.people.chance import stream
from simulation.people.names import NAME_LIMIT, citizen_name, foreign_name, nationality


def _names(sex: Sex, age: int, one_word: float = 0.06, count: int = 6000) -> list[str]:
    rng = stream(1, age, sex.value)
    return [citizen_name(rng, sex, age, one_word).text for _ in range(count)]


@pytest.mark.parametrize("sex", list(Sex))
def test_names_are_capitals_of_1_to_60_characters(sex: Sex) -> None:
    for name in _names(sex, 30) + _names(sex, 70):
        assert 1 <= len(name) <= NAME_LIMIT
        assert name == name.upper() == name.strip()
        assert name.isascii()
        assert "  " not in name


@pytest.mark.parametrize("sex", list(Sex))
def test_the_awkward_ones_occur(sex: Sex) -> None:
    names = _names(sex, 70)
    assert any(len(name) == NAME_LIMIT for name in names)
    assert any("'" in name for name in names)
    assert any("." in name for name in names)
    assert any(any(c.isdigit() for c in name) for name in names)
    assert any("OE" in name or "TJ" in name for name in names)
    assert 0.04 < sum(" " not in name for name in names) / len(names) < 0.08


def test_one_word_names_can_be_had_or_left_out() -> None:
    assert all(" " not in name for name in _names(Sex.MALE, 40, 1.0, 200))
    assert all(" " in name for name in _names(Sex.FEMALE, 40, 0.0, 2000))


def test_foreign_names_are_of_their_country() -> None:
    rng = stream(1, 1, "foreign")
    for sex in Sex:
        for _ in range(200):
            people = nationality(rng)
            name = foreign_name(rng, people, sex)
            given = people.men if sex is Sex.MALE else people.women
            assert name.startswith(given)
            assert name.endswith(people.families)
