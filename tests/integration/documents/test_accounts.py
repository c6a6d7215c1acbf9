"""Reconciliation and stock on paper: the numbers of the store, and a difference is never hidden."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import select, update

from ektp.accounting import BatchCount
from ektp.ids import AttemptId
from pipeline import documents
from pipeline.documents import Document
from pipeline.documents.accounts import _cancelled_out
from pipeline.home import new_id
from pipeline.plant import Plant
from pipeline.store import schema as db
from pipeline.store.events import AttemptDoubted, AttemptStarted, StepDone

Read = Callable[[Document], list[str]]


def _count(**changes: int) -> BatchCount:
    none = dict.fromkeys(("picked", "passed", "spoiled", "held", "in_doubt", "on_machine"), 0)
    return BatchCount(**(none | changes))


def test_a_sum_over_batches_hides_no_difference() -> None:
    many, few, even = _count(picked=5, passed=4), _count(picked=4, passed=5), _count()
    assert _cancelled_out([many, few, even]) == 2
    assert _cancelled_out([many, many]) == 0
    assert _cancelled_out([]) == 0


def test_a_card_that_nothing_holds_is_named_and_spoils_the_balance(
    homes: ModuleType, finished: Any, changed: Plant, read: Read
) -> None:
    with changed.home.store.engine.begin() as connection:
        stray = connection.scalar(
            select(db.cards.c.card).where(db.cards.c.state == "DELIVERED").limit(1)
        )
        connection.execute(update(db.cards).where(db.cards.c.card == stray).values(parcel=None))
    for batch in (finished.batch, None):
        text = " ".join(read(documents.reconciliation_sheet(changed, homes.OLGA, batch)))
        assert "TIDAK COCOK" in text
        assert "1 kartu menunggu keputusan" in text
        assert stray in text


def test_a_card_in_doubt_and_one_that_only_the_journal_fed(
    homes: ModuleType, prepared: Any, tmp_path: Path, read: Read
) -> None:
    with prepared.copy(tmp_path).open() as plant:
        attempt = new_id(AttemptId, plant.entropy)
        job = next(iter(prepared.citizens))
        with plant.home.store.transaction(homes.OLGA) as tx:
            tx.record(
                AttemptStarted(
                    attempt=attempt,
                    job=job,
                    batch=prepared.batch,
                    line="L1",
                    number=1,
                    kind="wni-8k",
                    counters={},
                )
            )
            tx.record(StepDone(attempt=attempt, step="feed", card=None, evidence={}))
            tx.record(
                AttemptDoubted(
                    attempt=attempt, job=job, card=None, fed=True, reason="power", evidence={}
                )
            )
        text = " ".join(read(documents.reconciliation_sheet(plant, homes.OLGA, prepared.batch)))
    # The machine did not feed what the journal says.
    assert "TIDAK COCOK" in text
    assert re.search(rf"1 – {job} Diragukan L1, feed", text)
    assert "1 kartu menunggu keputusan" in text


def test_a_good_batch_balances_with_its_numbers(
    homes: ModuleType, finished: Any, plant: Plant, read: Read
) -> None:
    document = documents.reconciliation_sheet(plant, homes.OLGA, finished.batch)
    assert document.name == f"reconciliation-{finished.batch}.pdf"
    pages = read(document)
    text = " ".join(pages)
    assert "COCOK: selisih 0" in text
    assert "TIDAK COCOK" not in text
    spoiled = len(finished.spoiled)
    made = homes.CARDS
    assert re.search(rf"{made} Diambil.*{made - spoiled} Lulus.*{spoiled} Rusak", text)
    assert f"L1 simulated M1 {made} {made} 0 0 0 0 {made} 0" in text
    assert all(f"Halaman {n} dari {len(pages)}" in page for n, page in enumerate(pages, 1))
    assert "olga" in text


def test_the_sheet_over_everything_is_named_by_its_day(
    homes: ModuleType, plant: Plant, read: Read
) -> None:
    document = documents.reconciliation_sheet(plant, homes.SARI)
    text = " ".join(read(document))
    assert "semua batch" in text
    assert "COCOK: selisih 0" in text
    assert document.name == f"reconciliation-{plant.home.today().isoformat()}.pdf"
    assert "sari" in text


def test_the_bulletin_has_the_stock_of_the_books(
    homes: ModuleType, finished: Any, plant: Plant, read: Read
) -> None:
    document = documents.stock_bulletin(plant, homes.LALA)
    assert document.name == f"stock-{plant.home.today().isoformat()}.pdf"
    text = " ".join(read(document))
    sent = homes.CARDS - len(finished.spoiled)
    # Foreigners' blanks stand in the first column, citizens' in the second.
    assert "Diterima dari pemasok / Received 200 2.000 2.200" in text
    assert f"{2200 - homes.CARDS:,}".replace(",", ".") + " keping" in text
    assert f"Dikirim / Dispatched 0 {sent} {sent}" in text
    assert "Dimusnahkan / Destroyed 0 1 1" in text
    assert "SELISIH / DIFFERENCE 0 0 0" in text
    assert "COCOK: selisih 0" in text
    assert "lala" in text
