"""BER-TLV as ISO/IEC 7816-4 clause 5.2.2 and ISO/IEC 8825-1 restrict it: definite lengths only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Tlv", "decode_tlv", "find_tlv"]

_MAX_TAG_BYTES = 3
_MAX_LENGTH_BYTES = 3


@dataclass(frozen=True, slots=True)
class Tlv:
    """A tag (as its bytes read as a number, `0x7F49`) and its value."""

    tag: int
    value: bytes

    def __bytes__(self) -> bytes:
        tag = self.tag.to_bytes((self.tag.bit_length() + 7) // 8 or 1, "big")
        return tag + _length(len(self.value)) + self.value


def _length(length: int) -> bytes:
    if length < 0x80:
        return bytes((length,))
    size = (length.bit_length() + 7) // 8
    return bytes((0x80 | size,)) + length.to_bytes(size, "big")


def decode_tlv(raw: bytes) -> Iterator[Tlv]:
    """The data objects of `raw`, one after the other.

    Raises `ValueError` for a truncated object, an indefinite length, or a tag or length longer than
    three bytes (no file of a card needs more).
    """
    position = 0
    while position < len(raw):
        tag, position = _read_tag(raw, position)
        length, position = _read_length(raw, position)
        end = position + length
        if end > len(raw):
            msg = "a data object is longer than what holds it"
            raise ValueError(msg)
        yield Tlv(tag, raw[position:end])
        position = end


def find_tlv(raw: bytes, *path: int) -> bytes | None:
    """The value of the first object on the path of tags, or None."""
    value = raw
    for wanted in path:
        found = next((tlv.value for tlv in decode_tlv(value) if tlv.tag == wanted), None)
        if found is None:
            return None
        value = found
    return value


def _read_tag(raw: bytes, position: int) -> tuple[int, int]:
    start = position
    if raw[position] & 0x1F == 0x1F:
        position += 1
        while position < len(raw) and raw[position] & 0x80:
            position += 1
    position += 1
    if position > len(raw) or position - start > _MAX_TAG_BYTES:
        msg = "a tag is cut off or longer than three bytes"
        raise ValueError(msg)
    return int.from_bytes(raw[start:position], "big"), position


def _read_length(raw: bytes, position: int) -> tuple[int, int]:
    if position >= len(raw):
        msg = "a length is missing"
        raise ValueError(msg)
    first = raw[position]
    position += 1
    if first < 0x80:
        return first, position
    size = first & 0x7F
    if not 1 <= size <= _MAX_LENGTH_BYTES or position + size > len(raw):
        msg = "a length is indefinite, cut off or longer than three bytes"
        raise ValueError(msg)
    return int.from_bytes(raw[position : position + size], "big"), position + size
