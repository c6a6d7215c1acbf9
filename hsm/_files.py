"""Files of a token's folder: replaced whole, readable by their owner only, locked by `flock`."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path

from ektp.errors import HsmError

__all__ = ["exclusive_lock", "write_atomically"]


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside, fsync, rename, fsync the folder; readable by its owner only (0600).

    Raises `HsmError` where the disk refuses.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        _write_durably(beside, content)
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError as cause:
        with suppress(OSError):
            beside.unlink()
        raise HsmError("the token's folder cannot be written", errno=cause.errno or 0) from cause


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Keep every other process and thread out, by `flock` on a file that is never replaced.

    The kernel lets go when the holder dies. Raises `HsmError` where there can be no lock.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as cause:
        raise HsmError("the token's folder cannot be locked", errno=cause.errno or 0) from cause
    try:
        flock(descriptor, LOCK_EX)
        yield
    finally:
        os.close(descriptor)
