"""pull-outs: the token is pulled out of a running line again and again, and put back.

The token is a SoftHSM whose folder is moved away and back, at moments that nobody chose. The line
goes on by itself. In the end every card is read as a stranger reads it, its signature included, and
the whole world is held against the books.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select

from benchmarks.campaigns.homes import Floor, floor, make_home
from benchmarks.campaigns.truth import contradictions
from ektp.chip_profiles import ICAO_LDS1, KTP_EL
from ektp.errors import EktpError, LineStopped, TokenNotFound
from pipeline.batches import batch_count
from pipeline.settings import TokenSettings
from pipeline.store import schema as db
from pipeline.store.events import LineState
from simulation.people import PeopleMix
from tests.services.softhsm import VARIABLE, SoftHsm, soft_hsm_in

__all__ = ["pull_outs"]

_PIN: Final = "20260101"
_LONGEST_WORK_S: Final = 0.15
_LONGEST_AWAY_S: Final = 0.10


def pull_outs(
    folder: Path,
    *,
    pulls: int = 100,
    cards: int = 200,
    seed: int = 3,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Half of the pull-outs in a batch of each profile; what came of the cards."""
    place = folder / f"pull-outs-{time.time_ns()}"
    place.mkdir(parents=True)
    result: dict[str, Any] = {"seed": seed, "pull_outs": 0, "profiles": {}, "problems": []}
    with _soft_hsm(place) as hsm:
        for profile in (KTP_EL.name, ICAO_LDS1.name):
            say(f"{profile}: preparing {cards // 2} cards")
            home, batch = _home(place, profile, cards // 2, hsm)
            puller = _Puller(hsm, pulls // 2, random.Random(f"{seed}/{profile}"))  # noqa: S311
            found = _batch(home, batch, puller, say)
            result["pull_outs"] += found["pull_outs"]
            result["problems"] += [f"{profile}: {what}" for what in found.pop("problems")]
            result["profiles"][profile] = found
    if result["pull_outs"] < pulls // 2 * 2:
        result["problems"].append(f"only {result['pull_outs']} pull-outs")
    result["ok"] = not result["problems"]
    return result


@contextmanager
def _soft_hsm(place: Path) -> Iterator[SoftHsm]:
    before = os.environ.get(VARIABLE)
    try:
        yield soft_hsm_in(place / "softhsm")
    finally:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before


def _home(place: Path, profile: str, cards: int, hsm: SoftHsm) -> tuple[Path, str]:
    home, pin = place / profile, place / f"{profile}.pin"
    hsm.add_token(profile, _PIN)
    pin.write_text(_PIN)
    token = TokenSettings(kind="pkcs11", module=hsm.module, label=profile, pin_file=str(pin))
    mix = PeopleMix(foreigners=0.0)
    batch = make_home(home, cards, profile=profile, token=token, mix=mix, foreign_blanks=0)
    return home, batch


@dataclass
class _Puller:
    """Somebody at the token."""

    hsm: SoftHsm
    most: int
    chance: random.Random
    done: int = 0

    def __post_init__(self) -> None:
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._pull)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Pull and put back, as long as the context lasts."""
        self._thread.start()
        try:
            yield
        finally:
            self._enough.set()
            self._thread.join()

    def _pull(self) -> None:
        while self.done < self.most:
            if self._enough.wait(self.chance.uniform(0, _LONGEST_WORK_S)):
                return
            self.hsm.pull_out()
            try:
                time.sleep(self.chance.uniform(0.005, _LONGEST_AWAY_S))
            finally:
                self.hsm.put_back()
            self.done += 1


def _batch(home: Path, batch: str, puller: _Puller, say: Callable[[str], None]) -> dict[str, Any]:
    problems: list[str] = []
    began = time.monotonic()
    with floor(home, sleep=time.sleep) as it:
        try:
            with puller.at_work():
                it.run(batch)
        except (LineStopped, EktpError) as stopped:
            problems.append(f"the line did not go on by itself: {stopped}")
        seconds = time.monotonic() - began
        say(f"{puller.done} pull-outs in {seconds:.0f} s; reading all cards")
        problems += contradictions(it.plant)
        found = _found(it, batch)
    for name, wrong in (("spoiled", found["spoiled"]), ("not made", found["not_made"])):
        if wrong:
            problems.append(f"{name}: {wrong}")
    return {"pull_outs": puller.done, "seconds": round(seconds, 1), **found, "problems": problems}


def _found(it: Floor, batch: str) -> dict[str, Any]:
    with it.plant.home.store.read() as connection:
        jobs = Counter(connection.scalars(select(db.jobs.c.state)))
        outcomes = Counter(connection.scalars(select(db.attempts.c.outcome)))
        causes = Counter(
            connection.scalars(select(db.attempts.c.cause).where(db.attempts.c.cause.is_not(None)))
        )
        waited = connection.scalar(
            select(func.count())
            .select_from(db.journal)
            .where(
                db.journal.c.event == LineState.name, db.journal.c.data.contains(TokenNotFound.code)
            )
        )
        voided = connection.scalar(select(func.count()).select_from(db.voided_signatures))
        difference = batch_count(connection, batch).difference
    return {
        "jobs": dict(jobs),
        "attempts": dict(outcomes),
        "spoiled": dict(causes),
        "not_made": jobs.total() - jobs["PRODUCED"],
        "lost": difference,
        "waits_of_the_line": waited,
        "signatures_voided_unused": voided,
    }
