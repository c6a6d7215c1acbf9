"""`ektp batch`: print batches from the choice of jobs to the closed books."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import Answer, ExitCode, Facts, Table, answer, note, progress
from console.cli.drawing import Draws, draw
from console.cli.parts import OutFolder, ask, noun, plain
from console.cli.session import Session, session_of
from console.cli.wording import sentence
from ektp.errors import DecisionOpen, LifecycleError, LineStopped, NotFound
from ektp.ids import BatchId

if TYPE_CHECKING:
    from ektp.journal import Actor
    from pipeline.batches import BatchSummary
    from pipeline.documents import Document
    from pipeline.home import Home
    from pipeline.plant import Plant
    from pipeline.queries import JobLine
    from pipeline.steps import Caller

app = noun("Print batches: open, run, recover, close.")

BatchArgument = Annotated[str, typer.Argument(metavar="BATCH", help="B-…")]
LineOption = Annotated[str | None, typer.Option("--line", help="Which line; else the first.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the journal.")]

_FINAL = ("CLOSED", "CANCELLED")


@app.command("open")
def open_(
    context: typer.Context,
    *,
    office: Annotated[
        str | None, typer.Option(metavar="PP.RR.DD", help="Only this kecamatan's jobs.")
    ] = None,
    most: Annotated[int | None, typer.Option("--max", min=1, help="At most so many jobs.")] = None,
    out: OutFolder = None,
) -> None:
    """Choose accepted jobs, oldest approval first within a priority, and prepare them.

    With --out the proof sheet is written there: look at it before a blank is used. A job that
    cannot be prepared is held with its code, and the exit code is 7.
    """
    from pipeline.batches import batch_summary
    from pipeline.duties import Duty
    from pipeline.steps import Caller, open_one_batch

    session = session_of(context)
    with session.plant() as plant:
        actor = session.actor(plant.home, Duty.MAKE_BATCH)
        caller = Caller.of(session.folder, actor)
        batch, jobs = open_one_batch(caller, office=office, most=most)
        refused = _prepare(session, caller, batch, jobs)
        with plant.home.store.read() as connection:
            decisions = batch_summary(connection, batch).decisions
    files = draw(session, out if refused < jobs else None, _proofs(session, batch))
    document = {
        "batch": batch,
        "jobs": jobs,
        "refused": refused,
        "refusals": [{"job": each.job, "code": each.why} for each in decisions],
        "files": files,
    }
    shown = Facts(facts={name: document[name] for name in ("batch", "jobs", "refused", "files")})
    answer(session, document, shown, code=ExitCode.REFUSED if refused else ExitCode.DONE)


def _proofs(session: Session, batch: str) -> Draws:
    def draws(plant: Plant, actor: Actor) -> list[Document]:
        from pipeline.documents import proof_sheet

        return [proof_sheet(plant, actor, batch, lang=session.lang)]

    return draws


def _prepare(session: Session, caller: Caller, batch: str, jobs: int) -> int:
    """Prepare what waits in a batch; how many jobs were held."""
    from pipeline.steps import prepare_batch

    with progress(session, "prepared", jobs) as advance:
        return prepare_batch(caller, batch, on_chunk=advance).held


@app.command()
def run(context: typer.Context, batch: BatchArgument, *, line: LineOption = None) -> None:
    """Make the batch's cards on a line, until none is left.

    SIGINT or SIGTERM: the card in hand is finished, then the line stops cleanly; the same command
    goes on. Exit code 3 where cards are held or in doubt: people must decide on them.
    """
    from pipeline.batches import batch_summary
    from pipeline.duties import Duty
    from pipeline.steps import Caller, produce

    session = session_of(context)
    name = BatchId.parse(batch)
    with session.plant() as plant:
        actor = session.actor(plant.home, Duty.RUN_LINE)
        chosen = _ready_line(plant.home, name, line)
        caller = Caller.of(session.folder, actor)
        with plant.home.store.read() as connection:
            jobs = batch_summary(connection, name).jobs
    if jobs.get("BATCHED"):
        # A stop in the middle of preparation left some.
        _prepare(session, caller, name, jobs["BATCHED"])
    with progress(session, "cards", jobs.get("PREPARED", 0) + jobs.get("BATCHED", 0)) as advance:
        report = produce(
            caller, name, chosen, on_card=lambda outcome: advance(int(outcome == "passed"))
        )
    if report.ended != "done":
        note(session, sentence(session.lang, "line_ended", line=chosen, why=report.ended))
    extra = {"line": chosen, "ended": report.ended, "made": report.cards}
    _answer_batch(session, name, extra, decide=True)


def _ready_line(home: Home, batch: str, line: str | None) -> str:
    """The line that may work on the batch now.

    Raises `NotFound`, `LifecycleError`, `DecisionOpen` for a batch that is held or a card that a
    stop left open, `LineStopped` where the line was told to wait.
    """
    from pipeline.lines import Wanted, line_order, list_lines
    from pipeline.queries import must_be_batch
    from pipeline.store.leases import lease_is_held

    lines = [each.id for each in home.settings.lines]
    if not lines or line not in (None, *lines):
        raise NotFound("no such line; see: ektp lines list", line=line or "-")
    chosen = line or lines[0]
    with home.store.read() as connection:
        state = must_be_batch(connection, batch)
        wanted = line_order(connection, chosen)
        open_card = next(view.attempt for view in list_lines(connection) if view.line == chosen)
        at_work = lease_is_held(connection, chosen, home.clock.now())
    if open_card is not None and not at_work:
        raise DecisionOpen("a stop left a card open; ektp batch recover", attempt=open_card)
    if state in _FINAL:
        raise LifecycleError("the batch has ended", batch=batch, state=state)
    if state == "HELD":
        raise DecisionOpen("the batch is held; ektp batch release", batch=batch)
    if wanted is not Wanted.RUN:
        raise LineStopped("it was told to wait", line=chosen, wanted=wanted.value)
    return chosen


@app.command()
def recover(context: typer.Context, batch: BatchArgument, *, line: LineOption = None) -> None:
    """Resolve what a crash left: prove what can be proved, spoil what was cut, ask about the rest.

    This is the operator's word that plastic may move again; it is journalled as such.
    """
    from pipeline.duties import Duty
    from pipeline.queries import must_be_batch
    from pipeline.steps import Caller, recover_line

    session = session_of(context)
    name = BatchId.parse(batch)
    with session.plant() as plant:
        actor = session.actor(plant.home, Duty.RUN_LINE)
        with plant.home.store.read() as connection:
            must_be_batch(connection, name)
        lines = [each.id for each in plant.home.settings.lines]
    if line not in (None, *lines):
        raise NotFound("no such line; see: ektp lines list", line=line or "-")
    recovered: dict[str, str] = {}
    for each in lines if line is None else [line]:
        recovered |= recover_line(Caller.of(session.folder, actor), each, "batch recover")
    rows = [{"attempt": attempt, "outcome": outcome} for attempt, outcome in recovered.items()]
    _answer_batch(session, name, {"recovered": rows}, decide=True)


@app.command()
def status(
    context: typer.Context,
    batch: Annotated[str | None, typer.Argument(metavar="[BATCH]", help="B-…")] = None,
) -> None:
    """Where a batch stands: cards, jobs, open decisions. Without an id: the newest one, and all."""
    from pipeline.batches import batch_count
    from pipeline.queries import batches

    session = session_of(context)
    with session.home() as home, home.store.read() as connection:
        listed = plain(batches(connection)) if batch is None else []
        empty = asdict(batch_count(connection, ""))
    if batch is not None:
        _answer_batch(session, BatchId.parse(batch), {})
    elif listed:
        table = Table(
            title="batches",
            columns=("batch", "state", "office", "size", "opened_at"),
            rows=[
                (each["batch"], each["state"], each["office"], each["size"], each["opened_at"])
                for each in listed
            ],
        )
        _answer_batch(session, BatchId(listed[0]["batch"]), {"batches": listed}, shown=[table])
    else:
        nothing: dict[str, Any] = {"batch": None, "state": None, "cards": empty | {"difference": 0}}
        nothing |= {"jobs": [], "open_decisions": [], "batches": []}
        answer(session, nothing, sentence(session.lang, "no_batch"))


@app.command()
def hold(
    context: typer.Context, batch: BatchArgument, *, reason: ReasonOption = "on request"
) -> None:
    """Hold a batch: a line that works on it stops after the card in hand."""
    from pipeline.lines import Wanted, list_lines, order_line

    session = session_of(context)
    name = BatchId.parse(batch)
    with session.home() as home:
        actor = _move(session, home, name, "HELD", reason)
        with home.store.read() as connection:
            at_work = [each.line for each in list_lines(connection) if each.batch == name]
        for line in at_work:
            order_line(home.store, actor, line, Wanted.HOLD)
    _answer_batch(session, name, {"lines": at_work})


@app.command()
def release(
    context: typer.Context, batch: BatchArgument, *, reason: ReasonOption = "on request"
) -> None:
    """Release a held batch: it may be run again."""
    from pipeline.lines import Wanted, list_lines, order_line

    session = session_of(context)
    name = BatchId.parse(batch)
    with session.home() as home:
        actor = _move(session, home, name, "OPEN", reason)
        with home.store.read() as connection:
            told = [each.line for each in list_lines(connection) if each.wanted == Wanted.HOLD]
        for line in told:
            order_line(home.store, actor, line, Wanted.RUN)
    _answer_batch(session, name, {"lines": told})


def _move(session: Session, home: Home, batch: str, state: str, reason: str) -> Actor:
    from pipeline.batches import set_state
    from pipeline.duties import Duty
    from pipeline.queries import must_be_batch

    actor = session.actor(home, Duty.HOLD_BATCH)
    with home.store.read() as connection:
        before = must_be_batch(connection, batch)
    if before in _FINAL or (before == "HELD") is (state == "HELD"):
        raise LifecycleError("not in its present state", batch=batch, state=before)
    set_state(home.store, actor, batch, state, reason)
    return actor


@app.command()
def cancel(
    context: typer.Context,
    batch: BatchArgument,
    *,
    reason: Annotated[str, typer.Option(help="Why, for the journal.")],
) -> None:
    """Ask to cancel the jobs of a batch that have no card yet. A second person approves."""
    from pipeline.people import Act
    from pipeline.queries import must_be_batch

    session = session_of(context)
    name = BatchId.parse(batch)
    with session.home() as home:
        with home.store.read() as connection:
            state = must_be_batch(connection, name)
        if state in _FINAL:
            raise LifecycleError("the batch has ended", batch=name, state=state)
        ask(session, home, Act.CANCEL_BATCH, {"batch": name, "reason": reason})


@app.command()
def close(context: typer.Context, batch: BatchArgument) -> None:
    """Close a batch whose every card is explained, and write its outcome file into the outbox.

    Exit code 3 while a card is held, in doubt or on a machine, or a job is unfinished. Closing
    again writes the outcome file anew: it tells how far the cards have come since.
    """
    from pipeline.batches import close_batch
    from pipeline.duties import Duty
    from pipeline.outcomes import write_outcomes
    from pipeline.queries import must_be_batch

    session = session_of(context)
    name = BatchId.parse(batch)
    with session.plant() as plant:
        actor = session.actor(plant.home, Duty.MAKE_BATCH)
        with plant.home.store.read() as connection:
            state = must_be_batch(connection, name)
        if state not in _FINAL:
            close_batch(plant.home.store, actor, name)
        outcomes = write_outcomes(plant.home, plant.keys, name)
    _answer_batch(session, name, {"outcomes": str(outcomes)}, decide=True)


@app.command()
def report(context: typer.Context, batch: BatchArgument, *, out: OutFolder = None) -> None:
    """Where a batch stands; with --out its spoilage report and its reconciliation sheet."""
    from pipeline.documents import reconciliation_sheet, spoilage_report
    from pipeline.queries import must_be_batch

    session = session_of(context)
    name = BatchId.parse(batch)
    with session.home() as home, home.store.read() as connection:
        must_be_batch(connection, name)
    files = draw(
        session,
        out,
        lambda plant, actor: [
            spoilage_report(plant, actor, name, lang=session.lang),
            reconciliation_sheet(plant, actor, name, lang=session.lang),
        ],
    )
    _answer_batch(session, name, {"files": files})


# --- the one answer of all of them --------------------------------------------------------------


def _answer_batch(
    session: Session,
    batch: str,
    extra: dict[str, Any],
    *,
    decide: bool = False,
    shown: list[Answer] | None = None,
) -> None:
    from pipeline.batches import batch_summary
    from pipeline.queries import batch_jobs

    with session.home() as home, home.store.read() as connection:
        summary = batch_summary(connection, batch)
        jobs = batch_jobs(connection, batch)
    document = _document(summary, jobs) | extra
    open_cards = summary.count.held + summary.count.in_doubt
    code = ExitCode.DECISION if decide and open_cards else ExitCode.DONE
    if code is ExitCode.DECISION:
        note(session, sentence(session.lang, "decide", cards=open_cards))
    answer(session, document, *(shown or []), *_shown(summary, extra), code=code)


def _document(summary: BatchSummary, jobs: list[JobLine]) -> dict[str, Any]:
    return {
        "batch": summary.batch,
        "state": summary.state,
        "cards": asdict(summary.count) | {"difference": summary.count.difference},
        "jobs": [{"job": each.job, "state": each.state, "card": each.card} for each in jobs],
        "jobs_by_state": summary.jobs,
        "remade": summary.remade,
        "open_decisions": plain(summary.decisions),
    }


def _shown(summary: BatchSummary, extra: dict[str, Any]) -> list[Answer]:
    told = {name: value for name, value in extra.items() if isinstance(value, (str, int))}
    shown: list[Answer] = [
        Facts(facts={"batch": summary.batch, "state": summary.state, **told}),
        Facts(facts={**asdict(summary.count), "difference": summary.count.difference}),
        Facts(facts={"jobs": summary.jobs, "remade": summary.remade}),
    ]
    if summary.decisions:
        rows = [(each.job, each.card, each.attempt, each.why) for each in summary.decisions]
        columns = ("job", "card", "attempt", "why")
        shown.append(Table(title="open_decisions", columns=columns, rows=rows))
    return shown
