"""The vault: sealed apart, opened for a purpose, purged for good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select, update

from ektp.errors import NotFound, SealBroken
from pipeline.store import schema as db
from pipeline.store.store import Store
from pipeline.store.vault import Part, Purpose, Vault
from tests.unit.pipeline.store.shelf import ACTOR, ToyKeys, a_store, job_id

NIK, NAME = b"1671015708850000", b"SITI RAHMAWATI"
RECORD = b'{"nik":"' + NIK + b'","name":"' + NAME + b'"}'


def _sealed(store: Store, vault: Vault, *numbers: int) -> None:
    with store.transaction(ACTOR) as tx:
        for number in numbers:
            vault.seal(
                tx, job_id(number), {Part.RECORD: RECORD, Part.BIOGRAPHIC: RECORD + b"%d" % number}
            )


def _bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.glob("ektp.db*")))


def test_what_was_sealed_opens_for_a_purpose_and_the_opening_is_journalled(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        vault = Vault(ToyKeys())
        _sealed(store, vault, 1, 2)
        with store.transaction(ACTOR) as tx:
            opened = vault.open(tx, [job_id(1), job_id(2)], Part.RECORD, Purpose.PREPARE)
        assert opened == {job_id(1): RECORD, job_id(2): RECORD}
        with store.read() as connection:
            row = connection.execute(select(db.journal)).one()
        assert (row.event, row.subject, row.principal) == ("vault.opened", "prepare", "olga")
        assert json.loads(row.data)["jobs"] == [job_id(1), job_id(2)]


def test_nothing_personal_rests_in_clear(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        _sealed(store, Vault(ToyKeys()), 1)
        everything = _bytes_of(tmp_path)
    assert NIK not in everything
    assert NAME not in everything


def test_equal_records_are_sealed_differently(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        _sealed(store, Vault(ToyKeys()), 1, 2)
        with store.read() as connection:
            sealed = connection.scalars(
                select(db.vault.c.sealed).where(db.vault.c.part == "record")
            ).all()
            keys = connection.scalars(select(db.vault_keys.c.wrapped)).all()
        assert len(set(sealed)) == 2
        assert len(set(keys)) == 2


def _open(store: Store, number: int, part: Part = Part.RECORD) -> bytes:
    vault = Vault(ToyKeys())
    with store.transaction(ACTOR) as tx:
        return vault.open(tx, [job_id(number)], part, Purpose.PRODUCE)[job_id(number)]


def test_a_part_moved_to_another_job_does_not_open(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        _sealed(store, Vault(ToyKeys()), 1, 2)
        with store.engine.begin() as connection:
            stolen = connection.execute(
                select(db.vault.c.sealed).where(db.vault.c.job == job_id(1))
            ).first()
            assert stolen is not None
            connection.execute(
                update(db.vault)
                .where(db.vault.c.job == job_id(2), db.vault.c.part == "record")
                .values(sealed=stolen.sealed)
            )
        with pytest.raises(SealBroken):
            _open(store, 2)


def test_a_part_moved_with_its_key_does_not_open_either(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        _sealed(store, Vault(ToyKeys()), 1, 2)
        with store.engine.begin() as connection:
            for table, columns in ((db.vault, ["sealed"]), (db.vault_keys, ["wrapped"])):
                query = select(table).where(table.c.job == job_id(1))
                if table is db.vault:
                    query = query.where(table.c.part == "record")
                row = connection.execute(query).mappings().one()
                change = update(table).where(table.c.job == job_id(2))
                if table is db.vault:
                    change = change.where(table.c.part == "record")
                connection.execute(change.values({name: row[name] for name in columns}))
        with pytest.raises(SealBroken):
            _open(store, 2)


def test_a_part_is_not_taken_for_another_part(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        _sealed(store, Vault(ToyKeys()), 1)
        with store.engine.begin() as connection:
            record = connection.scalar(select(db.vault.c.sealed).where(db.vault.c.part == "record"))
            connection.execute(
                update(db.vault).where(db.vault.c.part == "biographic").values(sealed=record)
            )
        with pytest.raises(SealBroken):
            _open(store, 1, Part.BIOGRAPHIC)


@pytest.mark.parametrize("position", [0, 11, 12, 40, -1])
def test_one_flipped_bit_is_noticed(tmp_path: Path, position: int) -> None:
    with a_store(tmp_path) as store:
        _sealed(store, Vault(ToyKeys()), 1)
        with store.engine.begin() as connection:
            sealed = bytearray(
                connection.scalar(select(db.vault.c.sealed).where(db.vault.c.part == "record"))
                or b""
            )
            sealed[position] ^= 1
            connection.execute(
                update(db.vault).where(db.vault.c.part == "record").values(sealed=bytes(sealed))
            )
        with pytest.raises(SealBroken):
            _open(store, 1)


def test_under_another_token_nothing_opens(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        _sealed(store, Vault(ToyKeys()), 1)
        other = Vault(ToyKeys(b"\x01" * 32))
        with pytest.raises(SealBroken), store.transaction(ACTOR) as tx:
            other.open(tx, [job_id(1)], Part.RECORD, Purpose.PREPARE)
        assert store.verify()[0] == 0, "an opening that failed is not journalled as one"


def test_what_was_purged_is_gone_and_so_is_every_trace_of_its_key(tmp_path: Path) -> None:
    """Also of the write-ahead log: a sealed value and its wrapped key would still open."""
    with a_store(tmp_path) as store:
        vault = Vault(ToyKeys())
        _sealed(store, vault, 1, 2)
        with store.read() as connection:
            wrapped = connection.scalar(
                select(db.vault_keys.c.wrapped).where(db.vault_keys.c.job == job_id(1))
            )
            sealed = connection.scalars(
                select(db.vault.c.sealed).where(db.vault.c.job == job_id(1))
            ).all()
        assert wrapped is not None
        assert wrapped in _bytes_of(tmp_path)
        with store.transaction(ACTOR) as tx:
            vault.purge(tx, [job_id(1)], "30 days after hand-over")
        left = _bytes_of(tmp_path)
        assert wrapped not in left
        assert all(value not in left for value in sealed)
        with pytest.raises(NotFound):
            _open(store, 1)
        assert _open(store, 2) == RECORD
        with store.read() as connection:
            row = connection.execute(
                select(db.journal).where(db.journal.c.event == "vault.purged")
            ).one()
        assert json.loads(row.data) == {"rule": "30 days after hand-over", "jobs": [job_id(1)]}


def test_a_dropped_part_leaves_the_others(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        vault = Vault(ToyKeys())
        _sealed(store, vault, 1)
        with store.transaction(ACTOR) as tx:
            vault.drop_part(tx, job_id(1), Part.RECORD)
        with pytest.raises(NotFound):
            _open(store, 1)
        assert _open(store, 1, Part.BIOGRAPHIC) == RECORD + b"1"


def test_a_part_sealed_again_replaces_the_old_one(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        vault = Vault(ToyKeys())
        _sealed(store, vault, 1)
        with store.read() as connection:
            sealed = vault.seal_parts(connection, job_id(1), {Part.RECORD: b"new"})
        with store.transaction(ACTOR) as tx:
            vault.store(tx, job_id(1), sealed)
        assert _open(store, 1) == b"new"
        assert _open(store, 1, Part.BIOGRAPHIC) == RECORD + b"1"


def test_a_vault_shows_no_key(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        vault = Vault(ToyKeys())
        with store.read() as connection:
            vault.seal_parts(connection, job_id(1), {Part.RECORD: RECORD})
        (key,) = vault._unwrapped.values()
        assert key.hex() not in repr(vault)
        assert repr(key) not in repr(vault)
