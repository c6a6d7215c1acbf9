"""demo-kill: the demo's own command is killed at random moments and given again, on Prefect."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from benchmarks.campaigns.truth import contradictions
from pipeline.plant import Plant

__all__ = ["demo_kill"]

_EKTP = "import sys; from console.cli.main import main; sys.exit(main())"


def demo_kill(
    folder: Path,
    *,
    cards: int = 300,
    kills: int = 5,
    seed: int = 5,
    engine: str = "prefect",
    longest_s: float = 22.0,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Kill and repeat the command; in the end passed + held are all, and the books balance."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    chance = random.Random(seed)  # noqa: S311 - moments, not keys
    command = [sys.executable, "-c", _EKTP, "--json", "--lang", "en", "demo"]
    command += ["--cards", str(cards), "--seed", str(seed), "--engine", engine, "--out", str(out)]
    began, done, survivors = time.monotonic(), 0, 0
    while True:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            told, _ = process.communicate(
                timeout=chance.uniform(5.0, longest_s) if done < kills else None
            )
            break
        except subprocess.TimeoutExpired:
            below = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            done += 1
            _, alive = psutil.wait_procs(below, timeout=30)
            survivors += len(alive)
            say(f"killed {done}/{kills}")
    result = json.loads(told)
    counts = result.get("cards", {})
    with Plant.open(out / "home") as plant:
        problems = [str(problem) for problem in contradictions(plant)]
    ok = (
        process.returncode in (0, 3)
        and done == kills
        and counts.get("passed", 0) + counts.get("held", 0) + counts.get("in_doubt", 0) == cards
        and result["reconciliation"]["difference"] == 0
        and not problems
        and not survivors
    )
    return {
        "seed": seed,
        "cards": cards,
        "kills": done,
        "engine": engine,
        "exit": process.returncode,
        "counts": counts,
        "jobs": result.get("jobs"),
        "reconciliation": result.get("reconciliation"),
        "open_decisions": result.get("open_decisions"),
        "processes_left": survivors,
        "problems": problems,
        "seconds": round(time.monotonic() - began, 1),
        "ok": ok,
    }
