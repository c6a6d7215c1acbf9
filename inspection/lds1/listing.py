"""Which data groups a chip says that it has: the tag list of EF.COM, the hashes of EF.SOD.

Only to know what to read: whether the two are sound and agree is for the checks over content.
"""

from __future__ import annotations

from typing import Final

from inspection.faults import ChipFault
from inspection.lds1.files import DATA_GROUPS
from inspection.lds1.public_keys import integer
from inspection.lds1.tlv import DataObject, data_objects, only, value_of

__all__ = ["groups_of_com", "groups_of_sod"]

_COM, _SOD, _TAG_LIST = 0x60, 0x77, 0x5C
_SEQUENCE, _INTEGER, _OCTETS, _OID, _EXPLICIT = 0x30, 0x02, 0x04, 0x06, 0xA0
_NUMBER_OF_TAG: Final = {file.tag: number for number, file in DATA_GROUPS.items()}


def groups_of_com(content: bytes) -> frozenset[int]:
    """The data groups in the tag list of EF.COM. Raises `ChipFault` for an unknown tag."""
    for item in data_objects(only(content, _COM)):
        if item.tag == _TAG_LIST:
            unknown = [tag for tag in item.value if tag not in _NUMBER_OF_TAG]
            if unknown:
                raise ChipFault(f"tags {bytes(unknown[:8]).hex(' ')} of no data group")
            return frozenset(_NUMBER_OF_TAG[tag] for tag in item.value)
    raise ChipFault("no tag list")


def _inside(raw: bytes, *path: tuple[int, int]) -> tuple[DataObject, ...]:
    """Down a path of places and tags."""
    objects = data_objects(raw)
    for place, tag in path:
        objects = data_objects(value_of(objects, place, tag))
    return objects


def groups_of_sod(content: bytes) -> frozenset[int]:
    """The data groups that EF.SOD has hashes of (Doc 9303-10 clause 4.6.2.3).

    Raises `ChipFault` where none can be found.
    """
    signed = _inside(only(content, _SOD), (0, _SEQUENCE), (1, _EXPLICIT), (0, _SEQUENCE))
    encapsulated = data_objects(value_of(signed, 2, _SEQUENCE))
    octets = only(value_of(encapsulated, 1, _EXPLICIT), _OCTETS)
    hashes = _inside(octets, (0, _SEQUENCE), (2, _SEQUENCE))
    numbers = frozenset(
        integer(value_of(data_objects(value_of((item,), 0, _SEQUENCE)), 0, _INTEGER))
        for item in hashes
    )
    if not numbers <= DATA_GROUPS.keys():
        raise ChipFault("hashes of data groups that do not exist")
    return numbers
