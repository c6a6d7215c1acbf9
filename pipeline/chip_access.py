"""What opens a finished `icao-lds1` chip, as the vault keeps it: MRZ, CAN and document number."""

from __future__ import annotations

import json

from sqlalchemy import Connection, select

from ektp.cards import ChipAccess
from ektp.personal import PersonalText
from ektp.ports import KeyService
from pipeline.store import schema as db

__all__ = ["access_from_bytes", "access_to_bytes", "document_index", "is_free"]


def access_to_bytes(access: ChipAccess) -> bytes:
    """The form in which the vault seals it."""
    return json.dumps(
        {
            "document_number": access.document_number.reveal(),
            "mrz": [line.reveal() for line in access.mrz],
            "can": access.can.reveal(),
        }
    ).encode()


def access_from_bytes(content: bytes) -> ChipAccess:
    """Read what `access_to_bytes` wrote."""
    fields = json.loads(content)
    upper, middle, lower = fields["mrz"]
    return ChipAccess(
        document_number=PersonalText(fields["document_number"]),
        mrz=(PersonalText(upper), PersonalText(middle), PersonalText(lower)),
        can=PersonalText(fields["can"]),
    )


def document_index(keys: KeyService, number: PersonalText) -> str:
    """The blind index of a document number: the books know that it was given, and not which it is.

    The number opens the chip together with two dates, so it stands in the vault alone.
    """
    return keys.blind_index(b"document number " + number.reveal().encode()).hex()


def is_free(connection: Connection, keys: KeyService, number: PersonalText) -> bool:
    """Whether a document number was never given by this installation.

    The attempt that is bound with it books it; the store refuses a second one.
    """
    given = connection.scalar(
        select(db.attempts.c.attempt).where(db.attempts.c.document == document_index(keys, number))
    )
    return given is None
