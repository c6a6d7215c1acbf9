"""The governed exits of a card, and other two-person acts: what an approval sets in motion.

Each is carried out in the transaction of its approval: the old serial dead, the job free to be made
again, the case open, or none of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from ektp.cards import SpoilCause
from ektp.errors import LifecycleError, NotFound
from ektp.ids import AttemptId
from ektp.lifecycle import JOB_TRANSITIONS, CardState, JobEvent, JobState
from pipeline.people import KEY_ACTS, Act, Request
from pipeline.store import schema as db
from pipeline.store.events import (
    AttemptDecided,
    BatchState,
    BlanksIssued,
    CardLost,
    CardsDestroyed,
    CardSpoiledLater,
    CaseOpened,
    JobCancelled,
    JobRemade,
)
from pipeline.store.projections.logistics import next_case_id
from pipeline.store.store import Transaction

__all__ = ["carry_out", "find_card"]

_Row = Row[*tuple[Any, ...]]
_OPEN = ("held", "in_doubt")


def carry_out(tx: Transaction, request: Request) -> None:
    """Do what was approved. Raises what the life cycles refuse; then nothing is approved either."""
    arguments = request.arguments
    match request.act:
        case Act.SPOIL_CARD:
            _spoil(tx, arguments["card"], SpoilCause(arguments["cause"]), request.request)
        case Act.LOSE_CARD:
            _lose(tx, arguments["card"], request.request)
        case Act.RELEASE_CARD:
            _release(tx, arguments["card"], request.request)
        case Act.REMAKE_JOB:
            _remake(tx, arguments["job"], arguments["reason"], request.request)
        case Act.DESTROY_CARDS:
            _destroy(tx, arguments, request.request)
        case Act.ISSUE_BLANKS:
            tx.record(BlanksIssued(line=arguments["line"], cards=arguments["cards"]))
        case Act.CANCEL_BATCH:
            _cancel(tx, arguments["batch"], arguments["reason"])
        case _:
            # Acts upon keys are carried out by the token, after their approval stands.
            assert request.act in KEY_ACTS  # noqa: S101 - every other act has its case


def find_card(tx: Transaction, name: str) -> tuple[_Row | None, _Row | None]:
    """The card and its last attempt by chip serial, or by attempt id where no serial is known.

    Raises `NotFound`.
    """
    if name.startswith(AttemptId.prefix + "-"):
        attempt = _attempt(tx, db.attempts.c.attempt == name)
        if attempt is None:
            raise NotFound(attempt=name)
        card = _card(tx, attempt.card) if attempt.card else None
        return card, attempt
    card = _card(tx, name)
    if card is None:
        raise NotFound(card=name)
    attempt = _attempt(tx, db.attempts.c.attempt == card.attempt) if card.attempt else None
    return card, attempt


def _card(tx: Transaction, serial: str) -> _Row | None:
    return tx.connection.execute(select(db.cards).where(db.cards.c.card == serial)).one_or_none()


def _attempt(tx: Transaction, where: Any) -> _Row | None:
    return tx.connection.execute(select(db.attempts).where(where)).one_or_none()


def _decide(
    tx: Transaction, attempt: _Row, decision: str, cause: SpoilCause | None, request: str
) -> None:
    tx.record(
        AttemptDecided(
            attempt=attempt.attempt,
            job=attempt.job,
            card=attempt.card,
            decision=decision,
            cause=None if cause is None else cause.value,
            request=request,
        )
    )


def _spoil(tx: Transaction, name: str, cause: SpoilCause, request: str) -> None:
    card, attempt = find_card(tx, name)
    if attempt is not None and attempt.outcome in _OPEN:
        _decide(tx, attempt, "spoil", cause, request)
        return
    if card is None:
        raise LifecycleError("this attempt is decided, and no serial is known", attempt=name)
    tx.record(CardSpoiledLater(card=card.card, cause=cause.value, request=request))
    _free_job(tx, card.job, f"card spoiled: {cause.value}", request)


def _lose(tx: Transaction, name: str, request: str) -> None:
    card, attempt = find_card(tx, name)
    case_id = next_case_id(tx.connection)
    tx.record(CaseOpened(case_id=case_id, about=name, kind="lost card"))
    if attempt is not None and attempt.outcome in _OPEN:
        _decide(tx, attempt, "lose", SpoilCause.LOST, request)
        return
    if card is None:
        raise LifecycleError("this attempt is decided, and no serial is known", attempt=name)
    tx.record(CardLost(card=card.card, case_id=case_id, request=request))
    _free_job(tx, card.job, "card lost", request)


def _release(tx: Transaction, name: str, request: str) -> None:
    _, attempt = find_card(tx, name)
    if attempt is None or attempt.outcome not in _OPEN or attempt.card is None:
        raise LifecycleError("only a card that is held or in doubt can be released", card=name)
    _decide(tx, attempt, "pass", None, request)


def _remake(tx: Transaction, job: str, reason: str, request: str) -> None:
    row = tx.connection.execute(
        select(db.jobs.c.card, db.jobs.c.state).where(db.jobs.c.job == job)
    ).one_or_none()
    if row is None:
        raise NotFound(job=job)
    in_doubt = tx.connection.scalar(
        select(db.attempts.c.attempt).where(
            db.attempts.c.job == job, db.attempts.c.outcome.in_(_OPEN)
        )
    )
    if in_doubt is not None:
        # A job is not remade while its card is in doubt.
        raise LifecycleError("its card is held or in doubt; decide on it first", job=job)
    if row.card is not None and _is_live(tx, row.card):
        tx.record(CardSpoiledLater(card=row.card, cause=SpoilCause.DAMAGED.value, request=request))
    tx.record(JobRemade(job=job, reason=reason, request=request))


def _is_live(tx: Transaction, card: str) -> bool:
    state = tx.connection.scalar(select(db.cards.c.state).where(db.cards.c.card == card))
    return state not in (CardState.SPOILED.value, CardState.DESTROYED.value, CardState.LOST.value)


def _free_job(tx: Transaction, job: str | None, reason: str, request: str) -> None:
    if job is None:
        return
    state = tx.connection.scalar(select(db.jobs.c.state).where(db.jobs.c.job == job))
    if state is not None and (JobState(state), JobEvent.REMAKE) in JOB_TRANSITIONS:
        tx.record(JobRemade(job=job, reason=reason, request=request))


def _destroy(tx: Transaction, arguments: Mapping[str, Any], request: str) -> None:
    witnesses: Sequence[str] = arguments["witnesses"]
    tx.record(
        CardsDestroyed(
            document=arguments["document"],
            cards=arguments["cards"],
            place=arguments["place"],
            method=arguments["method"],
            witnesses=witnesses,
            request=request,
        )
    )


def _cancel(tx: Transaction, batch: str, reason: str) -> None:
    waiting = [JobState.BATCHED.value, JobState.PREPARED.value]
    for job in tx.connection.scalars(
        select(db.jobs.c.job).where(db.jobs.c.batch == batch, db.jobs.c.state.in_(waiting))
    ).all():
        tx.record(JobCancelled(job=job, reason=reason))
    tx.record(BatchState(batch=batch, state="CANCELLED", reason=reason))
