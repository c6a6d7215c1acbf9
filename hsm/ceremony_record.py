"""The written record of a key ceremony: data, and the same bytes for the same data (RFC 8785)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Self

import rfc8785

from ektp.errors import HsmError

__all__ = ["CeremonyKey", "CeremonyRecord", "WrittenComponent"]

_FORM: Final = "ektp-key-ceremony-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyKey:
    """A key as the ceremony left it.

    `origin`: `made inside`, or `n components`. `check_value` (hex) is of a secret; `key_id` (hex,
    8 bytes) of a key pair. For a secret that came by components `check_value` is the one of
    GlobalPlatform (B.6), which its maker states too; else that of the token's own record.
    """

    label: str
    kind: str
    origin: str
    check_value: str = ""
    key_id: str = ""
    sensitive: bool
    extractable: bool
    made_inside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenComponent:
    """A component file that was written: by whom it is held, and how it is known again."""

    key: str
    number: int
    count: int
    custodian: str
    check_value: str
    file: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyRecord:
    """Who made which keys, when, where, in what, by which software, and what was checked."""

    held_at: str
    place: str
    custodians: tuple[str, ...]
    witnesses: tuple[str, ...]
    software: str
    token: Mapping[str, str]
    development: bool
    keys: tuple[CeremonyKey, ...]
    components: tuple[WrittenComponent, ...]
    checks: tuple[str, ...]

    def __bytes__(self) -> bytes:
        plain = {"form": _FORM, **asdict(self)}
        return rfc8785.dumps(plain)

    @property
    def digest(self) -> bytes:
        """SHA-256 over the record: what the journal keeps."""
        return hashlib.sha256(bytes(self)).digest()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read a record. Raises `HsmError` for what is none."""
        try:
            told: dict[str, Any] = json.loads(raw)
            if told.pop("form") != _FORM or set(told) != {one.name for one in fields(cls)}:
                raise HsmError("this is no record of a key ceremony")
            many = ("custodians", "witnesses", "checks")
            record = cls(
                **{
                    **told,
                    **{name: tuple(told[name]) for name in many},
                    "keys": tuple(CeremonyKey(**one) for one in told["keys"]),
                    "components": tuple(WrittenComponent(**one) for one in told["components"]),
                }
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            raise HsmError("this is no record of a key ceremony") from None
        return record
