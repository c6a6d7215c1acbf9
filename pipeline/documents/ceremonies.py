"""*Berita acara upacara kunci*: drawn from the record of the ceremony."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ektp.journal import Actor, Role
from pipeline import papers
from pipeline.documents.document import Document, paper_number, signer, stamp_of
from pipeline.papers import (
    CeremonialKey,
    KeyCeremony,
    KeyComponent,
    KeyToken,
    Lang,
    Person,
)
from pipeline.plant import Plant
from pipeline.plant.keyroom import CeremonyKey, CeremonyRecord, WrittenComponent

__all__ = ["ceremony_paper"]

_WITNESSES: Final = 2
_SHOWN: Final = 8


def ceremony_paper(
    plant: Plant,
    actor: Actor,  # noqa: ARG001 - all papers are asked for in one form
    record: CeremonyRecord,
    *,
    lang: Lang = "id",
) -> Document:
    """The paper of a key ceremony, to be signed by its custodians and witnesses.

    A place is left for each witness whom the record does not name. Raises `GlyphMissing`.
    """
    held_at = datetime.fromisoformat(record.held_at)
    number = f"K-{record.digest.hex()[:_SHOWN].upper()}"
    stamp = stamp_of(plant, paper_number(plant, "KUNCI", number, held_at))
    site = plant.home.settings.home.site_name
    custodians = tuple(
        signer(name, Role.CUSTODIAN, lang, organization=site) for name in record.custodians
    )
    witnesses = [Person(name=name) for name in record.witnesses]
    witnesses += [Person()] * (_WITNESSES - len(witnesses))
    view = KeyCeremony(
        held_at=held_at,
        place=record.place,
        custodians=custodians,
        witnesses=tuple(witnesses),
        software=record.software,
        token=_token(record),
        development=record.development,
        keys=tuple(_key(key) for key in record.keys),
        components=tuple(_component(one) for one in record.components),
        checks=record.checks,
        record=record.digest,
    )
    return Document(
        name=papers.file_name(view, stamp),
        content=papers.render_key_ceremony(view, stamp, lang=lang),
    )


def _token(record: CeremonyRecord) -> KeyToken:
    told = record.token
    return KeyToken(
        kind=told["kind"],
        label=told.get("label", ""),
        serial=told.get("serial", "").encode(),
        manufacturer=told.get("manufacturer", ""),
        model=told.get("model", ""),
        library=told.get("library", ""),
    )


def _key(key: CeremonyKey) -> CeremonialKey:
    parts = key.origin.split()[0]
    return CeremonialKey(
        label=key.label,
        kind=key.kind,
        components=int(parts) if parts.isdigit() else 0,
        check_value=bytes.fromhex(key.check_value),
        key_id=bytes.fromhex(key.key_id),
        sensitive=key.sensitive,
        extractable=key.extractable,
        made_inside=key.made_inside,
    )


def _component(one: WrittenComponent) -> KeyComponent:
    return KeyComponent(
        key=one.key,
        number=one.number,
        count=one.count,
        custodian=one.custodian,
        check_value=bytes.fromhex(one.check_value),
        file=one.file,
        sha256=bytes.fromhex(one.sha256),
    )
