"""`ektp stock`: the ledger of blanks, by box and serial."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import ExitCode, Facts, Table, answer
from console.cli.drawing import Draws, draw
from console.cli.parts import OutFolder, ask, noun
from console.cli.session import Session, session_of
from ektp.cards import BlankKind
from ektp.errors import EktpError, NotFound, SimulationRefused

if TYPE_CHECKING:
    from ektp.ids import CardSerial
    from ektp.journal import Actor
    from pipeline.documents import Document
    from pipeline.home import Home
    from pipeline.plant import Plant
    from pipeline.stock import StockLine

app = noun("The ledger of blanks: receive, issue, return, count, close, report.")

ListOption = Annotated[
    Path | None,
    typer.Option(
        "--list", exists=True, dir_okay=False, metavar="FILE.csv", help="A column `serial`."
    ),
]
LineOption = Annotated[str, typer.Option("--line", help="The line's id.")]


@app.command()
def receive(
    context: typer.Context,
    box: Annotated[str, typer.Argument(metavar="BOX", help="The box's number.")],
    *,
    kind: Annotated[BlankKind, typer.Option(help="The kind of blank.")] = BlankKind.WNI_8K,
    listed: ListOption = None,
    make: Annotated[
        int | None,
        typer.Option(min=1, max=2000, help="Simulated homes: so many new blanks arrive."),
    ] = None,
) -> None:
    """Book a box of blanks with the supplier's list of chip serials."""
    from pipeline.duties import Duty
    from pipeline.stock import read_manifest, receive_box

    session = session_of(context)
    if (listed is None) is (make is None):
        raise typer.BadParameter("one of --list and --make")
    with session.home() as home:
        if make is not None and home.kind == "production":
            raise SimulationRefused("no blank comes into being here; --list FILE.csv")
        actor = session.actor(home, Duty.KEEP_STOCK)
        serials = _new(make) if listed is None else read_manifest(listed)
        receive_box(home.store, actor, box, kind, serials)
        simulated = home.kind == "simulated"
    if simulated:
        with session.plant() as plant:
            plant.world.make_box(kind, serials)
    document = {"box": box, "kind": kind.value, "received": len(serials)}
    answer(session, document, Facts(facts=document))


def _new(count: int | None) -> Sequence[CardSerial]:
    from pipeline.founding import new_serials
    from pipeline.home import SystemEntropy

    return new_serials(SystemEntropy(), count or 0)


@app.command()
def issue(
    context: typer.Context,
    *,
    line: LineOption,
    box: Annotated[str, typer.Option(help="The box to take them from.")],
    count: Annotated[int | None, typer.Option(min=1, help="How many; else all of them.")] = None,
) -> None:
    """Ask to issue blanks to a line. A second person approves; then they are loaded."""
    from pipeline.people import Act
    from pipeline.queries import box_kind
    from pipeline.stock import blanks_to_issue

    session = session_of(context)
    with session.home() as home:
        _must_have(home, line)
        with home.store.read() as connection:
            kind = box_kind(connection, box)
            cards = blanks_to_issue(connection, box=box, count=count)
        arguments = {"line": line, "cards": [str(card) for card in cards], "kind": kind.value}
        ask(session, home, Act.ISSUE_BLANKS, arguments)


def _must_have(home: Home, line: str) -> None:
    if line not in [each.id for each in home.settings.lines]:
        raise NotFound("no such line; see: ektp lines list", line=line)


@app.command("return")
def return_(context: typer.Context, *, line: LineOption, listed: ListOption = None) -> None:
    """Count a line out: book its unused blanks back into the vault, each by its serial.

    In a simulated home without --list, the machine's hoppers are emptied and what was in them is
    returned. Exit code 4 where blanks booked to the line are neither there nor in a bag.
    """
    from pipeline.duties import Duty
    from pipeline.stock import read_manifest, return_blanks

    session = session_of(context)
    returned: Sequence[CardSerial] = () if listed is None else read_manifest(listed)
    with session.home() as home:
        _must_have(home, line)
        actor = session.actor(home, Duty.KEEP_STOCK)
        simulated = home.kind == "simulated"
        if not simulated and listed is None:
            raise typer.BadParameter("--list FILE.csv: the serials that came back")
        bags = {} if simulated else return_blanks(home.store, actor, line, returned)
    if simulated:
        with session.plant() as plant:
            returned, bags = _return_simulated(plant, actor, line, returned)
    document = {
        "line": line,
        "returned": len(returned),
        "bags": [{"bag": bag, "card": card} for bag, card in bags.items()],
    }
    answer(session, document, Facts(facts=document))


def _return_simulated(
    plant: Plant, actor: Actor, line: str, listed: Sequence[CardSerial]
) -> tuple[Sequence[CardSerial], dict[int, CardSerial]]:
    """Take the blanks out of the hoppers; where the books refuse them, they go in again."""
    from pipeline.stock import return_blanks

    taken = plant.world.take_blanks(plant.line_settings(line))
    serials = listed or [card for cards in taken.values() for card in cards]
    try:
        return serials, return_blanks(plant.home.store, actor, line, serials)
    except EktpError:
        for kind, cards in taken.items():
            plant.world.load_blanks(plant.line_settings(line), kind, cards)
        raise


@app.command()
def close(
    context: typer.Context, box: Annotated[str, typer.Argument(metavar="BOX", help="Its number.")]
) -> None:
    """Close a box that is counted out. Exit code 4 while a blank of it is not accounted for.

    Blanks in the vault, at a line or in a machine keep it open, and so does a blank that nobody
    could read, until its bag is named: ektp stock return.
    """
    from pipeline.duties import Duty
    from pipeline.stock import close_box

    session = session_of(context)
    with session.home() as home:
        actor = session.actor(home, Duty.KEEP_STOCK)
        states = close_box(home.store, actor, box)
    document = {"box": box, "cards": sum(states.values()), "states": states}
    answer(session, document, Facts(facts={"box": box, **states}))


@app.command()
def count(
    context: typer.Context,
    place: Annotated[str, typer.Argument(metavar="PLACE", help="vault, or a line's id.")],
    counted: Annotated[int, typer.Argument(min=0, help="What was counted, blind.")],
) -> None:
    """Enter a blind count of a place. Exit code 4 where it differs from the books."""
    from pipeline.duties import Duty
    from pipeline.stock import count_place

    session = session_of(context)
    with session.home() as home:
        if place != "vault":
            _must_have(home, place)
        actor = session.actor(home, Duty.COUNT_STOCK)
        difference = count_place(home.store, actor, place, counted)
    document = {
        "place": place,
        "counted": counted,
        "booked": counted + difference,
        "difference": difference,
    }
    code = ExitCode.COUNTS if difference else ExitCode.DONE
    answer(session, document, Facts(facts=document), code=code)


@app.command()
def report(context: typer.Context, *, out: OutFolder = None) -> None:
    """The stock identity of each kind of blank: what came in, and where all of it is now."""
    from pipeline.stock import stock_counts

    session = session_of(context)
    with session.home() as home, home.store.read() as connection:
        lines = stock_counts(connection)
    stock = [_identity(line) for line in lines]
    difference = sum(abs(line.count.difference) for line in lines)
    document: dict[str, Any] = {
        "stock": stock,
        "difference": difference,
        "balanced": difference == 0,
        "files": draw(session, out, _bulletin(session)),
    }
    terms = list(stock[0]) if stock else []
    rows = [[term, *(each[term] for each in stock)] for term in terms if term != "kind"]
    table = Table(columns=["term", *(each["kind"] for each in stock)], rows=rows)
    answer(session, document, table, code=ExitCode.COUNTS if difference else ExitCode.DONE)


def _bulletin(session: Session) -> Draws:
    def draws(plant: Plant, actor: Actor) -> list[Document]:
        from pipeline.documents import stock_bulletin

        return [stock_bulletin(plant, actor, lang=session.lang)]

    return draws


def _identity(line: StockLine) -> dict[str, Any]:
    return {"kind": line.kind, **asdict(line.count), "difference": line.count.difference}
