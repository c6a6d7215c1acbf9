"""Labels and manifests: what lies in the parcel, in its order, and nobody's number."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import select

from ektp.errors import NotFound
from pipeline import documents
from pipeline.documents import Document
from pipeline.logistics import create_consignments
from pipeline.packing import pack, parcel_cards
from pipeline.plant import Plant
from pipeline.store import schema as db

Read = Callable[[Document], list[str]]
_NIK = re.compile(r"(?<![0-9])[0-9]{16}(?![0-9])")


def _parcels(homes: ModuleType, plant: Plant) -> list[Any]:
    found = homes.rows(plant, db.parcels)
    assert len(found) > 2
    return sorted(found, key=lambda row: (row.office, row.packed_at))


def test_a_manifest_of_a_purged_person_is_refused(homes: ModuleType, changed: Plant) -> None:
    parcel = _parcels(homes, changed)[0].parcel
    job = homes.rows(changed, db.cards, db.cards.c.parcel == parcel)[0].job
    with changed.home.store.transaction(homes.SARI) as tx:
        changed.vault.purge(tx, [job], "test")
    with pytest.raises(NotFound) as refused:
        documents.parcel_manifest(changed, homes.LALA, parcel)
    assert refused.value.facts["job"] == job


def test_each_card_of_a_parcel_stands_there_in_its_order(
    homes: ModuleType, finished: Any, plant: Plant, read: Read
) -> None:
    for row in _parcels(homes, plant):
        text = " ".join(read(documents.parcel_manifest(plant, homes.LALA, row.parcel)))
        with plant.home.store.read() as connection:
            cards = parcel_cards(connection, row.parcel)
            jobs = [
                connection.scalar(select(db.cards.c.job).where(db.cards.c.card == card))
                for card in cards
            ]
        assert re.findall(r"\b[0-9A-F]{16}\b", text) == cards
        people = [finished.citizens[job] for job in jobs]
        lines = [
            f"{number} {person.job} {card} {person.masked} {person.name} {person.rw}/{person.rt}"
            for number, (person, card) in enumerate(zip(people, cards, strict=True), 1)
        ]
        places = [text.index(line) for line in lines]
        assert places == sorted(places)
        assert f"{row.cards} kartu" in text
        assert row.seal in text
        assert all(person.village in text for person in people)


def test_no_manifest_shows_a_nik(
    homes: ModuleType, finished: Any, plant: Plant, read: Read
) -> None:
    serials = {row.card for row in homes.rows(plant, db.cards, db.cards.c.parcel.is_not(None))}
    for row in _parcels(homes, plant):
        document = documents.parcel_manifest(plant, homes.LALA, row.parcel)
        text = " ".join(read(document))
        assert set(_NIK.findall(text)) <= serials
        for person in finished.citizens.values():
            assert person.nik not in text
            assert person.nik.encode() not in document.content
            assert person.name not in document.name


def test_a_manifest_is_opened_for_packing_and_journalled(homes: ModuleType, plant: Plant) -> None:
    parcel = _parcels(homes, plant)[0].parcel
    jobs = {row.job for row in homes.rows(plant, db.cards, db.cards.c.parcel == parcel)}
    before = len(homes.openings(plant))
    documents.parcel_manifest(plant, homes.LALA, parcel)
    ((principal, purpose, opened),) = homes.openings(plant)[before:]
    assert (principal, purpose, set(opened)) == ("lala", "pack", jobs)


def test_a_label_names_office_seal_and_count_and_no_person(
    homes: ModuleType, finished: Any, plant: Plant, read: Read
) -> None:
    rows = _parcels(homes, plant)
    before = homes.openings(plant)
    document = documents.parcel_labels(plant, homes.LALA, [row.parcel for row in rows])
    assert homes.openings(plant) == before
    texts = read(document)
    assert len(texts) == len(rows)
    for row, text in zip(rows, texts, strict=True):
        assert row.parcel in text
        assert row.office in text
        assert row.seal in text
        assert f"{row.cards} kartu" in text
        assert finished.batch in text
        assert "KOTA PALEMBANG" in text
        assert "Dinas Dukcapil" in text
        assert not any(person.name in text for person in finished.citizens.values())


def test_labels_count_the_parcels_of_an_office(homes: ModuleType, plant: Plant, read: Read) -> None:
    rows = _parcels(homes, plant)
    shared = [row for row in rows if sum(r.office == row.office for r in rows) == 2]
    texts = read(documents.parcel_labels(plant, homes.LALA, [row.parcel for row in shared]))
    assert [re.findall(r"\b[12]/2\b", text)[0] for text in texts[:2]] == ["1/2", "2/2"]


def test_names_of_label_files(homes: ModuleType, plant: Plant) -> None:
    names = [row.parcel for row in _parcels(homes, plant)]
    assert documents.parcel_labels(plant, homes.LALA, names[:1]).name == f"label-{names[0]}.pdf"
    several = documents.parcel_labels(plant, homes.LALA, names[:3]).name
    assert several == f"labels-{names[0]}-and-2-more.pdf"


def test_a_scanner_reads_the_parcel_off_its_label(
    homes: ModuleType, plant: Plant, tmp_path: Path
) -> None:
    parcel = _parcels(homes, plant)[0].parcel
    pdf = pypdfium2.PdfDocument(documents.parcel_labels(plant, homes.LALA, [parcel]).content)
    picture: Image.Image = pdf[0].render(scale=3).to_pil()
    pdf.close()
    assert {code.text for code in zxingcpp.read_barcodes(picture)} == {parcel}


def test_before_its_seal_and_journey_the_places_are_left_empty(
    homes: ModuleType, prepared: Any, tmp_path: Path, read: Read
) -> None:
    with prepared.copy(tmp_path).open() as plant:
        homes._produce(plant, prepared.batch)
        packed = pack(plant.home.store, plant.entropy, homes.LALA, batch=None, most=100)
        parcel = packed[0].parcel
        manifest = " ".join(read(documents.parcel_manifest(plant, homes.LALA, parcel)))
        label = read(documents.parcel_labels(plant, homes.LALA, [parcel]))[0]
    assert "." * 14 in label
    assert "segel nomor " + "." * 14 in manifest
    assert "S-" not in label


def test_a_direct_journey_passes_no_registry(
    homes: ModuleType, prepared: Any, tmp_path: Path, read: Read
) -> None:
    with prepared.copy(tmp_path).open() as plant:
        homes._produce(plant, prepared.batch)
        homes.pack(plant.home.store, plant.entropy, homes.LALA, batch=None, most=100)
        homes.seal_open_parcels(plant.home.store, homes.LALA)
        create_consignments(plant.home.store, plant.entropy, homes.LALA, direct=True)
        row = homes.rows(plant, db.parcels)[0]
        label = read(documents.parcel_labels(plant, homes.LALA, [row.parcel]))[0]
        bast = " ".join(read(documents.consignment_bast(plant, homes.LALA, row.consignment)))
    assert "Dukcapil" not in label
    assert row.consignment in label
    assert "KE KECAMATAN" in bast
    assert "bertempat di Pusat Pencetakan KTP-el" in bast
