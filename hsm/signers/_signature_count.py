"""How often a key has signed, never too low, across processes and crashes, and cheaply.

A process reserves signatures ahead and writes the reserved total before it uses the first of them:
what a crash leaves unused counts as used. Reservations begin small and double, so that a crash
costs at most about as many as the process had made. `release` gives an unused rest back.

The file holds no secret, and whoever may write to the folder can wind it back: it protects
against forgetting, in a development token.
"""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock
from typing import Final

from ektp.errors import HsmError, KeyUsageForbidden
from hsm._files import exclusive_lock, write_atomically

__all__ = ["SignatureCount"]

_FIRST_RESERVATION: Final = 16
_LARGEST_RESERVATION: Final = 1_000
_MAX_FILE_BYTES: Final = 64


class SignatureCount:
    """The count of one key against its quota."""

    def __init__(self, path: Path, *, label: str, quota: int) -> None:
        self._path = path
        self._label = label
        self._quota = quota
        self._thread_lock = Lock()
        self._next = 0
        self._end = 0
        self._step = _FIRST_RESERVATION
        self._process = os.getpid()

    @classmethod
    def begin(cls, path: Path) -> None:
        """Write the count of a new key: none."""
        write_atomically(path, b"0\n")

    def take(self) -> None:
        """Count one signature, before it is made.

        Raises `KeyUsageForbidden` past the quota and `HsmError` where the count is lost.
        """
        with self._thread_lock:
            if self._process != os.getpid():
                # A forked child must not use what its parent reserved.
                self._process, self._next, self._end = os.getpid(), 0, 0
            if self._next == self._end:
                self._reserve()
            self._next += 1

    def used(self) -> int:
        """Signatures made or reserved by anybody, less what this process still has in reserve."""
        with self._thread_lock:
            mine = self._end - self._next if self._process == os.getpid() else 0
            return self._stored() - mine

    def release(self) -> None:
        """Give back what was reserved and not used, if nobody has reserved since."""
        with self._thread_lock:
            if self._process == os.getpid() and self._next < self._end:
                with exclusive_lock(self._lock_path()):
                    if self._stored() == self._end:
                        self._store(self._next)
            self._next = self._end = 0

    def _reserve(self) -> None:
        with exclusive_lock(self._lock_path()):
            stored = self._stored()
            if stored >= self._quota:
                raise KeyUsageForbidden(
                    "the key has made all its signatures", key=self._label, quota=self._quota
                )
            end = min(stored + self._step, self._quota)
            self._store(end)
        self._next, self._end = stored, end
        self._step = min(2 * self._step, _LARGEST_RESERVATION)

    def _stored(self) -> int:
        try:
            with self._path.open("rb") as file:
                raw = file.read(_MAX_FILE_BYTES)
        except OSError as cause:
            raise HsmError(
                "the count of signatures is lost", key=self._label, errno=cause.errno or 0
            ) from None
        if not raw.endswith(b"\n") or not raw[:-1].isdigit():
            raise HsmError("the count of signatures cannot be read", key=self._label)
        return int(raw)

    def _store(self, count: int) -> None:
        write_atomically(self._path, b"%d\n" % count)

    def _lock_path(self) -> Path:
        return self._path.with_name(f"{self._path.name}.lock")
