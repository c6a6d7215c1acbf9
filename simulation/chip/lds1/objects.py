"""The data objects of MSE and GENERAL AUTHENTICATE (Doc 9303-11 clauses 4.4.4 and 6.2)."""

from __future__ import annotations

from ektp.apdu import StatusWord
from ektp.tlv import decode_tlv
from simulation.chip.commands import CommandRefused

__all__ = ["distinct_objects", "dynamic_authentication_data"]


def distinct_objects(data: bytes) -> dict[int, bytes]:
    """Data objects by their tags. Raises `CommandRefused`, 6A80: broken, or one of them twice."""
    try:
        found = list(decode_tlv(data))
    except ValueError:
        raise CommandRefused(StatusWord.INCORRECT_DATA) from None
    objects = {item.tag: item.value for item in found}
    if len(objects) != len(found):
        raise CommandRefused(StatusWord.INCORRECT_DATA)
    return objects


def dynamic_authentication_data(data: bytes) -> dict[int, bytes]:
    """What `7C` holds. Raises `CommandRefused`, 6A80: anything but one such object."""
    objects = distinct_objects(data)
    if list(objects) != [0x7C]:
        raise CommandRefused(StatusWord.INCORRECT_DATA)
    return distinct_objects(objects[0x7C])
