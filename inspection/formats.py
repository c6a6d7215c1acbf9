"""Structure of what the files hold: card control, JPEG, bitmap, minutiae.

Structure only: whether it is the right picture is what digests and the signature say. Evidence is
lengths, positions and markers. Every function returns evidence or raises `ChipFault`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from inspection.faults import ChipFault

__all__ = [
    "CONTROL_BYTES",
    "CardControl",
    "attempt_digest",
    "check_bitmap",
    "check_jpeg",
    "check_minutiae",
    "jpeg_size",
]

CONTROL_BYTES: Final = 51
"""Card control without its length prefix."""

_VERSION = 0x01
_ISSUER = b"EKTP"
_SIGNATURE_IMAGE_BYTES: Final = 168 * 44 // 8


def attempt_digest(attempt: str) -> bytes:
    """What stands in a card control for an attempt: the first half of the SHA-256 of its id."""
    return hashlib.sha256(attempt.encode("ascii")).digest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardControl:
    """The card control (section 2), and its 51 bytes as they go to a SAM."""

    raw: bytes
    serial: bytes
    key_version: int
    attempt: bytes
    bound_on: date
    signer: bytes

    @classmethod
    def from_content(cls, content: bytes) -> Self:
        """Read the content of `6FF0`. Raises `ChipFault`."""
        raw = content[2:]
        if len(raw) != CONTROL_BYTES:
            raise ChipFault(f"{len(raw)} bytes of {CONTROL_BYTES}")
        if raw[0] != _VERSION:
            raise ChipFault(f"version {raw[0]:02X}")
        if raw[10:14] != _ISSUER:
            raise ChipFault("another issuer")
        if any(raw[42:]):
            raise ChipFault("bytes 42 to 50 are not 00")
        return cls(
            raw=raw,
            serial=raw[1:9],
            key_version=raw[9],
            attempt=raw[14:30],
            bound_on=_bcd_date(raw[30:34]),
            signer=raw[34:42],
        )


def _bcd_date(raw: bytes) -> date:
    text = raw.hex()
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise ChipFault("no date of binding") from None


def check_bitmap(content: bytes) -> str:
    """A signature image: 168 x 44 pixels of one bit."""
    if len(content) < 2 + _SIGNATURE_IMAGE_BYTES or content[:2] != _SIGNATURE_IMAGE_BYTES.to_bytes(
        2, "big"
    ):
        raise ChipFault(f"announces {int.from_bytes(content[:2], 'big')} bytes")
    return "168 x 44"


_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
"""Start of frame: baseline, extended sequential, progressive (ITU-T T.81 table B.1)."""

_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a segment: TEM and the restarts."""


def check_jpeg(content: bytes) -> str:
    """A photo after its length prefix: a whole JPEG."""
    width, height = jpeg_size(content[2:])
    return f"{width} x {height}"


def jpeg_size(jpeg: bytes) -> tuple[int, int]:
    """Width and height of a JPEG: SOI, whole segments with a frame, a scan, EOI as the last two
    bytes (T.81 B.1). Raises `ChipFault`.
    """
    if jpeg[:2] != bytes((0xFF, _SOI)) or jpeg[-2:] != bytes((0xFF, _EOI)) or len(jpeg) < 4:
        raise ChipFault("SOI or EOI is missing")
    position, size = 2, (0, 0)
    while position < len(jpeg) - 2:
        marker, start, end = _segment(jpeg, position)
        if marker in _FRAMES:
            frame = jpeg[start:end]
            size = (int.from_bytes(frame[3:5], "big"), int.from_bytes(frame[1:3], "big"))
        if marker == _SOS:
            break
        position = end
    else:
        raise ChipFault("no scan")
    if not all(size):
        raise ChipFault("no frame, or an empty one")
    return size


def _segment(jpeg: bytes, position: int) -> tuple[int, int, int]:
    """Marker, start and end of the segment's content."""
    if jpeg[position] != 0xFF:
        raise ChipFault(f"no marker at {position}")
    marker = jpeg[position + 1]
    if marker == 0xFF:
        # Any marker may be preceded by fill bytes.
        return 0xFF, position + 1, position + 1
    if marker in _BARE:
        return marker, position + 2, position + 2
    length = int.from_bytes(jpeg[position + 2 : position + 4], "big")
    end = position + 2 + length
    if length < 2 or end > len(jpeg) - 2:
        raise ChipFault(f"a segment leaves the picture at {position}")
    return marker, position + 4, end


def check_minutiae(content: bytes, position: int) -> str:
    """A whole ISO/IEC 19794-2:2005 record of one view of one finger (clauses 7.3 to 7.5)."""
    length = int.from_bytes(content[:2], "big")
    record = content[2 : 2 + length]
    if len(record) != length or length < 24 + 4 + 2:
        raise ChipFault(f"{len(record)} bytes of {length}")
    if record[:8] != b"FMR\x00 20\x00":
        raise ChipFault("not a record of ISO/IEC 19794-2:2005")
    if int.from_bytes(record[8:12], "big") != length or record[22] != 1:
        raise ChipFault("another length, or not one view")
    if record[24] != position:
        raise ChipFault(f"finger {record[24]} where {position} belongs")
    minutiae = record[27]
    extension = 28 + 6 * minutiae
    if extension + 2 > length:
        raise ChipFault(f"{minutiae} minutiae in {length} bytes")
    if extension + 2 + int.from_bytes(record[extension : extension + 2], "big") != length:
        raise ChipFault(f"{length} bytes do not add up")
    return f"{minutiae} minutiae"
