"""Names in the letters of the machine-readable zone (ICAO Doc 9303-3 clauses 4.6 and 6).

Apostrophes vanish, hyphens and commas separate, all other punctuation is left out without a filler.
Where the table of clause 6.A leaves a choice, the longer form is taken (`Ä` AE, `Ö` OE, `Ü` UE, `Å`
AA) and `Ñ` is N. A number in a name becomes Roman (clause 4.6 has no numerals in a name); a zero,
which Rome had not, is left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from ektp.errors import GlyphMissing

__all__ = ["components", "transliterated"]

_LETTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

_NATIONAL: Final = {
    "A": "ÀÁÂÃĀĂĄ",
    "AA": "Å",
    "AE": "ÄÆ",
    "C": "ÇĆĈĊČ",
    "D": "ÐĎĐ",
    "E": "ÈÉÊËĒĔĖĘĚ",
    "F": "Ƒ",
    "G": "ĜĞĠĢ",
    "H": "ĤĦ",
    "I": "ÌÍÎÏĨĪĬĮİ",
    "IJ": "Ĳ",
    "J": "Ĵ",
    "K": "Ķ",
    "L": "ĹĻĽĿŁ",
    "N": "ÑŃŅŇŊ",
    "O": "ÒÓÔÕŌŎŐ",
    "OE": "ÖØŒ",
    "R": "ŔŖŘ",
    "S": "ŚŜŞŠ",
    "SS": "ẞ",
    "T": "ŢŤŦ",
    "TH": "Þ",
    "U": "ÙÚÛŨŪŬŮŰŲ",
    "UE": "Ü",
    "W": "Ŵ",
    "Y": "ÝŶŸ",
    "Z": "ŹŻŽ",
}
# Greek letters that the card's faces have as signs; clause 6 is silent on them: ISO 843.
_GREEK: Final = {"Ω": "O", "Π": "P", "Μ": "M"}
_TABLE: Final = {
    **{national: plain for plain, nationals in _NATIONAL.items() for national in nationals},
    **_GREEK,
}
_JOINERS: Final = frozenset("'`´’‘‚‛ʼʻ′")
_SEPARATORS: Final = frozenset(",-‐‑‒–—―−")
# Marks, and letters that are only marks for themselves (a circumflex, a caron).
_MARKS: Final = frozenset({"Mn", "Mc", "Me", "Lm"})
_ROMAN: Final = (
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
)
_LARGEST_ROMAN: Final = 3999
_NUMBER: Final = re.compile(r"[0-9]+")


def transliterated(text: str) -> str:
    """A text in A to Z, with a single `<` between its components and none at its ends.

    Raises `GlyphMissing(field="name", codepoint)` for a letter that has no transliteration here.
    """
    upper = unicodedata.normalize("NFC", text).upper()
    plain = "".join(_plain(character) for character in _NUMBER.sub(_numeral, upper))
    return "<".join(part for part in plain.split("<") if part)


def components(text: str) -> tuple[str, ...]:
    """The components of a name, in A to Z; none where no letter is left."""
    return tuple(part for part in transliterated(text).split("<") if part)


def _plain(character: str) -> str:
    if character in _LETTERS:
        return character
    if character in _TABLE:
        return _TABLE[character]
    if character in _JOINERS:
        return ""
    if character in _SEPARATORS or character.isspace():
        return "<"
    return "".join(_base(character))


def _base(character: str) -> Iterator[str]:
    """The letters under the marks of a character that the table does not list."""
    if not unicodedata.category(character).startswith("L"):
        return
    for part in unicodedata.normalize("NFKD", character).upper():
        if part in _LETTERS or part in _TABLE:
            yield _TABLE.get(part, part)
        elif unicodedata.category(part) not in _MARKS:
            raise GlyphMissing(
                "no transliteration into the machine-readable zone",
                field="name",
                codepoint=f"U+{ord(character):04X}",
            )


def _numeral(number: re.Match[str]) -> str:
    value = int(number[0])
    if value > _LARGEST_ROMAN:
        return "".join(_roman(int(digit)) for digit in number[0])
    return _roman(value)


def _roman(value: int) -> str:
    parts = []
    for worth, letters in _ROMAN:
        times, value = divmod(value, worth)
        parts.append(letters * times)
    return "".join(parts)
