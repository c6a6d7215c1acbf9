"""Synthetic approved records for who has none, and the name of a pinned approver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ektp.errors import ConfigurationError

__all__ = ["Sample", "certificate_fingerprint", "write_sample_records"]


def certificate_fingerprint(certificate: bytes) -> str:
    """How a pinned approver is named: SHA-256 over the DER, in hex.

    Raises `ConfigurationError` where it is no certificate.
    """
    from hsm.envelope import certificate_fingerprint as fingerprint  # noqa: PLC0415 - heavy

    return fingerprint(certificate).hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A file of synthetic approved records, its signature and its approver's certificate."""

    file: Path
    signature: Path
    approver: Path
    count: int


def write_sample_records(
    file: Path,
    count: int,
    seed: int,
    *,
    regency: str | None = None,
    on_record: Callable[[int], None] | None = None,
) -> Sample:
    """Write synthetic approved records, signed by a test approver made for the occasion.

    They go to the offices of Palembang, or of another regency (`PP.RR`). Raises
    `ConfigurationError` where nothing can be written there or no such regency is known.
    """
    from simulation.people import (  # noqa: PLC0415 - only where people are made up
        PeopleMix,
        offices_of_regency,
        write_sample,
    )

    try:
        mix = None if regency is None else PeopleMix(offices=tuple(offices_of_regency(regency)))
        made = write_sample(file, count, seed, mix, progress=on_record)
    except OSError as failed:
        raise ConfigurationError("the sample cannot be written", file=file.name) from failed
    except ValueError as wrong:
        raise ConfigurationError(str(wrong)) from wrong
    return Sample(
        file=made.file, signature=made.signature, approver=made.approver, count=made.count
    )
