"""What a simulated SAM is issued with, kept sealed beside a development token.

A token gives no master out. Whoever makes a development token holds its read master for a moment
(it is the one custodian) and puts it, and the secret that opens a module, into a file sealed under
KEK-1: the simulated world can be issued with modules then. A production token has no such file.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ektp.errors import KeyUsageForbidden, SealBroken
from ektp.ports import TrustedSigner
from hsm._files import write_atomically
from hsm.keys import KeyLabel, TokenKeys

__all__ = ["READ_MASTER_VERSION", "SamIssue", "keep", "opened", "secrets_of"]

READ_MASTER_VERSION: Final = 1
"""The version of the read master key that card control names (`hsm.card_keys`)."""

_FILE: Final = "sam-issue"
_MEANING: Final = b"EKTP simulated SAM"
_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class SamIssue:
    """What a simulated SAM is issued with. Keys in clear: a development token's only."""

    read_master_key: bytes = field(repr=False)
    read_master_version: int
    open_secret: bytes = field(repr=False)
    signers: tuple[TrustedSigner, ...]


def keep(keys: TokenKeys, folder: Path, *, read_master: bytes, open_secret: bytes) -> None:
    """Seal both into the folder."""
    plain = json.dumps([read_master.hex(), open_secret.hex()]).encode()
    nonce = secrets.token_bytes(_NONCE_BYTES)
    write_atomically(folder / _FILE, nonce + keys.seal(KeyLabel.KEK, nonce, plain, _MEANING))


def opened(keys: TokenKeys, folder: Path, signers: Sequence[TrustedSigner]) -> SamIssue:
    """Open them again. Raises `KeyUsageForbidden` where there are none, `SealBroken`."""
    kept = secrets_of(keys, folder)
    if kept is None:
        raise KeyUsageForbidden("this token gives no key to a simulated module")
    read_master, open_secret = kept
    return SamIssue(
        read_master_key=read_master,
        read_master_version=READ_MASTER_VERSION,
        open_secret=open_secret,
        signers=tuple(signers),
    )


def secrets_of(keys: TokenKeys, folder: Path) -> tuple[bytes, bytes] | None:
    """Read master and open secret; None where none are kept. Raises `SealBroken`."""
    try:
        sealed = (folder / _FILE).read_bytes()
    except OSError:
        return None
    nonce, sealed = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    if len(nonce) != _NONCE_BYTES:
        raise SealBroken("what modules are issued with is cut off")
    read_master, open_secret = json.loads(keys.unseal(KeyLabel.KEK, nonce, sealed, _MEANING))
    return bytes.fromhex(read_master), bytes.fromhex(open_secret)
