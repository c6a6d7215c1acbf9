"""Personal values: they mask themselves in `repr`, `str`, f-strings and logs.

The value is only had by calling `.reveal()`, which artwork, chip and the vault do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Self

__all__ = ["FamilyCardNumber", "Nik", "PersonalBytes", "PersonalText", "mask_number"]

_SIXTEEN_DIGITS = re.compile(r"[0-9]{16}", re.ASCII)


def mask_number(digits: str) -> str:
    """The one mask of the house: first four digits, eight stars, last four."""
    return f"{digits[:4]}********{digits[-4:]}"


@dataclass(frozen=True, slots=True, repr=False)
class PersonalText:
    """A text about a person, as approved."""

    _value: str

    def reveal(self) -> str:
        """The text itself, for the card, the chip and the vault."""
        return self._value

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


@dataclass(frozen=True, slots=True, repr=False)
class PersonalBytes:
    """A picture or a template of a person."""

    _value: bytes

    def reveal(self) -> bytes:
        """The bytes themselves, for the card, the chip and the vault."""
        return self._value

    def __len__(self) -> int:
        return len(self._value)

    def __str__(self) -> str:
        return f"<{len(self._value)} bytes>"

    def __repr__(self) -> str:
        return f"{type(self).__name__}(<{len(self._value)} bytes>)"


@dataclass(frozen=True, slots=True, repr=False)
class _SixteenDigits:
    _value: str
    noun: ClassVar[str] = "number"

    def __post_init__(self) -> None:
        if not _SIXTEEN_DIGITS.fullmatch(self._value):
            msg = f"a {self.noun} is sixteen ASCII digits"
            raise ValueError(msg)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Make one of sixteen ASCII digits; raises `ValueError` without showing the text."""
        return cls(text)

    def reveal(self) -> str:
        """The sixteen digits."""
        return self._value

    def __str__(self) -> str:
        return mask_number(self._value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({mask_number(self._value)})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


@dataclass(frozen=True, slots=True, repr=False)
class Nik(_SixteenDigits):
    """A citizen's number: region of first registration (6), birth date DDMMYY with 40 added to the
    day for women (6), serial (4). It never changes, has no check digit and routes nothing
    (PP 37/2007 art. 37, PP 40/2019)."""

    noun = "NIK"

    @property
    def region(self) -> str:
        """The six region digits: where the person was first registered."""
        return self._value[:6]

    @property
    def birth_digits(self) -> str:
        """DDMMYY, with 40 added to the day for women."""
        return self._value[6:12]

    @property
    def serial(self) -> str:
        """The last four digits; 0000 is only ever used for people who do not exist."""
        return self._value[12:]


@dataclass(frozen=True, slots=True, repr=False)
class FamilyCardNumber(_SixteenDigits):
    """The number of a *Kartu Keluarga*. It stands in the record and never on card or chip."""

    noun = "KK number"
