"""Labels and manifests of parcels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from ektp.errors import NotFound
from ektp.ids import CardSerial, ConsignmentId, JobId, ParcelId
from ektp.journal import Actor, Role
from pipeline import papers
from pipeline.documents.document import Document, paper_number, signer, stamp_of
from pipeline.documents.sources import (
    AnyRow,
    area_of,
    batches_of,
    citizens,
    journalled,
    moment,
    registry_name,
    row_of,
)
from pipeline.intake.offices import Office, office_or_refuse
from pipeline.logistics import CENTRE
from pipeline.papers import Lang, ManifestCard, ParcelLabel, ParcelManifest, Person
from pipeline.plant import Plant
from pipeline.store import schema as db
from pipeline.store.vault import Purpose

__all__ = ["parcel_labels", "parcel_manifest"]

# A parcel that is not sealed yet: the number is written in by hand.
_BY_HAND = "." * 14


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parcel:
    """A parcel's row, and the office that it is for."""

    row: AnyRow
    office: Office

    @property
    def seal(self) -> str:
        return self.row.seal or _BY_HAND

    @property
    def consignment(self) -> ConsignmentId | None:
        return ConsignmentId(self.row.consignment) if self.row.consignment else None


def _find(connection: Connection, parcel: str) -> _Parcel:
    row = row_of(connection, db.parcels, parcel)
    return _Parcel(row=row, office=office_or_refuse(connection, row.office))


# --- labels ----------------------------------------------------------------------------------


def parcel_labels(
    plant: Plant,
    actor: Actor,  # noqa: ARG001 - all papers are asked for in one form
    parcels: Sequence[str],
    *,
    lang: Lang = "id",
) -> Document:
    """Labels, one a page, in the order asked for. They show no person. Raises `NotFound`."""
    if not parcels:
        raise NotFound("no parcel was named")
    with plant.home.store.read() as connection:
        labels = [_label(connection, plant, _find(connection, parcel)) for parcel in parcels]
    first = labels[0]
    stamp = stamp_of(plant, paper_number(plant, "LABEL", first.parcel, first.packed_at))
    name = papers.file_name(first, stamp)
    if len(labels) > 1:
        name = f"labels-{first.parcel}-and-{len(labels) - 1}-more.pdf"
    return Document(name=name, content=papers.render_parcel_labels(labels, stamp, lang=lang))


def _label(connection: Connection, plant: Plant, parcel: _Parcel) -> ParcelLabel:
    siblings = _siblings(connection, parcel.row)
    return ParcelLabel(
        parcel=ParcelId(parcel.row.parcel),
        office=area_of(parcel.office),
        regency=parcel.office.regency,
        seal=parcel.seal,
        cards=parcel.row.cards,
        batches=batches_of(connection, parcel.row.parcel),
        route=_route(connection, plant, parcel),
        packed_at=moment(parcel.row.packed_at),
        consignment=parcel.consignment,
        ordinal=siblings.index(parcel.row.parcel) + 1,
        parcels=len(siblings),
    )


def _siblings(connection: Connection, row: AnyRow) -> list[str]:
    """The parcels that travel with this one to the same office; before that, those that wait."""
    return list(
        connection.scalars(
            select(db.parcels.c.parcel)
            .where(
                db.parcels.c.office == row.office,
                db.parcels.c.consignment.is_not_distinct_from(row.consignment),
            )
            .order_by(db.parcels.c.packed_at, db.parcels.c.parcel)
        )
    )


def _route(connection: Connection, plant: Plant, parcel: _Parcel) -> tuple[str, ...]:
    """By way of the registry, unless its consignment goes to the kecamatan at once."""
    centre = plant.home.settings.home.site_name
    office = f"Kecamatan {parcel.office.name}"
    if parcel.consignment is not None:
        journey = row_of(connection, db.consignments, parcel.consignment)
        if journey.final and journey.origin == CENTRE:
            return (centre, office)
    return (centre, registry_name(parcel.office), office)


# --- manifests -------------------------------------------------------------------------------


def parcel_manifest(plant: Plant, actor: Actor, parcel: str, *, lang: Lang = "id") -> Document:
    """The cards that lie in a parcel, in their order, with names and masked NIKs.

    Raises `NotFound`, also where the data of a person in it were purged since.
    """
    with plant.home.store.transaction(actor) as tx:
        found = _find(tx.connection, parcel)
        rows = _cards(tx.connection, parcel)
        people = citizens(plant, tx, [row.job for row in rows], Purpose.PACK)
        batches = batches_of(tx.connection, parcel)
        packer = _packer(tx.connection, parcel, lang)
    view = ParcelManifest(
        parcel=ParcelId(parcel),
        office=area_of(found.office),
        regency=found.office.regency,
        seal=found.seal,
        batches=batches,
        packed_at=moment(found.row.packed_at),
        cards=tuple(
            ManifestCard(
                job=JobId(row.job),
                card=CardSerial(row.card),
                nik=people[row.job].nik,
                name=people[row.job].name,
                village=people[row.job].village,
                rw=row.rw,
                rt=row.rt,
            )
            for row in rows
        ),
        consignment=found.consignment,
        packer=packer,
    )
    stamp = stamp_of(plant, paper_number(plant, "MANIFES", parcel, view.packed_at))
    return Document(
        name=papers.file_name(view, stamp),
        content=papers.render_parcel_manifest(view, stamp, lang=lang),
    )


def _cards(connection: Connection, parcel: str) -> Sequence[AnyRow]:
    return connection.execute(
        select(db.cards.c.card, db.cards.c.job, db.jobs.c.rw, db.jobs.c.rt)
        .join(db.jobs, db.jobs.c.job == db.cards.c.job)
        .where(db.cards.c.parcel == parcel)
        .order_by(db.cards.c.position)
    ).all()


def _packer(connection: Connection, parcel: str, lang: Lang) -> Person:
    entry = journalled(connection, "parcel.packed", parcel)
    return Person() if entry is None else signer(entry.principal, Role(entry.role), lang)
