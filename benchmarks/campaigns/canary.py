"""canary: a whole job, and then every byte of the home is searched for its people.

Sought are each NIK, each name of six letters and more, and each portrait, as base64 and as raw
bytes. One file is meant to hold people in clear: none.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks.campaigns.homes import OPERATOR, InProcess, floor, make_home
from ektp.errors import LineStopped
from ektp.journal import Actor, Role
from pipeline.logistics import create_consignments, dispatch, receive, record_handover
from pipeline.packing import pack, seal_parcel
from pipeline.plant import Plant
from pipeline.store import schema as db

__all__ = ["canaries", "canary", "search"]

_LETTERS = 6
_WINDOW = 24
_LALA = Actor(principal="lala", role=Role.LOGISTICS, station="campaign")


def canary(
    folder: Path,
    *,
    cards: int = 50,
    seed: int = 13,
    faults: str = "harsh",
    pool: AbstractContextManager[Executor] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Run the job in a fresh home, search it; what was found."""
    home = folder / f"home-{time.time_ns()}"
    say(f"preparing {cards} cards")
    with pool or nullcontext(InProcess()) as workers:
        batch = make_home(home, cards, seed=seed, faults=faults, pool=workers)
    _whole_job(home, batch)
    sought = canaries(home.with_name(home.name + ".sample") / "records.jsonl")
    searched, found = search(home, sought)
    return {
        "seed": seed,
        "faults": faults,
        "cards": cards,
        "sought": len(sought),
        "files": len(searched),
        "bytes": sum(searched.values()),
        "problems": found,
        "ok": not found,
    }


def _whole_job(home: Path, batch: str) -> None:
    while True:
        try:
            with floor(home) as it:
                it.run(batch)
        except LineStopped:
            # What an operator does who has looked: the window is counted anew from now.
            with Plant.open(home) as plant, plant.home.store.transaction(OPERATOR) as tx:
                tx.connection.execute(db.orders.delete())
                now = plant.home.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
                tx.connection.execute(db.orders.insert().values(line="L1", wanted="run", at=now))
        else:
            break
    with Plant.open(home) as plant:
        store, entropy = plant.home.store, plant.entropy
        for parcel in pack(store, entropy, _LALA, batch=batch, most=250):
            seal_parcel(store, _LALA, parcel.parcel)
        for consignment in create_consignments(store, entropy, _LALA, direct=True):
            dispatch(store, _LALA, consignment, "POS")
            receive(store, _LALA, consignment)
        with store.read() as connection:
            cards = connection.scalars(
                select(db.cards.c.card).where(db.cards.c.state == "DELIVERED")
            ).all()
        for card in cards[: len(cards) // 2]:
            record_handover(store, _LALA, card, method="fingerprint", old_card="none")


def canaries(records: Path) -> dict[bytes, str]:
    """What must be nowhere, and what it is of (a number of a line and a field, no value)."""
    sought: dict[bytes, str] = {}
    for number, line in enumerate(records.read_bytes().splitlines(), 1):
        record = json.loads(line)
        person = record["biographicData"]
        sought[person["nik"].encode()] = f"line {number}: nik"
        if "kk" in person:
            sought[person["kk"].encode()] = f"line {number}: kk"
        if "phone" in person:
            sought[person["phone"].encode()] = f"line {number}: phone"
        for field in ("name", "address"):
            if sum(character.isalpha() for character in person[field]) >= _LETTERS:
                sought[person[field].encode()] = f"line {number}: {field}"
        for what, picture in _pictures(record):
            for place in (len(picture) // 3, len(picture) // 2):
                piece = picture[place : place + _WINDOW]
                sought[piece] = f"line {number}: {what}, raw"
            text = base64.b64encode(picture)
            sought[text[len(text) // 2 :][: 2 * _WINDOW]] = f"line {number}: {what}, base64"
    return sought


def _pictures(record: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    for entry in record["biometricData"]:
        for key in ("image", "template"):
            if key in entry:
                yield entry["biometricType"].lower(), base64.b64decode(entry[key])


def search(home: Path, sought: dict[bytes, str]) -> tuple[dict[str, int], list[str]]:
    """Search every file of a folder; the sizes of the files, and each hit by file and field."""
    searched, found = {}, []
    for file in sorted(path for path in home.rglob("*") if path.is_file()):
        content = file.read_bytes()
        name = str(file.relative_to(home))
        searched[name] = len(content)
        found += [f"{name} ({what})" for piece, what in sought.items() if piece in content]
        found += [
            f"{name}'s own name ({what})"
            for piece, what in sought.items()
            if piece in name.encode()
        ]
    return searched, found
