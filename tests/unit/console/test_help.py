"""The help: fast, without the heavy libraries, for every command, and written down."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.cli.catalogue import NOUNS, installed_nouns
from console.cli.main import main
from console.cli.reference import commands, reference_text

DOCS = Path(__file__).parents[3] / "docs"
HEAVY = ("prefect", "sqlalchemy", "PIL", "reportlab", "cryptography", "pydantic", "rich")
COMMANDS = dict(commands())


def _loaded(*arguments: str) -> list[str]:
    """The heavy libraries that a help loads, seen in a process of its own."""
    program = (
        "import sys; from console.cli.main import main; code = main(sys.argv[1:]);"
        f"print([name for name in {HEAVY} if name in sys.modules], code, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stderr.endswith(" 0\n"), done.stderr
    return done.stderr.strip().removesuffix(" 0").strip("[]").replace("'", "").split()


def test_the_top_help_loads_nothing_heavy() -> None:
    assert _loaded("--help") == []


def test_the_top_help_imports_no_noun(capsys: pytest.CaptureFixture[str]) -> None:
    program = (
        "import sys; from console.cli.main import main; main(['--help']);"
        "print([name for name in sys.modules if name.startswith('console.cli.')],"
        "file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not [noun for noun in NOUNS if f"console.cli.{noun}'" in done.stderr]


@pytest.mark.parametrize("noun", ["batch", "card", "stock", "approve"])
def test_the_help_of_a_noun_loads_nothing_heavy(noun: str) -> None:
    # typer itself looks for pydantic as soon as it has options to describe.
    assert set(_loaded(noun, "--help")) <= {"pydantic"}


def test_the_top_help_names_every_installed_noun(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for noun in installed_nouns():
        assert f"  {noun} " in shown


def test_a_noun_that_is_not_installed_is_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    missing = [noun for noun in NOUNS if noun not in installed_nouns()]
    for noun in [*missing, "nonsense"]:
        assert main([noun, "--help"]) == 2
        assert "No such command" in capsys.readouterr().err


@pytest.mark.parametrize("words", sorted(COMMANDS))
def test_each_command_has_help(words: str) -> None:
    command = COMMANDS[words]
    assert command.help
    assert command.help.split("\n", maxsplit=1)[0].rstrip().endswith((".", ":")), words


@pytest.mark.parametrize("words", sorted(COMMANDS))
def test_each_option_has_help(words: str) -> None:
    for option in _options(COMMANDS[words]):
        assert option.help, f"{words} {option.name}"


def _options(command: Any) -> Iterator[Any]:
    yield from (each for each in command.params if each.param_type_name == "option")


@pytest.mark.parametrize("words", sorted(COMMANDS))
def test_each_command_answers_its_help(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words.split(), "--help"]) == 0
    assert f"Usage: ektp {words}" in capsys.readouterr().out


def test_the_reference_is_what_the_command_tree_gives() -> None:
    written = (DOCS / "commands.md").read_text()
    assert written == reference_text(), "run: python -m console.cli.reference > docs/commands.md"


def test_each_command_has_a_schema() -> None:
    schema = json.loads((DOCS / "outputs.schema.json").read_text())
    missing = [words for words in COMMANDS if words not in schema["$defs"]]
    assert missing == []


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("ektp ")
