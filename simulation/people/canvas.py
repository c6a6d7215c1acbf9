"""Drawing with soft edges: shapes at twice the size, colours that blend, smooth closed curves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw

__all__ = ["HEIGHT_PX", "WIDTH_PX", "Canvas", "Colour", "Point", "blend", "shade", "smooth"]

WIDTH_PX: Final = 480
HEIGHT_PX: Final = 640
_SCALE: Final = 2
# The head fills the picture as a registrar's photograph asks: the drawing is enlarged a little.
_ZOOM: Final = 1.17
_MIDDLE: Final = (WIDTH_PX / 2, 330.0)
_MIDDLE_TO: Final = (WIDTH_PX / 2, 352.0)
_CURVE_JOINT_FROM_PX: Final = 9
_GAIN: Final = _SCALE * _ZOOM
_LEFT: Final = _SCALE * (_MIDDLE_TO[0] - _MIDDLE[0] * _ZOOM)
_TOP: Final = _SCALE * (_MIDDLE_TO[1] - _MIDDLE[1] * _ZOOM)

Colour = tuple[int, int, int]
Point = tuple[float, float]


def blend(first: Colour, second: Colour, part: float) -> Colour:
    """`first` at 0, `second` at 1, and evenly between."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(first, second, strict=True))
    return red, green, blue


def shade(colour: Colour, factor: float) -> Colour:
    """Darker below 1, lighter above."""
    red, green, blue = (min(255, max(0, round(level * factor))) for level in colour)
    return red, green, blue


@lru_cache(maxsize=8)
def _catmull_rom(steps: int) -> tuple[tuple[float, float, float, float], ...]:
    weights = []
    for step in range(steps):
        t = step / steps
        weights.append(
            (
                0.5 * (-t + 2 * t**2 - t**3),
                0.5 * (2 - 5 * t**2 + 3 * t**3),
                0.5 * (t + 4 * t**2 - 3 * t**3),
                0.5 * (-(t**2) + t**3),
            )
        )
    return tuple(weights)


def smooth(points: Sequence[Point], *, closed: bool = True, steps: int = 4) -> list[Point]:
    """A Catmull-Rom curve through the points, as a polygon or an open line."""
    count = len(points)
    if closed:
        ring = [points[-1], *points, points[0], points[1]]
        pieces = count
    else:
        ring = [points[0], *points, points[-1]]
        pieces = count - 1
    curve: list[Point] = []
    weights = _catmull_rom(steps)
    for i in range(pieces):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = ring[i : i + 4]
        curve.extend(
            (a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3)
            for a, b, c, d in weights
        )
    if not closed:
        curve.append(points[-1])
    return curve


def _box(centre: Point, radii: Point) -> tuple[float, float, float, float]:
    x, y = centre[0] * _GAIN + _LEFT, centre[1] * _GAIN + _TOP
    rx, ry = radii[0] * _GAIN, radii[1] * _GAIN
    return x - rx, y - ry, x + rx, y + ry


class Canvas:
    """A picture of 480 × 640 px that is drawn at twice that and reduced at the end."""

    def __init__(self, background: Colour) -> None:
        size = (WIDTH_PX * _SCALE, HEIGHT_PX * _SCALE)
        self._image = Image.new("RGB", size, background)
        self._draw = ImageDraw.Draw(self._image)

    def finish(self) -> Image.Image:
        """The picture at its true size, edges smoothed."""
        return self._image.reduce(_SCALE)

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """A filled shape."""
        self._draw.polygon([(x * _GAIN + _LEFT, y * _GAIN + _TOP) for x, y in points], fill=fill)

    def line(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        """A line through the points, its joints rounded."""
        thick = max(1, round(width * _GAIN))
        joint = "curve" if thick > _CURVE_JOINT_FROM_PX else None
        scaled = [(x * _GAIN + _LEFT, y * _GAIN + _TOP) for x, y in points]
        self._draw.line(scaled, fill=fill, width=thick, joint=joint)

    def ellipse(self, centre: Point, radii: Point, fill: Colour) -> None:
        """A filled ellipse."""
        self._draw.ellipse(_box(centre, radii), fill=fill)

    def ring(self, centre: Point, radii: Point, fill: Colour, width: float) -> None:
        """The outline of an ellipse."""
        thick = max(1, round(width * _GAIN))
        self._draw.ellipse(_box(centre, radii), outline=fill, width=thick)

    def glow(
        self, centre: Point, radii: Point, outside: Colour, inside: Colour, steps: int = 6
    ) -> None:
        """An ellipse that passes softly from the colour around it to another in its middle."""
        for step in range(1, steps + 1):
            part = step / steps
            size = 1 - part * 0.92
            self.ellipse(centre, (radii[0] * size, radii[1] * size), blend(outside, inside, part))

    def relief(
        self,
        outline: Sequence[Point],
        centre: Point,
        edge: Colour,
        middle: Colour,
        *,
        depth: float = 0.4,
        light: Point = (0.0, 0.0),
        steps: int = 5,
    ) -> None:
        """A shape that rounds away towards its edge: the outline shrunk step by step to the light.

        `depth` is how far in the shading reaches, `light` how far (px) its centre is moved.
        """
        for step in range(steps + 1):
            part = step / steps
            size = 1 - depth * part
            cx, cy = centre[0] + light[0] * part, centre[1] + light[1] * part
            shape = [(cx + (x - centre[0]) * size, cy + (y - centre[1]) * size) for x, y in outline]
            self.polygon(shape, blend(edge, middle, 1 - (1 - part) ** 2))
