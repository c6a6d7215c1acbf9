"""`ektp handover`: the card reaches its citizen, or waits."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import Facts, Table, answer
from console.cli.drawing import Draws, draw
from console.cli.parts import OutFolder, noun, plain
from console.cli.session import Session, session_of
from ektp.ids import CardSerial

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ektp.journal import Actor
    from pipeline.documents import Document
    from pipeline.plant import Plant
    from pipeline.queries import NoticeCount

app = noun("Hand-over to the citizen, and who has not come.")

OfficeOption = Annotated[
    str | None, typer.Option("--office", metavar="PP.RR.DD", help="Only this kecamatan's.")
]


@app.command()
def record(
    context: typer.Context,
    card: Annotated[str, typer.Argument(metavar="CARD", help="The chip serial, by tapping it.")],
    *,
    method: Annotated[
        str, typer.Option(help="How the citizen was recognised: fingerprint or override.")
    ] = "fingerprint",
    old_card: Annotated[
        str, typer.Option(help="What became of the old card: collected, lost or none.")
    ] = "none",
) -> None:
    """Book that the citizen got the card; the old one is void in the same moment."""
    from pipeline.duties import Duty
    from pipeline.logistics import record_handover

    session = session_of(context)
    serial = CardSerial.parse(card)
    with session.home() as home:
        job = record_handover(
            home.store,
            session.actor(home, Duty.HAND_OVER),
            serial,
            method=method,
            old_card=old_card,
        )
    document = {"card": serial, "job": job, "state": "HANDED_OVER", "old_card": old_card}
    answer(session, document, Facts(facts=document))


@app.command()
def unclaimed(
    context: typer.Context, *, office: OfficeOption = None, out: OutFolder = None
) -> None:
    """Cards that wait for their citizens, by village and RW; --out draws the counter's lists."""
    from pipeline.logistics import unclaimed as waiting_cards

    session = session_of(context)
    with session.home() as home, home.store.read() as connection:
        waiting = waiting_cards(connection, home.clock.now(), office)
    offices = sorted({each.office for each in waiting})
    document: dict[str, Any] = {
        "cards": sum(each.cards for each in waiting),
        "waiting": plain(waiting),
        "files": draw(session, out, _lists(session, offices)),
    }
    columns = ("office", "village", "rw", "cards", "oldest_days")
    rows = [tuple(each[column] for column in columns) for each in document["waiting"]]
    answer(session, document, Table(columns=columns, rows=rows), *_files(document))


def _files(document: dict[str, Any]) -> list[Facts]:
    return [Facts(facts={"files": document["files"]})] if document["files"] else []


def _lists(session: Session, offices: Sequence[str]) -> Draws:
    def draws(plant: Plant, actor: Actor) -> Iterator[Document]:
        from pipeline.documents import unclaimed_list

        for office in offices:
            yield unclaimed_list(plant, actor, office, lang=session.lang)

    return draws


@app.command()
def notices(context: typer.Context, *, office: OfficeOption = None, out: OutFolder = None) -> None:
    """Who is to be told that their card has come: counts, and with --out the lists themselves.

    People with a phone are listed for messages (CSV), the others on sheets to be posted per RW.
    """
    from pipeline.queries import ready_for_notice

    session = session_of(context)
    with session.home() as home, home.store.read() as connection:
        counts = ready_for_notice(connection, office)
    document: dict[str, Any] = {
        "offices": plain(counts),
        "files": draw(session, out, _notices(session, counts)),
    }
    columns = ("office", "with_phone", "without_phone")
    rows = [tuple(each[column] for column in columns) for each in document["offices"]]
    answer(session, document, Table(columns=columns, rows=rows), *_files(document))


def _notices(session: Session, counts: Sequence[NoticeCount]) -> Draws:
    def draws(plant: Plant, actor: Actor) -> Iterator[Document]:
        from pipeline import documents

        for count in counts:
            if count.without_phone:
                yield documents.notices(plant, actor, count.office, lang=session.lang)
            if count.with_phone:
                yield documents.message_list(plant, actor, count.office)

    return draws
