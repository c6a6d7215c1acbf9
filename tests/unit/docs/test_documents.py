"""The documents say what the code does: generated ones are current, and named paths are there."""

from __future__ import annotations

import itertools
import re
import runpy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from console.cli.main import command_tree
from ektp.cards import Step
from ektp.lifecycle import CARD_TRANSITIONS, JOB_TRANSITIONS
from pipeline.production.recovery import ChipSays, Decision, Evidence, decide

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
RECOVERY = (DOCS / "recovery.md").read_text("utf-8")
WRITTEN = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "CHANGELOG.md",
    DOCS / "architecture.md",
    *sorted((DOCS / "decisions").glob("*.md")),
]
YES_NO = {"yes": (True,), "no": (False,), "any": (False, True)}


@pytest.fixture(scope="module")
def generator() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "generate.py"))


def test_generated_documents_are_current(generator: dict[str, Any]) -> None:
    for name, make in generator["DOCUMENTS"].items():
        assert (DOCS / name).read_text("utf-8") == make(), f"run: python docs/generate.py ({name})"


# --- recovery.md, read as a stranger would ------------------------------------------------------


def _situations(title: str) -> Iterator[tuple[Step, bool]]:
    for words in title.removeprefix("Last in the journal: ").split(", "):
        step = Step(words.split("`")[1])
        if "without its outcome" not in words:
            yield step, True
        if "with its outcome" not in words:
            yield step, False


def _chips(cell: str) -> set[ChipSays]:
    named = {ChipSays(word) for word in re.findall(r"`(\w+)`", cell)}
    if cell.startswith("any"):
        return set(ChipSays) - named
    return named


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def _evidence(step: Step, *, known: bool, cells: list[str]) -> Iterator[Evidence]:
    inside, chip, fed, good, rejected = cells[:5]
    for values in itertools.product(
        YES_NO[inside], _chips(chip), YES_NO[fed], YES_NO[good], YES_NO[rejected]
    ):
        yield Evidence(
            step=step,
            outcome_known=known,
            inside=values[0],
            chip=values[1],
            fed=values[2],
            good=values[3],
            rejected=values[4],
        )


def _written(decision: Decision) -> tuple[str, str]:
    word = f"**{decision.action.value.replace('_', ' ')}**"
    detail = decision.step or decision.cause
    return (f"{word}: `{detail.value}`" if detail else word), decision.reason


def test_the_recovery_table_answers_every_evidence_once_and_rightly() -> None:
    asked: list[Evidence] = []
    for section in re.split(r"^## ", RECOVERY, flags=re.MULTILINE):
        title, _, body = section.partition("\n")
        if not title.startswith("Last in the journal"):
            continue
        rows = [_cells(line) for line in body.splitlines() if line.startswith("|")][2:]
        assert rows, title
        for step, known in _situations(title):
            for cells in rows:
                for evidence in _evidence(step, known=known, cells=cells):
                    asked.append(evidence)
                    assert (cells[5], cells[6]) == _written(decide(evidence)), evidence
    assert len(asked) == len(set(asked)) == len(Step) * 2 * 2 * len(ChipSays) * 8


# --- life-cycles.md -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "transitions"), [("Job", JOB_TRANSITIONS), ("Card", CARD_TRANSITIONS)]
)
def test_the_life_cycles_are_written_whole(
    title: str, transitions: Mapping[tuple[str, str], str]
) -> None:
    text = (DOCS / "life-cycles.md").read_text("utf-8")
    section = text.split(f"## {title}\n")[1].split("\n## ")[0]
    rows = [_cells(line) for line in section.splitlines() if line.startswith("|")][2:]
    written = {
        (origin, event): following
        for event, origins, following in rows
        for origin in origins.split(", ")
    }
    assert written == {
        (str(state), str(event)): str(to) for (state, event), to in transitions.items()
    }


# --- what the written documents name ------------------------------------------------------------


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", document.read_text("utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: path.name)
def test_named_modules_are_there(document: Path) -> None:
    packages = "ektp|personalization|printers|hsm|inspection|simulation|pipeline|flows|console"
    named = rf"`((?:{packages}|tests|benchmarks|scenarios|docs|\.ci)/[\w./-]*)`"
    for path in re.findall(named, document.read_text("utf-8")):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: path.name)
def test_make_targets_that_are_named_are_there(document: Path) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for target in re.findall(r"`make (\w+)", document.read_text("utf-8")):
        assert target in targets


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in sorted((DOCS / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_decision_is_listed_in_the_architecture() -> None:
    text = (DOCS / "architecture.md").read_text("utf-8")
    for path in (DOCS / "decisions").glob("*.md"):
        assert f"decisions/{path.name}" in text, path.name


# --- commands that are named --------------------------------------------------------------------

GLOBAL_WITH_VALUE = {"--home", "--as", "--lang"}


def _command_lines(text: str) -> Iterator[list[str]]:
    """Calls of `ektp` in code blocks and in code within sentences, without global options."""
    spans = re.findall(r"`(ektp [^`]+)`", text)
    for block in re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            spans += [part for part in line.split("#")[0].split(" && ") if part.startswith("ektp ")]
    for span in spans:
        words = span.split()[1:]
        while words and words[0].startswith("--"):
            words = words[2 if words[0] in GLOBAL_WITH_VALUE else 1 :]
        if words:
            yield words


def _unknown(words: list[str], command: Any) -> list[str]:
    """Words of a call that the command line does not have: verbs, options."""
    verbs = getattr(command, "commands", {})
    first, rest = words[:1], words[1:]
    if verbs and first and not first[0].startswith("--"):
        alternatives = first[0].split("|")
        strange = [verb for verb in alternatives if verb not in verbs]
        if strange or len(alternatives) > 1:
            return strange
        return _unknown(rest, verbs[first[0]])
    known = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    named = [name for word in words for name in word.split("|") if name.startswith("--")]
    return [name for name in named if name not in known]


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: path.name)
def test_commands_that_are_named_are_there(document: Path) -> None:
    root = command_tree()
    for words in _command_lines(document.read_text("utf-8")):
        command = root.get_command(None, words[0])
        assert command is not None, words
        assert not _unknown(words[1:], command), words


def test_a_command_that_is_not_there_would_be_found() -> None:
    root = command_tree()
    wrong = "`ektp batch fly` `ektp --home H card verify --glass X` `ektp card keep|spoil`"
    for words in _command_lines(wrong):
        assert _unknown(words[1:], root.get_command(None, words[0])), words
