"""The arithmetic on curves, against the library's ECDH and at its edges."""

from __future__ import annotations

import random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from simulation.chip.lds1.curves import CURVES, P256
from simulation.chip.lds1.elliptic import Curve, Point, PointRefused

LIBRARY = {
    8: ec.SECP192R1,
    10: ec.SECP224R1,
    12: ec.SECP256R1,
    13: ec.BrainpoolP256R1,
    15: ec.SECP384R1,
    16: ec.BrainpoolP384R1,
    17: ec.BrainpoolP512R1,
    18: ec.SECP521R1,
}
NUMBERS = sorted(CURVES)


def test_all_curves_that_pace_numbers() -> None:
    assert list(range(8, 19)) == NUMBERS


@pytest.mark.parametrize("number", NUMBERS)
def test_the_generator_has_its_order(number: int) -> None:
    curve = CURVES[number]
    x, y = curve.generator
    assert curve.contains(curve.generator)
    assert curve.multiply(curve.generator, curve.order - 1) == (x, curve.p - y)
    with pytest.raises(PointRefused):
        curve.multiply(curve.generator, curve.order)


@pytest.mark.parametrize("number", sorted(LIBRARY))
def test_public_keys_and_shared_secrets_are_those_of_the_library(number: int) -> None:
    curve = CURVES[number]
    chance = random.Random(number)  # noqa: S311 - it must repeat itself
    private = chance.randrange(1, curve.order)
    theirs = ec.derive_private_key(chance.randrange(1, curve.order), LIBRARY[number]())
    numbers = ec.derive_private_key(private, LIBRARY[number]()).public_key().public_numbers()
    own = curve.public_key(private)
    assert own == (numbers.x, numbers.y)
    other = theirs.public_key().public_numbers()
    shared = curve.multiply(Point(other.x, other.y), private)
    exchanged = theirs.exchange(ec.ECDH(), numbers.public_key())
    assert curve.encode_field(shared.x) == exchanged


@pytest.mark.parametrize("scalar", [1, 2, 3, 15, 16, 17, 255, 256])
def test_small_multiples_are_sums(scalar: int) -> None:
    generator = P256.generator
    total = generator
    for _ in range(scalar - 1):
        total = P256.add(total, generator)
    assert P256.multiply(generator, scalar) == total


def test_a_point_and_its_opposite_have_no_finite_sum() -> None:
    x, y = P256.generator
    with pytest.raises(PointRefused):
        P256.add(P256.generator, Point(x, P256.p - y))


@pytest.mark.parametrize("number", NUMBERS)
def test_a_point_survives_its_encoding(number: int) -> None:
    curve = CURVES[number]
    encoded = curve.encode(curve.generator)
    assert len(encoded) == 1 + 2 * curve.field_bytes
    assert curve.decode(encoded) == curve.generator


def refused(curve: Curve, raw: bytes) -> bool:
    try:
        curve.decode(raw)
    except PointRefused:
        return True
    return False


def test_what_is_no_point_is_refused() -> None:
    good = P256.encode(P256.generator)
    high = (P256.generator.y + P256.p).to_bytes(33, "big")
    bad = [
        b"",
        b"\x00",
        b"\x04",
        good[:-1],
        good + b"\x00",
        b"\x02" + good[1:],
        b"\x02" + good[1:33],
        good[:-1] + bytes((good[-1] ^ 1,)),
        b"\x04" + bytes(64),
        b"\x04" + b"\xff" * 64,
        good[:33] + high,
    ]
    assert all(refused(P256, raw) for raw in bad)
    assert not refused(P256, good)
    assert not P256.contains(Point(P256.generator.x + P256.p, P256.generator.y))
