"""Regions by their Kemendagri codes: province, regency, kecamatan (district), village."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

__all__ = ["Area", "OfficeCode", "RegionCode"]

_DOTTED = re.compile(r"[0-9]{2}(\.[0-9]{2}(\.[0-9]{2}(\.[0-9]{4})?)?)?", re.ASCII)
_OFFICE_LENGTH = len("PP.RR.DD")


class RegionCode(str):
    """A dotted code: `PP`, `PP.RR`, `PP.RR.DD` or `PP.RR.DD.VVVV`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Make a code; raises `ValueError` where the form is wrong."""
        if not _DOTTED.fullmatch(text):
            msg = "a region code has the form PP[.RR[.DD[.VVVV]]]"
            raise ValueError(msg)
        return cls(text)

    @property
    def province(self) -> str:
        """The province, `PP`."""
        return self[:2]

    @property
    def regency(self) -> str:
        """The regency or city, `PP.RR`."""
        return self[:5]

    @property
    def district(self) -> str:
        """The kecamatan, `PP.RR.DD`."""
        return self[:_OFFICE_LENGTH]


class OfficeCode(RegionCode):
    """The kecamatan where a citizen collects the card, `PP.RR.DD`. It alone decides the routing."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Make a code; raises `ValueError` where it is not of a kecamatan."""
        code = super().parse(text)
        if len(code) != _OFFICE_LENGTH:
            msg = "a delivery office has the form PP.RR.DD"
            raise ValueError(msg)
        return code


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A region with the name that stands on the card."""

    code: RegionCode
    name: str
