"""The homes, made once per session, and the text of a PDF."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pypdfium2
import pytest

from pipeline.documents import Document
from pipeline.plant import Plant


def _load(name: str) -> ModuleType:
    """A module of this folder: test folders are no packages here, so it cannot be imported."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"documents_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def homes() -> ModuleType:
    return _load("homes")


@pytest.fixture(scope="session")
def prepared(homes: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return homes.prepared_home(tmp_path_factory.mktemp("prepared"))


@pytest.fixture(scope="session")
def finished(homes: ModuleType, prepared: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return homes.finished_home(prepared, tmp_path_factory.mktemp("finished"))


@pytest.fixture
def plant(finished: Any) -> Iterator[Plant]:
    """The finished home, opened."""
    with finished.open() as plant:
        yield plant


@pytest.fixture
def changed(finished: Any, tmp_path: Path) -> Iterator[Plant]:
    """A copy of the finished home, to be changed."""
    with finished.copy(tmp_path).open() as plant:
        yield plant


@pytest.fixture
def read() -> Callable[[Document], list[str]]:
    """The text of each page of a PDF, line breaks as blanks."""

    def pages(document: Document) -> list[str]:
        pdf = pypdfium2.PdfDocument(document.content)
        try:
            return [" ".join(page.get_textpage().get_text_range().split()) for page in pdf]
        finally:
            pdf.close()

    return pages
