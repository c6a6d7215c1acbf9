"""Signature image (`6FF3`): 168 x 44 pixels, one bit each, 1 = white.

A picture of another size is scaled into that frame with its aspect kept and centred on white.
"""

from __future__ import annotations

from typing import Final

from PIL import Image

from ektp.personal import PersonalBytes
from personalization.datafiles.pictures import on_white, opened, upright

__all__ = ["HEIGHT_PX", "SIGNATURE_BYTES", "WIDTH_PX", "signature_bitmap"]

WIDTH_PX: Final = 168
HEIGHT_PX: Final = 44
SIGNATURE_BYTES: Final = WIDTH_PX * HEIGHT_PX // 8

_FIELD: Final = "signature"
_WHITE: Final = 255
# A pen stroke that is narrower than a pixel after scaling leaves a grey; a cut at the middle would
# lose it, so a pixel is ink from about a third of the way between paper and ink.
_INK_SHARE: Final = 0.32
# Below this range of greys there is no ink to be told from paper.
_LEAST_CONTRAST: Final = 48


def _framed(grey: Image.Image) -> Image.Image:
    if grey.size == (WIDTH_PX, HEIGHT_PX):
        return grey
    scale = min(WIDTH_PX / grey.width, HEIGHT_PX / grey.height)
    size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
    scaled = grey.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC)
    frame = Image.new("L", (WIDTH_PX, HEIGHT_PX), _range(scaled)[1])
    frame.paste(scaled, ((WIDTH_PX - size[0]) // 2, (HEIGHT_PX - size[1]) // 2))
    return frame


def _range(grey: Image.Image) -> tuple[int, int]:
    levels = [level for level, pixels in enumerate(grey.histogram()) if pixels]
    return levels[0], levels[-1]


def _threshold(grey: Image.Image) -> int:
    darkest, lightest = _range(grey)
    if lightest - darkest < _LEAST_CONTRAST:
        return 128
    return round(lightest - _INK_SHARE * (lightest - darkest))


def signature_bitmap(signature: PersonalBytes) -> bytes:
    """924 bytes, row by row, most significant bit first, of a JPEG, PNG or JPEG 2000 in any mode.

    A picture that is 168 x 44 already and black and white comes through bit for bit. Raises
    `ImageUnusable` where it does not decode.
    """
    image = upright(_FIELD, opened(_FIELD, signature))
    grey = _framed(on_white(_FIELD, image, "L"))
    cut = _threshold(grey)
    table = [_WHITE if level > cut else 0 for level in range(256)]
    return grey.point(table, "1").tobytes()
