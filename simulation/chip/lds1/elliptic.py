"""Arithmetic on short Weierstrass curves over a prime field (BSI TR-03111, clauses 2.3 and 4.3).

The generic mapping of PACE needs sums of points and multiples of a generator that nobody has seen
before, which no library offers. A simulated chip keeps nothing secret: the run time tells scalars.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

__all__ = ["Curve", "Point", "PointRefused"]

_UNCOMPRESSED: Final = b"\x04"
_WINDOW: Final = 4
_DIGIT: Final = (1 << _WINDOW) - 1
_Jacobian = tuple[int, int, int]
_INFINITY: Final[_Jacobian] = (1, 1, 0)


class PointRefused(Exception):
    """Bytes or coordinates that are no point of the curve, or the point at infinity."""


class Point(NamedTuple):
    """A finite point by its affine coordinates."""

    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """y² = x³ + ax + b modulo p, with a generator of prime order and cofactor 1."""

    name: str
    p: int
    a: int
    b: int
    generator: Point
    order: int

    @classmethod
    def standard(cls, name: str, *numbers: str) -> Self:
        """A curve by its printed numbers: p, a, b, x, y, order in hex with blanks."""
        p, a, b, x, y, order = (int(number.replace(" ", ""), 16) for number in numbers)
        return cls(name=name, p=p, a=a, b=b, generator=Point(x, y), order=order)

    @property
    def field_bytes(self) -> int:
        """Length of a coordinate, and of a shared secret."""
        return (self.p.bit_length() + 7) // 8

    @property
    def order_bytes(self) -> int:
        """Length of a private key, and of each half of a plain signature."""
        return (self.order.bit_length() + 7) // 8

    def contains(self, point: Point) -> bool:
        """Whether the coordinates are in range and satisfy the equation."""
        x, y = point
        in_range = 0 <= x < self.p and 0 <= y < self.p
        return in_range and (y * y - (x * x * x + self.a * x + self.b)) % self.p == 0

    def encode(self, point: Point) -> bytes:
        """`04` ‖ x ‖ y."""
        return _UNCOMPRESSED + self.encode_field(point.x) + self.encode_field(point.y)

    def encode_field(self, value: int) -> bytes:
        """A coordinate at its full length (field element to octet string)."""
        return value.to_bytes(self.field_bytes, "big")

    def decode(self, raw: bytes) -> Point:
        """The point of `04` ‖ x ‖ y. Raises `PointRefused`: another form, or not on the curve."""
        size = self.field_bytes
        if len(raw) != 1 + 2 * size or raw[:1] != _UNCOMPRESSED:
            raise PointRefused
        point = Point(int.from_bytes(raw[1 : 1 + size], "big"), int.from_bytes(raw[1 + size :]))
        if not self.contains(point):
            raise PointRefused
        return point

    def add(self, left: Point, right: Point) -> Point:
        """The sum of two points. Raises `PointRefused` where it is infinite."""
        return self._affine(self._sum((*left, 1), (*right, 1)))

    def multiply(self, point: Point, scalar: int) -> Point:
        """A multiple of a point. Raises `PointRefused` where it is infinite."""
        scalar %= self.order
        if point == self.generator:
            return self._affine(self._multiple_of_generator(scalar))
        multiples = self._small_multiples((*point, 1))
        result = _INFINITY
        for shift in range(_WINDOW * (self._windows - 1), -1, -_WINDOW):
            for _ in range(_WINDOW):
                result = self._double(result)
            result = self._sum(result, multiples[scalar >> shift & _DIGIT])
        return self._affine(result)

    def public_key(self, private: int) -> Point:
        """The multiple of the generator. Raises `PointRefused` for a private key of 0."""
        return self.multiply(self.generator, private)

    @property
    def _windows(self) -> int:
        """How many digits a scalar has."""
        return -(-self.order.bit_length() // _WINDOW)

    def _small_multiples(self, point: _Jacobian) -> list[_Jacobian]:
        """The multiples of a point by each digit."""
        multiples = [_INFINITY, point]
        while len(multiples) <= _DIGIT:
            multiples.append(self._sum(multiples[-1], point))
        return multiples

    def _multiple_of_generator(self, scalar: int) -> _Jacobian:
        result = _INFINITY
        for number, row in enumerate(_generator_rows(self)):
            result = self._sum(result, row[scalar >> _WINDOW * number & _DIGIT])
        return result

    def _affine(self, point: _Jacobian) -> Point:
        x, y, z = point
        if z == 0:
            raise PointRefused
        inverse = pow(z, -1, self.p)
        square = inverse * inverse % self.p
        return Point(x * square % self.p, y * square * inverse % self.p)

    def _double(self, point: _Jacobian) -> _Jacobian:
        x, y, z = point
        p = self.p
        if z == 0 or y == 0:
            return _INFINITY
        yy = y * y % p
        s = 4 * x * yy % p
        zz = z * z % p
        m = (3 * x * x + self.a * zz * zz) % p
        x3 = (m * m - 2 * s) % p
        return x3, (m * (s - x3) - 8 * yy * yy) % p, 2 * y * z % p

    def _sum(self, left: _Jacobian, right: _Jacobian) -> _Jacobian:
        if left[2] == 0:
            return right
        if right[2] == 0:
            return left
        p = self.p
        (x1, y1, z1), (x2, y2, z2) = left, right
        zz1, zz2 = z1 * z1 % p, z2 * z2 % p
        u1, u2 = x1 * zz2 % p, x2 * zz1 % p
        s1, s2 = y1 * zz2 * z2 % p, y2 * zz1 * z1 % p
        h, r = (u2 - u1) % p, (s2 - s1) % p
        if h == 0:
            return self._double(left) if r == 0 else _INFINITY
        hh = h * h % p
        hhh = h * hh % p
        v = u1 * hh % p
        x3 = (r * r - hhh - 2 * v) % p
        return x3, (r * (v - x3) - s1 * hhh) % p, h * z1 * z2 % p


@functools.cache
def _generator_rows(curve: Curve) -> list[list[_Jacobian]]:
    """For each digit of a scalar, what it adds: half of all multiplications are of a generator."""
    rows = [curve._small_multiples((*curve.generator, 1))]  # noqa: SLF001 - of this module
    while len(rows) < curve._windows:  # noqa: SLF001 - of this module
        last = rows[-1]
        base = curve._sum(last[_DIGIT], last[1])  # noqa: SLF001 - of this module
        rows.append(curve._small_multiples(base))  # noqa: SLF001 - of this module
    return rows
