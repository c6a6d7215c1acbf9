"""The proof sheet of a batch: what an operator looks at before a blank is used.

It shows people, so it is drawn on demand to where the operator says, and not kept in the home.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from ektp.errors import ConfigurationError
from ektp.journal import Actor
from ektp.lifecycle import JobState
from ektp.perso import Artwork, PersoPackage
from personalization.artwork import contact_sheet_pdf
from pipeline.store import schema as db
from pipeline.store.store import Store
from pipeline.store.vault import Part, Purpose, Vault

__all__ = ["write_proof_sheet"]

_AT_ONCE = 20


def write_proof_sheet(
    store: Store, vault: Vault, actor: Actor, batch: str, out: Path, *, lang: str = "id"
) -> Path:
    """Write `proof-BATCH.pdf` into a folder: ten cards a page, in the batch's order.

    Each opening of the vault is journalled. Raises `ConfigurationError` where the folder cannot be
    written.
    """
    file = out / f"proof-{batch}.pdf"
    try:
        out.mkdir(parents=True, exist_ok=True)
        contact_sheet_pdf(_artworks(store, vault, actor, batch), file, title=batch, lang=lang)
    except OSError as failed:
        raise ConfigurationError("the proof sheet cannot be written", file=file.name) from failed
    return file


def _artworks(
    store: Store, vault: Vault, actor: Actor, batch: str
) -> Iterator[tuple[str, Artwork]]:
    with store.read() as connection:
        jobs = connection.scalars(
            select(db.jobs.c.job)
            .where(db.jobs.c.batch == batch, db.jobs.c.state == JobState.PREPARED.value)
            .order_by(db.jobs.c.sort_key)
        ).all()
    for first in range(0, len(jobs), _AT_ONCE):
        some = jobs[first : first + _AT_ONCE]
        with store.transaction(actor) as tx:
            packages = vault.open(tx, some, Part.PACKAGE, Purpose.PREPARE)
        for job in some:
            yield job, PersoPackage.from_bytes(packages[job]).artwork
