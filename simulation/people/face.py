"""The face of a portrait: outline, eyes, nose, mouth, and what age and a razor leave."""

from __future__ import annotations

import random

from ektp.record import Sex
from simulation.people.canvas import Canvas, Colour, Point, blend, shade, smooth
from simulation.people.features import draw_brow, draw_eye, draw_mouth, draw_nose
from simulation.people.looks import Looks

__all__ = ["draw_face", "draw_neck", "face_outline"]


def face_outline(looks: Looks, grow: float = 1.0) -> list[Point]:
    """The contour of face and skull, from the crown clockwise; `grow` moves it outwards."""
    cx, cy = looks.centre
    w, h = looks.half_width * grow, looks.half_height * grow
    right = [
        (0.0, -1.0),
        (0.52, -0.92),
        (0.86, -0.6),
        (0.97, -0.18),
        (0.98, 0.16),
        (looks.jaw, 0.6),
        (looks.chin, 0.93),
        (0.0, 1.0 + 0.02 * looks.chin),
    ]
    left = [(-x, y) for x, y in reversed(right[1:-1])]
    return smooth([(cx + x * w, cy + y * h) for x, y in right + left])


def draw_neck(canvas: Canvas, looks: Looks) -> None:
    """Neck and the shadow that the chin throws on it."""
    cx, cy = looks.centre
    half = looks.half_width * (0.56 if looks.sex is Sex.MALE else 0.47)
    top, bottom = cy + 0.45 * looks.half_height, 530.0
    skin, dark = shade(looks.skin, 0.9), shade(looks.skin, 0.66)
    shape = smooth(
        [
            (cx - half, top),
            (cx - half * 0.97, 440),
            (cx - half * 1.3, 476),
            (cx, bottom),
            (cx + half * 1.3, 476),
            (cx + half * 0.97, 440),
            (cx + half, top),
        ]
    )
    canvas.relief(shape, (cx, 470), shade(looks.skin, 0.74), skin, depth=0.3, steps=2)
    chin = cy + looks.half_height
    for step in range(4):
        part = step / 3
        reach = 34 * (1 - part)
        canvas.polygon(
            smooth(
                [
                    (cx - half * 0.99, chin - 60),
                    (cx - half * 0.97, chin - 18 + reach * 0.5),
                    (cx + looks.light * -8, chin + 4 + reach),
                    (cx + half * 0.97, chin - 18 + reach * 0.5),
                    (cx + half * 0.99, chin - 60),
                ]
            ),
            blend(skin, dark, 0.25 + 0.75 * part),
        )


def draw_face(canvas: Canvas, looks: Looks, rng: random.Random) -> None:
    """Ears, skin and features."""
    _ears(canvas, looks)
    outline = face_outline(looks)
    canvas.relief(
        outline,
        looks.centre,
        shade(looks.skin, 0.72),
        looks.skin,
        depth=0.34,
        light=(looks.light * 14, -6),
    )
    _shading(canvas, looks)
    if looks.beard:
        _beard(canvas, looks, rng)
    for side in (-1, 1):
        draw_eye(canvas, looks, side)
        draw_brow(canvas, looks, side, rng)
    draw_nose(canvas, looks)
    draw_mouth(canvas, looks)
    if looks.moustache:
        _moustache(canvas, looks, rng)
    _age_lines(canvas, looks)
    if looks.mole:
        x, y = looks.mole
        spot = (looks.centre[0] + x * looks.half_width, looks.centre[1] + y * looks.half_height)
        canvas.ellipse(spot, (2.2, 2.0), shade(looks.skin, 0.45))


def _ears(canvas: Canvas, looks: Looks) -> None:
    cx, cy = looks.centre
    edge, inner = shade(looks.skin, 0.7), shade(looks.skin, 0.92)
    for side in (-1, 1):
        middle = (cx + side * looks.half_width * 1.0, cy + 12)
        canvas.ellipse(middle, (17, 33), edge)
        canvas.ellipse((middle[0] - side * 2, middle[1]), (14, 29), inner)
        canvas.ellipse((middle[0] - side * 2, middle[1] + 2), (7, 17), shade(looks.skin, 0.76))


def _shading(canvas: Canvas, looks: Looks) -> None:
    cx, cy = looks.centre
    w, h = looks.half_width, looks.half_height
    warm = blend(looks.skin, (206, 92, 78), 0.16 if looks.sex is Sex.MALE else 0.24)
    for side in (-1, 1):
        canvas.glow((cx + side * w * 0.46, cy + h * 0.3), (w * 0.27, h * 0.16), looks.skin, warm)
        socket = shade(looks.skin, 0.86)
        canvas.glow((cx + side * w * 0.42, cy - h * 0.05), (w * 0.31, h * 0.14), looks.skin, socket)
    canvas.glow(
        (cx + looks.light * 10, cy - h * 0.5), (w * 0.46, h * 0.2), looks.skin,
        shade(looks.skin, 1.06),
    )  # fmt: skip
    canvas.glow((cx, cy + h * 0.84), (w * 0.24, h * 0.09), looks.skin, shade(looks.skin, 1.04))


def _moustache(canvas: Canvas, looks: Looks, rng: random.Random) -> None:
    cx, cy = looks.centre
    y = cy + looks.half_height * 0.6 - 9.0 * looks.lips - 3
    half = looks.half_width * 0.32
    colour = blend(looks.hair_colour, looks.skin, 0.25)
    for side in (-1, 1):
        for _ in range(46):
            t = rng.random()
            x = cx + side * (3 + half * t)
            top = y - 9 + 9 * t * t
            canvas.line(
                [(x, top), (x + side * 4, top + 8 - 3 * t)],
                shade(colour, rng.uniform(0.75, 1.25)),
                1.4,
            )


def _beard(canvas: Canvas, looks: Looks, rng: random.Random) -> None:
    cx, cy = looks.centre
    w, h = looks.half_width, looks.half_height
    tint = blend(looks.skin, looks.hair_colour, 0.13 + 0.18 * looks.beard)
    if looks.beard < 1:
        _stubble(canvas, looks, tint)
        return
    for _ in range(260):
        x = rng.gauss(0, 0.2)
        y = 0.76 + abs(rng.gauss(0, 0.11))
        if abs(x) < 0.42 and y < 1.04 and (y > 0.8 or abs(x) > 0.25):
            start = (cx + x * w, cy + y * h)
            canvas.line(
                [start, (start[0] + x * 8, start[1] + 11)],
                shade(looks.hair_colour, rng.uniform(0.9, 1.5)),
                1.5,
            )


def _stubble(canvas: Canvas, looks: Looks, tint: Colour) -> None:
    cx, cy = looks.centre
    w, h = looks.half_width, looks.half_height
    edge = face_outline(looks, 0.92)
    for step in range(5):
        level = 0.4 + 0.05 * step
        jaw = sorted(point for point in edge if point[1] > cy + level * h)
        inner = [
            (cx + w * 0.6, cy + h * level),
            (cx + w * 0.3, cy + h * (level + 0.1)),
            (cx, cy + h * (level + 0.14)),
            (cx - w * 0.3, cy + h * (level + 0.1)),
            (cx - w * 0.6, cy + h * level),
        ]
        canvas.polygon(
            jaw + smooth(inner, closed=False), blend(looks.skin, tint, 0.3 + 0.14 * step)
        )


def _age_lines(canvas: Canvas, looks: Looks) -> None:
    cx, cy = looks.centre
    w, h = looks.half_width, looks.half_height
    strength = min(1.0, max(0.0, (looks.age - 28) / 45))
    if not strength:
        return
    tone = blend(looks.skin, shade(looks.skin, 0.68), strength)
    for side in (-1, 1):
        fold = [
            (cx + side * w * 0.26, cy + h * 0.36),
            (cx + side * w * 0.4, cy + h * 0.5),
            (cx + side * w * 0.42, cy + h * 0.6),
        ]
        canvas.line(smooth(fold, closed=False), tone, 1.8)
        bag = [
            (cx + side * w * 0.26, cy + h * 0.09),
            (cx + side * w * 0.42, cy + h * 0.125),
            (cx + side * w * 0.56, cy + h * 0.08),
        ]
        canvas.line(smooth(bag, closed=False), tone, 1.5)
    if looks.age >= 50:
        for level in (-0.42, -0.5, -0.58)[: 1 + (looks.age - 50) // 12]:
            row = [
                (cx - w * 0.42, cy + h * level),
                (cx, cy + h * (level - 0.015)),
                (cx + w * 0.42, cy + h * level),
            ]
            canvas.line(smooth(row, closed=False), tone, 1.3)
