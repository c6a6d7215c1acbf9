"""An entry cannot be altered, removed, inserted or moved unseen; nor can a row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update

from ektp.errors import ChainBroken
from pipeline.store import schema as db
from pipeline.store.events import EVENTS, CardLost, LineState
from pipeline.store.rebuild import compare, rebuild
from pipeline.store.store import Store, event_of
from tests.unit.pipeline.store.shelf import (
    ACTOR,
    LINE,
    a_store,
    accept,
    an_import,
    open_store,
    serial,
    stock,
)


def _filled(folder: Path) -> Store:
    store = a_store(folder)
    stock(store, 5)
    an_import(store)
    accept(store, 1, "h1")
    accept(store, 2, "h2")
    with store.transaction(ACTOR) as tx:
        tx.record(CardLost(card=serial(3), case_id=1, request="R"))
        tx.record(LineState(line=LINE, state="IDLE", reason="done"))
    assert compare(store) == []
    return store


Tamper = Callable[[Connection], None]


def _set(column: str, value: str, seq: int = 4) -> Tamper:
    def tamper(connection: Connection) -> None:
        connection.execute(
            update(db.journal).where(db.journal.c.seq == seq).values({column: value})
        )

    return tamper


def _delete(seq: int) -> Tamper:
    def tamper(connection: Connection) -> None:
        connection.execute(delete(db.journal).where(db.journal.c.seq == seq))

    return tamper


def _delete_and_close_up(connection: Connection) -> None:
    connection.execute(delete(db.journal).where(db.journal.c.seq == 4))
    connection.execute(
        update(db.journal).where(db.journal.c.seq > 4).values(seq=db.journal.c.seq - 1)
    )


def _swap(connection: Connection) -> None:
    for old, new in ((4, 100), (5, 4), (100, 5)):
        connection.execute(update(db.journal).where(db.journal.c.seq == old).values(seq=new))


def _insert(connection: Connection) -> None:
    row = dict(connection.execute(select(db.journal).where(db.journal.c.seq == 7)).mappings().one())
    connection.execute(insert(db.journal).values({**row, "seq": 9}))


def _truncate_in_the_middle(connection: Connection) -> None:
    connection.execute(delete(db.journal).where(db.journal.c.seq.in_([4, 5])))


@pytest.mark.parametrize(
    "tamper",
    [
        _set("at", "2026-01-01T00:00:00.000000Z"),
        _set("phase", "intent"),
        _set("phase", "nonsense"),
        _set("event", "job.held"),
        _set("event", "no.such.event"),
        _set("subject", "J-another"),
        _set("principal", "mallory"),
        _set("role", "auditor"),
        _set("role", "nobody"),
        _set("station", "elsewhere"),
        _set("data", "{}"),
        _set("data", "not json"),
        _set("data", '["a list"]'),
        _set("hash", "00" * 32),
        _set("hash", "no hex"),
        _delete(1),
        _delete(4),
        _delete_and_close_up,
        _swap,
        _insert,
        _truncate_in_the_middle,
    ],
)
def test_a_changed_journal_is_found(tmp_path: Path, tamper: Tamper) -> None:
    with _filled(tmp_path) as store:
        with store.engine.begin() as connection:
            tamper(connection)
        with pytest.raises(ChainBroken):
            store.verify()


def test_the_first_entry_that_does_not_fit_is_named(tmp_path: Path) -> None:
    with _filled(tmp_path) as store:
        with store.engine.begin() as connection:
            _set("principal", "mallory", seq=3)(connection)
        with pytest.raises(ChainBroken) as broken:
            store.verify()
        assert broken.value.facts["entry"] == 3


def test_an_event_of_another_version_is_named(tmp_path: Path) -> None:
    with _filled(tmp_path) as store:
        entry, _ = next(iter(store.entries()))
        changed = type(entry)(
            seq=1, at=entry.at, phase=entry.phase, event="x.y", actor=entry.actor, data={}
        )
        with pytest.raises(ChainBroken):
            event_of(changed)


def test_every_event_comes_back_from_its_entry(tmp_path: Path) -> None:
    with _filled(tmp_path) as store:
        for entry, _ in store.entries():
            event = event_of(entry)
            assert event.to_data() == dict(entry.data)
            assert EVENTS[entry.event] is type(event)


# --- rows -------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["jobs", "cards", "boxes", "lines", "imports"])
@pytest.mark.parametrize("how", ["differs", "missing", "extra"])
def test_a_changed_row_is_named(tmp_path: Path, table: str, how: str) -> None:
    found = db.metadata.tables[table]
    key = next(iter(found.primary_key.columns))
    with _filled(tmp_path) as store:
        with store.engine.begin() as connection:
            row = dict(connection.execute(select(found)).mappings().first() or {})
            if how == "missing":
                connection.execute(delete(found).where(key == row[key.name]))
            elif how == "extra":
                extra = row | {key.name: "EXTRA", "request": "X", "holder": "X"}
                known = {name: extra[name] for name in row}
                connection.execute(insert(found).values(known))
            else:
                other = next(
                    c for c in found.columns if c.name in {"state", "kind"} and not c.primary_key
                )
                connection.execute(
                    update(found).where(key == row[key.name]).values({other.name: "OTHER"})
                )
        differences = compare(store)
        assert [(d.table, d.found) for d in differences] == [(table, how)]
        assert differences[0].key == ("EXTRA" if how == "extra" else str(row[key.name]))
        rebuild(store)
        assert compare(store) == []


def test_every_projection_is_compared(tmp_path: Path) -> None:
    """A table that a handler writes and nobody folds again would hide a change."""
    beside = {"journal", "vault", "vault_keys", "credentials", "leases", "orders"}
    folded = {table.name for table in db.PROJECTIONS}
    assert folded | beside == set(db.metadata.tables) | beside


def test_a_rebuilt_store_goes_on(tmp_path: Path) -> None:
    with _filled(tmp_path) as store:
        with store.engine.begin() as connection:
            for table in db.PROJECTIONS:
                connection.execute(delete(table))
        rebuild(store)
    with open_store(tmp_path) as store:
        accept(store, 3, "h3")
        assert compare(store) == []
        store.verify()


def test_the_migrations_make_the_schema_that_the_code_knows(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - one test's tool
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415

    with a_store(tmp_path) as store:
        with store.engine.connect() as connection:
            context = MigrationContext.configure(connection)
            differences = compare_metadata(context, db.metadata)
        assert [d for d in differences if "alembic" not in str(d)] == []
        with store.read() as connection:
            made = set(
                connection.scalars(
                    text("SELECT sql FROM sqlite_master WHERE name LIKE 'uq_%holder'")
                )
            )
    # Autogeneration does not look into partial indexes.
    assert len(made) == 3
    assert all("WHERE state" in sql for sql in made)
