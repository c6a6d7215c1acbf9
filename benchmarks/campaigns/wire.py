"""wire: whole batches over real wires, of both chip profiles.

pcscd and vpcd, SoftHSM, the line's chips served by `ektp sim chip` in a process of its own; then
some cards are read again at a desk, a SAM in a second reader.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.campaigns.homes import LINE, make_home
from benchmarks.campaigns.truth import contradictions
from console.cli.main import main
from ektp.chip_profiles import ICAO_LDS1, KTP_EL
from pipeline.home import SETTINGS_FILE
from pipeline.plant import Plant
from pipeline.settings import TokenSettings, read_settings, write_settings
from tests.services.pcscd import SOCKET_VARIABLE, Pcscd, VirtualReader, private_pcscd
from tests.services.softhsm import VARIABLE, SoftHsm, soft_hsm_in

__all__ = ["Told", "WiredHome", "on_wires", "wire", "wired_home"]

_EKTP = [
    sys.executable,
    "-c",
    "import sys; from console.cli.main import main; sys.exit(main())",
]
_PIN = "20260101"
_PROFILES = (KTP_EL.name, ICAO_LDS1.name)
_VERIFIED = 5
_WAIT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How a command ended, what it told programs and what it told people."""

    code: int
    document: dict[str, Any]
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WiredHome:
    """A home on a PKCS#11 token; its line reads chips through a reader of pcscd."""

    path: Path
    profile: str
    batch: str
    readers: tuple[VirtualReader, ...]

    def ektp(self, *arguments: str) -> Told:
        """Run a command with --json, in this process: what is on the wire is in others."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main([*self._options(), *arguments])
        told = out.getvalue()
        return Told(code=code, document=json.loads(told) if told else {}, err=err.getvalue())

    def _options(self) -> list[str]:
        return ["--home", str(self.path), "--lang", "en", "--json"]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Run a command with --json in a process of its own."""
        return subprocess.Popen(
            [*_EKTP, *self._options(), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def offering(self, *arguments: str, reader: int = 0) -> Iterator[subprocess.Popen[str]]:
        """`ektp sim …` for a reader, for as long as the context lasts."""
        vpcd = f"127.0.0.1:{self.readers[reader].port}"
        process = self.start("sim", *arguments, "--vpcd", vpcd)
        try:
            # A station has nothing to offer before a card stands there: its first word is enough.
            wanted = "station" if "--line" in arguments else "offered to"
            _await(process, wanted)
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=_WAIT_S)

    def jobs(self) -> list[dict[str, Any]]:
        """The jobs of the batch with their states and cards."""
        jobs: list[dict[str, Any]] = self.ektp("batch", "status", self.batch).document["jobs"]
        return jobs


def _await(process: subprocess.Popen[str], wanted: str) -> None:
    if process.stderr is None:
        raise AssertionError
    heard = ""
    for words in process.stderr:
        heard += words
        if wanted in words:
            return
    raise AssertionError(heard)


def wired_home(
    home: Path,
    profile: str,
    cards: int,
    hsm: SoftHsm,
    readers: tuple[VirtualReader, ...],
    *,
    pool: Executor | None = None,
) -> WiredHome:
    """A home with a prepared batch, its keys on a new token, its line at the first reader."""
    label = f"wire-{home.name}"
    hsm.add_token(label, _PIN)
    pin = home.with_name(home.name + ".pin")
    pin.write_text(_PIN)
    pin.chmod(0o600)
    token = TokenSettings(
        kind="pkcs11", module=hsm.module, label=label, pin_file=str(pin.absolute())
    )
    batch = make_home(home, cards, profile=profile, foreign_blanks=0, token=token, pool=pool)
    settings = read_settings(home / SETTINGS_FILE)
    lines = tuple(line.model_copy(update={"reader": readers[0].name}) for line in settings.lines)
    write_settings(home / SETTINGS_FILE, settings.model_copy(update={"lines": lines}))
    return WiredHome(path=home, profile=profile, batch=batch, readers=readers)


@contextmanager
def on_wires(folder: Path) -> Iterator[tuple[Pcscd, SoftHsm]]:
    """A pcscd and a SoftHSM of one's own, for this process and its children."""
    before = {name: os.environ.get(name) for name in (SOCKET_VARIABLE, VARIABLE)}
    try:
        hsm = soft_hsm_in(folder / "softhsm")
        with private_pcscd() as pcscd:
            os.environ[SOCKET_VARIABLE] = str(pcscd.socket)
            yield pcscd, hsm
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def wire(
    folder: Path,
    *,
    cards: int = 100,
    pool: Executor | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """A batch of each profile; what came of it, and how some of its cards were read again."""
    place = folder / f"wire-{time.time_ns()}"
    place.mkdir(parents=True)
    profiles: dict[str, Any] = {}
    with on_wires(place) as (pcscd, hsm):
        for profile in _PROFILES:
            say(f"{profile}: preparing {cards} cards")
            readers = tuple(pcscd.readers)
            home = wired_home(place / profile, profile, cards, hsm, readers, pool=pool)
            say(f"{profile}: the line begins")
            profiles[profile] = _batch(home) | {"verified": _verified(home)}
            say(f"{profile}: {profiles[profile]}")
    return {
        "cards": cards,
        "profiles": profiles,
        "ok": all(_held(result, cards) for result in profiles.values()),
    }


def _batch(home: WiredHome) -> dict[str, Any]:
    with home.offering("chip", "--line", LINE):
        began = time.monotonic()
        ran = home.ektp("batch", "run", home.batch)
        seconds = time.monotonic() - began
    with Plant.open(home.path) as plant:
        problems = [str(problem) for problem in contradictions(plant)]
    return {
        "exit": ran.code,
        "counts": ran.document.get("cards", {}),
        "seconds": round(seconds, 1),
        "seconds_per_card": round(seconds / max(len(home.jobs()), 1), 3),
        "problems": problems,
    }


def _verified(home: WiredHome) -> list[str]:
    """Verdicts over the first cards of the batch, each laid on a desk reader."""
    verdicts: list[str] = []
    with home.offering("sam", reader=1):
        for job in home.jobs()[:_VERIFIED]:
            with home.offering("chip", "--job", job["job"]):
                arguments = ["--reader", home.readers[0].name]
                if home.profile == KTP_EL.name:
                    arguments += ["--sam", home.readers[1].name]
                told = home.ektp("card", "verify", *arguments)
            verdicts.append(told.document.get("verdict", told.err))
    return verdicts


def _held(result: dict[str, Any], cards: int) -> bool:
    return (
        result["exit"] == 0
        and result["counts"].get("passed") == cards
        and result["counts"].get("spoiled") == 0
        and result["verified"] == ["PASS"] * min(cards, _VERIFIED)
        and not result["problems"]
    )
