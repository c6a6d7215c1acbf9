"""What nobody foresaw: noted in the home's logs without a value of any variable, named by an id."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

__all__ = ["new_mishap_id", "note_mishap"]

_LOGS: Final = "logs"


def new_mishap_id() -> str:
    """The name under which a mishap is told and noted."""
    return "E-" + os.urandom(4).hex().upper()


def note_mishap(home: Path, error_id: str, error: BaseException) -> str | None:
    """Write where it happened: files, lines and functions; never a value or a message.

    Gives the file's path within the home, or None where it could not be written.
    """
    file = home / _LOGS / f"{error_id}.txt"
    places = traceback.extract_tb(error.__traceback__)
    lines = [
        f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {error_id}",
        *(f"{Path(place.filename).name}:{place.lineno} {place.name}" for place in places),
        f"{type(error).__module__}.{type(error).__qualname__}",
    ]
    try:
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n".join(lines) + "\n")
    except OSError:
        return None
    return f"{_LOGS}/{file.name}"
