"""The tree of errors: codes, pickling, what is shown, and its page."""

from __future__ import annotations

import importlib.util
import pickle
from pathlib import Path
from types import ModuleType

import pytest

from ektp import errors
from ektp.errors import Disposition, EktpError, RecordRejected, TransitionRefused
from ektp.lifecycle import CardEvent, CardState
from pipeline.intake.refusals import Refusal

ROOT = Path(__file__).resolve().parents[3]


def _maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_errors", ROOT / "docs/make_errors.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = _maker()
KINDS: list[type[EktpError]] = list(MAKER.kinds())


def test_the_page_is_what_the_tree_says() -> None:
    """Write it again with `python docs/make_errors.py`."""
    assert (ROOT / "docs/errors.md").read_text() == MAKER.errors_page()


def test_every_code_is_given_once() -> None:
    codes = [kind.code for kind in KINDS] + [refusal.code for refusal in Refusal]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_says_its_code_its_facts_and_survives_a_process(kind: type[EktpError]) -> None:
    error = kind("a detail", line="L1", count=3)
    assert str(error) == f"{kind.code} {kind.meaning}: a detail (line=L1, count=3)"
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made one line before
    assert type(again) is kind
    assert (again.detail, again.facts, str(again)) == (error.detail, error.facts, str(error))
    assert str(kind()) == f"{kind.code} {kind.meaning}"
    assert kind.disposition in Disposition
    assert kind.remedy
    assert kind.__doc__


@pytest.mark.parametrize("refusal", Refusal, ids=lambda refusal: refusal.name)
def test_a_refused_record_says_its_own_code_and_survives_a_process(refusal: Refusal) -> None:
    error = refusal.error(field="biographicData.name")
    assert str(error) == f"{refusal.code} {refusal.meaning} (field=biographicData.name)"
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made one line before
    assert isinstance(again, RecordRejected)
    assert (again.refusal_code, again.reason, again.facts) == (
        error.refusal_code,
        error.reason,
        error.facts,
    )


def test_every_class_of_the_module_is_of_the_tree() -> None:
    for name in vars(errors):
        found = getattr(errors, name)
        if isinstance(found, type) and issubclass(found, Exception):
            assert issubclass(found, EktpError), name


def test_a_refused_transition_names_states_and_nobody() -> None:
    error = TransitionRefused(state=CardState.LOST.value, event=CardEvent.PASS.value, card="00")
    assert (
        str(error)
        == "LIF-701 this cannot happen in the present state (state=LOST, event=PASS, card=00)"
    )
