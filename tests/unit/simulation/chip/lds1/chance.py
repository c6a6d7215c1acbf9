"""Chance for chips of these tests."""

from __future__ import annotations

import random

from simulation.chip.lds1.elliptic import Curve


class Seeded:
    """Chance that repeats itself."""

    def __init__(self, seed: int = 7) -> None:
        self._random = random.Random(seed)  # noqa: S311 - it must repeat itself

    def token_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)


class Scripted:
    """Chance that was written down before."""

    def __init__(self, *values: bytes) -> None:
        self._values = list(values)

    def token_bytes(self, count: int) -> bytes:
        value = self._values.pop(0)
        assert len(value) == count
        return value


def draw_of(curve: Curve, private: int) -> bytes:
    """The bytes of which the chip makes that private key."""
    return (private - 1).to_bytes(curve.order_bytes + 8, "big")
