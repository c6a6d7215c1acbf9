"""`ektp seals`: numbered seals for parcels."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.answers import Facts, Table, answer
from console.cli.parts import noun, plain
from console.cli.session import session_of

app = noun("Numbered seals for parcels.")


@app.command()
def receive(
    context: typer.Context,
    first: Annotated[str, typer.Argument(help="The first seal, such as SGL000001.")],
    last: Annotated[str, typer.Argument(help="The last seal of the range.")],
) -> None:
    """Book a range of numbered seals."""
    from pipeline.duties import Duty
    from pipeline.stock import receive_seals

    session = session_of(context)
    with session.home() as home:
        received = receive_seals(home.store, session.actor(home, Duty.KEEP_STOCK), first, last)
    document = {"first": first, "last": last, "received": received}
    answer(session, document, Facts(facts=document))


@app.command()
def void(
    context: typer.Context,
    seal: Annotated[str, typer.Argument(help="The seal.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, for the journal.")],
) -> None:
    """Book a seal as broken or lost unused."""
    from pipeline.duties import Duty
    from pipeline.stock import void_seal

    session = session_of(context)
    with session.home() as home:
        void_seal(home.store, session.actor(home, Duty.KEEP_STOCK), seal, reason)
    document = {"seal": seal, "state": "VOID"}
    answer(session, document, Facts(facts=document))


@app.command("list")
def list_(
    context: typer.Context,
    *,
    state: Annotated[str | None, typer.Option(help="FREE, USED or VOID.")] = None,
    most: Annotated[int, typer.Option("--max", min=1, help="At most so many.")] = 50,
) -> None:
    """How many seals are free, used and void; and the seals by number."""
    from pipeline.queries import seal_counts, seals

    session = session_of(context)
    with session.home() as home, home.store.read() as connection:
        counts = seal_counts(connection)
        listed = seals(connection, None if state is None else state.upper(), most)
    document = {"counts": counts, "seals": plain(listed)}
    rows = [(each.seal, each.state, each.parcel) for each in listed]
    answer(
        session,
        document,
        Facts(facts=counts),
        Table(columns=("seal", "state", "parcel"), rows=rows),
    )
