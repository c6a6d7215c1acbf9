"""Arithmetic on the curves of an LDS chip, for the verifying side (Doc 9303-11 clause 9.5).

The generic mapping of PACE needs point addition and another generator, which the house's crypto
library does not offer. Not constant in time: the scalars here are this reader's own, used once.
Points of a chip are taken by `Curve.point` alone, which proves that they lie on the curve; all
curves here have cofactor 1, so every such point but infinity is a good one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from inspection.faults import ChipFault
from inspection.lds1.ciphers import RANDOM, RandomBytes

__all__ = ["Curve", "Point"]

_UNCOMPRESSED = 0x04
_Jacobian = tuple[int, int, int]
_INFINITY: _Jacobian = (1, 1, 0)


class Point(NamedTuple):
    """An affine point that is known to lie on its curve; never infinity."""

    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A short Weierstrass curve over a prime field, of prime order `n`.

    `parameter_id` is its number among the standardised domain parameters, `oid` the content of
    its object identifier.
    """

    parameter_id: int
    name: str
    oid: bytes
    p: int
    a: int
    b: int
    generator: Point
    n: int

    @property
    def field_bytes(self) -> int:
        """The length of a coordinate."""
        return (self.p.bit_length() + 7) // 8

    @property
    def scalar_bytes(self) -> int:
        """The length of a private key, and of each half of a plain signature."""
        return (self.n.bit_length() + 7) // 8

    def holds(self, x: int, y: int) -> bool:
        """Whether a pair of reduced coordinates is a point of the curve."""
        if not (0 <= x < self.p and 0 <= y < self.p):
            return False
        return (y * y - (x * x + self.a) * x - self.b) % self.p == 0

    def point(self, raw: bytes) -> Point:
        """An uncompressed point that a chip gave. Raises `ChipFault` unless it is on the curve."""
        size = self.field_bytes
        if len(raw) != 1 + 2 * size or raw[0] != _UNCOMPRESSED:
            raise ChipFault(f"{len(raw)} bytes are no uncompressed point of {self.name}")
        x = int.from_bytes(raw[1 : 1 + size], "big")
        y = int.from_bytes(raw[1 + size :], "big")
        if not self.holds(x, y):
            raise ChipFault(f"a point that is not on {self.name}")
        return Point(x, y)

    def encode(self, point: Point) -> bytes:
        """A point, uncompressed."""
        return bytes((_UNCOMPRESSED,)) + self.coordinate(point.x) + self.coordinate(point.y)

    def coordinate(self, value: int) -> bytes:
        """A field element in the length of the field."""
        return value.to_bytes(self.field_bytes, "big")

    def private_key(self, random: RandomBytes = RANDOM) -> int:
        """A fresh scalar from 1 to n - 1, each as likely as any other."""
        spare = 8 * self.scalar_bytes - self.n.bit_length()
        while True:
            scalar = int.from_bytes(random(self.scalar_bytes), "big") >> spare
            if 1 <= scalar < self.n:
                return scalar

    def multiply(self, scalar: int, point: Point) -> Point:
        """A multiple of a point. Raises `ChipFault` where that is infinity."""
        result = _INFINITY
        base = (point.x, point.y, 1)
        for bit in f"{scalar % self.n:b}":
            result = self._double(result)
            if bit == "1":
                result = self._sum(result, base)
        return self._affine(result)

    def add(self, left: Point, right: Point) -> Point:
        """The sum of two points. Raises `ChipFault` where that is infinity."""
        return self._affine(self._sum((*left, 1), (*right, 1)))

    def _affine(self, point: _Jacobian) -> Point:
        x, y, z = point
        if z == 0:
            raise ChipFault(f"the point at infinity of {self.name}")
        inverse = pow(z, -1, self.p)
        square = inverse * inverse % self.p
        return Point(x * square % self.p, y * square * inverse % self.p)

    def _double(self, point: _Jacobian) -> _Jacobian:
        x, y, z = point
        p = self.p
        if z == 0 or y == 0:
            return _INFINITY
        y_square = y * y % p
        s = 4 * x * y_square % p
        m = (3 * x * x + self.a * pow(z, 4, p)) % p
        x_new = (m * m - 2 * s) % p
        y_new = (m * (s - x_new) - 8 * y_square * y_square) % p
        return x_new, y_new, 2 * y * z % p

    def _sum(self, left: _Jacobian, right: _Jacobian) -> _Jacobian:
        """The sum; `right` is never infinity here, for it comes from an affine point."""
        if left[2] == 0:
            return right
        p = self.p
        (x1, y1, z1), (x2, y2, z2) = left, right
        z1_square, z2_square = z1 * z1 % p, z2 * z2 % p
        u1, u2 = x1 * z2_square % p, x2 * z1_square % p
        s1, s2 = y1 * z2_square * z2 % p, y2 * z1_square * z1 % p
        if u1 == u2:
            return self._double(left) if s1 == s2 else _INFINITY
        h, r = (u2 - u1) % p, (s2 - s1) % p
        h_square = h * h % p
        h_cube, v = h_square * h % p, u1 * h_square % p
        x_new = (r * r - h_cube - 2 * v) % p
        y_new = (r * (v - x_new) - s1 * h_cube) % p
        return x_new, y_new, h * z1 * z2 % p
