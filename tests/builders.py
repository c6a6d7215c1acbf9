"""Synthetic people, homes and batches for tests. Nobody in here exists (NIK serial 0000).

A founded and prepared home is made once per session and copied; a copy costs milliseconds.
"""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks.campaigns.homes import (
    LINE,
    MACHINE,
    OPERATOR,
    Floor,
    InProcess,
    floor,
    make_home,
    set_faults,
)
from benchmarks.campaigns.truth import contradictions
from ektp.record import ApprovedRecord
from pipeline.intake.record_json import record_from_json
from pipeline.plant import Plant
from pipeline.store import schema as db
from simulation.people import PeopleMix, record_of

__all__ = [
    "LINE",
    "MACHINE",
    "OPERATOR",
    "Floor",
    "InProcess",
    "a_batch",
    "a_home",
    "a_record",
    "contradictions",
    "floor",
    "outcomes",
    "set_faults",
    "states",
]

SEED = 7


@cache
def a_document(index: int = 0, seed: int = SEED) -> dict[str, Any]:
    """An approved record as its JSON document."""
    return record_of(seed, index)


def a_record(index: int = 0, seed: int = SEED) -> ApprovedRecord:
    """An approved record in the house's types."""
    return record_from_json(json.dumps(a_document(index, seed)).encode())


@cache
def _template(cards: int, foreigners: bool) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ektp-home-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    mix = None if foreigners else PeopleMix(foreigners=0.0)
    make_home(folder / "home", cards, seed=SEED, mix=mix, foreign_blanks=20)
    return folder / "home"


def a_home(
    folder: Path,
    *,
    cards: int = 4,
    faults: str = "none",
    seed: int = SEED,
    foreigners: bool = False,
) -> Path:
    """A home with one batch of so many prepared jobs, and blanks in its hoppers."""
    home = folder / "home"
    shutil.copytree(_template(cards, foreigners), home)
    set_faults(home, faults, seed)
    return home


def a_batch(home: Path) -> str:
    """The batch of a home."""
    with Plant.open(home) as plant, plant.home.store.read() as connection:
        return str(connection.scalar(select(db.batches.c.batch)))


def outcomes(plant: Plant) -> list[tuple[str | None, str | None]]:
    """Outcome and cause of each attempt, in the order in which they began."""
    with plant.home.store.read() as connection:
        return [
            (row.outcome, row.cause)
            for row in connection.execute(
                select(db.attempts.c.outcome, db.attempts.c.cause).order_by(
                    db.attempts.c.started_at
                )
            )
        ]


def states(plant: Plant) -> dict[str, int]:
    """How many jobs are in which state."""
    with plant.home.store.read() as connection:
        found: dict[str, int] = {}
        for state in connection.scalars(select(db.jobs.c.state)):
            found[state] = found.get(state, 0) + 1
    return found
