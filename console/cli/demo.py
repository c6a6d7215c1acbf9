"""`ektp demo`: the whole job on synthetic people and the simulated world."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

import sys
from dataclasses import asdict
from enum import Enum, unique
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import Answer, ExitCode, Facts, Table, answer, note
from console.cli.init import Faults
from console.cli.parts import noun
from console.cli.session import Session, session_of
from console.cli.wording import sentence

if TYPE_CHECKING:
    from console.demo.show import DemoResult

app = noun("The whole job on synthetic people and the simulated world.")


@unique
class Engine(Enum):
    """What the demo's flows run on."""

    PREFECT = "prefect"
    DIRECT = "direct"


@unique
class Profile(Enum):
    """The chip profile of the cards."""

    KTP_EL = "ktp-el"
    ICAO_LDS1 = "icao-lds1"


@app.command()
def demo(
    context: typer.Context,
    *,
    cards: Annotated[
        int | None,
        typer.Option(min=1, max=100_000, help="People; 200, or the scenario's."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same people, same faults.")] = 7,
    profile: Annotated[Profile, typer.Option(help="Chip profile.")] = Profile.KTP_EL,
    lines: Annotated[
        int | None, typer.Option(min=1, max=16, help="Print lines; 1, or the scenario's.")
    ] = None,
    faults: Annotated[Faults, typer.Option(help="Of the simulated machines.")] = Faults.TYPICAL,
    scenario: Annotated[
        str | None, typer.Option(help="A field scenario by name, or a TOML file of your own.")
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", file_okay=False, help="For records, papers, pictures.")
    ] = Path("ektp-demo"),
    engine: Annotated[
        Engine, typer.Option(help="prefect, or direct: the same steps without it.")
    ] = Engine.PREFECT,
) -> None:
    """Run the whole job in a fresh simulated home, through the same flows as production.

    The home is the one that --home names, else OUT/home. On an unfinished demo of the same recipe
    it goes on where it stopped; on a finished one it exits with 2.
    """
    from console.demo.scenario import DEFAULT, load_scenario
    from console.demo.show import Show

    session = session_of(context)
    chosen = DEFAULT if scenario is None else load_scenario(scenario)
    told = _Told(session)
    show = Show(
        home=(
            out / "home" if session.folder.absolute() == Path().absolute() else session.folder
        ).absolute(),
        out=out.absolute(),
        scenario=chosen,
        cards=cards or chosen.cards,
        seed=seed,
        faults=faults.value,
        lines=lines or chosen.lines,
        engine=engine.value,
        profile=profile.value,
        tell=told,
        lang=session.lang,
    )
    try:
        result = show.run()
    finally:
        told.close()
    cards_open = result.cards["held"] + result.cards["in_doubt"] + result.cards["on_machine"]
    if not result.reconciliation["balanced"]:
        code = ExitCode.COUNTS
    else:
        code = ExitCode.DECISION if cards_open else ExitCode.DONE
    answer(session, asdict(result), *_shown(session, result), code=code)


class _Told:
    """Stages and their progress on standard error: a bar on a terminal, lines elsewhere."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._bar: Any = None
        self._task: Any = None

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins."""
        text = sentence(self._session.lang, f"demo_{name}")
        if not sys.stderr.isatty():
            note(self._session, text)
            return
        self._begin()
        if self._task is not None:
            self._bar.update(self._task, visible=True, total=1, completed=1)
        self._task = self._bar.add_task(text, total=total)

    def _begin(self) -> None:
        if self._bar is not None:
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            TextColumn("{task.description:<64}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:>6.0f}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._bar.start()

    def advance(self, count: int = 1) -> None:
        """Some steps are done."""
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, count)

    def say(self, name: str, **facts: Any) -> None:
        """Something worth a line."""
        text = sentence(self._session.lang, f"demo_{name}", **facts)
        if self._bar is not None:
            self._bar.console.print(text, highlight=False)
        else:
            note(self._session, text)

    def close(self) -> None:
        """Let the terminal go."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _shown(session: Session, result: DemoResult) -> list[Answer]:
    facts: dict[str, Any] = {
        "home": result.home,
        "out": result.out,
        "batch": result.batch,
        "parcels": result.parcels,
        "consignments": result.consignments,
        "balanced": result.reconciliation["balanced"],
        "difference": result.reconciliation["difference"],
        "seconds": result.seconds,
        "cards_per_second": result.cards_per_second,
    }
    counts = [
        Table(title=name, columns=list(row), rows=[list(row.values())])
        for name, row in (
            ("records", result.records),
            ("cards", result.cards),
            ("jobs", result.jobs),
        )
    ]
    lines = Table(
        title="lines",
        columns=list(result.lines[0]),
        rows=[list(line.values()) for line in result.lines],
    )
    return [
        Facts(facts=facts),
        *counts,
        lines,
        sentence(session.lang, "demo_next", home=result.home),
    ]
