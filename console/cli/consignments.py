"""`ektp consignments`: parcels on their way to the registry and on to the kecamatan."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import ExitCode, Facts, Table, answer
from console.cli.drawing import Draws, draw
from console.cli.parts import OutFolder, noun, plain
from console.cli.session import Session, session_of
from ektp.ids import CardSerial, ConsignmentId, ParcelId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ektp.journal import Actor
    from pipeline.documents import Document
    from pipeline.plant import Plant
    from pipeline.queries import ConsignmentLine

app = noun("Consignments to registry and kecamatan.")

ConsignmentArgument = Annotated[str, typer.Argument(metavar="CONSIGNMENT", help="S-…")]
_COLUMNS = ("consignment", "origin", "destination", "state", "parcels", "cards", "courier")


@app.command()
def create(
    context: typer.Context,
    *,
    direct: Annotated[
        bool, typer.Option("--direct", help="To each kecamatan at once, not by the registry.")
    ] = False,
) -> None:
    """Put sealed parcels on their next journey: to the registry, or from it to each kecamatan."""
    from pipeline.duties import Duty
    from pipeline.home import SystemEntropy
    from pipeline.logistics import create_consignments
    from pipeline.queries import consignment_of

    session = session_of(context)
    with session.home() as home:
        made = create_consignments(
            home.store, SystemEntropy(), session.actor(home, Duty.SHIP), direct=direct
        )
        with home.store.read() as connection:
            listed = [consignment_of(connection, name) for name in made]
    _answer_consignments(session, listed)


def _answer_consignments(session: Session, listed: Sequence[ConsignmentLine]) -> None:
    rows = [tuple(each[name] for name in _COLUMNS) for each in plain(listed)]
    answer(session, {"consignments": plain(listed)}, Table(columns=_COLUMNS, rows=rows))


@app.command()
def dispatch(
    context: typer.Context,
    consignment: ConsignmentArgument,
    *,
    courier: Annotated[str, typer.Option(help="Who carries it: a firm or a vehicle.")],
) -> None:
    """Hand a consignment to its courier."""
    from pipeline.duties import Duty
    from pipeline.logistics import dispatch as hand_to_courier
    from pipeline.queries import consignment_of

    session = session_of(context)
    name = ConsignmentId.parse(consignment)
    with session.home() as home:
        hand_to_courier(home.store, session.actor(home, Duty.SHIP), name, courier)
        with home.store.read() as connection:
            line = consignment_of(connection, name)
    _answer_consignments(session, [line])


@app.command()
def receive(
    context: typer.Context,
    consignment: ConsignmentArgument,
    *,
    parcel: Annotated[
        list[str] | None, typer.Option(metavar="P-…", help="A parcel that is here.")
    ] = None,
    card: Annotated[
        list[str] | None, typer.Option(metavar="SERIAL", help="A card that was tapped.")
    ] = None,
    cards: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, metavar="FILE.csv", help="Tapped cards, column `serial`."
        ),
    ] = None,
) -> None:
    """Book a consignment's receipt, by parcel or by tapped cards; all of it where neither is named.

    What is missing or does not belong is named and gets a case; then the exit code is 4.
    """
    from pipeline.duties import Duty
    from pipeline.logistics import receive as book_receipt
    from pipeline.queries import consignment_of
    from pipeline.stock import read_manifest

    session = session_of(context)
    name = ConsignmentId.parse(consignment)
    if parcel and (card or cards):
        raise typer.BadParameter("by parcel, or by card")
    parcels = None if parcel is None else [ParcelId.parse(each) for each in parcel]
    tapped = None if card is None else [CardSerial.parse(each) for each in card]
    if cards is not None:
        tapped = [*(tapped or []), *read_manifest(cards)]
    with session.home() as home:
        receipt = book_receipt(
            home.store, session.actor(home, Duty.SHIP), name, parcels=parcels, cards=tapped
        )
        with home.store.read() as connection:
            state = consignment_of(connection, name).state
    document: dict[str, Any] = {
        "consignment": name,
        "state": state,
        "cards": receipt.cards,
        "missing": list(receipt.missing),
        "extra": list(receipt.extra),
        "cases": list(receipt.cases),
    }
    whole = not (receipt.missing or receipt.extra)
    code = ExitCode.DONE if whole else ExitCode.COUNTS
    answer(session, document, Facts(facts=document), code=code)


@app.command()
def report(
    context: typer.Context,
    consignment: Annotated[str | None, typer.Argument(metavar="[CONSIGNMENT]")] = None,
    *,
    state: Annotated[
        str | None, typer.Option(help="CREATED, DISPATCHED, RECEIVED or RECEIVED_SHORT.")
    ] = None,
    out: OutFolder = None,
) -> None:
    """All consignments; or one with its parcels, and with --out its berita acara serah terima."""
    from pipeline.queries import consignment_of, consignments, parcels

    session = session_of(context)
    if consignment is None:
        with session.home() as home, home.store.read() as connection:
            listed = consignments(connection, None if state is None else state.upper())
        _answer_consignments(session, listed)
        return
    name = ConsignmentId.parse(consignment)
    with session.home() as home, home.store.read() as connection:
        line = consignment_of(connection, name)
        inside = parcels(connection, consignment=name)
    files = draw(session, out, _bast(session, name))
    document = {"consignments": [asdict(line)], "parcels": plain(inside), "files": files}
    columns = ("parcel", "office", "state", "cards", "seal")
    rows = [tuple(each[column] for column in columns) for each in plain(inside)]
    answer(
        session,
        document,
        Facts(facts={**asdict(line), "files": files}),
        Table(columns=columns, rows=rows),
    )


def _bast(session: Session, name: ConsignmentId) -> Draws:
    def draws(plant: Plant, actor: Actor) -> list[Document]:
        from pipeline.documents import consignment_bast

        return [consignment_bast(plant, actor, name, lang=session.lang)]

    return draws
