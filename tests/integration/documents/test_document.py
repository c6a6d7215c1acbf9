"""What every document has in common: its file, its name, its stamp."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ektp.errors import ConfigurationError, IdInvalid, NotFound
from pipeline import documents
from pipeline.documents import Document
from pipeline.documents.document import paper_number, signer
from pipeline.home import SETTINGS_FILE
from pipeline.papers import Person
from pipeline.plant import Plant
from pipeline.settings import read_settings, write_settings
from pipeline.store import schema as db

Read = Callable[[Document], list[str]]


def test_a_file_that_cannot_be_written_is_said_by_name(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("no folder")
    with pytest.raises(ConfigurationError) as refused:
        Document(name="stock.pdf", content=b"x").write(tmp_path / "out")
    assert "stock.pdf" in str(refused.value)


def test_it_is_written_whole_for_its_owner_and_replaces_the_older_one(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    for content in (b"first", b"second"):
        path = Document(name="stock.pdf", content=content).write(folder)
    assert path == folder / "stock.pdf"
    assert path.read_bytes() == b"second"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in folder.iterdir()] == ["stock.pdf"]


def test_its_repr_shows_no_content() -> None:
    assert "SITI" not in repr(Document(name="notice.pdf", content=b"SITI"))


def test_unknown_ids_are_not_found_and_open_nothing(
    homes: ModuleType, finished: Any, plant: Plant
) -> None:
    before = homes.openings(plant)
    asked: list[Callable[[], Document]] = [
        lambda: documents.parcel_labels(plant, homes.LALA, ["P-0000000000Z"]),
        lambda: documents.parcel_labels(plant, homes.LALA, []),
        lambda: documents.parcel_manifest(plant, homes.LALA, "P-0000000000Z"),
        lambda: documents.consignment_bast(plant, homes.LALA, "S-0000000000Z"),
        lambda: documents.spoilage_report(plant, homes.OLGA, "B-0000000000Z"),
        lambda: documents.destruction_record(plant, homes.LALA, "470/none"),
        lambda: documents.reconciliation_sheet(plant, homes.OLGA, "B-0000000000Z"),
        lambda: documents.unclaimed_list(plant, homes.LALA, "99.99.99"),
        lambda: documents.notices(plant, homes.LALA, "99.99.99"),
        lambda: documents.message_list(plant, homes.LALA, "99.99.99"),
        lambda: documents.proof_sheet(plant, homes.OLGA, "B-0000000000Z"),
        lambda: documents.proof_sheet(plant, homes.OLGA, finished.batch),
        lambda: documents.proof_card(plant, homes.OLGA, "J-0000000000Z"),
        lambda: documents.proof_card(plant, homes.OLGA, next(iter(finished.citizens))),
    ]
    for ask in asked:
        with pytest.raises(NotFound):
            ask()
    assert homes.openings(plant) == before


def test_the_system_signs_nothing() -> None:
    assert signer("system", None, "id") == Person()
    assert signer("lala", None, "id") == Person(name="lala")


def test_papers_are_simulated_and_in_the_zone_of_the_home(
    homes: ModuleType, finished: Any, tmp_path: Path, read: Read
) -> None:
    home = finished.copy(tmp_path)
    file = home.path / SETTINGS_FILE
    settings = read_settings(file)
    eastern = settings.home.model_copy(update={"zone": "Asia/Jayapura"})
    write_settings(file, settings.model_copy(update={"home": eastern}))
    with home.open() as plant:
        text = " ".join(read(documents.stock_bulletin(plant, homes.LALA)))
        number = paper_number(plant, "STOK", "x", datetime(2026, 12, 31, 15, 30, tzinfo=UTC))
    assert "SIMULASI" in text
    assert "WIT" in text
    assert "WIB" not in text
    # Half past midnight of the new year in Jayapura.
    assert number == "x/STOK/PUSAT/2027"


def test_a_paper_drawn_again_has_the_same_number_and_digest(
    homes: ModuleType, plant: Plant, read: Read
) -> None:
    parcel = homes.rows(plant, db.parcels)[0].parcel
    first, again = (
        " ".join(read(documents.parcel_manifest(plant, homes.LALA, parcel))) for _ in range(2)
    )
    digest = re.search(r"SHA-256 ([0-9a-f]{4} ?){6}", first)
    assert digest is not None
    assert digest[0] in again
    assert f"Nomor: {parcel}/MANIFES/PUSAT/" in first
    assert f"Nomor: {parcel}/MANIFES/PUSAT/" in again


@pytest.mark.parametrize("lang", ["id", "en"])
def test_each_paper_leads_in_the_language_asked_for(
    homes: ModuleType, plant: Plant, read: Read, lang: Any
) -> None:
    first = read(documents.stock_bulletin(plant, homes.LALA, lang=lang))[0]
    assert ("Halaman 1 dari 1" if lang == "id" else "Page 1 of 1") in first
    leading, small = "PENGUMUMAN PERSEDIAAN", "BULLETIN OF THE STOCK"
    assert (leading if lang == "id" else small) in first
    assert (small if lang == "id" else leading) not in first


def test_an_id_of_another_kind_is_not_found_either(homes: ModuleType, plant: Plant) -> None:
    consignment = homes.rows(plant, db.consignments)[0].consignment
    with pytest.raises((NotFound, IdInvalid)):
        documents.parcel_manifest(plant, homes.LALA, consignment)
