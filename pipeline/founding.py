"""Founding a home: folders, settings, store, keys; in a simulated one a world that is ready."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ektp.cards import BlankKind
from ektp.ids import CardSerial
from ektp.journal import Actor, Role
from ektp.record import CardVariant
from pipeline.governed import carry_out
from pipeline.home import SETTINGS_FILE, Home, SystemClock, SystemEntropy, store_url, system_actor
from pipeline.people import Act, decide_request, request_act
from pipeline.plant import Plant, make_token, make_world
from pipeline.settings import (
    HomeKind,
    HomeSettings,
    LineSettings,
    PrefectSettings,
    PreparationSettings,
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

__all__ = ["TEST_PEOPLE", "Box", "Founded", "found_home"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box of blanks that a simulated home starts with."""

    name: str
    kind: BlankKind
    cards: int


def first_boxes(profile: str) -> tuple[Box, Box]:
    """The blanks that a simulated home begins with, for its chip profile.

    One box of 2,000, the custody unit; beside it a few for foreigners, who stand in every synthetic
    file.
    """
    return (
        Box(name="KOTAK-0001", kind=BlankKind.for_variant(CardVariant.WNI, profile), cards=2000),
        Box(name="KOTAK-OA-0001", kind=BlankKind.for_variant(CardVariant.OA, profile), cards=200),
    )


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
    preparation: PreparationSettings | None = None,
    lines: int = 1,
    prefect: bool = True,
    boxes: Sequence[Box] = (),
    token: TokenSettings | None = None,
    notes: Mapping[str, str] | None = None,
) -> Founded:
    """Make a home: whole, or not at all. Raises `HomeExists`.

    A simulated home starts ready to work, with one box of blanks issued, a small one of foreigners'
    blanks, and `boxes` beside them; its keys are made in a software token, or in the empty one that
    `token` names. A production home starts empty and gives back a one-time
    sign-in for its first supervisor. `notes` are files to stand in it from the beginning.
    """
    Home.must_be_free(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    site = path.with_name(path.name + ".founding")
    # What an earlier stop left of a founding is no home: nothing in it was ever used.
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir()
    simulated = kind == "simulated"
    settings = Settings(
        home=HomeSettings(kind=kind),
        token=token or TokenSettings(kind="soft" if simulated else "none"),
        prefect=PrefectSettings(enabled=prefect),
        preparation=preparation or PreparationSettings(),
        simulation=(simulation or SimulationSettings()) if simulated else None,
        lines=_lines(lines) if simulated else (),
    )
    write_settings(site / SETTINGS_FILE, settings)
    (site / "prefect").mkdir()
    for name, text in (notes or {}).items():
        (site / name).write_text(text)
    sign_in = _begin_store(site, settings)
    if simulated:
        maker = make_world(site / "sim")
        make_token(settings.token, site, SystemClock(), transport=maker)
        _equip(site, (*first_boxes(settings.preparation.profile), *boxes))
    if path.exists():
        path.rmdir()
    site.rename(path)
    return Founded(path=path, kind=kind, sign_in=sign_in)


def _begin_store(site: Path, settings: Settings) -> str | None:
    kind = settings.home.kind
    with Store(store_url(site, settings.store.url), SystemClock()) as store:
        upgrade(store)
        with store.transaction(system_actor("init")) as tx:
            tx.record(HomeCreated(kind=kind, zone=settings.home.zone))
            return None if kind == "simulated" else _first_supervisor(tx)


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


def _equip(path: Path, boxes: Sequence[Box]) -> None:
    """The test people, the lines, boxes received and issued, and seals."""
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
        for box in boxes:
            bring_box(plant, box.name, box.kind, box.cards)
        receive_seals(store, _LOGISTICS, "SGL000001", "SGL001000")


_LOGISTICS: Final = Actor(principal="lala", role=Role.LOGISTICS, station="init")
_SUPERVISOR: Final = Actor(principal="sari", role=Role.SUPERVISOR, station="init")


def bring_box(plant: Plant, box: str, kind: BlankKind, count: int) -> None:
    """In a simulated home: a box arrives, is booked, and is issued to the lines in equal parts.

    The issue is a two-person act, here as everywhere.
    """
    store = plant.home.store
    serials = new_serials(plant.entropy, count)
    plant.world.make_box(kind, serials)
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
    plant.world.load_blanks(plant.line_settings(line), kind, cards)
    return cards
