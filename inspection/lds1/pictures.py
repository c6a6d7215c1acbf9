"""Pictures in data groups by their own headers: that they are whole, and how large.

Nothing is decoded: an inspection must not hand bytes of a stranger to a decoder.
"""

from __future__ import annotations

from typing import Final

from inspection.faults import ChipFault
from inspection.formats import jpeg_size

__all__ = ["picture_size"]

_JP2_BEGINS: Final = bytes.fromhex("0000000C6A5020200D0A870A")
_CODESTREAM_BEGINS: Final = bytes.fromhex("FF4FFF51")
_ENDS: Final = bytes.fromhex("FFD9")
_SIZ_BYTES: Final = 38
_MOST_BOXES: Final = 64


def picture_size(data: bytes) -> tuple[str, int, int]:
    """Kind (`JPEG`, `JPEG 2000`), width and height. Raises `ChipFault`."""
    if data.startswith(_JP2_BEGINS):
        return "JPEG 2000", *_codestream_size(_codestream_of(data))
    if data.startswith(_CODESTREAM_BEGINS):
        return "JPEG 2000", *_codestream_size(data)
    return "JPEG", *jpeg_size(data)


def _codestream_of(data: bytes) -> bytes:
    """The contiguous codestream among the boxes of a JP2 file (ISO/IEC 15444-1 annex I)."""
    position = 0
    codestream = b""
    for _ in range(_MOST_BOXES):
        if position == len(data):
            break
        length = int.from_bytes(data[position : position + 4], "big")
        kind = data[position + 4 : position + 8]
        end = len(data) if length == 0 else position + length
        if (0 < length < 8) or end > len(data) or len(kind) != 4:
            raise ChipFault(f"a box of {length} bytes at {position}")
        if kind == b"jp2c":
            codestream = data[position + 8 : end]
        position = end
    if position != len(data) or not codestream.startswith(_CODESTREAM_BEGINS):
        raise ChipFault("no codestream, or bytes after the boxes")
    return codestream


def _codestream_size(codestream: bytes) -> tuple[int, int]:
    """From SIZ, the first marker segment (annex A.5.1), to EOC, the last two bytes."""
    if len(codestream) < _SIZ_BYTES or not codestream.endswith(_ENDS):
        raise ChipFault("a codestream without size or end")
    numbers = [int.from_bytes(codestream[at : at + 4], "big") for at in (8, 12, 16, 20)]
    width, height = numbers[0] - numbers[2], numbers[1] - numbers[3]
    if width <= 0 or height <= 0:
        raise ChipFault("an empty picture")
    return width, height
