"""Where errors become words and exit codes: the one table, and the last resort.

Each failure says on standard error what happened, its code, and what to do next. No traceback is
shown; that of something unexpected goes to the home's logs, with places and without values.
"""
# ruff: noqa: PLC0415 - what only a failure needs is loaded by a failure

from __future__ import annotations

import sys
from typing import Final

import typer

from console.cli.answers import ExitCode, print_json
from console.cli.session import Session
from console.cli.wording import meaning, remedy, sentence
from ektp import errors

__all__ = ["EXIT_CODES", "exit_code", "failed", "interrupted", "misused", "unexpected"]

EXIT_CODES: Final[dict[type[errors.EktpError], ExitCode]] = {
    errors.EktpError: ExitCode.USAGE,
    errors.Unexpected: ExitCode.UNEXPECTED,
    errors.ConfigurationError: ExitCode.USAGE,
    errors.RecordError: ExitCode.REFUSED,
    errors.PreparationError: ExitCode.REFUSED,
    errors.ChipError: ExitCode.MACHINE,
    errors.PrinterError: ExitCode.MACHINE,
    errors.CardUncertain: ExitCode.DECISION,
    errors.HsmError: ExitCode.KEYS,
    errors.StockError: ExitCode.REFUSED,
    errors.BlankUnknown: ExitCode.COUNTS,
    errors.CountMismatch: ExitCode.COUNTS,
    errors.LifecycleError: ExitCode.USAGE,
    errors.SecondLiveCard: ExitCode.DECISION,
    errors.DecisionOpen: ExitCode.DECISION,
    errors.JournalError: ExitCode.COUNTS,
    errors.StoreError: ExitCode.USAGE,
}
"""The exit code of an error: that of its nearest ancestor in this table."""

_SETTINGS: Final = "ektp.toml"


def exit_code(error: errors.EktpError) -> ExitCode:
    """The exit code of an error."""
    return next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)


def failed(session: Session, error: errors.EktpError) -> int:
    """Say what the house knows how to name; the exit code."""
    code = getattr(error, "refusal_code", error.code)
    happened = meaning(session.lang, error)
    if error.detail:
        happened += f": {error.detail}"
    if error.facts:
        happened += " (" + ", ".join(f"{k}={v}" for k, v in error.facts.items()) + ")"
    return _tell(session, code, happened, _to_do(session, error), exit_code(error))


def _to_do(session: Session, error: errors.EktpError) -> str:
    """What to do next: where a line stopped for a reason that has a name, its remedy first."""
    steps = [remedy(session.lang, error)]
    if isinstance(error, errors.LineStopped) and isinstance(error.__cause__, errors.EktpError):
        steps.insert(0, remedy(session.lang, error.__cause__))
    return "; ".join(steps)


def misused(session: Session, error: typer.TyperException) -> int:
    """Say what is wrong with the command line; the exit code."""
    return _tell(
        session,
        "CLI-002",
        error.format_message(),
        sentence(session.lang, "see_help"),
        ExitCode.USAGE,
    )


def interrupted(session: Session) -> int:
    """Say that a person broke off; the exit code that shells use for it."""
    sys.stderr.write(sentence(session.lang, "interrupted") + "\n")
    return 130


def unexpected(session: Session, error: BaseException) -> int:
    """Say that something has no name yet, under an id that the log repeats; the exit code."""
    from pipeline.mishaps import new_mishap_id, note_mishap

    error_id = new_mishap_id()
    happened = sentence(session.lang, "unexpected", error_id=error_id, kind=type(error).__name__)
    is_home = (session.folder / _SETTINGS).is_file()
    log = note_mishap(session.folder, error_id, error) if is_home else None
    name = "unexpected_logged" if log is not None else "unexpected_unlogged"
    return _tell(
        session, error_id, happened, sentence(session.lang, name, file=log), ExitCode.UNEXPECTED
    )


def _tell(session: Session, code: str, happened: str, to_do: str, exits: ExitCode) -> int:
    next_step = sentence(session.lang, "next_step")
    sys.stderr.write(f"{code}  {happened}\n{next_step}: {to_do}\n")
    if session.as_json:
        print_json(
            {"error": {"code": code, "meaning": happened, "remedy": to_do, "exit": int(exits)}}
        )
    return int(exits)
