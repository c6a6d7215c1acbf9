"""Bringing a store to the present schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from pipeline.store.store import Store

__all__ = ["is_current", "upgrade"]

_FOLDER = Path(__file__).with_name("migrations")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config


def upgrade(store: Store) -> None:
    """Run every migration that the store lacks."""
    config = _config()
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(store: Store) -> bool:
    """Whether the store has the present schema."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with store.read() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head
