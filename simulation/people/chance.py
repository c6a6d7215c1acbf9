"""Seeded chance: every value follows from (seed, index, purpose) and from nothing else.

No `hash()` of text is used (it differs from process to process) and no state is kept, so that the
person number 812,004 can be made without making the 812,003 before.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, TypeVar

__all__ = ["permute", "stream", "weighted"]

_T = TypeVar("_T")
_WORD: Final = (1 << 64) - 1
_ROUNDS: Final = 4


def stream(seed: int, index: int, purpose: str) -> random.Random:
    """An independent source of chance for one aspect of one person.

    Aspects have sources of their own, so that a change in how portraits are drawn leaves names and
    addresses as they were.
    """
    digest = hashlib.sha256(f"{seed}|{index}|{purpose}".encode()).digest()
    return random.Random(int.from_bytes(digest[:16], "big"))


def weighted(rng: random.Random, table: Sequence[tuple[_T, int]]) -> _T:
    """One value of a table of (value, weight); weights are whole numbers and not all zero."""
    total = sum(weight for _, weight in table)
    pick = rng.randrange(total)
    for value, weight in table:
        if pick < weight:
            return value
        pick -= weight
    msg = "weights must not be negative"
    raise ValueError(msg)


@lru_cache(maxsize=512)
def _round_keys(key: str) -> tuple[int, ...]:
    digest = hashlib.sha256(key.encode()).digest()
    return tuple(int.from_bytes(digest[8 * r : 8 * r + 8], "big") for r in range(_ROUNDS))


def _scramble(value: int, key: int) -> int:
    # The finalizer of SplitMix64: every bit of the input moves every bit of the output.
    value = (value + key) & _WORD
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _WORD
    return value ^ (value >> 31)


def permute(position: int, size: int, key: str) -> int:
    """The place of `position` in a keyed permutation of `range(size)`.

    A Feistel network over the next even number of bits, walked until it falls into the range: a
    bijection by construction, so distinct positions give distinct places without a list of those
    already given. Raises `ValueError` for a position outside the range.
    """
    if not 0 <= position < size:
        msg = "the position must lie in the range that is permuted"
        raise ValueError(msg)
    half = max(1, ((size - 1).bit_length() + 1) // 2)
    mask = (1 << half) - 1
    keys = _round_keys(key)
    while True:
        left, right = position >> half, position & mask
        for round_key in keys:
            left, right = right, left ^ (_scramble(right, round_key) & mask)
        position = (left << half) | right
        if position < size:
            return position
