"""The flows: what Prefect schedules, fans out, watches and shows.

Parameters and results are opaque ids and counts. `retries=0` on anything that touches plastic. An
error that leaves a flow is one of the house's, whose text is safe; anything else is noted in the
home's log and leaves as an error id.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from prefect import flow, task

from ektp.errors import EktpError, Unexpected
from pipeline import steps
from pipeline.mishaps import new_mishap_id, note_mishap
from pipeline.steps import Caller
from pipeline.whole_job import Doers, whole_job

__all__ = [
    "Hooks",
    "inspect_flow",
    "intake_flow",
    "issue_cards",
    "pack_flow",
    "prepare_flow",
    "produce_flow",
    "reconcile_flow",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Hooks:
    """Where progress is shown: of this process only, never part of a flow's parameters."""

    on_stage: Callable[[str], None] = staticmethod(lambda _part: None)
    on_count: Callable[[int], None] = staticmethod(lambda _count: None)
    on_prepared: Callable[[str], None] = staticmethod(lambda _batch: None)

    @classmethod
    def watch(
        cls,
        *,
        on_stage: Callable[[str], None],
        on_count: Callable[[int], None],
        on_prepared: Callable[[str], None],
    ) -> None:
        """Show the progress of the flows of this process."""
        cls.on_stage = staticmethod(on_stage)
        cls.on_count = staticmethod(on_count)
        cls.on_prepared = staticmethod(on_prepared)


def _safe(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """The flow boundary: Prefect stores exception texts."""

    @wraps(function)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return function(*args, **kwargs)
        except EktpError:
            raise
        except Exception as error:  # noqa: BLE001 - the flow boundary
            home = _home_of(args[0] if args else next(iter(kwargs.values())))
            error_id = new_mishap_id()
            note_mishap(home, error_id, error)
            raise Unexpected(error_id=error_id) from None

    return guarded


def _home_of(first: Any) -> Path:
    """The home of a flow's first parameter: a caller, or callers by role."""
    caller = first if "home" in first else next(iter(first.values()))
    return Path(caller["home"])


def _caller(plain: dict[str, str]) -> Caller:
    return Caller(**plain)


@flow(name="intake", log_prints=False)
@_safe
def intake_flow(caller: dict[str, str], inbox: str) -> dict[str, int]:
    """Take in a file that waits in the inbox."""
    Hooks.on_stage("intake")
    report = steps.intake_waiting(_caller(caller), inbox, Hooks.on_count)
    return {
        "accepted": report.accepted,
        "refused": report.refused,
        "unchanged": report.unchanged,
    }


@task(name="prepare-chunk", retries=0)
@_safe
def prepare_chunk_task(caller: dict[str, str], batch: str, part: list[str]) -> dict[str, int]:
    """Prepare one chunk of a batch."""
    done = steps.prepare_some(_caller(caller), batch, part)
    return {"prepared": done.prepared, "held": done.held}


@flow(name="prepare", log_prints=False)
@_safe
def prepare_flow(caller: dict[str, str], batch: str) -> dict[str, int]:
    """Prepare what waits in a batch: one task run per chunk."""
    Hooks.on_stage("prepare")
    prepared = held = 0
    with steps.shared_pool(_caller(caller)):
        for part in steps.unprepared(_caller(caller), batch):
            done = prepare_chunk_task(caller, batch, part)
            prepared, held = prepared + done["prepared"], held + done["held"]
            Hooks.on_count(len(part))
    return {"prepared": prepared, "held": held}


@flow(name="produce", retries=0, log_prints=False)
@_safe
def produce_flow(caller: dict[str, str], batch: str, line: str) -> dict[str, Any]:
    """Let one line work through a batch: one long flow run."""
    Hooks.on_stage("produce")
    report = steps.produce(_caller(caller), batch, line, lambda _outcome: Hooks.on_count(1))
    return {
        "line": report.line,
        "cards": report.cards,
        "passed": report.passed,
        "ended": report.ended,
        "busy_ratio": report.busy_ratio,
    }


@flow(name="inspect", log_prints=False)
@_safe
def inspect_flow(caller: dict[str, str], batch: str, sample: int) -> dict[str, Any]:
    """Read some finished cards of a batch once more, at a desk."""
    Hooks.on_stage("inspect")
    report = steps.inspect_batch(_caller(caller), batch, sample)
    return {"inspected": report.inspected, "failed": list(report.failed)}


@flow(name="pack", log_prints=False)
@_safe
def pack_flow(caller: dict[str, str], batch: str) -> dict[str, int]:
    """Pack and seal what is finished."""
    Hooks.on_stage("pack")
    return {"parcels": steps.pack_batch(_caller(caller), batch)}


@flow(name="reconcile", log_prints=False)
@_safe
def reconcile_flow(caller: dict[str, str], batch: str | None = None) -> dict[str, Any]:
    """Check the identities."""
    Hooks.on_stage("reconcile")
    balance = steps.reconcile_home(_caller(caller), batch)
    return {"balanced": balance.balanced, "difference": balance.difference}


@flow(name="issue-cards", retries=0, log_prints=False)
@_safe
def issue_cards(
    callers: dict[str, dict[str, str]], inbox: str, lines: list[str], sample: int = 8
) -> dict[str, Any]:
    """The whole job: from a file in the inbox to sealed parcels and balanced books."""
    doers = Doers(
        intake=intake_flow,
        prepare=prepare_flow,
        produce=produce_flow,
        inspect=inspect_flow,
        pack=pack_flow,
        reconcile=reconcile_flow,
        prepared=Hooks.on_prepared,
    )
    return whole_job(doers, callers, inbox, lines, sample)
