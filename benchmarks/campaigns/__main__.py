"""`python -m benchmarks.campaigns NAME`: run a campaign, write its evidence, exit 0 if it held."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.campaigns.evidence import write_evidence
from pipeline.preparation import worker_pool
from pipeline.settings import PreparationSettings


def _say(word: str) -> None:
    print(word, file=sys.stderr, flush=True)


def _kill9(folder: Path) -> dict[str, Any]:
    from benchmarks.campaigns.kill9 import kill9  # noqa: PLC0415 - one campaign at a time

    return kill9(folder, pool=worker_pool(PreparationSettings()), say=_say)


def _intake(folder: Path) -> dict[str, Any]:
    from benchmarks.campaigns.intake import intake  # noqa: PLC0415 - one campaign at a time

    return intake(folder, say=_say)


def _canary(folder: Path) -> dict[str, Any]:
    from benchmarks.campaigns.canary import canary  # noqa: PLC0415 - one campaign at a time

    return canary(folder, pool=worker_pool(PreparationSettings()), say=_say)


def _demo_kill(folder: Path) -> dict[str, Any]:
    from benchmarks.campaigns.demo_kill import demo_kill  # noqa: PLC0415 - one campaign at a time

    return demo_kill(folder, say=_say)


def _wire(folder: Path) -> dict[str, Any]:
    from benchmarks.campaigns.wire import wire  # noqa: PLC0415 - one campaign at a time

    with worker_pool(PreparationSettings()) as pool:
        return wire(folder, pool=pool, say=_say)


def _refusals(folder: Path) -> dict[str, Any]:
    from benchmarks.campaigns.refusals import refusals  # noqa: PLC0415 - one campaign at a time

    return refusals(folder, say=_say)


def _torn(folder: Path) -> dict[str, Any]:
    from benchmarks.campaigns.torn import torn  # noqa: PLC0415 - one campaign at a time

    return torn(folder, say=_say)


def _pull_outs(folder: Path) -> dict[str, Any]:
    from benchmarks.campaigns.pull_outs import pull_outs  # noqa: PLC0415 - one campaign at a time

    return pull_outs(folder, say=_say)


def _bit_faults(folder: Path) -> dict[str, Any]:
    from benchmarks.campaigns.bit_faults import bit_faults  # noqa: PLC0415 - one campaign at a time

    return bit_faults(folder, say=_say)


def _signers(folder: Path) -> dict[str, Any]:
    from benchmarks.campaigns.signers import signers  # noqa: PLC0415 - one campaign at a time

    return signers(folder, say=_say)


def _planted_keys(folder: Path) -> dict[str, Any]:
    from benchmarks.campaigns.planted_keys import planted_keys  # noqa: PLC0415 - see above

    return planted_keys(folder, say=_say)


CAMPAIGNS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "kill9": _kill9,
    "intake": _intake,
    "canary": _canary,
    "demo-kill": _demo_kill,
    "wire": _wire,
    "refusals": _refusals,
    "torn": _torn,
    "pull-outs": _pull_outs,
    "bit-faults": _bit_faults,
    "signers": _signers,
    "planted-keys": _planted_keys,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="campaigns", description=__doc__)
    parser.add_argument("name", choices=sorted(CAMPAIGNS))
    parser.add_argument("--work", type=Path, help="where its homes are kept between stops")
    chosen = parser.parse_args()
    folder = (chosen.work or Path("build") / "campaigns" / chosen.name).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    result = CAMPAIGNS[chosen.name](folder)
    _say(f"{'held' if result['ok'] else 'BROKEN'}: {write_evidence(chosen.name, result)}")
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
