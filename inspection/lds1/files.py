"""The files of an LDS1 application (Doc 9303-10 clause 4.6), with what each begins and ends with.

The limits are of any chip that a desk may meet. A card of this house is held to the sizes of its
profile (`ektp.chip_profiles.ICAO_LDS1`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ektp.chip_profiles import ICAO_LDS1, FileId

__all__ = [
    "APPLICATION_FILES",
    "CARD_ACCESS",
    "CARD_CONTROL",
    "COM",
    "DATA_GROUPS",
    "HOUSE_FILES",
    "LDS_FILES",
    "MARKER",
    "SOD",
    "LdsFile",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LdsFile:
    """A file: its identifier, the tag that it begins with, the most that it may announce.

    Without a tag it begins with two bytes that count the rest.
    """

    name: str
    file_id: FileId
    tag: int | None
    limit_bytes: int

    @property
    def house_bytes(self) -> int:
        """The most that it may announce on a card of this house."""
        house = HOUSE_FILES.get(self.name)
        return self.limit_bytes if house is None else house


_KIB = 1024
_GROUPS: Final = {
    1: (0x61, 512),
    2: (0x75, 128 * _KIB),
    3: (0x63, 128 * _KIB),
    4: (0x76, 128 * _KIB),
    5: (0x65, 64 * _KIB),
    6: (0x66, 16 * _KIB),
    7: (0x67, 64 * _KIB),
    8: (0x68, 16 * _KIB),
    9: (0x69, 16 * _KIB),
    10: (0x6A, 16 * _KIB),
    11: (0x6B, 32 * _KIB),
    12: (0x6C, 64 * _KIB),
    13: (0x6D, 32 * _KIB),
    14: (0x6E, 8 * _KIB),
    15: (0x6F, 4 * _KIB),
    16: (0x70, 16 * _KIB),
}

DATA_GROUPS: Final = {
    number: LdsFile(name=f"dg{number}", file_id=FileId(0x0100 + number), tag=tag, limit_bytes=limit)
    for number, (tag, limit) in _GROUPS.items()
}
"""The data groups by number."""

COM: Final = LdsFile(name="com", file_id=FileId(0x011E), tag=0x60, limit_bytes=512)
SOD: Final = LdsFile(name="sod", file_id=FileId(0x011D), tag=0x77, limit_bytes=32 * _KIB)
CARD_ACCESS: Final = LdsFile(
    name="card_access", file_id=FileId(0x011C), tag=0x31, limit_bytes=4 * _KIB
)
CARD_CONTROL: Final = LdsFile(
    name="card_control",
    file_id=ICAO_LDS1.file("card_control").file_id,
    tag=None,
    limit_bytes=ICAO_LDS1.file("card_control").size_bytes,
)
MARKER: Final = ICAO_LDS1.marker.file_id
"""What the personalization leaves on a chip that it did not finish."""

APPLICATION_FILES: Final = (COM, SOD, *DATA_GROUPS.values())
"""What BAC or PACE protects."""

LDS_FILES: Final = {file.name: file for file in (CARD_ACCESS, CARD_CONTROL, *APPLICATION_FILES)}
"""Every file by name."""

HOUSE_FILES: Final = {file.name: file.size_bytes for file in ICAO_LDS1.files}
"""The files that every card of this house has, and the largest size of each."""
