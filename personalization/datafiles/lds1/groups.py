"""EF.COM and EF.DG1 (ICAO Doc 9303-10 clauses 4.6.1 and 4.7.1), and the tags of the data groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ektp.tlv import Tlv

__all__ = ["DATA_GROUP_TAGS", "com", "dg1", "joined"]

LDS_VERSION: Final = b"0107"
UNICODE_VERSION: Final = b"040000"

DATA_GROUP_TAGS: Final[Mapping[int, int]] = dict(
    enumerate(bytes.fromhex("61 75 63 76 65 66 67 68 69 6A 6B 6C 6D 6E 6F 70"), start=1)
)
"""The tag of each data group's template (Doc 9303-10 table 38)."""

_MRZ_CHARACTERS: Final = 90


def com(data_groups: Sequence[int]) -> bytes:
    """EF.COM: LDS version 1.7, Unicode 4.0.0, and the tags of the groups that are there.

    `ValueError` for a number that is no data group, or comes twice.
    """
    numbers = sorted(set(data_groups))
    if len(numbers) != len(data_groups) or not set(numbers) <= set(DATA_GROUP_TAGS):
        msg = "data groups are numbered 1 to 16 and come once"
        raise ValueError(msg)
    tags = bytes(DATA_GROUP_TAGS[number] for number in numbers)
    return bytes(
        Tlv(
            0x60,
            joined(Tlv(0x5F01, LDS_VERSION), Tlv(0x5F36, UNICODE_VERSION), Tlv(0x5C, tags)),
        )
    )


def dg1(lines: Sequence[str]) -> bytes:
    """EF.DG1 of a TD1 card: the ninety characters of the printed zone.

    `ValueError` for lines of another length.
    """
    zone = "".join(lines).encode("ascii")
    if len(lines) != 3 or len(zone) != _MRZ_CHARACTERS:
        msg = "the zone of a TD1 card has three lines of thirty characters"
        raise ValueError(msg)
    return bytes(Tlv(DATA_GROUP_TAGS[1], bytes(Tlv(0x5F1F, zone))))


def joined(*objects: Tlv) -> bytes:
    """Data objects, one after the other."""
    return b"".join(bytes(tlv) for tlv in objects)
