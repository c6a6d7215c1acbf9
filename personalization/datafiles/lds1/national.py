"""EF.DG13: what a KTP-el says and no other data group holds, and to which chip it all belongs.

The structure is this project's own: `docs/chip-profile-icao-lds1-dg13.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ektp.ids import CardSerial
from ektp.record import ApprovedRecord
from ektp.regions import Area
from ektp.tlv import Tlv, decode_tlv
from personalization.datafiles.lds1.details import element_text
from personalization.datafiles.lds1.groups import DATA_GROUP_TAGS, joined

__all__ = ["ATTEMPT_DIGEST_BYTES", "complete_dg13", "partial_dg13"]

ATTEMPT_DIGEST_BYTES: Final = 16
"""The length by which an attempt is named, here as in the card control."""

_STRUCTURE_VERSION: Final = b"\x01"
_SERIAL_TAG: Final = 0x90
_ATTEMPT_TAG: Final = 0x91


def partial_dg13(record: ApprovedRecord) -> bytes:
    """EF.DG13 as far as the record goes, without chip serial and attempt.

    Raises `GlyphMissing(field)` for a character that no card carries.
    """
    person = record.biographic
    texts = (
        (0x81, "nik", person.nik.reveal()),
        (0x82, "address", person.address.reveal()),
        (0x83, "rt", person.rt),
        (0x84, "rw", person.rw),
    )
    areas = (
        (0xA5, "village", person.village),
        (0xA6, "district", person.district),
        (0xA7, "regency", person.regency),
        (0xA8, "province", person.province),
    )
    status = (
        (0x89, "religion", person.religion),
        (0x8A, "blood_type", person.blood_type),
        (0x8B, "marital_status", person.marital_status),
        (0x8C, "citizenship", person.citizenship),
        (0x8D, "valid_until", person.validity_text),
    )
    content = (
        Tlv(0x80, _STRUCTURE_VERSION),
        *_texts(texts),
        *(Tlv(tag, _area(field, area)) for tag, field, area in areas),
        *_texts(status),
    )
    return bytes(Tlv(DATA_GROUP_TAGS[13], joined(*content)))


def complete_dg13(partial: bytes, card_serial: CardSerial, attempt_digest: bytes) -> bytes:
    """The file with the chip's serial and the digest of the attempt at its end.

    `ValueError` for a content that is not `partial_dg13`'s, or a digest of another length.
    """
    if len(attempt_digest) != ATTEMPT_DIGEST_BYTES:
        msg = f"an attempt is named by {ATTEMPT_DIGEST_BYTES} bytes"
        raise ValueError(msg)
    outer = list(decode_tlv(partial))
    if len(outer) != 1 or outer[0].tag != DATA_GROUP_TAGS[13]:
        msg = "not the template of EF.DG13"
        raise ValueError(msg)
    if any(tlv.tag in (_SERIAL_TAG, _ATTEMPT_TAG) for tlv in decode_tlv(outer[0].value)):
        msg = "EF.DG13 names a chip already"
        raise ValueError(msg)
    binding = joined(Tlv(_SERIAL_TAG, bytes(card_serial)), Tlv(_ATTEMPT_TAG, attempt_digest))
    return bytes(Tlv(DATA_GROUP_TAGS[13], outer[0].value + binding))


def _texts(texts: Sequence[tuple[int, str, str]]) -> list[Tlv]:
    return [Tlv(tag, element_text(field, text)) for tag, field, text in texts]


def _area(field: str, area: Area) -> bytes:
    return joined(Tlv(0x80, area.code.encode("ascii")), Tlv(0x81, element_text(field, area.name)))
