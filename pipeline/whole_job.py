"""The whole job, strung together: from a file in the inbox to sealed parcels and balanced books.

The doers are given: flows where Prefect watches, plain steps where it does not. Each may be called
again after a stop and goes on from what the store says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline import steps
from pipeline.steps import Caller

__all__ = ["Doers", "whole_job"]

_Plain = dict[str, str]


class _Do(Protocol):
    def __call__(self, caller: _Plain, *args: Any) -> dict[str, Any]:
        """Do it, and give counts and ids back."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Doers:
    """Who does each part: `(caller, inbox id)`, `(caller, batch)`, `(caller, batch, line)`, …."""

    intake: _Do
    prepare: _Do
    produce: _Do
    inspect: _Do
    pack: _Do
    reconcile: _Do
    prepared: Callable[[str], None] = lambda _batch: None
    """Called with the batch before a blank is used: the moment to look at proofs."""


def whole_job(
    doers: Doers, callers: Mapping[str, _Plain], inbox: str, lines: Sequence[str], sample: int
) -> dict[str, Any]:
    """Intake, a batch, preparation, production on all lines, inspection, packing, the books."""
    operator, qa, logistics = callers["operator"], callers["qa"], callers["logistics"]
    records = doers.intake(operator, inbox)
    batch = steps.batch_to_work_on(Caller(**operator))
    doers.prepare(operator, batch)
    doers.prepared(batch)
    return {
        "records": records,
        "batch": batch,
        "lines": _all_lines(doers, operator, batch, lines),
        "inspection": doers.inspect(qa, batch, sample),
        "packing": doers.pack(logistics, batch),
        "reconciliation": doers.reconcile(logistics, batch),
    }


def _all_lines(
    doers: Doers, operator: _Plain, batch: str, lines: Sequence[str]
) -> list[dict[str, Any]]:
    if len(lines) == 1:
        # In this very thread: signals reach the line and let it finish its card.
        return [doers.produce(operator, batch, lines[0])]
    with ThreadPoolExecutor(len(lines)) as pool:
        return list(pool.map(lambda line: doers.produce(operator, batch, line), lines))
