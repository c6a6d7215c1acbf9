"""Content that was verified in a first pass and is read in a second: block by block, line by line.

The first pass keeps SHA-256 of each block of 1 MiB; the second gives nothing out of a block before
the block has proved to be the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ektp.errors import FileChanged

__all__ = ["BLOCK_BYTES", "MAX_LINE_BYTES", "BlockDigests", "Line", "VerifiedFile"]

BLOCK_BYTES: Final = 1 << 20
"""Bytes under one digest."""

MAX_LINE_BYTES: Final = 4 << 20
"""The longest line that is handed on: a record with its pictures takes some 100 KB."""


class Line(NamedTuple):
    """A line of the file, from 1, without its line feed.

    A line over the limit has `too_long` and no content. The content is personal and never shown.
    """

    number: int
    content: bytes
    too_long: bool = False

    def __repr__(self) -> str:
        return f"Line({self.number}, {'too long' if self.too_long else len(self.content)})"


class BlockDigests:
    """SHA-256 of each block of what passes by, and of the whole."""

    def __init__(self) -> None:
        self._whole = hashlib.sha256()
        self._block = hashlib.sha256()
        self._room = BLOCK_BYTES
        self._blocks: list[bytes] = []
        self.length = 0

    def update(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._whole.update(chunk)
        self.length += len(chunk)
        view = memoryview(chunk)
        while view:
            part, view = view[: self._room], view[self._room :]
            self._block.update(part)
            self._room -= len(part)
            if not self._room:
                self._close_block()

    def finish(self) -> tuple[bytes, ...]:
        """The digests of all blocks, the last of which may be shorter."""
        if self._room < BLOCK_BYTES:
            self._close_block()
        return tuple(self._blocks)

    def whole(self) -> bytes:
        """SHA-256 of everything."""
        return self._whole.digest()

    def _close_block(self) -> None:
        self._blocks.append(self._block.digest())
        self._block = hashlib.sha256()
        self._room = BLOCK_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedFile:
    """A file of approved records whose signature holds.

    `signer` is SHA-256 over the approver's certificate, `sha256` over the content (for an enveloped
    file: over what was inside), `blocks` over each MiB of it. `site`, `sequence` and the like stand
    in the subclass for enveloped files.
    """

    sha256: bytes
    length: int
    signer: bytes
    blocks: tuple[bytes, ...] = field(repr=False)
    again: Callable[[], Iterator[bytes]] = field(repr=False, compare=False)
    """The content in chunks, read anew; raises `FileChanged` where that fails."""

    def open_lines(self, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[Line]:
        """The lines, each from a block that proved to be what was verified.

        Memory stays below some blocks and one line, however long the file. A last line without a
        line feed counts; nothing after a last line feed does not. Raises `FileChanged`.
        """
        return _lines(_checked_blocks(self.again(), self.blocks), max_line_bytes)


def _checked_blocks(chunks: Iterable[bytes], expected: tuple[bytes, ...]) -> Iterator[bytes]:
    index = 0
    for block in _regrouped(chunks):
        if index >= len(expected) or hashlib.sha256(block).digest() != expected[index]:
            raise FileChanged(block=index)
        yield block
        index += 1
    if index != len(expected):
        raise FileChanged(block=index)


def _regrouped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of `BLOCK_BYTES`; the last may be shorter."""
    pending = bytearray()
    for chunk in chunks:
        pending += chunk
        while len(pending) >= BLOCK_BYTES:
            yield bytes(pending[:BLOCK_BYTES])
            del pending[:BLOCK_BYTES]
    if pending:
        yield bytes(pending)


def _lines(blocks: Iterable[bytes], limit: int) -> Iterator[Line]:
    number, held, begun, too_long = 1, bytearray(), False, False
    for block in blocks:
        *ended, rest = block.split(b"\n")
        for piece in ended:
            too_long = too_long or len(held) + len(piece) > limit
            yield Line(number, b"" if too_long else bytes(held) + piece, too_long)
            number, too_long = number + 1, False
            held.clear()
            begun = False
        begun = begun or bool(rest)
        too_long = too_long or len(held) + len(rest) > limit
        if too_long:
            held.clear()
        else:
            held += rest
    if begun:
        yield Line(number, b"" if too_long else bytes(held), too_long)
