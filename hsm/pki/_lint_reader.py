"""Reading for the linter, with the reader of `hsm._asn1`: it shares nothing with what builds.

All is kept as it was encoded, for half of the profile is about encodings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from hsm._asn1 import (
    BOOLEAN,
    CONSTRUCTED,
    GENERALIZED_TIME,
    OCTET_STRING,
    SEQUENCE,
    SET,
    UTC_TIME,
    Element,
    Malformed,
    der,
    parse,
)

__all__ = [
    "PRINTABLE_STRING",
    "Attribute",
    "RawExtension",
    "attributes_of",
    "children",
    "distinguished",
    "extensions_of",
    "generalized_time",
    "time_of",
]

PRINTABLE_STRING: Final = 0x13
_UNIX_2050: Final = 2050


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of a distinguished name: its OID, the tag of its string, the string."""

    oid: str
    tag: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RawExtension:
    """An extension; `critical_written` is the BOOLEAN's content where one stands there."""

    oid: str
    critical_written: bytes | None
    value: bytes

    @property
    def critical(self) -> bool:
        """Whether it is critical."""
        return self.critical_written not in {None, b"\x00"}

    def parsed(self) -> Element:
        """What is inside. Raises `Malformed`."""
        return parse(self.value)


def children(element: Element, tag: int = SEQUENCE) -> tuple[Element, ...]:
    """What is inside an element of that tag. Raises `Malformed`."""
    return element.expect(tag).children()


def distinguished(element: Element) -> bool:
    """Whether it is DER down to the last element: definite, shortest lengths, sets in order."""
    if der(element.tag, element.content) != element.raw:
        return False
    if element.tag == BOOLEAN:
        return element.content in {b"\x00", b"\xff"}
    if not element.tag & CONSTRUCTED:
        return True
    inside = element.children()
    if element.tag == SET and [one.raw for one in inside] != sorted(one.raw for one in inside):
        return False
    return all(distinguished(one) for one in inside)


def attributes_of(name: Element) -> Iterator[Attribute]:
    """The attributes of a distinguished name. Raises `Malformed`."""
    for relative in children(name):
        for pair in children(relative, SET):
            kind, value = pair.parts(SEQUENCE, 2)
            text = value.content.decode("utf-8", "replace")
            yield Attribute(oid=kind.oid(), tag=value.tag, text=text)


def extensions_of(listed: Element) -> tuple[RawExtension, ...]:
    """The extensions of a certificate or CRL (SEQUENCE OF Extension). Raises `Malformed`."""
    return tuple(_extension(item) for item in children(listed))


def _extension(item: Element) -> RawExtension:
    kind, *rest = item.parts(SEQUENCE, 2, 3)
    critical = None
    if len(rest) == 2:
        critical = rest[0].expect(BOOLEAN).content
    value = rest[-1].expect(OCTET_STRING).content
    return RawExtension(oid=kind.oid(), critical_written=critical, value=value)


def time_of(element: Element) -> tuple[datetime | None, str]:
    """A Time of X.509 and what is wrong with its form; None where it is no time at all.

    RFC 5280 clause 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050, with seconds, without
    fractions, in Zulu.
    """
    if element.tag not in {UTC_TIME, GENERALIZED_TIME}:
        return None, "is neither UTCTime nor GeneralizedTime"
    length = 13 if element.tag == UTC_TIME else 15
    text = element.content.decode("ascii", "replace")
    if len(text) != length or not text[:-1].isdigit() or not text.isascii():
        return None, "does not have the form YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ"
    try:
        moment = _moment(_with_century(text, element.tag))
    except ValueError:
        return None, "is no time"
    wrong = (moment.year >= _UNIX_2050) != (element.tag == GENERALIZED_TIME)
    return moment, "is of the wrong kind for its year" if wrong else ""


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _with_century(text: str, tag: int) -> str:
    if tag == GENERALIZED_TIME:
        return text
    return ("20" if text[:2] < "50" else "19") + text


def generalized_time(content: bytes) -> datetime:
    """The content of a GeneralizedTime. Raises `Malformed`."""
    moment, wrong = time_of(Element(GENERALIZED_TIME, content, b""))
    if moment is None or (wrong and "year" not in wrong):
        raise Malformed("no GeneralizedTime in the form of the profile")
    return moment
