"""Spoiled and destroyed cards on paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from ektp.errors import LifecycleError
from ektp.ids import CardSerial
from pipeline import documents
from pipeline.documents import Document
from pipeline.logistics import record_handover
from pipeline.people import Act
from pipeline.plant import Plant
from pipeline.store import schema as db
from pipeline.store.events import CardsSampled

Read = Callable[[Document], list[str]]


def _destroy(homes: ModuleType, plant: Plant, cards: list[str], **changes: Any) -> str:
    facts = {
        "document": "470/08/BA-MUSNAH/2026",
        "cards": cards,
        "place": "halaman kantor",
        "method": "cut_and_burnt",
        "witnesses": ["Bambang Santoso", "Dewi Lestari"],
    }
    homes.two_words(plant, Act.DESTROY_CARDS, facts | changes)
    return str(facts["document"])


def test_a_method_that_the_circular_does_not_know_is_refused(
    homes: ModuleType, finished: Any, changed: Plant
) -> None:
    document = _destroy(homes, changed, [finished.spoiled[1]], method="sold")
    with pytest.raises(LifecycleError, match="burnt"):
        documents.destruction_record(changed, homes.LALA, document)


def test_witnesses_whom_nobody_named_sign_by_hand(
    homes: ModuleType, finished: Any, changed: Plant, read: Read
) -> None:
    document = _destroy(homes, changed, [finished.spoiled[1]], witnesses=["Bambang Santoso"])
    text = " ".join(read(documents.destruction_record(changed, homes.LALA, document)))
    assert "Saksi 1" in text
    assert "Saksi 2" in text
    assert "Bambang Santoso" in text


def test_a_destruction_names_cards_officers_witnesses_and_batch(
    homes: ModuleType, finished: Any, plant: Plant, read: Read
) -> None:
    document = documents.destruction_record(plant, homes.LALA, homes.DESTRUCTION)
    text = " ".join(read(document))
    gone, kept = finished.spoiled
    assert gone in text
    assert kept not in text
    assert homes.DESTRUCTION in text
    assert "1 (satu) keping" in text
    assert "Rusak fisik" in text
    assert "dibakar" in text
    assert finished.batch in text
    # The two who asked and approved, and the two who watched.
    for name in ("qori", "Petugas mutu", "sari", "Penyelia", "Bambang Santoso", "Dewi Lestari"):
        assert name in text
    assert document.name.startswith("destruction-")
    assert document.name.endswith("-470-07-BA-MUSNAH-2026.pdf")


def test_samples_and_old_cards_are_destroyed_on_grounds_of_their_own(
    homes: ModuleType, finished: Any, changed: Plant, read: Read
) -> None:
    sample, fresh = (
        row.card for row in homes.rows(changed, db.cards, db.cards.c.state == "ISSUED")[:2]
    )
    with changed.home.store.transaction(homes.QORI) as tx:
        tx.record(CardsSampled(cards=[sample], purpose="test print"))
    old = _collect_back(homes, changed, finished.handed_over, fresh)
    wanted = [finished.spoiled[1], old, sample]
    document = _destroy(homes, changed, wanted)
    text = " ".join(read(documents.destruction_record(changed, homes.LALA, document)))
    grounds = ("Gagal cetak", "KTP-el lama ditarik", "Sampel pemeriksaan")
    annex = text[text.index("Lampiran") :]
    for number, (card, ground) in enumerate(zip(wanted, grounds, strict=True), 1):
        assert f"{number} {card} {ground}" in annex
    assert "3 (tiga) keping" in text
    assert "digunting lalu dibakar" in text


def _collect_back(homes: ModuleType, plant: Plant, job: str, fresh: str) -> str:
    """The same person comes for a newer card, and gives the old one back."""
    (row,) = homes.rows(plant, db.jobs, db.jobs.c.job == job)
    newer = dict(row._mapping) | {
        "job": "J-0000000000Z",
        "request": "SYN-NEWER",
        "state": "DELIVERED",
        "card": fresh,
    }
    with plant.home.store.engine.begin() as connection:
        connection.execute(insert(db.jobs).values(**newer))
        connection.execute(
            update(db.cards)
            .where(db.cards.c.card == fresh)
            .values(state="DELIVERED", holder=row.holder, job="J-0000000000Z")
        )
    record_handover(
        plant.home.store,
        homes.LALA,
        CardSerial(fresh),
        method="fingerprint",
        old_card="collected",
    )
    with plant.home.store.read() as connection:
        state = connection.scalar(select(db.cards.c.state).where(db.cards.c.card == row.card))
    assert state == "COLLECTED_BACK"
    return str(row.card)


def test_the_spoilage_report_counts_what_the_batch_identity_counts(
    homes: ModuleType, finished: Any, plant: Plant, read: Read
) -> None:
    document = documents.spoilage_report(plant, homes.OLGA, finished.batch)
    assert document.name == f"spoilage-{finished.batch}.pdf"
    text = " ".join(read(document))
    assert all(card in text for card in finished.spoiled)
    assert re.findall(r"\b[0-9A-F]{16}\b", text) == list(finished.spoiled)
    assert "2 kartu (dua)" in text
    assert "11,1 %" in text
    assert f"{homes.CARDS} " in text
    assert "olga" in text


def test_the_report_over_all_batches_has_the_same_cards(
    homes: ModuleType, finished: Any, plant: Plant, read: Read
) -> None:
    document = documents.spoilage_report(plant, homes.SARI)
    text = " ".join(read(document))
    assert "semua batch" in text
    assert re.findall(r"\b[0-9A-F]{16}\b", text) == list(finished.spoiled)


def test_a_batch_without_spoiled_cards_has_an_empty_report(
    homes: ModuleType, prepared: Any, read: Read
) -> None:
    with prepared.open() as plant:
        text = " ".join(read(documents.spoilage_report(plant, homes.OLGA, prepared.batch)))
    assert "0 kartu" in text
