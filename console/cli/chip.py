"""`ektp chip`: every file of a chip that its access rules allow, and what opens it."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import ExitCode, Facts, Table, answer
from console.cli.parts import noun
from console.cli.session import session_of
from ektp.errors import ConfigurationError, NotAllowed
from ektp.ids import JobId

if TYPE_CHECKING:
    from ektp.cards import ChipAccess
    from inspection.dump import Dump

app = noun("Chips: read what the access rules allow.")

_MRZ_LINES = 3
_NOT_READ = ("FAILED", "UNAVAILABLE")
_READING = ("chip.", "access.", "channel.", "file.")
"""What checks of reading are called; what the files say is judged by `card verify`."""
_OPENING = ("access.pace_", "access.bac", "channel.")


@app.command()
def dump(
    context: typer.Context,
    *,
    reader: Annotated[
        str,
        typer.Option(help="PC/SC reader by name; sim:SERIAL taps a card of the simulated world."),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", file_okay=False, help="For the files.")],
    job: Annotated[
        str | None, typer.Option(metavar="JOB", help="A card of ours: the vault knows its MRZ.")
    ] = None,
    mrz: Annotated[
        str | None, typer.Option(metavar='"L1,L2,L3"', help="The three lines on its back.")
    ] = None,
    can: Annotated[str | None, typer.Option(help="The six digits on its front.")] = None,
    sam: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Reader with a SAM, for ktp-el; sim is the home's own."),
    ] = None,
) -> None:
    """Read every file that the access rules allow, and write its exact bytes.

    ktp-el: EF_6FF0.bin to EF_6FF6.bin, the protected ones with a SAM. icao-lds1: EF_CardAccess.bin,
    EF_COM.bin, EF_SOD.bin, DG1.bin and on, with what is printed on the card. Exit code 3
    where the chip does not open: a wrong MRZ or CAN, or a SAM that does not know it.
    """
    from pipeline.duties import Duty

    session = session_of(context)
    lines = _lines(mrz)
    with session.plant() as plant:
        actor = session.actor(plant.home, Duty.OPEN_CHIP)
        if job is not None:
            access = plant.access_of(JobId.parse(job), actor, reason="chip dump")
            lines, can = _printed(access)
        try:
            found = plant.desk.dump(reader, mrz=lines, can=can, sam=sam)
        except ValueError as wrong:
            raise typer.BadParameter(str(wrong)) from wrong
    files = _written(found, out)
    trouble = [
        (check.name, check.outcome.value, check.evidence)
        for check in found.checks
        if check.outcome.value in _NOT_READ and check.name.startswith(_READING)
    ]
    shut = any(outcome == "FAILED" and name.startswith(_OPENING) for name, outcome, _ in trouble)
    document: dict[str, Any] = {
        "files": files,
        "profile": found.profile,
        "card": found.card,
        "not_read": [
            {"name": name, "outcome": outcome, "evidence": evidence}
            for name, outcome, evidence in trouble
        ],
    }
    answer(
        session,
        document,
        Facts(facts={"card": found.card, "profile": found.profile, "files": files}),
        Table(columns=("name", "outcome", "evidence"), rows=trouble),
        code=ExitCode.DONE if files and not shut else ExitCode.DECISION,
    )


def _lines(mrz: str | None) -> tuple[str, ...] | None:
    if mrz is None:
        return None
    lines = tuple(line.strip() for line in mrz.split(","))
    if len(lines) != _MRZ_LINES:
        raise typer.BadParameter("--mrz: three lines, with commas between them")
    return lines


def _printed(access: ChipAccess) -> tuple[tuple[str, ...], str]:
    return tuple(line.reveal() for line in access.mrz), access.can.reveal()


def _written(found: Dump, out: Path) -> list[str]:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in found.files.items():
            (out / name).write_bytes(content)
    except OSError as failed:
        raise ConfigurationError("the files cannot be written") from failed
    return [str(out / name) for name in found.files]


@app.command()
def access(
    context: typer.Context,
    job: Annotated[str, typer.Argument(metavar="JOB", help="J-…")],
    *,
    reason: Annotated[
        str, typer.Option(help="Why; asked for outside simulated homes, and journalled.")
    ] = "",
) -> None:
    """What a stranger's reader needs to open the chip of a job's card: MRZ, CAN, document number.

    It stands on the card and in the vault; each look is journalled with who and why.
    """
    from pipeline.duties import Duty

    session = session_of(context)
    with session.plant() as plant:
        if plant.home.kind == "production" and not reason.strip():
            raise NotAllowed("say why: --reason")
        actor = session.actor(plant.home, Duty.OPEN_CHIP)
        opened = plant.access_of(JobId.parse(job), actor, reason=reason)
    lines, can = _printed(opened)
    document = {
        "mrz": list(lines),
        "can": can,
        "document_number": opened.document_number.reveal(),
    }
    answer(session, document, Facts(facts=document))
