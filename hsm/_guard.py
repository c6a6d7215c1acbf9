"""A process that holds keys leaves no core file and lets no neighbour look into its memory."""

from __future__ import annotations

import ctypes
import resource
from typing import Final

__all__ = ["forbid_core_dumps", "shut_memory"]

_PR_SET_DUMPABLE: Final = 4


def forbid_core_dumps() -> None:
    """No core file of this process; the hard limit stays for others to decide."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def shut_memory() -> None:
    """No core file whatever the limit, and no `ptrace` by this user's other processes.

    Linux `prctl(PR_SET_DUMPABLE, 0)`, which also covers a `core_pattern` that pipes (it ignores
    the limit). Where there is no such call, the limit alone holds.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    control = getattr(ctypes.CDLL(None), "prctl", None)
    if control is not None:
        control(_PR_SET_DUMPABLE, 0, 0, 0, 0)
