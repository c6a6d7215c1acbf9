"""The vault: the only place where personal data rest.

One data key per job, wrapped by the token's key-encryption key; each part is AES-256-GCM sealed
with table, job and part as associated data, so that a part cannot be moved to another job. Whoever
opens a part names the purpose, and the opening is journalled in the same transaction.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, insert, select

from ektp.errors import NotFound, SealBroken
from ektp.ports import KeyService
from pipeline.store import schema as db
from pipeline.store.events import VaultOpened, VaultPurged
from pipeline.store.store import Transaction

__all__ = ["Part", "Purpose", "Vault"]

_NONCE_BYTES = 12
_KEY_BYTES = 32


@unique
class Part(StrEnum):
    """What is sealed apart, so that opening one does not open the rest."""

    BIOGRAPHIC = "biographic"
    RECORD = "record"
    PACKAGE = "package"
    ACCESS = "access"
    """What opens a finished chip: the MRZ and the CAN that were printed on its card."""


@unique
class Purpose(StrEnum):
    """Why a part is opened."""

    PREPARE = "prepare"
    PRODUCE = "produce"
    INSPECT = "inspect"
    PACK = "pack"
    NOTIFY = "notify"
    HAND_OVER = "hand_over"
    TRAIL = "trail"


def _aad(job: str, part: Part) -> bytes:
    return f"vault|{job}|{part.value}|1".encode()


@dataclass(slots=True)
class Vault:
    """Seals and opens, with the token's help."""

    keys: KeyService
    _unwrapped: dict[str, bytes] = field(default_factory=dict, repr=False)

    def seal(self, tx: Transaction, job: str, parts: Mapping[Part, bytes]) -> None:
        """Seal parts of a job, under its data key, which is made with its first part."""
        self.store(tx, job, self.seal_parts(tx.connection, job, parts))

    def seal_parts(
        self, connection: Connection, job: str, parts: Mapping[Part, bytes]
    ) -> dict[Part, bytes]:
        """The sealed form of parts, to be stored in a later transaction."""
        key = self._key_of(connection, job, make=True)
        sealed = {}
        for part, content in parts.items():
            nonce = os.urandom(_NONCE_BYTES)
            sealed[part] = nonce + AESGCM(key).encrypt(nonce, content, _aad(job, part))
        return sealed

    def store(self, tx: Transaction, job: str, sealed: Mapping[Part, bytes]) -> None:
        """Write sealed parts, replacing older ones, and the data key if it is new."""
        connection = tx.connection
        known = connection.scalar(select(db.vault_keys.c.job).where(db.vault_keys.c.job == job))
        if known is None:
            wrapped = self.keys.wrap_data_key(self._unwrapped[job])
            connection.execute(insert(db.vault_keys).values(job=job, wrapped=wrapped))
        else:
            connection.execute(
                delete(db.vault).where(db.vault.c.job == job, db.vault.c.part.in_(list(sealed)))
            )
        connection.execute(
            insert(db.vault),
            [
                {"job": job, "part": part.value, "sealed": content}
                for part, content in sealed.items()
            ],
        )
        self._unwrapped.pop(job, None)

    def open(
        self,
        tx: Transaction,
        jobs: Sequence[str],
        part: Part,
        purpose: Purpose,
        *,
        reason: str = "",
    ) -> dict[str, bytes]:
        """The part of each job, for a purpose; the opening is journalled.

        Raises `NotFound` where a job has no such part (it was purged), `SealBroken` where one does
        not open.
        """
        tx.record(VaultOpened(purpose=purpose, jobs=list(jobs), reason=reason))
        return {job: self._open(tx.connection, job, part) for job in jobs}

    def _open(self, connection: Connection, job: str, part: Part) -> bytes:
        sealed = connection.scalar(
            select(db.vault.c.sealed).where(db.vault.c.job == job, db.vault.c.part == part.value)
        )
        if sealed is None:
            raise NotFound("the vault has no such part", job=job, part=part.value)
        key = self._key_of(connection, job, make=False)
        self._unwrapped.pop(job, None)
        try:
            return AESGCM(key).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _aad(job, part)
            )
        except InvalidTag:
            raise SealBroken(job=job, part=part.value) from None

    def _key_of(self, connection: Connection, job: str, *, make: bool) -> bytes:
        if job in self._unwrapped:
            return self._unwrapped[job]
        wrapped = connection.scalar(
            select(db.vault_keys.c.wrapped).where(db.vault_keys.c.job == job)
        )
        if wrapped is not None:
            key = self.keys.unwrap_data_key(wrapped)
        elif make:
            key = os.urandom(_KEY_BYTES)
        else:
            raise NotFound("the vault has no key for this job", job=job)
        self._unwrapped[job] = key
        return key

    def purge(self, tx: Transaction, jobs: Iterable[str], rule: str) -> None:
        """Destroy the data keys of jobs, and what they sealed, also in the database's own log."""
        gone = list(jobs)
        tx.scrub = True
        for job in gone:
            tx.connection.execute(delete(db.vault).where(db.vault.c.job == job))
            tx.connection.execute(delete(db.vault_keys).where(db.vault_keys.c.job == job))
        tx.record(VaultPurged(rule=rule, jobs=gone))

    def drop_part(self, tx: Transaction, job: str, part: Part) -> None:
        """Forget a part that is no longer needed, such as the package of a finished card."""
        tx.connection.execute(
            delete(db.vault).where(db.vault.c.job == job, db.vault.c.part == part.value)
        )
