"""What the key process adds: one round trip, and a signature, against the bare thing."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.chip.workplace import Workplace
from benchmarks.results import Better, Result
from benchmarks.timing import seconds_each

__all__ = ["key_results"]

_MICRO: Final = 1e6
_MESSAGE: Final = bytes(7551)
_SMALL: Final = bytes(32)
_ECHO: Final = (
    "import socket\n"
    "end = socket.socket(fileno=0)\n"
    "while data := end.recv(4096):\n"
    "    end.sendall(data)\n"
)


def key_results(place: Workplace, *, quick: bool) -> Iterator[Result]:
    """Round trips in microseconds, signatures per second."""
    rounds, repeat = (3, 20) if quick else (9, 100)
    client, token = place.client, place.in_process()
    trip = seconds_each(lambda: client.blind_index(_SMALL), rounds=rounds, repeat=repeat)
    with _echo() as end:
        bare = seconds_each(lambda: _asked(end), rounds=rounds, repeat=repeat)
    yield Result(name="keys.round_trip", value=trip * _MICRO, unit="us", limit=bare * _MICRO)
    signed = seconds_each(
        lambda: client.document_signer.take().sign(_MESSAGE), rounds=rounds, repeat=repeat
    )
    inside = seconds_each(
        lambda: token.document_signer.take().sign(_MESSAGE), rounds=rounds, repeat=repeat
    )
    key = ec.generate_private_key(ec.SECP256R1())
    raw = seconds_each(
        lambda: key.sign(_MESSAGE, ec.ECDSA(hashes.SHA256())), rounds=rounds, repeat=repeat
    )
    yield _per_second("keys.signatures.key_process", signed, inside)
    yield _per_second("keys.signatures.in_process", inside, raw)


def _per_second(name: str, seconds: float, limit: float) -> Result:
    return Result(name=name, value=1 / seconds, unit="1/s", limit=1 / limit, better=Better.HIGHER)


@contextmanager
def _echo() -> Iterator[socket.socket]:
    """A process that gives back what it gets, over the same kind of wire."""
    ours, its = socket.socketpair()
    command = [sys.executable, "-I", "-c", _ECHO]
    with ours, its, subprocess.Popen(command, stdin=its.fileno()) as process:
        its.close()
        try:
            yield ours
        finally:
            ours.shutdown(socket.SHUT_RDWR)
            process.wait()


def _asked(end: socket.socket) -> bytes:
    end.sendall(_SMALL)
    return end.recv(4096)
