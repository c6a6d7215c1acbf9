"""The machine-readable zone of a TD1 card (ICAO Doc 9303-5 clause 4.2, 9303-3 clause 4).

The holder's name comes as one text: nobody says which part of it is a family name, and most
Indonesian names have none. So the whole name is the primary identifier and there is no secondary
one (Doc 9303-5 clause 4.2.3.5). The sixteen digits of a NIK do not fit the optional data and stay
off the zone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import cycle
from typing import Final

from ektp.errors import GlyphMissing
from ektp.record import ApprovedRecord, Biographic, CardVariant, Sex
from personalization.datafiles.lds1.countries import INDONESIA, nationality_code
from personalization.datafiles.lds1.transliteration import components

__all__ = [
    "LINE_LENGTH",
    "Td1",
    "check_digit",
    "complete_mrz",
    "mrz_content",
    "mrz_from_content",
    "mrz_lines",
    "name_line",
    "technical_expiry",
]

LINE_LENGTH: Final = 30
"""Characters of each of the three lines."""

DOCUMENT_CODE: Final = "ID"
VALIDITY_YEARS: Final = 10
"""How long a card that is valid for life may be used as a travel document."""

MrzLines = tuple[str, str, str]

_LINE: Final = re.compile(r"[A-Z0-9<]{30}")
_NUMBER: Final = re.compile(r"[A-Z0-9]{9}")
_NO_NUMBER: Final = "<" * 9
_WEIGHTS: Final = (7, 3, 1)
_VALUES: Final = {
    "<": 0,
    **{digit: int(digit) for digit in "0123456789"},
    **{letter: 10 + at for at, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")},
}


def check_digit(text: str) -> str:
    """One digit over weights 7, 3, 1 modulo 10 (Doc 9303-3 clause 4.9).

    `ValueError` for a character that has no place in the zone.
    """
    try:
        products = [_VALUES[c] * weight for c, weight in zip(text, cycle(_WEIGHTS), strict=False)]
    except KeyError:
        msg = "a machine-readable zone holds A to Z, 0 to 9 and the filler"
        raise ValueError(msg) from None
    return str(sum(products) % 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Td1:
    """The elements of a TD1 zone; `document_number` empty while there is none.

    `names` is the lower line, filled up to 30 characters.
    """

    document_code: str
    issuer: str
    document_number: str
    birth_date: date
    sex: Sex
    expiry: date
    nationality: str
    names: str
    optional_upper: str = ""
    optional_middle: str = ""

    @property
    def lines(self) -> MrzLines:
        """The three lines. Without a document number, its check digit and the composite are `<`."""
        number = self.document_number.ljust(9, "<")
        numbered = number != _NO_NUMBER
        upper = number + (check_digit(number) if numbered else "<")
        upper += self.optional_upper.ljust(15, "<")
        birth, expiry = f"{self.birth_date:%y%m%d}", f"{self.expiry:%y%m%d}"
        sex = "M" if self.sex is Sex.MALE else "F"
        birth, expiry = birth + check_digit(birth), expiry + check_digit(expiry)
        optional = self.optional_middle.ljust(11, "<")
        composite = check_digit(upper + birth + expiry + optional) if numbered else "<"
        return (
            f"{self.document_code:<<2}{self.issuer:<<3}{upper}",
            f"{birth}{sex}{expiry}{self.nationality:<<3}{optional}{composite}",
            self.names,
        )


def name_line(parts: Sequence[str]) -> str:
    """The components of a primary identifier on 30 characters (Doc 9303-5 clause 4.2.2.3).

    A name that is too long is cut at position 30. Where a separator would stand there, the longest
    of the components before it gives up a letter, so that the line ends with a letter: the sign
    that something may be missing. (Fifteen initials have none to give; their line ends with `<`.)
    """
    parts = list(parts)
    whole = "<".join(parts)
    if len(whole) > LINE_LENGTH and whole[LINE_LENGTH - 1] == "<":
        before = len(whole[: LINE_LENGTH - 1].split("<"))
        longest = max(range(before), key=lambda at: len(parts[at]))
        parts[longest] = parts[longest][:-1] or parts[longest]
        whole = "<".join(parts)
    return whole[:LINE_LENGTH].ljust(LINE_LENGTH, "<")


def technical_expiry(person: Biographic) -> date:
    """The date of expiry of the document: as approved, or ten years after the date of issue.

    A card issued on 29 February expires on 28 February where the tenth year is no leap year.
    """
    if person.valid_until is not None:
        return person.valid_until
    issued = person.issue_date
    try:
        return issued.replace(year=issued.year + VALIDITY_YEARS)
    except ValueError:
        return issued.replace(year=issued.year + VALIDITY_YEARS, day=28)


def mrz_lines(record: ApprovedRecord) -> MrzLines:
    """The three lines of a record, without a document number.

    Raises `GlyphMissing(field="name")` for a letter without transliteration, and for a name of
    which nothing is left.
    """
    person = record.biographic
    parts = components(person.name.reveal())
    if not parts:
        raise GlyphMissing("no letter of the name reaches the machine-readable zone", field="name")
    citizen = record.variant is CardVariant.WNI
    return Td1(
        document_code=DOCUMENT_CODE,
        issuer=INDONESIA,
        document_number="",
        birth_date=person.birth_date,
        sex=person.sex,
        expiry=technical_expiry(person),
        nationality=INDONESIA if citizen else nationality_code(person.citizenship),
        names=name_line(parts),
    ).lines


def complete_mrz(lines: Sequence[str], document_number: str) -> MrzLines:
    """The lines with their document number and the two check digits that depend on it.

    `ValueError` for anything but three lines of a zone without number, and for a number of another
    form than nine letters and digits.
    """
    if len(lines) != 3 or not all(_LINE.fullmatch(line) for line in lines):
        msg = "a zone has three lines of thirty characters"
        raise ValueError(msg)
    if not _NUMBER.fullmatch(document_number):
        msg = "a document number has nine letters and digits"
        raise ValueError(msg)
    upper, middle, lower = lines
    if upper[5:15] != _NO_NUMBER + "<" or middle[29] != "<":
        msg = "the zone has a document number already"
        raise ValueError(msg)
    upper = upper[:5] + document_number + check_digit(document_number) + upper[15:]
    composite = check_digit(upper[5:] + middle[:7] + middle[8:15] + middle[18:29])
    return upper, middle[:29] + composite, lower


def mrz_content(lines: MrzLines) -> bytes:
    """The lines as they stand in a package: ASCII, a line feed between them."""
    return "\n".join(lines).encode("ascii")


def mrz_from_content(content: bytes) -> MrzLines:
    """The lines of a package's file; `ValueError` for anything else."""
    lines = content.decode("ascii").split("\n")
    if len(lines) != 3 or not all(_LINE.fullmatch(line) for line in lines):
        msg = "a zone has three lines of thirty characters"
        raise ValueError(msg)
    upper, middle, lower = lines
    return upper, middle, lower
