"""Portraits and signatures brought to the printer's pixels.

What may be opened at all, and what becomes of a decoder's complaints, is told in
`personalization.datafiles.pictures`: whatever is wrong ends as `ImageUnusable(field)`.
"""

from __future__ import annotations

from typing import Final

from PIL import Image, ImageOps

from ektp.errors import ImageUnusable
from ektp.personal import PersonalBytes
from ektp.record import ApprovedRecord
from personalization.datafiles.pictures import decoding, on_white, opened, upright

__all__ = ["check_pictures", "portrait_pixels", "signature_ink"]

MIN_PORTRAIT_PX: Final = (240, 320)
"""Smallest width and height of a portrait, upright."""

_PORTRAIT: Final = "portrait"
_SIGNATURE: Final = "signature"
_SIGNATURE_PX: Final = (168, 44)
_ORIENTATION: Final = 0x0112
_LYING: Final = frozenset({5, 6, 7, 8})  # EXIF 2.32, 4.6.5.A: rotated by a quarter turn
# Ink and paper closer than this are one and the same.
_LEAST_CONTRAST: Final = 40


def check_pictures(record: ApprovedRecord) -> None:
    """Decode portrait and signature whole. Raises `ImageUnusable(field)`: not a picture, cut off,
    of another format, over 25 megapixels; a portrait under 240 x 320; a signature without a
    stroke."""
    upright(_PORTRAIT, _open_portrait(record.portrait))
    signature_ink(record.signature, _SIGNATURE_PX)


def portrait_pixels(
    portrait: PersonalBytes, size_px: tuple[int, int], *, centre_y: float = 0.4
) -> Image.Image:
    """The portrait upright, in RGB, cropped to the shape of `size_px` and resampled to it.

    A picture that is too tall loses `centre_y` of the surplus at its top. Raises `ImageUnusable`.
    """
    picture = _open_portrait(portrait)
    with decoding(_PORTRAIT):
        # JPEG only: decode at a half, a quarter or an eighth where that is still enough.
        picture.draft("RGB", size_px[::-1] if _lies(picture) else size_px)
    flat = on_white(_PORTRAIT, upright(_PORTRAIT, picture), "RGB")
    return ImageOps.fit(flat, size_px, Image.Resampling.LANCZOS, centering=(0.5, centre_y))


def signature_ink(signature: PersonalBytes, size_px: tuple[int, int]) -> Image.Image:
    """The signature as 1-bit ink (1 = ink) of `size_px`, scaled as a whole and centred.

    Whatever the source, light is paper and dark is ink. Raises `ImageUnusable`, also where there
    is nothing to be seen.
    """
    picture = opened(_SIGNATURE, signature)
    grey = on_white(_SIGNATURE, upright(_SIGNATURE, picture), "L")
    levels = grey.histogram()
    darkest = next(level for level, count in enumerate(levels) if count)
    lightest = 255 - next(level for level, count in enumerate(reversed(levels)) if count)
    if lightest - darkest < _LEAST_CONTRAST:
        raise ImageUnusable("no stroke can be seen", field=_SIGNATURE, reason="blank")
    scaled = ImageOps.contain(grey, size_px, Image.Resampling.BICUBIC)
    threshold = (darkest + lightest) / 2
    ink = Image.new("1", size_px)
    place = ((size_px[0] - scaled.width) // 2, (size_px[1] - scaled.height) // 2)
    ink.paste(scaled.point(lambda value: 255 * (value < threshold), "1"), place)
    return ink


def _open_portrait(portrait: PersonalBytes) -> Image.Image:
    picture = opened(_PORTRAIT, portrait)
    with decoding(_PORTRAIT):
        width, height = picture.size[::-1] if _lies(picture) else picture.size
    if width < MIN_PORTRAIT_PX[0] or height < MIN_PORTRAIT_PX[1]:
        raise ImageUnusable(
            "a portrait is too small",
            field=_PORTRAIT,
            reason="too_small",
            width_px=width,
            height_px=height,
        )
    return picture


def _lies(picture: Image.Image) -> bool:
    return picture.getexif().get(_ORIENTATION) in _LYING
