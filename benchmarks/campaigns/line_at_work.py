"""A line that works through a batch until it is done or killed, and says a word for each card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import delete, insert

from ektp.errors import LineStopped
from ektp.journal import Actor, Role, utc_text
from pipeline.plant import Plant
from pipeline.production.controller import LineController
from pipeline.store import schema as db

__all__ = ["LINE", "OPERATOR", "resume", "work"]

LINE = "L1"
OPERATOR = Actor(principal="olga", role=Role.OPERATOR, station="campaign")
EMPTY_HOPPER = "PRN-411"


def work(home: Path, batch: str, tell: Callable[[str], None]) -> int:
    """Recover what an earlier life left, then work; 0 when all is done, 3 for want of blanks."""
    with Plant.open(home) as plant, plant.workplace(LINE, OPERATOR) as (shop, line):
        tell("ready")
        controller = LineController(shop=shop, line=line, on_card=tell)
        with controller.holding():
            controller.recover("kill9")
            while True:
                try:
                    controller.run(batch)
                except LineStopped as stopped:
                    if stopped.facts.get("cause") == EMPTY_HOPPER:
                        return 3
                    resume(plant)
                else:
                    return 0


def resume(plant: Plant) -> None:
    """What an operator does who has looked at the machine: `lines resume`."""
    with plant.home.store.transaction(OPERATOR) as tx:
        tx.connection.execute(delete(db.orders).where(db.orders.c.line == LINE))
        tx.connection.execute(
            insert(db.orders).values(line=LINE, wanted="run", at=utc_text(plant.home.clock.now()))
        )
