"""To the citizens whose cards wait: posted names, messages to phones, and who has not come."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select

from ektp.errors import NotFound
from ektp.ids import CardSerial, JobId
from ektp.journal import Actor, Role
from ektp.lifecycle import JobState
from pipeline import papers
from pipeline.documents.document import Document, paper_number, signs_as, stamp_of
from pipeline.documents.sources import AnyRow, area_of, citizens, moment
from pipeline.intake.offices import Office, office_or_refuse
from pipeline.papers import (
    Lang,
    NoticeEntry,
    NoticeList,
    NoticeSplit,
    Person,
    UnclaimedCard,
    UnclaimedList,
)
from pipeline.papers.words import short_date
from pipeline.plant import Plant
from pipeline.store import schema as db
from pipeline.store.vault import Purpose

__all__ = ["message_list", "notices", "unclaimed_list"]

_COUNTER = frozenset({Role.LOGISTICS, Role.OPERATOR})
_HEAD = frozenset({Role.SUPERVISOR})
_COLUMNS = ("job", "phone", "text")


def _waiting(office: str) -> Select[tuple[AnyRow, ...]]:
    """The jobs whose cards wait at an office, by village, RW, RT and name."""
    query: Select[tuple[AnyRow, ...]] = (
        select(
            db.jobs.c.job,
            db.jobs.c.card,
            db.jobs.c.rw,
            db.jobs.c.rt,
            db.consignments.c.received_at,
        )
        # Nobody is left out because a parcel or its journey is not in order.
        .outerjoin(db.cards, db.cards.c.card == db.jobs.c.card)
        .outerjoin(db.parcels, db.parcels.c.parcel == db.cards.c.parcel)
        .outerjoin(db.consignments, db.consignments.c.consignment == db.parcels.c.consignment)
        .where(db.jobs.c.office == office, db.jobs.c.state == JobState.DELIVERED.value)
        .order_by(db.jobs.c.village, db.jobs.c.rw, db.jobs.c.rt, db.jobs.c.sort_key, db.jobs.c.job)
    )
    return query


def _jobs(rows: Sequence[AnyRow]) -> list[str]:
    return [row.job for row in rows]


# --- posted ----------------------------------------------------------------------------------


def notices(
    plant: Plant,
    actor: Actor,
    office: str,
    *,
    split: NoticeSplit = NoticeSplit.RW,
    collect_from: date | None = None,
    hours: str = "",
    lang: Lang = "id",
) -> Document:
    """Names to be posted, of the people without a phone, one sheet for each village, RW or RT.

    `collect_from` is today unless told. Raises `NotFound`, also where nobody is to be told this
    way (`queries.ready_for_notice` counts people).
    """
    with plant.home.store.transaction(actor) as tx:
        place = office_or_refuse(tx.connection, office)
        rows = tx.connection.execute(_waiting(office).where(db.jobs.c.has_phone.is_(False))).all()
        if not rows:
            raise NotFound("nobody without a phone waits for a card at this office", office=office)
        people = citizens(plant, tx, _jobs(rows), Purpose.NOTIFY)
    day = collect_from or plant.home.today()
    view = NoticeList(
        office=area_of(place),
        entries=tuple(
            NoticeEntry(
                name=people[row.job].name,
                village=people[row.job].village,
                rw=row.rw,
                rt=row.rt,
            )
            for row in rows
        ),
        collect_from=day,
        collect_at=_counter(place),
        hours=hours,
        signer=Person(organization=f"Kecamatan {place.name}"),
    )
    number = paper_number(plant, "UMUM", f"{office}/{day.isoformat()}", plant.home.clock.now())
    stamp = stamp_of(plant, number)
    return Document(
        name=papers.file_name(view, stamp),
        content=papers.render_notice_list(view, stamp, lang=lang, split=split),
    )


def _counter(office: Office) -> str:
    return f"Kantor Kecamatan {office.name}"


# --- to phones -------------------------------------------------------------------------------


def message_list(
    plant: Plant, actor: Actor, office: str, *, collect_from: date | None = None
) -> Document:
    """What is to be sent to the people with a phone: CSV (UTF-8) with job, phone (E.164) and text.

    The text is Indonesian, fits into one short message and names nobody: phones are shared. Without
    people it is a list of no lines. Raises `NotFound`.
    """
    with plant.home.store.transaction(actor) as tx:
        place = office_or_refuse(tx.connection, office)
        rows = tx.connection.execute(_waiting(office).where(db.jobs.c.has_phone.is_(True))).all()
        people = citizens(plant, tx, _jobs(rows), Purpose.NOTIFY)
    day = collect_from or plant.home.today()
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        phone = people[row.job].phone
        if phone is not None:
            writer.writerow((row.job, phone.reveal(), _message(row.job, place, day)))
    return Document(name=f"notices-{office}.csv", content=out.getvalue().encode())


def _message(job: str, office: Office, day: date) -> str:
    return (
        f"KTP-el Anda sudah jadi. Ambil sendiri di Kec. {office.name} mulai {short_date(day)}, "
        f"bawa KTP lama/suket dan KK. Gratis. No. {job}"
    )


# --- not collected ---------------------------------------------------------------------------


def unclaimed_list(plant: Plant, actor: Actor, office: str, *, lang: Lang = "id") -> Document:
    """The cards that wait at an office, with their people, for the counter. Raises `NotFound`."""
    with plant.home.store.transaction(actor) as tx:
        place = office_or_refuse(tx.connection, office)
        rows = tx.connection.execute(_waiting(office)).all()
        people = citizens(plant, tx, _jobs(rows), Purpose.NOTIFY)
    zone, today = plant.home.zone, plant.home.today()
    view = UnclaimedList(
        office=area_of(place),
        as_of=today,
        cards=tuple(
            UnclaimedCard(
                job=JobId(row.job),
                card=CardSerial(row.card),
                nik=people[row.job].nik,
                name=people[row.job].name,
                village=people[row.job].village,
                rw=row.rw,
                rt=row.rt,
                received_on=_day(row.received_at, zone) or today,
            )
            for row in rows
        ),
        keeper=signs_as(actor, _COUNTER, lang),
        head=signs_as(actor, _HEAD, lang),
    )
    subject = f"{office}/{today.isoformat()}"
    stamp = stamp_of(plant, paper_number(plant, "SISA", subject, plant.home.clock.now()))
    return Document(
        name=papers.file_name(view, stamp),
        content=papers.render_unclaimed_list(view, stamp, lang=lang),
    )


def _day(stored: str | None, zone: ZoneInfo) -> date | None:
    return None if stored is None else moment(stored).astimezone(zone).date()
