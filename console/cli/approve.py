"""`ektp approve`: the second word in a two-person act."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import Facts, Table, answer
from console.cli.parts import noun
from console.cli.session import Session, session_of
from console.cli.wording import sentence
from ektp.cards import BlankKind
from ektp.ids import CardSerial, RequestId

if TYPE_CHECKING:
    from pipeline.people import Request

app = noun("Give the second word in a two-person act.")


@app.command()
def approve(
    context: typer.Context,
    request: Annotated[str | None, typer.Argument(metavar="[REQUEST]", help="R-…")] = None,
    *,
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse it: nothing happens.")] = False,
) -> None:
    """Approve what another person asked for; it is carried out at once. Without an id: what waits.

    `ektp --as OTHER approve R-…`. Nobody approves their own request, whatever their roles.
    """
    from pipeline.governed import carry_out
    from pipeline.people import Act, decide_request

    session = session_of(context)
    if request is None:
        _list_open(session)
        return
    with session.home() as home:
        wanted = RequestId.parse(request)
        actor = session.approves(home, wanted)
        decided = decide_request(home.store, actor, wanted, carry_out, approve=not refuse)
        simulated = home.kind == "simulated"
    loaded = 0
    if simulated and not refuse and decided.act is Act.ISSUE_BLANKS:
        loaded = _load(session, decided)
    document = _document(decided) | {
        "state": "REFUSED" if refuse else "APPROVED",
        "decided_by": actor.principal,
        "loaded": loaded,
    }
    answer(session, document, Facts(facts=document))


def _load(session: Session, issued: Request) -> int:
    """In a simulated home somebody carries the issued blanks to the machine."""
    cards = [CardSerial(card) for card in issued.arguments["cards"]]
    with session.plant() as plant:
        plant.world.load_blanks(
            plant.line_settings(issued.arguments["line"]),
            BlankKind(issued.arguments["kind"]),
            cards,
        )
    return len(cards)


def _document(request: Request) -> dict[str, Any]:
    from pipeline.trail import shortened

    return {
        "request": str(request.request),
        "act": request.act.value,
        "state": request.state,
        "requested_by": request.requested_by,
        "arguments": shortened(request.arguments),
    }


def _list_open(session: Session) -> None:
    from pipeline.people import list_requests

    with session.home() as home, home.store.read() as connection:
        waiting = [_document(each) for each in list_requests(connection)]
    columns = ("request", "act", "requested_by", "arguments")
    rows = [tuple(each[column] for column in columns) for each in waiting]
    if waiting:
        answer(session, {"requests": waiting}, Table(columns=columns, rows=rows))
    else:
        answer(session, {"requests": []}, sentence(session.lang, "nothing_waits"))
