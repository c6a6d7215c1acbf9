"""`ektp bench`: its answer, the goals that no machine can change, and the page made of it.

No figure of time is judged here.
"""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from .conftest import Cli

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def results(
    cli_at: Callable[[Path], Cli], tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Any]]:
    """All figures of one quick run, as --json gives them, in a folder that is no home."""
    document = cli_at(tmp_path_factory.mktemp("nowhere")).done("bench", "--quick")
    found: list[dict[str, Any]] = document["results"]
    return found


@pytest.fixture(scope="module")
def by_name(results: list[dict[str, Any]]) -> Mapping[str, dict[str, Any]]:
    return {result["name"]: result for result in results}


def test_a_benchmark_that_there_is_not(cli_at: Callable[[Path], Cli], tmp_path: Path) -> None:
    error = cli_at(tmp_path).refused(2, "bench", "--only", "nonsense")
    assert "chip.bytes" in error["meaning"]


def test_only_some(cli_at: Callable[[Path], Cli], tmp_path: Path) -> None:
    told = cli_at(tmp_path).say("bench", "--quick", "--only", "chip.radio")
    first, *rows = told.out.splitlines()
    assert (told.code, first.split()[:2]) == (0, ["name", "value"])
    assert rows
    assert all(row.startswith("chip.radio.") for row in rows)
    assert list(tmp_path.iterdir()) == []


def test_each_figure_has_one_name(results: list[dict[str, Any]]) -> None:
    assert len({result["name"] for result in results}) == len(results)
    assert all(result["value"] > 0 for result in results)


def test_the_goals_for_bytes_are_met(results: list[dict[str, Any]]) -> None:
    held = [each for each in results if each["name"].startswith("chip.bytes.") and each["goal"]]
    assert len(held) == 30
    assert [each["name"] for each in held if not each["ok"]] == []
    assert all(each["limit"] < each["value"] < each["goal"] * each["limit"] for each in held)


@pytest.mark.parametrize("link", ["short", "chaining", "extended"])
def test_a_full_chip_of_8_kb(by_name: Mapping[str, dict[str, Any]], link: str) -> None:
    session = by_name[f"chip.bytes.ktp-el.largest.{link}.session_both_ways"]
    assert session["limit"] == 53 + 898 + 4792 + 928 + 400 + 400 + 80
    assert session["ratio"] <= session["goal"] == 1.30
    # Everything is read again: what comes back is more than the payload.
    read = by_name[f"chip.bytes.ktp-el.largest.{link}.read_back_both_ways"]
    assert read["value"] > read["limit"]


def test_faster_links_take_less_time(by_name: Mapping[str, dict[str, Any]]) -> None:
    for kind in "AB":
        times = [
            by_name[f"chip.radio.ktp-el.largest.short.{kind}{rate}.write"]["value"]
            for rate in (106, 424, 848)
        ]
        assert times == sorted(times, reverse=True)


def test_the_page_of_figures(results: list[dict[str, Any]]) -> None:
    make = runpy.run_path(str(DOCS / "make_performance.py"))["performance_markdown"]
    page = make(results, "a machine", "2026-01-05")
    assert (
        json.dumps(results).count('"ok": false') == page.split("Goals missed: ")[1].count("`") / 2
    )
    kept = (DOCS / "performance.md").read_text("utf-8").splitlines()
    computed = [row for row in page.splitlines() if row.startswith("| ktp-el largest")]
    assert len(computed) == 3 + 12
    assert [row for row in computed if row not in kept] == []
    # Every figure that has a name of its own is told what it means.
    named = {result["name"] for result in results}
    told = {name for name in named if f"`{name}`" in page}
    assert named - told == {n for n in named if n.startswith(("chip.bytes.", "chip.radio."))}
