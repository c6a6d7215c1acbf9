"""A scenario: who lives where, what happens, and which way the cards go. Read from a TOML file."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ektp.errors import ConfigurationError

__all__ = ["DEFAULT", "SCENARIOS", "Scenario", "load_scenario"]

SCENARIOS = ("klojen", "medan", "probolinggo", "palembang", "lombok-tengah")
"""The five field reports that ship with the project."""


class Scenario(BaseModel):
    """All that a scenario says; what it leaves out is as in the plain demo."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    story: str = ""
    cards: int = Field(default=200, ge=1)
    lines: int = Field(default=1, ge=1, le=16)
    regency: str = "16.71"
    """The regency, `PP.RR`, whose kecamatan are served."""
    offices: dict[str, int] = {}
    """Kecamatan and their weights; empty = all of the regency, evenly mixed."""
    villages: dict[str, list[str]] = {}
    """Names of villages per kecamatan, where the report names them."""
    without_phone: float = Field(default=0.2, ge=0, le=1)
    late: float = Field(default=0.0, ge=0, le=1)
    """Share of the records that come in a second file, after the first."""
    backlog_days: int = Field(default=0, ge=0)
    """How long ago the first records were approved."""
    deceased_known: int = Field(default=0, ge=0)
    """People on the list who are on the stop list before intake: their records are refused."""
    deceased_later: int = Field(default=0, ge=0)
    """People who come onto the stop list between intake and printing: their jobs are held."""
    power_cut_at: float | None = Field(default=None, gt=0, lt=1)
    """Where in the run the power fails, as a fraction."""
    broken_lines: int = Field(default=0, ge=0)
    """Lines that stand broken from the beginning."""
    centre_unreachable: bool = False
    """Whether the second file cannot be had: production goes on with what was approved."""
    route: Literal["registry", "direct"] = "registry"
    """By way of the city registry, or straight to the kecamatan."""
    received: bool = False
    """Whether every kecamatan receives its parcels in the run."""
    handed_over: int = Field(default=0, ge=0)
    """How many cards are handed over to their citizens in the run."""


DEFAULT = Scenario(
    name="demo",
    title="Palembang: 16 kecamatan by way of the city registry",
)
"""The plain demo."""


def load_scenario(name: str) -> Scenario:
    """A scenario by its name, or of a TOML file. Raises `ConfigurationError`."""
    try:
        if name in SCENARIOS:
            text = files("scenarios").joinpath(f"{name}.toml").read_text("utf-8")
        else:
            text = Path(name).read_text("utf-8")
        return Scenario.model_validate(tomllib.loads(text))
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(
            "no such scenario", scenario=Path(name).name, known="/".join(SCENARIOS)
        ) from None
    except tomllib.TOMLDecodeError as failed:
        raise ConfigurationError(str(failed), scenario=Path(name).name) from None
    except ValidationError as failed:
        first = failed.errors()[0]
        setting = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(first["msg"], scenario=Path(name).name, setting=setting) from None
