"""What is written: a synthetic person's files as they come, and files as large as they may be."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import StrEnum, unique
from functools import cache
from typing import Final

from ektp.chip_profiles import KTP_EL, ChipProfile, ElementaryFile
from ektp.perso import ChipImage, PersoPackage
from ektp.personal import PersonalBytes
from ektp.printer_profiles import print_geometry
from personalization.prepare import precheck, prepare
from pipeline.intake.record_json import record_from_json
from simulation.people.records import generate

__all__ = ["Fill", "filled", "package_of"]

_GEOMETRY: Final = "cr80-300-1016x648"
_SEED: Final = 7
_AS_BOUND: Final = frozenset({"card_access", "card_control", "com", "dg1", "dg14", "dg15"})
"""Files of `icao-lds1` whose content opens the chip or names others: these stay as they are."""


@unique
class Fill(StrEnum):
    """How much a chip holds."""

    TYPICAL = "typical"
    LARGEST = "largest"


@cache
def package_of(profile: ChipProfile) -> PersoPackage:
    """One synthetic person, prepared."""
    record = record_from_json(json.dumps(next(generate(1, _SEED))).encode())
    geometry = print_geometry(_GEOMETRY)
    precheck(record, geometry, profile)
    return prepare(record, geometry, profile)


def filled(image: ChipImage, profile: ChipProfile, fill: Fill) -> ChipImage:
    """The image, each file of it as large as the profile allows where that is asked.

    What is added says nothing: such a chip is written and read whole, and is no good card.
    """
    if fill is Fill.TYPICAL:
        return image
    sizes = {file.file_id: file for file in profile.files}
    return replace(
        image,
        files=tuple(
            (file_id, PersonalBytes(_grown(sizes[file_id], content.reveal(), profile)))
            for file_id, content in image.files
        ),
    )


def _grown(file: ElementaryFile, content: bytes, profile: ChipProfile) -> bytes:
    if file.name in _AS_BOUND:
        return content
    if profile is KTP_EL and file.length_prefixed and not file.enciphered:
        content = (file.size_bytes - 2).to_bytes(2, "big") + content[2:]
    elif profile is not KTP_EL:
        content = _template_of(content, file.size_bytes)
    return content.ljust(file.size_bytes, b"\x00")


def _template_of(content: bytes, size: int) -> bytes:
    """A data object with another length, in four bytes so that any size can be had."""
    head = 2 + (content[1] & 0x7F if content[1] & 0x80 else 0)
    return content[:1] + b"\x82" + (size - 4).to_bytes(2, "big") + content[head:]
