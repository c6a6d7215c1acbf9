"""NIKs of people who do not exist, all distinct, made by arithmetic.

A NIK is six digits of the region of first registration, the birth date as DDMMYY (day + 40 for
women) and a serial (PP 37/2007 article 37). The register counts serials from 0001, so 0000 marks a
person as synthetic and leaves region, date and sex to tell people apart: some 380 million
combinations of adults. A keyed permutation of them gives each index its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from ektp.record import Sex
from simulation.people.chance import permute
from simulation.people.mix import EPOCH, PeopleMix, default_mix
from simulation.people.places import Office, district_codes

__all__ = ["INDEX_LIMIT", "Identity", "identity_of", "nik_digits", "nik_of"]

INDEX_LIMIT: Final = 100_000_000
"""Indices below this are proved distinct: the smallest pool is larger than its share of them."""

_BLOCK: Final = 64
# Ages (from, to), and how many of a block of 64 people are registered near home, and elsewhere.
_BANDS: Final = (
    (17, 24, 10, 3),
    (25, 34, 11, 4),
    (35, 44, 10, 3),
    (45, 54, 8, 3),
    (55, 64, 5, 2),
    (65, 79, 3, 1),
    (80, 89, 1, 0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a NIK says: where somebody was first registered, the birth date and the sex."""

    district: str
    birth_date: date
    sex: Sex

    @property
    def nik(self) -> str:
        """The sixteen digits, serial 0000."""
        return nik_digits(self.district, self.birth_date, self.sex)


def nik_digits(district: str, born: date, sex: Sex) -> str:
    """Sixteen digits of a kecamatan (six digits), a birth date and a sex, with serial 0000."""
    day = born.day + (40 if sex is Sex.FEMALE else 0)
    return f"{district}{day:02d}{born:%m%y}0000"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pool:
    """All combinations of some regions, the birth dates of an age band, and the two sexes."""

    regions: tuple[str, ...]
    first_day: date
    days: int

    @property
    def size(self) -> int:
        return len(self.regions) * self.days * 2

    def at(self, place: int) -> Identity:
        rest, female = divmod(place, 2)
        region, day = divmod(rest, self.days)
        return Identity(
            district=self.regions[region],
            birth_date=self.first_day + timedelta(days=day),
            sex=Sex.FEMALE if female else Sex.MALE,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stratum:
    """A run of slots in each block that draw from one pool."""

    name: str
    first_slot: int
    slots: int
    pool: _Pool
    overflow: _Pool | None
    overflow_name: str = ""


def _band_days(youngest: int, oldest: int) -> tuple[date, int]:
    first = EPOCH.replace(year=EPOCH.year - oldest - 1) + timedelta(days=1)
    last = EPOCH.replace(year=EPOCH.year - youngest)
    return first, (last - first).days + 1


@lru_cache(maxsize=8)
def _strata(offices: tuple[Office, ...]) -> tuple[_Stratum, ...]:
    regencies = {place.regency_code.replace(".", "") for place in offices}
    own = {place.code.replace(".", "") for place in offices}
    everywhere = district_codes()
    near = tuple(sorted(own | {d for d in everywhere if d[:4] in regencies}))
    far = tuple(d for d in everywhere if d[:4] not in regencies)
    strata: list[_Stratum] = []
    slot = 0
    for number, (youngest, oldest, near_slots, far_slots) in enumerate(_BANDS):
        first, days = _band_days(youngest, oldest)
        away = _Pool(regions=far, first_day=first, days=days)
        home = _Pool(regions=near, first_day=first, days=days)
        far_name = f"far {number}"
        strata.append(
            _Stratum(
                name=f"near {number}",
                first_slot=slot,
                slots=near_slots,
                pool=home,
                overflow=away,
                overflow_name=far_name,
            )
        )
        strata.append(
            _Stratum(
                name=far_name,
                first_slot=slot + near_slots,
                slots=far_slots,
                pool=away,
                overflow=None,
            )
        )
        slot += near_slots + far_slots
    return tuple(strata)


def identity_of(seed: int, index: int, mix: PeopleMix) -> Identity:
    """Region of first registration, birth date and sex of one person.

    Three of four were first registered in a regency of the mix's offices, while its combinations
    last; after that, and for the others, anywhere in the country. Raises `ValueError` for an index
    outside 0 to `INDEX_LIMIT`.
    """
    if not 0 <= index < INDEX_LIMIT:
        msg = f"an index is 0 to {INDEX_LIMIT - 1}"
        raise ValueError(msg)
    block, position = divmod(index, _BLOCK)
    slot = permute(position, _BLOCK, f"{seed}|block {block}")
    for stratum in _strata(mix.offices):
        rank = slot - stratum.first_slot
        if rank < stratum.slots:
            return _draw(seed, stratum, block * stratum.slots + rank)
    msg = "a block has more slots than its bands"
    raise ValueError(msg)


def _draw(seed: int, stratum: _Stratum, counter: int) -> Identity:
    pool, name = stratum.pool, stratum.name
    if counter >= pool.size and stratum.overflow is not None:
        # The far pool is counted from below by its own stratum and from above by this one.
        counter -= pool.size
        pool, name = stratum.overflow, stratum.overflow_name
        counter = pool.size - 1 - counter
    return pool.at(permute(counter, pool.size, f"{seed}|{name}"))


def nik_of(seed: int, index: int, mix: PeopleMix | None = None) -> str:
    """The NIK of one person, without making the rest of the record."""
    return identity_of(seed, index, mix or default_mix()).nik
