"""Bringing a store to the present schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, text

from pipeline.store.store import Store

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["is_current", "upgrade"]

_FOLDER: Final = Path(__file__).with_name("migrations")


def _config() -> Config:
    # Loaded by whoever migrates; every command only asks whether it must be done.
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config


def upgrade(store: Store) -> None:
    """Run every migration that the store lacks."""
    from alembic import command  # noqa: PLC0415 - see `_config`

    config = _config()
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(store: Store) -> bool:
    """Whether the store has the present schema: revisions are numbered, and files begin so."""
    head = max(file.name.partition("_")[0] for file in (_FOLDER / "versions").glob("[0-9]*.py"))
    with store.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found == head
