"""Founding a home: folders, settings, store, keys; in a simulated one a world that is ready."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ektp.cards import BlankKind
from ektp.ids import CardSerial
from ektp.journal import Actor, Role
from pipeline.governed import carry_out
from pipeline.home import SETTINGS_FILE, Home, SystemClock, SystemEntropy, store_url, system_actor
from pipeline.people import Act, decide_request, request_act
from pipeline.plant import Plant, make_token, make_world
from pipeline.settings import (
    HomeKind,
    HomeSettings,
    LineSettings,
    PrefectSettings,
    Settings,
    SimulationSettings,
    TokenSettings,
    write_settings,
)
from pipeline.signin import one_time_code
from pipeline.stock import blanks_to_issue, receive_box, receive_seals
from pipeline.store.events import HomeCreated, LineAdded, UserAdded
from pipeline.store.migrate import upgrade
from pipeline.store.store import Store, Transaction

__all__ = ["TEST_PEOPLE", "found_home"]

TEST_PEOPLE: Final[dict[str, tuple[Role, ...]]] = {
    "olga": (Role.OPERATOR,),
    "omar": (Role.OPERATOR,),
    "qori": (Role.QA,),
    "lala": (Role.LOGISTICS,),
    "sari": (Role.SUPERVISOR,),
    "slamet": (Role.SUPERVISOR,),
    "kiki": (Role.CUSTODIAN,),
    "kadir": (Role.CUSTODIAN,),
    "ayu": (Role.AUDITOR,),
}
"""Users of a simulated home; they do not exist."""

FIRST_SUPERVISOR: Final = "supervisor"
FIRST_BOX: Final = "KOTAK-0001"
BOX_CARDS: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """A home that was made."""

    path: Path
    kind: HomeKind
    sign_in: str | None = None


def found_home(
    path: Path,
    kind: HomeKind,
    *,
    simulation: SimulationSettings | None = None,
    lines: int = 1,
    prefect: bool = True,
) -> Founded:
    """Make a home. Raises `HomeExists`.

    A simulated home starts ready to work; a production home starts empty and gives back a one-time
    sign-in for its first supervisor.
    """
    Home.must_be_free(path)
    path.mkdir(parents=True, exist_ok=True)
    simulated = kind == "simulated"
    settings = Settings(
        home=HomeSettings(kind=kind),
        token=TokenSettings(kind="soft" if simulated else "none"),
        prefect=PrefectSettings(enabled=prefect),
        simulation=(simulation or SimulationSettings()) if simulated else None,
        lines=_lines(lines) if simulated else (),
    )
    clock = SystemClock()
    with Store(store_url(path, settings.store.url), clock) as store:
        upgrade(store)
        with store.transaction(system_actor("init")) as tx:
            tx.record(HomeCreated(kind=kind, zone=settings.home.zone))
            sign_in = None if simulated else _first_supervisor(tx)
    (path / "prefect").mkdir(exist_ok=True)
    if not simulated:
        write_settings(path / SETTINGS_FILE, settings)
        return Founded(path=path, kind=kind, sign_in=sign_in)
    make_token(path / "token", clock)
    make_world(path / "sim")
    # The settings come last: a folder without them is no home, whatever a stop left in it.
    write_settings(path / SETTINGS_FILE, settings)
    _equip(path)
    return Founded(path=path, kind=kind)


def _lines(count: int) -> tuple[LineSettings, ...]:
    return tuple(
        LineSettings(id=f"L{number}", driver="simulated", address=f"M{number}")
        for number in range(1, count + 1)
    )


def _first_supervisor(tx: Transaction) -> str:
    """The one account of a fresh production home, and the code that lets it in once."""
    tx.record(UserAdded(user=FIRST_SUPERVISOR, roles=[Role.SUPERVISOR.value, Role.ADMIN.value]))
    return one_time_code(tx, FIRST_SUPERVISOR)


def new_serials(entropy: SystemEntropy, count: int) -> list[CardSerial]:
    """Serials as a chip maker would give them: one date and batch, rising numbers."""
    head = entropy.token_bytes(2)
    batch = entropy.token_bytes(2)
    first = int.from_bytes(entropy.token_bytes(3), "big")
    return [
        CardSerial.from_bytes(head + (first + number).to_bytes(4, "big") + batch)
        for number in range(count)
    ]


def _equip(path: Path) -> None:
    """The test people, the lines, one box received and issued, and seals."""
    with Plant.open(path) as plant:
        store = plant.home.store
        with store.transaction(system_actor("init")) as tx:
            for name, roles in TEST_PEOPLE.items():
                tx.record(UserAdded(user=name, roles=[role.value for role in roles]))
            for line in plant.home.settings.lines:
                tx.record(
                    LineAdded(
                        line=line.id,
                        driver=line.driver,
                        address=line.address,
                        reader=line.reader,
                    )
                )
        bring_box(plant, FIRST_BOX, BlankKind.WNI_8K, BOX_CARDS)
        receive_seals(store, _LOGISTICS, "SGL000001", "SGL001000")


_LOGISTICS: Final = Actor(principal="lala", role=Role.LOGISTICS, station="init")
_SUPERVISOR: Final = Actor(principal="sari", role=Role.SUPERVISOR, station="init")


def bring_box(plant: Plant, box: str, kind: BlankKind, count: int) -> None:
    """In a simulated home: a box arrives, is booked, and is issued to the lines in equal parts.

    The issue is a two-person act, here as everywhere.
    """
    store = plant.home.store
    serials = new_serials(plant.entropy, count)
    plant.make_box(kind, serials)
    receive_box(store, _LOGISTICS, box, kind, serials)
    lines = [line.id for line in plant.home.settings.lines]
    for index, line in enumerate(lines):
        share = count // len(lines) + (index < count % len(lines))
        issue_to_line(plant, _LOGISTICS, _SUPERVISOR, line, box, kind, share)


def issue_to_line(
    plant: Plant,
    asks: Actor,
    approves: Actor,
    line: str,
    box: str,
    kind: BlankKind,
    count: int,
) -> Sequence[CardSerial]:
    """Both words of an issue, one after the other, and the blanks into the hopper."""
    store = plant.home.store
    with store.read() as connection:
        cards = blanks_to_issue(connection, box=box, count=count)
    request = request_act(
        store,
        plant.entropy,
        asks,
        Act.ISSUE_BLANKS,
        {"line": line, "cards": [str(card) for card in cards], "kind": kind.value},
    )
    decide_request(store, approves, request, carry_out)
    plant.load_blanks(line, kind, cards)
    return cards
