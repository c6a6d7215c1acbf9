"""`ektp keys sam`: secure access modules are issued, listed and revoked."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from console.cli.answers import Facts, Table, answer
from console.cli.custodians import SecondOption, both_words, held
from console.cli.parts import noun, plain
from console.cli.session import Session, session_of
from ektp.ids import CardSerial

if TYPE_CHECKING:
    from pipeline.plant.samroom import SamLine

app = noun("Secure access modules: issue, list, revoke.")

_COLUMNS = ("sam", "version", "holder", "state", "trusted_signers", "valid_until")
_LONGEST_HOLDER: Final = 64


@app.command("issue")
def issue(
    context: typer.Context,
    *,
    reader: Annotated[
        str,
        typer.Option(help="The reader with the module; sim:SERIAL is one of the simulated world."),
    ],
    holder: Annotated[str, typer.Option(help="Who gets it: a station, an office.")],
    valid_until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day on which it is opened.")
    ],
    components: Annotated[
        list[Path] | None,
        typer.Option(
            "--components",
            exists=True,
            dir_okay=False,
            help="A component of READ-1; once for each, in any order.",
        ),
    ] = None,
    second: SecondOption = None,
) -> None:
    """Load a module with read keys and the list of signers; two custodians with their components.

    The passphrase of component 1 is typed unseen, or taken from EKTP_PASSPHRASE_1, and so on. In a
    simulated home the development token has the read master, and sim:SERIAL is made where it is not
    there yet.
    """
    from pipeline.people import Act

    session = session_of(context)
    if not 0 < len(holder.strip()) <= _LONGEST_HOLDER:
        raise typer.BadParameter(f"--holder: 1 to {_LONGEST_HOLDER} characters")
    with session.plant() as plant, plant.desk.slots.module(reader) as channel:
        words = both_words(session, plant.home, Act.ISSUE_SAM, second)
        line = plant.keyroom.modules.issue(
            words,
            channel,
            holder=holder.strip(),
            valid_until=valid_until.date(),
            components=held(session, components or ()),
        )
    _answer(session, line)


@app.command("list")
def list_(context: typer.Context) -> None:
    """The modules that were issued here."""
    session = session_of(context)
    with session.plant() as plant:
        lines = plain(plant.keyroom.modules.lines())
    rows = [tuple(_shown(line)[column] for column in _COLUMNS) for line in lines]
    answer(session, {"sams": lines}, Table(columns=_COLUMNS, rows=rows))


@app.command("revoke")
def revoke(
    context: typer.Context,
    serial: Annotated[str, typer.Argument(metavar="SERIAL", help="The module's serial, 16 hex.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, for the journal.")],
    reader: Annotated[
        str | None,
        typer.Option(help="The module is at hand in this reader: its keys are taken out, too."),
    ] = None,
    second: SecondOption = None,
) -> None:
    """Open a module no more; two custodians.

    With --reader a module is also wiped, now or when it turns up later. Revoking stands in the
    journal first: a module that cannot be wiped is revoked all the same.
    """
    from pipeline.people import Act

    session = session_of(context)
    sam = CardSerial.parse(serial)
    with session.plant() as plant, ExitStack() as stack:
        modules = plant.keyroom.modules
        modules.line(sam)
        module = None
        if reader is not None:
            module = stack.enter_context(plant.desk.slots.module(reader))
        words = both_words(session, plant.home, Act.REVOKE_SAM, second)
        line = modules.revoke(words, sam, reason, module)
    _answer(session, line, wiped=module is not None)


def _shown(line: dict[str, Any]) -> dict[str, Any]:
    return {**line, "trusted_signers": line["signers"]}


def _answer(session: Session, line: SamLine, **more: Any) -> None:
    document = asdict(line) | more
    shown = _shown(document)
    answer(session, document, Facts(facts={name: shown[name] for name in (*_COLUMNS, *more)}))
