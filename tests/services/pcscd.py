"""A pcscd of one's own: private run folder and drivers, virtual readers, cards in other processes.

Use the fixture `pcscd` (import it in a `conftest.py`), or the context manager `private_pcscd`. Its
clients find it by `PCSCLITE_CSOCK_NAME`, which the fixture sets for this process and its children.
"""

from __future__ import annotations

import math
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
RUN = Path("/run/pcscd")
SOCKET_VARIABLE = "PCSCLITE_CSOCK_NAME"
SLOTS = 2  # of one vpcd entry, on ports that follow each other
START_S = 20.0
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class VirtualReader:
    """A reader's name at pcscd and the port where a virtual card connects."""

    name: str
    port: int


@dataclass
class Pcscd:
    """A running daemon and its readers."""

    folder: Path
    readers: list[VirtualReader]
    process: subprocess.Popen[bytes] | None = None
    cards: list[CardProcess] = field(default_factory=list)

    @property
    def socket(self) -> Path:
        """Where clients connect."""
        return self.folder / "run" / "pcscd.comm"

    @property
    def pid(self) -> int:
        """The process that runs now."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it in a mount namespace, where `/run/pcscd` is its own folder."""
        command = (
            f'mount --bind "{self.folder}/run" {RUN} && exec "$0" -f -e -c "{self.folder}/conf"'
        )
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*_unshare(), "bash", "-c", command, _program()], stdout=log, stderr=log
            )
        until = time.monotonic() + START_S
        while not self._listens():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < until, "pcscd does not listen"
            time.sleep(0.02)

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as link:
            return link.connect_ex(str(self.socket)) == 0

    def kill(self) -> None:
        """End it at once, as a crash does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def pause(self) -> None:
        """Stop it without ending it: calls do not return."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """The reverse of `pause`."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def lay(self, card: str, *arguments: str, reader: int = 0) -> CardProcess:
        """Lay a card on a reader; it is taken away with the daemon at the latest."""
        process = CardProcess(card, self.readers[reader].port, arguments)
        self.cards.append(process)
        return process


class CardProcess:
    """A virtual card in a process of its own: `module:function` gives what lies in the field.

    The function takes the arguments (strings) and returns a `simulation.vpcd.CardSource`.
    """

    def __init__(self, card: str, port: int, arguments: tuple[str, ...] = ()) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.services.card_process", card, str(port), *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"offered\n", "the card process ended"

    @property
    def pid(self) -> int:
        """The process; killing it takes the card away, too."""
        return self._process.pid

    def take_away(self) -> None:
        """End the process: the card leaves the field."""
        self._process.kill()
        self._process.communicate()


def _unshare() -> list[str]:
    command = ["unshare", "--mount"]
    return command if os.geteuid() == 0 else [*command, "--map-root-user"]


@cache
def _may_have_a_namespace() -> bool:
    """A container may forbid what a machine of one's own allows."""
    try:
        RUN.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    with tempfile.TemporaryDirectory() as folder:
        trial = [*_unshare(), "mount", "--bind", folder, str(RUN)]
        return subprocess.run(trial, capture_output=True, check=False).returncode == 0


@contextmanager
def private_pcscd(readers: int = 2) -> Iterator[Pcscd]:
    """Run a pcscd with that many virtual readers. Skips where it is missing or not allowed."""
    if not DRIVER.exists() or shutil.which("unshare") is None or not _program():
        pytest.skip("pcscd, vsmartcard-vpcd or unshare is not installed: .ci/system-packages")
    if not _may_have_a_namespace():
        pytest.skip("this machine lets us have no mount namespace for a pcscd of our own")
    folder = Path(tempfile.mkdtemp(prefix="pcscd-"))  # a short path: a socket's is 107 bytes long
    daemon = Pcscd(folder, _configure(folder, readers))
    try:
        daemon.start()
        yield daemon
    finally:
        for card in daemon.cards:
            card.take_away()
        daemon.kill()
        shutil.rmtree(folder)


@pytest.fixture
def pcscd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pcscd]:
    """A pcscd with two virtual readers, for this process and its children."""
    with private_pcscd() as daemon:
        monkeypatch.setenv(SOCKET_VARIABLE, str(daemon.socket))
        yield daemon


def _program() -> str:
    return shutil.which("pcscd") or shutil.which("pcscd", path="/usr/sbin:/usr/local/sbin") or ""


def _configure(folder: Path, readers: int) -> list[VirtualReader]:
    conf = folder / "conf"
    conf.mkdir()
    (folder / "run").mkdir()
    found: list[VirtualReader] = []
    for entry in range(math.ceil(readers / SLOTS)):
        # vpcd keeps its state by slot in the library: each entry needs a library file of its own.
        driver = folder / f"libifdvpcd{entry}.so"
        shutil.copy(DRIVER, driver)
        port = _free_ports({reader.port for reader in found})
        name = f"Encoder {entry}"
        (conf / f"vpcd{entry}").write_text(
            f'FRIENDLYNAME "{name}"\nDEVICENAME /dev/null:0x{port:04X}\n'
            f"LIBPATH {driver}\nCHANNELID 0x{port:04X}\n"
        )
        # pcscd adds the number among readers of this name, and the slot's.
        found += [VirtualReader(f"{name} 00 {slot:02X}", port + slot) for slot in range(SLOTS)]
    return found[:readers]


def _free_ports(taken: set[int]) -> int:
    """The first of `SLOTS` ports in a row that nobody has."""
    chance = random.SystemRandom()
    while True:
        # Below the ports that the system gives to outgoing connections.
        port = chance.randrange(20000, 32000, SLOTS)
        if port not in taken and all(_is_free(port + slot) for slot in range(SLOTS)):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("", port))
        except OSError:
            return False
    return True
