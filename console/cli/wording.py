"""The words of the command line in Indonesian and English, from one data file.

English for errors stands in the errors themselves; the file holds its Indonesian.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from ektp.errors import EktpError

__all__ = ["label", "meaning", "refusal", "remedy", "sentence"]


@cache
def _words() -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - help needs no words

    with Path(__file__).with_name("words.toml").open("rb") as file:
        return tomllib.load(file)


def label(lang: str, name: str) -> str:
    """A column or a field: its Indonesian word, or its own name in words."""
    if lang == "id":
        found = _words()["labels"].get(name)
        if found is not None:
            return str(found)
    return name.replace("_", " ")


def sentence(lang: str, name: str, /, **facts: Any) -> str:
    """A sentence of the file with its facts filled in."""
    indonesian, english = _words()["sentences"][name]
    return str(indonesian if lang == "id" else english).format(**facts)


def meaning(lang: str, error: EktpError) -> str:
    """What happened, in words."""
    return _of_error(lang, error, 0, error.meaning)


def remedy(lang: str, error: EktpError) -> str:
    """What to do next, in words."""
    return _of_error(lang, error, 1, error.remedy)


def _of_error(lang: str, error: EktpError, place: int, english: str) -> str:
    if lang == "id":
        found = _words()["errors"].get(error.code)
        if found is not None:
            return str(found[place])
    return english


def refusal(lang: str, code: str, english: str) -> str:
    """Why a record was refused, in words."""
    found = _words()["refusals"].get(code) if lang == "id" else None
    return english if found is None else str(found)
