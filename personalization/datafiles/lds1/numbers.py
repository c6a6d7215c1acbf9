"""Document numbers and card access numbers, from random bytes that the caller has of a good source.

Both are allotted when a card is bound, and both open its chip: they must not be guessed from one
another or from the holder.
"""

from __future__ import annotations

from typing import Final, Protocol

from ektp.personal import PersonalText

__all__ = [
    "CAN_DIGITS",
    "DOCUMENT_NUMBER_LENGTH",
    "RANDOM_BYTES",
    "IsFree",
    "can",
    "document_number",
    "is_document_number",
]

RANDOM_BYTES: Final = 16
"""Bytes of chance for a number: so many that taking a remainder favours none by more than 2^-80."""


class IsFree(Protocol):
    """The installation's word on a document number that was just drawn."""

    def __call__(self, number: PersonalText, /) -> bool:
        """Book the number and say True; say False where it was given before."""
        ...


DOCUMENT_NUMBER_LENGTH: Final = 9
CAN_DIGITS: Final = 6

# No letter that is taken for a digit or another letter, by eye or by a reader of OCR-B: no B (8),
# D (0), G (6), I (1), O (0), Q (0), S (5), U (V), Z (2); no vowel at all, so that no word appears.
_LETTERS: Final = "CFHJKLMNPRTVWXY"
# Of the digits, none that a kept letter looks like.
_CHARACTERS: Final = _LETTERS + "0123456789"


def document_number(random: bytes) -> str:
    """Nine characters, the first a letter: 15 times 25 to the 8th, about 2^41 numbers.

    `random` are 16 bytes (`ValueError` for any other length). Whether a number was given before is
    for the caller to see: nothing is remembered here.
    """
    value = _value(random)
    value, first = divmod(value, len(_LETTERS))
    characters = [_LETTERS[first]]
    for _ in range(DOCUMENT_NUMBER_LENGTH - 1):
        value, index = divmod(value, len(_CHARACTERS))
        characters.append(_CHARACTERS[index])
    return "".join(characters)


def can(random: bytes) -> str:
    """Six digits (ICAO Doc 9303-5 clause 3.2.3), leading zeros kept; `random` are 16 bytes."""
    return f"{_value(random) % 10**CAN_DIGITS:0{CAN_DIGITS}d}"


def is_document_number(text: str) -> bool:
    """Whether a text has the form of our numbers."""
    return (
        len(text) == DOCUMENT_NUMBER_LENGTH
        and text[0] in _LETTERS
        and all(character in _CHARACTERS for character in text)
    )


def _value(random: bytes) -> int:
    if len(random) != RANDOM_BYTES:
        msg = f"a number is made of {RANDOM_BYTES} random bytes"
        raise ValueError(msg)
    return int.from_bytes(random, "big")
