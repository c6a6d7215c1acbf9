"""What a campaign leaves behind: a JSON file under `docs/evidence/`, and its result."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["EVIDENCE", "write_evidence"]

_REPOSITORY = Path(__file__).resolve().parents[2]
EVIDENCE = _REPOSITORY / "docs" / "evidence"


def write_evidence(name: str, facts: Mapping[str, Any], folder: Path = EVIDENCE) -> Path:
    """Write `NAME.json`: the facts, and which code on which Python gave them."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    document = {
        "campaign": name,
        **facts,
        "commit": _commit(),
        "python": platform.python_version(),
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    file.write_text(json.dumps(document, indent=2) + "\n")
    return file


def _commit() -> str:
    try:
        found = subprocess.run(
            ["git", "-C", str(_REPOSITORY), "rev-parse", "HEAD"],  # noqa: S607 - the developer's own git
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()
