"""What a preparation process does. It loads what draws and compresses, and nothing of the store."""

from __future__ import annotations

from ektp.chip_profiles import chip_profile
from ektp.errors import PreparationError
from ektp.printer_profiles import print_geometry
from personalization.prepare import prepare
from pipeline.intake.record_json import record_from_json

__all__ = ["prepare_one"]


def prepare_one(record: bytes, profile: str, geometry: str) -> tuple[bytes | None, str, str]:
    """The package of a record and its digest, or the code of what stands in the way."""
    try:
        package = prepare(record_from_json(record), print_geometry(geometry), chip_profile(profile))
    except PreparationError as error:
        return None, "", error.code
    return bytes(package), package.digest.hex(), ""
