"""Who stands in a file of synthetic people: offices, and how large each group is."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from functools import cache
from typing import Final

from simulation.people.places import PALEMBANG, Office, Village, office

__all__ = ["EPOCH", "PeopleMix", "default_mix"]

EPOCH: Final = date(2026, 1, 1)
"""The day from which all synthetic data are dated."""

_PREFIX_LIMIT: Final = 24
_ID_CHARACTERS: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
)


@cache
def palembang_offices() -> tuple[Office, ...]:
    """The 16 kecamatan of the default run."""
    return tuple(office(code) for code in PALEMBANG)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleMix:
    """The composition of a file of people; shares are fractions of 1.

    Every office with a weight is served from twice as many records up as there are offices (32 for
    the default 16). Raises `ValueError` for shares outside 0 to 1, weights that do not match the
    offices, or a prefix that no request id could have.
    """

    offices: tuple[Office, ...] = field(default_factory=palembang_offices)
    weights: tuple[int, ...] | None = None
    """One whole number per office; None draws uneven ones from the seed."""
    villages: tuple[Village, ...] = ()
    """Villages to use in their offices instead of made-up ones (a scenario's own list)."""
    foreigners: float = 0.02
    believers: float = 0.02
    replacements: float = 0.30
    one_word_names: float = 0.06
    without_phone: float = 0.20
    urgent: float = 0.03
    """Requests of priority 9; nearly all others have 5, a few 3."""
    missing_finger: float = 0.01
    corrected_birth_dates: float = 0.004
    """People whose birth date was corrected after their NIK was given (a warning, no refusal)."""
    request_prefix: str = "SYN"
    first_approval: datetime = datetime(2025, 7, 1, tzinfo=UTC)
    approval_step_seconds: int = 13
    """Seconds between two approvals; the last ones stand still at the epoch."""
    portrait_px: tuple[int, int] = (480, 640)
    portrait_quality: int = 84

    def __post_init__(self) -> None:
        shares = [getattr(self, f.name) for f in fields(self) if f.type == "float"]
        if any(not 0 <= share <= 1 for share in shares):
            msg = "a share is a fraction of 1"
            raise ValueError(msg)
        if not self.offices or len({place.code for place in self.offices}) < len(self.offices):
            msg = "a mix needs at least one office, and each once"
            raise ValueError(msg)
        if self.weights is not None and (
            len(self.weights) != len(self.offices) or min(self.weights) < 0 or not any(self.weights)
        ):
            msg = "a mix needs one weight for each office, and one that is not 0"
            raise ValueError(msg)
        if not 0 < len(self.request_prefix) <= _PREFIX_LIMIT or not (
            set(self.request_prefix) <= _ID_CHARACTERS
        ):
            msg = f"a request prefix has 1 to {_PREFIX_LIMIT} of A-Z a-z 0-9 . _ -"
            raise ValueError(msg)
        if self.approval_step_seconds < 1:
            msg = "approvals are at least a second apart"
            raise ValueError(msg)


@cache
def default_mix() -> PeopleMix:
    """The mix of the default run: the 16 kecamatan of Palembang."""
    return PeopleMix()
