"""One pcscd, one SoftHSM and a home of each profile for all of these tests; made when needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.campaigns.wire import WiredHome, on_wires, wired_home
from tests.integration.wire.finished import Finished, work_through
from tests.services.pcscd import SOCKET_VARIABLE, Pcscd
from tests.services.softhsm import VARIABLE, SoftHsm

CARDS = 6


class Wires:
    """What the homes hang on."""

    def __init__(self, folder: Path, pcscd: Pcscd, hsm: SoftHsm) -> None:
        self.folder = folder
        self.pcscd = pcscd
        self.hsm = hsm
        self._finished: dict[str, Finished] = {}

    def home(self, name: str, profile: str, cards: int) -> WiredHome:
        """A home whose batch is prepared."""
        readers = tuple(self.pcscd.readers)
        return wired_home(self.folder / name, profile, cards, self.hsm, readers)

    def finished(self, profile: str) -> Finished:
        """A home whose batch was worked through, once for all."""
        if profile not in self._finished:
            self._finished[profile] = work_through(self.home(profile, profile, CARDS))
        return self._finished[profile]


@pytest.fixture(scope="session")
def _wires(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wires]:
    folder = tmp_path_factory.mktemp("wire")
    with on_wires(folder) as (pcscd, hsm):
        yield Wires(folder, pcscd, hsm)


@pytest.fixture
def wires(_wires: Wires, monkeypatch: pytest.MonkeyPatch) -> Wires:
    """The wires; other tests of the session use their own meanwhile."""
    monkeypatch.setenv(SOCKET_VARIABLE, str(_wires.pcscd.socket))
    monkeypatch.setenv(VARIABLE, str(_wires.hsm.folder / "conf"))
    return _wires


@pytest.fixture
def finished(wires: Wires) -> Callable[[str], Finished]:
    """The worked-through home of a profile."""
    return wires.finished
