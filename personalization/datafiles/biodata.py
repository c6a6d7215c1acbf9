"""Biodata (`6FF1`): one line of 21 quoted fields.

Order and shapes as read from issued cards (`docs/chip-profile-ktp-el.md` section 3). The text of a
field is the text that is printed: as approved, in Unicode normalization form C, never cut; province
and regency in capitals, as the heading of the card has them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from ektp.errors import GlyphMissing
from ektp.record import LIFELONG, ApprovedRecord, Finger

__all__ = ["BIODATA_FIELDS", "BiodataField", "biodata"]

NO_FINGER: Final = "0"
"""What stands in a finger's field when the finger is missing."""

_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class BiodataField:
    """A field of the line: its name, which may be told in an error, and how it is had."""

    name: str
    evaluate: Callable[[ApprovedRecord], str]


def _date(day: date) -> str:
    return f"{day.day}-{day.month}-{day.year}"


def _validity(record: ApprovedRecord) -> str:
    until = record.biographic.valid_until
    return LIFELONG if until is None else _date(until)


def _finger(record: ApprovedRecord, finger: Finger) -> str:
    present = any(template.finger is finger for template in record.fingers)
    return str(finger.position) if present else NO_FINGER


BIODATA_FIELDS: Final[tuple[BiodataField, ...]] = (
    BiodataField("nik", lambda record: record.nik.reveal()),
    BiodataField("address", lambda record: record.biographic.address.reveal()),
    BiodataField("rt", lambda record: record.biographic.rt),
    BiodataField("rw", lambda record: record.biographic.rw),
    BiodataField("birth_place", lambda record: record.biographic.birth_place.reveal()),
    BiodataField("district", lambda record: record.biographic.district.name),
    BiodataField("village", lambda record: record.biographic.village.name),
    BiodataField("regency", lambda record: record.biographic.regency.name.upper()),
    BiodataField("sex", lambda record: record.biographic.sex.value),
    BiodataField("blood_type", lambda record: record.biographic.blood_type),
    BiodataField("religion", lambda record: record.biographic.religion),
    BiodataField("marital_status", lambda record: record.biographic.marital_status),
    BiodataField("occupation", lambda record: record.biographic.occupation),
    BiodataField("name", lambda record: record.biographic.name.reveal()),
    BiodataField("birth_date", lambda record: _date(record.biographic.birth_date)),
    BiodataField("province", lambda record: record.biographic.province.name.upper()),
    BiodataField("valid_until", _validity),
    BiodataField("right_index", lambda record: _finger(record, Finger.RIGHT_INDEX)),
    BiodataField("left_index", lambda record: _finger(record, Finger.LEFT_INDEX)),
    BiodataField("citizenship", lambda record: record.biographic.citizenship),
    BiodataField("issue_place", lambda record: record.biographic.issue_place),
)
"""The 21 fields in the order of the line, which is not the order of the card."""


def _text(field: BiodataField, record: ApprovedRecord) -> str:
    text = unicodedata.normalize("NFC", field.evaluate(record))
    if any(unicodedata.category(character) in _UNPRINTABLE for character in text):
        raise GlyphMissing("a character that no card carries", field=field.name)
    return text


def _quoted(text: str) -> str:
    # Doubling is our own rule: how issued cards escape a quote is not known.
    return '"' + text.replace('"', '""') + '"'


def biodata(record: ApprovedRecord) -> bytes:
    """The line in UTF-8, without length prefix and without line end.

    Raises `GlyphMissing` for a character that cannot stand on a card: control, bidirectional,
    zero-width, a line separator, or half of a surrogate pair.
    """
    return ",".join(_quoted(_text(field, record)) for field in BIODATA_FIELDS).encode()
