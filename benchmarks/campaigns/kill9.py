"""kill9: a line is killed at random moments, again and again, and the books stay true.

A child process works through a batch; its parent ends it with SIGKILL after a drawn number of cards
and a drawn fraction of a second, and starts it again. Each start recovers first, on the parent's
word. In the end every card of the simulated world is held against the store.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks.campaigns.homes import InProcess, make_home
from benchmarks.campaigns.line_at_work import work
from benchmarks.campaigns.truth import contradictions
from pipeline.batches import batch_count
from pipeline.plant import Plant
from pipeline.store import schema as db

__all__ = ["Campaign", "kill9"]

_SHARE = 0.6
"""Of the cards that there are for each kill: the most that are waited for before it."""
_MOST_SECONDS = 0.2
_SILENCE_S = 600.0


@dataclass(slots=True, kw_only=True)
class Campaign:
    """How far a campaign is; kept beside its home, so that it can go on after a stop."""

    seed: int
    cards: int
    kills: int
    faults: str
    batch: str = ""
    done: int = 0
    starts: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def save(self, folder: Path) -> None:
        fresh = folder / "campaign.json.new"
        fresh.write_text(json.dumps(asdict(self)))
        fresh.replace(folder / "campaign.json")

    @classmethod
    def load(cls, folder: Path) -> Campaign | None:
        file = folder / "campaign.json"
        return cls(**json.loads(file.read_text())) if file.is_file() else None


def kill9(
    folder: Path,
    *,
    cards: int = 300,
    kills: int = 100,
    seed: int = 9,
    faults: str = "typical",
    pool: AbstractContextManager[Executor] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Run the campaign in a folder, or go on with it; what came of it."""
    folder.mkdir(parents=True, exist_ok=True)
    home = folder / "home"
    campaign = Campaign.load(folder)
    if campaign is None:
        say(f"preparing {cards} cards")
        with pool or nullcontext(InProcess()) as workers:
            batch = make_home(home, cards, seed=seed, faults=faults, pool=workers)
        campaign = Campaign(seed=seed, cards=cards, kills=kills, faults=faults, batch=batch)
        campaign.save(folder)
    began = time.monotonic()
    while True:
        ended = _one_life(home, campaign)
        campaign.starts += 1
        campaign.done += ended is None
        campaign.save(folder)
        say(f"{campaign.done} kills, {campaign.starts} starts")
        if ended is not None:
            break
    campaign.seconds += time.monotonic() - began
    if ended != 0:
        campaign.problems.append(f"the line ended with {ended}")
    return _result(home, campaign)


def _one_life(home: Path, campaign: Campaign) -> int | None:
    """Start the line; its exit code, or None where it was killed."""
    # The draw belongs to seed and life, so that a campaign that goes on goes on alike.
    chance = random.Random(f"{campaign.seed}/{campaign.starts}")  # noqa: S311 - moments, no keys
    most = int(_SHARE * campaign.cards / max(1, campaign.kills))
    cards, rest = chance.randint(0, most), chance.uniform(0, _MOST_SECONDS)
    words, ears = multiprocessing.Pipe(duplex=False)
    # Forked: a process as mortal as any other, without a second's loading each time.
    child = multiprocessing.get_context("fork").Process(
        target=_live, args=(home, campaign.batch, ears)
    )
    child.start()
    ears.close()
    try:
        _listen(words, -1 if campaign.done >= campaign.kills else cards)
        time.sleep(rest if campaign.done < campaign.kills else 0)
        if campaign.done < campaign.kills:
            child.kill()
        child.join(_SILENCE_S)
    finally:
        child.kill()
        child.join()
        words.close()
    code = child.exitcode
    return None if code == -9 else code


def _listen(words: Connection, cards: int) -> None:
    """Hear "ready" and then so many cards; to the end for -1."""
    heard = 0
    with suppress(EOFError):
        while cards < 0 or heard <= cards:
            words.recv()
            heard += 1


def _live(home: Path, batch: str, ears: Connection) -> None:
    sys.exit(work(home, batch, ears.send))


def _result(home: Path, campaign: Campaign) -> dict[str, Any]:
    with Plant.open(home) as plant:
        problems = [*campaign.problems, *contradictions(plant), *_unnamed(plant)]
        with plant.home.store.read() as connection:
            jobs = Counter(connection.scalars(select(db.jobs.c.state)))
            count = batch_count(connection, campaign.batch)
            causes = Counter(
                cause
                for cause in connection.scalars(select(db.attempts.c.cause))
                if cause is not None
            )
        entries, _ = plant.home.store.verify()
    if set(jobs) - {"PRODUCED", "HELD"} or jobs.total() != campaign.cards:
        problems.append(f"jobs: {dict(jobs)}")
    if campaign.done < campaign.kills:
        problems.append(f"only {campaign.done} kills of {campaign.kills}")
    return {
        "seed": campaign.seed,
        "faults": campaign.faults,
        "cards": campaign.cards,
        "kills": campaign.done,
        "starts": campaign.starts,
        "jobs": dict(sorted(jobs.items())),
        "batch": asdict(count) | {"difference": count.difference},
        "spoiled_by_cause": dict(sorted(causes.items())),
        "journal_entries": entries,
        "seconds": round(campaign.seconds, 1),
        "problems": problems,
        "ok": not problems,
    }


def _unnamed(plant: Plant) -> list[str]:
    """Held jobs that do not name the attempt that people must decide on."""
    decided = select(db.attempts.c.job).where(db.attempts.c.outcome.in_(["held", "in_doubt"]))
    with plant.home.store.read() as connection:
        return [
            f"job {job} is held and names no card"
            for job in connection.scalars(
                select(db.jobs.c.job).where(
                    db.jobs.c.state == "HELD", db.jobs.c.job.not_in(decided)
                )
            )
        ]
