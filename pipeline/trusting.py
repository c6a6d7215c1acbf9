"""What an installation tells its home: approvers to trust, offices to add, people to stop."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from ssl import DER_cert_to_PEM_cert
from typing import Final

from sqlalchemy import select

from ektp.errors import ConfigurationError
from ektp.journal import Actor
from ektp.ports import KeyService
from pipeline.intake.offices import offices_from_csv
from pipeline.intake.stop_list import stops_from_csv
from pipeline.plant import certificate_fingerprint
from pipeline.store import schema as db
from pipeline.store.events import ApproverTrusted, OfficeAdded, StopAdded, StopRemoved
from pipeline.store.store import Store

__all__ = ["add_offices", "add_stops", "pin_approver", "remove_stops"]

_PEM: Final = b"-----BEGIN"


def pin_approver(store: Store, actor: Actor, certificate: bytes) -> str:
    """Trust an approver's certificate, given in PEM or DER; its fingerprint.

    Raises `ConfigurationError` where it is no certificate, or pinned already.
    """
    fingerprint = certificate_fingerprint(certificate)
    pem = (
        certificate.decode("ascii")
        if certificate.lstrip().startswith(_PEM)
        else DER_cert_to_PEM_cert(certificate)
    )
    with store.transaction(actor) as tx:
        known = tx.connection.scalar(
            select(db.approvers.c.fingerprint).where(db.approvers.c.fingerprint == fingerprint)
        )
        if known is not None:
            raise ConfigurationError("this approver is trusted already", fingerprint=fingerprint)
        tx.record(ApproverTrusted(fingerprint=fingerprint, certificate=pem))
    return fingerprint


def add_offices(store: Store, actor: Actor, file: Path) -> int:
    """Add the delivery offices of a CSV (`code,name,regency,province`), all or none; how many.

    Raises `RecordError` naming the line.
    """
    return _record_all(store, actor, offices_from_csv(file))


def add_stops(store: Store, actor: Actor, file: Path, keys: KeyService) -> int:
    """Put the people of a CSV (`nik,reason`) on the stop list, all or none; how many.

    Raises `RecordError` naming the line, never the number.
    """
    return _record_all(store, actor, stops_from_csv(file, keys))


def remove_stops(store: Store, actor: Actor, file: Path, keys: KeyService) -> int:
    """Take the people of a CSV (`nik,reason`) off the stop list; how many.

    Raises `RecordError` naming the line, never the number.
    """
    lifted = (
        StopRemoved(holder=stop.holder, reason=stop.reason) for stop in stops_from_csv(file, keys)
    )
    return _record_all(store, actor, lifted)


def _record_all(
    store: Store, actor: Actor, events: Iterable[OfficeAdded | StopAdded | StopRemoved]
) -> int:
    count = 0
    with store.transaction(actor) as tx:
        for event in events:
            tx.record(event)
            count += 1
    return count
