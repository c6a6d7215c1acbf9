"""The biographic half of a record: values as the register would have approved them."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Final

from ektp.record import BELIEVER, LIFELONG, Sex
from simulation.people.chance import stream, weighted
from simulation.people.identity import Identity, nik_digits
from simulation.people.mix import EPOCH, PeopleMix
from simulation.people.name_lists import ForeignNames
from simulation.people.names import citizen_name, foreign_name, nationality
from simulation.people.places import Office, Village, town_of, villages_of
from simulation.people.word_lists import (
    BLOOD_TYPES,
    FOREIGN_OCCUPATIONS,
    OCCUPATIONS,
    OCCUPATIONS_OF_MEN,
    OCCUPATIONS_OF_WOMEN,
    RELIGIONS,
    STREETS,
)

__all__ = ["age_at_epoch", "biography"]

_CARDS_A_DAY: Final = 5_000
_ISSUE_DAYS: Final = 30
_ROMAN: Final = ("I", "II", "III", "IV", "V", "VI")
# 0870 belongs to no mobile operator: a notice sent by mistake reaches nobody.
_PHONE_PREFIX: Final = "+62870"


def age_at_epoch(born: date) -> int:
    """Completed years on 2026-01-01."""
    before_birthday = (EPOCH.month, EPOCH.day) < (born.month, born.day)
    return EPOCH.year - born.year - int(before_birthday)


def biography(
    seed: int, index: int, mix: PeopleMix, identity: Identity, place: Office, *, foreign: bool
) -> dict[str, object]:
    """`biographicData` of one person who collects the card at `place`."""
    rng = stream(seed, index, "biography")
    age = age_at_epoch(identity.birth_date)
    person = _foreigner(rng, identity) if foreign else _citizen(rng, mix, identity, age)
    values: dict[str, object] = {
        "nik": identity.nik,
        "kk": _family_card(rng, place),
        **person,
        "birthDate": _birth_date(rng, mix, identity).isoformat(),
        "sex": identity.sex.value,
        "bloodType": weighted(rng, BLOOD_TYPES),
        "maritalStatus": _marital_status(rng, age),
        **_address(rng, mix, place),
        "issuePlace": place.town,
        "issueDate": (EPOCH + timedelta(index // _CARDS_A_DAY % _ISSUE_DAYS)).isoformat(),
    }
    if rng.random() >= mix.without_phone:
        values["phone"] = f"{_PHONE_PREFIX}{rng.randrange(10**8):08d}"
    return values


def _citizen(rng: random.Random, mix: PeopleMix, identity: Identity, age: int) -> dict[str, object]:
    name = citizen_name(rng, identity.sex, age, mix.one_word_names)
    religion = weighted(rng, RELIGIONS[name.culture or "jawa"])
    return {
        "name": name.text,
        "birthPlace": town_of(identity.district) or "PALEMBANG",
        "religion": BELIEVER if rng.random() < mix.believers else religion,
        "occupation": _occupation(rng, identity.sex, age),
        "citizenship": "WNI",
        "validUntil": LIFELONG,
    }


def _foreigner(rng: random.Random, identity: Identity) -> dict[str, object]:
    people: ForeignNames = nationality(rng)
    # The card ends with the permit of permanent stay (ITAP), which is given for five years.
    valid_until = EPOCH + timedelta(days=rng.randint(180, 5 * 365))
    return {
        "name": foreign_name(rng, people, identity.sex),
        "birthPlace": rng.choice(people.places),
        "religion": weighted(rng, RELIGIONS["foreign"]),
        "occupation": weighted(rng, FOREIGN_OCCUPATIONS),
        "citizenship": people.country,
        "validUntil": valid_until.isoformat(),
    }


def _birth_date(rng: random.Random, mix: PeopleMix, identity: Identity) -> date:
    # A corrected birth date never changes a NIK (PP 40/2019), so some records differ from theirs.
    if rng.random() < mix.corrected_birth_dates:
        return identity.birth_date - timedelta(days=rng.randint(1, 20))
    return identity.birth_date


def _family_card(rng: random.Random, place: Office) -> str:
    recorded = EPOCH - timedelta(days=rng.randint(30, 15 * 365))
    return nik_digits(place.code.replace(".", ""), recorded, Sex.MALE)


def _marital_status(rng: random.Random, age: int) -> str:
    if age < 20:
        return "KAWIN" if rng.random() < 0.03 else "BELUM KAWIN"
    single = max(2, 80 - 2 * (age - 20))
    widowed = max(0, age - 45)
    table = (("BELUM KAWIN", single), ("KAWIN", 70), ("CERAI HIDUP", 4), ("CERAI MATI", widowed))
    return weighted(rng, table)


def _occupation(rng: random.Random, sex: Sex, age: int) -> str:
    if age <= 22 and rng.random() < 0.7:
        return "PELAJAR/MAHASISWA"
    if age >= 60 and rng.random() < 0.35:
        return "PENSIUNAN"
    own = OCCUPATIONS_OF_MEN if sex is Sex.MALE else OCCUPATIONS_OF_WOMEN
    return weighted(rng, OCCUPATIONS + own)


def _village(rng: random.Random, mix: PeopleMix, place: Office) -> Village:
    own = tuple(village for village in mix.villages if village.office_code == place.code)
    return rng.choice(own or villages_of(place))


def _address(rng: random.Random, mix: PeopleMix, place: Office) -> dict[str, object]:
    village = _village(rng, mix, place)
    return {
        "address": _street_line(rng, village),
        "rt": f"{rng.randint(1, 24):03d}",
        "rw": f"{rng.randint(1, 9):03d}",
        "village": {"code": village.code, "name": village.name},
        "district": {"code": place.code, "name": place.name},
        "regency": {"code": place.regency_code, "name": place.regency},
        "province": {"code": place.province_code, "name": place.province},
    }


def _street_line(rng: random.Random, village: Village) -> str:
    street, number = rng.choice(STREETS), rng.randint(1, 180)
    forms = (
        (f"JL. {street} NO. {number}", 8),
        (f"JL. {street} GG. {rng.choice(STREETS)} NO. {number}", 2),
        (f"LR. {street} NO. {number}", 3),
        (f"DUSUN {rng.choice(_ROMAN)} {village.name}", 2),
        (f"PERUM {street} INDAH BLOK {rng.choice('ABCDEFGH')} NO. {number}", 2),
        (f"KP. {street}", 1),
    )
    return weighted(rng, forms)
