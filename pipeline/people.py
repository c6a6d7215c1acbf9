"""People who act: users with roles, and acts that take two of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any, Final

from sqlalchemy import Connection, select

from ektp.errors import (
    ConfigurationError,
    LifecycleError,
    NotAllowed,
    NotFound,
    SecondPersonRequired,
)
from ektp.ids import RequestId
from ektp.journal import Actor, Role
from ektp.ports import Entropy
from pipeline.home import new_id
from pipeline.store import schema as db
from pipeline.store.events import (
    RequestDecided,
    RequestMade,
    UserAdded,
    UserDisabled,
    UserRolesChanged,
)
from pipeline.store.store import Store, Transaction

__all__ = [
    "KEY_ACTS",
    "MAY_APPROVE",
    "MAY_ASK",
    "Act",
    "actor_for",
    "add_user",
    "decide_request",
    "find_request",
    "request_act",
]


@unique
class Act(StrEnum):
    """Acts that take two people, wherever they are asked for."""

    SPOIL_CARD = "spoil_card"
    REMAKE_JOB = "remake_job"
    DESTROY_CARDS = "destroy_cards"
    RELEASE_CARD = "release_card"
    LOSE_CARD = "lose_card"
    ISSUE_BLANKS = "issue_blanks"
    CANCEL_BATCH = "cancel_batch"
    MAKE_KEYS = "make_keys"
    ROTATE_SIGNER = "rotate_signer"
    ROTATE_CSCA = "rotate_csca"
    REVOKE_SIGNER = "revoke_signer"
    ISSUE_SAM = "issue_sam"
    REVOKE_SAM = "revoke_sam"


KEY_ACTS: Final = (
    Act.MAKE_KEYS,
    Act.ROTATE_SIGNER,
    Act.ROTATE_CSCA,
    Act.REVOKE_SIGNER,
    Act.ISSUE_SAM,
    Act.REVOKE_SAM,
)
"""Acts upon keys: two custodians, each with their own word."""

MAY_ASK: Mapping[Act, frozenset[Role]] = {
    Act.SPOIL_CARD: frozenset({Role.OPERATOR, Role.QA, Role.LOGISTICS, Role.SUPERVISOR}),
    Act.REMAKE_JOB: frozenset({Role.OPERATOR, Role.QA, Role.LOGISTICS, Role.SUPERVISOR}),
    Act.DESTROY_CARDS: frozenset({Role.LOGISTICS, Role.QA, Role.SUPERVISOR}),
    Act.RELEASE_CARD: frozenset({Role.OPERATOR, Role.QA, Role.SUPERVISOR}),
    Act.LOSE_CARD: frozenset({Role.OPERATOR, Role.QA, Role.LOGISTICS, Role.SUPERVISOR}),
    Act.ISSUE_BLANKS: frozenset({Role.OPERATOR, Role.LOGISTICS, Role.SUPERVISOR}),
    Act.CANCEL_BATCH: frozenset({Role.OPERATOR, Role.SUPERVISOR}),
    **dict.fromkeys(KEY_ACTS, frozenset({Role.CUSTODIAN})),
}
"""Who may give the first word."""

MAY_APPROVE: Mapping[Act, frozenset[Role]] = {
    **dict.fromkeys(Act, frozenset({Role.SUPERVISOR, Role.QA})),
    **dict.fromkeys(KEY_ACTS, frozenset({Role.CUSTODIAN})),
}
"""Who may give the second: supervisors and QA; for keys, key custodians and nobody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person with an account here."""

    name: str
    roles: tuple[Role, ...]
    disabled: bool


def list_users(connection: Connection) -> list[User]:
    """All accounts."""
    return [
        User(
            name=row.name,
            roles=tuple(Role(role) for role in row.roles.split()),
            disabled=row.disabled,
        )
        for row in connection.execute(select(db.users).order_by(db.users.c.name))
    ]


def find_user(connection: Connection, name: str) -> User:
    """One account. Raises `NotFound`."""
    for user in list_users(connection):
        if user.name == name:
            return user
    raise NotFound("no such user; see: ektp users list", user=name)


def actor_for(
    connection: Connection, name: str, station: str, wanted: frozenset[Role] | None = None
) -> Actor:
    """The actor for a user at a station, in the first of their roles that the act asks for.

    Raises `NotFound`, or `NotAllowed` where none of the roles covers it.
    """
    user = find_user(connection, name)
    if user.disabled:
        raise NotAllowed("this account is disabled", user=name)
    roles = [role for role in user.roles if wanted is None or role in wanted]
    if not roles:
        raise NotAllowed(user=name, wanted="/".join(sorted(wanted or ())))
    return Actor(principal=name, role=roles[0], station=station)


def add_user(store: Store, actor: Actor, name: str, roles: Sequence[Role]) -> None:
    """Give a person an account. Raises `ConfigurationError` where the name is taken or odd."""
    if not name.isidentifier() or not roles:
        raise ConfigurationError("a user has a name of letters and digits, and a role")
    with store.transaction(actor) as tx:
        if tx.connection.scalar(select(db.users.c.name).where(db.users.c.name == name)):
            raise ConfigurationError("there is such a user already", user=name)
        tx.record(UserAdded(user=name, roles=[role.value for role in roles]))


def change_roles(store: Store, actor: Actor, name: str, roles: Sequence[Role]) -> None:
    """Give a person other roles. Raises `NotFound`."""
    with store.transaction(actor) as tx:
        find_user(tx.connection, name)
        tx.record(UserRolesChanged(user=name, roles=[role.value for role in roles]))


def disable_user(store: Store, actor: Actor, name: str) -> None:
    """Close an account. Raises `NotFound`."""
    with store.transaction(actor) as tx:
        find_user(tx.connection, name)
        tx.record(UserDisabled(user=name))


# --- two-person acts ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A two-person act that was asked for."""

    request: RequestId
    act: Act
    arguments: Mapping[str, Any]
    state: str
    requested_by: str
    decided_by: str | None


def request_act(
    store: Store, entropy: Entropy, actor: Actor, act: Act, arguments: Mapping[str, Any]
) -> RequestId:
    """Give the first word. Raises `NotAllowed`."""
    if actor.role not in MAY_ASK[act]:
        raise NotAllowed(act=act.value, role=actor.role.value)
    request = new_id(RequestId, entropy)
    with store.transaction(actor) as tx:
        tx.record(RequestMade(request=request, act=act, arguments=arguments))
    return request


def list_requests(connection: Connection, state: str | None = "OPEN") -> list[Request]:
    """Requests in a state, oldest first."""
    query = select(db.requests).order_by(db.requests.c.at)
    if state is not None:
        query = query.where(db.requests.c.state == state)
    return [
        Request(
            request=RequestId(row.request),
            act=Act(row.act),
            arguments=json.loads(row.arguments),
            state=row.state,
            requested_by=row.requested_by,
            decided_by=row.decided_by,
        )
        for row in connection.execute(query)
    ]


def find_request(connection: Connection, request: str) -> Request:
    """One request. Raises `NotFound`."""
    for item in list_requests(connection, None):
        if item.request == request:
            return item
    raise NotFound(request=request)


def decide_request(
    store: Store,
    actor: Actor,
    request: str,
    carry_out: Callable[[Transaction, Request], None],
    *,
    approve: bool = True,
) -> Request:
    """Give the second word; on approval the act is carried out in the same transaction.

    Raises `SecondPersonRequired` where it is the same person, whatever their role now;
    `NotAllowed`, `NotFound`, or `LifecycleError` where the request was decided before.
    """
    with store.transaction(actor) as tx:
        wanted = find_request(tx.connection, request)
        if wanted.state != "OPEN":
            raise LifecycleError("this request was decided before", request=request)
        if wanted.requested_by == actor.principal:
            raise SecondPersonRequired(request=request, user=actor.principal)
        if actor.role not in MAY_APPROVE[wanted.act]:
            raise NotAllowed(request=request, role=actor.role.value)
        tx.record(RequestDecided(request=request, approved=approve))
        if approve:
            carry_out(tx, wanted)
    return wanted
