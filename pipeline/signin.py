"""Who somebody is, in a production home: a PIN, kept as a scrypt digest, and three tries.

A fresh account has a one-time code; using it means choosing a PIN.
"""

from __future__ import annotations

import hmac
import os
import secrets
from typing import Final

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from sqlalchemy import delete, insert, select, update

from ektp.errors import NotAllowed
from ektp.journal import Actor
from pipeline.store import schema as db
from pipeline.store.store import Store, Transaction

__all__ = ["MOST_FAILURES", "one_time_code", "prove", "set_pin"]

MOST_FAILURES: Final = 3
_LEAST_PIN: Final = 8


def one_time_code(tx: Transaction, name: str) -> str:
    """A code that lets a person in once, to choose a PIN."""
    code = secrets.token_urlsafe(12)
    _store(tx, name, code, one_time=True)
    return code


def set_pin(store: Store, actor: Actor, name: str, old: str, pin: str) -> None:
    """Choose a PIN with the old one, or with the one-time code. Raises `NotAllowed`."""
    if len(pin) < _LEAST_PIN:
        raise NotAllowed("a PIN has at least eight characters", user=name)
    with store.transaction(actor) as tx:
        refused = _refusal(tx, name, old, one_time_is_enough=True)
        if refused is None:
            _store(tx, name, pin, one_time=False)
    # Raised after the commit: a wrong try stays counted.
    if refused is not None:
        raise refused


def prove(tx: Transaction, name: str, pin: str) -> bool:
    """Whether this is the person. Wrong tries are counted; three in a row lock the account."""
    return _refusal(tx, name, pin, one_time_is_enough=False) is None


def _refusal(
    tx: Transaction, name: str, pin: str, *, one_time_is_enough: bool
) -> NotAllowed | None:
    """Why this secret does not do, or None; the try is counted in the transaction."""
    row = tx.connection.execute(
        select(db.credentials).where(db.credentials.c.name == name)
    ).one_or_none()
    if row is None or row.failures >= MOST_FAILURES:
        return NotAllowed("no sign-in, or locked; ask a supervisor", user=name)
    right = hmac.compare_digest(_digest(row.salt, pin), row.digest)
    failures = 0 if right else row.failures + 1
    tx.connection.execute(
        update(db.credentials).where(db.credentials.c.name == name).values(failures=failures)
    )
    if not right:
        return NotAllowed("the PIN is wrong", user=name, left=MOST_FAILURES - failures)
    if row.one_time and not one_time_is_enough:
        return NotAllowed("choose a PIN first: ektp users pin", user=name)
    return None


def _store(tx: Transaction, name: str, secret: str, *, one_time: bool) -> None:
    salt = os.urandom(16)
    tx.connection.execute(delete(db.credentials).where(db.credentials.c.name == name))
    tx.connection.execute(
        insert(db.credentials).values(
            name=name,
            salt=salt,
            digest=_digest(salt, secret),
            one_time=one_time,
            failures=0,
        )
    )


def _digest(salt: bytes, secret: str) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**14, r=8, p=1).derive(secret.encode())
