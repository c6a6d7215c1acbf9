"""The two life cycles, kept apart: what the citizen is owed (job), and plastic (card).

Each is a table and one pure function, `advance`. What is stored is a projection of the journal.
"""

from __future__ import annotations

from enum import StrEnum, unique
from typing import Final, overload

from ektp.errors import TransitionRefused

__all__ = [
    "CARD_TRANSITIONS",
    "IN_MACHINE",
    "JOB_TRANSITIONS",
    "LIVE_CARD",
    "CardEvent",
    "CardState",
    "JobEvent",
    "JobState",
    "advance",
]


@unique
class JobState(StrEnum):
    """Where a citizen's order stands."""

    ACCEPTED = "ACCEPTED"
    BATCHED = "BATCHED"
    PREPARED = "PREPARED"
    IN_PRODUCTION = "IN_PRODUCTION"
    PRODUCED = "PRODUCED"
    PACKED = "PACKED"
    DISPATCHED = "DISPATCHED"
    DELIVERED = "DELIVERED"
    HANDED_OVER = "HANDED_OVER"
    HELD = "HELD"
    CANCELLED = "CANCELLED"


@unique
class JobEvent(StrEnum):
    """What can happen to a job."""

    BATCH = "BATCH"
    UNBATCH = "UNBATCH"
    PREPARE = "PREPARE"
    START = "START"
    REMAKE = "REMAKE"
    PRODUCE = "PRODUCE"
    PACK = "PACK"
    UNPACK = "UNPACK"
    DISPATCH = "DISPATCH"
    DELIVER = "DELIVER"
    HAND_OVER = "HAND_OVER"
    HOLD = "HOLD"
    RELEASE = "RELEASE"
    CANCEL = "CANCEL"


@unique
class CardState(StrEnum):
    """Where a piece of plastic is and what it has become."""

    IN_VAULT = "IN_VAULT"
    ISSUED = "ISSUED"
    LOADED = "LOADED"
    ENCODING = "ENCODING"
    ENCODED = "ENCODED"
    PRINTING = "PRINTING"
    PRINTED = "PRINTED"
    PASSED = "PASSED"
    PACKED = "PACKED"
    DISPATCHED = "DISPATCHED"
    DELIVERED = "DELIVERED"
    HANDED_OVER = "HANDED_OVER"
    HELD = "HELD"
    IN_DOUBT = "IN_DOUBT"
    SPOILED = "SPOILED"
    DESTROYED = "DESTROYED"
    SAMPLE = "SAMPLE"
    LOST = "LOST"
    COLLECTED_BACK = "COLLECTED_BACK"


@unique
class CardEvent(StrEnum):
    """What can happen to a card."""

    ISSUE = "ISSUE"
    RETURN = "RETURN"
    LOAD = "LOAD"
    ENCODE = "ENCODE"
    ENCODE_DONE = "ENCODE_DONE"
    PRINT = "PRINT"
    PRINT_DONE = "PRINT_DONE"
    PASS = "PASS"
    PACK = "PACK"
    UNPACK = "UNPACK"
    DISPATCH = "DISPATCH"
    DELIVER = "DELIVER"
    HAND_OVER = "HAND_OVER"
    HOLD = "HOLD"
    DOUBT = "DOUBT"
    SPOIL = "SPOIL"
    DESTROY = "DESTROY"
    TAKE_SAMPLE = "TAKE_SAMPLE"
    LOSE = "LOSE"
    COLLECT_BACK = "COLLECT_BACK"


_J = JobState
_JE = JobEvent
JOB_TRANSITIONS: Final[dict[tuple[JobState, JobEvent], JobState]] = {
    (_J.ACCEPTED, _JE.BATCH): _J.BATCHED,
    (_J.BATCHED, _JE.UNBATCH): _J.ACCEPTED,
    (_J.PREPARED, _JE.UNBATCH): _J.ACCEPTED,
    (_J.BATCHED, _JE.PREPARE): _J.PREPARED,
    (_J.PREPARED, _JE.START): _J.IN_PRODUCTION,
    (_J.IN_PRODUCTION, _JE.REMAKE): _J.PREPARED,
    (_J.IN_PRODUCTION, _JE.PRODUCE): _J.PRODUCED,
    (_J.PRODUCED, _JE.PACK): _J.PACKED,
    (_J.PACKED, _JE.UNPACK): _J.PRODUCED,
    (_J.PACKED, _JE.DISPATCH): _J.DISPATCHED,
    (_J.DISPATCHED, _JE.DELIVER): _J.DELIVERED,
    (_J.DELIVERED, _JE.HAND_OVER): _J.HANDED_OVER,
    # A remake after the line: the card was found bad, lost or refused on its way.
    (_J.PRODUCED, _JE.REMAKE): _J.ACCEPTED,
    (_J.PACKED, _JE.REMAKE): _J.ACCEPTED,
    (_J.DISPATCHED, _JE.REMAKE): _J.ACCEPTED,
    (_J.DELIVERED, _JE.REMAKE): _J.ACCEPTED,
    **{
        (state, _JE.HOLD): _J.HELD
        for state in (_J.ACCEPTED, _J.BATCHED, _J.PREPARED, _J.IN_PRODUCTION, _J.PRODUCED)
    },
    **{
        (state, _JE.CANCEL): _J.CANCELLED
        for state in (_J.ACCEPTED, _J.BATCHED, _J.PREPARED, _J.HELD)
    },
    # A released job starts over: it is chosen, prepared and made with a fresh blank.
    (_J.HELD, _JE.RELEASE): _J.ACCEPTED,
    (_J.HELD, _JE.REMAKE): _J.ACCEPTED,
    (_J.HELD, _JE.PRODUCE): _J.PRODUCED,
}
"""Job state and event to the next state; what is not here is refused."""

_C = CardState
_CE = CardEvent
IN_MACHINE: Final = frozenset(
    {_C.LOADED, _C.ENCODING, _C.ENCODED, _C.PRINTING, _C.PRINTED},
)
"""States of a card that is inside a machine."""

LIVE_CARD: Final = IN_MACHINE | {
    _C.PASSED,
    _C.PACKED,
    _C.DISPATCHED,
    _C.DELIVERED,
    _C.IN_DOUBT,
    _C.HELD,
}
"""States of which a citizen can have one card at most."""

CARD_TRANSITIONS: Final[dict[tuple[CardState, CardEvent], CardState]] = {
    (_C.IN_VAULT, _CE.ISSUE): _C.ISSUED,
    (_C.ISSUED, _CE.RETURN): _C.IN_VAULT,
    (_C.ISSUED, _CE.LOAD): _C.LOADED,
    (_C.LOADED, _CE.ENCODE): _C.ENCODING,
    # A second intent, where evidence shows that the first one never began.
    (_C.ENCODING, _CE.ENCODE): _C.ENCODING,
    (_C.PRINTING, _CE.PRINT): _C.PRINTING,
    (_C.ENCODING, _CE.ENCODE_DONE): _C.ENCODED,
    (_C.ENCODED, _CE.PRINT): _C.PRINTING,
    (_C.PRINTING, _CE.PRINT_DONE): _C.PRINTED,
    (_C.PRINTED, _CE.PASS): _C.PASSED,
    (_C.PASSED, _CE.PACK): _C.PACKED,
    (_C.PACKED, _CE.UNPACK): _C.PASSED,
    (_C.PACKED, _CE.DISPATCH): _C.DISPATCHED,
    (_C.DISPATCHED, _CE.DELIVER): _C.DELIVERED,
    (_C.DELIVERED, _CE.HAND_OVER): _C.HANDED_OVER,
    (_C.HANDED_OVER, _CE.COLLECT_BACK): _C.COLLECTED_BACK,
    (_C.HANDED_OVER, _CE.LOSE): _C.LOST,
    (_C.COLLECTED_BACK, _CE.DESTROY): _C.DESTROYED,
    (_C.SPOILED, _CE.DESTROY): _C.DESTROYED,
    (_C.SAMPLE, _CE.DESTROY): _C.DESTROYED,
    (_C.ISSUED, _CE.TAKE_SAMPLE): _C.SAMPLE,
    (_C.IN_VAULT, _CE.TAKE_SAMPLE): _C.SAMPLE,
    (_C.PRINTED, _CE.TAKE_SAMPLE): _C.SAMPLE,
    # People and evidence resolve a doubt: good after all, bad, or gone.
    (_C.IN_DOUBT, _CE.PASS): _C.PASSED,
    (_C.HELD, _CE.PASS): _C.PASSED,
    (_C.IN_DOUBT, _CE.HOLD): _C.HELD,
    # Evidence can also show that the act in doubt never began or was complete.
    (_C.IN_DOUBT, _CE.LOAD): _C.LOADED,
    (_C.IN_DOUBT, _CE.ENCODE_DONE): _C.ENCODED,
    (_C.IN_DOUBT, _CE.PRINT_DONE): _C.PRINTED,
    **{(state, _CE.DOUBT): _C.IN_DOUBT for state in IN_MACHINE},
    **{(state, _CE.HOLD): _C.HELD for state in IN_MACHINE | {_C.PASSED, _C.DELIVERED}},
    **{
        (state, _CE.SPOIL): _C.SPOILED
        for state in (LIVE_CARD | {_C.ISSUED, _C.IN_VAULT}) - {_C.DISPATCHED}
    },
    **{(state, _CE.LOSE): _C.LOST for state in LIVE_CARD | {_C.ISSUED, _C.IN_VAULT, _C.SPOILED}},
}
"""Card state and event to the next state. A spoiled card never comes back."""


@overload
def advance(state: JobState, event: JobEvent) -> JobState: ...
@overload
def advance(state: CardState, event: CardEvent) -> CardState: ...
def advance(state: JobState | CardState, event: JobEvent | CardEvent) -> JobState | CardState:
    """The next state.

    Raises `TransitionRefused` where the table has no such step.
    """
    following: JobState | CardState | None
    if isinstance(state, JobState) and isinstance(event, JobEvent):
        following = JOB_TRANSITIONS.get((state, event))
    elif isinstance(state, CardState) and isinstance(event, CardEvent):
        following = CARD_TRANSITIONS.get((state, event))
    else:
        following = None
    if following is None:
        raise TransitionRefused(state=state.value, event=event.value)
    return following
