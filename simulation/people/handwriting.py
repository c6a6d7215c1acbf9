"""Signatures of people who do not exist: pen strokes on 168 × 44 pixels of 1 bit."""

from __future__ import annotations

import io
import math
import random
from typing import Final

from PIL import Image, ImageDraw

from simulation.people.chance import stream

__all__ = ["SIGNATURE_PX", "signature_png"]

SIGNATURE_PX: Final = (168, 44)
"""Width and height; the chip keeps the same picture as 924 packed bytes."""

_SCALE: Final = 3
_THRESHOLD: Final = 150
_MARGIN_PX: Final = 2.0
_Point = tuple[float, float]
_Stroke = list[_Point]


def signature_png(seed: int, index: int) -> bytes:
    """A signature as PNG, mode 1: black strokes (0) on white (1)."""
    rng = stream(seed, index, "signature")
    strokes = _fit(_strokes(rng))
    width = rng.uniform(1.3, 1.9) * _SCALE
    canvas = Image.new("L", (SIGNATURE_PX[0] * _SCALE, SIGNATURE_PX[1] * _SCALE), 255)
    draw = ImageDraw.Draw(canvas)
    for stroke in strokes:
        _pen(draw, stroke, width)
    small = canvas.reduce(_SCALE).point(lambda level: 255 if level > _THRESHOLD else 0, mode="1")
    out = io.BytesIO()
    small.save(out, "PNG", optimize=False)
    return out.getvalue()


def _strokes(rng: random.Random) -> list[_Stroke]:
    """A capital, a run of letters that loses its shape, and a flourish; all in free units."""
    slant = rng.uniform(0.1, 0.55)
    capital, x = _capital(rng)
    letters, x = _letters(rng, x, rng.randint(5, 11))
    strokes = [capital + letters] if rng.random() < 0.6 else [capital, letters]
    if rng.random() < 0.75:
        strokes.append(_flourish(rng, x))
    if rng.random() < 0.3:
        strokes.append(_dot(rng, x))
    return [[(px + slant * py, -py) for px, py in stroke] for stroke in strokes]


def _capital(rng: random.Random) -> tuple[_Stroke, float]:
    height, loops = rng.uniform(1.5, 2.6), rng.uniform(0.9, 1.6)
    start = rng.uniform(0, 2 * math.pi)
    points: _Stroke = []
    for step in range(40):
        t = step / 39
        turn = start + t * loops * 2 * math.pi
        points.append(
            (
                0.9 * t + 0.65 * math.cos(turn) * (1 - 0.4 * t),
                height * (0.5 + 0.5 * math.sin(turn)) * (1 - 0.35 * t),
            )
        )
    return points, 1.1


def _letters(rng: random.Random, x: float, count: int) -> tuple[_Stroke, float]:
    points: _Stroke = []
    fading = rng.uniform(0.3, 0.9)
    lean = rng.uniform(0.25, 0.5)
    for letter in range(count):
        width = rng.uniform(0.42, 0.85)
        # Every fourth letter or so has an ascender or a descender.
        tall = rng.choice((0.55, 0.6, 0.75, 0.65, 1.7, -1.2)) * (1 - fading * letter / count * 0.7)
        loop = rng.uniform(0.1, lean) * (1.4 if abs(tall) > 1 else 1.0)
        for step in range(14):
            turn = 2 * math.pi * step / 14
            points.append(
                (
                    x + width * step / 14 + loop * math.sin(turn),
                    tall * (1 - math.cos(turn)) / 2,
                )
            )
        x += width
    return points, x


def _flourish(rng: random.Random, end: float) -> _Stroke:
    """A line that runs back under the name and out again, or one that crosses it."""
    sweep = rng.uniform(0.25, 0.7)
    level = rng.uniform(-0.9, -0.3)
    tail = end + rng.uniform(0.4, 2.2)
    points = []
    for step in range(30):
        t = step / 29
        back = end - (end * (1 - sweep * 0.3)) * math.sin(math.pi * t)
        points.append(
            (back + (tail - end) * t, level * math.sin(math.pi * min(1.0, 1.4 * t)) + 0.25 * t)
        )
    return points


def _dot(rng: random.Random, end: float) -> _Stroke:
    x, y = rng.uniform(0.4, 1.0) * end, rng.uniform(-0.5, 1.4)
    return [(x, y), (x + 0.06, y + 0.03)]


def _fit(strokes: list[_Stroke]) -> list[_Stroke]:
    """Scale and move the strokes into the picture, as a pen fills the box it is given."""
    xs = [x for stroke in strokes for x, _ in stroke]
    ys = [y for stroke in strokes for _, y in stroke]
    x0, y0, wide, high = min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)
    room_x, room_y = (side - 2 * _MARGIN_PX for side in SIGNATURE_PX)
    scale_x, scale_y = room_x / wide, room_y / high
    scale_x, scale_y = min(scale_x, 1.9 * scale_y), min(scale_y, 1.4 * scale_x)
    left = _MARGIN_PX + (room_x - scale_x * wide) / 2
    top = _MARGIN_PX + (room_y - scale_y * high) / 2
    return [
        [(left + (x - x0) * scale_x, top + (y - y0) * scale_y) for x, y in stroke]
        for stroke in strokes
    ]


def _pen(draw: ImageDraw.ImageDraw, stroke: _Stroke, width: float) -> None:
    points = [(x * _SCALE, y * _SCALE) for x, y in stroke]
    draw.line(points, fill=0, width=round(width))
    radius = width / 2
    for x, y in (points[0], points[-1]):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
