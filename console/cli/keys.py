"""`ektp keys`: what the token holds, and what receivers must trust."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli.answers import Facts, Table, answer
from console.cli.parts import noun, plain
from console.cli.session import session_of
from ektp.errors import ConfigurationError

app = noun("The token: what it holds, what receivers must trust.")

_COLUMNS = ("label", "kind", "use", "left")


@app.command()
def status(context: typer.Context) -> None:
    """The inventory: each key's label, kind and use, and what is left of its quota."""
    session = session_of(context)
    with session.plant() as plant:
        keys = plain(plant.keys.inventory())
    rows = [tuple(key[column] for column in _COLUMNS) for key in keys]
    answer(session, {"keys": keys}, Table(columns=_COLUMNS, rows=rows))


@app.command("export-trust")
def export_trust(
    context: typer.Context,
    *,
    out: Annotated[
        Path, typer.Option(metavar="DIR", file_okay=False, help="Folder for the certificates.")
    ],
) -> None:
    """Write the certificates (DER) that others need to trust this installation.

    csca.der, the link certificates, csca.crl and each signer's (ds-1.der, lds-1.der) for who reads
    our cards, site.der for who receives our files, envelope.der for who sends us files.
    """
    session = session_of(context)
    with session.plant() as plant:
        certificates = plant.token.trust_files()
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in certificates.items():
            (out / name).write_bytes(content)
    except OSError as failed:
        raise ConfigurationError("the certificates cannot be written") from failed
    files = [str(out / name) for name in certificates]
    answer(session, {"files": files}, Facts(facts={"files": files}))
