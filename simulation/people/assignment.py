"""Which office serves a person, and whether the person was first registered there.

Done by arithmetic, so that it needs no memory of earlier people: indices are cut into blocks, each
block holds every office in proportion to its weight, and a keyed permutation puts the block in an
order of its own. A person's rank among those of the same office, in all blocks so far, follows from
the number of the block: it is the counter from which `identity` makes a NIK that nobody else has.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from simulation.people.chance import permute, stream
from simulation.people.mix import PeopleMix
from simulation.people.places import Office

__all__ = ["ELSEWHERE", "Assignment", "Shares", "assign", "shares_of"]

ELSEWHERE: Final = -1
"""In place of an office's number: first registered somewhere else in the country."""

_SLOTS_AN_OFFICE: Final = 40
_FIRST_SLOTS_AN_OFFICE: Final = 2
_MOVED_PERCENT: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The office of a person, where the person's NIK comes from, and the rank among those."""

    place: Office
    origin: int
    counter: int


@dataclass(frozen=True, slots=True)
class _Slot:
    place: int
    origin: int
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """The slots of a block, and how many each origin has."""

    slots: tuple[_Slot, ...]
    totals: Counter[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """The offices that are served, the first block (each office twice), and all later ones."""

    offices: tuple[Office, ...]
    first: _Layout
    later: _Layout


@lru_cache(maxsize=16)
def shares_of(seed: int, mix: PeopleMix) -> Shares:
    """How the people of a mix are shared out.

    Weights are kept to one slot in forty for each office; an office with a weight has at least one.
    """
    # A city's busiest kecamatan has some five times the people of its smallest.
    weights = mix.weights or tuple(
        stream(seed, 0, f"weight of {place.code}").randint(2, 10) for place in mix.offices
    )
    served = [pair for pair in zip(mix.offices, weights, strict=True) if pair[1]]
    total = sum(weight for _, weight in served)
    room = _SLOTS_AN_OFFICE * len(served)
    return Shares(
        offices=tuple(place for place, _ in served),
        first=_layout([_FIRST_SLOTS_AN_OFFICE] * len(served)),
        later=_layout([max(1, round(room * weight / total)) for _, weight in served]),
    )


def _layout(slots_of_office: list[int]) -> _Layout:
    totals: Counter[int] = Counter()
    slots = []
    moved = 0
    for number, count in enumerate(slots_of_office):
        for _ in range(count):
            moved += _MOVED_PERCENT
            origin = ELSEWHERE if moved >= 100 else number
            moved %= 100
            slots.append(_Slot(number, origin, totals[origin]))
            totals[origin] += 1
    return _Layout(slots=tuple(slots), totals=totals)


def assign(seed: int, index: int, mix: PeopleMix) -> Assignment:
    """The office of one person and the rank among those of the same origin.

    Raises `ValueError` for a negative index.
    """
    if index < 0:
        msg = "an index is not negative"
        raise ValueError(msg)
    shares = shares_of(seed, mix)
    first = len(shares.first.slots)
    if index < first:
        slot = shares.first.slots[permute(index, first, f"{seed}|first block")]
        before = 0
    else:
        block, position = divmod(index - first, len(shares.later.slots))
        place = permute(position, len(shares.later.slots), f"{seed}|block {block}")
        slot = shares.later.slots[place]
        before = shares.first.totals[slot.origin] + block * shares.later.totals[slot.origin]
    return Assignment(
        place=shares.offices[slot.place], origin=slot.origin, counter=before + slot.rank
    )
