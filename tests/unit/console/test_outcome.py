"""Errors become words in two languages and exit codes, in one place."""

from __future__ import annotations

import inspect
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.cli import main as entry
from console.cli import outcome, wording
from console.cli.answers import ExitCode
from console.cli.session import Session
from ektp import errors

WORDS = tomllib.loads((Path(wording.__file__).with_name("words.toml")).read_text())


def _tree() -> Iterator[type[errors.EktpError]]:
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.EktpError):
            yield kind


TREE = sorted(_tree(), key=lambda kind: kind.__name__)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NotAHome(), 2),
        (errors.IdInvalid(), 2),
        (errors.NotFound(), 2),
        (errors.SecondPersonRequired(), 2),
        (errors.DecisionOpen(), 3),
        (errors.CardUncertain(), 3),
        (errors.CountMismatch(), 4),
        (errors.ChainBroken(), 4),
        (errors.LineBusy(), 5),
        (errors.LineStopped(), 5),
        (errors.ReaderUnavailable(), 5),
        (errors.TokenNotFound(), 6),
        (errors.SealBroken(), 6),
        (errors.EnvelopeSignatureInvalid(), 7),
        (errors.RecordRejected("REC-102", "a field has the wrong form or type"), 7),
        (errors.StockError(), 7),
    ],
)
def test_the_contract_of_exit_codes(error: errors.EktpError, code: int) -> None:
    assert outcome.exit_code(error) == code


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_each_error_has_an_exit_code_that_is_a_failure(kind: type[errors.EktpError]) -> None:
    arguments = ("REC-102", "wrong") if kind is errors.RecordRejected else ()
    expected = kind is errors.Unexpected
    assert outcome.exit_code(kind(*arguments)) is not ExitCode.DONE
    assert (outcome.exit_code(kind(*arguments)) is ExitCode.UNEXPECTED) is expected


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_each_error_is_told_in_indonesian(kind: type[errors.EktpError]) -> None:
    meaning, remedy = WORDS["errors"][kind.code]
    assert meaning
    assert remedy
    assert meaning != kind.meaning


def test_no_translation_is_left_over() -> None:
    assert set(WORDS["errors"]) == {kind.code for kind in TREE}


def test_each_refusal_of_a_record_is_told_in_indonesian() -> None:
    from pipeline.intake.refusals import Refusal  # noqa: PLC0415 - heavy, and only needed here

    assert set(WORDS["refusals"]) == {refusal.code for refusal in Refusal}


@pytest.mark.parametrize("name", sorted(WORDS["sentences"]))
def test_each_sentence_names_the_same_facts_in_both_languages(name: str) -> None:
    indonesian, english = WORDS["sentences"][name]
    assert _fields(indonesian) == _fields(english)


def _fields(sentence: str) -> set[str]:
    return {part.split("}")[0] for part in sentence.split("{")[1:]}


def test_a_failure_tells_what_happened_its_code_and_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    session = Session(lang="en")
    assert outcome.failed(session, errors.LineBusy(line="L1")) == 5
    told = capsys.readouterr()
    assert told.out == ""
    assert "PRN-440  the line is held by another process (line=L1)" in told.err
    assert "What to do: wait for it" in told.err


def test_a_failure_speaks_indonesian_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    outcome.failed(Session(), errors.LineBusy(line="L1"))
    told = capsys.readouterr().err
    assert "jalur dipegang proses lain" in told
    assert "Langkah berikut:" in told


def test_a_line_that_stopped_tells_the_remedy_of_its_cause_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stopped = errors.LineStopped(cause=errors.HopperEmpty.code)
    stopped.__cause__ = errors.HopperEmpty()
    assert outcome.failed(Session(lang="en"), stopped) == 5
    told = capsys.readouterr().err
    assert told.index("ektp stock issue") < told.index("ektp lines resume")


def test_a_failure_for_programs_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    outcome.failed(Session(as_json=True), errors.LineBusy(line="L1"))
    document = json.loads(capsys.readouterr().out)
    assert document["error"]["code"] == "PRN-440"
    assert document["error"]["exit"] == 5


# --- the unexpected -----------------------------------------------------------------------------

CANARY = "1671010101900000"


class _Broken:
    @staticmethod
    def main(**_: object) -> int:
        raise ZeroDivisionError(CANARY)


def test_something_unexpected_shows_an_id_and_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(entry, "command_tree", _Broken)
    monkeypatch.chdir(tmp_path)
    assert entry.main(["--lang", "en", "batch", "status"]) == 1
    told = capsys.readouterr()
    assert "E-" in told.err
    assert "Traceback" not in told.err
    assert CANARY not in told.err + told.out
    assert list(tmp_path.iterdir()) == [], "no log in a folder that is no home"


def test_something_unexpected_is_logged_in_the_home_without_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ektp.toml").touch()
    with pytest.raises(ZeroDivisionError) as caught:
        _Broken.main()
    assert outcome.unexpected(Session(folder=tmp_path, lang="en"), caught.value) == 1
    (log,) = (tmp_path / "logs").iterdir()
    written = log.read_text()
    assert log.stem in capsys.readouterr().err
    assert "ZeroDivisionError" in written
    assert "test_outcome.py" in written
    assert CANARY not in written


def test_breaking_off_is_told_plainly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Stopped:
        @staticmethod
        def main(**_: object) -> int:
            raise KeyboardInterrupt

    monkeypatch.setattr(entry, "command_tree", Stopped)
    assert entry.main([]) == 130
    assert "Dihentikan." in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--json", "batch", "run"], ["--json", "--lang", "xx"]])
def test_a_wrong_command_line_is_answered_in_the_form_asked_for(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert entry.main(arguments) == 2
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["exit"] == 2
    assert "CLI-002" in told.err
