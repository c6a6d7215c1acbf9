"""The suite: benchmarks by name, and how a selection of them is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Final

from benchmarks.results import Result

if TYPE_CHECKING:
    from benchmarks.chip.workplace import Workplace

__all__ = ["BENCHMARKS", "Run", "run"]


class Run:
    """One run of the suite: whether it is a quick one, and what its benchmarks share."""

    def __init__(self, stack: ExitStack, *, quick: bool) -> None:
        self._stack = stack
        self.quick = quick

    @cached_property
    def workplace(self) -> Workplace:
        """Where chips are written and read; made when it is first asked for."""
        from benchmarks.chip.workplace import Workplace  # noqa: PLC0415 - takes long to load

        return self._stack.enter_context(Workplace.open())


def _bytes(here: Run) -> Iterator[Result]:
    from benchmarks.chip.traffic import byte_results, traffics  # noqa: PLC0415 - see above

    for case, traffic in traffics(here.workplace):
        yield from byte_results(case, traffic)


def _radio(here: Run) -> Iterator[Result]:
    from benchmarks.chip.traffic import radio_results, traffics  # noqa: PLC0415 - see above

    for case, traffic in traffics(here.workplace):
        yield from radio_results(case, traffic)


def _session(here: Run) -> Iterator[Result]:
    from benchmarks.chip.sessions import session_results  # noqa: PLC0415 - see above

    yield from session_results(here.workplace, quick=here.quick)


def _read(here: Run) -> Iterator[Result]:
    from benchmarks.chip.reading import reading_results  # noqa: PLC0415 - see above

    yield from reading_results(here.workplace, quick=here.quick)


def _keys(here: Run) -> Iterator[Result]:
    from benchmarks.chip.keys import key_results  # noqa: PLC0415 - see above

    yield from key_results(here.workplace, quick=here.quick)


BENCHMARKS: Final[Mapping[str, Callable[[Run], Iterator[Result]]]] = {
    "chip.bytes": _bytes,
    "chip.radio": _radio,
    "chip.session": _session,
    "chip.read": _read,
    "keys": _keys,
}
"""Each benchmark by the beginning of its figures' names."""


def run(
    names: Sequence[str] = (),
    *,
    quick: bool = False,
    on_end: Callable[[str], None] = lambda _: None,
) -> list[Result]:
    """Run the named benchmarks, or all. `KeyError` for a name that is none.

    `on_end` is called with the name of each when it is done.
    """
    chosen = {name: BENCHMARKS[name] for name in names or BENCHMARKS}
    results: list[Result] = []
    with ExitStack() as stack:
        here = Run(stack, quick=quick)
        for name, benchmark in chosen.items():
            results += benchmark(here)
            on_end(name)
    return results
