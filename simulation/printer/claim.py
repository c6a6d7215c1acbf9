"""Who has a machine: one process at a time, and never a dead one.

The claim is a lock of the operating system on a file beside the world. It ends with its holder,
however that ends, as a network connection to a machine would.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ektp.errors import LineBusy

__all__ = ["MachineClaim"]


class MachineClaim:
    """The claim that one user of a machine holds, or tries to."""

    def __init__(self, folder: Path, machine: str) -> None:
        # A machine may be called what its site likes; a file may not.
        name = hashlib.sha256(machine.encode()).hexdigest()[:16]
        self._path = folder / f"machine-{name}.lock"
        self._machine = machine
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this user has the machine."""
        return self._descriptor is not None

    def taken_elsewhere(self) -> bool:
        """Whether another user has the machine now."""
        try:
            with self.for_one_act():
                return False
        except LineBusy:
            return True

    def take(self) -> None:
        """Claim the machine. Raises `LineBusy` where another has it."""
        if self._descriptor is not None:
            return
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise LineBusy("another process drives the machine", machine=self._machine) from None
        self._descriptor = descriptor

    def drop(self) -> None:
        """Give the claim back, if it is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @contextmanager
    def for_one_act(self) -> Iterator[None]:
        """Have the machine for one act, within a longer claim or without one.

        Raises `LineBusy`.
        """
        if self.held:
            yield
            return
        self.take()
        try:
            yield
        finally:
            self.drop()

    def __del__(self) -> None:
        self.drop()
