"""planted-keys: known keys and a known PIN, and then every byte that the house leaves is searched.

First a home works: a batch with harsh faults, commands that fail, papers. Then a host is stopped
with a card in hand, its memory is read and a core dump is provoked, of it and of its key process.
The host has no simulated machine, world or SAM beside it: those hold the maker's keys, and a SAM's,
because they are maker and SAM.
"""

from __future__ import annotations

import base64
import multiprocessing
import os
import re
import resource
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, Self, cast

import psutil
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_private_key

from benchmarks.campaigns.chip_bench import ATTEMPT, JOB, package_of, serial_of
from benchmarks.campaigns.homes import floor, make_home
from benchmarks.campaigns.truth import contradictions
from ektp.apdu import CommandApdu, ResponseApdu
from ektp.chip_profiles import CHIP_PROFILES, ChipProfile
from ektp.errors import LineStopped
from hsm._sealed_file import Seal
from hsm._soft_book import KeyBook
from personalization.profiles.choice import personalization_for
from personalization.script import Phase
from pipeline.plant import Plant
from pipeline.settings import TokenSettings
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from simulation.world.world import World

__all__ = ["Planted", "forms_of", "planted_keys", "search"]

_EKTP: Final = "import sys; from console.cli.main import main; sys.exit(main())"
_SYMMETRIC_MOST: Final = 64
_COMMANDS: Final = (
    ("keys", "status"),
    ("lines", "list"),
    ("batch", "status"),
    ("stock", "report"),
    ("reconcile",),
    ("card", "show", "60010000002A0001"),
    ("card", "verify", "--reader", "sim:60010000002A0001"),
    ("keys", "export-trust", "--out", "{out}/trust"),
    ("batch", "run", "B-00000000000"),
    ("records", "import", "{out}/nothing.jsonl"),
    ("audit", "verify"),
)
_DIE_S: Final = 60.0
_STILL_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Planted:
    """A secret that must be nowhere."""

    name: str
    value: bytes


def planted_keys(
    folder: Path, *, cards: int = 16, seed: int = 5, say: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Let a home work and a host die; where a planted secret was found: nowhere."""
    place = folder / f"planted-{time.time_ns()}"
    home, left = place / "home", place / "left"
    left.mkdir(parents=True)
    pin = place / "pin"
    pin.write_text(secrets.token_hex(8).upper())
    say(f"preparing {cards} cards")
    token = TokenSettings(kind="soft", pin_file=str(pin))
    batch = make_home(home, cards, seed=seed, faults="harsh", foreign_blanks=20, token=token)
    planted = _planted(home, pin.read_text())
    said = _work(home, batch, left)
    searched, found = search((home, left), planted)
    problems = [*found, *(f"said: {what}" for what in _hits(said, planted))]
    say(f"{len(searched)} files searched; a host dies with a card in hand")
    dumps = _dumps(home, left, planted)
    problems += dumps.pop("problems")
    return {
        "planted": [one.name for one in planted],
        "forms_of_each": len(forms_of(bytes(16))),
        "files": len(searched),
        "bytes": sum(searched.values()),
        "said_bytes": len(said),
        **dumps,
        "problems": problems,
        "ok": not problems,
    }


def _planted(home: Path, pin: str) -> list[Planted]:
    """What the token holds, as whoever made it knows it."""
    _, plain = Seal.open(home / "token" / "keys", pin)
    found = [Planted("PIN", pin.encode())]
    for label, key in KeyBook.from_bytes(plain).keys.items():
        if len(key.value) <= _SYMMETRIC_MOST:
            found.append(Planted(label, key.value))
            continue
        private = load_der_private_key(key.value, None, unsafe_skip_rsa_key_validation=True)
        if isinstance(private, ec.EllipticCurvePrivateKey):
            scalar = private.private_numbers().private_value
            found.append(Planted(label, scalar.to_bytes(private.key_size // 8, "big")))
    return found


def forms_of(value: bytes) -> list[bytes]:
    """A secret as it may lie somewhere: raw, turned round, in hex, and in base64 at any offset."""
    text = value.hex().encode()
    forms = [value, value[::-1], text, text.upper()]
    for offset in range(3):
        # What stands around it may flow into the first and the last letters.
        coded = base64.b64encode(bytes(offset) + value).rstrip(b"=")
        forms.append(coded[-(-offset * 4 // 3) + (offset > 0) : -1])
    return forms


def _hits(content: bytes, planted: list[Planted]) -> list[str]:
    return [one.name for one in planted if any(form in content for form in forms_of(one.value))]


def search(folders: tuple[Path, ...], planted: list[Planted]) -> tuple[dict[str, int], list[str]]:
    """Search every file of some folders; the size of each, and each hit by file and secret."""
    searched, found = {}, []
    for file in (path for folder in folders for path in sorted(folder.rglob("*"))):
        if file.is_file():
            content = file.read_bytes()
            searched[str(file)] = len(content)
            found += [f"{file.name}: {what}" for what in _hits(content, planted)]
    return searched, found


# --- a home at work ------------------------------------------------------------------------------


def _work(home: Path, batch: str, left: Path) -> bytes:
    """A batch, and commands that do and do not succeed; everything that they said."""
    for name in ("tmp", "out", "cwd"):
        (left / name).mkdir()
    said = [_told(home, left, "batch", "run", batch) for _ in range(2)]
    with floor(home) as it:
        try:
            it.recover()
            it.run(batch)
        except LineStopped as stopped:
            said.append(str(stopped).encode())
        said += [what.encode() for what in contradictions(it.plant)]
    for command in _COMMANDS:
        said.append(_told(home, left, *(word.format(out=left / "out") for word in command)))
    return b"\n".join(said)


def _told(home: Path, left: Path, *command: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-c", _EKTP, "--home", str(home), "--json", *command],
        capture_output=True,
        check=False,
        cwd=left / "cwd",
        env={**os.environ, "TMPDIR": str(left / "tmp")},
    )
    return done.stdout + done.stderr


# --- a host that dies ----------------------------------------------------------------------------


def _dumps(home: Path, left: Path, planted: list[Planted]) -> dict[str, Any]:
    problems: list[str] = []
    memory_bytes, cores = 0, []
    for profile in CHIP_PROFILES.values():
        with _Host(home, left / "cwd", profile) as host:
            memory = memory_of(host.pid)
            memory_bytes += len(memory)
            problems += [f"memory of the host: {what}" for what in _looked_into(memory, planted)]
            (key_process,) = psutil.Process(host.pid).children()
            before = _cores(left)
            key_process.send_signal(signal.SIGSEGV)
            _await_death(key_process)
            if _cores(left) != before:
                problems.append("the key process left a core file")
            os.kill(host.pid, signal.SIGABRT)
            host.wait()
        for core in sorted(_cores(left) - before):
            content = core.read_bytes()
            cores.append(len(content))
            problems += [f"core of the host: {what}" for what in _looked_into(content, planted)]
            core.unlink()
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if not cores and "/" not in pattern and not pattern.startswith("|"):
        problems.append("the host left no core file to be searched")
    return {
        "core_pattern": pattern,
        "memory_of_hosts_bytes": memory_bytes,
        "core_files_of_hosts": cores,
        "core_files_of_key_processes": 0,
        "problems": problems,
    }


def _looked_into(memory: bytes, planted: list[Planted]) -> list[str]:
    """Hits; and what a host must hold and is not found, which would make the search worthless."""
    return _hits(memory, planted) + ([] if JOB.encode() in memory else ["not the job in hand"])


def _await_death(process: psutil.Process) -> None:
    """Until it is dead. Its parent stands still and does not bury it."""
    end = time.monotonic() + _DIE_S
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.01)


def _cores(left: Path) -> frozenset[Path]:
    """Core files where either process would leave them: its own folder, or the root."""
    return frozenset(
        file
        for folder in (left / "cwd", Path("/"))
        for file in folder.glob("core*")
        if file.is_file()
    )


def memory_of(pid: int) -> bytes:
    """All readable memory of a process."""
    content = []
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span = re.match(r"([0-9a-f]+)-([0-9a-f]+) r.*?(\[v.*\])?$", line)
            if span is not None and not span[3]:
                memory.seek(int(span[1], 16))
                content.append(memory.read(int(span[2], 16) - int(span[1], 16)) or b"")
    return b"\x00".join(content)


class _Host:
    """A process that writes a card and stands still in the middle of it; the chip is with us."""

    def __init__(self, home: Path, cwd: Path, profile: ChipProfile) -> None:
        ours, its = multiprocessing.Pipe()
        # Not forked: a copy of this process would hold what it searches for.
        self._process = multiprocessing.get_context("spawn").Process(
            target=_write_a_card, args=(its, str(home), str(cwd), profile.name)
        )
        self._process.start()
        its.close()
        with World.open(home / "sim") as world:
            keys = world.maker_keys.key_set(serial_of(3), profile)
        chip = Chip.blank(serial_of(3), transport_keys=keys, profile=profile)
        _serve(ours, ChipChannel(chip))
        self._wire = ours

    @property
    def pid(self) -> int:
        return cast("int", self._process.pid)

    def wait(self) -> None:
        """Until it is dead."""
        self._process.join(_DIE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()
        self._wire.close()


def _serve(wire: Connection, channel: ChipChannel) -> None:
    """Answer the host's commands until it stands still."""
    while (asked := wire.recv_bytes()) != b"still":
        if asked == b"atr":
            wire.send_bytes(channel.atr())
        elif asked == b"reset":
            channel.reset()
        else:
            wire.send_bytes(bytes(channel.transmit(CommandApdu.from_bytes(asked))))


class _AcrossTheWire:
    """A chip in another process (implements `ektp.ports.CardChannel`)."""

    def __init__(self, wire: Connection) -> None:
        self._wire = wire

    def atr(self) -> bytes:
        self._wire.send_bytes(b"atr")
        return self._wire.recv_bytes()

    def reset(self) -> None:
        self._wire.send_bytes(b"reset")

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self._wire.send_bytes(bytes(command))
        return ResponseApdu.from_bytes(self._wire.recv_bytes())


def _write_a_card(wire: Connection, home: str, cwd: str, name: str) -> None:
    """In the host: prove, bind and write a card, and stand still after its secrets are in."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    os.chdir(cwd)
    profile, channel = CHIP_PROFILES[name], _AcrossTheWire(wire)

    def stand_still(phase: Phase) -> None:
        if phase is Phase.FILES:
            wire.send_bytes(b"still")
            time.sleep(_STILL_S)

    with Plant.open(Path(home)) as plant:
        line = personalization_for(
            profile,
            keys=plant.keys,
            signer=plant.token.document_signer,
            security_object_signer=plant.token.security_object_signer,
            key_version=1,
            entropy=plant.entropy,
        )
        card = line.prove_blank(channel)
        bound = line.bind(
            package_of(profile),
            card=card,
            attempt=ATTEMPT,
            on=plant.home.today(),
            is_free=lambda _: True,
        )
        channel.reset()
        line.personalize(channel, bound.image, JOB, before_phase=stand_still)
