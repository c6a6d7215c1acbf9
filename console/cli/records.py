"""`ektp records`: samples of approved records, and taking in signed files."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from console.cli.answers import ExitCode, Facts, Table, answer, progress
from console.cli.parts import InFile, noun
from console.cli.session import Session, session_of
from console.cli.wording import refusal
from ektp.errors import RecordError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from pipeline.intake.importer import ImportReport, SourceLine, VerifiedSource
    from pipeline.plant import Plant

app = noun("Approved records: make samples, import signed files.")

_PARALLEL_BYTES: Final = 100_000_000
"""From about 2,000 records on, several processes check lines: starting them takes a second."""


@app.command()
def sample(
    context: typer.Context,
    *,
    count: Annotated[int, typer.Option(min=1, help="How many people.")],
    seed: Annotated[int, typer.Option(help="The same seed makes the same people.")],
    out: Annotated[
        Path, typer.Option(metavar="FILE.jsonl", dir_okay=False, help="The file to write.")
    ],
    regency: Annotated[
        str | None, typer.Option(metavar="PP.RR", help="Deliver to this regency's offices.")
    ] = None,
) -> None:
    """Write synthetic approved records, their signature and the test approver's certificate.

    Nobody in them exists. FILE.jsonl.p7s and FILE.approver.pem are written beside.
    """
    from pipeline.plant import write_sample_records

    session = session_of(context)
    with progress(session, "records", count) as advance:
        made = write_sample_records(
            out, count, seed, regency=regency, on_record=lambda _written: advance(1)
        )
    document = {
        "file": str(made.file),
        "signature": str(made.signature),
        "approver": str(made.approver),
        "count": made.count,
    }
    answer(session, document, Facts(facts=document))


@app.command("import")
def import_file(
    context: typer.Context,
    file: InFile,
    *,
    trust: Annotated[
        list[Path] | None,
        typer.Option(metavar="CERT.pem", dir_okay=False, help="Simulated homes only."),
    ] = None,
) -> None:
    """Check a file's signature and take in its records, each for itself.

    NAME.jsonl needs NAME.jsonl.p7s beside it; NAME.jsonl.p7m comes signed and enveloped, and is the
    only form that a production home takes. A signed acknowledgement is left in the home's outbox.
    Exit code 7 where the file or a line of it was refused; the good lines are taken in all the
    same.
    """
    from pipeline.duties import Duty
    from pipeline.intake.acknowledge import record_refused_file, write_acknowledgement

    session = session_of(context)
    with session.plant() as plant:
        actor = session.actor(plant.home, Duty.TAKE_IN)
        try:
            source = _verified(session, plant, file, trust or [])
        except RecordError as refused:
            record_refused_file(plant.home.store, actor, file, refused)
            raise
        from pipeline.steps import importer

        with ExitStack() as stack:
            advance = stack.enter_context(
                progress(session, "records", file.stat().st_size, in_bytes=True)
            )
            report = importer(plant, actor).take_in(
                _counted(source, advance), pool=_pool(stack, plant, file)
            )
        acknowledgement = write_acknowledgement(plant.home, plant.keys, source, report)
    document = _document(report) | {
        "import": report.import_id,
        "acknowledgement": str(acknowledgement),
    }
    code = ExitCode.REFUSED if report.refused else ExitCode.DONE
    answer(session, document, *_shown(session, document), code=code)


def _verified(session: Session, plant: Plant, file: Path, trust: list[Path]) -> VerifiedSource:
    with progress(session, "signature", file.stat().st_size, in_bytes=True) as advance:
        read = 0

        def on_progress(done: int, _total: int) -> None:
            nonlocal read
            advance(done - read)
            read = done

        return plant.verify_file(file, trust=trust, on_progress=on_progress)


def _counted(source: VerifiedSource, advance: Callable[[int], None]) -> VerifiedSource:
    """The same file, telling how many of its bytes have been read."""

    def lines() -> Iterator[SourceLine]:
        for line in source.lines():
            yield line
            advance(len(line.content) + 1)

    return replace(source, lines=lines)


def _pool(stack: ExitStack, plant: Plant, file: Path) -> Executor | None:
    if file.stat().st_size < _PARALLEL_BYTES:
        return None
    from pipeline.preparation import worker_pool

    return stack.enter_context(worker_pool(plant.home.settings.preparation))


def _document(report: ImportReport) -> dict[str, Any]:
    return {
        "accepted": report.accepted,
        "refused": report.refused,
        "unchanged": report.unchanged,
        "warnings": report.warnings.total(),
        "warnings_by_kind": {kind.name.lower(): n for kind, n in _kinds(report)},
        "refusals": [asdict(refused) for refused in report.refusals],
    }


def _kinds(report: ImportReport) -> Iterator[tuple[Any, int]]:
    yield from sorted(report.warnings.items(), key=lambda item: item[0].name)


def _shown(session: Session, document: dict[str, Any]) -> list[Facts | Table]:
    names = ("accepted", "refused", "unchanged", "warnings", "acknowledgement")
    shown: list[Facts | Table] = [Facts(facts={name: document[name] for name in names})]
    if document["refusals"]:
        rows = [
            (each["line"], each["request"], each["code"], _reason(session, each))
            for each in document["refusals"]
        ]
        shown.append(
            Table(title="refusals", columns=("line_number", "request", "code", "reason"), rows=rows)
        )
    return shown


def _reason(session: Session, each: dict[str, Any]) -> str:
    return refusal(session.lang, each["code"], each["reason"])


@app.command()
def purge(
    context: typer.Context,
    *,
    days: Annotated[
        int | None, typer.Option(min=0, max=180, help="Days after the end; else the home's own.")
    ] = None,
) -> None:
    """Destroy the personal data of jobs whose time is over: handed over or cancelled long enough.

    Their data keys are destroyed, and with them what they sealed. Ids and the journal stay.
    """
    from pipeline.duties import Duty
    from pipeline.retention import purge_due

    session = session_of(context)
    with session.plant() as plant:
        home = plant.home
        actor = session.actor(home, Duty.PURGE)
        rule = home.settings.retention.days if days is None else days
        purged = purge_due(home.store, plant.vault, actor, home.clock.now(), rule)
    document = {"purged": purged, "days": rule}
    answer(session, document, Facts(facts=document))
