"""Documents for cases: the files of a chip, who checks it, and which checks must fail.

Each case is one or more sets of files, and for a rejected one the checks of which one must fail.
A rejected case stays an honest document in everything that it does not ask for: files that are
wrong are signed as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from inspection.lds1.contents import LdsContentChecks
from inspection.lds1.tlv import encode
from tests.integration.lds1.specimens import (
    contents,
    dg1,
    files_of,
    house_files,
    house_groups,
    passport_groups,
    passport_zone,
    sod,
)

Files = dict[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Document:
    """The files of a chip, the zone that opens it, and who checks it."""

    files: Files = field(repr=False)
    zone: str | None = None
    checks: Callable[[], LdsContentChecks] = contents
    looked_at: Files | None = field(default=None, repr=False)
    """The files of which the house expects the card to be, where it expects something."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """The documents of a case. `fails`: checks of which one must fail; none where it passes."""

    documents: tuple[Document, ...]
    fails: frozenset[str] = frozenset()
    holds: bool = False
    """What the verifier does not support: the card is held, not passed."""


def accept(*documents: Document) -> Case:
    return Case(documents=documents)


def reject(checks: str, *documents: Document) -> Case:
    return Case(documents=documents, fails=frozenset(checks.split()))


def passport(**changed: bytes) -> Document:
    """A passport with other files than an honest one."""
    return Document(files=files_of(passport_groups(), **changed))


def group(number: int, content: bytes, text: str | None = None) -> Document:
    """A passport with another data group, signed as it is."""
    return Document(files=files_of(passport_groups(**{f"dg{number}": content})), zone=text)


def home(number: int, content: bytes) -> Document:
    """A card of this house with another data group, signed as it is, at a desk."""
    groups = {**house_groups(), number: content}
    return Document(
        files={**house_files(), f"dg{number}": content, "sod": sod(groups).der()},
    )


def zoned(**changed: str) -> Document:
    """A passport with other fields in its zone; it is opened by that zone."""
    text = passport_zone(**changed)
    return group(1, dg1(text), text)


def retagged(content: bytes, tag: int) -> bytes:
    return bytes((tag,)) + content[1:]


def relengthed(content: bytes, by: int) -> bytes:
    """A file whose outer length says more or less than there is."""
    assert content[1] in (0x5D, 0x5B, 0x81, 0x82) or content[1] < 0x80
    if content[1] < 0x80:
        return content[:1] + bytes((content[1] + by,)) + content[2:]
    size = content[1] & 0x7F
    length = int.from_bytes(content[2 : 2 + size], "big") + by
    return content[:2] + length.to_bytes(size, "big") + content[2 + size :]


def com(
    lds: bytes | None = b"0107", unicode: bytes | None = b"040000", tags: str | None = "6175"
) -> bytes:
    parts = b"" if lds is None else encode(0x5F01, lds)
    parts += b"" if unicode is None else encode(0x5F36, unicode)
    parts += b"" if tags is None else encode(0x5C, bytes.fromhex(tags))
    return encode(0x60, parts)
