"""A small `kill9` campaign: a child process is killed six times over sixteen cards."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from benchmarks.campaigns.evidence import write_evidence
from benchmarks.campaigns.kill9 import Campaign, kill9
from tests.builders import a_batch, a_home


@pytest.mark.slow
def test_a_line_that_is_killed_again_and_again_keeps_true_books(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=16, faults="typical", foreigners=True)
    Campaign(seed=5, cards=16, kills=6, faults="typical", batch=a_batch(home)).save(tmp_path)
    result = kill9(tmp_path)
    assert result["problems"] == []
    assert result["kills"] == 6
    assert sum(result["jobs"].values()) == 16
    assert result["batch"]["difference"] == 0
    evidence = json.loads(write_evidence("kill9", result, tmp_path).read_text())
    assert evidence["ok"]
    assert len(evidence["commit"]) >= 7


@pytest.mark.slow
def test_the_campaign_would_see_a_card_too_many(tmp_path: Path) -> None:
    """The check itself is checked: books that lie are found."""
    from sqlalchemy import update  # noqa: PLC0415 - only here are books falsified

    from pipeline.plant import Plant  # noqa: PLC0415
    from pipeline.store import schema as db  # noqa: PLC0415
    from tests.builders import OPERATOR, contradictions, floor  # noqa: PLC0415

    home = a_home(tmp_path, cards=2)
    with floor(home) as it:
        it.run(a_batch(home))
    with Plant.open(home) as plant:
        assert contradictions(plant) == []
        with plant.home.store.transaction(OPERATOR) as tx:
            tx.connection.execute(
                update(db.cards).where(db.cards.c.state == "PASSED").values(state="SPOILED")
            )
        found = contradictions(plant)
        assert any("in the good tray as SPOILED" in what for what in found)
        assert any("projection" in what for what in found)
    shutil.rmtree(home)
