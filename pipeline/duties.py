"""Who may do what alone: the roles of each duty, the same at every door.

Acts that take two people stand in `pipeline.people`; here are those of one. The first role of a
duty is the one that usually does it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum, unique
from typing import Final

from ektp.journal import Role
from pipeline.founding import TEST_PEOPLE

__all__ = ["ROLES", "Duty", "usual_test_person"]


@unique
class Duty(StrEnum):
    """Something that one person does in their own name."""

    TAKE_IN = "take_in"
    MAKE_BATCH = "make_batch"
    RUN_LINE = "run_line"
    HOLD_BATCH = "hold_batch"
    ORDER_LINE = "order_line"
    SET_UP_LINE = "set_up_line"
    KEEP_STOCK = "keep_stock"
    COUNT_STOCK = "count_stock"
    SHIP = "ship"
    HAND_OVER = "hand_over"
    DRAW_PAPERS = "draw_papers"
    MANAGE_USERS = "manage_users"
    MANAGE_TRUST = "manage_trust"
    MANAGE_OFFICES = "manage_offices"
    MANAGE_STOPS = "manage_stops"
    VERIFY_CARD = "verify_card"
    OPEN_CHIP = "open_chip"
    SHOW_KEYS = "show_keys"
    PURGE = "purge"


_OPERATION: Final = (Role.OPERATOR, Role.SUPERVISOR)
_LOGISTICS: Final = (Role.LOGISTICS, Role.SUPERVISOR)

ROLES: Final[Mapping[Duty, tuple[Role, ...]]] = {
    Duty.TAKE_IN: _OPERATION,
    Duty.MAKE_BATCH: _OPERATION,
    Duty.RUN_LINE: _OPERATION,
    Duty.PURGE: (Role.SUPERVISOR, Role.CUSTODIAN),
    Duty.HOLD_BATCH: (Role.OPERATOR, Role.QA, Role.SUPERVISOR),
    Duty.ORDER_LINE: _OPERATION,
    Duty.SET_UP_LINE: (Role.SUPERVISOR, Role.ADMIN),
    Duty.KEEP_STOCK: _LOGISTICS,
    Duty.COUNT_STOCK: (Role.LOGISTICS, Role.OPERATOR, Role.AUDITOR, Role.SUPERVISOR),
    Duty.SHIP: _LOGISTICS,
    Duty.HAND_OVER: _LOGISTICS,
    Duty.DRAW_PAPERS: (Role.LOGISTICS, Role.OPERATOR, Role.QA, Role.SUPERVISOR, Role.AUDITOR),
    Duty.MANAGE_USERS: (Role.SUPERVISOR, Role.ADMIN),
    Duty.MANAGE_TRUST: (Role.SUPERVISOR, Role.CUSTODIAN),
    Duty.MANAGE_OFFICES: (Role.SUPERVISOR, Role.LOGISTICS, Role.ADMIN),
    Duty.VERIFY_CARD: (Role.QA, Role.OPERATOR, Role.LOGISTICS, Role.SUPERVISOR, Role.AUDITOR),
    Duty.OPEN_CHIP: (Role.QA, Role.SUPERVISOR),
    Duty.SHOW_KEYS: (Role.CUSTODIAN, Role.SUPERVISOR, Role.AUDITOR),
    Duty.MANAGE_STOPS: (Role.SUPERVISOR, Role.QA, Role.OPERATOR),
}
"""The roles that cover a duty."""

_USUALLY: Final = (Role.OPERATOR, Role.LOGISTICS, Role.QA, Role.SUPERVISOR)


def usual_test_person(roles: Iterable[Role], *, but: str = "") -> str:
    """The person of a simulated home who acts where nobody was named.

    Of an ordered choice the first role acts; of a set the one that stands nearest to the work. A
    second word is never given by the person who gave the first (`but`).
    """
    wanted = tuple(roles)
    if isinstance(roles, (set, frozenset)):
        wanted = tuple(sorted(wanted, key=_nearness))
    return next(
        name
        for role in wanted
        for name, theirs in TEST_PEOPLE.items()
        if role in theirs and name != but
    )


def _nearness(role: Role) -> int:
    return _USUALLY.index(role) if role in _USUALLY else len(_USUALLY)
