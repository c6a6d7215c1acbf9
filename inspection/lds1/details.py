"""EF.DG7, EF.DG11 and EF.DG12: signature picture, details of holder and document (Doc 9303-10
clauses 4.7.7, 4.7.11 and 4.7.12). Evidence is tags and lengths.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Final

from inspection.faults import ChipFault
from inspection.lds1.pictures import picture_size
from inspection.lds1.tlv import DataObject, data_objects, only, read_header, value_of

__all__ = [
    "check_document_details",
    "check_holder_details",
    "check_signature_picture",
    "date_of_birth",
    "date_of_issue",
    "personal_number",
]

_DG7, _DG11, _DG12 = 0x67, 0x6B, 0x6C
_LIST, _COUNT, _PICTURE = 0x5C, 0x02, 0x5F43
_MOST_PICTURES: Final = 9
_OTHERS: Final = 0xA0
_HOLDER_TAGS: Final = frozenset(
    {0x5F0E, 0x5F0F, 0x5F10, 0x5F2B, 0x5F11, 0x5F42, *range(0x5F12, 0x5F19), _OTHERS}
)
_DOCUMENT_TAGS: Final = frozenset(
    {0x5F19, 0x5F1A, 0x5F1B, 0x5F1C, 0x5F1D, 0x5F1E, 0x5F26, 0x5F55, 0x5F56, _OTHERS}
)
_BIRTH, _ISSUE, _PERSONAL_NUMBER = 0x5F2B, 0x5F26, 0x5F10
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NOT_TEXTS: Final = frozenset({_BIRTH, _ISSUE, _OTHERS, 0x5F16, 0x5F17, 0x5F1D, 0x5F1E, 0x5F55})
"""Dates in either writing, templates, pictures: what is no UTF-8."""


def check_signature_picture(content: bytes) -> str:
    """EF.DG7 holds as many whole pictures as it says. Raises `ChipFault`."""
    fields = data_objects(only(content, _DG7))
    count = value_of(fields, 0, _COUNT)
    if len(count) != 1 or count[0] != len(fields) - 1 or not 1 <= count[0] <= _MOST_PICTURES:
        raise ChipFault(f"{len(fields) - 1} pictures, {count.hex()[:8]} announced")
    sizes = []
    for place in range(1, len(fields)):
        kind, width, height = picture_size(value_of(fields, place, _PICTURE))
        sizes.append(f"{kind} {width} x {height}")
    return ", ".join(sizes)


def _tags(raw: bytes) -> list[int]:
    """The tags of a tag list, one after the other."""
    found, position = [], 0
    while position < len(raw):
        size = 2 if raw[position] & 0x1F == 0x1F else 1
        if (
            position + size > len(raw)
            or read_header(raw[position : position + size] + b"\0") is None
        ):
            raise ChipFault("a tag list that ends within a tag")
        found.append(int.from_bytes(raw[position : position + size], "big"))
        position += size
    return found


def _objects(content: bytes, template: int, allowed: frozenset[int]) -> dict[int, DataObject]:
    """The elements by tag: exactly those of the list, each once. Raises `ChipFault`."""
    fields = data_objects(only(content, template))
    listed = _tags(value_of(fields, 0, _LIST))
    found: dict[int, DataObject] = {}
    for item in fields[1:]:
        if item.tag in found or item.tag not in allowed:
            raise ChipFault(f"{item.tag:X} twice, or not an element of this group")
        found[item.tag] = item
    # The list names what is inside A0 by the tag of its elements.
    names = {_OTHERS if tag in (0x5F0F, 0x5F1A) else tag for tag in listed}
    if names != found.keys() or len(set(listed)) != len(listed):
        raise ChipFault(f"{len(listed)} tags listed, {len(found)} elements, not the same")
    for item in found.values():
        if item.tag not in _NOT_TEXTS:
            _text(item)
    return found


def _text(item: DataObject) -> str:
    try:
        text = item.value.decode("utf-8")
    except UnicodeDecodeError:
        raise ChipFault(f"{item.tag:X} is not UTF-8") from None
    if not text.strip() or any(unicodedata.category(one) in _UNPRINTABLE for one in text):
        raise ChipFault(f"{item.tag:X} is empty, or cannot be printed")
    return text


def _digits(item: DataObject) -> str:
    """CCYYMMDD, as eight digits or in BCD (table 72)."""
    text = item.value.hex() if len(item.value) == 4 else item.value.decode("ascii", "replace")
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        raise ChipFault(f"{item.tag:X} is no date")
    return text


def _date(text: str, tag: int) -> date:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise ChipFault(f"{tag:X} is in no calendar") from None


def check_holder_details(content: bytes) -> str:
    """EF.DG11: its list and its elements. Raises `ChipFault`."""
    found = _objects(content, _DG11, _HOLDER_TAGS)
    if _BIRTH in found:
        text = _digits(found[_BIRTH])
        # Unknown parts are zeros: the rest must still be possible.
        known = text[:4] if int(text[:4]) else "2000"
        known += text[4:6] if int(text[4:6]) else "01"
        _date(known + (text[6:] if int(text[6:]) else "01"), _BIRTH)
    return f"{len(found)} elements"


def check_document_details(content: bytes) -> str:
    """EF.DG12: its list and its elements. Raises `ChipFault`."""
    found = _objects(content, _DG12, _DOCUMENT_TAGS)
    if _ISSUE in found:
        _date(_digits(found[_ISSUE]), _ISSUE)
    return f"{len(found)} elements"


def date_of_issue(content: bytes | None) -> date | None:
    """The date of issue in EF.DG12; None where it does not stand there, or cannot be read."""
    if content is None:
        return None
    try:
        item = _objects(content, _DG12, _DOCUMENT_TAGS).get(_ISSUE)
        return None if item is None else _date(_digits(item), _ISSUE)
    except ChipFault:
        return None


def date_of_birth(content: bytes) -> str | None:
    """The full date of birth in EF.DG11, CCYYMMDD; None where it is not there.

    Raises `ChipFault`.
    """
    item = _objects(content, _DG11, _HOLDER_TAGS).get(_BIRTH)
    return None if item is None else _digits(item)


def personal_number(content: bytes) -> str | None:
    """The personal number in EF.DG11; None where it is not there. Raises `ChipFault`."""
    item = _objects(content, _DG11, _HOLDER_TAGS).get(_PERSONAL_NUMBER)
    return None if item is None else _text(item)
