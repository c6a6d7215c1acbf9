"""`ektp init`: make a home."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from enum import Enum, unique
from typing import Annotated

import typer

from console.cli.answers import Facts, answer
from console.cli.parts import noun
from console.cli.session import session_of
from console.cli.wording import sentence
from ektp.errors import ConfigurationError

app = noun("Make a home: a folder with settings, store and keys.")


@unique
class Faults(Enum):
    """How often simulated machines fail."""

    NONE = "none"
    TYPICAL = "typical"
    HARSH = "harsh"


@app.command()
def init(
    context: typer.Context,
    *,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="A home for training and tests, ready to work.")
    ] = False,
    production: Annotated[
        bool, typer.Option("--production", help="A home for real cards; it starts empty.")
    ] = False,
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Bring an older home's store to this version.")
    ] = False,
    lines: Annotated[int, typer.Option(min=1, max=64, help="Simulated print lines.")] = 1,
    faults: Annotated[Faults, typer.Option(help="Of simulated machines.")] = Faults.NONE,
    seed: Annotated[int, typer.Option(help="Seed of the simulated faults.")] = 1,
    time_scale: Annotated[
        float, typer.Option(min=0.0, max=10.0, help="Simulated machine time; 0 = no waiting.")
    ] = 0.0,
    prefect: Annotated[bool, typer.Option(help="Run flows on Prefect.")] = True,
) -> None:
    """Make a home in the folder that --home names. A home is never overwritten.

    A simulated home starts with test people, a soft token, one box of 2,000 blanks issued to its
    lines, and seals. A production home starts empty, refuses everything simulated, and prints a
    one-time sign-in for its first supervisor.
    """
    from pipeline.founding import found_home
    from pipeline.settings import SimulationSettings

    session = session_of(context)
    if [simulated, production, upgrade].count(True) != 1:
        raise typer.BadParameter("one of --simulated, --production, --upgrade")
    if upgrade:
        _upgrade(context)
        return
    simulation = (
        SimulationSettings(faults=faults.value, seed=seed, time_scale=time_scale)
        if simulated
        else None
    )
    founded = found_home(
        session.folder,
        "simulated" if simulated else "production",
        simulation=simulation,
        lines=lines,
        prefect=prefect,
    )
    document = {
        "home": str(founded.path),
        "kind": founded.kind,
        "lines": lines if simulated else 0,
        "sign_in": founded.sign_in,
    }
    shown = dict(document)
    if founded.sign_in is None:
        del shown["sign_in"]
        answer(session, document, Facts(facts=shown))
    else:
        answer(session, document, Facts(facts=shown), sentence(session.lang, "first_sign_in"))


def _upgrade(context: typer.Context) -> None:
    from pipeline.home import SETTINGS_FILE, Home, SystemClock, store_url
    from pipeline.settings import read_settings
    from pipeline.store.migrate import upgrade
    from pipeline.store.store import Store

    session = session_of(context)
    file = session.folder / SETTINGS_FILE
    if not file.is_file():
        # Opening says what a missing home says everywhere.
        Home.open(session.folder)
        raise ConfigurationError
    settings = read_settings(file)
    with Store(store_url(session.folder, settings.store.url), SystemClock()) as store:
        upgrade(store)
    document = {
        "home": str(session.folder),
        "kind": settings.home.kind,
        "lines": len(settings.lines),
        "sign_in": None,
    }
    answer(session, document, sentence(session.lang, "upgraded"))
