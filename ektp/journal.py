"""The journal's vocabulary: who acted, what an entry holds, and how entries are chained.

Canonical bytes are RFC 8785 (JCS); each entry's hash is SHA-256 over the previous entry's hash and
the entry's own canonical bytes, so an entry cannot be altered, removed, inserted or moved unseen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum, unique
from typing import Final

import rfc8785

__all__ = ["GENESIS", "Actor", "JournalEntry", "Phase", "Role", "chain_hash", "utc_text"]

GENESIS: Final = bytes(32)
"""The previous hash of the first entry."""


@unique
class Role(StrEnum):
    """What a person may do. Nobody's role lets them give both words of a two-person act."""

    OPERATOR = "operator"
    QA = "qa"
    LOGISTICS = "logistics"
    SUPERVISOR = "supervisor"
    CUSTODIAN = "custodian"
    AUDITOR = "auditor"
    ADMIN = "admin"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: the principal (a user, or `system`), in which role, at which station."""

    principal: str
    role: Role
    station: str


@unique
class Phase(StrEnum):
    """What an entry is: a fact, an intent before a physical act, or the outcome after it."""

    FACT = "fact"
    INTENT = "intent"
    OUTCOME = "outcome"


def utc_text(moment: datetime) -> str:
    """A moment as the store keeps it: UTC, microseconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One line of the journal; `data` holds JSON values, ids and digests only."""

    seq: int
    at: str
    phase: Phase
    event: str
    actor: Actor
    data: Mapping[str, object]

    @property
    def canonical(self) -> bytes:
        """RFC 8785 bytes of the entry."""
        return rfc8785.dumps(
            {
                "seq": self.seq,
                "at": self.at,
                "phase": self.phase.value,
                "event": self.event,
                "principal": self.actor.principal,
                "role": self.actor.role.value,
                "station": self.actor.station,
                "data": dict(self.data),  # type: ignore[arg-type]
            }
        )


def chain_hash(previous: bytes, entry: JournalEntry) -> bytes:
    """The hash of an entry that follows the one whose hash is `previous`."""
    return hashlib.sha256(previous + entry.canonical).digest()
