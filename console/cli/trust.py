"""`ektp trust`: approvers whose files are taken in."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

import typer

from console.cli.answers import Table, answer
from console.cli.parts import InFile, noun, plain
from console.cli.session import Session, session_of
from ektp.errors import ConfigurationError

app = noun("Approvers whose files are taken in.")


@app.command()
def add(context: typer.Context, certificate: InFile) -> None:
    """Pin an approver's certificate (PEM or DER). Compare its fingerprint by another way first."""
    from pipeline.duties import Duty
    from pipeline.trusting import pin_approver

    session = session_of(context)
    with session.home() as home:
        pinned = pin_approver(
            home.store, session.actor(home, Duty.MANAGE_TRUST), _bytes_of(certificate)
        )
    _answer_approvers(session, pinned)


def _bytes_of(file: InFile) -> bytes:
    try:
        return file.read_bytes()
    except OSError as failed:
        raise ConfigurationError("the certificate cannot be read", file=file.name) from failed


@app.command("list")
def list_(context: typer.Context) -> None:
    """The pinned approvers, by the SHA-256 of their certificates."""
    _answer_approvers(session_of(context), None)


def _answer_approvers(session: Session, pinned: str | None) -> None:
    from pipeline.queries import approvers

    with session.home() as home, home.store.read() as connection:
        listed = plain(approvers(connection))
    document = {"approvers": listed} | ({} if pinned is None else {"pinned": pinned})
    rows = [(each["fingerprint"], each["added_at"]) for each in listed]
    answer(session, document, Table(columns=("fingerprint", "added_at"), rows=rows))
