"""Head covers, clothes and glasses of a portrait."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from ektp.record import Sex
from simulation.people.canvas import (
    HEIGHT_PX,
    WIDTH_PX,
    Canvas,
    Colour,
    Point,
    blend,
    shade,
    smooth,
)
from simulation.people.looks import Cover, Looks, Wear

__all__ = [
    "draw_clothes",
    "draw_collar",
    "draw_cover",
    "draw_glasses",
]

_LOWEST_SEEN = 590.0


def draw_clothes(canvas: Canvas, looks: Looks, rng: random.Random) -> None:
    """Shoulders to the lower edge, with a collar and a pattern."""
    cx = looks.centre[0]
    cloth = looks.cloth_accent if looks.cover is Cover.HIJAB else looks.cloth
    spread = 214 if looks.sex is Sex.MALE else 188
    top = smooth(
        [
            (cx - spread - 14, HEIGHT_PX + 40),
            (cx - spread, 552),
            (cx - spread * 0.72, 497),
            (cx - 76, 460),
            (cx, 452),
            (cx + 76, 460),
            (cx + spread * 0.72, 497),
            (cx + spread, 552),
            (cx + spread + 14, HEIGHT_PX + 40),
        ],
        closed=False,
    )
    canvas.relief(top, (cx, 660), shade(cloth, 0.68), cloth, depth=0.08, steps=2)
    if looks.wear is Wear.BATIK:
        _batik(canvas, looks, cloth, rng)
    else:
        _folds(canvas, cx, cloth, rng)


def _shoulder_line(looks: Looks) -> Callable[[float], float]:
    spread = 214 if looks.sex is Sex.MALE else 188

    def level(x: float) -> float:
        away: float = (abs(x - looks.centre[0]) / spread) ** 2.2
        return 462 + 92 * away

    return level


def _batik(canvas: Canvas, looks: Looks, cloth: Colour, rng: random.Random) -> None:
    """A repeated motif: rosettes on a slanting grid, with dots between them."""
    level = _shoulder_line(looks)
    ink = blend(cloth, (250, 226, 168) if sum(cloth) < 380 else (70, 42, 26), 0.62)
    pitch = rng.choice((26, 32, 38))
    petals = rng.choice((4, 5, 6))
    for row in range(8):
        for column in range(-9, 10):
            x = looks.centre[0] + column * pitch + (row % 2) * pitch / 2
            y = 452 + row * pitch * 0.72
            if not level(x) + 12 < y < _LOWEST_SEEN or not 20 < x < WIDTH_PX - 20:
                continue
            canvas.ring((x, y), (pitch * 0.3, pitch * 0.3), ink, 1.4)
            for petal in range(petals):
                turn = 2 * math.pi * petal / petals
                spot = (x + math.cos(turn) * pitch * 0.19, y + math.sin(turn) * pitch * 0.19)
                canvas.ellipse(spot, (2.4, 2.4), ink)
            canvas.ellipse((x + pitch / 2, y), (1.6, 1.6), ink)


def _folds(canvas: Canvas, cx: float, cloth: Colour, rng: random.Random) -> None:
    for side in (-1, 1):
        for _ in range(5):
            x = cx + side * rng.uniform(60, 170)
            fold = [
                (x, rng.uniform(545, 575)), (x + side * rng.uniform(-8, 14), 610),
                (x + side * rng.uniform(-12, 24), 645),
            ]  # fmt: skip
            canvas.line(smooth(fold, closed=False), shade(cloth, rng.uniform(0.76, 1.1)), 3)


def draw_collar(canvas: Canvas, looks: Looks) -> None:
    """What closes the clothes at the neck; drawn over it."""
    cloth = looks.cloth_accent if looks.cover is Cover.HIJAB else looks.cloth
    match looks.wear:
        case Wear.ROUND_NECK:
            _round_neck(canvas, looks.centre[0], cloth)
        case Wear.JACKET:
            _jacket(canvas, looks.centre[0], cloth, looks.cloth_accent)
        case _:
            _shirt_collar(canvas, looks.centre[0], cloth)


def _round_neck(canvas: Canvas, cx: float, cloth: Colour) -> None:
    neck = [(cx - 80, 458), (cx - 56, 486), (cx, 504), (cx + 56, 486), (cx + 80, 458)]
    curve = smooth(neck, closed=False)
    canvas.polygon([*curve, (cx + 84, 540), (cx - 84, 540)], cloth)
    canvas.line(curve, shade(cloth, 0.74), 7)


def _jacket(canvas: Canvas, cx: float, cloth: Colour, tie: Colour) -> None:
    white = (244, 244, 242)
    canvas.polygon(
        [(cx - 66, 462), (cx, 500), (cx + 66, 462), (cx + 44, 640), (cx - 44, 640)], white
    )
    canvas.polygon([(cx - 13, 508), (cx + 13, 508), (cx + 21, 640), (cx - 21, 640)], tie)
    canvas.polygon(
        [(cx - 15, 498), (cx + 15, 498), (cx + 10, 522), (cx - 10, 522)], shade(tie, 0.8)
    )
    for side in (-1, 1):
        lapel = ((70, 452), (14, 640), (100, 640), (116, 492))
        points = [(cx + side * x, float(y)) for x, y in lapel]
        canvas.polygon(points, shade(cloth, 0.86))
        canvas.line(points[:2], shade(cloth, 0.5), 2)
        flap = ((66, 448), (10, 500), (44, 524), (76, 472))
        canvas.polygon([(cx + side * x, float(y)) for x, y in flap], (250, 250, 250))


def _shirt_collar(canvas: Canvas, cx: float, cloth: Colour) -> None:
    yoke = [(cx - 84, 456), (cx - 40, 486), (cx, 522), (cx + 40, 486), (cx + 84, 456)]
    canvas.polygon([*yoke, (cx + 90, 540), (cx - 90, 540)], cloth)
    for side in (-1, 1):
        flap = ((72, 446), (3, 512), (50, 544), (88, 470))
        points = [(cx + side * x, float(y)) for x, y in flap]
        canvas.polygon(points, shade(cloth, 1.06))
        canvas.line([*points[1:], points[0]], shade(cloth, 0.6), 2)
    canvas.line([(cx, 516), (cx, 645)], shade(cloth, 0.68), 2)
    for y in (548, 594):
        canvas.ellipse((cx + 5, y), (3.6, 3.6), shade(cloth, 0.55))


def draw_cover(canvas: Canvas, looks: Looks, rng: random.Random) -> None:
    """A hijab or a peci, where one is worn."""
    if looks.cover is Cover.HIJAB:
        _hijab(canvas, looks, rng)
    elif looks.cover is Cover.PECI:
        _peci(canvas, looks, rng)


def _hijab(canvas: Canvas, looks: Looks, rng: random.Random) -> None:
    cx, cy = looks.centre
    w, h = looks.half_width, looks.half_height
    right = [
        (0, -1.16), (0.62, -1.06), (1.06, -0.68), (1.19, -0.1), (1.17, 0.5), (1.24, 0.95),
        (1.55, 1.3), (1.95, 1.7), (2.2, 2.4),
    ]  # fmt: skip
    outline = smooth(
        [(cx - x * w, cy + y * h) for x, y in reversed(right[1:])]
        + [(cx + x * w, cy + y * h) for x, y in right],
        closed=False,
    )
    opening = smooth(
        [
            (cx + x * w, cy + y * h)
            for x, y in (
                (0, -0.7),
                (0.5, -0.62),
                (0.83, -0.26),
                (0.88, 0.2),
                (0.74, 0.62),
                (0.4, 0.91),
                (0, 0.97),
                (-0.4, 0.91),
                (-0.74, 0.62),
                (-0.88, 0.2),
                (-0.83, -0.26),
                (-0.5, -0.62),
            )
        ]
    )
    # From the crown round the opening and back to the crown: a ring without a hole in it.
    crown = len(outline) // 2 - 2
    ring = [*outline[:crown], outline[crown], *opening, opening[0], *outline[crown:]]
    canvas.polygon(ring, looks.cloth)
    _veil_folds(canvas, looks, outline, rng)
    canvas.line([*opening, opening[0]], shade(looks.cloth, 0.62), 3)
    inner = [(cx + (x - cx) * 1.035, cy + (y - cy) * 1.03) for x, y in opening]
    canvas.line(inner[-18:] + inner[:18], shade(looks.cloth, 1.12), 2.4)


def _veil_folds(canvas: Canvas, looks: Looks, outline: list[Point], rng: random.Random) -> None:
    cx, cy = looks.centre
    w, h = looks.half_width, looks.half_height
    for part in range(6):
        edge = shade(looks.cloth, 0.7 + 0.05 * part)
        inset = 1 - 0.022 * part
        shell = [(cx + (x - cx) * inset, cy + (y - cy) * inset) for x, y in outline]
        canvas.line(shell, edge, 3.4)
    side = rng.choice((-1, 1))
    for fold in range(11):
        t = (fold - 5) / 5
        start = (cx + t * w * 0.62, cy + h * (1.1 - 0.16 * t * t))
        end = (cx + (1.7 * t - side * 0.5) * w + rng.gauss(0, 6), HEIGHT_PX + 4.0)
        bend = (
            (start[0] + end[0]) / 2 + side * 16 + rng.gauss(0, 6),
            cy + h * rng.uniform(1.35, 1.6),
        )
        curve = smooth([start, bend, end], closed=False)
        canvas.line(curve, shade(looks.cloth, rng.uniform(0.74, 0.9)), rng.uniform(2, 5))
        canvas.line([(x + 4, y) for x, y in curve], shade(looks.cloth, 1.08), 2)


def _peci(canvas: Canvas, looks: Looks, rng: random.Random) -> None:
    cx, cy = looks.centre
    w, h = looks.half_width, looks.half_height
    velvet: Colour = rng.choice(((22, 22, 26), (26, 22, 24), (34, 30, 40), (60, 22, 28)))
    base, top = cy - h * 0.5, cy - h * 1.24
    shape = smooth(
        [(cx - w * 1.02, base), (cx, base - 13), (cx + w * 1.02, base)], closed=False
    ) + smooth([(cx + w * 0.9, top + 10), (cx, top - 8), (cx - w * 0.9, top + 10)], closed=False)
    canvas.polygon(shape, velvet)
    for _ in range(90):
        x = rng.uniform(-0.98, 0.98)
        shine = 1.0 + 1.3 * math.exp(-(((x - 0.35 * looks.light) / 0.25) ** 2))
        y = base - 16 + 14 * x * x
        canvas.line(
            [(cx + x * w, y), (cx + x * w * 0.9, top + 12 - 10 * (1 - x * x))],
            shade(velvet, shine * rng.uniform(0.9, 1.25)),
            1.4,
        )
    rim = smooth([(cx - w * 1.02, base), (cx, base - 13), (cx + w * 1.02, base)], closed=False)
    canvas.line(rim, shade(velvet, 0.6), 4)


def draw_glasses(canvas: Canvas, looks: Looks) -> None:
    """Frames of one of three forms."""
    if not looks.glasses:
        return
    cx, cy = looks.centre
    w = looks.half_width
    y = cy - looks.half_height * 0.01
    frame: Colour = ((36, 32, 32), (92, 62, 40), (120, 120, 126))[looks.glasses - 1]
    thick = (4.0, 3.4, 2.2)[looks.glasses - 1]
    rx, ry = w * 0.31, (22.0, 25.0, 20.0)[looks.glasses - 1]
    for side in (-1, 1):
        x = cx + side * w * 0.42
        if looks.glasses == 2:
            canvas.ring((x, y), (rx * 0.9, ry), frame, thick)
        else:
            box = smooth([
                (x - rx, y - ry * 0.7), (x - rx * 0.7, y - ry), (x + rx * 0.7, y - ry),
                (x + rx, y - ry * 0.7), (x + rx * 0.86, y + ry * 0.8), (x, y + ry),
                (x - rx * 0.86, y + ry * 0.8),
            ])  # fmt: skip
            canvas.line([*box, box[0]], frame, thick)
        canvas.line([(x + side * rx * 0.96, y - 8), (cx + side * w * 0.99, y - 10)], frame, thick)
        glare = shade(looks.skin, 1.12)
        canvas.line([(x - rx * 0.5, y - ry * 0.55), (x - rx * 0.25, y - ry * 0.72)], glare, 2)
    canvas.line(
        smooth([(cx - w * 0.13, y - 3), (cx, y - 8), (cx + w * 0.13, y - 3)], closed=False),
        frame,
        thick,
    )
