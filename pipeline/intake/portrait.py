"""The portrait of a record: whole, large enough, not absurdly large. Nothing is decoded before its
size is known."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, UnidentifiedImageError

from ektp.personal import PersonalBytes
from pipeline.intake.refusals import Refusal

__all__ = ["check_portrait"]

_FORMATS: Final = ("JPEG", "PNG", "JPEG2000")
_SMALLEST_PX: Final = (240, 320)
_LARGEST_PX: Final = 25_000_000


def check_portrait(portrait: PersonalBytes) -> None:
    """Raises `RecordRejected` where the picture is broken, too small or too large."""
    try:
        with Image.open(io.BytesIO(portrait.reveal()), formats=_FORMATS) as image:
            width, height = image.size
            if width * height > _LARGEST_PX:
                raise Refusal.PORTRAIT_LARGE.error(width_px=width, height_px=height)
            if width < _SMALLEST_PX[0] or height < _SMALLEST_PX[1]:
                raise Refusal.PORTRAIT_SMALL.error(width_px=width, height_px=height)
            image.load()
    except Image.DecompressionBombError:
        raise Refusal.PORTRAIT_LARGE.error() from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise Refusal.PORTRAIT_BROKEN.error() from None
