"""`ektp bench`: the benchmark suite."""
# ruff: noqa: PLC0415 - help must not load what is measured

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from console.cli.answers import Table, answer, note, progress
from console.cli.parts import noun
from console.cli.session import Session, session_of
from console.cli.wording import sentence

if TYPE_CHECKING:
    from benchmarks.results import Result

app = noun("The benchmark suite.")

_COLUMNS: Final = {
    "name": "name",
    "value": "value",
    "unit": "unit",
    "limit": "limit",
    "ratio": "ratio",
    "goal": "goal",
    "met": "ok",
}
"""Columns of the table, and where their cells stand in a figure."""
_DIGITS: Final = 4


@app.command()
def bench(
    context: typer.Context,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rounds, under 45 seconds.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this benchmark; may be given several times."),
    ] = None,
) -> None:
    """Measure the house on this machine, on synthetic people; it needs no home.

    Each figure stands beside the raw limit of the same run, their ratio, and the goal for it. A
    goal that is missed shows `ok: false`; the exit code is 0 all the same.
    """
    from benchmarks.suite import BENCHMARKS, run

    session = session_of(context)
    unknown = [name for name in only or () if name not in BENCHMARKS]
    if unknown:
        raise typer.BadParameter(f"--only: one of {', '.join(BENCHMARKS)}")
    with progress(session, "bench", len(only or BENCHMARKS)) as advance:
        results = run(only or (), quick=quick, on_end=lambda _: advance(1))
    document = {"results": [result.as_document() for result in results]}
    answer(session, document, _table(document["results"]))
    _note_missed(session, results)


def _table(results: list[dict[str, Any]]) -> Table:
    rows = [[_shown(result[key]) for key in _COLUMNS.values()] for result in results]
    return Table(columns=list(_COLUMNS), rows=rows)


def _shown(cell: object) -> object:
    """A figure with four digits that say something; none is cut off before its point."""
    if not isinstance(cell, float):
        return cell
    return f"{cell:.0f}" if abs(cell) >= 10**_DIGITS else f"{cell:.{_DIGITS}g}"


def _note_missed(session: Session, results: list[Result]) -> None:
    missed = [result.name for result in results if not result.ok]
    if missed:
        note(session, sentence(session.lang, "goals_missed", names=", ".join(missed)))
