"""The tokens over which the contracts of `TokenKeys` and of the house's token are run.

A token is one entry of `TOKENS`: how a test gets an empty one, opens it, pulls it out and puts it
back. What is built on its keys is then run twice: in this process, and in a key process.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Protocol

import pytest

from ektp.errors import TokenNotFound
from hsm.house_token import Token
from hsm.initialisation import TRANSPORT_MASTERS, initialise
from hsm.keys import TokenKeys
from hsm.places import TokenKind, TokenPlace
from hsm.soft_keys import SoftKeys
from hsm.token_client import TokenClient
from tests.services.softhsm import VARIABLE, soft_hsm_in

START = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
READ_MASTER = bytes(range(0x40, 0x60))
TRANSPORT = {label: bytes((0xA0 + length,)) * length for label, length in TRANSPORT_MASTERS.items()}


@dataclass
class SettableClock:
    """Time, as the test wants it."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment


@dataclass(frozen=True)
class TokenCase:
    """A token with no keys, and what can be done to it from outside."""

    place: TokenPlace
    open: Callable[[], TokenKeys]
    """Open it, however often. Raises `TokenNotFound` while it is away."""
    pull_out: Callable[[], None]
    put_back: Callable[[], None]
    keeps_inside: bool = True
    """Whether secrets are SENSITIVE and not EXTRACTABLE in it."""


def _soft(folder: Path, made: Path | None = None) -> TokenCase:
    home, pin = folder / "token", "1234"
    place = TokenPlace(kind=TokenKind.SOFT, folder=home, development=True, pin_file=folder / "pin")
    place.pin_file.write_text(pin)
    if made is None:
        SoftKeys.create(home, pin).close()
    else:
        shutil.copytree(made / "token", home)
    keys, away = home / "keys", folder / "pulled out"
    return TokenCase(
        place=place,
        open=partial(SoftKeys.open, home, pin),
        pull_out=lambda: _move(keys, away),
        put_back=lambda: _move(away, keys),
        keeps_inside=False,
    )


def _move(here: Path, there: Path) -> None:
    here.rename(there)


def _softhsm(folder: Path, made: Path | None = None) -> TokenCase:
    hsm = soft_hsm_in(folder / "softhsm")
    label, pin = "ektp", "4711-0815"
    if made is None:
        (folder / "serial").write_text(hsm.add_token(label, pin))
    else:
        for name in ("token", "softhsm/tokens"):
            shutil.copytree(made / name, folder / name, dirs_exist_ok=True)
        shutil.copy(made / "serial", folder)
    place = TokenPlace(
        kind=TokenKind.PKCS11,
        folder=folder / "token",
        development=True,
        pin_file=folder / "pin",
        module=hsm.module,
        label=label,
        serial=(folder / "serial").read_text(),
    )
    place.pin_file.write_text(pin)
    return TokenCase(
        place=place,
        open=place.open,
        pull_out=hsm.pull_out,
        put_back=hsm.put_back,
    )


class MakeToken(Protocol):
    """How a test gets a token in a folder: an empty one, or a copy of one that was made."""

    def __call__(self, folder: Path, made: Path | None = None) -> TokenCase: ...


TOKENS: dict[str, MakeToken] = {"soft": _soft, "softhsm": _softhsm}


@pytest.fixture(params=TOKENS)
def case(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> TokenCase:
    """A token without keys."""
    # Set to something of the test's own by the token that reads it; restored at the end.
    monkeypatch.setenv(VARIABLE, "")
    return TOKENS[request.param](tmp_path)


@pytest.fixture
def keys(case: TokenCase) -> Iterator[TokenKeys]:
    """The same, opened."""
    opened = case.open()
    yield opened
    opened.close()


@dataclass
class TokenUnderTest:
    """A token with all keys of the house, and what a test must know beside them."""

    case: TokenCase
    clock: SettableClock
    house: Token | TokenClient
    process: bool
    _opened: list[Token | TokenClient] = field(default_factory=list)

    def open_again(self) -> Token | TokenClient:
        """The same token, opened by somebody else."""
        if self.process:
            again: Token | TokenClient = TokenClient(self.case.place, self.clock)
        else:
            again = Token(self.case.open(), self.case.place.folder, self.clock, development=True)
        self._opened.append(again)
        return again

    def close(self) -> None:
        for one in (self.house, *self._opened):
            one.close()


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A token by its name with all keys of the house: made once, for keys of RSA take long."""

    @cache
    def make(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        case = TOKENS[name](folder)
        initialise(
            case.open(),
            case.place.folder,
            SettableClock(),
            development=True,
            read_master=READ_MASTER,
            transport=TRANSPORT,
        ).close()
        return folder

    return make


@pytest.fixture(params=["here", "process"])
def where(request: pytest.FixtureRequest) -> str:
    """Whether a token is used in this process or in its key process."""
    place: str = request.param
    return place


@pytest.fixture(params=TOKENS)
def token(
    request: pytest.FixtureRequest,
    where: str,
    tmp_path: Path,
    furnished: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[TokenUnderTest]:
    """A token with all keys of the house, used here or in its key process."""
    monkeypatch.setenv(VARIABLE, "")
    made = furnished(request.param)
    case = TOKENS[request.param](tmp_path, made)
    clock = SettableClock()
    process = where == "process"
    house = (
        TokenClient(case.place, clock)
        if process
        else Token(case.open(), case.place.folder, clock, development=True)
    )
    under_test = TokenUnderTest(case, clock, house, process)
    yield under_test
    under_test.close()


def is_away(house: Token | TokenClient) -> bool:
    """Whether a use of a key is refused for want of the token."""
    try:
        house.sign_as_site(b"{}\n")
    except TokenNotFound:
        return True
    return False
