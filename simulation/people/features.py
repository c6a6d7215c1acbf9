"""Eyes, brows, nose and mouth of a portrait."""

from __future__ import annotations

import random

from ektp.record import Sex
from simulation.people.canvas import Canvas, Colour, Point, blend, shade, smooth
from simulation.people.looks import Looks

__all__ = ["draw_brow", "draw_eye", "draw_mouth", "draw_nose"]


def draw_eye(canvas: Canvas, looks: Looks, side: int) -> None:
    """One eye with lids, lashes and a light in it; `side` is -1 for the left of the picture."""
    cx = looks.centre[0] + side * looks.half_width * 0.42
    cy = looks.centre[1] - looks.half_height * 0.02
    half = looks.half_width * 0.205 * looks.eye_size
    up = half * 0.46 * looks.eye_open
    down = half * 0.34 * looks.eye_open
    inner: Point = (cx - side * half, cy + 3)
    outer: Point = (cx + side * half, cy - looks.eye_slant)
    top = [
        (cx - side * half * 0.45, cy - up * 0.85),
        (cx, cy - up),
        (cx + side * half * 0.55, cy - up * 0.8 - looks.eye_slant * 0.5),
    ]
    bottom = [
        (cx + side * half * 0.5, cy + down * 0.8 - looks.eye_slant * 0.5),
        (cx, cy + down),
        (cx - side * half * 0.5, cy + down * 0.8),
    ]
    upper = smooth([inner, *top, outer], closed=False)
    lower = smooth([outer, *bottom, inner], closed=False)
    lid = [(x, y - 6.5) for x, y in upper]
    canvas.polygon(lid + upper[::-1], shade(looks.skin, 0.9))
    canvas.polygon(upper + lower, (240, 236, 230))
    iris = half * 0.43
    gaze = (cx, cy - up * 0.12)
    canvas.ellipse(gaze, (iris, iris), shade(looks.iris, 0.55))
    canvas.ellipse(gaze, (iris * 0.84, iris * 0.84), blend(looks.iris, (255, 220, 180), 0.12))
    canvas.ellipse(gaze, (iris * 0.46, iris * 0.46), (12, 10, 10))
    canvas.ellipse((gaze[0] - 2.6, gaze[1] - 3.2), (2.3, 2.3), (250, 250, 250))
    # Lids over what the iris has too much.
    canvas.polygon(lower + [(x, y + 7) for x, y in reversed(lower)], shade(looks.skin, 0.93))
    canvas.polygon(upper + [(x, y - 8) for x, y in reversed(upper)], shade(looks.skin, 0.88))
    lash = 2.6 if looks.sex is Sex.MALE else 4.0
    canvas.line(upper, shade(looks.hair_colour if looks.age < 50 else (52, 40, 34), 0.8), lash)
    canvas.line(lower, shade(looks.skin, 0.62), 1.2)
    crease = [(x, y - 8.5 - 1.5 * looks.eye_open) for x, y in upper[2:-2]]
    canvas.line(crease, shade(looks.skin, 0.7), 1.4)
    if looks.sex is Sex.FEMALE:
        canvas.line([outer, (outer[0] + side * 5, outer[1] - 4)], (34, 26, 24), 2.2)


def draw_brow(canvas: Canvas, looks: Looks, side: int, rng: random.Random) -> None:
    """One eyebrow."""
    cx = looks.centre[0] + side * looks.half_width * 0.43
    cy = looks.centre[1] - looks.half_height * 0.185
    half = looks.half_width * 0.27
    thick = 6.2 * looks.brow
    arch = 7.0 if looks.sex is Sex.FEMALE else 4.0
    top = [
        (cx - side * half, cy - 1 - thick * 0.3),
        (cx, cy - arch - thick * 0.45),
        (cx + side * half, cy + 4),
    ]
    low = [
        (cx + side * half, cy + 5),
        (cx, cy - arch + thick * 0.55),
        (cx - side * half, cy - 1 + thick * 0.7),
    ]
    colour = blend(looks.hair_colour, looks.skin, 0.18)
    canvas.polygon(smooth(top, closed=False) + smooth(low, closed=False), colour)
    for _ in range(16):
        t = rng.uniform(-0.95, 0.65)
        x = cx + side * half * t
        y = cy - arch * (1 - t * t) + 3
        canvas.line(
            [(x, y + 3), (x + side * 5, y - 4 * looks.brow)], shade(colour, rng.uniform(0.6, 1)), 1
        )


def draw_nose(canvas: Canvas, looks: Looks) -> None:
    """The bridge, the tip, the wings and the nostrils."""
    cx, cy = looks.centre
    w, h = looks.half_width, looks.half_height
    tip = cy + h * 0.34 * looks.nose
    wing = w * 0.19 * looks.nose_width
    side = -1 if looks.light >= 0 else 1
    soft, dark = shade(looks.skin, 0.88), shade(looks.skin, 0.6)
    canvas.polygon(
        smooth(
            [
                (cx + side * w * 0.09, cy - h * 0.1),
                (cx + side * w * 0.13, cy + h * 0.1),
                (cx + side * wing * 0.95, tip - 10),
                (cx + side * wing * 0.4, tip - 12),
                (cx + side * w * 0.05, cy + h * 0.05),
            ]
        ),
        shade(looks.skin, 0.92),
    )
    canvas.glow((cx, tip + 5), (wing * 1.05, 13), looks.skin, soft, 6)
    for wing_side in (-1, 1):
        canvas.glow((cx + wing_side * wing * 0.78, tip - 3), (wing * 0.42, 11), soft, looks.skin, 5)
        curve = smooth(
            [
                (cx + wing_side * wing * 0.92, tip - 13),
                (cx + wing_side * wing * 1.16, tip - 2),
                (cx + wing_side * wing * 0.82, tip + 6),
            ],
            closed=False,
        )
        canvas.line(curve, shade(looks.skin, 0.68), 1.8)
        canvas.ellipse((cx + wing_side * wing * 0.45, tip + 5), (wing * 0.24, 3.2), dark)
    canvas.glow(
        (cx + looks.light * 3, tip - 7), (wing * 0.5, 11), looks.skin, shade(looks.skin, 1.09), 6
    )
    canvas.line(
        [(cx + looks.light * 2, cy - h * 0.04), (cx + looks.light * 2, tip - 20)],
        shade(looks.skin, 1.045),
        4.5,
    )


def draw_mouth(canvas: Canvas, looks: Looks) -> None:
    """Two lips and the line between them."""
    cx, cy = looks.centre
    y = cy + looks.half_height * 0.6
    half = looks.half_width * 0.33 * looks.mouth
    lip = 9.0 * looks.lips
    rosy: Colour = (176, 78, 76) if looks.sex is Sex.MALE else (190, 62, 72)
    colour = blend(looks.skin, rosy, 0.42 if looks.sex is Sex.MALE else 0.66)
    left, right = (cx - half, y - looks.smile), (cx + half, y - looks.smile)
    line = smooth(
        [left, (cx - half * 0.4, y + 1), (cx, y + 2), (cx + half * 0.4, y + 1), right], closed=False
    )
    upper = smooth(
        [
            left,
            (cx - half * 0.28, y - lip),
            (cx, y - lip * 0.72),
            (cx + half * 0.28, y - lip),
            right,
        ],
        closed=False,
    )
    lower = smooth(
        [
            left,
            (cx - half * 0.45, y + lip * 1.0),
            (cx, y + lip * 1.35),
            (cx + half * 0.45, y + lip * 1.0),
            right,
        ],
        closed=False,
    )
    canvas.glow((cx, y + lip * 1.9), (half * 0.55, 6), looks.skin, shade(looks.skin, 0.86), 5)
    canvas.polygon(upper + line[::-1], shade(colour, 0.86))
    canvas.polygon(lower + line[::-1], colour)
    canvas.glow(
        (cx + looks.light * 3, y + lip * 0.72), (half * 0.4, lip * 0.36), colour,
        shade(colour, 1.14), 4,
    )  # fmt: skip
    canvas.line(line, shade(colour, 0.5), 2.0)
    for corner in (left, right):
        canvas.ellipse(corner, (2.2, 1.8), shade(looks.skin, 0.68))
