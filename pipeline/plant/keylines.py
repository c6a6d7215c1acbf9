"""The inventory as people read it: each key, and how much of its use is left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hsm.token_client import TokenClient

__all__ = ["KeyLine", "key_lines"]

_ALARM_SHARE: Final = 0.8
_CURRENT, _RETIRED = "current", "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """A key of the house.

    `left`: signatures that it may still make. `state`, `begins` and `ends` (ISO 8601) are those of
    document signers and CSCA keys: when they sign. `alarm`: it is in use and 80 % of its quota or
    of its time are gone.
    """

    label: str
    kind: str
    use: str
    left: int | None
    inside: bool
    state: str | None = None
    begins: str | None = None
    ends: str | None = None
    alarm: bool = False


def key_lines(token: TokenClient, now: datetime) -> list[KeyLine]:
    """What the token holds, and what is made from it for one card at a time. Raises `HsmError`."""
    told = token.inventory()
    periods = {period.label: period for period in _periods(token, now)}
    lines = []
    for key in told:
        period = periods.get(key.label)
        lines.append(
            KeyLine(
                label=key.label,
                kind=key.kind,
                use=key.use,
                left=key.left,
                inside=key.inside,
                state=None if period is None else period.state,
                begins=None if period is None else period.begins.isoformat(),
                ends=None if period is None else period.ends.isoformat(),
                alarm=period is not None and period.alarm,
            )
        )
    return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class _Period:
    label: str
    state: str
    begins: datetime
    ends: datetime
    alarm: bool


def _periods(token: TokenClient, now: datetime) -> Iterator[_Period]:
    for signer in token.registry.usage(now):
        yield _Period(
            label=signer.label,
            state=signer.state.value,
            begins=signer.begins,
            ends=signer.ends,
            alarm=signer.alarm,
        )
    authorities = token.registry.roll().authorities
    for entry in authorities:
        current = entry is authorities[-1]
        late = now - entry.begins >= _ALARM_SHARE * (entry.ends - entry.begins)
        yield _Period(
            label=entry.label,
            state=_CURRENT if current else _RETIRED,
            begins=entry.begins,
            ends=entry.ends,
            alarm=current and late,
        )
