"""Whether the books say what is true: every card of the simulated world against the store.

The world is asked, never the pipeline: where each card lies, what is on its chip and what was
printed on it. Nothing here repairs anything; it names what does not agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, select

from ektp.cards import Verdict
from ektp.ids import AttemptId, CardSerial
from ektp.journal import Actor, Role
from ektp.lifecycle import CardState
from ektp.printer_profiles import Tray
from ektp.tlv import find_tlv
from inspection.biodata import biodata_fields
from personalization.card_control import CardControl, attempt_digest
from pipeline.batches import batch_count
from pipeline.expectations import bound_card, expectation
from pipeline.plant import HOPPERS, Plant
from pipeline.reconciliation import reconcile
from pipeline.store import schema as db
from pipeline.store.rebuild import compare
from simulation.chip.state import ChipState
from simulation.world.places import Place
from simulation.world.prints import PrintState
from simulation.world.world import World

__all__ = ["chip_of", "contradictions", "what_is_on"]

AUDITOR = Actor(principal="ayu", role=Role.AUDITOR, station="test")
_MACHINE = "M1"
_LINE = "L1"
_Row = Row[*tuple[Any, ...]]
_IN_HAND = (CardState.PASSED, CardState.PACKED, CardState.DISPATCHED, CardState.DELIVERED)
_OPEN = (CardState.HELD, CardState.IN_DOUBT)


def chip_of(world: World, card: CardSerial) -> ChipState | None:
    """All of a chip, as its maker could see it; None where it was never in a field."""
    number = world.places.number(card)
    row = world.storage.row("SELECT state FROM chips WHERE card = ?", (number,))
    if row is None:
        return None
    seal = world.chips._seal  # noqa: SLF001 - only the world can look into a chip
    return ChipState.from_bytes(seal.unseal(row[0], f"chips/{number}/state"))


def what_is_on(world: World, card: CardSerial) -> dict[str, bytes]:
    """The files of a chip by name, as they stand in its cells."""
    chip = chip_of(world, card)
    if chip is None:
        return {}
    by_id = {int(file.file_id): file.name for file in chip.model.profile.files}
    return {
        by_id[file.file_id]: chip.files.read(file, 0, file.size)
        for file in chip.files
        if file.file_id in by_id
    }


def contradictions(plant: Plant, *, inspect: bool = True, strangers: int = 0) -> list[str]:
    """Everything in which store, journal and world do not agree; empty where all is true.

    `strangers`: cards that were put in and never were on the line's books, and refused.
    """
    with World.open(plant.home.world_folder) as world, plant.home.store.read() as connection:
        return [
            *_cards(plant, world, connection, inspect=inspect),
            *_holders(plant, world, connection),
            *_trays(world, connection, strangers),
            *_counts(plant, connection),
        ]


# --- each good card ---------------------------------------------------------------------------


def _cards(plant: Plant, world: World, connection: Connection, *, inspect: bool) -> Iterator[str]:
    passed = connection.execute(
        select(
            db.cards.c.card,
            db.cards.c.state,
            db.cards.c.kind,
            db.cards.c.attempt.label("on_card"),
            db.attempts.c.attempt,
            db.attempts.c.outcome,
            db.attempts.c.digests,
            db.jobs.c.job,
            db.jobs.c.card.label("of_job"),
            db.jobs.c.kind.label("owed"),
        )
        .join(db.attempts, db.attempts.c.attempt == db.cards.c.attempt, isouter=True)
        .join(db.jobs, db.jobs.c.job == db.cards.c.job, isouter=True)
        .where(db.cards.c.state.in_([state.value for state in _IN_HAND]))
    ).all()
    for row in passed:
        yield from (f"card {row.card}: {what}" for what in _good_card(plant, world, row, inspect))


def _good_card(plant: Plant, world: World, row: _Row, inspect: bool) -> Iterator[str]:
    card = CardSerial(row.card)
    if row.of_job != card or row.outcome != "passed":
        yield "its job or its attempt does not know it"
    if row.kind != row.owed or world.kind(card).value != row.owed:
        yield "the blank is of another kind than the citizen's"
    if row.state == CardState.PASSED.value:
        where = world.where(card)
        if (where.place, where.machine, where.slot) != (Place.TRAY, _MACHINE, Tray.GOOD.value):
            yield f"passed, and lies in {where.place} {where.slot}"
    prints = world.prints.of_card(world.places.number(card))
    if [item.state for item in prints] != [PrintState.DONE]:
        yield f"printed {[item.state.value for item in prints]}"
    control = what_is_on(world, card).get("card_control", b"")[2:]
    if CardControl.from_bytes(control).attempt_digest != attempt_digest(AttemptId(row.attempt)):
        yield "the chip names another attempt"
    if inspect:
        with plant.home.store.read() as connection:
            bound = bound_card(connection, card)
        expected = expectation(plant.home.store, plant.vault, AUDITOR, bound)
        with plant.desk.inspectors() as inspector_for, world.tap(card) as channel:
            verdict = inspector_for(expected.profile).look(channel, expected)
        if verdict.verdict is not Verdict.PASS:
            yield f"a stranger's reader says {verdict.verdict}: {verdict.failed}"


# --- people -----------------------------------------------------------------------------------


def _holders(plant: Plant, world: World, connection: Connection) -> Iterator[str]:
    """Nobody has two cards that anybody could use, and each chip is its job's citizen's."""
    rows = connection.execute(
        select(db.cards.c.card, db.cards.c.state, db.jobs.c.holder)
        .join(db.jobs, db.jobs.c.job == db.cards.c.job, isouter=True)
        .where(db.cards.c.state.in_([state.value for state in (*_IN_HAND, *_OPEN)]))
    ).all()
    niks: Counter[str] = Counter()
    for row in rows:
        nik = _nik_on(what_is_on(world, CardSerial(row.card)))
        if nik is None or row.state not in {state.value for state in _IN_HAND}:
            continue
        niks[plant.keys.blind_index(nik.encode()).hex()] += 1
        if plant.keys.blind_index(nik.encode()).hex() != row.holder:
            yield f"card {row.card}: the chip is another citizen's"
    yield from (f"holder {holder[:8]}: {n} good cards" for holder, n in niks.items() if n > 1)
    live = Counter(row.holder for row in rows)
    yield from (f"holder {str(h)[:8]}: {n} live cards" for h, n in live.items() if n > 1)


def _nik_on(files: dict[str, bytes]) -> str | None:
    """Whose a chip is: by the biodata line of `ktp-el`, by the national data of `icao-lds1`."""
    if "dg13" in files:
        nik = find_tlv(files["dg13"], 0x6D, 0x81)
        return None if nik is None else nik.decode("ascii")
    if "biodata" not in files:
        return None
    length = 2 + int.from_bytes(files["biodata"][:2], "big")
    return biodata_fields(files["biodata"][:length])[0]


# --- places -----------------------------------------------------------------------------------


def _trays(world: World, connection: Connection, strangers: int) -> Iterator[str]:
    """Each card in a tray has a state that explains why it lies there."""
    states: dict[str, str] = {
        row.card: row.state for row in connection.execute(select(db.cards.c.card, db.cards.c.state))
    }
    explained = {state.value for state in (*_IN_HAND, *_OPEN)}
    for card in world.tray(_MACHINE, Tray.GOOD):
        if states.get(card) not in explained:
            yield f"card {card}: in the good tray as {states.get(card)}"
    # Blanks that no reader could name lie with the rejects and are booked to the line.
    nameless = sum(
        row.outcome == "spoiled" or row.fed
        for row in connection.execute(
            select(db.attempts.c.outcome, db.attempts.c.fed).where(
                db.attempts.c.card.is_(None),
                db.attempts.c.outcome.in_(["spoiled", "in_doubt"]),
            )
        )
    )
    unnamed = 0
    for card in world.tray(_MACHINE, Tray.REJECT):
        state = states.get(card)
        if state in {CardState.SPOILED.value, *(open_.value for open_ in _OPEN)}:
            continue
        unnamed += 1
        if state in {passed.value for passed in _IN_HAND}:
            yield f"card {card}: in the reject tray as {state}"
    inside = world.inside(_MACHINE)
    if unnamed + (inside is not None) > nameless:
        yield f"{unnamed} cards in the reject tray and {inside or 'none'} inside, unexplained"
    on_line = Counter(state for state in states.values())[CardState.ISSUED.value]
    in_hoppers = sum(len(world.hopper(_MACHINE, hopper)) for hopper in HOPPERS.values())
    if on_line - in_hoppers != nameless - strangers:
        yield f"{on_line} blanks booked, {in_hoppers} in the hoppers, {nameless} without a name"


# --- counts -----------------------------------------------------------------------------------


def _counts(plant: Plant, connection: Connection) -> Iterator[str]:
    result = reconcile(connection, plant.machine_evidence())
    if result.difference:
        yield f"reconciliation: {result}"
    for batch in connection.scalars(select(db.batches.c.batch)):
        count = batch_count(connection, batch)
        if count.on_machine:
            yield f"batch {batch}: {count.on_machine} attempts open"
    yield from (f"projection: {difference}" for difference in compare(plant.home.store))
    plant.home.store.verify()
