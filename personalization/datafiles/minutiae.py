"""Minutiae (`6FF4`, `6FF5`): a whole ISO/IEC 19794-2:2005 record, checked and never changed.

Cards seen in the field hold 30 + 6 n bytes with n from 40 to 60: one view, no extended data
(`docs/chip-profile-ktp-el.md` section 1). A record that is longer is refused and not thinned out:
which minutiae to leave out is for the one who made the template.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NoReturn, Self

from ektp.errors import ImageUnusable
from ektp.record import ApprovedRecord, Finger

__all__ = ["MAX_MINUTIAE", "FingerRecord", "finger_template"]

MAX_MINUTIAE: Final = 60
"""The most minutiae that a file of 400 bytes is made for."""

_MAGIC: Final = b"FMR\x00 20\x00"  # clause 7.3.1 and 7.3.2: format identifier and version
_HEADER_BYTES: Final = 24  # clause 7.3: record header
_VIEW_BYTES: Final = 4  # clause 7.4.1: finger view header
_MINUTIA_BYTES: Final = 6  # clause 7.4.2
_EXTENDED_LENGTH_BYTES: Final = 2  # clause 7.5.1: extended data block length
_LENGTH_AT: Final = 8
_VIEWS_AT: Final = 22


def _refuse(reason: str, **facts: int) -> NoReturn:
    raise ImageUnusable(
        "not a whole ISO/IEC 19794-2:2005 record", field="finger", reason=reason, **facts
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerRecord:
    """What the headers of a template say, once they agree with its bytes."""

    position: int
    minutiae: int
    extended_bytes: int

    @classmethod
    def from_bytes(cls, record: bytes) -> Self:
        """Read a record of one view.

        Raises `ImageUnusable` with the reason: `cut_off`, `not_fmr_20`, `length`, `views`,
        `counts` or `extended_data`.
        """
        if len(record) < _HEADER_BYTES + _VIEW_BYTES + _EXTENDED_LENGTH_BYTES:
            _refuse("cut_off", bytes=len(record))
        if record[: len(_MAGIC)] != _MAGIC:
            _refuse("not_fmr_20")
        stated = int.from_bytes(record[_LENGTH_AT : _LENGTH_AT + 4], "big")
        if stated != len(record):
            _refuse("length", bytes=len(record), stated=stated)
        if record[_VIEWS_AT] != 1:
            _refuse("views", views=record[_VIEWS_AT])
        minutiae = record[_HEADER_BYTES + 3]
        end = _HEADER_BYTES + _VIEW_BYTES + _MINUTIA_BYTES * minutiae
        if end + _EXTENDED_LENGTH_BYTES > len(record):
            _refuse("counts", bytes=len(record), minutiae=minutiae)
        extended = int.from_bytes(record[end : end + _EXTENDED_LENGTH_BYTES], "big")
        if end + _EXTENDED_LENGTH_BYTES + extended != len(record):
            _refuse("extended_data", bytes=len(record), minutiae=minutiae, extended=extended)
        return cls(position=record[_HEADER_BYTES], minutiae=minutiae, extended_bytes=extended)


def finger_template(record: ApprovedRecord, finger: Finger) -> bytes:
    """The template of a finger as approved, or no bytes where the finger is missing.

    Raises `ImageUnusable` where the template is not whole, belongs to another finger, comes twice,
    or has more minutiae than a card holds (`too_many_minutiae`).
    """
    templates = [template for template in record.fingers if template.finger is finger]
    if not templates:
        return b""
    if len(templates) > 1:
        raise ImageUnusable(
            "a finger comes twice", field="finger", reason="finger_twice", finger=finger.value
        )
    content = templates[0].record.reveal()
    found = FingerRecord.from_bytes(content)
    if found.position != finger.position:
        raise ImageUnusable(
            "a template of another finger",
            field="finger",
            reason="finger_position",
            finger=finger.value,
            position=found.position,
        )
    if found.minutiae > MAX_MINUTIAE:
        raise ImageUnusable(
            "a template with more minutiae than a card holds",
            field="finger",
            reason="too_many_minutiae",
            finger=finger.value,
            minutiae=found.minutiae,
            limit=MAX_MINUTIAE,
        )
    return content
