# ruff: noqa: INP001 - a tool of the docs, no package
"""Writes `docs/errors.md` from the tree of errors: `python docs/make_errors.py`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

from ektp import errors
from ektp.errors import EktpError, RecordRejected
from pipeline.intake.refusals import Refusal

__all__ = ["PAGE", "errors_page", "kinds"]

PAGE = Path(__file__).with_name("errors.md")

_HEAD = """\
# Errors

Every failure says its code, what happened and what to do next. The codes are stable; the texts may
improve. No text ever holds a person's name, number or picture, a key, or the content of a file.

This page is written by `docs/make_errors.py`; a test compares it with the code.
"""

_DEEDS = {
    "retry": "tried again",
    "refill": "the line waits for its operator",
    "rework": "made again",
    "spoil": "the card is rejected, the job is made again",
    "hold": "people decide",
    "stop_line": "the line stops",
    "refuse": "refused, nothing changed",
}


def kinds() -> Iterator[type[EktpError]]:
    """All errors of the house in the order of their codes; refused records have codes apart."""
    found = [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, EktpError) and kind not in (EktpError, RecordRejected)
    ]
    yield from sorted(found, key=lambda kind: kind.code)


def errors_page() -> str:
    """The page."""
    lines = [_HEAD, "| code | name | what happened | what to do | disposition |"]
    lines.append("|---|---|---|---|---|")
    lines += [
        f"| {kind.code} | `{kind.__name__}` | {kind.meaning} | {kind.remedy}"
        f" | {_DEEDS[kind.disposition.value]} |"
        for kind in kinds()
    ]
    lines += [
        "",
        "## Refused records",
        "",
        f"One line of a file is refused for itself; the others stand. {RecordRejected.remedy}.",
        "",
        "| code | why |",
        "|---|---|",
    ]
    lines += [f"| {refusal.code} | {refusal.meaning} |" for refusal in Refusal]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(errors_page())
