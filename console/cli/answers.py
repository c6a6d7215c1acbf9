"""How results leave: one JSON document for programs, tables and lines for people.

Standard output holds the result and nothing else; messages and progress go to standard error.
"""
# ruff: noqa: PLC0415 - what draws is loaded where something is drawn

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Any

import typer

from console.cli.session import Session
from console.cli.wording import label

__all__ = ["Answer", "ExitCode", "Facts", "Table", "answer", "note", "progress"]


@unique
class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    DECISION = 3
    COUNTS = 4
    MACHINE = 5
    KEYS = 6
    REFUSED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Names and values, one a line."""

    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under named columns."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    title: str = ""


Answer = Facts | Table | str


def answer(
    session: Session, document: Mapping[str, Any], *shown: Answer, code: ExitCode = ExitCode.DONE
) -> None:
    """Print a result: the document for programs, or what is shown to people; then exit."""
    if session.as_json:
        print_json(document)
    else:
        for item in shown:
            _show(session, item)
    if code is not ExitCode.DONE:
        raise typer.Exit(int(code))


def print_json(document: Mapping[str, Any]) -> None:
    """The one JSON document on standard output."""
    sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def note(session: Session, sentence: str) -> None:
    """A message beside the result, for people."""
    if not session.as_json or sys.stderr.isatty():
        sys.stderr.write(sentence + "\n")


def _show(session: Session, item: Answer) -> None:
    if isinstance(item, str):
        sys.stdout.write(item + "\n")
    elif isinstance(item, Facts):
        _show_facts(session, item)
    elif sys.stdout.isatty():
        _show_drawn(session, item)
    else:
        _show_plain(session, item)


def _show_facts(session: Session, item: Facts) -> None:
    names = {name: label(session.lang, name) for name in item.facts}
    width = max((len(name) for name in names.values()), default=0)
    for name, value in item.facts.items():
        sys.stdout.write(f"{names[name]:<{width}}  {text(session, value)}\n")


def _show_plain(session: Session, table: Table) -> None:
    """Columns of equal width, for pipes and logs."""
    head = [label(session.lang, column) for column in table.columns]
    lines = [head, *([text(session, value) for value in row] for row in table.rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    if table.title:
        sys.stdout.write(label(session.lang, table.title) + "\n")
    for line in lines:
        cells = (f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def _show_drawn(session: Session, table: Table) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Drawn

    title = label(session.lang, table.title) if table.title else None
    drawn = Drawn(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for place, column in enumerate(table.columns):
        numbers = all(isinstance(row[place], int) for row in table.rows)
        drawn.add_column(
            label(session.lang, column), justify="right" if numbers else "left", overflow="fold"
        )
    for row in table.rows:
        drawn.add_row(*(text(session, value) for value in row))
    Console(markup=False, highlight=False).print(drawn)


def text(session: Session, value: Any) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return label(session.lang, "yes" if value else "no")
    if isinstance(value, (list, tuple)):
        return ", ".join(text(session, item) for item in value) or "-"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={text(session, item)}" for name, item in value.items())
    return str(value)


@contextmanager
def progress(
    session: Session, name: str, total: int | None, *, in_bytes: bool = False
) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal's standard error; gives what to call with each advance."""
    if not sys.stderr.isatty():
        yield lambda _advance: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    amount = DownloadColumn() if in_bytes else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label(session.lang, name), total=total)
        yield lambda advance: bar.advance(task, advance)
