"""The curve arithmetic against the library's, and points that are none."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from inspection.faults import ChipFault
from inspection.lds1.curve_table import CURVES, curve_of_oid, curve_of_values
from inspection.lds1.curves import Curve, Point

LIBRARY: dict[int, ec.EllipticCurve] = {
    8: ec.SECP192R1(),
    10: ec.SECP224R1(),
    12: ec.SECP256R1(),
    13: ec.BrainpoolP256R1(),
    15: ec.SECP384R1(),
    16: ec.BrainpoolP384R1(),
    17: ec.BrainpoolP512R1(),
    18: ec.SECP521R1(),
}
ALL = sorted(CURVES)


def test_the_standardised_numbers() -> None:
    assert list(range(8, 19)) == ALL


@pytest.mark.parametrize("number", ALL)
def test_a_curve_is_sound(number: int) -> None:
    curve = CURVES[number]
    assert curve.holds(*curve.generator)
    assert (4 * curve.a**3 + 27 * curve.b**2) % curve.p
    minus = curve.multiply(curve.n - 1, curve.generator)
    assert minus == Point(curve.generator.x, curve.p - curve.generator.y)
    with pytest.raises(ChipFault, match="infinity"):
        curve.add(minus, curve.generator)
    with pytest.raises(ChipFault, match="infinity"):
        curve.multiply(curve.n, curve.generator)
    assert curve_of_oid(curve.oid) is curve


@pytest.mark.parametrize("number", sorted(LIBRARY))
def test_keys_and_agreement_are_those_of_the_library(number: int) -> None:
    curve, theirs = CURVES[number], LIBRARY[number]
    for secret in (1, 2, 3, 0xE1D5, curve.n // 3, curve.n - 2):
        mine = curve.multiply(secret, curve.generator)
        key = ec.derive_private_key(secret, theirs)
        numbers = key.public_key().public_numbers()
        assert mine == (numbers.x, numbers.y)
        other = ec.derive_private_key(0xA5A5A5, theirs)
        peer = curve.multiply(0xA5A5A5, curve.generator)
        agreed = curve.coordinate(curve.multiply(secret, peer).x)
        assert agreed == other.exchange(ec.ECDH(), key.public_key())


@pytest.mark.parametrize("number", ALL)
def test_addition_is_that_of_a_group(number: int) -> None:
    curve = CURVES[number]
    points = [curve.multiply(k, curve.generator) for k in (1, 2, 5, 7)]
    one, two, five, seven = points
    assert curve.add(two, five) == curve.add(five, two) == seven
    assert curve.add(one, one) == two
    assert all(curve.holds(*point) for point in points)


def test_private_keys_fill_the_whole_range_and_nothing_else() -> None:
    curve = CURVES[12]
    offered = [
        bytes(32),
        curve.n.to_bytes(32, "big"),
        b"\xff" * 32,
        (curve.n - 1).to_bytes(32, "big"),
    ]
    assert curve.private_key(lambda _: offered.pop(0)) == curve.n - 1
    assert not offered
    wide = CURVES[18]
    assert wide.private_key(lambda count: b"\x80" + bytes(count - 1)) == 1 << 520
    assert 1 <= wide.private_key() < wide.n


@pytest.mark.parametrize("number", ALL)
def test_points_are_read_as_they_are_written(number: int) -> None:
    curve = CURVES[number]
    raw = curve.encode(curve.multiply(0xC0FFEE, curve.generator))
    assert curve.encode(curve.point(raw)) == raw
    for bit in range(0, 8 * len(raw), 7):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ChipFault):
            curve.point(bytes(changed))


def test_a_point_of_the_twist_is_no_point() -> None:
    curve = CURVES[12]
    x = next(x for x in range(1, 100) if not _is_square(curve, x**3 + curve.a * x + curve.b))
    with pytest.raises(ChipFault, match="not on"):
        curve.point(b"\x04" + curve.coordinate(x) + curve.coordinate(1))


def _is_square(curve: Curve, value: int) -> bool:
    return pow(value % curve.p, (curve.p - 1) // 2, curve.p) == 1


def test_explicit_parameters_are_all_compared() -> None:
    curve = CURVES[13]
    base = curve.encode(curve.generator)
    values = [curve.p, curve.a, curve.b, base, curve.n]
    assert curve_of_values(*values) is curve
    parity = b"\x03" if curve.generator.y % 2 else b"\x02"
    compressed = parity + curve.coordinate(curve.generator.x)
    assert curve_of_values(curve.p, curve.a, curve.b, compressed, curve.n) is curve
    for place in range(5):
        changed = list(values)
        changed[place] = base[:-1] + b"\x00" if place == 3 else changed[place] + 1
        assert curve_of_values(*changed) is None
    other = curve.encode(curve.multiply(2, curve.generator))
    assert curve_of_values(curve.p, curve.a, curve.b, other, curve.n) is None
