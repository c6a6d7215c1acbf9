"""Who may do what, when, by which way: the table of docs/secure-channel.md section 7 as data."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto, unique
from typing import Final

from ektp.apdu import StatusWord
from simulation.chip.security import LifeCycle, Way

__all__ = ["RIGHTS", "Operation", "refusal"]


@unique
class Operation(Enum):
    """What a command does, as far as rights tell commands apart."""

    IDENTIFY = auto()
    """GET DATA (CPLC), GET STATUS."""
    OPEN_CHANNEL = auto()
    """GET DATA (key information, `7F66`), INITIALIZE UPDATE, EXTERNAL AUTHENTICATE of SCP03."""
    SELECT = auto()
    READ = auto()
    """READ BINARY; the rule of the file decides besides."""
    BEGIN = auto()
    """CREATE FILE of the application and of the marker, UPDATE BINARY of the marker."""
    WRITE = auto()
    """Every other CREATE FILE and UPDATE BINARY, PUT DATA, FILE DIGEST, SET STATUS (SECURED)."""
    CHANGE_KEYS = auto()
    """PUT KEY."""
    TERMINATE = auto()
    """SET STATUS (TERMINATED)."""
    CHALLENGE = auto()
    """GET CHALLENGE, and the UID command of type B."""
    AUTHENTICATE = auto()
    """A reader's authentication, in plain form."""
    AUTHENTICATE_AGAIN = auto()
    """PACE, in plain form, and what proves the chip, in a session (`22`, `86`, `88`)."""


_PLAIN, _MESSAGING = frozenset({Way.PLAIN}), frozenset({Way.MESSAGING})
_CARD, _TRANSPORT = frozenset({Way.CARD}), frozenset({Way.TRANSPORT})
_CHANNEL = _CARD | _TRANSPORT
_O = Operation

RIGHTS: Final[Mapping[LifeCycle, Mapping[Operation, frozenset[Way]]]] = {
    LifeCycle.OP_READY: {
        _O.IDENTIFY: _PLAIN | _CHANNEL,
        _O.OPEN_CHANNEL: _PLAIN,
        _O.SELECT: _PLAIN | _CHANNEL,
        _O.READ: _PLAIN,
        _O.BEGIN: _CHANNEL,
        _O.WRITE: _CARD,
        _O.CHANGE_KEYS: _TRANSPORT,
        _O.TERMINATE: _CHANNEL,
        _O.CHALLENGE: _PLAIN,
    },
    LifeCycle.SECURED: {
        _O.IDENTIFY: _PLAIN | _CHANNEL,
        _O.OPEN_CHANNEL: _PLAIN,
        _O.SELECT: _PLAIN | _MESSAGING,
        _O.READ: _PLAIN | _MESSAGING,
        _O.TERMINATE: _CHANNEL,
        _O.CHALLENGE: _PLAIN,
        _O.AUTHENTICATE: _PLAIN,
        _O.AUTHENTICATE_AGAIN: _PLAIN | _MESSAGING,
    },
    LifeCycle.TERMINATED: {_O.IDENTIFY: _PLAIN},
}
"""The ways by which an operation is allowed, by life cycle; what is not here is refused."""


def refusal(operation: Operation, life_cycle: LifeCycle, way: Way) -> StatusWord | None:
    """Why the operation is refused, or None where it is allowed.

    6985 in another state of life or under the other key set, 6982 in plain form, and 6D00 where
    secure messaging or the channel does not carry it.
    """
    allowed = RIGHTS[life_cycle].get(operation)
    if allowed is None:
        return StatusWord.CONDITIONS_NOT_SATISFIED
    if way in allowed:
        return None
    if way is Way.PLAIN:
        return StatusWord.SECURITY_STATUS_NOT_SATISFIED
    if way in _CHANNEL and allowed & _CHANNEL:
        return StatusWord.CONDITIONS_NOT_SATISFIED
    return StatusWord.INS_NOT_SUPPORTED
