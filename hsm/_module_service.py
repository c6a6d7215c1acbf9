"""What a SAM is issued with, put together in the key process (`hsm.sam_loader`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ektp.errors import KeyUsageForbidden
from ektp.ids import CardSerial
from hsm import sam_issue
from hsm._ceremony_service import combined
from hsm.ceremony import ComponentFile
from hsm.house_token import Token
from hsm.keys import KeyLabel
from hsm.module_keys import ModuleKeysInHand
from hsm.sam_issue import READ_MASTER_VERSION

__all__ = ["module_keys"]


def module_keys(token: Token, module: CardSerial, files: Sequence[Any] | None) -> ModuleKeysInHand:
    """The keys of one module; `files` are (path, passphrase) of the read master's components.

    None: the module goes out of use. Without files a development token takes what it keeps. Raises
    `KeyUsageForbidden` where nothing gives the read master, `SealBroken`, `HsmError`.
    """
    from hsm.signers.trust import trusted_signers  # noqa: PLC0415 - takes long to load

    masters = {} if files is None else {READ_MASTER_VERSION: _read_master(token, files)}
    return ModuleKeysInHand(token.keys, module, masters, trusted_signers(token.registry))


def _read_master(token: Token, files: Sequence[Any]) -> bytes:
    if files:
        return combined(
            KeyLabel.READ,
            [ComponentFile(path=Path(path), passphrase=word) for path, word in files],
        )
    kept = sam_issue.secrets_of(token.keys, token.folder) if token.development else None
    if kept is None:
        raise KeyUsageForbidden("the read master's components are needed to issue a module")
    return kept[0]
