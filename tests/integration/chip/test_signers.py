"""A small `signers` campaign: past quota and period nothing is signed, and no card fails for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.campaigns.signers import refused, rolled_over
from hsm.signers.roll import SignerFamily


@pytest.mark.parametrize("family", SignerFamily)
def test_past_quota_and_period_nothing_is_signed(tmp_path: Path, family: SignerFamily) -> None:
    found = refused(tmp_path / "token", family)
    assert found["problems"] == []
    assert found["quota"] == 100_000
    assert (found["past_the_quota_refused"], found["day_93_refused"]) == (20, 20)


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["ktp-el", "icao-lds1"])
@pytest.mark.parametrize("why", ["quota", "period"])
def test_a_new_signer_takes_over_between_two_cards(tmp_path: Path, profile: str, why: str) -> None:
    found = rolled_over(tmp_path / "home", profile, why, 16)
    assert found["problems"] == []
    assert sum(found["signatures_by_key"].values()) == 16
    assert list(found["signers"].values()) == ["retired", "current"]
