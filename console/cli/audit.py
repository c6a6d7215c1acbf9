"""`ektp audit`: the journal is whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import ExitCode, Facts, answer, note
from console.cli.parts import noun
from console.cli.session import session_of
from console.cli.wording import meaning
from ektp.errors import ChainBroken, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ektp.journal import JournalEntry

app = noun("Check that the journal is whole.")


@app.callback()
def audit() -> None:
    """Check that the journal is whole."""


@app.command()
def verify(
    context: typer.Context,
    *,
    export: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, metavar="FILE.jsonl", help="Write the entries there, one a line."
        ),
    ] = None,
) -> None:
    """Check the journal's chain from its first entry to its last.

    Each line of the export is RFC 8785 canonical: SHA-256 over the previous hash (32 zero bytes at
    first) and the line gives the next. The last hash is `root`. Exit code 4 where the chain breaks.
    """
    session = session_of(context)
    entries, root, broken = 0, None, None
    with session.home() as home:
        try:
            entries, last = home.store.verify()
            root = last.hex()
        except ChainBroken as found:
            broken = found
        if export is not None:
            _export(export, (entry for entry, _ in home.store.entries()))
    document: dict[str, Any] = {
        "entries": entries,
        "ok": broken is None,
        "root": root,
        "broken_at": None if broken is None else broken.facts.get("entry"),
        "export": None if export is None else str(export),
    }
    if broken is not None:
        note(session, f"{broken.code}  {meaning(session.lang, broken)} ({broken.facts})")
    code = ExitCode.DONE if broken is None else ExitCode.COUNTS
    answer(session, document, Facts(facts=document), code=code)


def _export(file: Path, entries: Iterable[JournalEntry]) -> None:
    try:
        with file.open("wb") as stream:
            for entry in entries:
                stream.write(entry.canonical + b"\n")
    except OSError as failed:
        raise ConfigurationError("the export cannot be written", file=file.name) from failed
