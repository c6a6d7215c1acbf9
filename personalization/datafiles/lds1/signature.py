"""EF.DG7: the displayed signature (ICAO Doc 9303-10 clause 4.7.7), a grey JPEG with JFIF header."""

from __future__ import annotations

from typing import Final

from PIL import Image

from ektp.errors import ChipImageTooLarge
from ektp.personal import PersonalBytes
from ektp.tlv import Tlv
from personalization.datafiles.lds1.groups import DATA_GROUP_TAGS, joined
from personalization.datafiles.photo import best_jpeg
from personalization.datafiles.pictures import on_white, opened, upright

__all__ = ["SIGNATURE_SIZES_PX", "dg7"]

SIGNATURE_SIZES_PX: Final = ((336, 88), (252, 66), (168, 44))
"""Boxes that the signature is scaled into as a whole, the largest first; it is never enlarged."""

_FIELD: Final = "signature"
_FILE: Final = "dg7"
_WRAPPING_BYTES: Final = 16  # at most, of BER-TLV around the picture
_LOWEST_QUALITY: Final = 45  # below, ringing around strokes shows
_LAST_QUALITY: Final = 10


def dg7(signature: PersonalBytes, limit_bytes: int) -> bytes:
    """EF.DG7 of at most `limit_bytes`.

    Raises `ImageUnusable` where the signature does not decode, `ChipImageTooLarge` where not even
    the smallest size fits.
    """
    jpeg = _jpeg(signature, limit_bytes - _WRAPPING_BYTES)
    content = joined(Tlv(0x02, b"\x01"), Tlv(0x5F43, jpeg))
    return bytes(Tlv(DATA_GROUP_TAGS[7], content))


def _jpeg(signature: PersonalBytes, budget_bytes: int) -> bytes:
    grey = on_white(_FIELD, upright(_FIELD, opened(_FIELD, signature)), "L")
    for box in SIGNATURE_SIZES_PX:
        last = box == SIGNATURE_SIZES_PX[-1]
        scaled = grey.copy()
        # Averaging first keeps a thin stroke a grey line where plain sampling would lose it.
        scaled.thumbnail(box, Image.Resampling.LANCZOS)
        jpeg = best_jpeg(scaled, budget_bytes, lowest=_LAST_QUALITY if last else _LOWEST_QUALITY)
        if jpeg is not None:
            return jpeg
    raise ChipImageTooLarge("the signature at its smallest", file=_FILE, limit=budget_bytes)
