"""The stop list: people who must not get a card. Kept by blind index, never by number."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from ektp.errors import RecordError
from ektp.personal import Nik
from ektp.ports import KeyService
from pipeline.store.events import StopAdded

__all__ = ["REASONS", "holder_of", "stops_from_csv"]

REASONS = ("DECEASED", "MOVED_ABROAD", "LEGAL_HOLD", "OTHER")
_DIGITS = re.compile(r"[0-9]{16}", re.ASCII)


def holder_of(keys: KeyService, nik: Nik) -> str:
    """The blind index of a citizen's number: equal for equal numbers, useless without the token."""
    return keys.blind_index(nik.reveal().encode()).hex()


def stops_from_csv(path: Path, keys: KeyService) -> Iterator[StopAdded]:
    """Stops of a CSV with the columns `nik,reason`.

    Raises `RecordError` naming the line, never the number.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            digits = (row.get("nik") or "").strip()
            reason = (row.get("reason") or "").strip().upper()
            if not _DIGITS.fullmatch(digits) or reason not in REASONS:
                raise RecordError(
                    "a line of the stop list is not nik,reason",
                    line=number,
                    reasons="/".join(REASONS),
                )
            yield StopAdded(holder=holder_of(keys, Nik(digits)), reason=reason)
