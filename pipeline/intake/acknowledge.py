"""The acknowledgement of a file: which requests this site claims, which it refuses and why.

A request claimed by one site cannot be claimed by another, so the answer is signed. It holds
request ids and codes, nothing of the people.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from sqlalchemy import Connection, select

from ektp.errors import RecordError
from ektp.journal import Actor, utc_text
from ektp.ports import KeyService
from pipeline.home import Home
from pipeline.intake.importer import ImportReport, VerifiedSource
from pipeline.outgoing import write_signed
from pipeline.store import schema as db
from pipeline.store.events import FileRefused
from pipeline.store.store import Store

__all__ = ["claimed_requests", "record_refused_file", "write_acknowledgement"]

_BLOCK = 1 << 20


def claimed_requests(connection: Connection, file_digest: str) -> list[str]:
    """The requests of a file that are owed here, whichever import of the file took them in.

    An import that was cut short and begun again leaves some under each of its tries.
    """
    tries = select(db.imports.c.import_id).where(db.imports.c.file_digest == file_digest)
    return list(
        connection.scalars(
            select(db.jobs.c.request)
            .where(db.jobs.c.import_id.in_(tries))
            .order_by(db.jobs.c.request)
        )
    )


def write_acknowledgement(
    home: Home, keys: KeyService, source: VerifiedSource, report: ImportReport
) -> Path:
    """Write and sign the acknowledgement of an import into the outbox; its path."""
    digest = source.sha256.hex()
    with home.store.read() as connection:
        claimed = claimed_requests(connection, digest)
    document = {
        "type": "acknowledgement",
        "version": 1,
        "site": home.settings.home.site,
        "import": report.import_id,
        "file_sha256": digest,
        "approver_sha256": source.signer.hex(),
        "sequence": source.sequence,
        "at": utc_text(home.clock.now()),
        "claimed": claimed,
        "refused": [
            {"line": refused.line, "request": refused.request, "code": refused.code}
            for refused in report.refusals
        ],
        "unchanged": report.unchanged,
    }
    return write_signed(home.outbox, f"ack-{report.import_id}", document, keys)


def record_refused_file(store: Store, actor: Actor, file: Path, refused: RecordError) -> None:
    """Journal that a whole file was refused: its digest and the code, nothing else of it."""
    try:
        digest = _digest(file)
    except OSError:
        # It cannot be read: there is nothing to name it by.
        return
    with store.transaction(actor) as tx:
        tx.record(FileRefused(file_digest=digest, code=refused.code))


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
