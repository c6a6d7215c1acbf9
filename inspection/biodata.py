"""Reads the biodata line (`6FF1`) back: 21 quoted fields (`docs/chip-profile-ktp-el.md` section 3).

Evidence names a field by its number, never by its text.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

from inspection.faults import ChipFault

__all__ = ["FINGER_FIELDS", "biodata_fields", "check_biodata"]

_FIELDS = 21
_NIK, _RT, _RW, _BIRTH_DATE, _VALID_UNTIL = 0, 2, 3, 14, 16
FINGER_FIELDS: Final = {"minutiae_1": (17, 2), "minutiae_2": (18, 7)}
"""File of a finger: its field in the line, and its position code (ISO/IEC 19794-2 table 2)."""

_LIFELONG = "SEUMUR HIDUP"
_FIELD = re.compile(r'"((?:[^"]|"")*)"(,|\Z)')
_DATE = re.compile(r"([1-9][0-9]?)-([1-9][0-9]?)-([1-9][0-9]{3})", re.ASCII)
_NOT_TEXT = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def biodata_fields(content: bytes) -> tuple[str, ...]:
    """The fields of the file's content (length prefix included). Raises `ChipFault`."""
    try:
        line = content[2:].decode("utf-8")
    except UnicodeDecodeError as error:
        raise ChipFault(f"not UTF-8 at byte {error.start}") from None
    fields: list[str] = []
    position, more = 0, True
    while more:
        found = _FIELD.match(line, position)
        if found is None or len(fields) == _FIELDS:
            msg = f"no end after field {len(fields)}"
            raise ChipFault(msg)
        fields.append(found[1].replace('""', '"'))
        position, more = found.end(), found[2] == ","
    if len(fields) != _FIELDS:
        msg = f"{len(fields)} fields of {_FIELDS}"
        raise ChipFault(msg)
    return tuple(fields)


def _is_date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    try:
        date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        return False
    return True


def _digits(text: str, count: int) -> bool:
    return len(text) == count and text.isascii() and text.isdigit()


def check_biodata(content: bytes) -> str:
    """Evidence that the line is well-formed. Raises `ChipFault` with the number of a field."""
    fields = biodata_fields(content)
    sound = {
        _NIK: _digits(fields[_NIK], 16),
        _RT: _digits(fields[_RT], 3),
        _RW: _digits(fields[_RW], 3),
        _BIRTH_DATE: _is_date(fields[_BIRTH_DATE]),
        _VALID_UNTIL: fields[_VALID_UNTIL] == _LIFELONG or _is_date(fields[_VALID_UNTIL]),
    }
    for field, position in FINGER_FIELDS.values():
        sound[field] = fields[field] in {str(position), "0"}
    for number, text in enumerate(fields):
        is_text = bool(text.strip()) and not any(
            unicodedata.category(character) in _NOT_TEXT for character in text
        )
        if not (is_text and sound.get(number, True)):
            msg = f"field {number}"
            raise ChipFault(msg)
    return f"{_FIELDS} fields"
