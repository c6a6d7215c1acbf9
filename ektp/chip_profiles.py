"""Chip profiles as data: which files a chip has, who may read them, how large they may be.

`ktp-el` follows what is publicly known of the card's read side; the rest is this project's own
documented profile (`docs/chip-profile-ktp-el.md`), not interoperable with issued KTP-el.
`icao-lds1` is an ICAO Doc 9303 LDS1 application (`docs/chip-profile-icao-lds1.md`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum, unique
from typing import Final

from ektp.errors import ConfigurationError

__all__ = [
    "CHIP_PROFILES",
    "ICAO_LDS1",
    "KTP_EL",
    "MASTER_FILE",
    "ChipProfile",
    "ElementaryFile",
    "FileId",
    "ReadAccess",
    "chip_profile",
    "with_photo_access",
]


@unique
class ReadAccess(StrEnum):
    """Who may read a file of a closed chip."""

    FREE = "free"
    SECURE_MESSAGING = "secure_messaging"
    """After the mutual authentication of KTP-el, within its secure messaging."""
    BAC_OR_PACE = "bac_or_pace"
    """After BAC or PACE (ICAO Doc 9303-11), within secure messaging."""
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
    short_id: int | None = None
    """Short EF identifier, 1 to 30 (ISO/IEC 7816-4 clause 7.3.2)."""
    in_master_file: bool = False
    """Whether it lies under the master file, beside the application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipProfile:
    """A chip application: its dedicated file, its files in the order in which they are written.

    `key_bytes` is the length of each AES key of the personalization channel
    (`docs/secure-channel.md`).
    """

    name: str
    application: FileId
    memory_bytes: int
    header_bytes: int
    files: tuple[ElementaryFile, ...]
    marker: ElementaryFile
    key_bytes: int = 16
    aid: bytes = b""

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

MASTER_FILE: Final = FileId(0x3F00)
"""The root of the file tree (ISO/IEC 7816-4 clause 7.2.1)."""


def _lds(
    file_id: int,
    name: str,
    size_bytes: int,
    *,
    read: ReadAccess = ReadAccess.BAC_OR_PACE,
    root: bool = False,
) -> ElementaryFile:
    # In an LDS1 application the short identifier is the second byte (Doc 9303-10 clause 3.11).
    return ElementaryFile(
        file_id=FileId(file_id),
        name=name,
        size_bytes=size_bytes,
        read=read,
        length_prefixed=name == "card_control",
        short_id=None if file_id & 0xFF > 0x1E else file_id & 0xFF,
        in_master_file=root,
    )


ICAO_LDS1: Final = ChipProfile(
    name="icao-lds1",
    application=FileId(0x1F00),
    aid=bytes.fromhex("A0000002471001"),
    memory_bytes=32_768,
    header_bytes=16,
    key_bytes=32,
    files=(
        _lds(0x011C, "card_access", 64, read=_FREE, root=True),
        _lds(0x01F0, "card_control", 2 + 51, read=_FREE, root=True),
        _lds(0x011E, "com", 48),
        _lds(0x0101, "dg1", 95),
        _lds(0x0102, "dg2", 15_360),
        _lds(0x0107, "dg7", 2_048),
        _lds(0x010B, "dg11", 1_024),
        _lds(0x010C, "dg12", 512),
        _lds(0x010D, "dg13", 1_536),
        _lds(0x010E, "dg14", 512),
        _lds(0x010F, "dg15", 128),
        _lds(0x011D, "sod", 4_096),
    ),
    marker=_lds(0x01FE, "marker", 32, read=ReadAccess.NEVER),
)
"""ICAO Doc 9303 LDS1 on 32 KB, with EF.CardAccess and our card control under the master file."""

CHIP_PROFILES: Final[dict[str, ChipProfile]] = {p.name: p for p in (KTP_EL, ICAO_LDS1)}


def with_photo_access(profile: ChipProfile, read: ReadAccess) -> ChipProfile:
    """The profile with another read rule for its photograph; unchanged where it has no such file.

    KTP-el readers in the field read the photograph without a SAM, so `FREE` is the default;
    `SECURE_MESSAGING` keeps it from whoever comes near the card.
    """
    return replace(
        profile,
        files=tuple(
            replace(file, read=read) if file.name == "photo" else file for file in profile.files
        ),
    )


def chip_profile(name: str) -> ChipProfile:
    """The profile of that name. Raises `ConfigurationError`."""
    try:
        return CHIP_PROFILES[name]
    except KeyError:
        raise ConfigurationError("no such chip profile", profile=name) from None
