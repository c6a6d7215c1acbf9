"""What lies on a PC/SC reader that people use, a card or a module in its slot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ektp.ports import CardChannel

__all__ = ["laid_on"]

_PATIENCE_S: Final = 5.0
"""How long somebody may take to lay it there, and pcscd to see it, in seconds."""


@contextmanager
def laid_on(reader: str) -> Iterator[CardChannel]:
    """What lies on the reader of that name, in a fresh field.

    Raises `ReaderUnavailable`, and `CardAbsent` where nothing was laid there in time.
    """
    from printers.readers.pcsc import PcscReader  # noqa: PLC0415 - only where a reader is

    with PcscReader(reader) as pcsc:
        pcsc.wait_for_card(_PATIENCE_S)
        with pcsc.card() as channel:
            yield channel
