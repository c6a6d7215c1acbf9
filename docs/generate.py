"""Writes the documents that are made of the code: `python docs/generate.py`.

`recovery.md` is the decision table of `pipeline.production.recovery`, found by asking `decide`
about every evidence there can be. `life-cycles.md` is the two tables of `ektp.lifecycle`.
`tests/unit/docs` holds the files to what this module gives.
"""  # noqa: INP001 - a folder of documents is no package

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

from ektp.cards import Step
from ektp.lifecycle import (
    CARD_TRANSITIONS,
    IN_MACHINE,
    JOB_TRANSITIONS,
    LIVE_CARD,
    CardEvent,
    CardState,
    JobEvent,
    JobState,
)
from pipeline.production.controller import _MOST_LOOKS as MOST_LOOKS
from pipeline.production.recovery import Action, ChipSays, Decision, Evidence, decide

__all__ = ["DOCUMENTS", "all_evidence", "life_cycles_markdown", "recovery_markdown"]

Values = tuple[object, ...]
Row = tuple[tuple[Values, ...], Decision]

_DIMENSIONS: Final[Mapping[str, Values]] = {
    "inside": (False, True),
    "chip": tuple(ChipSays),
    "fed": (False, True),
    "good": (False, True),
    "rejected": (False, True),
}
_HEADINGS: Final = ("Card inside", "Its chip", "Fed", "Good tray", "Reject tray", "Action", "Why")

_CHIP_MEANING: Final[Mapping[ChipSays, str]] = {
    ChipSays.NOTHING: "no answer, or no serial; also where no card is inside",
    ChipSays.UNTOUCHED: "open, and without the application: nothing was ever written",
    ChipSays.HALF_WRITTEN: "neither untouched nor closed",
    ChipSays.CLOSED_FOR_THIS: "closed, and its card control names this attempt",
    ChipSays.ANOTHER_CARD: "another serial than the journal's, or closed for another attempt",
}
_ACTION_MEANING: Final[Mapping[Action, str]] = {
    Action.VOID: "The attempt ends as `void`: no card was used, the job waits again.",
    Action.GO_ON: "The attempt goes on from the step named, through the same code as ever.",
    Action.SPOIL: "The chip is terminated if it answers, the card goes to the reject tray, the job "
    "is remade.",
    Action.BOOK_SPOILED: "The card lies in the reject tray already; only the books follow.",
    Action.DOUBT: "The card is IN_DOUBT and its job HELD until two people decide. A card that is "
    "still inside is put into the reject tray first, with an intent of its own.",
}

_HEAD: Final = """\
# Recovery: what follows from which evidence

<!-- Made by `python docs/generate.py` of `pipeline/production/recovery.py`. Do not edit. -->

A process can be killed, and power can fail, between any two instructions. An attempt whose end is
not in the journal is then *open*. Nothing moves until an operator says so (`ektp batch recover`, or
the same `ektp demo` again). Then evidence is taken without moving anything, and one action follows.

Evidence is: the last step in the journal and whether its outcome is there; whether the machine has
a card; what its chip says; and which of the machine's counters went up since the intent. The chip
proves encoding. Counters corroborate and never acquit: no card becomes good because of them.
Nothing proves printing but a look, so what a stop cut while printing is spoiled.
"""

_TAIL: Final = """\
## What the line controller adds

* A step that was cut off and that the evidence shows to be done gets its outcome in the journal,
  with the reason as evidence: a feed whose blank is inside, an encoding whose chip is closed.
* A card on its way to the reject tray keeps the cause that sent it there: the intent notes it. A
  card that was on its way there because people must decide on it ends IN_DOUBT.
* Where the table says *go on: prove* and the journal proved this blank before the stop, the
  attempt goes on with binding. The signature made before, if any, goes on the void list.
* Evidence is taken for one attempt {looks} times at most. After that it ends IN_DOUBT: a machine
  that comes to no clear end is a matter for people.
* The same table decides when a running line gets an error whose end is unknown (a reply lost, a
  card uncertain). There is no second procedure.
"""


def all_evidence(step: Step, *, known: bool) -> Iterator[tuple[Values, Decision]]:
    """Every evidence there can be for a step, and what is decided."""
    for values in itertools.product(*_DIMENSIONS.values()):
        inside, chip, fed, good, rejected = values
        evidence = Evidence(
            step=step,
            outcome_known=known,
            inside=bool(inside),
            chip=ChipSays(str(chip)),
            fed=bool(fed),
            good=bool(good),
            rejected=bool(rejected),
        )
        yield values, decide(evidence)


def _rows(cases: Sequence[tuple[Values, Decision]], place: int = 0) -> list[Row]:
    """The cases as rows that do not overlap; values that lead to the same rows share one."""
    if place == len(_DIMENSIONS):
        ((_, decision),) = cases
        return [((), decision)]
    alike: dict[str, tuple[list[object], list[Row]]] = {}
    for value in list(_DIMENSIONS.values())[place]:
        below = _rows([case for case in cases if case[0][place] == value], place + 1)
        alike.setdefault(repr(below), ([], below))[0].append(value)
    return [
        ((tuple(values), *rest), decision)
        for values, below in alike.values()
        for rest, decision in below
    ]


def _cell(name: str, values: Values) -> str:
    if len(values) == len(_DIMENSIONS[name]):
        return "any"
    if len(values) > 2 and len(_DIMENSIONS[name]) - len(values) == 1:  # all but one
        (left,) = set(_DIMENSIONS[name]) - set(values)
        return f"any but `{left}`"
    return " or ".join(
        ("yes" if value else "no") if isinstance(value, bool) else f"`{value}`" for value in values
    )


def _action(decision: Decision) -> str:
    word = decision.action.value.replace("_", " ")
    detail = decision.step or decision.cause
    return f"**{word}**" + (f": `{detail}`" if detail else "")


def _table(rows: Sequence[Row]) -> Iterator[str]:
    yield "| " + " | ".join(_HEADINGS) + " |"
    yield "|" + "---|" * len(_HEADINGS)
    for values, decision in rows:
        cells = [_cell(name, value) for name, value in zip(_DIMENSIONS, values, strict=True)]
        yield "| " + " | ".join([*cells, _action(decision), decision.reason]) + " |"


def _situations() -> Iterator[tuple[list[tuple[Step, bool]], list[Row]]]:
    """Steps with and without their outcome, together where the same rows hold for them."""
    together: dict[str, tuple[list[tuple[Step, bool]], list[Row]]] = {}
    for step, known in itertools.product(Step, (False, True)):
        rows = _rows(list(all_evidence(step, known=known)))
        together.setdefault(repr(rows), ([], rows))[0].append((step, known))
    yield from together.values()


def _title(situations: Sequence[tuple[Step, bool]]) -> str:
    words = []
    for step in dict.fromkeys(step for step, _ in situations):
        states = {known for other, known in situations if other is step}
        if states == {False, True}:
            words.append(f"`{step}`")
        else:
            words.append(f"`{step}` {'with' if True in states else 'without'} its outcome")
    return "Last in the journal: " + ", ".join(words)


def _meanings(meanings: Mapping[Action, str] | Mapping[ChipSays, str]) -> Iterator[str]:
    for word, meaning in meanings.items():
        yield f"* `{word}`: {meaning}"


def recovery_markdown() -> str:
    """The text of `docs/recovery.md`."""
    lines = [_HEAD, "## Words", "", "What the chip of the card inside says:", ""]
    lines += [*_meanings(_CHIP_MEANING), "", "What is done:", "", *_meanings(_ACTION_MEANING), ""]
    lines += [
        "*Fed*, *good tray*, *reject tray*: whether that counter of the machine went up since the",
        "intent. The good tray's is kept as evidence and decides nothing. *any*: no matter which.",
        "",
    ]
    for situations, rows in _situations():
        lines += [f"## {_title(situations)}", "", *_table(rows), ""]
    lines.append(_TAIL.format(looks=MOST_LOOKS))
    return "\n".join(lines)


_CYCLES_HEAD: Final = """\
# The two life cycles

<!-- Made by `python docs/generate.py` of `ektp/lifecycle.py`. Do not edit. -->

A job is what a citizen is owed. A card is a piece of plastic. One job may use up several cards, and
a spoiled card never comes back. What is not in a table is refused with `LIF-701`.
"""

_Step = tuple[StrEnum, StrEnum, StrEnum]


def _cycle(steps: Sequence[_Step], states: type[StrEnum], events: type[StrEnum]) -> Iterator[str]:
    """One row for each event and the state that it leads to, in the order of the vocabulary."""
    by_state, by_event = list(states), list(events)
    origins: dict[tuple[str, str], list[str]] = {}
    for state, event, following in sorted(
        steps, key=lambda step: (by_event.index(step[1]), by_state.index(step[0]))
    ):
        origins.setdefault((event.value, following.value), []).append(state.value)
    yield "| Event | From | To |"
    yield "|---|---|---|"
    for (named, into), sources in origins.items():
        yield f"| {named} | {', '.join(sources)} | {into} |"


def _in_order(states: frozenset[CardState]) -> str:
    return ", ".join(state.value for state in CardState if state in states)


def life_cycles_markdown() -> str:
    """The text of `docs/life-cycles.md`."""
    jobs: list[_Step] = [(*step, into) for step, into in JOB_TRANSITIONS.items()]
    cards: list[_Step] = [(*step, into) for step, into in CARD_TRANSITIONS.items()]
    lines = [_CYCLES_HEAD, "## Job", "", *_cycle(jobs, JobState, JobEvent), ""]
    lines += ["## Card", "", *_cycle(cards, CardState, CardEvent), ""]
    lines += [
        f"Inside a machine: {_in_order(IN_MACHINE)}.",
        "",
        f"A citizen can have one card at most among: {_in_order(LIVE_CARD)}.",
        "",
    ]
    return "\n".join(lines)


DOCUMENTS: Final[Mapping[str, Callable[[], str]]] = {
    "life-cycles.md": life_cycles_markdown,
    "recovery.md": recovery_markdown,
}
"""The documents made here, by file name in this folder."""


def main() -> None:
    """Write them all."""
    for name, make in DOCUMENTS.items():
        Path(__file__).with_name(name).write_text(make(), "utf-8")
        sys.stdout.write(f"docs/{name}\n")


if __name__ == "__main__":
    main()
