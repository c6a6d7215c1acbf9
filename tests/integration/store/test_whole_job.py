"""A whole job's journal, folded again: row for row what stands in the tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from ektp.errors import ChainBroken
from ektp.journal import Actor, Role
from pipeline.logistics import create_consignments, dispatch, receive, record_handover
from pipeline.packing import pack, seal_parcel
from pipeline.reconciliation import reconcile
from pipeline.store import schema as db
from pipeline.store.rebuild import compare, rebuild
from simulation.printer.faults import FaultPlan, Mishap, PhysicalStep
from tests.builders import OPERATOR, Floor, a_batch, a_home, contradictions, floor

LALA = Actor(principal="lala", role=Role.LOGISTICS, station="test")

PLAN = (
    FaultPlan.named("none", 1)
    .with_mishap(1, PhysicalStep.FEED, Mishap.CHIP_MUTE)
    .with_mishap(2, PhysicalStep.PRINT, Mishap.CHIP_KILLED)
    .with_mishap(3, PhysicalStep.EJECT, Mishap.REPLY_LOST)
)


def _to_the_citizen(it: Floor, batch: str) -> None:
    store, entropy = it.plant.home.store, it.plant.entropy
    for parcel in pack(store, entropy, LALA, batch=batch, most=250):
        seal_parcel(store, LALA, parcel.parcel)
    for consignment in create_consignments(store, entropy, LALA, direct=True):
        dispatch(store, LALA, consignment, "POS")
        receive(store, LALA, consignment)
    with store.read() as connection:
        cards = connection.scalars(
            select(db.cards.c.card).where(db.cards.c.state == "DELIVERED")
        ).all()
    for card in cards[:-1]:
        record_handover(store, LALA, card, method="fingerprint", old_card="none")


def test_a_job_from_intake_to_hand_over_folds_to_the_same_tables(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=4)
    with floor(home, plan=PLAN) as it:
        store, batch = it.plant.home.store, a_batch(home)
        it.run(batch)
        assert contradictions(it.plant) == []
        _to_the_citizen(it, batch)
        assert compare(store) == []
        with store.read() as connection:
            assert reconcile(connection, it.plant.machine_evidence()).balanced
            states = set(connection.scalars(select(db.jobs.c.state)))
            written = {
                table.name
                for table in db.PROJECTIONS
                if connection.execute(select(table).limit(1)).first() is not None
            }
        assert states == {"HANDED_OVER", "DELIVERED", "HELD"}
        assert {"attempts", "parcels", "consignments", "handovers", "voided_signatures"} <= written
        for name in sorted(written):
            _a_lost_row_is_found_and_restored(it, name)
        with store.engine.begin() as connection:
            connection.execute(delete(db.journal).where(db.journal.c.seq == 100))
        with pytest.raises(ChainBroken):
            store.verify()


def _a_lost_row_is_found_and_restored(it: Floor, name: str) -> None:
    table, store = db.metadata.tables[name], it.plant.home.store
    keys = list(table.primary_key.columns)
    with store.engine.begin() as connection:
        row = connection.execute(select(table).limit(1)).mappings().one()
        where = [column == row[column.name] for column in keys]
        connection.execute(delete(table).where(*where))
    assert [(d.table, d.found) for d in compare(store)] == [(name, "missing")]
    rebuild(store)
    assert compare(store) == []


def test_a_card_moved_by_hand_in_the_database_is_named(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=2)
    with floor(home) as it:
        it.run(a_batch(home))
        store = it.plant.home.store
        with store.transaction(OPERATOR) as tx:
            card = tx.connection.scalar(select(db.cards.c.card).where(db.cards.c.state == "PASSED"))
            tx.connection.execute(
                update(db.cards).where(db.cards.c.card == card).values(state="IN_VAULT")
            )
        assert [(d.table, d.key, d.found) for d in compare(store)] == [("cards", card, "differs")]
        with store.read() as connection:
            assert reconcile(connection, it.plant.machine_evidence()).difference == 0, (
                "counts alone would not have told"
            )
