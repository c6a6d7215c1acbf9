"""`ektp sim`: simulated chips and SAMs on the wire of a virtual reader, until stopped."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from console.cli.answers import Facts, answer
from console.cli.parts import noun
from console.cli.session import Session, session_of
from console.cli.wording import sentence
from ektp.chip_profiles import CHIP_PROFILES
from ektp.errors import SimulationRefused
from ektp.ids import CardSerial, JobId

if TYPE_CHECKING:
    from pipeline.plant import Plant
    from pipeline.plant.wires import Offer, Wires

app = noun("Simulated machines and chips on real wires.")

_PORTS: Final = range(1, 0x10000)
_LOOK_S: Final = 0.05

Vpcd = Annotated[
    str, typer.Option(metavar="HOST:PORT", help="Where the virtual reader (vpcd) listens.")
]


@app.command()
def chip(
    context: typer.Context,
    *,
    vpcd: Vpcd,
    profile: Annotated[
        str | None, typer.Option(help="ktp-el or icao-lds1; otherwise the home's.")
    ] = None,
    blank: Annotated[
        bool, typer.Option("--blank", help="A fresh blank; also where nothing else is named.")
    ] = False,
    job: Annotated[
        str | None, typer.Option(metavar="JOB", help="The card that this job has now.")
    ] = None,
    card: Annotated[
        str | None, typer.Option(metavar="SERIAL", help="A card that somebody can hold.")
    ] = None,
    line: Annotated[
        str | None,
        typer.Option(metavar="LINE", help="Whatever stands at this line's contactless station."),
    ] = None,
) -> None:
    """Offer a card of the simulated world to pcscd, until SIGINT or SIGTERM ends it.

    What is written into the chip stays written. With --line a line whose `reader` in ektp.toml is
    that PC/SC reader encodes and reads its cards through it.
    """
    host, port = _address(vpcd)
    if sum(each is not None for each in (job, card, line)) + blank > 1:
        raise typer.BadParameter("one of --blank, --job, --card, --line")
    if profile is not None and profile not in CHIP_PROFILES:
        raise typer.BadParameter("--profile: " + ", ".join(CHIP_PROFILES))
    session = _simulated(session_of(context))
    with session.plant() as plant, _chosen(plant, profile, job, card, line) as offer:
        if profile is not None and offer.profile not in (None, profile):
            raise typer.BadParameter(f"--profile: this is a card of {offer.profile}")
        _serve(session, plant.wires, offer, host, port)


def _chosen(
    plant: Plant, profile: str | None, job: str | None, card: str | None, line: str | None
) -> AbstractContextManager[Offer]:
    if job is not None:
        return plant.wires.card_of(JobId.parse(job))
    if card is not None:
        return plant.wires.card(CardSerial.parse(card))
    if line is not None:
        return plant.wires.station(plant.line_settings(line))
    return plant.wires.blank(profile or plant.home.settings.preparation.profile)


@app.command()
def sam(
    context: typer.Context,
    *,
    vpcd: Vpcd,
    sam: Annotated[
        str | None,
        typer.Option(
            metavar="SERIAL", help="A module of the simulated world; else the home's own."
        ),
    ] = None,
) -> None:
    """Offer a SAM to pcscd, as in a contact slot, until SIGINT or SIGTERM ends it."""
    host, port = _address(vpcd)
    session = _simulated(session_of(context))
    serial = None if sam is None else CardSerial.parse(sam)
    with session.plant() as plant, plant.wires.module(serial) as offer:
        _serve(session, plant.wires, offer, host, port)


def _simulated(session: Session) -> Session:
    """The session of a simulated home. Raises `SimulationRefused` before a token is asked for."""
    with session.home() as home:
        if home.kind != "simulated":
            raise SimulationRefused("this home has no simulated world")
    return session


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) in _PORTS):
        raise typer.BadParameter("--vpcd: HOST:PORT, such as 127.0.0.1:35963")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _serve(session: Session, wires: Wires, offer: Offer, host: str, port: int) -> None:
    vpcd, times = f"{host}:{port}", 0

    def tell(name: str) -> None:
        # Also with --json: whoever started this waits for the word.
        words = sentence(
            session.lang, name, name=offer.name, vpcd=vpcd, profile=offer.profile or "-"
        )
        sys.stderr.write(words + "\n")
        sys.stderr.flush()

    def on_offered(offered: bool) -> None:
        nonlocal times
        times += offered
        if offered and times == 1:
            tell("sim_offered")

    with _until_stopped() as stop:
        tell(f"sim_{offer.what}")
        began = time.monotonic()
        wires.serve(offer, host, port, stop=stop, on_offered=on_offered)
    document = {
        "served": offer.what,
        "name": offer.name,
        "profile": offer.profile,
        "vpcd": vpcd,
        "offered": times,
        "seconds": round(time.monotonic() - began, 1),
    }
    answer(session, document, Facts(facts=document))


class _Stop:
    """Set by a signal. No lock is in it: the signal may come in the middle of a wait."""

    def __init__(self) -> None:
        self._asked = False

    def ask(self, _signal: int, _frame: FrameType | None) -> None:
        self._asked = True

    def is_set(self) -> bool:
        return self._asked

    def wait(self, timeout: float) -> bool:
        until = time.monotonic() + timeout
        while not self._asked and (left_s := until - time.monotonic()) > 0:
            time.sleep(min(left_s, _LOOK_S))
        return self._asked


@contextmanager
def _until_stopped() -> Iterator[_Stop]:
    stop = _Stop()
    before = {number: signal.signal(number, stop.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
