"""Portraits of people who do not exist, drawn by program and never photographed.

480 × 640 px JPEG. The ground is red for an odd birth year and blue for an even one, the rule of the
Indonesian register. Light, grain and texture make the file as hard to compress as a camera's.
"""

from __future__ import annotations

import io
import random
from functools import cache
from typing import Final

from PIL import Image, ImageChops, ImageFilter

from simulation.people.attire import (
    draw_clothes,
    draw_collar,
    draw_cover,
    draw_glasses,
)
from simulation.people.canvas import HEIGHT_PX, WIDTH_PX, Canvas, Colour
from simulation.people.chance import stream
from simulation.people.face import draw_face, draw_neck
from simulation.people.hair import draw_hair_behind, draw_hair_front
from simulation.people.looks import Cover, Looks, Subject, looks_of

__all__ = ["Subject", "background_of", "portrait_jpeg"]

_RED: Final = (196, 28, 34)
_BLUE: Final = (24, 92, 178)
_GRAINS: Final = 3
_GRAIN_LEVELS: Final = 14


def background_of(birth_year: int) -> Colour:
    """Red for odd years, blue for even ones."""
    return _RED if birth_year % 2 else _BLUE


def portrait_jpeg(
    seed: int,
    index: int,
    subject: Subject,
    *,
    size_px: tuple[int, int] = (WIDTH_PX, HEIGHT_PX),
    quality: int = 84,
) -> bytes:
    """The portrait of one person as JPEG; the same for the same arguments."""
    rng = stream(seed, index, "portrait")
    looks = looks_of(rng, subject)
    image = _light(_draw(looks, background_of(subject.birth_year), rng), looks.light, rng)
    if size_px != (WIDTH_PX, HEIGHT_PX):
        image = image.resize(size_px, Image.Resampling.BILINEAR)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, dpi=(300, 300))
    return out.getvalue()


def _draw(looks: Looks, ground: Colour, rng: random.Random) -> Image.Image:
    canvas = Canvas(ground)
    draw_hair_behind(canvas, looks, rng)
    draw_clothes(canvas, looks, rng)
    draw_neck(canvas, looks)
    draw_collar(canvas, looks)
    draw_face(canvas, looks, rng)
    draw_hair_front(canvas, looks, rng)
    if looks.cover is not Cover.HIJAB:
        draw_glasses(canvas, looks)
    draw_cover(canvas, looks, rng)
    if looks.cover is Cover.HIJAB:
        draw_glasses(canvas, looks)
    return canvas.finish()


def _light(image: Image.Image, side: float, rng: random.Random) -> Image.Image:
    """A lamp from one side, a studio's vignette, a sensor's grain."""
    return ImageChops.multiply(image, _lamp(round(side * 5), rng.randrange(_GRAINS)))


@cache
def _lamp(side: int, variant: int) -> Image.Image:
    """A map of light with grain in it; `side` is where the lamp stands, -5 to 5."""
    width, height = 48, 64
    levels = bytearray()
    for y in range(height):
        for x in range(width):
            dx, dy = (x / width - 0.5 - side * 0.05), (y / height - 0.4)
            levels.append(max(150, round(255 - 95 * (dx * dx * 1.5 + dy * dy))))
    small = Image.frombytes("L", (width, height), bytes(levels))
    even = small.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BICUBIC)
    return Image.merge("RGB", (ImageChops.add(even, _grain(variant), 1, -128),) * 3)


def _grain(variant: int) -> Image.Image:
    """Noise around 128, a little blurred, the same in every process."""
    noise = random.Random(variant).randbytes(WIDTH_PX * HEIGHT_PX)
    flat = Image.frombytes("L", (WIDTH_PX, HEIGHT_PX), noise).filter(ImageFilter.GaussianBlur(0.8))
    return flat.point(lambda level: round(128 + (level - 128) * _GRAIN_LEVELS / 64))
