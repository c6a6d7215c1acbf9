"""What nobody foresaw: noted in the home's log without a value of any variable, named by an id."""

from __future__ import annotations

import secrets
import traceback
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["note_mishap"]


def note_mishap(home: Path, error: BaseException) -> str:
    """Write where and of which kind it was; never the message, which may quote a person's data."""
    error_id = secrets.token_hex(4)
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {error_id} {type(error).__name__}"]
    lines += [f"  {Path(f.filename).name}:{f.lineno} {f.name}" for f in frames]
    folder = home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "mishaps.log").open("a") as log:
        log.write("\n".join(lines) + "\n")
    return error_id
