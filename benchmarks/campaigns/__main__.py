"""`python -m benchmarks.campaigns NAME`: run a campaign, write its evidence, exit 0 if it held."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.campaigns.evidence import write_evidence
from pipeline.preparation import worker_pool
from pipeline.settings import PreparationSettings


def _say(word: str) -> None:
    print(word, file=sys.stderr, flush=True)


_LENT_A_POOL = ("kill9", "canary")
"""Campaigns that open the pool of preparation by themselves, once or not at all."""

_GIVEN_A_POOL = ("wire",)
CAMPAIGNS = (
    "kill9",
    "intake",
    "canary",
    "demo-kill",
    "wire",
    "refusals",
    "torn",
    "pull-outs",
    "bit-faults",
    "signers",
    "planted-keys",
)


def _run(name: str, folder: Path) -> dict[str, Any]:
    """Run the campaign: a function in the module of its name, loaded now."""
    word = name.replace("-", "_")
    campaign = getattr(import_module(f"benchmarks.campaigns.{word}"), word)
    if name in _LENT_A_POOL:
        found: dict[str, Any] = campaign(folder, pool=worker_pool(PreparationSettings()), say=_say)
    elif name in _GIVEN_A_POOL:
        with worker_pool(PreparationSettings()) as pool:
            found = campaign(folder, pool=pool, say=_say)
    else:
        found = campaign(folder, say=_say)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="campaigns", description=__doc__)
    parser.add_argument("name", choices=sorted(CAMPAIGNS))
    parser.add_argument("--work", type=Path, help="where its homes are kept between stops")
    chosen = parser.parse_args()
    folder = (chosen.work or Path("build") / "campaigns" / chosen.name).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    result = _run(chosen.name, folder)
    _say(f"{'held' if result['ok'] else 'BROKEN'}: {write_evidence(chosen.name, result)}")
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
