"""The parent's hold on its key process: start it, ask it, end it, kill it where it hangs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ektp.errors import Disposition, HsmError, TokenNotFound
from hsm._process_wire import EndOfWire, Wire, WireMalformed
from hsm.process import error_of

__all__ = ["KeyProcess", "KeyProcessGone"]

_ROOT: Final = str(Path(__file__).resolve().parent.parent)
# Isolated (-I): neither the working folder nor PYTHONPATH decides what code gets the keys. The
# folder of this package is searched last, for a checkout that is not installed.
_BOOT: Final = (
    "import sys, socket; sys.path.append(sys.argv[1]); "
    "from hsm.process import main; main(socket.socket(fileno=0))"
)
_END_S: Final = 5.0


class KeyProcessGone(HsmError):
    """The key process ended while it was asked. Outside this package it is an `HsmError`.

    It says nothing about the token: the next call starts another process.
    """

    disposition = Disposition.RETRY


class KeyProcess:
    """A key process that runs."""

    def __init__(self) -> None:
        """Start it. Raises `HsmError` where the system starts none."""
        self.owner = os.getpid()
        ours, its = socket.socketpair()
        self._wire = Wire(ours)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-I", "-c", _BOOT, _ROOT],
                stdin=its.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                # Not in the terminal's process group: Ctrl-C is for the parent.
                start_new_session=True,
            )
        except OSError as cause:
            self._wire.close()
            raise HsmError("the key process cannot start", errno=cause.errno or 0) from cause
        finally:
            its.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return self._wire.open

    def ask(self, moment: int, word: str, *arguments: object, within_s: float) -> Any:
        """Ask it and wait for the answer.

        Raises what the token raised there. Where no answer comes in time it is killed and
        `TokenNotFound` raised; where it is gone, `KeyProcessGone`: it is of no use after either.
        """
        try:
            self._wire.send((moment, word, *arguments), within_s)
            kind, *told = self._wire.receive(within_s)
        except TimeoutError:
            self.kill()
            raise TokenNotFound("the token does not answer", seconds=within_s) from None
        except (EndOfWire, WireMalformed):
            self.kill()
            raise KeyProcessGone("the key process is gone") from None
        return _answer(kind, told)

    def end(self, moment: int) -> None:
        """Let it close the token and wait for its end."""
        try:
            self._wire.send((moment, "end"), _END_S)
            self._process.wait(_END_S)
        except (TimeoutError, EndOfWire, subprocess.TimeoutExpired):
            self.kill()
        else:
            self._wire.close()

    def kill(self) -> None:
        """End it at once."""
        self._wire.close()
        self._process.kill()
        self._process.wait()

    def leave(self) -> None:
        """After a fork: this hold is the parent's, and not for us to use."""
        self._wire.close()
        # Not our child: Popen shall not wait for it.
        self._process.returncode = 0


def _answer(kind: str, told: list[Any]) -> Any:
    if kind == "done":
        return told[0]
    if kind == "mistake":
        raise ValueError(told[0])
    name, detail, facts = told
    checked: Mapping[str, Any] = facts
    raise error_of(name, detail, checked)
