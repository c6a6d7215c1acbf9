"""Papers: drawn by the pipeline when asked for, written where the person says, kept nowhere."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from console.cli.session import Session

if TYPE_CHECKING:
    from ektp.journal import Actor
    from pipeline.documents import Document
    from pipeline.plant import Plant

__all__ = ["Draws", "draw"]

Draws = Callable[["Plant", "Actor"], Iterable["Document"]]


def draw(session: Session, out: Path | None, draws: Draws) -> list[str]:
    """Draw papers and write them into a folder; their paths. Without a folder nothing is drawn.

    Papers can show people: they are made in somebody's name, and the journal tells who.
    """
    if out is None:
        return []
    from pipeline.duties import Duty

    with session.plant() as plant:
        actor = session.actor(plant.home, Duty.DRAW_PAPERS)
        return [str(document.write(out)) for document in draws(plant, actor)]
