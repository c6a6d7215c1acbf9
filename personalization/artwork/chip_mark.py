"""The sign of a card with a chip inside (ICAO Doc 9303-9): a frame, cut in two, and a disc."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw

__all__ = ["chip_mark"]

_OVERSAMPLING: Final = 8
_STROKE: Final = 0.115  # of the height
_CORNER: Final = 0.12
_DISC: Final = 0.27  # radius


@lru_cache(maxsize=8)
def chip_mark(size_px: tuple[int, int]) -> Image.Image:
    """The sign as 1-bit ink of this size."""
    width, height = (edge * _OVERSAMPLING for edge in size_px)
    stroke = round(height * _STROKE)
    mark = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mark)
    draw.rounded_rectangle(
        (0, 0, width - 1, height - 1), round(height * _CORNER), outline=255, width=stroke
    )
    middle, across = height / 2, width / 2
    draw.rectangle((0, middle - stroke / 2, width - 1, middle + stroke / 2), fill=255)
    radius = height * _DISC
    disc = (across - radius, middle - radius, across + radius, middle + radius)
    draw.ellipse(disc, fill=0, outline=255, width=stroke)
    small = mark.resize(size_px, Image.Resampling.BOX)
    return small.point(lambda level: 255 * (level > 127), "1")
