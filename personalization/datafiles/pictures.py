"""Opening a picture that came from outside: few formats, a limit of pixels, upright, no metadata.

Everything that the picture library may raise over hostile bytes ends as `ImageUnusable` here.
"""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from PIL import Image, ImageOps

from ektp.errors import ImageUnusable
from ektp.personal import PersonalBytes

__all__ = ["FORMATS", "MAX_PIXELS", "decoding", "on_white", "opened", "upright"]

FORMATS: Final = ("JPEG", "PNG", "JPEG2000")
"""What a portrait or a signature may be (`approved-record.md`)."""

MAX_PIXELS: Final = 25_000_000
"""25 megapixels, decided before anything is decoded."""

_UPPER_BYTE: Final = [level >> 8 for level in range(1 << 16)]

# What Pillow's decoders raise over bytes that are not what they claim to be.
_BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    OverflowError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
)


@contextmanager
def decoding(field: str) -> Iterator[None]:
    """Translate what a decoder raises into `ImageUnusable`; `field` names it."""
    try:
        # Pillow warns of broken metadata and goes on; so do we, without its words on stderr.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except _BROKEN:
        # The library's own text stays behind: it may quote the bytes.
        raise ImageUnusable(
            "a picture does not decode", field=field, reason="undecodable"
        ) from None


def opened(field: str, encoded: PersonalBytes) -> Image.Image:
    """The picture with its header read and its pixels not yet decoded.

    Raises `ImageUnusable` for another format, or more than `MAX_PIXELS`.
    """
    with decoding(field):
        image = Image.open(io.BytesIO(encoded.reveal()), formats=FORMATS)
    if image.width * image.height > MAX_PIXELS:
        raise ImageUnusable(
            "a picture has too many pixels",
            field=field,
            reason="too_many_pixels",
            width_px=image.width,
            height_px=image.height,
        )
    return image


def upright(field: str, image: Image.Image) -> Image.Image:
    """The decoded picture, turned as its EXIF orientation says. Raises `ImageUnusable`."""
    with decoding(field):
        image.load()
        return ImageOps.exif_transpose(image)


def on_white(field: str, image: Image.Image, mode: str) -> Image.Image:
    """The picture in mode `RGB` or `L`, without metadata; what is transparent becomes white.

    Samples of 16 bits keep their upper 8. Raises `ImageUnusable`.
    """
    with decoding(field):
        if image.mode.startswith("I"):
            image = image.convert("I").point(_UPPER_BYTE, "L")
        elif image.has_transparency_data:
            paper = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(paper, image.convert("RGBA"))
        plain = image.convert(mode)
    plain.info = {}
    return plain
