"""Reading a file twice in chunks, from the same place, without following anything odd."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from ektp.errors import EnvelopeMissing, RecordError

__all__ = ["CHUNK_BYTES", "Progress", "file_chunks", "read_small"]

CHUNK_BYTES: Final = 1 << 18

Progress = Callable[[int, int], None]
"""Told after each chunk of the first pass: bytes read, bytes in all."""


def file_chunks(path: Path, on_progress: Progress | None = None) -> Iterator[bytes]:
    """The file's bytes. Raises `RecordError` where it cannot be read or is no plain file."""
    try:
        # O_NONBLOCK: a named pipe must not make us wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as cause:
        raise RecordError("the file cannot be opened", errno=cause.errno or 0) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise RecordError("only a plain file can be read twice")
        done = 0
        while chunk := _read(descriptor):
            done += len(chunk)
            if on_progress is not None:
                on_progress(done, max(done, status.st_size))
            yield chunk
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, CHUNK_BYTES)
    except OSError as cause:
        raise RecordError("the file cannot be read", errno=cause.errno or 0) from None


def read_small(path: Path, limit: int) -> bytes | None:
    """A small file whole; None where it is larger than `limit`. Raises `EnvelopeMissing`."""
    if not path.is_file():
        raise EnvelopeMissing
    content = bytearray()
    for chunk in file_chunks(path):
        content += chunk
        if len(content) > limit:
            return None
    return bytes(content)
