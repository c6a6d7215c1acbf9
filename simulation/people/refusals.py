"""Records that must be refused: every kind of `contract/approved-record.md`, each in several forms.

Each case is a good record of a synthetic person with one thing wrong, as the raw bytes of its line.
It tells its kind, so that a test, or a rehearsal in an office, can see that exactly the bad lines
were refused and each for its own reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from simulation.people.approver import record_line
from simulation.people.identity import nik_of
from simulation.people.mix import PeopleMix, default_mix
from simulation.people.records import Record, record_of
from simulation.people.spoilers import SPOILERS, Spoiler, Spoilt

__all__ = ["FIRST_BAD_INDEX", "FORMS", "RefusalKind", "RefusedCase", "spoiled_records"]

FIRST_BAD_INDEX: Final = 5_000_000
"""Where bad people begin by default: no good file of the same seed reaches so far."""

_ID_LIMIT: Final = 64


@unique
class RefusalKind(StrEnum):
    """The refusals of the contract, in its order; each has a code of its own at intake."""

    NOT_JSON = "not_json"
    WRONG_FORM = "wrong_form"
    FIELD_MISSING = "field_missing"
    NOT_ASCII_DIGIT = "not_ascii_digit"
    HIDDEN_CHARACTER = "hidden_character"
    NO_SUCH_DATE = "no_such_date"
    BORN_IN_FUTURE = "born_in_future"
    NO_EXPIRY = "no_expiry"
    NO_REASON = "no_reason"
    NO_FACE = "no_face"
    NO_SIGNATURE = "no_signature"
    PORTRAIT_BROKEN = "portrait_broken"
    PORTRAIT_SMALL = "portrait_small"
    PORTRAIT_LARGE = "portrait_large"
    SIGNATURE_BROKEN = "signature_broken"
    TEMPLATE_BROKEN = "template_broken"
    DOES_NOT_FIT = "does_not_fit"
    GLYPH_MISSING = "glyph_missing"
    OFFICE_UNKNOWN = "office_unknown"
    NOT_APPROVED = "not_approved"
    NIK_DIFFERS = "nik_differs"
    SECOND_REQUEST = "second_request"
    CONTENT_DIFFERS = "content_differs"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCase:
    """One line that must be refused.

    `form` says in which of its forms the kind comes. `request_id` is the id that the line shows,
    None where none can be read or it is longer than an id can be. `precedents`
    are good lines that must stand before it for it to be wrong (an earlier request). `stop_nik`
    must stand on the stop list for it to be wrong.
    """

    kind: RefusalKind
    form: str
    line: bytes
    request_id: str | None
    precedents: tuple[bytes, ...] = ()
    stop_nik: str | None = None

    def __repr__(self) -> str:
        return f"RefusedCase({self.kind.value}: {self.form}, {self.request_id})"


def spoiled_records(
    seed: int,
    *,
    count: int | None = None,
    first_index: int = FIRST_BAD_INDEX,
    mix: PeopleMix | None = None,
) -> Iterator[RefusedCase]:
    """Bad records of one seed: each form of each kind once, or `count` of them in rotation.

    Made of the people from `first_index` on (two indices for each case), so that they meet nobody
    of a good file. Raises `ValueError` for a negative count.
    """
    if count is not None and count < 0:
        msg = "a count is not negative"
        raise ValueError(msg)
    return _cases(seed, len(FORMS) if count is None else count, first_index, mix or default_mix())


def _cases(seed: int, count: int, first_index: int, mix: PeopleMix) -> Iterator[RefusedCase]:
    for number in range(count):
        kind, form = FORMS[number % len(FORMS)]
        yield _case(kind, form, seed, first_index + 2 * number, mix)


def _case(kind: RefusalKind, form: str, seed: int, index: int, mix: PeopleMix) -> RefusedCase:
    good = record_of(seed, index, mix)
    match kind:
        case RefusalKind.NIK_DIFFERS:
            spoilt = Spoilt(record={**good, "personId": nik_of(seed, index + 1, mix)})
        case RefusalKind.SECOND_REQUEST:
            spoilt = Spoilt(record=_asked_again(good), precedent=good)
        case RefusalKind.CONTENT_DIFFERS:
            spoilt = Spoilt(record=_moved(good), precedent=good)
        case RefusalKind.STOPPED:
            spoilt = Spoilt(record=good)
        case _:
            spoilt = _spoiler(kind, form)(good)
    line = spoilt.line if spoilt.line is not None else record_line(spoilt.record)
    return RefusedCase(
        kind=kind,
        form=form,
        line=line,
        request_id=_shown_id(line),
        precedents=() if spoilt.precedent is None else (record_line(spoilt.precedent),),
        stop_nik=good["personId"] if kind is RefusalKind.STOPPED else None,
    )


def _spoiler(kind: RefusalKind, form: str) -> Spoiler:
    return SPOILERS[kind.value][form]


def _asked_again(good: Record) -> Record:
    return {**good, "credentialRequestId": good["credentialRequestId"] + ".again"}


def _moved(good: Record) -> Record:
    return {**good, "biographicData": {**good["biographicData"], "address": "JL. LAIN NO. 1"}}


def _shown_id(line: bytes) -> str | None:
    try:
        document = json.loads(line)
    except ValueError:
        return None
    shown = document.get("credentialRequestId") if isinstance(document, dict) else None
    if isinstance(shown, str) and shown.isascii() and len(shown) <= _ID_LIMIT:
        return shown
    return None


FORMS: Final = tuple(
    (kind, form) for kind in RefusalKind for form in (SPOILERS.get(kind.value, ("plain",)))
)
"""Every kind in every form, in the order in which they come."""
