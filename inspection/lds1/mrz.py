"""The machine-readable zone in EF.DG1: TD1, TD2 and TD3 (Doc 9303 parts 3, 4, 5 and 6).

Evidence names fields, never what stands in them.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass, field
from typing import Final, Self

from inspection.faults import ChipFault
from inspection.lds1.tlv import only

__all__ = ["MachineReadableZone", "check_digit", "document_code"]

_DG1, _ZONE = 0x61, 0x5F1F
_LINES: Final = {90: 30, 72: 36, 88: 44}
"""Characters of a whole zone, and of a line: TD1, TD2, TD3."""

_VALUES: Final = {c: n for n, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {"<": 0}
_WEIGHTS: Final = (7, 3, 1)
_FILLER: Final = "<"
_CODES: Final = {90: "ACI", 72: "ACI", 88: "P"}
"""First letters of document codes by size (part 3 clause 4.4; part 4; part 5; part 6)."""

_CODE = re.compile(r"[A-Z][A-Z<]")
_STATE = re.compile(r"[A-Z]{3}|D<<")
_NUMBER = re.compile(r"[A-Z0-9](?:[A-Z0-9<]*)")
_NAME = re.compile(r"[A-Z]+(?:<[A-Z]+)*(?:<<[A-Z]+(?:<[A-Z]+)*)?<*")
_LEAP_YEAR: Final = 2000


def check_digit(text: str) -> str:
    """The check digit of a text (part 3 clause 4.9)."""
    total = sum(_VALUES[c] * _WEIGHTS[place % 3] for place, c in enumerate(text))
    return str(total % 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineReadableZone:
    """A zone, cut into its fields. `number` is whole, however long; checks are single characters.

    `composite` is the text under the composite check digit. `optional_check` is None where the
    size has none (TD1, TD2).
    """

    characters: int
    code: str
    state: str
    number: str = field(repr=False)
    number_check: str = field(repr=False)
    birth: str = field(repr=False)
    birth_check: str = field(repr=False)
    sex: str = field(repr=False)
    expiry: str = field(repr=False)
    expiry_check: str = field(repr=False)
    nationality: str = field(repr=False)
    optional: str = field(repr=False)
    optional_check: str | None = field(repr=False)
    names: str = field(repr=False)
    composite: str = field(repr=False)
    composite_check: str = field(repr=False)
    text: str = field(repr=False)

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Of the content of EF.DG1. Raises `ChipFault` where it is no zone."""
        zone = only(only(content, _DG1), _ZONE)
        text = zone.decode("ascii", "replace")
        if len(zone) not in _LINES or not set(text) <= _VALUES.keys():
            raise ChipFault(f"{len(zone)} characters that are no zone")
        size = _LINES[len(zone)]
        lines = [text[start : start + size] for start in range(0, len(text), size)]
        return cls._td1(text, *lines) if len(lines) == 3 else cls._td23(text, *lines)

    @classmethod
    def _td1(cls, text: str, upper: str, middle: str, lower: str) -> Self:
        number, check, optional = _document_number(upper[5:14], upper[14], upper[15:])
        return cls(
            characters=len(text),
            code=upper[:2],
            state=upper[2:5],
            number=number,
            number_check=check,
            birth=middle[:6],
            birth_check=middle[6],
            sex=middle[7],
            expiry=middle[8:14],
            expiry_check=middle[14],
            nationality=middle[15:18],
            optional=optional + middle[18:29],
            optional_check=None,
            names=lower,
            composite=upper[5:] + middle[:7] + middle[8:15] + middle[18:29],
            composite_check=middle[29],
            text=text,
        )

    @classmethod
    def _td23(cls, text: str, upper: str, lower: str) -> Self:
        passport = len(lower) == 44
        number, check, optional = lower[:9], lower[9], lower[28:-2]
        if not passport:
            number, check, optional = _document_number(number, check, lower[28:-1])
        return cls(
            characters=len(text),
            code=upper[:2],
            state=upper[2:5],
            number=number,
            number_check=check,
            birth=lower[13:19],
            birth_check=lower[19],
            sex=lower[20],
            expiry=lower[21:27],
            expiry_check=lower[27],
            nationality=lower[10:13],
            optional=optional,
            optional_check=lower[-2] if passport else None,
            names=upper[5:],
            composite=lower[:10] + lower[13:20] + lower[21:-1],
            composite_check=lower[-1],
            text=text,
        )

    @property
    def information(self) -> str:
        """What opens the chip: number, birth and expiry with check digits (part 11, 4.3.2)."""
        return (
            self.number
            + self.number_check
            + self.birth
            + self.birth_check
            + self.expiry
            + self.expiry_check
        )

    def check_fields(self) -> str:
        """Every field has a shape that it may have. Raises `ChipFault` naming the others."""
        sound = {
            "document code": _CODE.fullmatch(self.code) is not None
            and self.code[0] in _CODES[self.characters],
            "issuing state": _STATE.fullmatch(self.state) is not None,
            "document number": _NUMBER.fullmatch(self.number) is not None
            and "<" not in self.number.rstrip(_FILLER),
            "date of birth": _is_date(self.birth, partial=True),
            "sex": self.sex in "MF<",
            "date of expiry": _is_date(self.expiry, partial=False),
            "nationality": _STATE.fullmatch(self.nationality) is not None,
            "name": _NAME.fullmatch(self.names) is not None,
        }
        wrong = [name for name, good in sound.items() if not good]
        if wrong:
            raise ChipFault(", ".join(wrong))
        return f"{self.characters} characters, {self.code} {self.state}"

    def check_digits(self) -> str:
        """Every check digit is right. Raises `ChipFault` naming the others."""
        checks = {
            "document number": (self.number, self.number_check),
            "date of birth": (self.birth, self.birth_check),
            "date of expiry": (self.expiry, self.expiry_check),
            "composite": (self.composite, self.composite_check),
        }
        wrong = [name for name, (text, check) in checks.items() if check_digit(text) != check]
        if not self._optional_is_right():
            wrong.append("optional data")
        if wrong:
            raise ChipFault(", ".join(wrong))
        return f"{len(checks) + (self.optional_check is not None)} digits"

    def _optional_is_right(self) -> bool:
        if self.optional_check is None:
            return True
        empty = not self.optional.strip(_FILLER)
        # Part 4 clause 4.2.2: where there is no optional data, zero or a filler.
        return self.optional_check == check_digit(self.optional) or (
            empty and self.optional_check == _FILLER
        )


def _document_number(number: str, check: str, optional: str) -> tuple[str, str, str]:
    """A number of more than nine characters goes on in the optional data (part 5, 4.2.2)."""
    if check != _FILLER:
        return number, check, optional
    more, _, rest = optional.partition(_FILLER)
    if len(more) < 2:
        return number, check, optional
    return number + more[:-1], more[-1], rest


def _is_date(text: str, *, partial: bool) -> bool:
    """YYMMDD; parts of a date of birth that nobody knows are fillers (part 3, 4.8)."""
    parts = [text[place : place + 2] for place in (0, 2, 4)]
    known = [part.isdigit() for part in parts]
    if not all(part.isdigit() or (partial and part == "<<") for part in parts):
        return False
    if known[1] and not 1 <= int(parts[1]) <= 12:
        return False
    if not known[2]:
        return True
    year = 2000 + int(parts[0]) if known[0] else _LEAP_YEAR
    longest = monthrange(year, int(parts[1]))[1] if known[1] else 31
    return 1 <= int(parts[2]) <= longest


def document_code(content: bytes) -> str:
    """The document code in EF.DG1 without filler. Raises `ChipFault`."""
    return MachineReadableZone.of(content).code.rstrip(_FILLER)
