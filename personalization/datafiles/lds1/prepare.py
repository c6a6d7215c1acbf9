"""What a record alone gives of an `icao-lds1` chip, before a blank is in hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ektp.chip_profiles import ChipProfile, ElementaryFile
from ektp.errors import ChipImageTooLarge
from ektp.perso import DataFile
from ektp.personal import PersonalBytes
from ektp.record import ApprovedRecord
from personalization.datafiles.framing import framed
from personalization.datafiles.lds1.budget import BINDING_BYTES
from personalization.datafiles.lds1.details import dg11, dg12
from personalization.datafiles.lds1.face import FaceCoding, dg2
from personalization.datafiles.lds1.mrz import mrz_content, mrz_lines
from personalization.datafiles.lds1.national import partial_dg13
from personalization.datafiles.lds1.signature import dg7
from personalization.datafiles.photo import check_portrait

__all__ = ["MRZ_FILE", "PREPARED_FILES", "check", "data_files"]

MRZ_FILE: Final = "mrz"
"""Three lines without document number: no file of the chip, but what `dg1` and the back come of."""

_Content = Callable[[ApprovedRecord], bytes]

_TEXTS: Final[Mapping[str, _Content]] = {
    "dg11": dg11,
    "dg12": dg12,
    "dg13": partial_dg13,
}
_PICTURES: Final = ("dg2", "dg7")

PREPARED_FILES: Final = (*_PICTURES, *_TEXTS, MRZ_FILE)
"""Names of what preparation makes, in the order of the package."""


def data_files(
    record: ApprovedRecord, profile: ChipProfile, *, coding: FaceCoding = FaceCoding.JPEG
) -> tuple[DataFile, ...]:
    """Face, signature, both sets of details, the national data as far as they go, and the zone.

    Raises `ImageUnusable`, `GlyphMissing`, `FieldOverflow` or `ChipImageTooLarge`.
    """
    limit = profile.file("dg2").size_bytes
    return (
        _file("dg2", dg2(record.portrait, record.biographic.sex, limit, coding=coding)),
        _file("dg7", dg7(record.signature, profile.file("dg7").size_bytes)),
        *_text_files(record, profile),
    )


def check(record: ApprovedRecord, profile: ChipProfile) -> None:
    """Whether the data files could be made, without encoding the portrait: for intake.

    Raises what `data_files` would.
    """
    check_portrait(record.portrait)
    dg7(record.signature, profile.file("dg7").size_bytes)
    _text_files(record, profile)


def _text_files(record: ApprovedRecord, profile: ChipProfile) -> tuple[DataFile, ...]:
    files = []
    for name, content_of in _TEXTS.items():
        file = profile.file(name)
        content = framed(file, content_of(record))
        _leave_room(file, content)
        files.append(_file(name, content))
    return (*files, _file(MRZ_FILE, mrz_content(mrz_lines(record))))


def _leave_room(file: ElementaryFile, content: bytes) -> None:
    """A file that binding adds to has to be refused before a blank is used, not after."""
    limit = file.size_bytes - BINDING_BYTES.get(file.name, 0)
    if len(content) > limit:
        raise ChipImageTooLarge("a file", file=file.name, bytes=len(content), limit=limit)


def _file(name: str, content: bytes) -> DataFile:
    return DataFile(name=name, content=PersonalBytes(content))
