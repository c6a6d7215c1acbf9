"""`ektp reconcile`: every identity, and the names of what is missing."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import Answer, ExitCode, Facts, Table, answer
from console.cli.drawing import Draws, draw
from console.cli.parts import OutFolder, noun
from console.cli.session import Session, session_of
from ektp.ids import BatchId

if TYPE_CHECKING:
    from ektp.journal import Actor
    from pipeline.documents import Document
    from pipeline.plant import Plant
    from pipeline.reconciliation import Reconciliation

app = noun("Check every identity and name what is missing.")


@app.command()
def reconcile(
    context: typer.Context,
    *,
    batch: Annotated[str | None, typer.Option(help="Only this batch's identity.")] = None,
    out: OutFolder = None,
) -> None:
    """Check the identities of batches, machines and stock; name every card that contradicts them.

    Exit code 4 where anything is unexplained. With --out the reconciliation sheet is drawn.
    """
    from pipeline.queries import must_be_batch
    from pipeline.reconciliation import reconcile as check

    session = session_of(context)
    name = None if batch is None else BatchId.parse(batch)
    with session.plant() as plant:
        machines = plant.machine_evidence()
        with plant.home.store.read() as connection:
            if name is not None:
                must_be_batch(connection, name)
            sheet = check(connection, machines, name)
    document = _document(sheet) | {"files": draw(session, out, _sheets(session, sheet))}
    code = ExitCode.DONE if sheet.balanced else ExitCode.COUNTS
    answer(session, document, *_shown(document), code=code)


def _sheets(session: Session, sheet: Reconciliation) -> Draws:
    def draws(plant: Plant, actor: Actor) -> list[Document]:
        from pipeline.documents import reconciliation_sheet

        return [
            reconciliation_sheet(plant, actor, batch, lang=session.lang) for batch in sheet.batches
        ]

    return draws


def _document(sheet: Reconciliation) -> dict[str, Any]:
    return {
        "balanced": sheet.balanced,
        "difference": sheet.difference,
        "missing": list(sheet.missing),
        "batches": [
            {"batch": name, **asdict(count), "difference": count.difference}
            for name, count in sheet.batches.items()
        ],
        "machines": [
            {
                "line": line,
                **asdict(count),
                "difference": count.difference,
                "unjournalled": count.unjournalled,
            }
            for line, count in sheet.machines.items()
        ],
        "stock": [
            {"kind": kind, **asdict(count), "difference": count.difference}
            for kind, count in sheet.stock.items()
        ],
    }


def _shown(document: dict[str, Any]) -> list[Answer]:
    names = ("balanced", "difference", "missing", "files")
    shown: list[Answer] = [Facts(facts={name: document[name] for name in names})]
    shown += [_table(part, document[part]) for part in ("batches", "machines") if document[part]]
    if document["stock"]:
        terms = [term for term in document["stock"][0] if term != "kind"]
        rows = [[term, *(each[term] for each in document["stock"])] for term in terms]
        columns = ["term", *(each["kind"] for each in document["stock"])]
        shown.append(Table(title="stock", columns=columns, rows=rows))
    return shown


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    columns = list(rows[0])
    return Table(title=title, columns=columns, rows=[list(row.values()) for row in rows])
