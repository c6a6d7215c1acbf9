"""signers: signature 100,001 and day 93 are refused, and a new signer takes over in mid-batch.

Refusals are asked of a token on which no new signer may be made on demand. The roll-over runs on a
line: a signer has five signatures left, or a moment of its period, and no card fails for it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import select

from benchmarks.campaigns.chip_bench import chip_bench
from benchmarks.campaigns.homes import floor, make_home
from benchmarks.campaigns.truth import contradictions
from ektp.chip_profiles import ICAO_LDS1, KTP_EL
from ektp.errors import EktpError, KeyUsageForbidden
from hsm.house_token import Token
from hsm.signers.document_signer import RollingDocumentSigner
from hsm.signers.registry import SignerRegistry
from hsm.signers.roll import SignerFamily
from hsm.signers.security_object_signer import RollingSecurityObjectSigner
from pipeline.store import schema as db
from simulation.people import PeopleMix

__all__ = ["refused", "rolled_over", "signers"]

_LEFT: Final = 5
_LAST_MINUTE: Final = timedelta(minutes=1)
_SHORTLY: Final = timedelta(seconds=2)
_ONE_SECOND: Final = timedelta(seconds=1)
_ASKED: Final = 20
_FAMILIES: Final = {KTP_EL.name: SignerFamily.KTP_EL, ICAO_LDS1.name: SignerFamily.LDS}


def signers(
    folder: Path, *, cards: int = 24, say: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Ask for what must be refused; make batches in which the signer changes."""
    result: dict[str, Any] = {"refusals": {}, "roll_overs": {}, "problems": []}
    for profile, family in _FAMILIES.items():
        with TemporaryDirectory() as place:
            found = refused(Path(place) / "token", family)
        result["problems"] += [f"{profile}: {what}" for what in found.pop("problems")]
        result["refusals"][profile] = found
        for why in ("quota", "period"):
            say(f"{profile}: a batch in which the signer's {why} ends")
            home = folder / f"{profile}-{why}-{time.time_ns()}"
            found = rolled_over(home, profile, why, cards)
            result["problems"] += [f"{profile}, {why}: {what}" for what in found.pop("problems")]
            result["roll_overs"][f"{profile}, {why}"] = found
    result["ok"] = not result["problems"]
    return result


# --- what must be refused ------------------------------------------------------------------------


@dataclass
class _SettableClock:
    moment: datetime

    def now(self) -> datetime:
        return self.moment


def refused(folder: Path, family: SignerFamily) -> dict[str, Any]:
    """The last signature and the first past it; the last second of day 92 and day 93."""
    problems: list[str] = []
    with chip_bench(folder) as bench:
        registry = bench.token.registry
        signer = registry.roll().current(family)
        if signer is None:
            raise KeyUsageForbidden(family=family.value)
        clock = _SettableClock(signer.ends - _ONE_SECOND)
        last_second = _signs(bench.token, registry, clock, family)
        clock.moment = signer.begins + timedelta(days=92)
        late = [_signs(bench.token, registry, clock, family) for _ in range(_ASKED)]
        clock.moment = signer.begins + timedelta(days=1)
        registry.release()
        _use_up(folder / "signers", signer.label, family.quota - 1)
        fresh = SignerRegistry(folder / "signers")
        last = _signs(bench.token, fresh, clock, family)
        past = [_signs(bench.token, fresh, clock, family) for _ in range(_ASKED)]
    for what, held in (
        ("the last second of day 92 is refused", last_second),
        ("day 93 signs", not any(late)),
        ("the last signature is refused", last),
        ("one signature too many", not any(past)),
    ):
        if not held:
            problems.append(what)
    return {
        "quota": family.quota,
        "signature_of_the_quota": "made" if last else "refused",
        "past_the_quota_refused": past.count(False),
        "last_second_of_day_92": "made" if last_second else "refused",
        "day_93_refused": late.count(False),
        "asked_each": _ASKED,
        "problems": problems,
    }


def _signs(
    token: Token, registry: SignerRegistry, clock: _SettableClock, family: SignerFamily
) -> bool:
    try:
        if family is SignerFamily.KTP_EL:
            RollingDocumentSigner(token.keys, registry, clock).sign(b"files")
        else:
            RollingSecurityObjectSigner(token.keys, registry, clock).sign(
                {1: b"\x61\x00", 2: b"\x75\x00"}
            )
    except KeyUsageForbidden:
        return False
    return True


def _use_up(registry: Path, label: str, used: int) -> None:
    (registry / "counts" / f"{label}.count").write_bytes(b"%d\n" % used)


# --- a line that goes on -------------------------------------------------------------------------


def rolled_over(home: Path, profile: str, why: str, cards: int) -> dict[str, Any]:
    """A batch on a line whose signer is used up in its middle, by its quota or by its period."""
    family = _FAMILIES[profile]
    mix = PeopleMix(foreigners=0.0)
    batch = make_home(home, cards, profile=profile, mix=mix, foreign_blanks=0)
    registry = home / "token" / "signers"
    problems: list[str] = []
    with floor(home, on_card=lambda _: time.sleep(0.0 if why == "quota" else 0.2)) as it:
        if why == "quota":
            _use_up(registry, f"{family.value}-1", family.quota - _LEFT)
        else:
            _end_soon(SignerRegistry(registry), family)
        try:
            it.run(batch)
        except EktpError as stopped:
            problems.append(f"the line stopped: {stopped}")
        problems += contradictions(it.plant)
        with it.plant.home.store.read() as connection:
            jobs = Counter(connection.scalars(select(db.jobs.c.state)))
            outcomes = Counter(connection.scalars(select(db.attempts.c.outcome)))
            keys = Counter(
                connection.scalars(select(db.attempts.c.signer_key).order_by(db.attempts.c.attempt))
            )
    if jobs != {"PRODUCED": cards} or outcomes != {"passed": cards}:
        problems.append(f"jobs {dict(jobs)}, attempts {dict(outcomes)}")
    if len(keys) != 2 or (why == "quota" and _LEFT not in keys.values()):
        problems.append(f"signatures by key: {sorted(keys.values())}")
    roll = SignerRegistry(registry).roll()
    return {
        "cards": cards,
        "attempts": dict(outcomes),
        "signatures_by_key": dict(keys),
        "signers": {one.label: one.state.value for one in roll.signers if one.family is family},
        "problems": problems,
    }


def _end_soon(registry: SignerRegistry, family: SignerFamily) -> None:
    """Move the end of a signer's period to shortly after now; its last minute is the next one's."""
    ends = datetime.now(UTC).replace(microsecond=0) + _LAST_MINUTE + _SHORTLY
    with registry.edit() as edit:
        current = edit.roll.current(family)
        if current is not None:
            edit.save(edit.roll.with_signer(replace(current, ends=ends)))
