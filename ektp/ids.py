"""Names of things: job, batch, parcel, consignment, attempt, request and chip serial.

An id is a letter, a hyphen, ten Crockford base-32 characters (50 random bits) and one check
character, Crockford's modulo-37 check. Ids are drawn so that the check character is itself one of
the 32, which keeps them free of symbols that a scanner or a file name dislikes.
"""

from __future__ import annotations

from typing import ClassVar, Self

from ektp.errors import IdInvalid

__all__ = [
    "AttemptId",
    "BatchId",
    "CardSerial",
    "ConsignmentId",
    "Identifier",
    "JobId",
    "ParcelId",
    "RequestId",
]

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {character: value for value, character in enumerate(_ALPHABET)}
_BODY_LENGTH = 10
_BODY_BITS = 5 * _BODY_LENGTH
_CHECK_MODULUS = 37
# What people type for digits they misread (Crockford's decoding rules).
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})


class Identifier(str):
    """An id with its prefix and its verified check character."""

    __slots__ = ()
    prefix: ClassVar[str] = ""
    noun: ClassVar[str] = "id"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an id as a person or a scanner gives it.

        Raises `IdInvalid` where prefix, length, alphabet or check character is wrong.
        """
        tidy = text.strip().upper()
        prefix, _, tail = tidy.partition("-")
        tail = tail.translate(_MISREAD)
        if prefix != cls.prefix or len(tail) != _BODY_LENGTH + 1:
            raise IdInvalid("not such an id", noun=cls.noun, expected=f"{cls.prefix}-…")
        if any(character not in _VALUE for character in tail):
            raise IdInvalid("a character that no id has", noun=cls.noun)
        if _VALUE[tail[-1]] != _number(tail[:-1]) % _CHECK_MODULUS:
            raise IdInvalid("the check character does not fit", noun=cls.noun)
        return cls(f"{prefix}-{tail}")

    @classmethod
    def from_entropy(cls, random_bytes: bytes) -> Self | None:
        """Make an id of eight random bytes; None where its check is not one of the 32."""
        number = int.from_bytes(random_bytes, "big") & ((1 << _BODY_BITS) - 1)
        check = number % _CHECK_MODULUS
        if check >= len(_ALPHABET):
            return None
        body = "".join(_ALPHABET[(number >> shift) & 31] for shift in range(_BODY_BITS - 5, -5, -5))
        return cls(f"{cls.prefix}-{body}{_ALPHABET[check]}")


def _number(body: str) -> int:
    number = 0
    for character in body:
        number = number * 32 + _VALUE[character]
    return number


class JobId(Identifier):
    """A card that a citizen is owed."""

    __slots__ = ()
    prefix = "J"
    noun = "job"


class BatchId(Identifier):
    """A production lot sent to the lines."""

    __slots__ = ()
    prefix = "B"
    noun = "batch"


class ParcelId(Identifier):
    """A sealed package for one kecamatan."""

    __slots__ = ()
    prefix = "P"
    noun = "parcel"


class ConsignmentId(Identifier):
    """Parcels that travel together under one courier and one berita acara."""

    __slots__ = ()
    prefix = "S"
    noun = "consignment"


class AttemptId(Identifier):
    """One blank fed for one job."""

    __slots__ = ()
    prefix = "A"
    noun = "attempt"


class RequestId(Identifier):
    """A two-person act that waits for its second person."""

    __slots__ = ()
    prefix = "R"
    noun = "request"


class CardSerial(str):
    """A chip's serial: 8 bytes, in capital hex, by which a card is named.

    Bytes 11 to 18 of the CPLC (GlobalPlatform Card Specification, H.6): IC fabrication date,
    IC serial number and IC batch identifier.
    """

    __slots__ = ()
    length_bytes: ClassVar[int] = 8

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a serial typed or scanned. Raises `IdInvalid`."""
        tidy = text.strip().upper()
        if len(tidy) != 2 * cls.length_bytes or any(c not in "0123456789ABCDEF" for c in tidy):
            raise IdInvalid("not a chip serial", noun="card", expected="16 hex digits")
        return cls(tidy)

    @classmethod
    def from_bytes(cls, serial: bytes) -> Self:
        """The serial as the chip gives it. Raises `IdInvalid` where it is not 8 bytes."""
        if len(serial) != cls.length_bytes:
            raise IdInvalid("not a chip serial", noun="card", expected="8 bytes")
        return cls(serial.hex().upper())

    def __bytes__(self) -> bytes:
        return bytes.fromhex(self)
