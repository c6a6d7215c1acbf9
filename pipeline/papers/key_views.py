"""What the record of a key ceremony shows.

Digests, key ids and serials are `bytes`: as text in hexadecimal one of them may happen to look like
a citizen's number, which no view takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pipeline.papers.guard import View, require_distinct
from pipeline.papers.views import Person

__all__ = ["CeremonialKey", "KeyCeremony", "KeyComponent", "KeyToken"]

_LEAST_CUSTODIANS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyToken(View):
    """The token in which the keys are; `serial` in the characters that it tells (ASCII)."""

    kind: str
    label: str = ""
    serial: bytes = b""
    manufacturer: str = ""
    model: str = ""
    library: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonialKey(View):
    """A key as the ceremony left it.

    `components`: out of how many parts it was put together; 0 for a key that was made inside.
    `check_value` (3 bytes) is of a secret, `key_id` (8) of a key pair; the other one is empty.
    """

    label: str
    kind: str
    components: int
    check_value: bytes
    key_id: bytes
    sensitive: bool
    extractable: bool
    made_inside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyComponent(View):
    """A component file: who took it away, and how it is known again."""

    key: str
    number: int
    count: int
    custodian: str
    check_value: bytes
    file: str
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCeremony(View):
    """*Berita acara upacara kunci*: which keys two custodians made, where, before whom.

    `record` is the SHA-256 (32 bytes) of the written record, which the journal keeps; `checks` are
    in the record's own words. Raises `ValueError` for fewer than two custodians, or a key or a file
    that stands twice.
    """

    held_at: datetime
    place: str
    custodians: tuple[Person, ...]
    witnesses: tuple[Person, ...]
    software: str
    token: KeyToken
    development: bool
    keys: tuple[CeremonialKey, ...]
    components: tuple[KeyComponent, ...]
    checks: tuple[str, ...]
    record: bytes

    def __post_init__(self) -> None:
        View.__post_init__(self)
        require_distinct((key.label for key in self.keys), "key")
        require_distinct((one.file for one in self.components), "component")
        if len(self.custodians) < _LEAST_CUSTODIANS:
            msg = "a key ceremony has two custodians"
            raise ValueError(msg)
