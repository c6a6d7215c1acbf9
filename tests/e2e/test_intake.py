"""A small `intake` campaign: every kind of refusal, each line, id and code."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.campaigns.intake import CODES, intake
from pipeline.intake.refusals import Refusal
from simulation.people import RefusalKind


def test_every_kind_of_bad_record_has_a_code_and_only_two_need_no_record() -> None:
    assert {CODES[kind] for kind in RefusalKind} == set(Refusal) - {
        # These cannot be shown by a record of ordinary length on this profile.
        Refusal.LINE_TOO_LONG,
        Refusal.CHIP_TOO_SMALL,
    }


@pytest.mark.slow
def test_exactly_the_bad_lines_are_refused_each_by_its_code(tmp_path: Path) -> None:
    result = intake(tmp_path, lines=260, bad=110)
    assert result["problems"] == []
    assert result["refused"] == 110
    assert result["accepted"] == 150
    assert len(result["by_code"]) == len(CODES)
