"""refusals: cards that are no blanks of this line, each refused before its first written byte.

Many are judged as the line judges a blank (one card in the field, the ledger, the proof), some go
through a whole line. Written is whatever lasts on a chip. One thing may move: the sequence counter,
which a card counts up with every INITIALIZE UPDATE (GlobalPlatform Amendment D, 6.2.2.1).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Final, cast

from benchmarks.campaigns.chip_bench import PROFILES, serial_of
from benchmarks.campaigns.copied_sets import copied_sets
from benchmarks.campaigns.homes import Floor, floor
from benchmarks.campaigns.refusals_on_line import (
    home_with_another_box,
    issued_blanks,
    refusals_on_line,
)
from ektp.cards import BlankKind
from ektp.chip_profiles import ChipProfile
from ektp.errors import BlankRefused, CardNotAuthentic, CardsCollide, EktpError
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.ports import CardChannel
from ektp.record import CardVariant
from pipeline.production.attempt import Attempt
from pipeline.production.workshop import PrintLine
from printers.readers.collision import require_single_card
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from simulation.chip.impostors import CrowdedField, cloned_identity, foreign, personalized
from simulation.chip.state import ChipState

__all__ = ["KINDS", "refusals", "refused_at_the_station"]

_SHOWN: Final = 20


def refusals(
    folder: Path,
    *,
    each: int = 1_000,
    on_line: int = 20,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """`each` cards of each kind and profile at the station, `on_line` of each through a line.

    What is done of a profile is kept in the folder.
    """
    result: dict[str, Any] = {"each": each, "profiles": {}, "problems": []}
    for profile in PROFILES:
        kept = folder / f"{profile.name}.json"
        if not kept.is_file():
            found = refused_at_the_station(folder, profile, each, say)
            found["copied set"] = copied_sets(folder, profile, each, say)
            found["on_line"] = refusals_on_line(folder, profile, on_line, say)
            kept.write_text(json.dumps(found))
        found = json.loads(kept.read_text())
        for name, of_kind in found.items():
            what = of_kind.pop("problems")
            result["problems"] += [f"{profile.name}, {name}: {one}" for one in what[:_SHOWN]]
        result["profiles"][profile.name] = found
    result["ok"] = not result["problems"]
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A field that a line must refuse: what lies in it, and by which error."""

    chips: tuple[Chip, ...]
    refused_by: type[EktpError]
    crowded: bool = False

    def channel(self) -> CardChannel:
        """The field."""
        if not self.crowded:
            return ChipChannel(self.chips[0])
        serial = int.from_bytes(bytes(self.chips[0].serial), "big")
        chance = Random(serial)  # noqa: S311 - which card a reader finds
        return CrowdedField([ChipChannel(chip) for chip in self.chips], chance)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Makers:
    """What there is to make cards of: the line's blanks, and a box that it did not get."""

    floor: Floor
    profile: ChipProfile
    issued: tuple[CardSerial, ...]
    other_box: tuple[CardSerial, ...]

    def blank(self, serial: CardSerial) -> Chip:
        """A blank of our maker."""
        keys = self.floor.world.maker_keys.key_set(serial, self.profile)
        return Chip.blank(serial, transport_keys=keys, profile=self.profile)

    def mine(self, number: int) -> CardSerial:
        """A serial that the ledger has on this line."""
        return self.issued[number % len(self.issued)]


def _personalized(make: _Makers, number: int) -> _Case:
    chip = personalized(make.mine(number), make.profile)
    return _Case(chips=(chip,), refused_by=BlankRefused)


def _foreign(make: _Makers, number: int) -> _Case:
    chip = foreign(make.mine(number), make.profile)
    return _Case(chips=(chip,), refused_by=CardNotAuthentic)


def _other_box(make: _Makers, number: int) -> _Case:
    # Every second one is in the vault's books, the others in nobody's.
    serial = make.other_box[number] if number % 2 else serial_of(number)
    return _Case(chips=(make.blank(serial),), refused_by=BlankRefused)


def _two_cards(make: _Makers, number: int) -> _Case:
    chips = make.blank(make.mine(number)), make.blank(make.mine(number + 1))
    return _Case(chips=chips, refused_by=CardsCollide, crowded=True)


def _clone(make: _Makers, number: int) -> _Case:
    original = make.blank(make.mine(number))
    return _Case(chips=(cloned_identity(original),), refused_by=CardNotAuthentic)


KINDS: Final[dict[str, Callable[[_Makers, int], _Case]]] = {
    "personalized card": _personalized,
    "foreign card": _foreign,
    "blank of another box": _other_box,
    "two cards at once": _two_cards,
    "cloned identity": _clone,
}


def refused_at_the_station(
    folder: Path, profile: ChipProfile, each: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Judge so many cards of each kind as a line judges a blank; counts by kind."""
    home, other_box = home_with_another_box(folder, profile, jobs=1, others=each)
    results = {}
    with floor(home) as it:
        make = _Makers(
            floor=it, profile=profile, issued=issued_blanks(it, profile), other_box=other_box
        )
        for name, of_kind in KINDS.items():
            say(f"{profile.name}: {each} x {name}")
            results[name] = _judged(make, of_kind, each)
    return results


def _judged(make: _Makers, of_kind: Callable[[_Makers, int], _Case], each: int) -> dict[str, Any]:
    errors: Counter[str] = Counter()
    problems: list[str] = []
    counted = unchanged = 0
    for number in range(each):
        case = of_kind(make, number)
        before = [_lasting(chip) for chip in case.chips]
        writes = sum(chip.writes for chip in case.chips)
        error = _error_at_the_station(make, case.channel())
        errors["none" if error is None else error.code] += 1
        if not isinstance(error, case.refused_by):
            problems.append(f"number {number}: {error}")
        steps = sum(chip._state.sequence_counter for chip in case.chips)  # noqa: SLF001 - the world's
        counted += steps
        same = [_lasting(chip) for chip in case.chips] == before
        if same and sum(chip.writes for chip in case.chips) == writes + steps:
            unchanged += 1
        else:
            problems.append(f"number {number}: something was written")
    return {
        "refused": each - errors["none"],
        "by": dict(errors),
        "unwritten": unchanged,
        "sequence_counter_steps": counted,
        "problems": problems,
    }


def _lasting(chip: Chip) -> bytes:
    """All that lasts on a chip, its sequence counter left out."""
    state = ChipState.from_bytes(bytes(chip))
    state.sequence_counter = 0
    return bytes(state)


def _error_at_the_station(make: _Makers, channel: CardChannel) -> EktpError | None:
    shop = replace(make.floor.shop, expect_single_card=require_single_card)
    line = PrintLine(
        line=make.floor.controller.line.line,
        printer=cast("Any", _Station(channel)),
        hoppers=make.floor.controller.line.hoppers,
    )
    attempt = Attempt(
        shop=shop,
        line=line,
        lease=cast("Any", None),
        attempt=AttemptId("A-00000000001"),
        job=JobId("J-00000000001"),
        kind=BlankKind.for_variant(CardVariant.WNI, make.profile.name),
        package=cast("Any", None),
        wanted=lambda: "run",
    )
    try:
        # What PROVE does between its intent and its outcome.
        attempt._look_at_blank()  # noqa: SLF001 - the line's own eyes
    except EktpError as refused:
        return refused
    return None


class _Station:
    """A machine of which nothing is asked but its field."""

    def __init__(self, channel: CardChannel) -> None:
        self._channel = channel

    @contextmanager
    def channel(self) -> Iterator[CardChannel]:
        yield self._channel
