"""Development tokens for tests: made once, copied for each test."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from hsm.house_token import Token
from hsm.initialisation import TRANSPORT_MASTERS, initialise
from hsm.places import TokenKind, TokenPlace
from hsm.soft_keys import SoftKeys
from tests.unit.hsm.builders import FixedClock

PIN = "493817"
# Like no table that a program has in memory: tests search for them.
READ_MASTER = hashlib.sha256(b"read master of a test").digest()
TRANSPORT = {
    label: hashlib.sha256(label.encode()).digest()[:length]
    for label, length in TRANSPORT_MASTERS.items()
}


@cache
def _template() -> Mapping[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="ektp-token-") as made:
        folder = Path(made) / "token"
        initialise(
            SoftKeys.create(folder, PIN),
            folder,
            FixedClock(),
            development=True,
            read_master=READ_MASTER,
            transport=TRANSPORT,
        ).close()
        (folder / "pin").write_text(PIN)
        return {
            str(file.relative_to(folder)): file.read_bytes()
            for file in folder.rglob("*")
            if file.is_file()
        }


def token_folder(folder: Path) -> Path:
    """A folder with a token of `initialise`, as good as new; the PIN stands beside it."""
    for name, content in _template().items():
        file = folder / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(content)
    return folder


def soft_token(folder: Path, clock: FixedClock | None = None) -> Token:
    """A token in this process, over keys of software."""
    keys = SoftKeys.open(token_folder(folder), PIN)
    return Token(keys, folder, clock or FixedClock(), development=True)


def soft_place(folder: Path) -> TokenPlace:
    """Where that token is, for a key process."""
    return TokenPlace(kind=TokenKind.SOFT, folder=folder, development=True, pin_file=folder / "pin")
