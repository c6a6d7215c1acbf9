"""The scene of a stop: one attempt that it left open, and what can be seen of it.

Nothing here moves plastic before evidence and decision stand, and a card in doubt is moved once: to
the rejects, with an intent of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, select

from ektp.cards import BlankKind, SpoilCause, Step
from ektp.printer_profiles import Tray
from personalization.evidence import ChipEvidence
from pipeline.production.attempt import HELD_NOTE, counters_of
from pipeline.production.recovery import (
    Action,
    ChipSays,
    Decision,
    Evidence,
    decide,
    is_inside,
    moved,
)
from pipeline.production.workshop import PrintLine, Workshop
from pipeline.store import schema as db
from pipeline.store.events import AttemptDoubted, AttemptVoided, Event, StepIntended
from pipeline.store.leases import Lease

__all__ = ["Scene"]

_Row = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An open attempt as the journal has it, and the machine that it was on."""

    shop: Workshop
    line: PrintLine
    lease: Lease
    row: _Row
    intent: Mapping[str, Any]
    """What its last intent noted: the machine's counters, and a word on a reject."""

    @classmethod
    def of(cls, shop: Workshop, line: PrintLine, lease: Lease, attempt: str) -> Scene:
        """The scene of one attempt."""
        with shop.store.read() as connection:
            row = connection.execute(
                select(db.attempts).where(db.attempts.c.attempt == attempt)
            ).one()
            return cls(
                shop=shop,
                line=line,
                lease=lease,
                row=row,
                intent=_last_intent(connection, attempt),
            )

    @property
    def terminated(self) -> bool:
        """Whether the chip of a reject was killed before it was moved."""
        return bool(self.intent.get("terminated"))

    def evidence(self) -> Evidence:
        """Everything that can be known without moving anything."""
        row, before = self.row, self.intent.get("counters", {})
        status = self.line.printer.recover()
        now = counters_of(self.line)
        inside = is_inside(status.card_at)
        chip = self._chip() if inside else None
        return Evidence(
            step=Step(row.step),
            outcome_known=row.phase == "outcome",
            inside=inside,
            chip=_chip_says(chip, row.card, row.attempt),
            fed=moved(before, now, "fed"),
            good=moved(before, now, "good"),
            rejected=moved(before, now, "rejected"),
        )

    def _chip(self) -> ChipEvidence:
        personalization = self.shop.bench(BlankKind(self.row.kind)).personalization
        with self.line.printer.channel() as channel:
            return personalization.read_evidence(channel)

    def decide(self, evidence: Evidence) -> Decision:
        """The one action; a card on its way to the rejects keeps the cause that sent it there."""
        decision, note = decide(evidence), self.intent.get("note", "")
        if evidence.step is not Step.REJECT or not note:
            return decision
        if note == HELD_NOTE:
            return Decision(action=Action.DOUBT, reason="a card put aside for people was cut short")
        return replace(decision, cause=SpoilCause(note)) if decision.cause else decision

    def put_aside(self) -> None:
        """A card in doubt goes to the rejects: a card left inside would put the next in doubt."""
        self._book(
            StepIntended(
                attempt=self.row.attempt,
                step=Step.REJECT,
                card=self.row.card,
                counters=counters_of(self.line),
                note=HELD_NOTE,
            )
        )
        self.line.printer.eject(Tray.REJECT)

    def book_void(self, decision: Decision) -> None:
        """No card was used."""
        self._book(
            AttemptVoided(attempt=self.row.attempt, job=self.row.job, reason=decision.reason)
        )

    def book_doubt(self, decision: Decision, evidence: Evidence) -> None:
        """Nobody knows: people decide, with everything that was seen."""
        self._book(
            AttemptDoubted(
                attempt=self.row.attempt,
                job=self.row.job,
                card=self.row.card,
                fed=bool(self.row.fed) or evidence.fed,
                reason=decision.reason,
                evidence={
                    "step": evidence.step.value,
                    "inside": evidence.inside,
                    "chip": evidence.chip.value,
                    "fed": evidence.fed,
                    "good": evidence.good,
                    "rejected": evidence.rejected,
                },
            )
        )

    def _book(self, event: Event) -> None:
        with self.shop.store.transaction(self.shop.actor) as tx:
            self.lease.check(tx.connection)
            tx.record(event)


def _last_intent(connection: Connection, attempt: str) -> Mapping[str, Any]:
    """What the attempt's last intent noted: the machine's counters, and a word on a reject."""
    data = connection.scalar(
        select(db.journal.c.data)
        .where(db.journal.c.subject == attempt, db.journal.c.phase == "intent")
        .order_by(db.journal.c.seq.desc())
        .limit(1)
    )
    intent: Mapping[str, Any] = json.loads(data or "{}")
    return intent


def _chip_says(chip: ChipEvidence | None, card: str | None, attempt: str) -> ChipSays:
    if chip is None or chip.card is None:
        return ChipSays.NOTHING
    if card is not None and chip.card != card:
        return ChipSays.ANOTHER_CARD
    if chip.untouched:
        return ChipSays.UNTOUCHED
    if chip.closed_for is None:
        return ChipSays.HALF_WRITTEN
    if chip.closed_for == hashlib.sha256(attempt.encode()).digest()[: len(chip.closed_for)]:
        return ChipSays.CLOSED_FOR_THIS
    return ChipSays.ANOTHER_CARD
