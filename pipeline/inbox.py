"""The inbox: files that wait to be taken in, named by an opaque id.

Flows carry the id; the path stays in the home.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ektp.errors import NotFound

__all__ = ["Waiting", "find_waiting", "lay_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A file to be taken in, and certificates to trust for it (simulated homes only)."""

    file: Path
    trust: tuple[Path, ...]


def lay_in(folder: Path, file: Path, trust: Sequence[Path] = ()) -> str:
    """Note a file for intake; the id that a flow gets."""
    folder.mkdir(exist_ok=True)
    identifier = secrets.token_hex(8)
    note = {
        "file": str(file.absolute()),
        "trust": [str(path.absolute()) for path in trust],
    }
    (folder / f"{identifier}.json").write_text(json.dumps(note))
    return identifier


def find_waiting(folder: Path, identifier: str) -> Waiting:
    """The file of an id. Raises `NotFound`."""
    note = folder / f"{identifier}.json"
    if not identifier.isalnum() or not note.is_file():
        raise NotFound("no such file waits", inbox=identifier)
    found = json.loads(note.read_text())
    return Waiting(file=Path(found["file"]), trust=tuple(Path(path) for path in found["trust"]))
