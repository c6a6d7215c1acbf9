"""`ektp card`: one card's history, its independent check, and its governed exits."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from console.cli.answers import Answer, ExitCode, Facts, Table, answer
from console.cli.drawing import draw
from console.cli.parts import OutFolder, ask, noun
from console.cli.session import Session, session_of
from ektp.cards import SpoilCause, Verdict
from ektp.errors import IdInvalid, LifecycleError, NotFound
from ektp.ids import AttemptId, CardSerial, JobId

if TYPE_CHECKING:
    from pipeline.people import Act
    from pipeline.trail import Trail

app = noun("One card: its history, its check at a reader, its governed exits.")

CardArgument = Annotated[
    str, typer.Argument(metavar="CARD", help="Chip serial in hex, or the attempt A-… without one.")
]
_CODE_OF: Final = {
    Verdict.PASS: ExitCode.DONE,
    Verdict.FAIL: ExitCode.DECISION,
    Verdict.HOLD: ExitCode.DECISION,
}


@app.command()
def show(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="ID", help="Chip serial, job, attempt or request id.")
    ],
) -> None:
    """Everything that the journal holds about a card, a job, an attempt or a request."""
    from pipeline.trail import trail_of

    session = session_of(context)
    with session.home() as home, home.store.read() as connection:
        trail = trail_of(connection, _tidied(name))
    document = {
        "id": trail.name,
        "kind": trail.kind,
        "card": trail.card,
        "job": trail.job,
        "request": trail.request,
        "attempts": list(trail.attempts),
        "history": [asdict(entry) for entry in trail.history],
    }
    answer(session, document, *_shown(trail))


def _tidied(name: str) -> str:
    """An id as the store has it; the sender's own request ids stay as they are typed."""
    for kind in (CardSerial, JobId, AttemptId):
        try:
            return kind.parse(name)
        except IdInvalid:
            continue
    return name.strip()


def _shown(trail: Trail) -> list[Answer]:
    shown: list[Answer] = [
        Facts(facts=part) for part in (trail.card, trail.job, trail.request) if part is not None
    ]
    columns = ("attempt", "number", "line", "card", "step", "outcome", "cause")
    if trail.attempts:
        rows = [tuple(attempt[column] for column in columns) for attempt in trail.attempts]
        shown.append(Table(title="attempts", columns=columns, rows=rows))
    history = [
        (entry.seq, entry.at, entry.event, f"{entry.principal}/{entry.role}", _told(entry.data))
        for entry in trail.history
    ]
    shown.append(
        Table(title="history", columns=("seq", "at", "event", "who", "data"), rows=history)
    )
    return shown


def _told(data: Any) -> dict[str, Any]:
    skipped = ("counters", "evidence")
    return {k: v for k, v in data.items() if v not in (None, "", [], {}) and k not in skipped}


@app.command()
def verify(
    context: typer.Context,
    *,
    reader: Annotated[
        str,
        typer.Option(help="PC/SC reader by name; sim:SERIAL taps a card of the simulated world."),
    ],
    sam: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Reader with a SAM; sim:SERIAL is one of the world."),
    ] = None,
) -> None:
    """Read the card at a reader as a stranger does, and check it against what was bound to it.

    A card that was not made here is judged by its signature alone. Exit code 3 where it does not
    pass: people decide what becomes of it.
    """
    from pipeline.duties import Duty

    session = session_of(context)
    with session.plant() as plant:
        actor = session.actor(plant.home, Duty.VERIFY_CARD)
        seen = plant.desk.verify(reader, actor, sam=sam)
    verdict = seen.verdict
    checks = [
        {"name": check.name, "outcome": check.outcome.value, "evidence": check.evidence}
        for check in verdict.checks
    ]
    document = {
        "verdict": verdict.verdict.value,
        "card": verdict.card,
        "profile": seen.profile,
        "made_here": seen.made_here,
        "checks": checks,
    }
    columns = ("name", "outcome", "evidence")
    rows = [tuple(check[column] for column in columns) for check in checks]
    answer(
        session,
        document,
        Facts(facts={name: document[name] for name in ("card", "profile", "made_here", "verdict")}),
        Table(columns=columns, rows=rows),
        code=_CODE_OF[verdict.verdict],
    )


# --- acts of two people -------------------------------------------------------------------------


@app.command()
def remake(
    context: typer.Context,
    job: Annotated[str, typer.Argument(metavar="JOB", help="J-…")],
    *,
    reason: Annotated[str, typer.Option(help="Why, for the journal.")],
) -> None:
    """Ask to make a job again; its card, where it has one, is spoiled. A second person approves."""
    from pipeline.people import Act
    from pipeline.queries import must_be_job

    session = session_of(context)
    name = JobId.parse(job)
    with session.home() as home:
        with home.store.read() as connection:
            must_be_job(connection, name)
        ask(session, home, Act.REMAKE_JOB, {"job": name, "reason": reason})


@app.command()
def spoil(
    context: typer.Context,
    card: CardArgument,
    *,
    cause: Annotated[SpoilCause, typer.Option(help="Why it is no good card.")],
) -> None:
    """Ask to spoil a card; its job is made again. A second person approves."""
    from pipeline.people import Act

    _ask_about(session_of(context), Act.SPOIL_CARD, card, {"cause": cause.value})


@app.command()
def release(context: typer.Context, card: CardArgument) -> None:
    """Ask to let a card pass that is held or in doubt. A second person approves."""
    from pipeline.people import Act

    _ask_about(session_of(context), Act.RELEASE_CARD, card, {})


@app.command()
def lose(context: typer.Context, card: CardArgument) -> None:
    """Ask to book a card as lost, with a case; its job is made again. A second person approves."""
    from pipeline.people import Act

    _ask_about(session_of(context), Act.LOSE_CARD, card, {})


def _ask_about(session: Session, act: Act, card: str, arguments: dict[str, Any]) -> None:
    from pipeline.trail import trail_of

    is_attempt = card.strip().upper().startswith(AttemptId.prefix + "-")
    name = AttemptId.parse(card) if is_attempt else CardSerial.parse(card)
    with session.home() as home:
        with home.store.read() as connection:
            # Unknown things are refused at the first word, not at the second.
            trail_of(connection, name)
        ask(session, home, act, {"card": name, **arguments})


@app.command()
def destroy(
    context: typer.Context,
    *,
    listed: Annotated[
        Path,
        typer.Option(
            "--list", exists=True, dir_okay=False, metavar="FILE.csv", help="A column `serial`."
        ),
    ],
    witness: Annotated[list[str], typer.Option(help="Who sees it done; at least two.")],
    place: Annotated[str, typer.Option(help="Where.")] = "PUSAT",
    method: Annotated[str, typer.Option(help="burnt, or cut_and_burnt.")] = "cut_and_burnt",
    document: Annotated[
        str | None, typer.Option(help="Number of the berita acara; else one is given.")
    ] = None,
) -> None:
    """Ask to book spoiled cards as destroyed before witnesses. A second person approves.

    The berita acara pemusnahan is printed once the request is approved.
    """
    from pipeline.papers import DestructionMethod
    from pipeline.people import Act
    from pipeline.queries import must_be_card
    from pipeline.stock import read_manifest

    session = session_of(context)
    if len(set(witness)) < 2:
        raise typer.BadParameter("--witness: at least two different people")
    if method not in list(DestructionMethod):
        raise typer.BadParameter("--method: " + ", ".join(DestructionMethod))
    with session.home() as home:
        cards = read_manifest(listed)
        if not cards:
            raise NotFound("the list names no card")
        with home.store.read() as connection:
            states = {card: must_be_card(connection, card) for card in cards}
        wrong = [card for card in cards if states[card] not in _DESTROYABLE]
        if wrong:
            raise LifecycleError(
                "only spoiled, sampled or collected cards are destroyed",
                card=wrong[0],
                state=states[wrong[0]],
            )
        number = document or f"BAP-{home.clock.now():%Y%m%d-%H%M%S}"
        arguments = {"document": number, "cards": [str(card) for card in cards], "place": place}
        ask(
            session,
            home,
            Act.DESTROY_CARDS,
            {**arguments, "method": method, "witnesses": witness},
        )


@app.command()
def destroyed(
    context: typer.Context,
    document: Annotated[str, typer.Argument(help="Number of the berita acara.")],
    *,
    out: OutFolder = None,
) -> None:
    """A destruction that was approved; with --out its berita acara pemusnahan is drawn."""
    from pipeline.documents import destruction_record
    from pipeline.queries import destruction

    session = session_of(context)
    with session.home() as home, home.store.read() as connection:
        found = destruction(connection, document)
    files = draw(
        session,
        out,
        lambda plant, actor: [destruction_record(plant, actor, document, lang=session.lang)],
    )
    facts = {
        "document": found.document,
        "cards": found.cards,
        "place": found.place,
        "witnesses": list(found.witnesses),
        "at": found.at,
        "files": files,
    }
    answer(session, facts, Facts(facts=facts))


_DESTROYABLE: Final = ("SPOILED", "SAMPLE", "COLLECTED_BACK")
