"""A whole batch over real wires: every card personalized, closed, verified; and a card torn out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from benchmarks.campaigns.homes import LINE
from benchmarks.campaigns.truth import contradictions
from benchmarks.campaigns.wire import WiredHome
from pipeline.plant import Plant
from tests.integration.wire.conftest import CARDS, Wires
from tests.integration.wire.finished import Finished

pytestmark = pytest.mark.exclusive

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "outputs.schema.json").read_text())
PROFILES = ("ktp-el", "icao-lds1")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_card_of_a_batch_passes(finished: Callable[[str], Finished], profile: str) -> None:
    done = finished(profile)
    assert done.ran.code == 0, done.ran.err
    counts = done.ran.document["cards"]
    assert counts.pop("picked") == counts.pop("passed") == CARDS
    assert not any(counts.values())
    assert {job["state"] for job in done.jobs} == {"PRODUCED"}
    assert _truth(done.home) == []
    # Each card came to the reader by itself, and the server of the chips ended as it was told.
    assert done.served_code == 0
    assert done.served["offered"] >= CARDS
    told = {"$ref": "#/$defs/sim chip", "$defs": SCHEMA["$defs"]}
    Draft202012Validator(told).validate(done.served)


def _truth(home: WiredHome) -> list[str]:
    with Plant.open(home.path) as plant:
        return [str(problem) for problem in contradictions(plant)]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_stranger_verifies_a_card_on_a_desk_reader(
    finished: Callable[[str], Finished], profile: str
) -> None:
    done = finished(profile)
    arguments = ["card", "verify", "--reader", done.reader]
    with done.home.offering("chip", "--job", done.job, "--profile", profile):
        if profile == "ktp-el":
            with done.home.offering("sam", reader=1):
                told = done.home.ektp(*arguments, "--sam", done.slot)
        else:
            told = done.home.ektp(*arguments)
    assert told.code == 0, told.err
    assert told.document["verdict"] == "PASS"
    assert told.document["card"] == done.card
    checks = {check["name"]: check["outcome"] for check in told.document["checks"]}
    # Closed: GlobalPlatform SECURED, and the marker of the personalization gone.
    assert checks["chip.life_cycle"] == checks["access.marker_gone"] == "PASSED"
    assert checks["channel.secure_messaging"] == "PASSED"


def test_a_card_torn_out_in_mid_batch_loses_no_card(wires: Wires) -> None:
    """The server of the chips is killed while a chip is written, and started again later."""
    home = wires.home("torn", "ktp-el", 3)
    with home.offering("chip", "--line", LINE) as serving:
        running = home.start("batch", "run", home.batch)
        while not _encoding(home):
            assert running.poll() is None
            time.sleep(0.005)
        serving.kill()
        running.communicate(timeout=120)
    # The chip that was torn away is spoiled, and so are blanks that nobody answers for, until the
    # third of them stops the line.
    assert running.returncode == 5
    after = home.ektp("batch", "status", home.batch).document["cards"]
    assert after["picked"] == after["passed"] + after["spoiled"]
    assert after["spoiled"] >= 3
    with home.offering("chip", "--line", LINE):
        assert home.ektp("lines", "resume", LINE).code == 0
        told = home.ektp("batch", "run", home.batch)
    assert told.code == 0, told.err
    counts = told.document["cards"]
    assert (counts["passed"], counts["spoiled"]) == (3, after["spoiled"])
    assert counts["picked"] == counts["passed"] + counts["spoiled"]
    assert counts["difference"] == 0
    assert _truth(home) == []


def _encoding(home: WiredHome) -> bool:
    with Plant.open(home.path) as plant, plant.home.store.read() as connection:
        found: Any = connection.exec_driver_sql(
            "SELECT COUNT(*) FROM cards WHERE state = 'ENCODING'"
        ).scalar()
    return bool(found)
