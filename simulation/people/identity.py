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
from simulation.people.assignment import ELSEWHERE, Assignment, Shares, assign, shares_of
from simulation.people.chance import permute, stream
from simulation.people.mix import EPOCH, PeopleMix, default_mix
from simulation.people.places import Office, district_codes

__all__ = ["Identity", "identity_for", "identity_of", "index_limit", "nik_digits", "nik_of"]

# Ages (from, to), and how many of 64 people are of them.
_BANDS: Final = (
    (17, 24, 13),
    (25, 34, 15),
    (35, 44, 13),
    (45, 54, 11),
    (55, 64, 7),
    (65, 79, 4),
    (80, 89, 1),
)
_CYCLE: Final = sum(share for *_, share in _BANDS)


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


def _pool(regions: tuple[str, ...], band: int) -> _Pool:
    youngest, oldest, _ = _BANDS[band]
    first = EPOCH.replace(year=EPOCH.year - oldest - 1) + timedelta(days=1)
    last = EPOCH.replace(year=EPOCH.year - youngest)
    return _Pool(regions=regions, first_day=first, days=(last - first).days + 1)


def _six_digits(place: Office) -> str:
    return place.code.replace(".", "")


@lru_cache(maxsize=16)
def _cycle(seed: int) -> tuple[tuple[int, int], ...]:
    """For each of 64 people in turn the age band, and how many of it came before in the turn."""
    bands = [band for band, (*_, share) in enumerate(_BANDS) for _ in range(share)]
    stream(seed, 0, "age bands").shuffle(bands)
    return tuple((band, bands[:position].count(band)) for position, band in enumerate(bands))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pools:
    """The pools of a mix, each by age band, and how many people they can serve."""

    away: tuple[_Pool, ...]
    home: tuple[tuple[_Pool, ...], ...]
    offsets: tuple[int, ...]
    limit: int


@lru_cache(maxsize=16)
def _pools(seed: int, mix: PeopleMix) -> _Pools:
    shares = shares_of(seed, mix)
    own = {_six_digits(place) for place in mix.offices}
    elsewhere = tuple(district for district in district_codes() if district not in own)
    bands = range(len(_BANDS))
    away = tuple(_pool(elsewhere, band) for band in bands)
    home = tuple(
        tuple(_pool((_six_digits(place),), band) for band in bands) for place in shares.offices
    )
    # Each office begins its turn of ages elsewhere, or the first of all would be of one age.
    chance = stream(seed, 0, "turns")
    offsets = tuple(chance.randrange(_CYCLE) for _ in shares.offices)
    return _Pools(away=away, home=home, offsets=offsets, limit=_limit(shares, away))


def index_limit(seed: int, mix: PeopleMix) -> int:
    """How many people a mix can have without two of one NIK: some ten millions.

    People who find the combinations of their own office used up take those of elsewhere from the
    end, each office in its turn; the people of elsewhere take them from the beginning.
    """
    return _pools(seed, mix).limit


def _limit(shares: Shares, away: tuple[_Pool, ...]) -> int:
    count, totals = len(shares.offices), shares.later.totals
    busiest = max(totals[number] for number in range(count))
    limit = 1 << 62
    for band, (*_, share) in enumerate(_BANDS):
        room = away[band].size
        # Blocks, with what a turn of 64 that has just begun may take in advance.
        each_block = (totals[ELSEWHERE] + busiest * count) * share / _CYCLE
        blocks = int((room - 2 * (share + 1) * (count + 1)) / each_block) - 2
        limit = min(limit, blocks * len(shares.later.slots))
    return limit


def identity_of(seed: int, index: int, mix: PeopleMix) -> Identity:
    """Region of first registration, birth date and sex of one person.

    Seven of ten were first registered in the kecamatan of their office, while its combinations
    last; after that, and for the others, anywhere else in the country. Raises `ValueError` for an
    index outside 0 to `index_limit`.
    """
    return identity_for(seed, index, mix, assign(seed, index, mix))


def identity_for(seed: int, index: int, mix: PeopleMix, assigned: Assignment) -> Identity:
    """The identity of a person whose assignment is known."""
    pools = _pools(seed, mix)
    if not 0 <= index < pools.limit:
        msg = "an index is not negative, and below what the mix can tell apart"
        raise ValueError(msg)
    offset = 0 if assigned.origin == ELSEWHERE else pools.offsets[assigned.origin]
    turn, position = divmod(assigned.counter + offset, _CYCLE)
    band, before = _cycle(seed)[position]
    counter = turn * _BANDS[band][2] + before
    away = pools.away[band]
    pool, name = away, "elsewhere"
    if assigned.origin != ELSEWHERE:
        home = pools.home[assigned.origin][band]
        if counter < home.size:
            pool, name = home, assigned.place.code
        else:
            beyond = (counter - home.size) * len(pools.home) + assigned.origin
            counter = away.size - 1 - beyond
    return pool.at(permute(counter, pool.size, f"{seed}|{name}|{band}"))


def nik_of(seed: int, index: int, mix: PeopleMix | None = None) -> str:
    """The NIK of one person, without making the rest of the record."""
    return identity_of(seed, index, mix or default_mix()).nik
