"""The settings of a home: `ektp.toml`, read and checked once, written with a comment-free tool."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tomli_w
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from ektp.errors import ConfigurationError

__all__ = ["HomeKind", "LineSettings", "Settings", "read_settings", "write_settings"]

HomeKind = Literal["simulated", "production"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HomeSettings(_Section):
    """What kind of home this is, whose, and which calendar its days follow."""

    kind: HomeKind
    zone: str = "Asia/Jakarta"
    site: str = "PUSAT"
    site_name: str = "Pusat Pencetakan KTP-el"

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            msg = "not an IANA time zone"
            raise ValueError(msg) from None
        return zone


class StoreSettings(_Section):
    """Where the store is: an SQLAlchemy address; `sqlite:///ektp.db` stands in the home."""

    url: str = "sqlite:///ektp.db"


class TokenSettings(_Section):
    """Which token holds the keys; a fresh production home names none yet.

    A PKCS#11 token is found by its label and, where given, its serial, never by its slot. The PIN
    is read from `pin_file`, or from the environment (`EKTP_TOKEN_PIN`), by the key process alone.
    """

    kind: Literal["none", "soft", "pkcs11"] = "none"
    module: str = ""
    label: str = ""
    serial: str = ""
    pin_file: str = ""

    @model_validator(mode="after")
    def _named(self) -> TokenSettings:
        if self.kind == "pkcs11" and not (self.module and self.label):
            msg = "a PKCS#11 token needs the path of its module and its label"
            raise ValueError(msg)
        return self


class PrefectSettings(_Section):
    """Whether flows run on Prefect (a server of the home's own), or as plain functions."""

    enabled: bool = True


class PackingSettings(_Section):
    """How cards are packed, and by way of which registry they travel."""

    parcel_cards: int = Field(default=250, ge=1, le=2000)
    seal_prefix: str = "SGL"


class PreparationSettings(_Section):
    """Which profile and raster cards are prepared for, and how many make a chunk."""

    profile: Literal["ktp-el", "icao-lds1"] = "ktp-el"
    photo_access: Literal["free", "sm"] = "free"
    """Whether a `ktp-el` portrait is read by anybody, as readers in the field expect, or by a SAM
    alone."""
    geometry: str = "cr80-300-1016x648"
    chunk: int = Field(default=50, ge=1, le=500)
    processes: int = Field(default=0, ge=0, le=64)
    """Worker processes; 0 = one per processor."""


class RetentionSettings(_Section):
    """How long personal data stay after a card was handed over."""

    days: int = Field(default=30, ge=0, le=180)


class SimulationSettings(_Section):
    """The simulated world's temper: fault plan, seed, and time scale (0 = no waiting)."""

    faults: Literal["none", "typical", "harsh"] = "none"
    seed: int = 1
    time_scale: float = Field(default=0.0, ge=0.0, le=10.0)
    power_cut_at: int | None = Field(default=None, ge=1)
    """The card in whose printing the power fails, once."""


class LineSettings(_Section):
    """A print line: its driver, where its machine is, which reader sits in it."""

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,16}$")
    driver: str
    address: str = ""
    reader: str = ""


class Settings(_Section):
    """All of `ektp.toml`."""

    home: HomeSettings
    store: StoreSettings = StoreSettings()
    token: TokenSettings = TokenSettings()
    prefect: PrefectSettings = PrefectSettings()
    packing: PackingSettings = PackingSettings()
    preparation: PreparationSettings = PreparationSettings()
    retention: RetentionSettings = RetentionSettings()
    simulation: SimulationSettings | None = None
    lines: tuple[LineSettings, ...] = ()


def read_settings(path: Path) -> Settings:
    """Read `ektp.toml`. Raises `ConfigurationError` that names the setting."""
    try:
        with path.open("rb") as file:
            return Settings.model_validate(tomllib.load(file))
    except OSError as failed:
        raise ConfigurationError("the settings cannot be read", file=path.name) from failed
    except tomllib.TOMLDecodeError as failed:
        raise ConfigurationError(str(failed), file=path.name) from None
    except ValidationError as failed:
        first = failed.errors()[0]
        setting = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(first["msg"], file=path.name, setting=setting) from None


def write_settings(path: Path, settings: Settings) -> None:
    """Write `ektp.toml` whole, or leave the old one."""
    fresh = path.with_suffix(".toml.new")
    fresh.write_bytes(tomli_w.dumps(settings.model_dump(exclude_none=True)).encode())
    fresh.replace(path)
