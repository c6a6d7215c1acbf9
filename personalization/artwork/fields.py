"""The fields of the cards: label, sample, and how each is had from a record.

`FIELDS` are those of a KTP-el front, in order and labels as on issued cards; `TRAVEL_FIELDS` those
that only an `icao-lds1` card has. A field carries a sample, so that a layout can be shown and
checked without a citizen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from ektp.record import BELIEVER, LIFELONG, Biographic, Sex
from personalization.datafiles.lds1.mrz import technical_expiry

__all__ = ["EVERY_FIELD", "FIELDS", "TRAVEL_FIELDS", "Field"]

_DATE: Final = "%d-%m-%Y"
_PROVINCE: Final = "PROVINSI "


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One printed field. `label_when` is the label that a certain value asks for instead."""

    name: str
    sample: str
    evaluate: Callable[[Biographic], str]
    label: str = ""
    label_when: Mapping[str, str] = field(default_factory=dict)

    def label_for(self, value: str) -> str:
        """The label that stands before this value, as approved."""
        return self.label_when.get(value, self.label)

    @property
    def labels(self) -> frozenset[str]:
        """Every label that the field can have."""
        return frozenset({self.label, *self.label_when.values()}) - {""}


def _province(person: Biographic) -> str:
    name = person.province.name.upper()
    return name if name.startswith(_PROVINCE) else _PROVINCE + name


_ALL: Final = (
    Field(name="province", sample="PROVINSI SUMATERA SELATAN", evaluate=_province),
    Field(
        name="regency",
        sample="KOTA PALEMBANG",
        evaluate=lambda person: person.regency.name.upper(),
    ),
    Field(
        name="nik",
        label="NIK",
        sample="1671015708860000",
        evaluate=lambda person: person.nik.reveal(),
    ),
    Field(
        name="name",
        label="Nama",
        sample="CONTOH NAMA WARGA",
        evaluate=lambda person: person.name.reveal(),
    ),
    Field(
        name="birth",
        label="Tempat/Tgl Lahir",
        sample="PALEMBANG, 17-08-1986",
        evaluate=lambda person: f"{person.birth_place.reveal()}, {person.birth_date:{_DATE}}",
    ),
    Field(
        name="sex",
        label="Jenis Kelamin",
        sample=Sex.FEMALE.value,
        evaluate=lambda person: person.sex.value,
    ),
    Field(
        name="blood_type",
        label="Gol. Darah",
        sample="AB+",
        evaluate=lambda person: person.blood_type,
    ),
    Field(
        name="address",
        label="Alamat",
        sample="JL. CONTOH NO. 1",
        evaluate=lambda person: person.address.reveal(),
    ),
    Field(
        name="rt_rw",
        label="RT/RW",
        sample="001/002",
        evaluate=lambda person: f"{person.rt}/{person.rw}",
    ),
    Field(
        name="village",
        label="Kel/Desa",
        sample="DESA CONTOH",
        evaluate=lambda person: person.village.name,
    ),
    Field(
        name="district",
        label="Kecamatan",
        sample="ILIR BARAT DUA",
        evaluate=lambda person: person.district.name,
    ),
    Field(
        name="religion",
        label="Agama",
        label_when={BELIEVER: "Kepercayaan"},
        sample="ISLAM",
        evaluate=lambda person: person.religion,
    ),
    Field(
        name="marital_status",
        label="Status Perkawinan",
        sample="BELUM KAWIN",
        evaluate=lambda person: person.marital_status,
    ),
    Field(
        name="occupation",
        label="Pekerjaan",
        sample="PELAJAR/MAHASISWA",
        evaluate=lambda person: person.occupation,
    ),
    Field(
        name="citizenship",
        label="Kewarganegaraan",
        sample="WNI",
        evaluate=lambda person: person.citizenship,
    ),
    Field(
        name="valid_until",
        label="Berlaku Hingga",
        sample=LIFELONG,
        evaluate=lambda person: person.validity_text,
    ),
    Field(
        name="issue_place",
        sample="KOTA PALEMBANG",
        evaluate=lambda person: person.issue_place,
    ),
    Field(
        name="issue_date",
        sample="01-01-2026",
        evaluate=lambda person: f"{person.issue_date:{_DATE}}",
    ),
)

FIELDS: Final[Mapping[str, Field]] = {entry.name: entry for entry in _ALL}
"""Every field, by name, in the order of the card."""


def _day(day: date) -> str:
    """A date in the visual zone (ICAO Doc 9303-3 clause 3.8): day, month, year, and blanks."""
    return f"{day:%d %m %Y}"


# The initial of the Indonesian word, an oblique, and the letter of the machine-readable zone
# (Doc 9303-5 clause 4.1.1.1, field 05).
_SEX_INITIALS: Final = {Sex.MALE: "L/M", Sex.FEMALE: "P/F"}

_TRAVEL: Final = (
    Field(
        name="sex_initial",
        label="Jenis Kelamin",
        sample=_SEX_INITIALS[Sex.FEMALE],
        evaluate=lambda person: _SEX_INITIALS[person.sex],
    ),
    Field(
        name="birth_date",
        label="Tanggal Lahir",
        sample="17 08 1986",
        evaluate=lambda person: _day(person.birth_date),
    ),
    Field(
        name="birth_place",
        label="Tempat Lahir",
        sample="PALEMBANG",
        evaluate=lambda person: person.birth_place.reveal(),
    ),
    Field(
        name="date_of_issue",
        label="Tanggal Terbit",
        sample="01 01 2026",
        evaluate=lambda person: _day(person.issue_date),
    ),
    Field(
        name="date_of_expiry",
        label="Tanggal Kedaluwarsa",
        sample="01 01 2036",
        evaluate=lambda person: _day(technical_expiry(person)),
    ),
    Field(
        name="validity",
        label="Berlaku Hingga",
        sample=LIFELONG,
        evaluate=lambda person: (
            LIFELONG if person.valid_until is None else _day(person.valid_until)
        ),
    ),
    Field(
        name="place_of_issue",
        label="Tempat Terbit",
        sample="KOTA PALEMBANG",
        evaluate=lambda person: person.issue_place,
    ),
    Field(
        name="regency_name",
        label="Kab/Kota",
        sample="KOTA PALEMBANG",
        evaluate=lambda person: person.regency.name.upper(),
    ),
    Field(
        name="province_name",
        label="Provinsi",
        sample="SUMATERA SELATAN",
        evaluate=lambda person: person.province.name.upper(),
    ),
)

TRAVEL_FIELDS: Final[Mapping[str, Field]] = {entry.name: entry for entry in _TRAVEL}
"""Fields of a card with a machine-readable zone, in the forms that ICAO Doc 9303 asks for."""

EVERY_FIELD: Final[Mapping[str, Field]] = {**FIELDS, **TRAVEL_FIELDS}
"""Every field that a layout may name."""
