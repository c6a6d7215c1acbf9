"""Portraits and signatures: opening what a stranger sent, and bringing it to the printer's pixels.

Only JPEG, PNG and JPEG 2000 are opened, nothing is decoded before its size is known to be sane, and
whatever a decoder raises becomes `ImageUnusable(field)`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

from ektp.errors import ImageUnusable
from ektp.personal import PersonalBytes
from ektp.record import ApprovedRecord

__all__ = ["check_pictures", "portrait_pixels", "signature_ink"]

FORMATS: Final = ("JPEG", "PNG", "JPEG2000")
MAX_PIXELS: Final = 25_000_000
MIN_PORTRAIT_PX: Final = (240, 320)
"""Smallest width and height of a portrait, upright."""

_ORIENTATION: Final = 0x0112
_LYING: Final = frozenset({5, 6, 7, 8})  # EXIF 2.32, 4.6.5.A: rotated by a quarter turn
# A decoder may leave this much more than is needed; resampling then loses nothing.
_HEADROOM: Final = 1
# Ink and paper closer than this are one and the same.
_LEAST_CONTRAST: Final = 40
_DECODER_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def check_pictures(record: ApprovedRecord) -> None:
    """Decode portrait and signature whole. Raises `ImageUnusable(field)`: not a picture, cut off,
    of another format, over 25 megapixels; a portrait under 240 x 320; a signature without a
    stroke."""
    with _opened("portrait", record.portrait) as picture:
        _refuse_small(picture)
        picture.load()
    signature_ink(record.signature, (168, 44))


def portrait_pixels(
    portrait: PersonalBytes, size_px: tuple[int, int], *, centre_y: float = 0.4
) -> Image.Image:
    """The portrait upright, in RGB, cropped to the shape of `size_px` and resampled to it.

    A picture that is too tall loses `centre_y` of the surplus at its top. Raises `ImageUnusable`.
    """
    with _opened("portrait", portrait) as picture:
        _refuse_small(picture)
        width, height = size_px[::-1] if _lies(picture) else size_px
        # JPEG only: decode at a half, a quarter or an eighth where that still has headroom.
        picture.draft("RGB", (width * _HEADROOM, height * _HEADROOM))
        upright = _flat(ImageOps.exif_transpose(picture), "RGB")
        return ImageOps.fit(upright, size_px, Image.Resampling.LANCZOS, centering=(0.5, centre_y))


def signature_ink(signature: PersonalBytes, size_px: tuple[int, int]) -> Image.Image:
    """The signature as 1-bit ink (1 = ink) of `size_px`, scaled as a whole and centred.

    Whatever the source, light is paper and dark is ink. Raises `ImageUnusable`, also where there
    is nothing to be seen.
    """
    with _opened("signature", signature) as picture:
        grey = _flat(ImageOps.exif_transpose(picture), "L")
    darkest, lightest = grey.getextrema()
    if not isinstance(darkest, int | float) or not isinstance(lightest, int | float):
        raise ImageUnusable("not a grey picture", field="signature")
    if lightest - darkest < _LEAST_CONTRAST:
        raise ImageUnusable("no stroke can be seen", field="signature")
    scaled = ImageOps.contain(grey, size_px, Image.Resampling.BICUBIC)
    threshold = (darkest + lightest) / 2
    ink = Image.new("1", size_px)
    place = ((size_px[0] - scaled.width) // 2, (size_px[1] - scaled.height) // 2)
    ink.paste(scaled.point(lambda value: 255 * (value < threshold), "1"), place)
    return ink


@contextmanager
def _opened(field: str, data: PersonalBytes) -> Iterator[Image.Image]:
    try:
        with Image.open(BytesIO(data.reveal()), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise ImageUnusable("over 25 megapixels", field=field)
            yield picture
    except _DECODER_ERRORS:
        # The decoder's own words may quote the file, so they are not passed on.
        raise ImageUnusable("it does not decode", field=field) from None


def _refuse_small(picture: Image.Image) -> None:
    width, height = picture.size[::-1] if _lies(picture) else picture.size
    if width < MIN_PORTRAIT_PX[0] or height < MIN_PORTRAIT_PX[1]:
        raise ImageUnusable("under 240 x 320 pixels", field="portrait")


def _lies(picture: Image.Image) -> bool:
    return picture.getexif().get(_ORIENTATION) in _LYING


def _flat(picture: Image.Image, mode: str) -> Image.Image:
    """The picture in another mode, 16 bits brought to 8, what is transparent laid on white."""
    if picture.mode.startswith("I"):
        picture = picture.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if picture.has_transparency_data:
        clear = picture.convert("RGBA")
        picture = Image.new("RGBA", clear.size, "white")
        picture.alpha_composite(clear)
    return picture if picture.mode == mode else picture.convert(mode)
