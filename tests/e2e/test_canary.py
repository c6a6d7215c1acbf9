"""A small `canary` campaign: nothing of a person stands anywhere in a home that did its work."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from benchmarks.campaigns.canary import canaries, canary, search


@pytest.mark.slow
def test_no_byte_of_a_home_is_a_person(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        result = canary(tmp_path, cards=8, faults="harsh", seed=17)
    assert result["problems"] == []
    assert result["files"] >= 6
    assert result["sought"] > 60
    (sample,) = tmp_path.glob("*.sample")
    out, err = capfd.readouterr()
    said = (caplog.text + out + err).encode()
    assert not [what for piece, what in canaries(sample / "records.jsonl").items() if piece in said]


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "prefect").mkdir()
    (tmp_path / "prefect" / "log").write_bytes(b"failed for 1671015708850000\n")
    (tmp_path / "1671015708850000.pdf").write_bytes(b"")
    searched, found = search(tmp_path, {b"1671015708850000": "line 1: nik"})
    assert len(searched) == 2
    assert found == [
        "1671015708850000.pdf's own name (line 1: nik)",
        "prefect/log (line 1: nik)",
    ]
