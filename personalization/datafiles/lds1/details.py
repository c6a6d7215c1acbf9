"""EF.DG11 and EF.DG12: details of the holder and of the document (ICAO Doc 9303-10 clauses 4.7.11
and 4.7.12), each with the list of tags that are there.

Texts are UTF-8 in Unicode normalization form C, as approved; an element holds at most 99 bytes. A
permanent address loses whole parts from its end, the province first, until it fits; EF.DG13 has all
of it. The telephone number is for telling the citizen that the card is ready, and is on no chip.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from ektp.errors import FieldOverflow, GlyphMissing
from ektp.record import ApprovedRecord, Biographic
from ektp.tlv import Tlv
from personalization.datafiles.lds1.groups import DATA_GROUP_TAGS

__all__ = ["LARGEST_ELEMENT_BYTES", "VALID_FOR_LIFE", "dg11", "dg12", "element_text", "tagged"]

LARGEST_ELEMENT_BYTES: Final = 99
"""What a text element of EF.DG11 and EF.DG12 holds (Doc 9303-10 tables 72 and 74)."""

VALID_FOR_LIFE: Final = "BERLAKU SEUMUR HIDUP/VALID FOR LIFE"
"""The observation on a card whose date of expiry is a technical one."""

_DATE: Final = "%Y%m%d"
_FILLER: Final = "<"
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def dg11(record: ApprovedRecord) -> bytes:
    """EF.DG11: full name, NIK, full date of birth, place of birth, address, profession.

    Raises `FieldOverflow` for a text that an element does not hold, `GlyphMissing` for a character
    that no card carries.
    """
    person = record.biographic
    name = _FILLER.join(person.name.reveal().split())
    return tagged(
        DATA_GROUP_TAGS[11],
        Tlv(0x5F0E, _element("name", name)),
        Tlv(0x5F10, person.nik.reveal().encode("ascii")),
        Tlv(0x5F2B, f"{person.birth_date:{_DATE}}".encode("ascii")),
        Tlv(0x5F11, _element("birth_place", person.birth_place.reveal())),
        Tlv(0x5F42, _address(person)),
        Tlv(0x5F13, _element("occupation", person.occupation)),
    )


def dg12(record: ApprovedRecord) -> bytes:
    """EF.DG12: issuing authority, date of issue, and that the card is valid for life, if it is.

    Raises as `dg11`.
    """
    person = record.biographic
    objects = [
        Tlv(0x5F19, _element("issue_place", person.issue_place)),
        Tlv(0x5F26, f"{person.issue_date:{_DATE}}".encode("ascii")),
    ]
    if person.valid_until is None:
        objects.append(Tlv(0x5F1B, VALID_FOR_LIFE.encode("ascii")))
    return tagged(DATA_GROUP_TAGS[12], *objects)


def tagged(template: int, *objects: Tlv) -> bytes:
    """A template that begins with the list of the tags in it (`5C`)."""
    tags = b"".join(tlv.tag.to_bytes(2, "big") for tlv in objects)
    return bytes(Tlv(template, b"".join(bytes(tlv) for tlv in (Tlv(0x5C, tags), *objects))))


def element_text(field: str, text: str) -> bytes:
    """A text as its bytes; `GlyphMissing(field)` for a character that no card carries."""
    plain = unicodedata.normalize("NFC", text)
    if any(unicodedata.category(character) in _UNPRINTABLE for character in plain):
        raise GlyphMissing("a character that no card carries", field=field)
    return plain.encode()


def _element(field: str, text: str) -> bytes:
    content = element_text(field, text)
    if len(content) > LARGEST_ELEMENT_BYTES:
        raise FieldOverflow(
            "a data element of the chip holds less",
            field=field,
            bytes=len(content),
            limit=LARGEST_ELEMENT_BYTES,
        )
    return content


def _address(person: Biographic) -> bytes:
    parts = [
        element_text(field, text)
        for field, text in (
            ("address", person.address.reveal()),
            ("rt_rw", f"RT {person.rt} RW {person.rw}"),
            ("village", person.village.name),
            ("district", person.district.name),
            ("regency", person.regency.name.upper()),
            ("province", person.province.name.upper()),
        )
    ]
    while len(parts) > 1 and len(_FILLER.encode().join(parts)) > LARGEST_ELEMENT_BYTES:
        parts.pop()
    if len(parts[0]) > LARGEST_ELEMENT_BYTES:
        # A street address may be longer than the element; what follows still tells where.
        return _address_without_street(person)
    return _FILLER.encode().join(parts)


def _address_without_street(person: Biographic) -> bytes:
    texts = (person.village.name, person.district.name, person.regency.name.upper())
    return _element("village", _FILLER.join(texts))
