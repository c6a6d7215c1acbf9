"""EF.DG13 of this house's cards (`docs/chip-profile-icao-lds1-dg13.md`): what a KTP-el says, and to
which chip and which attempt it all belongs. Evidence is tags.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Self

from inspection.faults import ChipFault
from inspection.lds1.tlv import data_objects, only, value_of

__all__ = ["NationalData", "is_ours"]

_DG13: Final = 0x6D
_VERSION, _NIK, _RT, _RW, _VALID, _SERIAL, _ATTEMPT = 0x80, 0x81, 0x83, 0x84, 0x8D, 0x90, 0x91
_AREAS: Final = (0xA5, 0xA6, 0xA7, 0xA8)
_TEXTS: Final = (0x82, 0x89, 0x8A, 0x8B, 0x8C)
_ORDER: Final = (
    *(_VERSION, _NIK, 0x82, _RT, _RW),
    *_AREAS,
    *(0x89, 0x8A, 0x8B, 0x8C, _VALID, _SERIAL, _ATTEMPT),
)
_BEGINS: Final = bytes.fromhex("8001018110")
_NIK_SHAPE = re.compile(r"[0-9]{16}")
_NUMBER_SHAPE = re.compile(r"[0-9]{3}")
_CODE_SHAPE = re.compile(r"[0-9]{2}(?:\.[0-9]{2}(?:\.[0-9]{2}(?:\.[0-9]{4})?)?)?")
_DATE_SHAPE = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4})")
_FOR_LIFE: Final = "SEUMUR HIDUP"
_NOT_TEXT: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_AREA_DIGITS: Final = {0xA5: 10, 0xA6: 6, 0xA7: 4, 0xA8: 2}


def is_ours(content: bytes) -> bool:
    """Whether an EF.DG13 begins as this house's does; another issuer's may hold anything."""
    try:
        return only(content, _DG13).startswith(_BEGINS)
    except ChipFault:
        return False


def _text(tag: int, raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ChipFault(f"{tag:X} is not UTF-8") from None
    if not text.strip() or any(unicodedata.category(one) in _NOT_TEXT for one in text):
        raise ChipFault(f"{tag:X} is empty, or has a character that no card carries")
    if not unicodedata.is_normalized("NFC", text):
        raise ChipFault(f"{tag:X} is not in normalization form C")
    return text


def _is_validity(text: str) -> bool:
    found = _DATE_SHAPE.fullmatch(text)
    if found is None:
        return text == _FOR_LIFE
    try:
        date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class NationalData:
    """What of EF.DG13 other checks compare with."""

    nik: str = field(repr=False)
    serial: bytes
    attempt: bytes

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Of the content of EF.DG13. Raises `ChipFault` with the tag of what is wrong."""
        found: dict[int, bytes] = {}
        known = [item for item in data_objects(only(content, _DG13)) if item.tag in _ORDER]
        if tuple(item.tag for item in known) != _ORDER:
            raise ChipFault("an element is missing, doubled or out of order")
        for item in known:
            found[item.tag] = item.value
        if found[_VERSION] != b"\x01":
            raise ChipFault("another version of the structure")
        texts = {tag: _text(tag, found[tag]) for tag in (_NIK, _RT, _RW, _VALID, *_TEXTS)}
        sound = {
            _NIK: _NIK_SHAPE.fullmatch(texts[_NIK]) is not None,
            _RT: _NUMBER_SHAPE.fullmatch(texts[_RT]) is not None,
            _RW: _NUMBER_SHAPE.fullmatch(texts[_RW]) is not None,
            _VALID: _is_validity(texts[_VALID]),
            _SERIAL: len(found[_SERIAL]) == 8,
            _ATTEMPT: len(found[_ATTEMPT]) == 16,
            **{tag: _is_area(tag, found[tag]) for tag in _AREAS},
        }
        wrong = [f"{tag:X}" for tag, good in sound.items() if not good]
        if wrong:
            raise ChipFault(", ".join(wrong))
        return cls(nik=texts[_NIK], serial=found[_SERIAL], attempt=found[_ATTEMPT])


def _is_area(tag: int, raw: bytes) -> bool:
    fields = data_objects(raw)
    code = _text(tag, value_of(fields, 0, 0x80))
    _text(tag, value_of(fields, 1, 0x81))
    digits = len(code.replace(".", ""))
    return len(fields) == 2 and bool(_CODE_SHAPE.fullmatch(code)) and digits == _AREA_DIGITS[tag]
