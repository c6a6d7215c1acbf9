"""Hair of a portrait: what falls behind the neck, and what grows on the head."""

from __future__ import annotations

import random

from ektp.record import Sex
from simulation.people.canvas import Canvas, Point, shade, smooth
from simulation.people.face import face_outline
from simulation.people.looks import Cover, Hair, Looks

__all__ = ["draw_hair_behind", "draw_hair_front"]


def draw_hair_behind(canvas: Canvas, looks: Looks, rng: random.Random) -> None:
    """Long hair that falls behind the neck, or what a veil is worn over."""
    if looks.cover is Cover.HIJAB:
        # The under-scarf, so that the ground never shows between face and veil.
        canvas.polygon(face_outline(looks, 1.07), shade(looks.cloth, 0.55))
        return
    if looks.sex is Sex.MALE:
        return
    cx, cy = looks.centre
    w, h = looks.half_width, looks.half_height
    dark = shade(looks.hair_colour, 0.7)
    if looks.hair is Hair.TIED:
        canvas.ellipse((cx + looks.light * 10, cy - h * 1.02), (w * 0.44, h * 0.26), dark)
        return
    low = {Hair.BOB: 0.95, Hair.CURLY: 1.05}.get(looks.hair, 1.75)
    wide = 1.42 if looks.hair is Hair.CURLY else 1.25
    shape = [
        (0, -1.14), (wide * 0.75, -0.9), (wide, -0.3), (wide * 1.02, 0.4), (wide * 1.0, low),
        (wide * 0.4, low + 0.05),
    ]  # fmt: skip
    mirrored = [(-x, y) for x, y in reversed(shape[1:])]
    outline = smooth([(cx + x * w, cy + y * h) for x, y in shape + mirrored])
    canvas.relief(outline, (cx, cy), dark, looks.hair_colour, depth=0.3, steps=2)
    for _ in range(70):
        side = rng.choice((-1, 1))
        x = cx + side * w * rng.uniform(0.85, wide * 0.98)
        strand = [
            (x - side * 8, cy - h * 0.2), (x, cy + h * 0.4),
            (x - side * rng.uniform(-3, 10), cy + h * low * 0.97),
        ]  # fmt: skip
        canvas.line(
            smooth(strand, closed=False), shade(looks.hair_colour, rng.uniform(0.6, 1.5)), 1
        )


def draw_hair_front(canvas: Canvas, looks: Looks, rng: random.Random) -> None:
    """The hair on the head, down to the hairline."""
    if looks.cover is Cover.HIJAB:
        return
    outer, inner = _crown(looks), _hairline(looks, rng)
    if looks.hair is Hair.CURLY:
        _curls(canvas, looks, outer, inner, rng)
        return
    canvas.polygon(outer + inner[::-1], looks.hair_colour)
    tones = [shade(looks.hair_colour, 0.55 + 0.15 * tone) for tone in range(9)]
    for _ in range(110):
        place = rng.random() * (len(outer) - 1)
        x0, y0 = outer[round(place)]
        x1, y1 = inner[round(place / (len(outer) - 1) * (len(inner) - 1))]
        start, end = rng.uniform(0.02, 0.5), rng.uniform(0.55, 1.0)
        strand = [
            (x0 + (x1 - x0) * part, y0 + (y1 - y0) * part)
            for part in (start, (start + end) / 2, end)
        ]
        canvas.line(strand, rng.choice(tones), 1.2)


def _crown(looks: Looks) -> list[Point]:
    """The outer edge of the hair from the left temple over the head to the right one."""
    cx, cy = looks.centre
    w, h = looks.half_width, looks.half_height
    lift = {Hair.CROPPED: 1.03, Hair.RECEDING: 1.03, Hair.CURLY: 1.2, Hair.SHORT: 1.1}.get(
        looks.hair, 1.12
    )
    wide = 1.02 if looks.hair in (Hair.CROPPED, Hair.RECEDING) else 1.08
    low = 0.02 if looks.sex is Sex.MALE else 0.2
    points = [
        (-wide, low), (-wide * 1.02, -0.35), (-wide * 0.83, -0.83 * lift), (-0.4, -1.02 * lift),
        (0, -1.06 * lift),
    ]  # fmt: skip
    points += [(-x, y) for x, y in reversed(points[:-1])]
    return smooth([(cx + x * w, cy + y * h) for x, y in points], closed=False)


def _hairline(looks: Looks, rng: random.Random) -> list[Point]:
    """Where the hair ends on forehead and temples, from left to right."""
    cx, cy = looks.centre
    w, h = looks.half_width, looks.half_height
    low = 0.02 if looks.sex is Sex.MALE else 0.2
    part = rng.choice((-1, 1)) * rng.uniform(0.15, 0.5)
    match looks.hair:
        case Hair.FRINGE:
            row = [
                (-0.93, low), (-0.9, -0.2), (-0.6, -0.3), (-0.2, -0.27), (0.2, -0.28),
                (0.6, -0.3), (0.9, -0.2), (0.93, low),
            ]  # fmt: skip
        case Hair.PARTED:
            row = [
                (-0.95, low), (-0.93, -0.3), (-0.8, -0.5), (part - 0.2, -0.66), (part, -0.8),
                (part + 0.25, -0.6), (0.8, -0.46), (0.93, -0.3), (0.95, low),
            ]  # fmt: skip
            row.sort(key=lambda point: point[0])
        case Hair.LONG | Hair.BOB:
            row = [
                (-0.93, low), (-0.9, -0.2), (-0.66, -0.52), (part * 0.5, -0.84), (0.66, -0.52),
                (0.9, -0.2), (0.93, low),
            ]  # fmt: skip
        case Hair.RECEDING:
            row = [
                (-0.97, low), (-0.95, -0.35), (-0.78, -0.72), (-0.45, -0.9), (0, -0.84),
                (0.45, -0.9), (0.78, -0.72), (0.95, -0.35), (0.97, low),
            ]  # fmt: skip
        case _:
            high = rng.uniform(-0.7, -0.58)
            row = [
                (-0.95, low), (-0.94, -0.28), (-0.78, -0.52), (-0.4, high), (0, high - 0.02),
                (0.4, high), (0.78, -0.52), (0.94, -0.28), (0.95, low),
            ]  # fmt: skip
    points = [(cx + x * w, cy + (y + rng.gauss(0, 0.01)) * h) for x, y in row]
    return smooth(points, closed=False)


def _curls(
    canvas: Canvas, looks: Looks, outer: list[Point], inner: list[Point], rng: random.Random
) -> None:
    canvas.polygon(outer + inner[::-1], looks.hair_colour)
    for _ in range(150):
        place = rng.random()
        x0, y0 = outer[round(place * (len(outer) - 1))]
        x1, y1 = inner[round(place * (len(inner) - 1))]
        depth = rng.uniform(0.0, 0.95)
        spot = (x0 + (x1 - x0) * depth, y0 + (y1 - y0) * depth)
        size = rng.uniform(6, 12)
        canvas.ellipse(spot, (size, size), shade(looks.hair_colour, rng.uniform(0.8, 1.1)))
        canvas.ring(spot, (size, size), shade(looks.hair_colour, rng.uniform(0.9, 1.8)), 1.2)
