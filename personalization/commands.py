"""The commands of a blank as command APDUs (`docs/chip-profile-ktp-el.md` section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ektp.apdu import CommandApdu
from ektp.chip_profiles import ElementaryFile, FileId, ReadAccess
from ektp.tlv import Tlv

__all__ = [
    "BLOCK_BYTES",
    "GET_CHALLENGE",
    "GET_CPLC",
    "GET_STATUS",
    "SECURE",
    "create_application",
    "create_file",
    "file_digest",
    "put_keys",
    "read_binary",
    "select",
    "terminate",
    "update_binary",
]

BLOCK_BYTES: Final = 240
"""Data go in blocks of this size; a secure channel has its checksum and padding beside them."""

GET_CPLC: Final = CommandApdu(0x80, 0xCA, 0x9F, 0x7F, le=256)
"""GET DATA, Card Production Life Cycle (GlobalPlatform Card Specification, H.6)."""

GET_STATUS: Final = CommandApdu(0x80, 0xF2, 0x80, 0x00, bytes((0x4F, 0x00)), le=256)
"""GET STATUS of the issuer security domain: the card's life cycle."""

GET_CHALLENGE: Final = CommandApdu(0x00, 0x84, le=8)
"""GET CHALLENGE, 8 bytes."""

SECURE: Final = CommandApdu(0x80, 0xF0, 0x80, 0x0F)
"""SET STATUS, SECURED: closes the chip, one way."""

_FILE_CONTROL: Final = 0x62
_RULES: Final = {
    ReadAccess.FREE: 0x00,
    ReadAccess.SECURE_MESSAGING: 0x01,
    ReadAccess.NEVER: 0xFF,
}


def select(file_id: FileId) -> CommandApdu:
    """SELECT by file identifier."""
    return CommandApdu(0x00, 0xA4, data=bytes(file_id))


def create_application(file_id: FileId) -> CommandApdu:
    """CREATE FILE, the dedicated file; creates and selects."""
    control = bytes(Tlv(0x82, b"\x38")) + bytes(Tlv(0x83, bytes(file_id)))
    return CommandApdu(0x00, 0xE0, data=bytes(Tlv(_FILE_CONTROL, control)))


def create_file(file: ElementaryFile, size_bytes: int) -> CommandApdu:
    """CREATE FILE, a transparent elementary file of exactly this size; creates and selects."""
    objects = (
        Tlv(0x80, size_bytes.to_bytes(2, "big")),
        Tlv(0x82, b"\x01"),
        Tlv(0x83, bytes(file.file_id)),
        Tlv(0x86, bytes((_RULES[file.read],))),
    )
    return CommandApdu(
        0x00, 0xE0, data=bytes(Tlv(_FILE_CONTROL, b"".join(bytes(tlv) for tlv in objects)))
    )


def update_binary(content: bytes) -> Iterator[CommandApdu]:
    """UPDATE BINARY of the selected file, from its first byte, in blocks."""
    for offset in range(0, len(content), BLOCK_BYTES):
        block = content[offset : offset + BLOCK_BYTES]
        yield CommandApdu(0x00, 0xD6, offset >> 8, offset & 0xFF, block)


def read_binary(length: int) -> CommandApdu:
    """READ BINARY of the first bytes of the selected file."""
    return CommandApdu(0x00, 0xB0, le=length)


def put_keys(key_version: int, block: bytes) -> CommandApdu:
    """PUT KEY: all keys of the chip in one command."""
    return CommandApdu(0x80, 0xD8, key_version, 0x01, block)


def file_digest(file_id: FileId) -> CommandApdu:
    """FILE DIGEST: SHA-256 of a whole file as it is stored."""
    return CommandApdu(0x80, 0xB4, data=bytes(file_id), le=32)


def terminate(proof: bytes = b"") -> CommandApdu:
    """SET STATUS, TERMINATED; with a proof where the chip is closed."""
    return CommandApdu(0x80, 0xF0, 0x80, 0xFF, proof)
