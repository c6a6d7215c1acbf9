"""How content stands in a file: length prefix, fill, and the largest size that the profile allows.

`docs/chip-profile-ktp-el.md` section 1.
"""

from __future__ import annotations

from typing import Final

from ektp.chip_profiles import ElementaryFile
from ektp.errors import ChipImageTooLarge

__all__ = ["FILL_BLOCK", "LENGTH_BYTES", "content_budget", "framed"]

LENGTH_BYTES: Final = 2
"""Bytes of the length that precedes content, big endian."""

FILL_BLOCK: Final = 8
"""Enciphered files are filled with `00` to a multiple of this: the block of TDES."""


def content_budget(file: ElementaryFile) -> int:
    """How many bytes of content fit into a file, its length prefix taken off."""
    return file.size_bytes - (LENGTH_BYTES if file.length_prefixed else 0)


def framed(file: ElementaryFile, content: bytes) -> bytes:
    """The plain bytes of a file: length ‖ content (or content alone, where the profile has no
    length prefix), and fill where the file is enciphered.

    Raises `ChipImageTooLarge` with the file's name, the size and the limit, and nothing else.
    """
    budget = content_budget(file)
    if len(content) > budget:
        raise ChipImageTooLarge("a file", file=file.name, bytes=len(content), limit=budget)
    prefix = len(content).to_bytes(LENGTH_BYTES, "big") if file.length_prefixed else b""
    plain = prefix + content
    if file.enciphered:
        plain += bytes(-len(plain) % FILL_BLOCK)
    return plain
