"""Where the papers' content comes from: rows, journal entries, and citizens out of the vault."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from ektp.errors import NotFound
from ektp.ids import BatchId
from ektp.personal import PersonalText, mask_number
from ektp.regions import Area, RegionCode
from pipeline.intake.offices import Office
from pipeline.plant import Plant
from pipeline.store import schema as db
from pipeline.store.store import Transaction
from pipeline.store.vault import Part, Purpose

__all__ = [
    "AnyRow",
    "Citizen",
    "area_of",
    "batches_of",
    "citizens",
    "in_chunks",
    "journalled",
    "moment",
    "registry_name",
    "row_of",
]

AnyRow = Row[*tuple[Any, ...]]
"""A row of a table."""

# Parameters per statement stay below SQLite's oldest limit of 999.
_MANY = 400


def moment(text: str) -> datetime:
    """A stored time."""
    return datetime.fromisoformat(text)


def row_of(connection: Connection, table: Table, key: str) -> AnyRow:
    """A row by its primary key. Raises `NotFound`."""
    (primary,) = table.primary_key.columns
    row = connection.execute(select(table).where(primary == key)).one_or_none()
    if row is None:
        raise NotFound(**{primary.name: key})
    return row


def journalled(connection: Connection, event: str, subject: str) -> AnyRow | None:
    """The last journal entry of an event about a subject."""
    return connection.execute(
        select(db.journal)
        .where(db.journal.c.event == event, db.journal.c.subject == subject)
        .order_by(db.journal.c.seq.desc())
        .limit(1)
    ).one_or_none()


def in_chunks(values: Sequence[str]) -> Iterator[list[str]]:
    """Values in lists that fit into one statement."""
    for first in range(0, len(values), _MANY):
        yield list(values[first : first + _MANY])


def batches_of(connection: Connection, parcel: str) -> tuple[BatchId, ...]:
    """The batches from which the cards of a parcel came, in the order of their opening."""
    return tuple(
        BatchId(batch)
        for batch in connection.scalars(
            select(db.batches.c.batch)
            .where(
                db.batches.c.batch.in_(
                    select(db.attempts.c.batch)
                    .join(db.cards, db.cards.c.attempt == db.attempts.c.attempt)
                    .where(db.cards.c.parcel == parcel)
                )
            )
            .order_by(db.batches.c.opened_at, db.batches.c.batch)
        )
    )


def area_of(office: Office) -> Area:
    """A kecamatan as it stands on papers."""
    return Area(code=office.code, name=office.name)


def registry_name(office: Office) -> str:
    """The registry (*Dinas Dukcapil*) of the city or regency that an office belongs to."""
    return f"Dinas Dukcapil {office.regency}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citizen:
    """What papers may show of a person, and the phone for whoever sends the messages."""

    nik: str
    """Masked."""
    name: PersonalText
    village: Area
    phone: PersonalText | None


def citizens(
    plant: Plant, tx: Transaction, jobs: Sequence[str], purpose: Purpose
) -> dict[str, Citizen]:
    """The people of jobs, out of the vault; the opening is journalled in this transaction.

    Raises `NotFound` where a job's personal data were purged.
    """
    if not jobs:
        return {}
    opened = plant.vault.open(tx, jobs, Part.BIOGRAPHIC, purpose)
    return {job: _citizen(json.loads(content)) for job, content in opened.items()}


def _citizen(person: dict[str, Any]) -> Citizen:
    village = person["village"]
    return Citizen(
        nik=mask_number(person["nik"]),
        name=PersonalText(person["name"]),
        village=Area(code=RegionCode(village["code"]), name=village["name"]),
        phone=PersonalText(person["phone"]) if "phone" in person else None,
    )
