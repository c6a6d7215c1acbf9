"""Cuts of power on a line: chip, machine and host die together, and the line recovers.

What died is recovered by `LineController.recover` as after any stop; then the batch goes on. In the
end the whole world is held against the books.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from benchmarks.campaigns.homes import Floor, floor, make_home
from benchmarks.campaigns.line_at_work import resume
from benchmarks.campaigns.truth import contradictions
from ektp.apdu import CommandApdu, ResponseApdu
from ektp.errors import CardAbsent, LineStopped
from ektp.ports import CardChannel
from pipeline.production.controller import LineController
from pipeline.production.workshop import PrintLine
from pipeline.store import schema as db
from simulation.people import PeopleMix

__all__ = ["CUTS", "Cut", "torn_on_line"]

_ENCODE: Final = 2
"""The field in which a card is encoded: the second one after it was fed."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Power fails in the n-th command of an instruction, after so many bytes."""

    phase: str
    ins: int
    nth: int
    byte: int


CUTS: Final = (
    Cut("mark", 0x50, 1, 0),
    Cut("mark", 0x82, 1, 2),
    Cut("mark", 0xE0, 1, 0),
    Cut("mark", 0xE0, 1, 1),
    Cut("mark", 0xE0, 2, 1),
    Cut("mark", 0xD6, 1, 13),
    Cut("mark", 0xD6, 1, 32),
    Cut("keys", 0xD8, 1, 0),
    Cut("keys", 0xD8, 1, 47),
    Cut("keys", 0xD8, 1, 96),
    Cut("secrets", 0x82, 2, 2),
    Cut("secrets", 0xDA, 1, 0),
    Cut("secrets", 0xDA, 1, 49),
    Cut("files", 0xE0, 3, 1),
    Cut("files", 0xD6, 2, 20),
    Cut("files", 0xD6, 5, 100),
    Cut("files", 0xD6, 6, 1),
    Cut("verify", 0xB4, 1, 0),
    Cut("close", 0xF0, 1, 0),
    Cut("close", 0xF0, 1, 1),
)
"""Of each phase its beginning, its middle and its end."""


class PowerOut(BaseException):
    """The light goes out. No `Exception`: no error handling of the host gets its turn."""


def torn_on_line(
    folder: Path,
    profile: str,
    *,
    jobs: int = len(CUTS),
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Cut so many cards on a line, each in another place; what became of them, by phase."""
    home = folder / f"home-{profile}"
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(home.with_name(home.name + ".sample"), ignore_errors=True)
    cuts = CUTS[:: max(1, -(-len(CUTS) // jobs))]
    mix = PeopleMix(foreigners=0.0)
    batch = make_home(home, len(cuts), profile=profile, mix=mix, foreign_blanks=0)
    ends: dict[str, Counter[str]] = {}
    problems: list[str] = []
    with floor(home) as it:
        for cut in cuts:
            end = _cut_and_recover(it, batch, cut)
            ends.setdefault(cut.phase, Counter())[end] += 1
            say(f"{profile}: cut in {cut.phase} on the line: {end}")
            if end not in {"passed", "spoiled"}:
                problems.append(f"{cut}: {end}")
        _run_out(it, batch)
        problems += contradictions(it.plant)
        with it.plant.home.store.read() as connection:
            states = Counter(connection.scalars(select(db.jobs.c.state)))
            killed = Counter(
                connection.scalars(
                    select(db.attempts.c.terminated).where(db.attempts.c.outcome == "spoiled")
                )
            )
    if states != {"PRODUCED": len(cuts)}:
        problems.append(f"jobs: {dict(states)}")
    if killed[False]:
        problems.append(f"{killed[False]} rejects were not terminated")
    return {
        "cuts": len(cuts),
        "by_phase": {phase: dict(found) for phase, found in ends.items()},
        "rejects_terminated": killed[True],
        "jobs": dict(states),
        "problems": problems,
    }


def _cut_and_recover(it: Floor, batch: str, cut: Cut) -> str:
    fuse = _Fuse(it.printer, cut)
    line = PrintLine(line=it.controller.line.line, printer=fuse, hoppers=it.controller.line.hoppers)
    doomed = LineController(shop=it.shop, line=line)
    while not fuse.blown:
        try:
            with doomed.holding():
                doomed.run(batch)
        except PowerOut:
            break
        except LineStopped:
            resume(it.plant)
        else:
            return "never cut"
    # What another process makes of it, that begins after the cut.
    fresh = replace(it, controller=LineController(shop=it.shop, line=it.controller.line))
    (end,) = fresh.recover().values()
    return end


def _run_out(it: Floor, batch: str) -> None:
    while True:
        with suppress(LineStopped):
            it.run(batch)
            return
        resume(it.plant)


class _Fuse:
    """A printer whose station loses its power, and its host with it, at one cut."""

    def __init__(self, printer: Any, cut: Cut) -> None:
        self._printer, self._cut = printer, cut
        self._fields = 0
        self.blown = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._printer, name)

    def feed_to(self, *arguments: Any) -> None:
        self._fields = 0
        self._printer.feed_to(*arguments)

    @contextmanager
    def channel(self) -> Iterator[CardChannel]:
        self._fields += 1
        with self._printer.channel() as channel:
            armed = self._fields == _ENCODE and not self.blown
            yield _Cutting(channel, self._cut, self) if armed else channel


class _Cutting:
    def __init__(self, channel: Any, cut: Cut, fuse: _Fuse) -> None:
        self._channel, self._cut, self._fuse = channel, cut, fuse
        self._left = cut.nth

    def atr(self) -> bytes:
        return bytes(self._channel.atr())

    def reset(self) -> None:
        self._channel.reset()

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self._left -= command.ins == self._cut.ins
        if self._left or command.ins != self._cut.ins:
            answer: ResponseApdu = self._channel.transmit(command)
            return answer
        self._channel._chip.tear_after(1, self._cut.byte)  # noqa: SLF001 - only here is it cut
        self._fuse.blown = True
        with suppress(CardAbsent):
            self._channel.transmit(command)
        raise PowerOut
