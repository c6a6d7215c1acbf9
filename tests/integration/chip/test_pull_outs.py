"""A small `pull-outs` campaign: a line outlives its token's absences; all signatures are good."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.campaigns.pull_outs import pull_outs


@pytest.mark.slow
def test_a_line_goes_on_by_itself_when_its_token_is_back(tmp_path: Path) -> None:
    result = pull_outs(tmp_path, pulls=10, cards=24, seed=11)
    assert result["problems"] == []
    assert result["pull_outs"] == 10
    for found in result["profiles"].values():
        assert found["jobs"] == {"PRODUCED": 12}
        assert found["attempts"]["passed"] == 12
        assert found["lost"] == 0
    assert sum(found["waits_of_the_line"] for found in result["profiles"].values()) > 0
