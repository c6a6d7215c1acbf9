"""Proofs: every prepared card once, and only while its package lasts."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pypdfium2
from PIL import Image
from sqlalchemy import select

from pipeline import documents
from pipeline.documents import Document, proofs
from pipeline.store import schema as db

Read = Callable[[Document], list[str]]


def test_each_card_of_the_batch_is_on_the_sheet_in_order(
    homes: ModuleType, prepared: Any, read: Read
) -> None:
    with prepared.open() as plant:
        before = len(homes.openings(plant))
        document = documents.proof_sheet(plant, homes.OLGA, prepared.batch)
        opened = homes.openings(plant)[before:]
        with plant.home.store.read() as connection:
            jobs = connection.scalars(select(db.jobs.c.job).order_by(db.jobs.c.sort_key)).all()
    assert document.name == f"proof-{prepared.batch}.pdf"
    pages = read(document)
    assert len(pages) == math.ceil(homes.CARDS / 10)
    assert [job for job in jobs if job in " ".join(pages)] == jobs
    assert all("SIMULASI" in page for page in pages)
    assert f"halaman {len(pages)} dari {len(pages)}" in pages[-1]
    # Opened in chunks, each journalled by itself, nobody twice.
    assert [len(some) for _, _, some in opened] == [10, homes.CARDS - 10]
    assert [job for _, _, some in opened for job in some] == jobs
    assert {(who, purpose) for who, purpose, _ in opened} == {("olga", "prepare")}


def test_packages_are_opened_only_as_they_are_drawn(homes: ModuleType, prepared: Any) -> None:
    with prepared.open() as plant:
        before = len(homes.openings(plant))
        drawing = proofs._artworks(plant, homes.OLGA, list(prepared.citizens))
        assert len(homes.openings(plant)) == before
        next(drawing)
        assert len(homes.openings(plant)) == before + 1
        drawing.close()


def test_the_sheet_is_in_the_language_asked_for(
    homes: ModuleType, prepared: Any, read: Read
) -> None:
    with prepared.open() as plant:
        pages = read(documents.proof_sheet(plant, homes.OLGA, prepared.batch, lang="en"))
    assert "Proof sheet" in pages[0]
    assert "SIMULATION" in pages[0]


def test_the_cards_are_seen_on_the_sheet(homes: ModuleType, prepared: Any) -> None:
    with prepared.open() as plant:
        document = documents.proof_sheet(plant, homes.OLGA, prepared.batch)
    pdf = pypdfium2.PdfDocument(document.content)
    page = pdf[0].render(scale=1).to_pil().convert("L")
    pdf.close()
    # Ten cards cover most of a page; an empty one is white.
    assert sum(page.histogram()[:250]) > 0.5 * page.width * page.height


def test_one_card_as_a_picture(homes: ModuleType, prepared: Any) -> None:
    job = next(iter(prepared.citizens))
    with prepared.open() as plant:
        before = len(homes.openings(plant))
        document = documents.proof_card(plant, homes.QORI, job)
        assert homes.openings(plant)[before:] == [("qori", "prepare", (job,))]
    assert document.name == f"proof-{job}.png"
    with Image.open(io.BytesIO(document.content)) as picture:
        assert picture.format == "PNG"
        assert picture.size == (1016, 648)
