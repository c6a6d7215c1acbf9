"""What a reader must find on a card that was made here: from the journal, and from the vault.

The journal holds the digests of what was bound. What opens an `icao-lds1` chip stands in the vault,
and each opening of it is journalled with who reads the card.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from ektp.cards import BlankKind, ChipAccess, Expectation
from ektp.errors import LifecycleError, NotFound
from ektp.ids import AttemptId, CardSerial
from ektp.journal import Actor
from ektp.lifecycle import CardState
from pipeline.chip_access import access_from_bytes
from pipeline.store import schema as db
from pipeline.store.store import Store
from pipeline.store.vault import Part, Purpose, Vault

__all__ = ["BoundCard", "bound_card", "expectation", "expectation_of", "finished_cards"]

_BOUND = (
    db.attempts.c.attempt,
    db.attempts.c.job,
    db.attempts.c.card,
    db.attempts.c.kind,
    db.attempts.c.digests,
    db.attempts.c.document,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundCard:
    """A card, the attempt that made it, and what was bound to it, as the journal has it."""

    attempt: str
    job: str
    card: str
    kind: str
    digests: str
    has_access: bool

    @classmethod
    def of(cls, row: Row[*tuple[Any, ...]]) -> BoundCard:
        """From a row of attempts."""
        return cls(
            attempt=row.attempt,
            job=row.job,
            card=row.card,
            kind=row.kind,
            digests=row.digests,
            has_access=row.document is not None,
        )


def _attempts() -> Select[Any]:
    return select(*_BOUND).where(db.attempts.c.digests.is_not(None))


def bound_card(connection: Connection, card: CardSerial) -> BoundCard:
    """What was bound to a card last.

    Raises `NotFound`, or `LifecycleError` for a card into which nothing was written here.
    """
    if connection.scalar(select(db.cards.c.card).where(db.cards.c.card == card)) is None:
        raise NotFound(card=card)
    row = connection.execute(
        _attempts()
        .where(db.attempts.c.card == card)
        .order_by(db.attempts.c.started_at.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        raise LifecycleError("nothing was written into this card here", card=card)
    return BoundCard.of(row)


def finished_cards(connection: Connection, batch: str) -> list[BoundCard]:
    """The cards of a batch that lie finished in the house."""
    rows = connection.execute(
        _attempts()
        .join(db.cards, db.cards.c.attempt == db.attempts.c.attempt)
        .where(db.attempts.c.batch == batch, db.cards.c.state == CardState.PASSED.value)
        .order_by(db.attempts.c.started_at)
    ).all()
    return [BoundCard.of(row) for row in rows]


def expectation(store: Store, vault: Vault, actor: Actor, bound: BoundCard) -> Expectation:
    """What a reader must find, opened for a reading by `actor`.

    Raises `NotFound` where the access data were purged.
    """
    access = None
    if bound.has_access:
        with store.transaction(actor) as tx:
            opened = vault.open(tx, [bound.job], Part.ACCESS, Purpose.INSPECT)
        access = access_from_bytes(opened[bound.job])
    return expectation_of(bound.attempt, bound.card, bound.kind, bound.digests, access)


def expectation_of(
    attempt: str, card: str, kind: str, digests: str, access: ChipAccess | None = None
) -> Expectation:
    """What was bound, as the journal kept it: for a reading after a restart.

    `access` comes from the vault, for chips that nobody reads without it.
    """
    return Expectation(
        profile=BlankKind(kind).profile,
        card=CardSerial(card),
        attempt=AttemptId(attempt),
        digests={name: bytes.fromhex(digest) for name, digest in json.loads(digests).items()},
        access=access,
    )
