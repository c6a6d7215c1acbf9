"""The digest of a paper's content: printed as a QR code, so that a copy can be checked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum

import rfc8785

from ektp.personal import PersonalText
from pipeline.papers.views import View

__all__ = ["document_digest", "qr_text"]

_Plain = str | int | bool | None | list["_Plain"] | dict[str, "_Plain"]


def document_digest(content: View | tuple[View, ...], number: str) -> bytes:
    """SHA-256 over a paper's content and its number as canonical JSON (RFC 8785).

    When and by whom the paper was printed is not in it: a second print has the same digest.
    """
    plain: dict[str, _Plain] = {"number": number, "content": _plain(content)}
    return hashlib.sha256(rfc8785.dumps(plain)).digest()


def qr_text(kind: str, number: str, digest: bytes) -> str:
    """The text of a paper's QR code, in capitals (which a QR code packs tighter)."""
    return f"EKTP:{kind}:{number}:SHA256:{digest.hex()}".upper()


def _plain(value: object) -> _Plain:  # noqa: C901, PLR0911 - one kind of value per line
    if isinstance(value, PersonalText):
        return value.reveal()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str):
        return str.__str__(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {"type": type(value).__name__, **parts}
    msg = f"a paper has no form for a {type(value).__name__}"
    raise ValueError(msg)
