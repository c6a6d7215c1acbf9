"""Offices by their codes, made-up villages, and mixes that make no sense."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.people.mix import PeopleMix, default_mix
from simulation.people.places import PALEMBANG, Village, office, offices_of_regency, villages_of


@pytest.mark.parametrize("code", ["99.99.99", "16.71", "", "16.71.99"])
def test_unknown_office_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="kecamatan"):
        office(code)


@pytest.mark.parametrize("code", ["99.99", "16", "", "16.71.01"])
def test_unknown_regency_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="regency"):
        offices_of_regency(code)


@pytest.mark.parametrize(
    "wrong",
    [
        {"foreigners": 1.1},
        {"without_phone": -0.1},
        {"offices": ()},
        {"offices": (office("16.71.01"), office("16.71.01"))},
        {"weights": (1, 2)},
        {"offices": (office("16.71.01"),), "weights": (0,)},
        {"offices": (office("16.71.01"),), "weights": (-1,)},
        {"request_prefix": ""},
        {"request_prefix": "A B"},
        {"request_prefix": "X" * 25},
        {"approval_step_seconds": 0},
    ],
)
def test_a_mix_without_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"share|office|weight|prefix|approvals"):
        PeopleMix(**wrong)


def test_default_offices_are_those_of_palembang() -> None:
    assert tuple(place.code for place in default_mix().offices) == PALEMBANG
    place = default_mix().offices[10]
    assert (place.name, place.regency, place.province) == (
        "BUKIT KECIL",
        "KOTA PALEMBANG",
        "SUMATERA SELATAN",
    )
    assert place.town == "PALEMBANG"


def test_names_are_capitals_without_the_package_s_notes() -> None:
    assert office("16.71.01").name == "ILIR BARAT DUA"
    assert office("31.74.01").regency == "JAKARTA SELATAN"
    kabupaten = offices_of_regency("52.02")
    assert {place.regency for place in kabupaten} == {"KABUPATEN LOMBOK TENGAH"}
    assert not any("(" in place.name or place.name != place.name.upper() for place in kabupaten)


def test_villages_belong_to_their_office_and_stay_the_same() -> None:
    for place in (*default_mix().offices, *offices_of_regency("52.02")):
        villages = villages_of(place)
        assert 4 <= len(villages) <= 9
        assert villages_of.__wrapped__(place) == villages
        assert len({v.code for v in villages}) == len({v.name for v in villages}) == len(villages)
        assert all(v.office_code == place.code and v.code[9] in "12" for v in villages)
        if place.in_city:
            assert all(v.code[9] == "1" for v in villages)


def test_a_village_knows_its_office() -> None:
    assert Village(code="35.73.02.1004", name="BARENG").office_code == "35.73.02"
