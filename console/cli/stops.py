"""`ektp stops`: people who must not get a card."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

import typer

from console.cli.answers import Facts, Table, answer
from console.cli.parts import InFile, noun
from console.cli.session import Session, session_of

app = noun("The stop list: people who must not get a card.")


@app.command()
def add(context: typer.Context, file: InFile) -> None:
    """Put the people of a CSV on the list: nik,reason with a header line; all or none.

    Reasons: DECEASED, MOVED_ABROAD, LEGAL_HOLD, OTHER. Only a keyed index of each NIK is kept.
    """
    from pipeline.duties import Duty
    from pipeline.trusting import add_stops

    session = session_of(context)
    with session.plant() as plant:
        actor = session.actor(plant.home, Duty.MANAGE_STOPS)
        added = add_stops(plant.home.store, actor, file, plant.keys)
    _answer_stops(session, {"added": added})


@app.command()
def remove(context: typer.Context, file: InFile) -> None:
    """Take the people of a CSV (nik,reason) off the list."""
    from pipeline.duties import Duty
    from pipeline.trusting import remove_stops

    session = session_of(context)
    with session.plant() as plant:
        actor = session.actor(plant.home, Duty.MANAGE_STOPS)
        removed = remove_stops(plant.home.store, actor, file, plant.keys)
    _answer_stops(session, {"removed": removed})


@app.command("list")
def list_(context: typer.Context) -> None:
    """How many people are on the list, by reason. Who they are, the home cannot tell."""
    _answer_stops(session_of(context), {})


def _answer_stops(session: Session, extra: dict[str, int]) -> None:
    from pipeline.queries import stops

    with session.home() as home, home.store.read() as connection:
        by_reason = stops(connection)
    document = {"stops": sum(by_reason.values()), "by_reason": by_reason} | extra
    shown = [Facts(facts=extra)] if extra else []
    rows = list(by_reason.items())
    answer(session, document, *shown, Table(columns=("reason", "people"), rows=rows))
