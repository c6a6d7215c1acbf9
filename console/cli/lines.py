"""`ektp lines`: print lines."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import ExitCode, Table, answer
from console.cli.parts import noun
from console.cli.session import Session, session_of
from ektp.errors import ConfigurationError, EktpError, HsmError, SimulationRefused

if TYPE_CHECKING:
    from pipeline.lines import LineView, Wanted
    from pipeline.plant import Plant

app = noun("Print lines: list, set up, pause, resume.")

LineArgument = Annotated[str, typer.Argument(metavar="LINE", help="The line's id, such as L1.")]


@app.command("list")
def list_(context: typer.Context) -> None:
    """Each line: its state, the card in its hands, the blanks left to it, what its machine says."""
    _answer_lines(session_of(context))


@app.command()
def add(
    context: typer.Context,
    line: LineArgument,
    *,
    driver: Annotated[str, typer.Option(help="The machine's driver.")] = "simulated",
    address: Annotated[
        str, typer.Option(help="Where the machine is; a simulated one of line L3 is M3.")
    ] = "",
    reader: Annotated[str, typer.Option(help="The reader in it.")] = "",
) -> None:
    """Set up a line, in ektp.toml and in the journal."""
    from pydantic import ValidationError

    from pipeline.duties import Duty
    from pipeline.lines import add_line
    from pipeline.settings import LineSettings

    session = session_of(context)
    try:
        settings = LineSettings(
            id=line, driver=driver, address=address or _usual(line), reader=reader
        )
    except ValidationError as wrong:
        raise ConfigurationError(wrong.errors()[0]["msg"], setting="lines.id") from None
    with session.home() as home:
        add_line(home, session.actor(home, Duty.SET_UP_LINE), settings)
    _answer_lines(session)


def _usual(line: str) -> str:
    """The simulated machine of a line: a line that is set up again finds its old machine."""
    return f"M{line[1:]}" if line.startswith("L") else line


@app.command()
def remove(context: typer.Context, line: LineArgument) -> None:
    """Take a line away, once its cards are explained and its blanks are back in the vault."""
    from pipeline.duties import Duty
    from pipeline.lines import remove_line

    session = session_of(context)
    with session.home() as home:
        remove_line(home, session.actor(home, Duty.SET_UP_LINE), line)
    _answer_lines(session)


@app.command()
def pause(context: typer.Context, line: LineArgument) -> None:
    """Tell a line to stop after the card in hand, until `resume`."""
    from pipeline.lines import Wanted

    _order(context, line, Wanted.PAUSE)


@app.command()
def resume(context: typer.Context, line: LineArgument) -> None:
    """Tell a line that it may run; cards before this no longer count towards its own stop."""
    from pipeline.lines import Wanted

    _order(context, line, Wanted.RUN)


@app.command()
def drain(context: typer.Context, line: LineArgument) -> None:
    """Tell a line to finish the card in hand and take no other: it is to be taken out of work."""
    from pipeline.lines import Wanted

    _order(context, line, Wanted.DRAIN)


def _order(context: typer.Context, line: str, wanted: Wanted) -> None:
    from pipeline.duties import Duty
    from pipeline.lines import order_line

    session = session_of(context)
    with session.home() as home:
        order_line(home.store, session.actor(home, Duty.ORDER_LINE), line, wanted)
    _answer_lines(session)


def _answer_lines(session: Session) -> None:
    from pipeline.lines import list_lines

    with session.home() as home, home.store.read() as connection:
        views = list_lines(connection)
    conditions = _conditions(session, views)
    lines = [_document(view, conditions.get(view.line, [])) for view in views]
    columns = ("line", "state", "wanted", "batch", "card", "left", "conditions", "reason")
    rows = [tuple(each["id" if name == "line" else name] for name in columns) for each in lines]
    answer(session, {"lines": lines}, Table(columns=columns, rows=rows), code=ExitCode.DONE)


def _document(view: LineView, conditions: list[str]) -> dict[str, Any]:
    return {
        "id": view.line,
        "state": view.state,
        "card": view.card,
        "left": view.left,
        "conditions": conditions,
        "driver": view.driver,
        "address": view.address,
        "reason": view.reason,
        "wanted": view.wanted,
        "batch": view.batch,
        "attempt": view.attempt,
    }


def _conditions(session: Session, views: list[LineView]) -> dict[str, list[str]]:
    """What each machine says of itself; nothing where the home has no token yet to open it."""
    try:
        with session.plant() as plant:
            return {view.line: _machine_says(plant, view.line) for view in views}
    except (HsmError, SimulationRefused):
        return {}


def _machine_says(plant: Plant, line: str) -> list[str]:
    try:
        with plant.printer(line) as printer:
            return [condition.value for condition in printer.status().conditions]
    except EktpError:
        return ["offline"]
