"""The worker process of one reader, seen from its user: asked with a deadline, then killed."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from typing import Final

from ektp.errors import ReaderUnavailable
from printers.readers.frames import Answer, Frame, FrameBroken, FrameReader, Request, encode

__all__ = ["PcscFailed", "Supervisor"]

# A new Python on a busy machine; no call of PC/SC is made before the worker says that it is there.
_START_S: Final = 30.0


class PcscFailed(Exception):
    """A PC/SC call failed; `code` is its return code. Stays inside this package."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"{code:08X}")


class Supervisor:
    """Starts a worker when one is needed, and never waits for it longer than it was told.

    One request at a time; a second thread waits for the first. `generation` counts workers: what
    was bound to a worker that is gone is gone too.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None
        self._frames: FrameReader | None = None
        self.generation = 0

    @property
    def running(self) -> bool:
        """Whether there is a worker."""
        return self._process is not None

    def ask(self, request: Request, body: bytes = b"", *, timeout_s: float) -> bytes:
        """One request and its answer.

        Raises `PcscFailed` for a call that failed, and `ReaderUnavailable` where there was no
        answer in time (the worker is killed then), no worker could be had, or pyscard is missing.
        """
        with self._lock:
            if self._process is None:
                self._start()
            answer = self._exchange(encode(request, body), timeout_s)
        if answer.kind == Answer.FAILED:
            raise PcscFailed(int.from_bytes(answer.body, "big"))
        return answer.body

    def close(self) -> None:
        """End the worker. It holds nothing that would be missed."""
        with self._lock:
            self._kill()

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "printers.readers.worker"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # a key pressed at the user's terminal is not meant for it
            )
        self._link = ours
        self._frames = FrameReader(ours.recv)
        self.generation += 1
        if self._exchange(b"", _START_S).kind == Answer.LIBRARY_MISSING:
            self._kill()
            raise ReaderUnavailable("pyscard is not installed: pip install 'ektp[pcsc]'")

    def _exchange(self, question: bytes, timeout_s: float) -> Frame:
        # Whatever ends this early, a key pressed included, leaves an answer on its way that would
        # be taken for the next one's: only a whole exchange keeps the worker.
        whole = False
        try:
            answer = self._speak(question, timeout_s)
            whole = True
        except TimeoutError as late:
            raise ReaderUnavailable(
                "the reader did not answer in time", seconds=timeout_s
            ) from late
        except (FrameBroken, OSError) as broken:
            raise ReaderUnavailable("the reader's process ended by itself") from broken
        finally:
            if not whole:
                self._kill()
        return answer

    def _speak(self, question: bytes, timeout_s: float) -> Frame:
        link, frames = self._link, self._frames
        if link is None or frames is None:
            raise FrameBroken("there is no worker")
        link.settimeout(timeout_s)
        if question:
            link.sendall(question)
        return frames.read()

    def _kill(self) -> None:
        link, process = self._link, self._process
        self._link = self._process = self._frames = None
        if link is not None:
            link.close()
        if process is not None:
            process.kill()
            process.wait()
