"""What no paper may show, refused when its content is put together and not when it is drawn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Final

from ektp.ids import CardSerial, Identifier
from ektp.personal import PersonalText

__all__ = ["View", "require_distinct", "require_masked"]

# Sixteen digits in a row, or in the groups that people write a NIK in. A longer row of digits (an
# officer's NIP has eighteen) is no NIK.
_CITIZEN_NUMBER: Final = re.compile(
    r"(?<![0-9])(?:[0-9]{16}|[0-9]{4}([ .-])[0-9]{4}\1[0-9]{4}\1[0-9]{4}"
    r"|[0-9]{6}([ .-])[0-9]{6}\2[0-9]{4})(?![0-9])",
    re.ASCII,
)
_MASKED: Final = re.compile(r"[0-9]{4}\*{8}[0-9]{4}", re.ASCII)


class View:
    """A paper's content or a part of it. Raises `ValueError` where it shows what no paper may."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for value in _leaves(self):
            if isinstance(value, datetime) and value.tzinfo is None:
                msg = "a paper shows aware moments only"
                raise ValueError(msg)
            # A chip serial may happen to have no letter among its sixteen hex digits.
            if isinstance(value, str) and not isinstance(value, CardSerial | Identifier):
                _refuse_citizen_number(value)


def _refuse_citizen_number(text: str) -> None:
    if _CITIZEN_NUMBER.search(text):
        msg = "no paper shows a number of sixteen digits: mask it"
        raise ValueError(msg)


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, PersonalText):
        yield value.reveal()
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _leaves(item)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _leaves(getattr(value, field.name))
    else:
        yield value


def require_masked(nik: str) -> None:
    """Raises `ValueError` where a NIK does not stand in the house's one mask."""
    if not _MASKED.fullmatch(nik):
        msg = "a NIK stands on paper as four digits, eight stars, four digits"
        raise ValueError(msg)


def require_distinct(values: Iterable[str], noun: str) -> None:
    """Raises `ValueError` where something stands twice on one paper."""
    listed = list(values)
    if len(set(listed)) != len(listed):
        msg = f"a {noun} stands twice on one paper"
        raise ValueError(msg)
