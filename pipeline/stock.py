"""The stock ledger: blanks by box and serial, seals by number; counts that must agree."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from ektp.accounting import StockCount
from ektp.cards import BlankKind
from ektp.errors import BlankUnknown, CountMismatch, NotFound, SealUnavailable, StockError
from ektp.ids import CardSerial
from ektp.journal import Actor
from ektp.lifecycle import IN_MACHINE, CardState
from pipeline.store import schema as db
from pipeline.store.events import (
    BagIdentified,
    BlanksCounted,
    BlanksReturned,
    BoxClosed,
    BoxReceived,
    SealsReceived,
    SealVoided,
)
from pipeline.store.store import Store, Transaction

__all__ = [
    "blanks_to_issue",
    "close_box",
    "read_manifest",
    "receive_box",
    "receive_seals",
    "return_blanks",
    "stock_counts",
]

_BOX = re.compile(r"[A-Za-z0-9._-]{1,32}")
_IN_HOUSE = (CardState.PASSED, CardState.PACKED)
_BOX_OPEN = tuple(
    state.value
    for state in (
        CardState.IN_VAULT,
        CardState.ISSUED,
        *sorted(IN_MACHINE),
        CardState.HELD,
        CardState.IN_DOUBT,
    )
)
_OUT = (CardState.DISPATCHED, CardState.DELIVERED, CardState.HANDED_OVER)


def read_manifest(path: Path) -> list[CardSerial]:
    """A supplier's box list: a CSV with a column `serial`, one chip serial a line.

    Raises `StockError` naming the line.
    """
    serials: list[CardSerial] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            try:
                serials.append(CardSerial.parse(row["serial"] or ""))
            except Exception as wrong:
                raise StockError("a line of the box list is no serial", line=number) from wrong
    if len(set(serials)) != len(serials):
        raise StockError("the box list names a serial twice")
    return serials


def receive_box(
    store: Store, actor: Actor, box: str, kind: BlankKind, serials: Sequence[CardSerial]
) -> None:
    """Book a box with the supplier's serials.

    Raises `StockError` where the box, or a serial of it, is in the books already.
    """
    if not _BOX.fullmatch(box):
        raise StockError("a box number has 1 to 32 letters, digits, dots or hyphens")
    if not serials:
        raise StockError("an empty box cannot be received", box=box)
    digest = hashlib.sha256("\n".join(serials).encode()).hexdigest()
    with store.transaction(actor) as tx:
        known = _count_known(tx.connection, serials)
        if known:
            raise StockError("serials of this box are in the books already", box=box, known=known)
        if tx.connection.scalar(select(db.boxes.c.box).where(db.boxes.c.box == box)) is not None:
            raise StockError("this box was received before", box=box)
        tx.record(BoxReceived(box=box, kind=kind, cards=list(serials), manifest_digest=digest))


def _count_known(connection: Connection, serials: Sequence[str]) -> int:
    known = 0
    for first in range(0, len(serials), 400):
        chunk = list(serials[first : first + 400])
        known += (
            connection.scalar(
                select(func.count()).select_from(db.cards).where(db.cards.c.card.in_(chunk))
            )
            or 0
        )
    return known


def blanks_to_issue(
    connection: Connection, *, box: str, count: int | None = None
) -> list[CardSerial]:
    """The blanks of a box that would be issued next, in the order of their serials.

    Raises `StockError` where the box holds fewer.
    """
    cards = connection.scalars(
        select(db.cards.c.card)
        .where(db.cards.c.box == box, db.cards.c.state == CardState.IN_VAULT.value)
        .order_by(db.cards.c.card)
    ).all()
    wanted = len(cards) if count is None else count
    if not 0 < wanted <= len(cards):
        raise StockError("the box does not hold that many blanks", box=box, left=len(cards))
    return [CardSerial(card) for card in cards[:wanted]]


def return_blanks(
    store: Store, actor: Actor, line: str, serials: Sequence[CardSerial]
) -> dict[int, CardSerial]:
    """Book a line's unused blanks back into the vault, each by its serial.

    With them the line is counted out: where as many booked blanks are absent as bags of unreadable
    ones stand open, and a bag can be told from the others, it is named by elimination. The bags
    named are returned. Raises `CountMismatch` naming how many are missing otherwise.
    """
    with store.transaction(actor) as tx:
        booked = set(
            tx.connection.scalars(
                select(db.cards.c.card).where(
                    db.cards.c.line == line, db.cards.c.state == CardState.ISSUED.value
                )
            )
        )
        strangers = [serial for serial in serials if serial not in booked]
        if strangers:
            raise BlankUnknown("not booked to this line", line=line, card=strangers[0])
        tx.record(BlanksReturned(line=line, cards=list(serials)))
        return _name_bags(tx, line, sorted(booked - set(serials)))


def close_box(store: Store, actor: Actor, box: str) -> dict[str, int]:
    """Close a box that is counted out: how many of its cards are in which state.

    A box stays open while a blank of it lies in the vault or at a line, is in a machine, or waits
    for people; a blank that nobody could read stays at its line until its bag is named. Raises
    `NotFound`, `StockError` where it is closed already, and `CountMismatch` naming what is open.
    """
    with store.transaction(actor) as tx:
        row = tx.connection.execute(
            select(db.boxes.c.size, db.boxes.c.closed_at).where(db.boxes.c.box == box)
        ).one_or_none()
        if row is None:
            raise NotFound("no such box was received", box=box)
        if row.closed_at is not None:
            raise StockError("this box is closed already", box=box, at=row.closed_at)
        states = {
            str(state): int(count)
            for state, count in tx.connection.execute(
                select(db.cards.c.state, func.count())
                .where(db.cards.c.box == box)
                .group_by(db.cards.c.state)
            )
        }
        still_open = {state: states[state] for state in _BOX_OPEN if state in states}
        if still_open:
            raise CountMismatch(
                "the box is not counted out; return the line's blanks: ektp stock return",
                box=box,
                **{state.lower(): count for state, count in still_open.items()},
            )
        tx.record(BoxClosed(box=box, states=states))
        return states


def _name_bags(tx: Transaction, line: str, absent: Sequence[str]) -> dict[int, CardSerial]:
    """Name the open bags of a line, kind by kind: blue blanks never get orange serials."""
    bags = tx.connection.execute(
        select(db.attempts.c.attempt, db.attempts.c.bag, db.attempts.c.kind)
        .where(
            db.attempts.c.line == line,
            db.attempts.c.bag.is_not(None),
            db.attempts.c.card.is_(None),
        )
        .order_by(db.attempts.c.bag)
    ).all()
    kinds = {
        row.card: row.kind
        for row in tx.connection.execute(
            select(db.cards.c.card, db.cards.c.kind).where(
                db.cards.c.line == line, db.cards.c.state == CardState.ISSUED.value
            )
        )
    }
    named: dict[int, CardSerial] = {}
    for kind in sorted({kinds[card] for card in absent}):
        missing = [card for card in absent if kinds[card] == kind]
        open_bags = [bag for bag in bags if bag.kind == kind]
        if len(missing) != len(open_bags):
            raise CountMismatch(
                "blanks booked to the line are neither returned nor in a bag",
                line=line,
                kind=kind,
                absent=len(missing),
                bags=len(open_bags),
            )
        # Equal numbers prove which serials lie in the bags, together; each bag is given one.
        for bag, card in zip(open_bags, missing, strict=True):
            tx.record(BagIdentified(line=line, bag=bag.bag, card=card, attempt=bag.attempt))
            named[int(bag.bag)] = CardSerial(card)
    return named


def count_place(store: Store, actor: Actor, place: str, counted: int) -> int:
    """A blind count of a place (`vault` or a line): booked minus counted, 0 when all is there."""
    with store.transaction(actor) as tx:
        booked = _booked(tx.connection, place)
        tx.record(BlanksCounted(place=place, counted=counted, booked=booked))
    return booked - counted


def _booked(connection: Connection, place: str) -> int:
    where = (
        db.cards.c.state == CardState.IN_VAULT.value
        if place == "vault"
        else (db.cards.c.state == CardState.ISSUED.value) & (db.cards.c.line == place)
    )
    booked = connection.scalar(select(func.count()).select_from(db.cards).where(where)) or 0
    return int(booked) - (_open_bags(connection, line=place) if place != "vault" else 0)


def _open_bags(connection: Connection, *, line: str | None = None, kind: str | None = None) -> int:
    query = (
        select(func.count())
        .select_from(db.attempts)
        .where(db.attempts.c.bag.is_not(None), db.attempts.c.card.is_(None))
    )
    if line is not None:
        query = query.where(db.attempts.c.line == line)
    if kind is not None:
        query = query.where(db.attempts.c.kind == kind)
    return int(connection.scalar(query) or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLine:
    """The stock identity of one kind of blank."""

    kind: str
    count: StockCount


def stock_counts(connection: Connection) -> list[StockLine]:
    """The stock identity of each kind: what came in, and where all of it is now."""
    received: dict[str, int] = {
        row[0]: int(row[1])
        for row in connection.execute(
            select(db.boxes.c.kind, func.sum(db.boxes.c.size)).group_by(db.boxes.c.kind)
        )
    }
    states: dict[tuple[str, str], int] = {
        (row[0], row[1]): row[2]
        for row in connection.execute(
            select(db.cards.c.kind, db.cards.c.state, func.count()).group_by(
                db.cards.c.kind, db.cards.c.state
            )
        )
    }

    def total(kind: str, *wanted: CardState) -> int:
        return sum(states.get((kind, state.value), 0) for state in wanted)

    lines = []
    for kind in sorted(received.keys() | {kind for kind, _ in states}):
        # A blank that nobody could read left its line for a numbered bag.
        bags = _open_bags(connection, kind=kind)
        lines.append(
            StockLine(
                kind=kind,
                count=StockCount(
                    received=received.get(kind, 0),
                    vault=total(kind, CardState.IN_VAULT),
                    on_line=total(kind, CardState.ISSUED) - bags,
                    in_process=total(kind, *IN_MACHINE, CardState.HELD, CardState.IN_DOUBT),
                    passed_in_house=total(kind, *_IN_HOUSE),
                    dispatched=total(kind, *_OUT),
                    sample=total(kind, CardState.SAMPLE),
                    spoiled_not_destroyed=total(kind, CardState.SPOILED, CardState.COLLECTED_BACK)
                    + bags,
                    destroyed=total(kind, CardState.DESTROYED),
                    lost=total(kind, CardState.LOST),
                ),
            )
        )
    return lines


# --- seals --------------------------------------------------------------------------------------

_SEAL = re.compile(r"(?P<prefix>[A-Za-z-]*)(?P<number>[0-9]{1,12})")


def receive_seals(store: Store, actor: Actor, first: str, last: str) -> int:
    """Book a range of numbered seals. Raises `StockError` where it is no range, or booked."""
    begin, end = _SEAL.fullmatch(first), _SEAL.fullmatch(last)
    if begin is None or end is None or begin["prefix"] != end["prefix"]:
        raise StockError("a range of seals has one prefix and two numbers")
    low, high, width = int(begin["number"]), int(end["number"]), len(begin["number"])
    if not low <= high < low + 100_000:
        raise StockError("a range of seals runs upwards, 100,000 at most")
    seals = [f"{begin['prefix']}{number:0{width}d}" for number in range(low, high + 1)]
    with store.transaction(actor) as tx:
        known = tx.connection.scalar(
            select(func.count())
            .select_from(db.seals)
            .where(db.seals.c.seal >= seals[0], db.seals.c.seal <= seals[-1])
        )
        if known:
            raise StockError("seals of this range are in the books already", known=known)
        tx.record(SealsReceived(first=seals[0], last=seals[-1], seals=seals))
    return len(seals)


def void_seal(store: Store, actor: Actor, seal: str, reason: str) -> None:
    """Book a seal as broken or lost. Raises `SealUnavailable` where it is not in stock."""
    with store.transaction(actor) as tx:
        state = tx.connection.scalar(select(db.seals.c.state).where(db.seals.c.seal == seal))
        if state != "FREE":
            raise SealUnavailable(seal=seal)
        tx.record(SealVoided(seal=seal, reason=reason))


def next_free_seal(connection: Connection) -> str:
    """The lowest free seal. Raises `SealUnavailable` where the stock is used up."""
    seal = connection.scalar(
        select(db.seals.c.seal).where(db.seals.c.state == "FREE").order_by(db.seals.c.seal).limit(1)
    )
    if seal is None:
        raise SealUnavailable("no seal is left; receive a range: ektp seals receive")
    return str(seal)
