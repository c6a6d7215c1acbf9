"""What the nouns share: how a group of commands is made, common options, two-person acts."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import Facts, answer
from console.cli.session import Session
from console.cli.wording import sentence

if TYPE_CHECKING:
    from pipeline.home import Home
    from pipeline.people import Act

__all__ = ["InFile", "OutFolder", "ask", "noun", "plain"]

OutFolder = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", file_okay=False, help="Folder for what is drawn."),
]
InFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


def noun(text: str) -> typer.Typer:
    """A group of commands under one noun."""
    return typer.Typer(
        help=text,
        add_completion=False,
        rich_markup_mode=None,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )


def plain(views: Sequence[Any]) -> list[dict[str, Any]]:
    """Frozen views as JSON objects."""
    return [asdict(view) for view in views]


def ask(session: Session, home: Home, act: Act, arguments: Mapping[str, Any]) -> None:
    """Give the first word of a two-person act, and say how the second is given."""
    from pipeline.home import SystemEntropy
    from pipeline.people import request_act
    from pipeline.trail import shortened

    actor = session.asks(home, act)
    request = request_act(home.store, SystemEntropy(), actor, act, arguments)
    document = {
        "request": str(request),
        "act": act.value,
        "state": "OPEN",
        "requested_by": actor.principal,
        "arguments": shortened(arguments),
    }
    answer(
        session,
        document,
        Facts(facts={name: document[name] for name in ("request", "act", "requested_by")}),
        sentence(session.lang, "second_word", request=request),
    )
