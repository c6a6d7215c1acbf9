"""A reader of BER (ITU-T X.690) that never holds more than a chunk: for CMS of any size.

It walks: `peek`, `enter`, `leave`, `element` for what is small, `octets` for what is not. Definite
and indefinite lengths and constructed OCTET STRINGs are read, as `openssl cms -stream` and others
write them. Everything raises `Malformed`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hsm._asn1 import CONSTRUCTED, OCTET_STRING, Element, Malformed, parse, read_header

__all__ = ["BerStream"]

_LONGEST_HEADER: Final = 10
_MAX_NESTING: Final = 32
_MAX_STRING_NESTING: Final = 4
_CHUNK_BYTES: Final = 1 << 16
# Writers of BER cut at a kilobyte or more; on average over many segments we ask for this.
_SMALLEST_SEGMENT: Final = 32
_MANY_SEGMENTS: Final = 4_096
_END_OF_CONTENTS: Final = b"\x00\x00"


class BerStream:
    """A walk through one BER value that arrives in chunks."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = b""
        self._at = 0
        self._before = 0
        # For each entered element: its end (None: indefinite) and the bound outside it.
        self._entered: list[tuple[int | None, int | None]] = []
        self._bound: int | None = None

    @property
    def offset(self) -> int:
        """How many bytes were walked over."""
        return self._before + self._at

    def peek(self) -> int | None:
        """The tag of the next element, or None at the end of the one that was entered."""
        end = self._entered[-1][0] if self._entered else None
        if self._bound is not None and self.offset > self._bound:
            raise Malformed("an element is longer than what holds it")
        if end is not None and self.offset == end:
            return None
        if not self._entered:
            return self._buffer[self._at] if self._fill(1) else None
        if not self._fill(2):
            raise Malformed("the file is cut off")
        at_end = end is None and self._buffer.startswith(_END_OF_CONTENTS, self._at)
        return None if at_end else self._buffer[self._at]

    def enter(self, tag: int) -> None:
        """Go into the next element, which must be constructed and have that tag."""
        found, length = self._header()
        if found != tag or not tag & CONSTRUCTED:
            raise Malformed("another element was expected here")
        if len(self._entered) >= _MAX_NESTING:
            raise Malformed("elements are nested too deeply")
        end = None if length is None else self._end(length)
        self._entered.append((end, self._bound))
        self._bound = self._bound if end is None else end

    def leave(self) -> None:
        """Go out of the element that was entered; nothing of it may be left."""
        if self.peek() is not None:
            raise Malformed("an element holds more than it should")
        end, self._bound = self._entered.pop()
        if end is None:
            self._take(2)

    def element(self, limit: int) -> Element:
        """The next element whole, if it has at most that many bytes."""
        raw = bytearray()
        depth = 0
        while True:
            start = self._at_header()
            tag, length = self._header()
            raw += self._since(start)
            if length is None:
                depth += 1
            elif tag == 0 and length == 0 and depth:
                depth -= 1
            else:
                self._end(length)
                raw += self._take(self._within(length, limit - len(raw)))
            if len(raw) > limit or depth > _MAX_NESTING:
                raise Malformed("an element is larger than any that is asked for here")
            if depth == 0:
                return parse(bytes(raw))

    def octets(self, tag: int) -> Iterator[bytes]:
        """The content of the next element, an OCTET STRING under this primitive tag, in chunks.

        The stream stands behind the element when the iterator is exhausted, and not before.
        """
        pending: list[bytes] = []
        size = total = 0
        for pieces, piece in enumerate(self._segments(tag, _MAX_STRING_NESTING), 1):
            pending.append(piece)
            size += len(piece)
            if pieces > _MANY_SEGMENTS and total + size < pieces * _SMALLEST_SEGMENT:
                raise Malformed("segments so small that they only cost time")
            if size >= _CHUNK_BYTES:
                yield b"".join(pending)
                total += size
                pending, size = [], 0
        if pending:
            yield b"".join(pending)

    def _segments(self, tag: int, nesting: int) -> Iterator[bytes]:
        found = self.peek()
        # An empty piece for each element: what carries nothing is counted too.
        yield b""
        if found == tag | CONSTRUCTED and nesting:
            self.enter(found)
            while self.peek() is not None:
                yield from self._segments(OCTET_STRING, nesting - 1)
            self.leave()
            return
        found, length = self._header()
        if found != tag or length is None:
            raise Malformed("an octet string was expected here")
        self._end(length)
        while length:
            piece = self._some(length)
            length -= len(piece)
            yield piece

    def _header(self) -> tuple[int, int | None]:
        self._fill(_LONGEST_HEADER)
        tag, length, self._at = read_header(self._buffer, self._at)
        if self._bound is not None and self.offset > self._bound:
            raise Malformed("an element is longer than what holds it")
        return tag, length

    def _at_header(self) -> int:
        """Where the next header stands in the buffer, once enough of it is there."""
        self._fill(_LONGEST_HEADER)
        return self._at

    def _since(self, start: int) -> bytes:
        return self._buffer[start : self._at]

    def _end(self, length: int) -> int:
        end = self.offset + length
        if self._bound is not None and end > self._bound:
            raise Malformed("an element is longer than what holds it")
        return end

    @staticmethod
    def _within(length: int, room: int) -> int:
        if length > room:
            raise Malformed("an element is larger than any that is asked for here")
        return length

    def _left(self) -> int:
        return len(self._buffer) - self._at

    def _fill(self, count: int) -> bool:
        """Have that many bytes at hand, if there are so many."""
        while self._left() < count:
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self._before += self._at
            self._buffer = self._buffer[self._at :] + chunk
            self._at = 0
        return True

    def _take(self, count: int) -> bytes:
        if not self._fill(count):
            raise Malformed("the file is cut off")
        self._at += count
        return self._buffer[self._at - count : self._at]

    def _some(self, most: int) -> bytes:
        if not self._fill(1):
            raise Malformed("the file is cut off")
        piece = self._buffer[self._at : self._at + most]
        self._at += len(piece)
        return piece
