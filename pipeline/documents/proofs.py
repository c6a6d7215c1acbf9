"""Proofs: what the cards of a batch will look like, before a blank is used."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from sqlalchemy import select

from ektp.errors import NotFound
from ektp.journal import Actor
from ektp.perso import Artwork, PersoPackage
from personalization import artwork
from pipeline.documents.document import Document
from pipeline.documents.sources import row_of
from pipeline.papers import Lang
from pipeline.papers.wording import Bi
from pipeline.plant import Plant
from pipeline.store import schema as db
from pipeline.store.vault import Part, Purpose

__all__ = ["proof_card", "proof_sheet"]

# Packages in memory at a time; each holds the panels of a card.
_CHUNK = 10
_TITLE = Bi("Lembar bukti", "Proof sheet")
_SIMULATED = Bi("SIMULASI", "SIMULATION")


def proof_sheet(plant: Plant, actor: Actor, batch: str, *, lang: Lang = "id") -> Document:
    """The proofs of a batch's prepared cards as a contact sheet, in their order.

    A package lasts from preparation until its card is made. Raises `NotFound`, also where no
    package of the batch is left.
    """
    with plant.home.store.read() as connection:
        row_of(connection, db.batches, batch)
        jobs = connection.scalars(
            select(db.jobs.c.job)
            .join(db.vault, db.vault.c.job == db.jobs.c.job)
            .where(db.jobs.c.batch == batch, db.vault.c.part == Part.PACKAGE.value)
            .order_by(db.jobs.c.sort_key, db.jobs.c.job)
        ).all()
    if not jobs:
        raise NotFound("no prepared card waits in this batch", batch=batch)
    words = [_TITLE.pick(lang)[0], batch]
    if plant.home.kind == "simulated":
        words.append(_SIMULATED.pick(lang)[0])
    out = io.BytesIO()
    artwork.contact_sheet_pdf(
        _artworks(plant, actor, jobs), out, title=" \N{MIDDLE DOT} ".join(words), lang=lang
    )
    return Document(name=f"proof-{batch}.pdf", content=out.getvalue())


def _artworks(plant: Plant, actor: Actor, jobs: Sequence[str]) -> Iterator[tuple[str, Artwork]]:
    """Each chunk is opened, and journalled, in a transaction that ends before it is drawn."""
    for first in range(0, len(jobs), _CHUNK):
        chunk = list(jobs[first : first + _CHUNK])
        with plant.home.store.transaction(actor) as tx:
            packages = plant.vault.open(tx, chunk, Part.PACKAGE, Purpose.PREPARE)
        for job in chunk:
            yield job, PersoPackage.from_bytes(packages.pop(job)).artwork


def proof_card(plant: Plant, actor: Actor, job: str) -> Document:
    """The proof of one prepared card as PNG. Raises `NotFound`, also once its card is made."""
    with plant.home.store.transaction(actor) as tx:
        row_of(tx.connection, db.jobs, job)
        package = plant.vault.open(tx, [job], Part.PACKAGE, Purpose.PREPARE)[job]
    picture = artwork.proof_png(PersoPackage.from_bytes(package).artwork)
    return Document(name=f"proof-{job}.png", content=picture)
