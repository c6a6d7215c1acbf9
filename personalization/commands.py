"""The commands of a blank as command APDUs.

`docs/chip-profile-ktp-el.md` section 4, `docs/chip-profile-icao-lds1.md` section 2 and
`docs/secure-channel.md`, in plain form: the secure channel wraps them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ektp.apdu import CommandApdu
from ektp.chip_profiles import MASTER_FILE, ChipProfile, ElementaryFile, FileId, ReadAccess
from ektp.ports import TRANSPORT_KEY_VERSION, SealedKeySet
from ektp.tlv import Tlv

__all__ = [
    "GET_CPLC",
    "GET_EXTENDED_LENGTHS",
    "GET_KEY_INFORMATION",
    "GET_STATUS",
    "INS_PUT_DATA",
    "INS_PUT_KEY",
    "SECURE",
    "SELECT_MASTER_FILE",
    "TERMINATE",
    "create_application",
    "create_file",
    "file_digest",
    "put_data",
    "put_key",
    "read_binary",
    "select",
    "select_application",
    "update_binary",
]

_ANY_LENGTH: Final = 256

GET_CPLC: Final = CommandApdu(0x80, 0xCA, 0x9F, 0x7F, le=_ANY_LENGTH)
"""GET DATA, Card Production Life Cycle (GlobalPlatform Card Specification, H.6)."""

GET_KEY_INFORMATION: Final = CommandApdu(0x80, 0xCA, 0x00, 0xE0, le=_ANY_LENGTH)
"""GET DATA, key information template (GlobalPlatform Card Specification, 11.3.3.1)."""

GET_EXTENDED_LENGTHS: Final = CommandApdu(0x00, 0xCA, 0x7F, 0x66, le=_ANY_LENGTH)
"""GET DATA, extended length information (ISO/IEC 7816-4 clause 12.7.1)."""

GET_STATUS: Final = CommandApdu(0x80, 0xF2, 0x80, 0x00, bytes((0x4F, 0x00)), le=_ANY_LENGTH)
"""GET STATUS of the issuer security domain: the card's life cycle."""

SECURE: Final = CommandApdu(0x80, 0xF0, 0x80, 0x0F)
"""SET STATUS, SECURED: closes the chip, one way."""

TERMINATE: Final = CommandApdu(0x80, 0xF0, 0x80, 0xFF)
"""SET STATUS, TERMINATED: ends the chip, one way."""

INS_PUT_KEY: Final = 0xD8
INS_PUT_DATA: Final = 0xDA

_FILE_CONTROL: Final = 0x62
_RULES: Final = {
    ReadAccess.FREE: 0x00,
    ReadAccess.SECURE_MESSAGING: 0x01,
    ReadAccess.BAC_OR_PACE: 0x02,
    ReadAccess.NEVER: 0xFF,
}


def select(file_id: FileId) -> CommandApdu:
    """SELECT by file identifier."""
    return CommandApdu(0x00, 0xA4, data=bytes(file_id))


SELECT_MASTER_FILE: Final = select(MASTER_FILE)
"""SELECT of the root, under which some files of `icao-lds1` lie."""


def select_application(profile: ChipProfile) -> CommandApdu:
    """SELECT of the application: by its AID where it has one (no answer wanted), else by its id."""
    if profile.aid:
        return CommandApdu(0x00, 0xA4, 0x04, 0x0C, profile.aid)
    return select(profile.application)


def create_application(profile: ChipProfile) -> CommandApdu:
    """CREATE FILE, the dedicated file; creates and selects."""
    objects = [Tlv(0x82, b"\x38"), Tlv(0x83, bytes(profile.application))]
    if profile.aid:
        objects.append(Tlv(0x84, profile.aid))
    return _create(*objects)


def create_file(file: ElementaryFile, size_bytes: int) -> CommandApdu:
    """CREATE FILE, a transparent elementary file of exactly this size; creates and selects."""
    return _create(
        Tlv(0x80, size_bytes.to_bytes(2, "big")),
        Tlv(0x82, b"\x01"),
        Tlv(0x83, bytes(file.file_id)),
        Tlv(0x86, bytes((_RULES[file.read],))),
    )


def _create(*objects: Tlv) -> CommandApdu:
    control = b"".join(bytes(tlv) for tlv in objects)
    return CommandApdu(0x00, 0xE0, data=bytes(Tlv(_FILE_CONTROL, control)))


def update_binary(content: bytes, block_bytes: int) -> Iterator[CommandApdu]:
    """UPDATE BINARY of the selected file, from its first byte, in blocks."""
    for offset in range(0, len(content), block_bytes):
        block = content[offset : offset + block_bytes]
        yield CommandApdu(0x00, 0xD6, offset >> 8, offset & 0xFF, block)


def read_binary(length: int) -> CommandApdu:
    """READ BINARY of the first bytes of the selected file."""
    return CommandApdu(0x00, 0xB0, le=length)


def put_key(key_set: SealedKeySet) -> CommandApdu:
    """PUT KEY: the card's own key set in place of the maker's, in one command."""
    return CommandApdu(0x80, INS_PUT_KEY, TRANSPORT_KEY_VERSION, 0x81, key_set.body, _ANY_LENGTH)


def put_data(object_number: int, sealed: bytes) -> CommandApdu:
    """PUT DATA: a sealed secret of the application."""
    return CommandApdu(0x00, INS_PUT_DATA, 0x01, object_number, sealed)


def file_digest(*files: FileId) -> CommandApdu:
    """FILE DIGEST: SHA-256 of a whole file as it is stored; of several, over those of each."""
    # Le 00 and not 20: the answer is longer in the channel.
    return CommandApdu(0x80, 0xB4, data=b"".join(map(bytes, files)), le=_ANY_LENGTH)
