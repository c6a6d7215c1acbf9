"""Files for the sender: written whole into the outbox, each with the site's detached signature."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ektp.errors import ConfigurationError
from ektp.ports import KeyService

__all__ = ["write_signed"]


def write_signed(outbox: Path, name: str, document: Mapping[str, Any], keys: KeyService) -> Path:
    """Write `NAME.json` and `NAME.json.p7s` (detached CMS, DER) into the outbox.

    The signature comes first: who finds the file finds its signature too. Raises
    `ConfigurationError` where the folder cannot be written.
    """
    content = (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()
    file = outbox / f"{name}.json"
    try:
        outbox.mkdir(exist_ok=True)
        _write(file.with_name(file.name + ".p7s"), keys.sign_as_site(content))
        _write(file, content)
    except OSError as failed:
        raise ConfigurationError("the outbox cannot be written", file=file.name) from failed
    return file


def _write(file: Path, content: bytes) -> None:
    fresh = file.with_name(file.name + ".new")
    fresh.write_bytes(content)
    fresh.replace(file)
