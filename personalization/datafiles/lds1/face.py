"""EF.DG2: the portrait as a face record (ICAO Doc 9303-10 clause 4.7.2, ISO/IEC 19794-5:2005).

One full frontal picture without feature points. That a portrait *is* full frontal is the approver's
word; nothing here measures it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, unique
from io import BytesIO
from typing import Final

from PIL import Image

from ektp.errors import ChipImageTooLarge
from ektp.personal import PersonalBytes
from ektp.record import Sex
from ektp.tlv import Tlv
from personalization.datafiles.lds1.groups import DATA_GROUP_TAGS, joined
from personalization.datafiles.photo import chip_photo, portrait_pictures

__all__ = ["FACE_SIZES_PX", "FaceCoding", "FacePicture", "dg2", "face_picture", "face_record"]

FACE_SIZES_PX: Final = ((420, 560), (360, 480), (300, 400), (240, 320))
"""Sizes of the portrait on the chip, the largest first; none is larger than what was approved."""

_FILE: Final = "dg2"
_RECORD_HEADER_BYTES: Final = 14  # ISO/IEC 19794-5, 5.4
_FACIAL_INFORMATION_BYTES: Final = 20  # 5.5
_IMAGE_INFORMATION_BYTES: Final = 12  # 5.7
_WRAPPING_BYTES: Final = 96  # at most, of record headers and BER-TLV around a picture
_FULL_FRONTAL: Final = 1  # 5.7.1
_RGB24: Final = 1  # 5.7.5
_GENDER: Final = {Sex.MALE: 1, Sex.FEMALE: 2}  # 5.5.3
_PATRON_HEADER: Final = joined(
    Tlv(0x80, b"\x01\x01"),  # version of the CBEFF patron header
    Tlv(0x81, b"\x02"),  # biometric type: facial features
    Tlv(0x82, b"\x00"),  # no subtype
    Tlv(0x87, b"\x01\x01"),  # format owner: ISO/IEC JTC 1/SC 37
    Tlv(0x88, b"\x00\x08"),  # format type: face image data
)
_BITS_PER_PIXEL: Final = 24
_JP2_AIM: Final = 0.985  # of the budget, for the file's boxes
_JP2_STEP: Final = 0.94
_JP2_TRIES: Final = 4
_WORST_RATIO: Final = 60.0  # beyond, a smaller picture looks better


@unique
class FaceCoding(IntEnum):
    """How a portrait is compressed: the values of ISO/IEC 19794-5 clause 5.7.2."""

    JPEG = 0
    JPEG2000 = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FacePicture:
    """A compressed portrait and its size."""

    coding: FaceCoding
    data: PersonalBytes
    width_px: int
    height_px: int


def dg2(
    portrait: PersonalBytes, sex: Sex, limit_bytes: int, *, coding: FaceCoding = FaceCoding.JPEG
) -> bytes:
    """EF.DG2 of at most `limit_bytes`.

    Raises `ImageUnusable` for a portrait that cannot be used, and `ChipImageTooLarge` where not
    even the smallest size fits.
    """
    picture = face_picture(portrait, limit_bytes - _WRAPPING_BYTES, coding=coding)
    template = joined(
        Tlv(0xA1, _PATRON_HEADER),
        Tlv(0x5F2E, face_record(picture, sex)),
    )
    group = joined(Tlv(0x02, b"\x01"), Tlv(0x7F60, template))
    return bytes(Tlv(DATA_GROUP_TAGS[2], bytes(Tlv(0x7F61, group))))


def face_picture(
    portrait: PersonalBytes, budget_bytes: int, *, coding: FaceCoding = FaceCoding.JPEG
) -> FacePicture:
    """The portrait within a budget: as large as it may be, and as good as it then can be.

    Raises as `dg2`.
    """
    if coding is FaceCoding.JPEG2000:
        return _jpeg2000(portrait, budget_bytes)
    photo = chip_photo(portrait, budget_bytes, sizes_px=FACE_SIZES_PX, file=_FILE)
    return FacePicture(
        coding=coding, data=photo.jpeg, width_px=photo.width_px, height_px=photo.height_px
    )


def face_record(picture: FacePicture, sex: Sex) -> bytes:
    """A facial record of version 010 with one picture (ISO/IEC 19794-5:2005 clause 5)."""
    image = picture.data.reveal()
    block = _FACIAL_INFORMATION_BYTES + _IMAGE_INFORMATION_BYTES + len(image)
    header = struct.pack(">4s4sIH", b"FAC", b"010", _RECORD_HEADER_BYTES + block, 1)
    # No feature points; eye and hair colour, properties, expression and pose are not specified.
    facial = struct.pack(">IHB13x", block, 0, _GENDER[sex])
    information = struct.pack(
        ">BBHHBBHH",
        _FULL_FRONTAL,
        picture.coding,
        picture.width_px,
        picture.height_px,
        _RGB24,
        0,  # source not specified
        0,  # device not specified
        0,  # quality not measured
    )
    return header + facial + information + image


def _jpeg2000(portrait: PersonalBytes, budget_bytes: int) -> FacePicture:
    for picture in portrait_pictures(portrait, FACE_SIZES_PX):
        last = picture.size == FACE_SIZES_PX[-1]
        for ratio in _ratios(picture, budget_bytes, last=last):
            encoded = _jp2(picture, ratio)
            if len(encoded) <= budget_bytes:
                return FacePicture(
                    coding=FaceCoding.JPEG2000,
                    data=PersonalBytes(encoded),
                    width_px=picture.width,
                    height_px=picture.height,
                )
    raise ChipImageTooLarge("the portrait at its smallest", file=_FILE, limit=budget_bytes)


def _ratios(picture: Image.Image, budget_bytes: int, *, last: bool) -> Iterator[float]:
    """Ratios of compression that should bring a picture just below its budget, then a bit more."""
    whole = picture.width * picture.height * _BITS_PER_PIXEL / 8
    ratio = whole / max(1.0, budget_bytes * _JP2_AIM)
    for _ in range(_JP2_TRIES):
        if ratio <= _WORST_RATIO or last:
            yield max(1.0, ratio)
        ratio /= _JP2_STEP


def _jp2(picture: Image.Image, ratio: float) -> bytes:
    stream = BytesIO()
    picture.save(
        stream,
        "JPEG2000",
        quality_mode="rates",
        quality_layers=[ratio],
        irreversible=True,
    )
    return stream.getvalue()
