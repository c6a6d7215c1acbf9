"""The published worked examples, by file and case."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "vectors"


@cache
def _cases(file: str) -> dict[str, dict[str, object]]:
    return {case["name"]: case for case in json.loads((FOLDER / file).read_text())["cases"]}


class Case:
    """One case; values by name, as bytes or as text."""

    def __init__(self, file: str, name: str) -> None:
        self._values = _cases(file)[name]

    def __getitem__(self, key: str) -> bytes:
        return bytes.fromhex(str(self._values[key]))

    def text(self, key: str) -> str:
        return str(self._values[key])

    def list(self, key: str) -> list[bytes]:
        values = self._values[key]
        assert isinstance(values, list)
        return [bytes.fromhex(value) for value in values]


def random_of(*values: bytes):  # noqa: ANN201 - a closure over what is asked for next
    """A source of chance that gives what an example prints, and insists on its lengths."""
    left = list(values)

    def give(count: int) -> bytes:
        value = left.pop(0)
        assert len(value) == count
        return value

    return give
