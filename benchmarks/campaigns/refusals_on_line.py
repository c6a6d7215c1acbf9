"""Cards that are no blanks, put into the hopper of a line at work: how the line books each."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Final

from sqlalchemy import select

from benchmarks.campaigns.chip_bench import serial_of
from benchmarks.campaigns.homes import MACHINE, OPERATOR, Floor, floor, make_home
from benchmarks.campaigns.line_at_work import resume
from benchmarks.campaigns.truth import chip_of, contradictions
from ektp.cards import BlankKind, SpoilCause
from ektp.chip_profiles import ChipProfile
from ektp.errors import LineStopped
from ektp.ids import CardSerial
from ektp.lifecycle import CardState
from ektp.ports import CardChannel
from ektp.record import CardVariant
from pipeline.plant import HOPPERS, Plant
from pipeline.production.controller import LineController
from pipeline.production.workshop import PrintLine
from pipeline.stock import receive_box
from pipeline.store import schema as db
from printers.readers.collision import require_single_card
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from simulation.chip.impostors import CrowdedField, cloned_identity, foreign, personalized
from simulation.people import PeopleMix

__all__ = ["home_with_another_box", "issued_blanks", "refusals_on_line"]

_REFUSED: Final = SpoilCause.BLANK_REFUSED.value
_BOOKED: Final = {
    # Kind: the cause, and whether the card's own serial is spoiled with it.
    "personalized card": (_REFUSED, True),
    "foreign card": (_REFUSED, False),
    "blank of another box": (_REFUSED, False),
    "two cards at once": (SpoilCause.BLANK_UNREADABLE.value, False),
    "cloned identity": (_REFUSED, False),
}
_NOT_ON_THE_BOOKS: Final = ("foreign card", "blank of another box", "cloned identity")


def home_with_another_box(
    folder: Path, profile: ChipProfile, *, jobs: int, others: int
) -> tuple[Path, tuple[CardSerial, ...]]:
    """A home of the profile with prepared jobs, and a box in its vault that no line was given."""
    home = folder / f"home-{profile.name}-{jobs}"
    for old in (home, home.with_name(home.name + ".sample")):
        shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    mix = PeopleMix(foreigners=0.0)
    make_home(home, jobs, profile=profile.name, mix=mix, foreign_blanks=0)
    box = tuple(serial_of(100_000 + number) for number in range(others))
    with Plant.open(home) as plant:
        kind = _kind(profile)
        plant.world.make_box(kind, box)
        receive_box(plant.home.store, OPERATOR, "KOTAK-9001", kind, box)
    return home, box


def issued_blanks(it: Floor, profile: ChipProfile) -> tuple[CardSerial, ...]:
    """The blanks that the ledger has on the line, in the order of the hopper."""
    return it.world.hopper(MACHINE, HOPPERS[_kind(profile)])


def _kind(profile: ChipProfile) -> BlankKind:
    return BlankKind.for_variant(CardVariant.WNI, profile.name)


def refusals_on_line(
    folder: Path, profile: ChipProfile, each: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Put so many of each kind before the good blanks, and let the line work."""
    jobs = max(2, each // 4)
    home, box = home_with_another_box(folder, profile, jobs=jobs, others=each)
    problems: list[str] = []
    with floor(home) as it:
        put_in = _put_in(it, profile, box, each)
        before = {card: _lasting(it, card) for cards in put_in.values() for card in cards}
        _work(it, frozenset(put_in["two cards at once"]))
        booked = _bookings(it)
        counts = {name: len(cards) for name, cards in put_in.items()}
        strangers = sum(counts[name] for name in _NOT_ON_THE_BOOKS)
        problems += contradictions(it.plant, strangers=strangers)
        for name, cards in put_in.items():
            say(f"{profile.name}: {len(cards)} x {name} on the line")
            for card in cards:
                problems += [f"{name}: {what}" for what in _wrong(it, name, card, before[card])]
        wanted = Counter(cause for name, (cause, _) in _BOOKED.items() for _ in put_in[name])
        if booked != wanted:
            problems.append(f"booked {dict(booked)}, not {dict(wanted)}")
        with it.plant.home.store.read() as connection:
            states = Counter(connection.scalars(select(db.jobs.c.state)))
    if states != {"PRODUCED": jobs}:
        problems.append(f"jobs: {dict(states)}")
    return {"cards": counts, "booked": dict(booked), "jobs": dict(states), "problems": problems}


def _put_in(
    it: Floor, profile: ChipProfile, box: tuple[CardSerial, ...], each: int
) -> dict[str, list[CardSerial]]:
    """The impostors into the hopper, mixed, and the good blanks after them."""
    hopper, kind = HOPPERS[_kind(profile)], _kind(profile)
    stack = list(it.world.take_from_hopper(MACHINE, hopper))
    used, crowd, originals = stack[:each], stack[each : 2 * each], stack[2 * each : 3 * each]
    strange = [serial_of(200_000 + number) for number in range(2 * each)]
    it.world.make_box(kind, strange)
    maker = it.world.maker_keys
    for card in used:
        _exchange(it, card, personalized(card, profile))
    for card in strange[:each]:
        _exchange(it, card, foreign(card, profile))
    for card, original in zip(strange[each:], originals, strict=True):
        blank = Chip.blank(
            original, transport_keys=maker.key_set(original, profile), profile=profile
        )
        _exchange(it, card, cloned_identity(blank))
    put_in = {
        "personalized card": used,
        "foreign card": strange[:each],
        "blank of another box": list(box),
        "two cards at once": crowd,
        "cloned identity": strange[each:],
    }
    mixed = [card for cards in put_in.values() for card in cards]
    Random(1).shuffle(mixed)  # noqa: S311 - an order, no key
    it.world.load_hopper(MACHINE, hopper, [*mixed, *stack[2 * each :]])
    return put_in


def _exchange(it: Floor, card: CardSerial, chip: Chip) -> None:
    """The plastic of one card, with another chip in it."""
    with it.world.storage.transaction():
        it.world.chips.save(it.world.places.number(card), chip, 0)


def _lasting(it: Floor, card: CardSerial) -> bytes | None:
    state = chip_of(it.world, card)
    if state is None:
        return None
    state.sequence_counter = 0
    return bytes(state)


def _wrong(it: Floor, name: str, card: CardSerial, before: bytes | None) -> Iterator[str]:
    """What is not as it should be with one card that was refused."""
    chip, after = chip_of(it.world, card), _lasting(it, card)
    if before is None and chip is not None:
        keys = it.world.maker_keys.key_set(card, chip.model.profile)
        blank = Chip.blank(card, transport_keys=keys, profile=chip.model.profile)
        before = bytes(blank)
    if after is not None and after != before:
        yield f"{card}: something was written"
    with it.plant.home.store.read() as connection:
        state = connection.scalar(select(db.cards.c.state).where(db.cards.c.card == card))
    spoiled = state == CardState.SPOILED.value
    if spoiled != _BOOKED[name][1]:
        yield f"{card}: booked as {state}"


def _bookings(it: Floor) -> Counter[str]:
    with it.plant.home.store.read() as connection:
        causes = connection.scalars(
            select(db.attempts.c.cause).where(db.attempts.c.outcome == "spoiled")
        )
        return Counter(str(cause) for cause in causes)


def _work(it: Floor, crowds: frozenset[CardSerial]) -> None:
    line = it.controller.line
    crowded = PrintLine(line=line.line, printer=_WithNeighbours(it, crowds), hoppers=line.hoppers)
    shop = replace(it.shop, expect_single_card=require_single_card)
    controller = LineController(shop=shop, line=crowded)
    with it.plant.home.store.read() as connection:
        batch = str(connection.scalar(select(db.batches.c.batch)))
    while True:
        with suppress(LineStopped), controller.holding():
            controller.run(batch)
            return
        resume(it.plant)


class _WithNeighbours:
    """A printer in whose field a second card lies, whenever one of `crowds` stands there."""

    def __init__(self, it: Floor, crowds: frozenset[CardSerial]) -> None:
        self._it, self._crowds = it, crowds
        self._chance = Random(2)  # noqa: S311 - which card a reader finds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._it.printer, name)

    @contextmanager
    def channel(self) -> Iterator[CardChannel]:
        with self._it.printer.channel() as channel:
            card = self._it.world.inside(MACHINE)
            if card not in self._crowds:
                yield channel
                return
            neighbour = serial_of(300_000)
            keys = self._it.world.maker_keys.key_set(neighbour)
            other = ChipChannel(Chip.blank(neighbour, transport_keys=keys))
            yield CrowdedField([channel, other], self._chance)
