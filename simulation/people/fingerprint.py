"""Minutiae of fingers that nobody has: whole ISO/IEC 19794-2:2005 records.

The record format of clause 7: "FMR", version 2.0, a header of 24 bytes, one finger view of a header
of 4 bytes and 6 bytes for each minutia, and a length of extended data, which is 0. That makes
30 + 6n bytes, as the records on issued cards have.
"""

from __future__ import annotations

import math
import random
import struct
from typing import Final

from ektp.record import Finger
from simulation.people.chance import stream

__all__ = ["fingerprint_template"]

_WIDTH_PX: Final = 300
_HEIGHT_PX: Final = 400
_PX_PER_CM: Final = 197
"""500 dpi."""
_SPACING_PX: Final = 10
"""Side of a cell; a minutia bars its own cell and the eight around it."""
_ANGLE_UNITS: Final = 256
"""A turn in units of 1.40625 degrees (clause 7.5.3)."""
_ENDING: Final = 1
_BIFURCATION: Final = 2
_LIVE_SCAN_PLAIN: Final = 0
_HEADER: Final = struct.Struct(">4s4sIHHHHHBB")
_VIEW: Final = struct.Struct(">BBBB")
_MINUTIA: Final = struct.Struct(">HHBB")


def fingerprint_template(seed: int, index: int, finger: Finger) -> bytes:
    """One finger's template: 40 to 60 minutiae of a 300 × 400 px picture at 197 px/cm."""
    rng = stream(seed, index, f"fingerprint {finger.value}")
    minutiae = _minutiae(rng, rng.randint(40, 60))
    view = _VIEW.pack(finger.position, _LIVE_SCAN_PLAIN, rng.randint(55, 98), len(minutiae))
    body = view + b"".join(minutiae) + bytes(2)
    header = _HEADER.pack(
        b"FMR\x00",
        b" 20\x00",
        _HEADER.size + len(body),
        0,  # capture equipment: not certified, not named
        _WIDTH_PX,
        _HEIGHT_PX,
        _PX_PER_CM,
        _PX_PER_CM,
        1,  # finger views
        0,
    )
    return header + body


def _minutiae(rng: random.Random, count: int) -> list[bytes]:
    """Points in an ellipse, never close together, with angles along the ridges of a whorl."""
    core = (_WIDTH_PX / 2 + rng.gauss(0, 14), _HEIGHT_PX * 0.42 + rng.gauss(0, 14))
    taken: set[tuple[int, int]] = set()
    points: list[tuple[int, int]] = []
    while len(points) < count:
        point = _point(rng)
        column, row = point[0] // _SPACING_PX, point[1] // _SPACING_PX
        if (column, row) not in taken:
            points.append(point)
            taken.update((column + dx, row + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
    points.sort(key=lambda point: (point[1], point[0]))
    return [_minutia(rng, point, core) for point in points]


def _point(rng: random.Random) -> tuple[int, int]:
    turn, radius = rng.uniform(0, 2 * math.pi), math.sqrt(rng.random())
    x = _WIDTH_PX / 2 + 0.44 * _WIDTH_PX * radius * math.cos(turn)
    y = _HEIGHT_PX / 2 + 0.46 * _HEIGHT_PX * radius * math.sin(turn)
    return round(x), round(y)


def _minutia(rng: random.Random, point: tuple[int, int], core: tuple[float, float]) -> bytes:
    kind = _ENDING if rng.random() < 0.62 else _BIFURCATION
    # Ridges run round the core and flatten below it; a minutia points along its ridge.
    across, down = point[0] - core[0], point[1] - core[1]
    ridge = math.atan2(across, -down * (0.55 if down > 0 else 1.0))
    direction = ridge + (math.pi if rng.random() < 0.5 else 0.0) + rng.gauss(0, 0.15)
    angle = round(direction / (2 * math.pi) * _ANGLE_UNITS) % _ANGLE_UNITS
    return _MINUTIA.pack(kind << 14 | point[0], point[1], angle, rng.randint(45, 100))
