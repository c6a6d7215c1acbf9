"""NIKs: serial 0000, date and sex in their digits, all distinct, the same in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date

import pytest

from ektp.record import Sex
from simulation.people.assignment import assign
from simulation.people.chance import permute
from simulation.people.identity import identity_of, index_limit, nik_digits, nik_of
from simulation.people.mix import EPOCH, PeopleMix, default_mix
from simulation.people.places import office, offices_of_regency


@pytest.mark.parametrize("index", [-1, 10**12])
def test_refuses_an_index_that_it_cannot_tell_apart(index: int) -> None:
    with pytest.raises(ValueError, match="index"):
        identity_of(7, index, default_mix())


@pytest.mark.parametrize(("position", "size"), [(-1, 10), (10, 10)])
def test_permutation_refuses_positions_outside(position: int, size: int) -> None:
    with pytest.raises(ValueError, match="range"):
        permute(position, size, "key")


@pytest.mark.parametrize("size", [1, 2, 3, 63, 64, 65, 1000])
def test_permutation_is_one(size: int) -> None:
    assert sorted(permute(p, size, f"key {size}") for p in range(size)) == list(range(size))


def test_permutation_depends_on_its_key() -> None:
    one, other = ([permute(p, 500, key) for p in range(500)] for key in ("a", "b"))
    assert one != other


def test_nik_says_region_date_and_sex() -> None:
    assert nik_digits("167101", date(1990, 2, 3), Sex.MALE) == "1671010302900000"
    assert nik_digits("167101", date(1990, 2, 3), Sex.FEMALE) == "1671014302900000"


def test_all_are_adults_and_their_year_is_unambiguous() -> None:
    births = [identity_of(7, index, default_mix()).birth_date for index in range(3000)]
    assert max(births) <= EPOCH.replace(year=EPOCH.year - 17)
    assert (max(births) - min(births)).days < 100 * 365
    assert len({born.year for born in births}) > 60


def test_a_short_file_has_people_of_all_ages() -> None:
    births = [identity_of(7, index, default_mix()).birth_date for index in range(64)]
    assert sum(born.year >= 1992 for born in births) > 12
    assert sum(born.year < 1972 for born in births) > 6


def test_niks_are_distinct_even_where_an_office_has_used_up_its_own() -> None:
    # One office alone: its youngest age band is used up after some 42,000 people.
    alone = PeopleMix(offices=(office("16.71.01"),))
    ranges = (range(3000), range(60_000, 66_000), range(5_000_000, 5_003_000))
    niks = [nik_of(3, index, alone) for indices in ranges for index in indices]
    assert len(set(niks)) == len(niks) == 12_000
    at_home = [nik.startswith("167101") for nik in niks]
    assert sum(at_home[:3000]) > 2000
    assert sum(at_home[9000:]) < 300


def test_niks_of_the_default_mix_are_distinct() -> None:
    niks = {nik_of(7, index) for index in range(15_000)}
    assert len(niks) == 15_000
    assert all(nik.endswith("0000") and nik.isascii() and len(nik) == 16 for nik in niks)


def test_seven_of_ten_were_first_registered_where_they_live() -> None:
    mix = default_mix()
    stayed = sum(
        nik_of(7, index, mix)[:6] == assign(7, index, mix).place.code.replace(".", "")
        for index in range(2000)
    )
    assert 1300 < stayed < 1500


def test_a_mix_can_hold_more_than_a_million() -> None:
    assert index_limit(7, default_mix()) > 10_000_000


def test_every_office_is_served_from_twice_their_number_up() -> None:
    for mix in (default_mix(), PeopleMix(offices=offices_of_regency("35.73"))):
        first = {assign(11, i, mix).place.code for i in range(2 * len(mix.offices))}
        assert first == {place.code for place in mix.offices}


def test_weights_decide_who_is_served_how_often() -> None:
    two = (office("35.73.02"), office("35.73.05"), office("35.73.01"))
    mix = PeopleMix(offices=two, weights=(3, 1, 0))
    served = [assign(5, index, mix).place.code for index in range(2000)]
    assert served.count("35.73.01") == 0
    assert 2.8 < served.count("35.73.02") / served.count("35.73.05") < 3.2


def test_another_process_makes_the_same_people() -> None:
    script = (
        "import hashlib, json; from simulation.people import generate; "
        "print(hashlib.sha256(json.dumps(list(generate(3, 7))).encode()).hexdigest())"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1
