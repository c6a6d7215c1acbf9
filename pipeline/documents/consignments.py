"""*Berita acara serah terima* of consignments, for either leg of their journey."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, select

from ektp.errors import NotFound
from ektp.ids import ConsignmentId, ParcelId
from ektp.journal import Actor
from ektp.regions import Area, RegionCode
from pipeline import papers
from pipeline.documents.document import Document, paper_number, signs, stamp_of
from pipeline.documents.sources import (
    AnyRow,
    area_of,
    in_chunks,
    journalled,
    moment,
    registry_name,
    row_of,
)
from pipeline.intake.offices import Office, office_or_refuse
from pipeline.logistics import CENTRE
from pipeline.papers import ConsignedParcel, ConsignmentHandover, Lang, Person, TransferLeg
from pipeline.plant import Plant
from pipeline.store import schema as db

__all__ = ["consignment_bast"]


def consignment_bast(
    plant: Plant, actor: Actor, consignment: str, *, lang: Lang = "id"
) -> Document:
    """The handover record of a consignment: from the centre, or from the registry onward.

    Who acts is the first party; who receives is written in by hand. Dated by the dispatch, and
    before that by the moment of printing. Raises `NotFound`.
    """
    with plant.home.store.read() as connection:
        row = row_of(connection, db.consignments, consignment)
        parcels = _parcels(connection, consignment)
    handed_at = moment(row.dispatched_at) if row.dispatched_at else plant.home.clock.now()
    office = parcels[0][1]
    centre = plant.home.settings.home.site_name
    place = centre if row.origin == CENTRE else registry_name(office)
    view = ConsignmentHandover(
        consignment=ConsignmentId(consignment),
        leg=TransferLeg.TO_DISTRICT if row.final else TransferLeg.TO_REGENCY,
        destination=_destination(row, office),
        parcels=tuple(
            ConsignedParcel(
                parcel=ParcelId(parcel.parcel),
                seal=parcel.seal,
                office=area_of(its_office),
                cards=parcel.cards,
            )
            for parcel, its_office in parcels
        ),
        handed_at=handed_at,
        place=place,
        giver=signs(actor, lang, organization=place),
        receiver=Person(
            organization=f"Kecamatan {office.name}" if row.final else registry_name(office)
        ),
        courier=row.courier or "",
    )
    stamp = stamp_of(plant, paper_number(plant, "BAST", consignment, moment(row.created_at)))
    return Document(
        name=papers.file_name(view, stamp),
        content=papers.render_consignment_handover(view, stamp, lang=lang),
    )


def _destination(row: AnyRow, office: Office) -> Area:
    """The kecamatan of the last leg, or the registry of a city or regency."""
    if row.final:
        return area_of(office)
    return Area(code=RegionCode(office.regency_code), name=registry_name(office))


def _parcels(connection: Connection, consignment: str) -> Sequence[tuple[AnyRow, Office]]:
    """The parcels as they set out: their rows name the next consignment once they travel on."""
    entry = journalled(connection, "consignment.created", consignment)
    if entry is None:
        raise NotFound(consignment=consignment)
    listed: list[str] = json.loads(entry.data)["parcels"]
    rows = [
        row
        for chunk in in_chunks(listed)
        for row in connection.execute(select(db.parcels).where(db.parcels.c.parcel.in_(chunk)))
    ]
    offices = {code: office_or_refuse(connection, code) for code in {row.office for row in rows}}
    place = {parcel: number for number, parcel in enumerate(listed)}
    return [(row, offices[row.office]) for row in sorted(rows, key=lambda row: place[row.parcel])]
