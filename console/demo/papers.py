"""What the demo leaves in its folder: papers of the batch, proofs and pictures of some cards."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sqlalchemy import select

from console.demo.telling import Telling
from ektp.ids import CardSerial
from ektp.journal import Actor
from ektp.lifecycle import JobState
from ektp.printer_profiles import Side
from pipeline import documents
from pipeline.plant import Plant
from pipeline.store import schema as db

__all__ = ["write_papers", "write_proofs"]

Lang = Literal["id", "en"]
_PICTURES = 4


def write_proofs(home: Path, out: Path, batch: str, actor: Actor, lang: Lang) -> None:
    """Draw the contact sheet of a prepared batch, and one proof card as a picture."""
    with Plant.open(home) as plant:
        with plant.home.store.read() as connection:
            job = connection.scalar(
                select(db.jobs.c.job)
                .where(db.jobs.c.batch == batch, db.jobs.c.state == JobState.PREPARED.value)
                .order_by(db.jobs.c.sort_key)
                .limit(1)
            )
        if job is None:
            return
        (out / "papers").mkdir(parents=True, exist_ok=True)
        (out / "pictures").mkdir(parents=True, exist_ok=True)
        documents.proof_card(plant, actor, job).write(out / "pictures")
        documents.proof_sheet(plant, actor, batch, lang=lang).write(out / "papers")


def write_papers(
    home: Path, out: Path, batch: str, actor: Actor, lang: Lang, tell: Telling
) -> None:
    """Draw every paper of the batch to the folder, and pictures of some printed cards."""
    papers, pictures = out / "papers", out / "pictures"
    papers.mkdir(parents=True, exist_ok=True)
    pictures.mkdir(parents=True, exist_ok=True)
    with Plant.open(home) as plant:
        with plant.home.store.read() as connection:
            parcels = connection.scalars(
                select(db.parcels.c.parcel).order_by(db.parcels.c.office, db.parcels.c.parcel)
            ).all()
            consignments = connection.scalars(
                select(db.consignments.c.consignment).order_by(db.consignments.c.created_at)
            ).all()
            cards = connection.scalars(
                select(db.attempts.c.card)
                .where(db.attempts.c.batch == batch, db.attempts.c.outcome == "passed")
                .order_by(db.attempts.c.started_at)
                .limit(_PICTURES)
            ).all()
        documents.parcel_labels(plant, actor, parcels, lang=lang).write(papers)
        for parcel in parcels:
            documents.parcel_manifest(plant, actor, parcel, lang=lang).write(papers)
            tell.advance()
        for consignment in consignments:
            documents.consignment_bast(plant, actor, consignment, lang=lang).write(papers)
        documents.spoilage_report(plant, actor, batch, lang=lang).write(papers)
        documents.reconciliation_sheet(plant, actor, batch, lang=lang).write(papers)
        documents.stock_bulletin(plant, actor, lang=lang).write(papers)
        for card in cards:
            for side, picture in plant.world.pictures(CardSerial(card)).items():
                ending = "" if side is Side.FRONT else "-back"
                (pictures / f"card-{card}{ending}.png").write_bytes(picture)
