"""*Berita acara serah terima*: both legs, their parcels and their parties."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

from ektp.journal import Actor, Role
from pipeline import documents
from pipeline.documents import Document
from pipeline.plant import Plant
from pipeline.store import schema as db

Read = Callable[[Document], list[str]]


def _legs(homes: ModuleType, plant: Plant) -> tuple[Any, list[Any]]:
    rows = homes.rows(plant, db.consignments)
    (first,) = [row for row in rows if not row.final]
    return first, [row for row in rows if row.final]


def test_the_first_leg_keeps_its_parcels_after_they_travelled_on(
    homes: ModuleType, plant: Plant, read: Read
) -> None:
    first, _ = _legs(homes, plant)
    text = " ".join(read(documents.consignment_bast(plant, homes.LALA, first.consignment)))
    parcels = homes.rows(plant, db.parcels)
    assert all(row.consignment != first.consignment for row in parcels)
    assert len(parcels) == first.parcels
    assert all(row.parcel in text and row.seal in text for row in parcels)
    cards = sum(row.cards for row in parcels)
    assert f"{len(parcels)} paket · {cards} kartu" in text


def test_the_first_leg_goes_to_the_registry(homes: ModuleType, plant: Plant, read: Read) -> None:
    first, _ = _legs(homes, plant)
    document = documents.consignment_bast(plant, homes.LALA, first.consignment)
    assert document.name == f"bast-{first.consignment}-16.71.pdf"
    text = " ".join(read(document))
    assert "untuk Dinas Dukcapil KOTA PALEMBANG (16.71)" in text
    assert "bertempat di Pusat Pencetakan KTP-el" in text
    assert homes.COURIER in text


def test_the_second_leg_goes_to_one_kecamatan(homes: ModuleType, plant: Plant, read: Read) -> None:
    _, onward = _legs(homes, plant)
    assert len(onward) == 3
    for row in onward:
        text = " ".join(read(documents.consignment_bast(plant, homes.LALA, row.consignment)))
        mine = homes.rows(plant, db.parcels, db.parcels.c.consignment == row.consignment)
        others = homes.rows(plant, db.parcels, db.parcels.c.consignment != row.consignment)
        assert all(parcel.parcel in text for parcel in mine)
        assert not any(parcel.parcel in text for parcel in others)
        assert "KE KECAMATAN" in text
        assert "bertempat di Dinas Dukcapil KOTA PALEMBANG" in text
        assert f"({row.destination})" in text


def test_who_acts_is_the_first_party_and_the_second_is_written_by_hand(
    homes: ModuleType, plant: Plant, read: Read
) -> None:
    first, _ = _legs(homes, plant)
    text = " ".join(read(documents.consignment_bast(plant, homes.LALA, first.consignment)))
    parties = text[: text.index("PIHAK PERTAMA menyerahkan")]
    assert re.search(r": lala .*Petugas logistik.*PIHAK PERTAMA.*: \.{10,}.*PIHAK KEDUA", parties)
    machine = Actor(principal="system", role=Role.SYSTEM, station="flow")
    unsigned = " ".join(read(documents.consignment_bast(plant, machine, first.consignment)))
    assert "system" not in unsigned


def test_no_bast_opens_the_vault(homes: ModuleType, plant: Plant) -> None:
    before = homes.openings(plant)
    for row in homes.rows(plant, db.consignments):
        documents.consignment_bast(plant, homes.LALA, row.consignment)
    assert homes.openings(plant) == before


def test_pages_say_how_many_there_are(homes: ModuleType, plant: Plant, read: Read) -> None:
    first, _ = _legs(homes, plant)
    pages = read(documents.consignment_bast(plant, homes.LALA, first.consignment))
    for number, page in enumerate(pages, 1):
        assert f"Halaman {number} dari {len(pages)}" in page
