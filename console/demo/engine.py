"""What the demo runs on: Prefect with a server of the home's own, or the plain steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, Protocol

from console.demo.telling import Telling
from pipeline import steps
from pipeline.steps import Caller
from pipeline.whole_job import Doers, whole_job

__all__ = ["Engine", "EngineName", "engine_of"]

EngineName = Literal["prefect", "direct"]
_Plain = dict[str, str]
_SAMPLE = 8


class Engine(Protocol):
    """Runs the parts of the job."""

    def intake(self, caller: _Plain, inbox: str) -> dict[str, Any]:
        """Take in one file."""
        ...

    def whole(self, callers: dict[str, _Plain], inbox: str, lines: list[str]) -> dict[str, Any]:
        """The whole job."""
        ...


@contextmanager
def engine_of(
    name: EngineName, home: Path, tell: Telling, on_prepared: Callable[[str], None]
) -> Iterator[Engine]:
    """The engine of that name; `on_prepared` is called before a batch's first blank is used."""
    if name == "direct":
        yield _Direct(tell, on_prepared)
        return
    # Prefect is loaded only where flows run on it.
    from flows.runtime import HomeServer  # noqa: PLC0415 - see above

    server = HomeServer(home / "prefect")
    server.begin()
    try:
        yield _OnPrefect(server, tell, on_prepared)
    finally:
        server.end()


class _OnPrefect:
    """The flows, on the home's own server; it is waited for when the first flow is due."""

    def __init__(self, server: Any, tell: Telling, on_prepared: Callable[[str], None]) -> None:
        self._server = server
        self._tell = tell
        self._on_prepared = on_prepared

    @contextmanager
    def _flows(self) -> Iterator[Any]:
        with self._server.in_use():
            # Prefect reads its settings when it is imported: inside, not before.
            from flows import definitions  # noqa: PLC0415 - see above

            definitions.Hooks.watch(
                on_stage=self._tell.stage,
                on_count=self._tell.advance,
                on_prepared=self._on_prepared,
            )
            yield definitions

    def intake(self, caller: _Plain, inbox: str) -> dict[str, Any]:
        """Take in one file, as a flow run."""
        with self._flows() as flows:
            taken: dict[str, Any] = flows.intake_flow(caller, inbox)
            return taken

    def whole(self, callers: dict[str, _Plain], inbox: str, lines: list[str]) -> dict[str, Any]:
        """The whole job, as one flow run with its parts below it."""
        with self._flows() as flows:
            done: dict[str, Any] = flows.issue_cards(callers, inbox, lines, _SAMPLE)
            return done


class _Direct:
    """The steps themselves."""

    def __init__(self, tell: Telling, on_prepared: Callable[[str], None]) -> None:
        self._tell = tell
        self._on_prepared = on_prepared

    def intake(self, caller: _Plain, inbox: str) -> dict[str, Any]:
        """Take in one file."""
        self._tell.stage("intake")
        report = steps.intake_waiting(Caller(**caller), inbox, self._tell.advance)
        return {"accepted": report.accepted, "refused": report.refused}

    def _prepare(self, caller: _Plain, batch: str) -> dict[str, Any]:
        self._tell.stage("prepare")
        return asdict(steps.prepare_batch(Caller(**caller), batch, self._tell.advance))

    def _produce(self, caller: _Plain, batch: str, line: str) -> dict[str, Any]:
        self._tell.stage("produce")
        return asdict(
            steps.produce(Caller(**caller), batch, line, lambda _outcome: self._tell.advance())
        )

    def _inspect(self, caller: _Plain, batch: str, sample: int) -> dict[str, Any]:
        self._tell.stage("inspect")
        return asdict(steps.inspect_batch(Caller(**caller), batch, sample))

    def _pack(self, caller: _Plain, batch: str) -> dict[str, Any]:
        self._tell.stage("pack")
        return {"parcels": steps.pack_batch(Caller(**caller), batch)}

    def _reconcile(self, caller: _Plain, batch: str) -> dict[str, Any]:
        self._tell.stage("reconcile")
        return asdict(steps.reconcile_home(Caller(**caller), batch))

    def whole(self, callers: dict[str, _Plain], inbox: str, lines: list[str]) -> dict[str, Any]:
        """The whole job."""
        doers = Doers(
            intake=self.intake,
            prepare=self._prepare,
            produce=self._produce,
            inspect=self._inspect,
            pack=self._pack,
            reconcile=self._reconcile,
            prepared=self._on_prepared,
        )
        return whole_job(doers, callers, inbox, lines, _SAMPLE)
