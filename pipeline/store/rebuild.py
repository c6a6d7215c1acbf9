"""Folding the journal again: the state tables made anew, to compare or to replace."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Table, create_engine, delete, select

from pipeline.store import schema as db
from pipeline.store.projections import project
from pipeline.store.store import Store, event_of

__all__ = ["Difference", "compare", "rebuild"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A row that differs between a table and the journal's fold of it."""

    table: str
    key: str
    found: str


def compare(store: Store) -> list[Difference]:
    """Fold the journal beside the store and name every row that differs."""
    engine = create_engine("sqlite://")
    db.metadata.create_all(engine, tables=list(db.PROJECTIONS))
    with engine.begin() as folded:
        _fold(store, folded)
        with store.read() as stored:
            return [
                difference
                for table in db.PROJECTIONS
                for difference in _differences(table, stored, folded)
            ]


def rebuild(store: Store) -> None:
    """Make the state tables anew from the journal, in one transaction."""
    with store.engine.begin() as connection:
        for table in db.PROJECTIONS:
            connection.execute(delete(table))
        _fold(store, connection)


def _fold(store: Store, target: Connection) -> None:
    for entry, _ in store.entries():
        project(target, event_of(entry), entry)


def _differences(table: Table, stored: Connection, folded: Connection) -> list[Difference]:
    keys = [column.name for column in table.primary_key.columns]
    rows = [
        {
            tuple(str(row[key]) for key in keys): dict(row)
            for row in connection.execute(select(table)).mappings()
        }
        for connection in (stored, folded)
    ]
    found, expected = rows
    differences = []
    for key in sorted(found.keys() | expected.keys()):
        if found.get(key) != expected.get(key):
            word = "extra" if key not in expected else "missing" if key not in found else "differs"
            differences.append(Difference(table=table.name, key="/".join(key), found=word))
    return differences
