"""Commands run in this process, in homes made once per module; answers are held to the schema."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from console.cli.main import main
from console.cli.reference import commands
from pipeline.plant import write_sample_records

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "outputs.schema.json").read_text())
WORDS = {tuple(words.split()) for words, _ in commands()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How a command ended and what it told."""

    code: int
    document: dict[str, Any]
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cli:
    """The command line on one home."""

    home: Path

    def __call__(self, *arguments: object, user: str | None = None, lang: str = "en") -> Told:
        """Run a command with --json; its document has been checked against its schema."""
        told = self.say(*arguments, user=user, lang=lang, options=("--json",))
        document = json.loads(told.out)
        _validate([str(each) for each in arguments], document)
        return Told(code=told.code, document=document, out=told.out, err=told.err)

    def say(
        self,
        *arguments: object,
        user: str | None = None,
        lang: str = "en",
        options: tuple[str, ...] = (),
    ) -> Told:
        """Run a command as people do."""
        line = ["--home", str(self.home), "--lang", lang, *options]
        if user is not None:
            line += ["--as", user]
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main([*line, *(str(each) for each in arguments)])
        return Told(code=code, document={}, out=out.getvalue(), err=err.getvalue())

    def done(self, *arguments: object, user: str | None = None) -> dict[str, Any]:
        """Run a command that must succeed; its document."""
        told = self(*arguments, user=user)
        assert told.code == 0, told.err
        return told.document

    def refused(self, code: int, *arguments: object, user: str | None = None) -> dict[str, Any]:
        """Run a command that must fail with an exit code; its error, which was told to people."""
        told = self(*arguments, user=user)
        assert told.code == code, told.out + told.err
        error: dict[str, Any] = told.document["error"]
        assert error["code"] in told.err
        assert "Traceback" not in told.err
        return error


def _validate(arguments: list[str], document: dict[str, Any]) -> None:
    name = "error" if "error" in document else _name(arguments)
    schema = {"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]}
    Draft202012Validator(schema).validate(document)


def _name(arguments: list[str]) -> str:
    return next(
        " ".join(arguments[:length]) for length in (3, 2, 1) if tuple(arguments[:length]) in WORDS
    )


@pytest.fixture(scope="session")
def cli_at() -> Callable[[Path], Cli]:
    return lambda home: Cli(home=home)


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A fresh simulated home of the module's own."""
    made = Cli(home=tmp_path_factory.mktemp("simulated") / "home")
    made.done("init", "--simulated")
    return made


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight people's records, signed; nobody of them exists."""
    file = tmp_path_factory.mktemp("sample") / "sample.jsonl"
    write_sample_records(file, 8, 11)
    return file


@pytest.fixture(scope="session")
def approver(sample: Path) -> Path:
    """The certificate of who signed the sample."""
    return sample.with_name("sample.approver.pem")
