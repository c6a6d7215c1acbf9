"""Blanks by box and serial, samples, destruction, seals."""

from __future__ import annotations

import json

from sqlalchemy import Connection, insert, select

from ektp.journal import JournalEntry
from ektp.lifecycle import CardEvent, CardState
from pipeline.store import events as ev
from pipeline.store import schema as db
from pipeline.store.projections.base import (
    move_card,
    move_cards,
    on,
    set_row,
    void_signature,
)


@on(ev.BoxReceived)
def _(connection: Connection, event: ev.BoxReceived, entry: JournalEntry) -> None:
    connection.execute(
        insert(db.boxes).values(
            box=event.box,
            kind=event.kind,
            size=len(event.cards),
            manifest_digest=event.manifest_digest,
            received_at=entry.at,
        )
    )
    connection.execute(
        insert(db.cards),
        [
            {
                "card": card,
                "kind": event.kind,
                "box": event.box,
                "state": CardState.IN_VAULT.value,
            }
            for card in event.cards
        ],
    )


@on(ev.BoxClosed)
def _(connection: Connection, event: ev.BoxClosed, entry: JournalEntry) -> None:
    set_row(connection, db.boxes, event.box, closed_at=entry.at)


@on(ev.BlanksIssued)
def _(connection: Connection, event: ev.BlanksIssued, entry: JournalEntry) -> None:
    move_cards(connection, event.cards, CardEvent.ISSUE, line=event.line)


@on(ev.BlanksReturned)
def _(connection: Connection, event: ev.BlanksReturned, entry: JournalEntry) -> None:
    move_cards(connection, event.cards, CardEvent.RETURN, line=None)


@on(ev.BagIdentified)
def _(connection: Connection, event: ev.BagIdentified, entry: JournalEntry) -> None:
    cause = connection.scalar(
        select(db.attempts.c.cause).where(db.attempts.c.attempt == event.attempt)
    )
    set_row(connection, db.attempts, event.attempt, card=event.card)
    move_card(connection, event.card, CardEvent.SPOIL, attempt=event.attempt, cause=cause)


@on(ev.CardSpoiledLater)
def _(connection: Connection, event: ev.CardSpoiledLater, entry: JournalEntry) -> None:
    move_card(
        connection, event.card, CardEvent.SPOIL, cause=event.cause, parcel=None, position=None
    )
    # `passed` is the last verdict: a card that is spoiled later counts as spoiled in its batch.
    attempt = connection.scalar(select(db.cards.c.attempt).where(db.cards.c.card == event.card))
    if attempt is not None:
        set_row(connection, db.attempts, attempt, outcome="spoiled", cause=event.cause)
        void_signature(connection, attempt)


@on(ev.CardLost)
def _(connection: Connection, event: ev.CardLost, entry: JournalEntry) -> None:
    move_card(connection, event.card, CardEvent.LOSE)
    # Its verdict stays what it was; its signature is genuine no more.
    attempt = connection.scalar(select(db.cards.c.attempt).where(db.cards.c.card == event.card))
    if attempt is not None:
        void_signature(connection, attempt)


@on(ev.CardsSampled)
def _(connection: Connection, event: ev.CardsSampled, entry: JournalEntry) -> None:
    move_cards(connection, event.cards, CardEvent.TAKE_SAMPLE)


@on(ev.CardsDestroyed)
def _(connection: Connection, event: ev.CardsDestroyed, entry: JournalEntry) -> None:
    move_cards(connection, event.cards, CardEvent.DESTROY)
    connection.execute(
        insert(db.destructions).values(
            document=event.document,
            cards=len(event.cards),
            place=event.place,
            witnesses=json.dumps(list(event.witnesses)),
            at=entry.at,
        )
    )


@on(ev.SealsReceived)
def _(connection: Connection, event: ev.SealsReceived, entry: JournalEntry) -> None:
    connection.execute(insert(db.seals), [{"seal": seal, "state": "FREE"} for seal in event.seals])


@on(ev.SealVoided)
def _(connection: Connection, event: ev.SealVoided, entry: JournalEntry) -> None:
    set_row(connection, db.seals, event.seal, state="VOID")
