"""Results for people and for programs."""

from __future__ import annotations

import json

import pytest
import typer

from console.cli.answers import ExitCode, Facts, Table, answer, note, progress
from console.cli.session import Session

TABLE = Table(columns=("job", "cards"), rows=[("J-1", 2), ("J-22", None)])


def test_programs_get_one_document_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session(as_json=True)
    note(session, "for people")
    answer(session, {"jobs": 2}, TABLE, "a line")
    told = capsys.readouterr()
    assert json.loads(told.out) == {"jobs": 2}
    assert told.err == ""


def test_a_result_can_end_with_a_code_and_is_shown_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as ended:
        answer(Session(as_json=True), {"difference": 1}, code=ExitCode.COUNTS)
    assert ended.value.exit_code == 4
    assert json.loads(capsys.readouterr().out) == {"difference": 1}


def test_a_pipe_gets_plain_columns(capsys: pytest.CaptureFixture[str]) -> None:
    answer(Session(lang="en"), {}, TABLE)
    assert capsys.readouterr().out == "job   cards\nJ-1   2\nJ-22  -\n"


def test_labels_are_indonesian_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    answer(Session(), {}, Facts(facts={"refused": 1, "balanced": True}))
    assert capsys.readouterr().out == "ditolak   1\nseimbang  ya\n"


def test_lists_and_nothing_are_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    answer(Session(lang="en"), {}, Facts(facts={"missing": [], "files": ["a", "b"], "why": None}))
    assert capsys.readouterr().out == "missing  -\nfiles    a, b\nwhy      -\n"


def test_without_a_terminal_progress_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(Session(), "cards", 3) as advance:
        advance(3)
    told = capsys.readouterr()
    assert told.out + told.err == ""


def test_a_terminal_gets_a_drawn_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    answer(Session(lang="en"), {}, TABLE)
    drawn = capsys.readouterr().out
    assert "J-22" in drawn
    assert "─" in drawn


def test_a_terminal_gets_a_progress_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress(Session(lang="en"), "records", 10, in_bytes=True) as advance:
        advance(10)
    assert capsys.readouterr().out == ""
