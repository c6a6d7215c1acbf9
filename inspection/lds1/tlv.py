"""BER-TLV of an LDS chip, read with distrust (Doc 9303-10 clause 3; ISO/IEC 8825-1).

Every length is compared with what is there before anything is cut out: a length of four gigabytes
costs nothing. Evidence is tags and lengths.
"""

from __future__ import annotations

from dataclasses import dataclass

from inspection.faults import ChipFault

__all__ = ["DataObject", "data_objects", "encode", "only", "read_header", "value_of"]

_MAX_LENGTH_BYTES = 4
_MAX_TAG_BYTES = 2


@dataclass(frozen=True, slots=True)
class DataObject:
    """A tag (as its bytes read as a number, `0x7F49`), its value, and all of its bytes."""

    tag: int
    value: bytes
    raw: bytes


def read_header(raw: bytes, position: int = 0) -> tuple[int, int, int] | None:
    """Tag, announced length and the place where the value begins; None where more is needed.

    Raises `ChipFault` for an indefinite length, or a tag or length that is longer than any of
    an LDS chip, or that is not written in as few bytes as it can be (DER).
    """
    start = position
    if position >= len(raw):
        return None
    if raw[position] & 0x1F == 0x1F:
        position += 1
        if position >= len(raw):
            return None
        if raw[position] & 0x80:
            raise ChipFault(f"a tag longer than {_MAX_TAG_BYTES} bytes")
    position += 1
    if position >= len(raw):
        return None
    tag = int.from_bytes(raw[start:position], "big")
    first = raw[position]
    position += 1
    if first < 0x80:
        return tag, first, position
    size = first & 0x7F
    if not 1 <= size <= _MAX_LENGTH_BYTES:
        raise ChipFault(f"{tag:X}: a length begins with {first:02X}")
    if position + size > len(raw):
        return None
    length = int.from_bytes(raw[position : position + size], "big")
    if length < 0x80 or length.bit_length() <= 8 * (size - 1):
        raise ChipFault(f"{tag:X}: a length that is not as short as it can be")
    return tag, length, position + size


def data_objects(raw: bytes) -> tuple[DataObject, ...]:
    """The data objects one after the other, nothing between or after. Raises `ChipFault`."""
    found = []
    position = 0
    while position < len(raw):
        header = read_header(raw, position)
        if header is None:
            raise ChipFault(f"an object is cut off at {position} of {len(raw)}")
        tag, length, begin = header
        end = begin + length
        if end > len(raw):
            raise ChipFault(f"{tag:X} announces {length} bytes of {len(raw) - begin}")
        found.append(DataObject(tag, raw[begin:end], raw[position:end]))
        position = end
    return tuple(found)


def only(raw: bytes, tag: int) -> bytes:
    """The value of the one object that `raw` is. Raises `ChipFault` for anything else."""
    found = data_objects(raw)
    if len(found) != 1 or found[0].tag != tag:
        tags = " ".join(f"{item.tag:X}" for item in found[:4]) or "nothing"
        raise ChipFault(f"{tags} where {tag:X} belongs")
    return found[0].value


def value_of(objects: tuple[DataObject, ...], place: int, tag: int) -> bytes:
    """The value of the object at a place of a structure. Raises `ChipFault` for another tag."""
    if place >= len(objects) or objects[place].tag != tag:
        found = f"{objects[place].tag:X}" if place < len(objects) else "nothing"
        raise ChipFault(f"{found} where {tag:X} belongs")
    return objects[place].value


def encode(tag: int, value: bytes) -> bytes:
    """A data object of our own: lengths to 65535."""
    length = len(value)
    if length < 0x80:
        size = bytes((length,))
    elif length < 0x100:
        size = bytes((0x81, length))
    else:
        size = b"\x82" + length.to_bytes(2, "big")
    return tag.to_bytes(1 if tag <= 0xFF else 2, "big") + size + value
