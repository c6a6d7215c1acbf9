"""`ektp journal`: the state tables are a fold of the journal."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from typing import Annotated, Any

import typer

from console.cli.answers import Answer, ExitCode, Facts, Table, answer
from console.cli.parts import noun, plain
from console.cli.session import session_of
from ektp.errors import LineBusy

app = noun("Make the state tables anew from the journal, or compare.")


@app.callback()
def journal() -> None:
    """Make the state tables anew from the journal, or compare."""


@app.command()
def rebuild(
    context: typer.Context,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only compare; exit code 4 where a row differs.")
    ] = False,
) -> None:
    """Fold the journal again and put its result in place of the state tables.

    Refused while a process holds a line.
    """
    from pipeline.store.leases import lease_is_held
    from pipeline.store.rebuild import compare
    from pipeline.store.rebuild import rebuild as fold_again

    session = session_of(context)
    with session.home() as home:
        entries, _ = home.store.verify()
        differences = compare(home.store)
        if not check:
            with home.store.read() as connection:
                for line in home.settings.lines:
                    if lease_is_held(connection, line.id, home.clock.now()):
                        raise LineBusy(line=line.id)
            fold_again(home.store)
    document: dict[str, Any] = {
        "entries": entries,
        "checked": check,
        "differences": plain(differences),
        "ok": not differences,
    }
    shown: list[Answer] = [
        Facts(facts={"entries": entries, "ok": not differences, "differences": len(differences)}),
        Table(
            columns=("table", "key", "found"),
            rows=[(each.table, each.key, each.found) for each in differences],
        ),
    ]
    code = ExitCode.COUNTS if check and differences else ExitCode.DONE
    answer(session, document, *shown[: 1 + bool(differences)], code=code)
