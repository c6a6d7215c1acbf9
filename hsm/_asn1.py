"""ASN.1 elements in memory (ITU-T X.690): a reader of BER that trusts nothing, a writer of DER.

The reader takes definite and indefinite lengths, one-byte tags (no others occur in CMS), and never
looks further than it must: what is inside an element is read when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

__all__ = [
    "BIT_STRING",
    "BOOLEAN",
    "CONSTRUCTED",
    "GENERALIZED_TIME",
    "INTEGER",
    "NULL",
    "OCTET_STRING",
    "OID",
    "SEQUENCE",
    "SET",
    "UTC_TIME",
    "UTF8_STRING",
    "Element",
    "Malformed",
    "der",
    "der_integer",
    "der_oid",
    "der_set",
    "parse",
    "read_header",
]

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OID: Final = 0x06
UTF8_STRING: Final = 0x0C
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31
CONSTRUCTED: Final = 0x20

_HIGH_TAG: Final = 0x1F
_INDEFINITE: Final = 0x80
_MAX_LENGTH_OCTETS: Final = 8
_MAX_NESTING: Final = 32
_MAX_CHILDREN: Final = 1_024


class Malformed(ValueError):
    """Bytes that are not the ASN.1 that was asked for. Never leaves this package."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element: its tag byte, its content octets, and all its bytes as they stood."""

    tag: int
    content: bytes = field(repr=False)
    raw: bytes = field(repr=False)

    def children(self) -> tuple[Element, ...]:
        """The elements inside a constructed one."""
        if not self.tag & CONSTRUCTED:
            raise Malformed("a primitive element holds no others")
        found: list[Element] = []
        position = 0
        while position < len(self.content):
            element, position = _element_at(self.content, position)
            found.append(element)
            if len(found) > _MAX_CHILDREN:
                raise Malformed("an element holds too many others")
        return tuple(found)

    def expect(self, tag: int) -> Element:
        """This element, if it has that tag."""
        if self.tag != tag:
            raise Malformed("another element was expected here")
        return self

    def parts(self, tag: int, least: int, most: int | None = None) -> tuple[Element, ...]:
        """The children, if the element has that tag and so many of them (`most`: as `least`)."""
        children = self.expect(tag).children()
        if not least <= len(children) <= (least if most is None else most):
            raise Malformed("an element has other parts than it should")
        return children

    def octets(self) -> bytes:
        """An OCTET STRING, in one piece or in the segments that BER allows."""
        if self.tag == OCTET_STRING:
            return self.content
        segments = self.expect(OCTET_STRING | CONSTRUCTED).children()
        return b"".join(segment.expect(OCTET_STRING).content for segment in segments)

    def oid(self) -> str:
        """An OBJECT IDENTIFIER in dotted form."""
        return _dotted(self.expect(OID).content)

    def integer(self) -> int:
        """An INTEGER (X.690 clause 8.3), shortest form only."""
        content = self.expect(INTEGER).content
        if not content or (len(content) > 1 and content[0] in (0, 0xFF) and _padded(content)):
            raise Malformed("an integer is not in its shortest form")
        return int.from_bytes(content, "big", signed=True)


def parse(raw: bytes) -> Element:
    """The one element that these bytes are, with nothing behind it."""
    element, end = _element_at(raw, 0)
    if end != len(raw):
        raise Malformed("there is something behind the element")
    return element


def read_header(raw: bytes, position: int) -> tuple[int, int | None, int]:
    """Tag, length (None: indefinite) and where the content begins.

    Raises `Malformed`; also where `raw` ends within the header.
    """
    if position + 2 > len(raw):
        raise Malformed("an element is cut off")
    tag, first = raw[position], raw[position + 1]
    position += 2
    if tag & _HIGH_TAG == _HIGH_TAG:
        raise Malformed("a tag of more than one byte")
    if first < _INDEFINITE:
        return tag, first, position
    if first == _INDEFINITE:
        if not tag & CONSTRUCTED:
            raise Malformed("a primitive element of indefinite length")
        return tag, None, position
    octets = first & 0x7F
    if octets > _MAX_LENGTH_OCTETS or position + octets > len(raw):
        raise Malformed("a length is cut off or absurd")
    return tag, int.from_bytes(raw[position : position + octets], "big"), position + octets


def _element_at(raw: bytes, start: int) -> tuple[Element, int]:
    tag, length, position = read_header(raw, start)
    if length is None:
        content_end = _end_of_contents(raw, position)
        end = content_end + 2
    else:
        content_end = end = position + length
    if end > len(raw):
        raise Malformed("an element is longer than what holds it")
    if tag == 0:
        raise Malformed("an end without a beginning")
    return Element(tag, raw[position:content_end], raw[start:end]), end


def _end_of_contents(raw: bytes, position: int) -> int:
    """Where the end-of-contents octets of an indefinite element stand."""
    depth = 1
    while depth <= _MAX_NESTING:
        tag, length, inside = read_header(raw, position)
        if tag == 0 and length == 0:
            depth -= 1
            if depth == 0:
                return position
            position = inside
        elif length is None:
            depth += 1
            position = inside
        else:
            position = inside + length
    raise Malformed("elements are nested too deeply")


def _padded(content: bytes) -> bool:
    return (content[0] == 0) == (content[1] < 0x80)


def _dotted(content: bytes) -> str:
    if not content or content[-1] & 0x80 or len(content) > 32:
        raise Malformed("an object identifier is cut off or absurd")
    arcs, value = [], 0
    for byte in content:
        if value == 0 and byte == 0x80:
            raise Malformed("an object identifier is padded")
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (top, arcs[0] - 40 * top, *arcs[1:]))


# --- writing ---------------------------------------------------------------------------------


def der(tag: int, *parts: bytes) -> bytes:
    """An element of definite, shortest length around its parts."""
    content = b"".join(parts)
    length = len(content)
    if length < _INDEFINITE:
        return bytes((tag, length)) + content
    octets = (length.bit_length() + 7) // 8
    return bytes((tag, _INDEFINITE | octets)) + length.to_bytes(octets, "big") + content


def der_set(tag: int, *parts: bytes) -> bytes:
    """A SET OF: its parts in DER's order (X.690 clause 11.6)."""
    return der(tag, *sorted(parts))


def der_integer(value: int) -> bytes:
    """An INTEGER of a number that is not negative."""
    return der(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def der_oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    content = bytearray()
    for arc in (40 * first + second, *rest):
        shifts = range(7 * (max(arc.bit_length() - 1, 0) // 7), 0, -7)
        content += bytes(0x80 | arc >> shift & 0x7F for shift in shifts)
        content.append(arc & 0x7F)
    return der(OID, bytes(content))
