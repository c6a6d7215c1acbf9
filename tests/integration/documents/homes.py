"""Two homes: one with prepared cards, one whose cards have come to their offices."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from ektp.cards import SpoilCause
from ektp.ids import CardSerial
from ektp.journal import Actor, Role
from pipeline.batches import open_batch
from pipeline.founding import found_home
from pipeline.governed import carry_out
from pipeline.intake.importer import Importer
from pipeline.logistics import create_consignments, dispatch, receive, record_handover
from pipeline.packing import pack, seal_open_parcels
from pipeline.people import Act, decide_request, request_act
from pipeline.plant import Plant
from pipeline.preparation import chunks, prepare_chunk
from pipeline.production.controller import LineController
from pipeline.store import schema as db
from simulation.people import PeopleMix, offices_of_regency, write_sample

SEED = 11
CARDS = 18
COURIER = "PT Pos Indonesia, B 1234 XYZ"
OLGA = Actor(principal="olga", role=Role.OPERATOR, station="L1")
LALA = Actor(principal="lala", role=Role.LOGISTICS, station="pengiriman")
SARI = Actor(principal="sari", role=Role.SUPERVISOR, station="kantor")
QORI = Actor(principal="qori", role=Role.QA, station="mutu")
DESTRUCTION = "470/07/BA-MUSNAH/2026"


@dataclass(frozen=True, slots=True)
class Citizen:
    """A synthetic person as the data centre sent it, to be looked for in the papers."""

    job: str
    nik: str
    name: str
    village: str
    office: str
    rw: str
    rt: str
    phone: str | None

    @property
    def masked(self) -> str:
        return f"{self.nik[:4]}********{self.nik[-4:]}"


@dataclass(frozen=True, slots=True)
class Known:
    """A home, and what is known of it beforehand."""

    path: Path
    batch: str
    citizens: dict[str, Citizen]
    spoiled: tuple[CardSerial, ...] = ()
    handed_over: str = ""

    def open(self) -> AbstractContextManager[Plant]:
        return Plant.open(self.path)

    def copy(self, folder: Path) -> Known:
        """The same home in another folder, to be changed."""
        shutil.copytree(self.path, folder / "home")
        return replace(self, path=folder / "home")


class InProcess(Executor):
    """An executor that starts no process."""

    def map(self, fn: Callable[..., Any], *iterables: Iterable[Any], **_: Any) -> Iterator[Any]:
        return map(fn, *iterables)


def _take_in(plant: Plant, folder: Path) -> dict[str, Citizen]:
    """Two offices with most of the people, so that parcels have more than one card."""
    places = tuple(offices_of_regency("16.71"))[:3]
    mix = PeopleMix(offices=places, weights=(6, 4, 2), without_phone=0.5, foreigners=0.0)
    files = write_sample(folder / "records.jsonl", CARDS, SEED, mix)
    source = plant.verify_file(files.file, trust=[files.approver])
    Importer(
        store=plant.home.store,
        vault=plant.vault,
        keys=plant.keys,
        entropy=plant.entropy,
        actor=OLGA,
        cards=plant.home.settings.preparation,
        today=plant.home.today(),
    ).take_in(source)
    return _citizens(plant, files.file)


def _citizens(plant: Plant, file: Path) -> dict[str, Citizen]:
    by_request = {
        record["credentialRequestId"]: record
        for record in map(json.loads, file.read_text("utf-8").splitlines())
    }
    with plant.home.store.read() as connection:
        rows = connection.execute(select(db.jobs)).all()
    found = {}
    for row in rows:
        record = by_request[row.request]
        person = record["biographicData"]
        found[row.job] = Citizen(
            job=row.job,
            nik=person["nik"],
            name=person["name"],
            village=person["village"]["name"],
            office=record["requestData"]["deliveryOffice"],
            rw=person["rw"],
            rt=person["rt"],
            phone=person.get("phone"),
        )
    return found


def _prepare(plant: Plant) -> str:
    batch, _ = open_batch(plant.home.store, plant.vault, plant.entropy, OLGA)
    settings = plant.home.settings.preparation
    for chunk in chunks(plant.home.store, batch, settings.chunk):
        prepare_chunk(plant.home.store, plant.vault, OLGA, batch, chunk, settings, InProcess())
    return batch


def _produce(plant: Plant, batch: str) -> None:
    with plant.workplace("L1", OLGA) as (shop, line):
        controller = LineController(shop=shop, line=line)
        with controller.holding():
            controller.run(batch)


def two_words(plant: Plant, act: Act, arguments: dict[str, Any]) -> None:
    """Asked for by one, approved by another."""
    request = request_act(plant.home.store, plant.entropy, QORI, act, arguments)
    decide_request(plant.home.store, SARI, request, carry_out)


def _spoil_two(plant: Plant, batch: str) -> tuple[CardSerial, ...]:
    """Two good cards are found bad in the hand; one of them is destroyed."""
    with plant.home.store.read() as connection:
        cards = [
            CardSerial(card)
            for card in connection.scalars(
                select(db.cards.c.card)
                .join(db.jobs, db.jobs.c.card == db.cards.c.card)
                .where(db.jobs.c.batch == batch)
                .order_by(db.jobs.c.sort_key)
                .limit(2)
            )
        ]
    for card, cause in zip(cards, (SpoilCause.DAMAGED, SpoilCause.PRINT_FAILED), strict=True):
        two_words(plant, Act.SPOIL_CARD, {"card": card, "cause": cause.value})
    two_words(
        plant,
        Act.DESTROY_CARDS,
        {
            "document": DESTRUCTION,
            "cards": [cards[0]],
            "place": "halaman belakang Pusat Pencetakan",
            "method": "burnt",
            "witnesses": ["Bambang Santoso", "Dewi Lestari"],
        },
    )
    return tuple(cards)


def _deliver(plant: Plant) -> None:
    store = plant.home.store
    pack(store, plant.entropy, LALA, batch=None, most=5)
    seal_open_parcels(store, LALA)
    for _leg in range(2):
        for consignment in create_consignments(store, plant.entropy, LALA):
            dispatch(store, LALA, consignment, COURIER)
            receive(store, LALA, consignment)


def _hand_one_over(plant: Plant) -> str:
    with plant.home.store.read() as connection:
        card = connection.scalars(
            select(db.jobs.c.card)
            .where(db.jobs.c.state == "DELIVERED", db.jobs.c.has_phone.is_(True))
            .order_by(db.jobs.c.office, db.jobs.c.sort_key)
        ).first()
    return record_handover(
        plant.home.store, LALA, CardSerial(card), method="fingerprint", old_card="none"
    )


def prepared_home(folder: Path) -> Known:
    """A home with a batch of prepared cards, and no card made yet."""
    found_home(folder / "home", "simulated", prefect=False)
    with Plant.open(folder / "home") as plant:
        citizens = _take_in(plant, folder)
        batch = _prepare(plant)
    return Known(path=folder / "home", batch=batch, citizens=citizens)


def finished_home(prepared: Known, folder: Path) -> Known:
    """The same home later: cards lie at their offices; two were spoiled, one handed over."""
    known = prepared.copy(folder)
    with known.open() as plant:
        _produce(plant, known.batch)
        spoiled = _spoil_two(plant, known.batch)
        _deliver(plant)
        handed_over = _hand_one_over(plant)
    return replace(known, spoiled=spoiled, handed_over=handed_over)


def rows(plant: Plant, table: Table, *where: Any) -> list[Any]:
    """Rows of a table."""
    with plant.home.store.read() as connection:
        return list(connection.execute(select(table).where(*where)))


def openings(plant: Plant) -> list[tuple[str, str, tuple[str, ...]]]:
    """Who opened whose data for what, as the journal has it."""
    return [
        (row.principal, row.subject, tuple(json.loads(row.data)["jobs"]))
        for row in rows(plant, db.journal, db.journal.c.event == "vault.opened")
    ]
