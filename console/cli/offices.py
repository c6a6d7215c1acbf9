"""`ektp offices`: delivery offices that the installation adds to the Kemendagri list."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.answers import Table, answer
from console.cli.parts import InFile, noun, plain
from console.cli.session import Session, session_of

app = noun("Delivery offices that the installation adds.")

_COLUMNS = ("office", "name", "regency", "province")


@app.command()
def add(context: typer.Context, file: InFile) -> None:
    """Add the offices of a CSV: code,name,regency,province with a header line; all or none."""
    from pipeline.duties import Duty
    from pipeline.trusting import add_offices

    session = session_of(context)
    with session.home() as home:
        added = add_offices(home.store, session.actor(home, Duty.MANAGE_OFFICES), file)
    _answer_offices(session, {"added": added})


@app.command("list")
def list_(
    context: typer.Context,
    *,
    code: Annotated[
        str | None, typer.Option(metavar="PP.RR.DD", help="Look one up, listed or added.")
    ] = None,
) -> None:
    """The offices that the installation added; or one office, wherever it is from."""
    from dataclasses import asdict

    from pipeline.intake.offices import office_or_refuse

    session = session_of(context)
    if code is None:
        _answer_offices(session, {})
        return
    with session.home() as home, home.store.read() as connection:
        found = asdict(office_or_refuse(connection, code))
    office = {"office": found.pop("code"), **found}
    row = tuple(office[column] for column in _COLUMNS)
    answer(session, {"offices": [office]}, Table(columns=_COLUMNS, rows=[row]))


def _answer_offices(session: Session, extra: dict[str, int]) -> None:
    from pipeline.queries import added_offices

    with session.home() as home, home.store.read() as connection:
        offices = plain(added_offices(connection))
    rows = [tuple(each[column] for column in _COLUMNS) for each in offices]
    answer(session, {"offices": offices} | extra, Table(columns=_COLUMNS, rows=rows))
