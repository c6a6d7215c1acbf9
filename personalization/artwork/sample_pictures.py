"""A drawn head and a drawn stroke, for proofs without a citizen. They show nobody."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from math import sin
from typing import Final

from PIL import Image, ImageDraw

from ektp.personal import PersonalBytes

__all__ = ["sample_portrait", "sample_signature"]

_GROUND: Final = (198, 206, 214)
_FIGURE: Final = (139, 151, 163)
# Drawn larger and scaled down, for smooth edges.
_OVERSAMPLING: Final = 2


@cache
def sample_portrait() -> PersonalBytes:
    """A grey figure of head and shoulders, 480 x 640 px, as PNG."""
    size = (480 * _OVERSAMPLING, 640 * _OVERSAMPLING)
    picture = Image.new("RGB", size, _GROUND)
    draw = ImageDraw.Draw(picture)
    width, height = size
    draw.ellipse((width * 0.30, height * 0.17, width * 0.70, height * 0.57), fill=_FIGURE)
    draw.rounded_rectangle(
        (width * 0.11, height * 0.63, width * 0.89, height * 1.4), width * 0.30, fill=_FIGURE
    )
    return _png(picture.resize((480, 640), Image.Resampling.LANCZOS))


@cache
def sample_signature() -> PersonalBytes:
    """A stroke of 168 x 44 px at one bit, 1 = white, as PNG."""
    scale = 4 * _OVERSAMPLING
    picture = Image.new("L", (168 * scale, 44 * scale), 255)
    points = []
    for step in range(241):
        at = step / 240
        x = 22 + 124 * at + 9 * sin(31 * at)
        y = 22 - 13 * sin(19 * at + 0.6) * (1 - 0.72 * at) + 4 * sin(47 * at)
        points.append((x * scale, y * scale))
    ImageDraw.Draw(picture).line(points, fill=0, width=2 * scale, joint="curve")
    small = picture.resize((168, 44), Image.Resampling.LANCZOS)
    return _png(small.point(lambda value: 255 * (value > 128), "1"))


def _png(picture: Image.Image) -> PersonalBytes:
    out = BytesIO()
    picture.save(out, "PNG")
    return PersonalBytes(out.getvalue())
