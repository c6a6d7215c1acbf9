"""All data files of a record, as the chip profile orders them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ektp.chip_profiles import ICAO_LDS1, KTP_EL, ChipProfile, ElementaryFile
from ektp.errors import ConfigurationError
from ektp.perso import DataFile
from ektp.personal import PersonalBytes
from ektp.record import ApprovedRecord, Finger
from personalization.datafiles.biodata import biodata
from personalization.datafiles.framing import content_budget, framed
from personalization.datafiles.lds1 import prepare as lds1
from personalization.datafiles.minutiae import finger_template
from personalization.datafiles.photo import check_portrait, chip_photo
from personalization.datafiles.signature import signature_bitmap

__all__ = ["DATA_FILES", "check", "data_files"]

_Content = Callable[[ApprovedRecord, ElementaryFile], bytes]


def _photo(record: ApprovedRecord, file: ElementaryFile) -> bytes:
    return chip_photo(record.portrait, content_budget(file)).jpeg.reveal()


_CONTENT: Final[Mapping[str, _Content]] = {
    "biodata": lambda record, _: biodata(record),
    "photo": _photo,
    "signature_image": lambda record, _: signature_bitmap(record.signature),
    "minutiae_1": lambda record, _: finger_template(record, Finger.RIGHT_INDEX),
    "minutiae_2": lambda record, _: finger_template(record, Finger.LEFT_INDEX),
}

DATA_FILES: Final = tuple(_CONTENT)
"""Names of the `ktp-el` files that are made before a blank is in hand, in the order of the chip."""


def _files(profile: ChipProfile) -> tuple[ElementaryFile, ...]:
    if profile.name != KTP_EL.name:
        raise ConfigurationError("no data files for this chip profile", profile=profile.name)
    return tuple(profile.file(name) for name in DATA_FILES)


def data_files(record: ApprovedRecord, profile: ChipProfile = KTP_EL) -> tuple[DataFile, ...]:
    """The plain content of each file that a record alone gives, as the profile orders them.

    For `ktp-el`: biodata, photo, signature image and both minutiae files; for `icao-lds1` what
    `personalization.datafiles.lds1.prepare` tells. Raises `ChipImageTooLarge`, `ImageUnusable`,
    `GlyphMissing` or (`icao-lds1`) `FieldOverflow`; `ConfigurationError` for another profile.
    """
    if profile.name == ICAO_LDS1.name:
        return lds1.data_files(record, profile)
    return tuple(
        DataFile(
            name=file.name,
            content=PersonalBytes(framed(file, _CONTENT[file.name](record, file))),
        )
        for file in _files(profile)
    )


def check(record: ApprovedRecord, profile: ChipProfile = KTP_EL) -> None:
    """Whether the data files of a record could be made, without encoding its photo: for intake.

    Raises what `data_files` would.
    """
    if profile.name == ICAO_LDS1.name:
        lds1.check(record, profile)
        return
    for file in _files(profile):
        if file.name == "photo":
            check_portrait(record.portrait)
        else:
            framed(file, _CONTENT[file.name](record, file))
