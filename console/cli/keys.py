"""`ektp keys`: the ceremony, the signers, the modules, and what receivers must trust."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from enum import Enum, unique
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import Facts, Table, answer
from console.cli.parts import noun, plain
from console.cli.session import Session, secret, session_of
from ektp.errors import ConfigurationError
from ektp.ids import CardSerial

if TYPE_CHECKING:
    from pipeline.home import Home
    from pipeline.people import Act
    from pipeline.plant.keyroom import Components, SamLine, Words

app = noun("The token: its ceremony, its signers, its modules, what receivers must trust.")
sam = noun("Secure access modules: issue, list, revoke.")
app.add_typer(sam, name="sam")

_COLUMNS = ("label", "kind", "use", "left", "in_token")
_SAM_COLUMNS = ("sam", "version", "holder", "state", "signers", "valid_until")
_PASSPHRASES = ("EKTP_PASSPHRASE_1", "EKTP_PASSPHRASE_2")

SecondOption = Annotated[
    str | None,
    typer.Option(
        "--second",
        metavar="USER",
        help="The other custodian, who is in the room too; their PIN: EKTP_SECOND_PIN.",
    ),
]
ComponentsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--components", exists=True, dir_okay=False, help="A component of READ-1; once for each."
    ),
]


@unique
class Family(Enum):
    """What signs for which cards."""

    KTP_EL = "ktp-el"
    ICAO_LDS1 = "icao-lds1"
    CSCA = "csca"


@unique
class Reason(Enum):
    """Why a signer is revoked (RFC 5280 clause 5.3.1)."""

    KEY_COMPROMISE = "keyCompromise"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"


@app.command()
def init(
    context: typer.Context,
    *,
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", file_okay=False, help="For component files and the record."),
    ],
    place: Annotated[str, typer.Option(help="Where the ceremony is held.")] = "PUSAT",
    second: SecondOption = None,
    witness: Annotated[list[str] | None, typer.Option(help="Who sees it done.")] = None,
    component: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LABEL=FILE",
            help="A component of a master that exists (TRANSPORT-128, -256, -SAM, READ-1); once "
            "for each file, in the order of the custodians.",
        ),
    ] = None,
) -> None:
    """Hold the ceremony: two custodians make all keys in an empty token, and a record says so.

    Each custodian takes one component of the read master away, sealed under a passphrase of their
    own (typed unseen, or EKTP_PASSPHRASE_1 and _2). The makers' transport masters come as
    components too.
    """
    from pipeline.people import Act
    from pipeline.plant.keyroom import Ceremony

    session = session_of(context)
    with session.plant() as plant:
        words = _words(session, plant.home, Act.MAKE_KEYS, second)
        phrases = _passphrases(words)
        record = plant.keyroom.hold_ceremony(
            words,
            Ceremony(
                place=place,
                out=out.absolute(),
                passphrases=phrases,
                witnesses=tuple(witness or ()),
                given={
                    label: _held(files, phrases) for label, files in _by_label(component).items()
                },
            ),
        )
        keys = plain(plant.keyroom.inventory())
    document = {
        "keys": keys,
        "record": record.digest.hex(),
        "components": [
            {"file": str(out / each.file), "custodian": each.custodian, "kcv": each.check_value}
            for each in record.components
        ],
    }
    answer(
        session,
        document,
        Facts(facts={"record": document["record"], "held_at": record.held_at}),
        _table(keys),
    )


@app.command()
def status(context: typer.Context) -> None:
    """The inventory: each key's label, kind and use, and what is left of its quota.

    A key that does not stay inside the token says where it goes.
    """
    session = session_of(context)
    with session.plant() as plant:
        keys = plain(plant.keyroom.inventory())
    answer(session, {"keys": keys}, _table(keys))


@app.command()
def rotate(
    context: typer.Context,
    *,
    family: Annotated[Family, typer.Option(help="Which signer, or the CSCA.")] = Family.KTP_EL,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Only make the next one; it takes over by itself.")
    ] = False,
    second: SecondOption = None,
) -> None:
    """Put a new document signer in the place of the current one; two custodians.

    With --family csca: a new CSCA key and the link certificate to it.
    """
    from pipeline.people import Act

    session = session_of(context)
    act = Act.ROTATE_CSCA if family is Family.CSCA else Act.ROTATE_SIGNER
    with session.plant() as plant:
        words = _words(session, plant.home, act, second)
        label = plant.keyroom.rotate(words, family.value, at_once=not prepare)
        keys = plain(plant.keyroom.inventory())
    answer(session, {"signer": label, "keys": keys}, Facts(facts={"signer": label}), _table(keys))


@app.command()
def revoke(
    context: typer.Context,
    signer: Annotated[str, typer.Argument(metavar="SIGNER", help="DS-… or LDS-…")],
    *,
    reason: Annotated[Reason, typer.Option(help="Why.")],
    second: SecondOption = None,
) -> None:
    """Revoke a document signer: it signs no more and stands on the CRL; two custodians."""
    from pipeline.people import Act

    session = session_of(context)
    with session.plant() as plant:
        words = _words(session, plant.home, Act.REVOKE_SIGNER, second)
        plant.keyroom.revoke_signer(words, signer, reason.value)
        keys = plain(plant.keyroom.inventory())
    answer(session, {"signer": signer, "keys": keys}, Facts(facts={"signer": signer}), _table(keys))


@app.command("export-trust")
def export_trust(
    context: typer.Context,
    *,
    out: Annotated[
        Path, typer.Option(metavar="DIR", file_okay=False, help="Folder for the certificates.")
    ],
) -> None:
    """Write what others need to trust this installation.

    csca.der, the link certificates, csca.crl and each signer's (ds-1.der, lds-1.der) for who reads
    our cards, void-list.csv with the signatures that were made and must not be met, site.der for
    who receives our files, envelope.der for who sends us files.
    """
    session = session_of(context)
    with session.plant() as plant:
        files = {**plant.token.trust_files(), "void-list.csv": plant.desk.void_list()}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (out / name).write_bytes(content)
    except OSError as failed:
        raise ConfigurationError("the certificates cannot be written") from failed
    written = [str(out / name) for name in files]
    answer(session, {"files": written}, Facts(facts={"files": written}))


# --- modules ------------------------------------------------------------------------------------


@sam.command("issue")
def sam_issue(
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
    components: ComponentsOption = None,
    second: SecondOption = None,
) -> None:
    """Load a module with read keys and the list of signers; two custodians with their components.

    In a simulated home the development token has the read master, and sim:SERIAL is made where it
    is not there yet.
    """
    from pipeline.people import Act

    session = session_of(context)
    with session.plant() as plant:
        words = _words(session, plant.home, Act.ISSUE_SAM, second)
        held = _held(components, _passphrases(words) if components else ("", ""))
        with plant.desk.slots.module(reader) as channel:
            line = plant.keyroom.issue_sam(
                words, channel, holder=holder, valid_until=valid_until.date(), components=held
            )
    _answer_sam(session, line)


@sam.command("list")
def sam_list(context: typer.Context) -> None:
    """The modules that were issued here."""
    session = session_of(context)
    with session.plant() as plant:
        lines = [asdict(line) for line in plant.keyroom.sams()]
    rows = [tuple(line[column] for column in _SAM_COLUMNS) for line in lines]
    answer(session, {"sams": lines}, Table(columns=_SAM_COLUMNS, rows=rows))


@sam.command("revoke")
def sam_revoke(
    context: typer.Context,
    serial: Annotated[str, typer.Argument(metavar="SERIAL", help="The module's serial, 16 hex.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, for the journal.")],
    second: SecondOption = None,
) -> None:
    """Open a module no more; two custodians."""
    from pipeline.people import Act

    session = session_of(context)
    with session.plant() as plant:
        words = _words(session, plant.home, Act.REVOKE_SAM, second)
        line = plant.keyroom.revoke_sam(words, CardSerial.parse(serial), reason)
    _answer_sam(session, line)


# --- what they share ----------------------------------------------------------------------------


def _words(session: Session, home: Home, act: Act, second: str | None) -> Words:
    """Both custodians, each proved: acts upon keys are done by people who stand together."""
    from pipeline.plant.keyroom import Words

    first = session.asks(home, act)
    return Words(first=first, second=session.seconds(home, act, second, but=first.principal))


def _passphrases(words: Words) -> tuple[str, str]:
    first, second = (
        secret(f"{actor.principal}: passphrase", variable)
        for actor, variable in zip((words.first, words.second), _PASSPHRASES, strict=True)
    )
    return first, second


def _held(files: list[Path] | None, phrases: tuple[str, str]) -> Components:
    """Component files in the order of the custodians who hold them."""
    if not files:
        return ()
    if len(files) != len(phrases):
        raise typer.BadParameter("one component of each of the two custodians, in their order")
    return list(zip(files, phrases, strict=True))


def _by_label(components: list[str] | None) -> dict[str, list[Path]]:
    """`LABEL=FILE`, once for each file, by label."""
    found: dict[str, list[Path]] = {}
    for each in components or ():
        label, equals, name = each.partition("=")
        if not equals or not Path(name).is_file():
            raise typer.BadParameter("--component: LABEL=FILE, and the file is there")
        found.setdefault(label, []).append(Path(name))
    return found


def _table(keys: list[dict[str, Any]]) -> Table:
    shown = [{**key, "in_token": key["inside"]} for key in keys]
    rows = [tuple(key[column] for column in _COLUMNS) for key in shown]
    return Table(columns=_COLUMNS, rows=rows)


def _answer_sam(session: Session, line: SamLine) -> None:
    document = asdict(line)
    answer(session, document, Facts(facts={name: document[name] for name in _SAM_COLUMNS}))
