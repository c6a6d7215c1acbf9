"""Chip profiles as data: which files a chip has, who may read them, how large they may be.

`ktp-el` follows what is publicly known of the card's read side; the rest is this project's own
documented profile (`docs/chip-profile-ktp-el.md`), not interoperable with issued KTP-el.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from ektp.errors import ConfigurationError

__all__ = [
    "CHIP_PROFILES",
    "KTP_EL",
    "ChipProfile",
    "ElementaryFile",
    "FileId",
    "ReadAccess",
    "chip_profile",
]


@unique
class ReadAccess(StrEnum):
    """Who may read a file of a closed chip."""

    FREE = "free"
    SECURE_MESSAGING = "secure_messaging"
    NEVER = "never"


class FileId(int):
    """A two-byte file identifier (ISO/IEC 7816-4 clause 5.3.1.1), shown as four hex digits."""

    def __repr__(self) -> str:
        return f"{int(self):04X}"

    __str__ = __repr__

    def __bytes__(self) -> bytes:
        return int(self).to_bytes(2, "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementaryFile:
    """A transparent EF: its identifier, its size in bytes, and its rules once the chip is closed.

    `length_prefixed` files begin with two bytes, big endian, that count the bytes that follow.
    `enciphered` files are protected by themselves as well, under the chip's file key.
    """

    file_id: FileId
    name: str
    size_bytes: int
    read: ReadAccess
    length_prefixed: bool = True
    enciphered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipProfile:
    """A chip application: its dedicated file, its files in the order in which they are written."""

    name: str
    application: FileId
    memory_bytes: int
    header_bytes: int
    files: tuple[ElementaryFile, ...]
    marker: ElementaryFile

    def file(self, name: str) -> ElementaryFile:
        """The file of that name; `KeyError` is a programmer's mistake."""
        for file in self.files:
            if file.name == name:
                return file
        raise KeyError(name)

    @property
    def used_bytes(self) -> int:
        """Memory that all files and their headers take when each is as large as it may be."""
        return sum(f.size_bytes + self.header_bytes for f in (*self.files, self.marker))


_FREE, _SM = ReadAccess.FREE, ReadAccess.SECURE_MESSAGING

KTP_EL: Final = ChipProfile(
    name="ktp-el",
    application=FileId(0x7F0A),
    memory_bytes=8192,
    header_bytes=16,
    files=(
        ElementaryFile(file_id=FileId(0x6FF0), name="card_control", size_bytes=2 + 51, read=_FREE),
        ElementaryFile(file_id=FileId(0x6FF1), name="biodata", size_bytes=2 + 896, read=_SM),
        ElementaryFile(file_id=FileId(0x6FF2), name="photo", size_bytes=2 + 4790, read=_FREE),
        ElementaryFile(
            file_id=FileId(0x6FF3),
            name="signature_image",
            size_bytes=928,
            read=_SM,
            enciphered=True,
        ),
        ElementaryFile(
            file_id=FileId(0x6FF4), name="minutiae_1", size_bytes=400, read=_SM, enciphered=True
        ),
        ElementaryFile(
            file_id=FileId(0x6FF5), name="minutiae_2", size_bytes=400, read=_SM, enciphered=True
        ),
        ElementaryFile(
            file_id=FileId(0x6FF6),
            name="digital_signature",
            size_bytes=80,
            read=_SM,
            length_prefixed=False,
        ),
    ),
    marker=ElementaryFile(
        file_id=FileId(0x6FFE),
        name="marker",
        size_bytes=32,
        read=ReadAccess.NEVER,
        length_prefixed=False,
    ),
)
"""The public file tree of KTP-el (`7F0A`, `6FF0` to `6FF6`) on 8 KB."""

CHIP_PROFILES: Final[dict[str, ChipProfile]] = {KTP_EL.name: KTP_EL}


def chip_profile(name: str) -> ChipProfile:
    """The profile of that name. Raises `ConfigurationError`."""
    try:
        return CHIP_PROFILES[name]
    except KeyError:
        raise ConfigurationError("no such chip profile", profile=name) from None
