"""`ektp parcels`: finished cards into sealed parcels, one kecamatan each."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.answers import Facts, Table, answer
from console.cli.drawing import Draws, draw
from console.cli.parts import OutFolder, noun, plain
from console.cli.session import Session, session_of
from ektp.ids import BatchId, ParcelId

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ektp.journal import Actor
    from pipeline.documents import Document
    from pipeline.plant import Plant
    from pipeline.queries import ParcelLine

app = noun("Parcels per kecamatan: pack, seal, label.")

BatchOption = Annotated[str | None, typer.Option("--batch", help="Only this batch's.")]
OfficeOption = Annotated[
    str | None, typer.Option("--office", metavar="PP.RR.DD", help="Only this kecamatan's.")
]
ParcelsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[PARCEL]...", help="P-…; else all that are open.")
]
_COLUMNS = ("parcel", "office", "state", "cards", "seal", "consignment")


@app.command("list")
def list_(
    context: typer.Context,
    *,
    batch: BatchOption = None,
    office: OfficeOption = None,
    state: Annotated[
        str | None,
        typer.Option(help="OPEN, SEALED, DISPATCHED, AT_REGISTRY or DELIVERED."),
    ] = None,
) -> None:
    """Parcels by kecamatan."""
    from pipeline.queries import parcels

    session = session_of(context)
    with session.home() as home, home.store.read() as connection:
        listed = parcels(
            connection,
            batch=None if batch is None else BatchId.parse(batch),
            office=office,
            state=None if state is None else state.upper(),
        )
    _answer_parcels(session, listed)


def _answer_parcels(
    session: Session, listed: Sequence[ParcelLine], files: Sequence[str] = ()
) -> None:
    rows = [tuple(each[name] for name in _COLUMNS) for each in plain(listed)]
    shown = [Facts(facts={"files": files})] if files else []
    document = {"parcels": plain(listed), "files": list(files)}
    answer(session, document, Table(columns=_COLUMNS, rows=rows), *shown)


@app.command()
def pack(
    context: typer.Context,
    *,
    batch: BatchOption = None,
    office: OfficeOption = None,
    most: Annotated[
        int | None, typer.Option("--max", min=1, max=2000, help="Cards in a parcel at most.")
    ] = None,
) -> None:
    """Pack every good card that lies in the house: per kecamatan, by village, RW, RT and name."""
    from pipeline.duties import Duty
    from pipeline.home import SystemEntropy
    from pipeline.packing import pack as pack_cards
    from pipeline.queries import must_be_batch, parcel_of

    session = session_of(context)
    name = None if batch is None else BatchId.parse(batch)
    with session.home() as home:
        if name is not None:
            with home.store.read() as connection:
                must_be_batch(connection, name)
        packed = pack_cards(
            home.store,
            SystemEntropy(),
            session.actor(home, Duty.SHIP),
            batch=name,
            most=most or home.settings.packing.parcel_cards,
            office=office,
        )
        with home.store.read() as connection:
            listed = [parcel_of(connection, each.parcel) for each in packed]
    _answer_parcels(session, listed)


@app.command()
def seal(
    context: typer.Context,
    parcels: ParcelsArgument = None,
    *,
    seal_number: Annotated[
        str | None, typer.Option("--seal", help="Which seal; else the lowest free one.")
    ] = None,
) -> None:
    """Close parcels, each with a numbered seal of the stock."""
    from pipeline.duties import Duty
    from pipeline.packing import seal_parcel
    from pipeline.queries import parcel_of
    from pipeline.queries import parcels as all_parcels

    session = session_of(context)
    with session.home() as home:
        actor = session.actor(home, Duty.SHIP)
        names = [ParcelId.parse(each) for each in parcels or []]
        if not names:
            with home.store.read() as connection:
                names = [ParcelId(each.parcel) for each in all_parcels(connection, state="OPEN")]
        if seal_number is not None and len(names) != 1:
            raise typer.BadParameter("--seal: one parcel")
        for name in names:
            seal_parcel(home.store, actor, name, seal_number)
        with home.store.read() as connection:
            listed = [parcel_of(connection, name) for name in names]
    _answer_parcels(session, listed)


@app.command()
def label(
    context: typer.Context,
    parcels: Annotated[list[str], typer.Argument(metavar="PARCEL...", help="P-…")],
    *,
    out: OutFolder = None,
    manifest: Annotated[
        bool, typer.Option("--manifest", help="Each parcel's manifest as well; it shows people.")
    ] = False,
) -> None:
    """Draw the labels of parcels, one a page; --manifest draws what lies in them too."""
    from pipeline.queries import parcel_of

    session = session_of(context)
    if out is None:
        raise typer.BadParameter("--out DIR: where to write them")
    names = [ParcelId.parse(each) for each in parcels]
    with session.home() as home, home.store.read() as connection:
        listed = [parcel_of(connection, name) for name in names]
    files = draw(session, out, _papers(session, names, manifest=manifest))
    _answer_parcels(session, listed, files)


def _papers(session: Session, names: Sequence[ParcelId], *, manifest: bool) -> Draws:
    def draws(plant: Plant, actor: Actor) -> Iterator[Document]:
        from pipeline.documents import parcel_labels, parcel_manifest

        yield parcel_labels(plant, actor, names, lang=session.lang)
        for name in names if manifest else ():
            yield parcel_manifest(plant, actor, name, lang=session.lang)

    return draws
