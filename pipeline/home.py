"""A home: one folder with settings, store, token, Prefect's data and, where simulated, a world."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from ektp.errors import HomeExists, NotAHome, StoreError
from ektp.ids import Identifier
from ektp.journal import Actor, Role
from ektp.ports import Entropy
from pipeline.settings import HomeKind, Settings, read_settings
from pipeline.store.migrate import is_current
from pipeline.store.store import Store

__all__ = [
    "SETTINGS_FILE",
    "Home",
    "SystemClock",
    "SystemEntropy",
    "new_id",
    "store_url",
    "system_actor",
]

SETTINGS_FILE: Final = "ektp.toml"


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)


class SystemEntropy:
    """The machine's source of chance."""

    def token_bytes(self, count: int) -> bytes:
        """Unpredictable bytes of the operating system."""
        return os.urandom(count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """An opened home."""

    path: Path
    settings: Settings
    store: Store
    clock: SystemClock

    @classmethod
    def open(cls, path: Path) -> Home:
        """Open the home in a folder.

        Raises `NotAHome`, `ConfigurationError`, or `StoreError` where its schema is not current.
        """
        file = path / SETTINGS_FILE
        if not file.is_file():
            raise NotAHome(folder=path.name)
        settings = read_settings(file)
        clock = SystemClock()
        store = Store(store_url(path, settings.store.url), clock)
        if not is_current(store):
            raise StoreError("its schema is of another version; run: ektp init --upgrade")
        return cls(path=path, settings=settings, store=store, clock=clock)

    @staticmethod
    def must_be_free(path: Path) -> None:
        """Raises `HomeExists` where the folder holds a home, or anything else."""
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise HomeExists(folder=path.name)

    @property
    def kind(self) -> HomeKind:
        """Simulated or production."""
        return self.settings.home.kind

    @property
    def zone(self) -> ZoneInfo:
        """The zone that decides calendar days here."""
        return ZoneInfo(self.settings.home.zone)

    def today(self) -> date:
        """Today in the home's zone."""
        return self.clock.now().astimezone(self.zone).date()

    @property
    def token_folder(self) -> Path:
        """Where a soft token lies."""
        return self.path / "token"

    @property
    def world_folder(self) -> Path:
        """Where the simulated world lies."""
        return self.path / "sim"

    @property
    def inbox(self) -> Path:
        """Where files that wait for intake are noted, by opaque ids."""
        return self.path / "inbox"

    @property
    def outbox(self) -> Path:
        """Where acknowledgements and outcome files are left for the sender."""
        return self.path / "outbox"

    def close(self) -> None:
        """Give the store's connections back."""
        self.store.close()


def store_url(path: Path, url: str) -> str:
    """The store's address; a relative SQLite file stands in the home."""
    prefix = "sqlite:///"
    if url.startswith(prefix) and not url.startswith(prefix + "/"):
        return prefix + str(path.absolute() / url.removeprefix(prefix))
    return url


def system_actor(station: str) -> Actor:
    """The system itself, where nobody in particular acts."""
    return Actor(principal="system", role=Role.SYSTEM, station=station)


_I = TypeVar("_I", bound=Identifier)


def new_id(kind: type[_I], entropy: Entropy) -> _I:
    """A fresh id; drawn again while its check character is not one of the 32."""
    while (identifier := kind.from_entropy(entropy.token_bytes(8))) is None:
        pass
    return identifier
