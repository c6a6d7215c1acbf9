"""The memory of an `icao-lds1` chip, file by file, at the largest that a record may ask for.

Texts count at their longest by the contract of the approved record (`_LONGEST`), in characters of
one byte; names of areas have no limit there and count at the longest that exist. Text that takes
more is refused for itself, with the name of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ektp.chip_profiles import ICAO_LDS1, ChipProfile

__all__ = ["BINDING_BYTES", "BudgetRow", "budget"]

BINDING_BYTES: Final = {"dg13": 2 + 8 + 2 + 16 + 2}
"""What binding adds to a prepared file: serial, attempt, and a length that may grow by two."""

_LONGEST: Final = {
    "name": 60,
    "birth_place": 60,
    "address": 120,
    "occupation": 60,
    "citizenship": 40,
    "issue_place": 60,
    "area": 60,
    "religion": 40,
    "blood_type": 3,
    "marital_status": 11,
    "valid_until": 12,
}
_ELEMENT: Final = 99  # Doc 9303-10 tables 72 and 74
_TAG_LIST: Final = 2
_HEAD: Final = 4  # tag and length of a template of less than 64 KiB


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRow:
    """A file: what it may hold, and the most that it is asked to hold."""

    file: str
    limit_bytes: int
    largest_bytes: int

    @property
    def spare_bytes(self) -> int:
        """What is left at the largest."""
        return self.limit_bytes - self.largest_bytes


def budget(profile: ChipProfile = ICAO_LDS1) -> tuple[BudgetRow, ...]:
    """A row for each file of the profile, and one, `chip`, for files and their headers together.

    Files that are made to measure, and the signature, count with their limit.
    """
    largest = {"dg11": _dg11(), "dg12": _dg12(), "dg13": _dg13()}
    rows = [
        BudgetRow(
            file=file.name,
            limit_bytes=file.size_bytes,
            largest_bytes=largest.get(file.name, file.size_bytes),
        )
        for file in profile.files
    ]
    headers = profile.header_bytes * (len(profile.files) + 1)
    used = sum(row.largest_bytes for row in rows) + headers + profile.marker.size_bytes
    return (
        *rows,
        BudgetRow(file="chip", limit_bytes=profile.memory_bytes, largest_bytes=used),
    )


def _object(tag_bytes: int, content: int) -> int:
    return tag_bytes + (1 if content < 0x80 else 2) + content


def _template(*objects: int, tags: int = 0) -> int:
    listed = _object(1, tags * _TAG_LIST) if tags else 0
    return _HEAD + listed + sum(objects)


def _dg11() -> int:
    longest = _LONGEST
    return _template(
        _object(2, longest["name"]),
        _object(2, 16),
        _object(2, 8),
        _object(2, longest["birth_place"]),
        _object(2, _ELEMENT),
        _object(2, longest["occupation"]),
        tags=6,
    )


def _dg12() -> int:
    return _template(_object(2, _LONGEST["issue_place"]), _object(2, 8), _object(2, 40), tags=3)


def _dg13() -> int:
    code = _object(1, len("PP.RR.DD.VVVV"))
    area = _object(1, code + _object(1, _LONGEST["area"]))
    texts = ("address", "religion", "blood_type", "marital_status", "citizenship", "valid_until")
    return (
        _template(
            _object(1, 1),
            _object(1, 16),
            2 * _object(1, 3),
            4 * area,
            *(_object(1, _LONGEST[text]) for text in texts),
        )
        + BINDING_BYTES["dg13"]
    )
