"""Where a home's keys are, and how those of a simulated home are made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ektp.errors import SimulationRefused, TokenNotFound
from ektp.ports import Clock
from hsm.keys import KeyLabel
from hsm.places import TokenKind, TokenPlace
from hsm.token_client import make_token as make_token_at
from pipeline.home import Home
from pipeline.settings import TokenSettings

__all__ = ["make_token", "token_place"]

_PIN_FILE: Final = "pin"


def token_place(home: Home) -> TokenPlace:
    """Where this home's token is. A production home takes none of software.

    Raises `TokenNotFound` where none is named, `SimulationRefused`.
    """
    settings = home.settings.token
    if settings.kind == "none":
        raise TokenNotFound("this home names no token yet; set [token] in ektp.toml")
    if settings.kind == "soft" and home.kind == "production":
        raise SimulationRefused("the soft token protects nothing that is real")
    return _place(settings, home.path, home.token_folder, development=home.kind != "production")


def make_token(
    settings: TokenSettings, home: Path, clock: Clock, *, transport: Mapping[str, bytes]
) -> None:
    """Make all keys of a simulated home; a software token gets a PIN, and the PIN beside it.

    `transport`: the makers' transport masters by label. Raises `HsmError`, `TokenNotFound`.
    """
    place = _place(settings, home, home / "token", development=True)
    masters = {KeyLabel(label): value for label, value in transport.items()}
    make_token_at(place, clock, transport=masters)


def _place(settings: TokenSettings, home: Path, folder: Path, *, development: bool) -> TokenPlace:
    return TokenPlace(
        kind=TokenKind(settings.kind),
        folder=folder,
        development=development,
        pin_file=home / settings.pin_file if settings.pin_file else folder / _PIN_FILE,
        module=settings.module,
        label=settings.label,
        serial=settings.serial,
    )
