"""What opens an LDS chip: what is printed on its card (Doc 9303-11 clauses 4.3.2 and 4.4.4.1)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Self

from ektp.cards import ChipAccess

__all__ = ["AccessPasswords", "mrz_information"]

_LINES, _LINE_LENGTH = 3, 30
_ALPHABET = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<")
_FILLER = "<"


def mrz_information(lines: tuple[str, ...]) -> str:
    """Document number, birth date and expiry, each with its check digit, of a TD1 zone.

    A number of more than nine characters goes on in the optional data, up to its check digit
    (Doc 9303-5 clause 4.2.2). Raises `ValueError`, without showing the lines.
    """
    upper = [line.upper() for line in lines]
    whole = len(upper) == _LINES and all(
        len(line) == _LINE_LENGTH and _ALPHABET.issuperset(line) for line in upper
    )
    if not whole:
        msg = "the machine readable zone of a TD1 card is three lines of 30 characters"
        raise ValueError(msg)
    number, check, optional = upper[0][5:14], upper[0][14], upper[0][15:30]
    if check == _FILLER:
        more = optional.partition(_FILLER)[0]
        if len(more) < 2:
            msg = "the document number has no check digit"
            raise ValueError(msg)
        number, check = number + more[:-1], more[-1]
    return number + check + upper[1][0:7] + upper[1][8:15]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPasswords:
    """The passwords of one chip, as far as they are known.

    `mrz_information` is document number (nine characters or more), birth date and expiry
    (YYMMDD), each with its check digit; `can` the digits on the front. Neither is ever shown.
    Raises `ValueError` where a password cannot be one.
    """

    mrz_information: str | None = field(default=None, repr=False)
    can: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        mrz = self.mrz_information
        if mrz is not None and not (24 <= len(mrz) <= 38 and _ALPHABET.issuperset(mrz)):
            msg = "MRZ information is 24 to 38 characters of a machine readable zone"
            raise ValueError(msg)
        if self.can is not None and not (self.can.isascii() and self.can.isdigit()):
            msg = "a CAN is digits"
            raise ValueError(msg)

    @classmethod
    def of_mrz(cls, lines: tuple[str, ...], can: str | None = None) -> Self:
        """Of the three printed lines. Raises `ValueError`."""
        return cls(mrz_information=mrz_information(lines), can=can)

    @classmethod
    def of(cls, access: ChipAccess) -> Self:
        """Of what a card is expected to have printed on it. Raises `ValueError`."""
        lines = tuple(line.reveal() for line in access.mrz)
        return cls.of_mrz(lines, access.can.reveal())

    @property
    def mrz_secret(self) -> bytes | None:
        """SHA-1 over the MRZ information: whole for PACE, its first 16 bytes for BAC."""
        if self.mrz_information is None:
            return None
        # Doc 9303-11 prescribes SHA-1 here.
        return hashlib.sha1(self.mrz_information.encode("ascii")).digest()  # noqa: S324 - see above

    @property
    def can_secret(self) -> bytes | None:
        """The CAN in ISO 8859-1."""
        return None if self.can is None else self.can.encode("ascii")
