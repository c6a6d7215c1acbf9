"""`ektp keys`: the ceremony, the signers, the modules, and what receivers must trust."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, unique
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli import sams
from console.cli.answers import Answer, Facts, Table, answer
from console.cli.custodians import SecondOption, both_words, held_of_each, new_passphrases
from console.cli.parts import OutFolder, noun, plain
from console.cli.session import Session, session_of
from console.cli.wording import label, sentence
from ektp.errors import ConfigurationError

if TYPE_CHECKING:
    from pipeline.plant.keyroom import CeremonyRecord, KeyRoom

app = noun("The token: its ceremony, its signers, its modules, what receivers must trust.")
app.add_typer(sams.app, name="sam")

# Two tables: on a terminal of 80 columns one could not be read.
_COLUMNS = ("label", "kind", "use", "in_token")
_SIGNER_COLUMNS = ("label", "state", "left", "begins", "ends")
_DAY = len("2026-12-31")


@unique
class Family(Enum):
    """What signs for which cards."""

    KTP_EL = "ktp-el"
    ICAO_LDS1 = "icao-lds1"
    CSCA = "csca"


_FAMILY_OF = {"DS": Family.KTP_EL, "LDS": Family.ICAO_LDS1, "CSCA": Family.CSCA}


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
        typer.Option(
            metavar="DIR", file_okay=False, help="For component files, the record and its paper."
        ),
    ],
    place: Annotated[str, typer.Option(help="Where the ceremony is held.")] = "PUSAT",
    second: SecondOption = None,
    witness: Annotated[
        list[str] | None, typer.Option(help="Who sees it done; once for each.")
    ] = None,
    component: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LABEL=FILE",
            help="A component of a master that exists (TRANSPORT-128, -256, -SAM, READ-1); once "
            "for each file, in any order.",
        ),
    ] = None,
) -> None:
    """Hold the ceremony: two custodians make all keys in an empty token, and a record says so.

    Each custodian takes one component of the read master away, sealed under a passphrase of their
    own (typed unseen twice, or EKTP_PASSPHRASE_1 and _2). The makers' transport masters come as
    components too, each under its own passphrase (typed, or EKTP_PASSPHRASE_TRANSPORT_128_1 and so
    on). A ceremony that was cut off is held again with the written components of READ-1.
    """
    from pipeline.documents.ceremonies import ceremony_paper
    from pipeline.people import Act
    from pipeline.plant.keyroom import Ceremony, record_name

    session = session_of(context)
    with session.plant() as plant:
        room = plant.keyroom
        room.require_new()
        given = _by_label(room, component or ())
        words = both_words(session, plant.home, Act.MAKE_KEYS, second)
        phrases = None if "READ-1" in given else new_passphrases(session, words.people)
        record = room.hold_ceremony(
            words,
            Ceremony(
                place=place,
                out=out.absolute(),
                passphrases=phrases,
                witnesses=tuple(witness or ()),
                given=held_of_each(session, given),
            ),
        )
        paper = ceremony_paper(plant, words.second, record, lang=session.lang).write(out)
        keys = plain(room.lines())
    document = _record_document(record) | {
        "keys": keys,
        "components": [
            {"file": str(out / each.file), "custodian": each.custodian, "kcv": each.check_value}
            for each in record.components
        ],
        "files": [str(out / record_name(record)), str(paper)],
    }
    shown = {name: document[name] for name in (*_RECORD, "files")}
    components = [tuple(one.values()) for one in document["components"]]
    answer(
        session,
        document,
        Facts(facts=shown),
        Table(title="components", columns=("file", "custodian", "kcv"), rows=components),
        *_shown_keys(session, keys),
        sentence(session.lang, "ceremony_held"),
    )


@app.command("record")
def record_(context: typer.Context, *, out: OutFolder = None) -> None:
    """The record of the ceremony, compared with the journal; --out draws its paper anew."""
    from pipeline.documents.ceremonies import ceremony_paper
    from pipeline.duties import Duty

    session = session_of(context)
    files: list[str] = []
    with session.plant() as plant:
        found = plant.keyroom.record()
        if out is not None:
            actor = session.actor(plant.home, Duty.SHOW_KEYS)
            paper = ceremony_paper(plant, actor, found, lang=session.lang)
            files = [str(paper.write(out))]
    document = _record_document(found) | {"files": files}
    answer(session, document, Facts(facts=document))


@app.command()
def status(context: typer.Context) -> None:
    """The inventory: each key's label, kind and use, when it signs, and what is left of its quota.

    A key that does not stay inside the token says where it goes. Signers that have used up 80 % of
    their quota or time are named, with what to do.
    """
    session = session_of(context)
    with session.plant() as plant:
        keys = plain(plant.keyroom.lines())
    answer(session, {"keys": keys}, *_shown_keys(session, keys))


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

    if prepare and family is Family.CSCA:
        raise typer.BadParameter("--prepare is for document signers; a new CSCA certifies at once")
    session = session_of(context)
    act = Act.ROTATE_CSCA if family is Family.CSCA else Act.ROTATE_SIGNER
    with session.plant() as plant:
        words = both_words(session, plant.home, act, second)
        made = plant.keyroom.rotate(words, family.value, at_once=not prepare)
        keys = plain(plant.keyroom.lines())
    _answer_signer(session, made, keys)


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
        words = both_words(session, plant.home, Act.REVOKE_SIGNER, second)
        plant.keyroom.revoke_signer(words, signer, reason.value)
        keys = plain(plant.keyroom.lines())
    _answer_signer(session, signer, keys, sentence(session.lang, "signer_revoked", signer=signer))


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
        plant.keyroom.renew_revocation_list()
        files = {**plant.token.trust_files(), "void-list.csv": plant.desk.void_list()}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (out / name).write_bytes(content)
    except OSError as failed:
        raise ConfigurationError("the certificates cannot be written") from failed
    written = [str(out / name) for name in files]
    answer(session, {"files": written}, Facts(facts={"files": written}))


# --- what they share ----------------------------------------------------------------------------

_RECORD = ("record", "held_at", "place", "custodians", "witnesses")


def _record_document(record: CeremonyRecord) -> dict[str, Any]:
    return {
        "record": record.digest.hex(),
        "held_at": record.held_at,
        "place": record.place,
        "custodians": list(record.custodians),
        "witnesses": list(record.witnesses),
    }


def _by_label(room: KeyRoom, components: Sequence[str]) -> dict[str, list[Path]]:
    """`LABEL=FILE`, once for each file, by label. Raises `ComponentRefused` for no such master."""
    found: dict[str, list[Path]] = {}
    for each in components:
        name, equals, file = each.partition("=")
        if not equals:
            raise typer.BadParameter("--component: LABEL=FILE, such as TRANSPORT-128=FILE")
        if not Path(file).is_file():
            raise typer.BadParameter(f"--component: there is no file {file}")
        room.require_label(name)
        found.setdefault(name, []).append(Path(file))
    return found


def _answer_signer(
    session: Session, signer: str, keys: list[dict[str, Any]], *shown: Answer
) -> None:
    document = {"signer": signer, "keys": keys}
    answer(session, document, Facts(facts={"signer": signer}), *_shown_keys(session, keys), *shown)


def _shown_keys(session: Session, keys: list[dict[str, Any]]) -> list[Answer]:
    """The inventory, the signers, and sentences about what tables cannot show."""
    cells = [_cells(session, key) for key in keys]
    shown: list[Answer] = [
        _table(_COLUMNS, cells),
        _table(_SIGNER_COLUMNS, [key for key in cells if key["state"]], title="signers"),
    ]
    if any("in software" in key["use"] for key in keys):
        shown.append(sentence(session.lang, "keys_in_software"))
    shown.append(sentence(session.lang, "keys_of_a_card"))
    for key in keys:
        if key["alarm"]:
            family = _FAMILY_OF[key["label"].partition("-")[0]]
            name = "csca_alarm" if family is Family.CSCA else "signer_alarm"
            shown.append(sentence(session.lang, name, signer=key["label"], family=family.value))
    return shown


def _table(columns: Sequence[str], cells: Sequence[dict[str, Any]], *, title: str = "") -> Table:
    rows = [tuple(key[column] for column in columns) for key in cells]
    return Table(columns=columns, rows=rows, title=title)


def _cells(session: Session, key: dict[str, Any]) -> dict[str, Any]:
    state = key["state"] and label(session.lang, key["state"])
    if key["alarm"]:
        state = f"{state}: {label(session.lang, 'rotate_soon')}"
    return {
        **key,
        # Where a key is kept has a column; the reason stands below the table.
        "use": label(session.lang, key["use"].partition(";")[0].partition(":")[0]),
        "label": label(session.lang, key["label"]),
        "state": state,
        "begins": key["begins"] and key["begins"][:_DAY],
        "ends": key["ends"] and key["ends"][:_DAY],
        "in_token": key["inside"],
    }
