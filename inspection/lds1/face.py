"""EF.DG2: the face as CBEFF template and face record (Doc 9303-10 clause 4.7.2, ISO/IEC 19794-5).

Values are those of the edition of 2005, which Doc 9303 names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from inspection.faults import ChipFault
from inspection.lds1.files import DATA_GROUPS
from inspection.lds1.pictures import picture_size
from inspection.lds1.tlv import DataObject, data_objects, only, value_of

__all__ = ["FaceImage", "check_records", "check_template", "face_images"]

_DG2, _GROUP, _COUNT, _TEMPLATE, _HEADER = 0x75, 0x7F61, 0x02, 0x7F60, 0xA1
_DATA: Final = frozenset({0x5F2E, 0x7F2E})
_HEADER_TAGS: Final = frozenset({0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88})
_TYPE, _OWNER, _FORMAT = 0x81, 0x87, 0x88
_FACIAL_FEATURES: Final = frozenset({b"\x02", b"\x00\x00\x02"})
_SC37, _FACE_IMAGE = b"\x01\x01", b"\x00\x08"
_MOST_FACES: Final = 9

_RECORD_HEADER, _FACIAL, _POINT, _IMAGE = 14, 20, 8, 12
_GENDERS: Final = frozenset({0, 1, 2, 0xFF})
_EYES: Final = frozenset({*range(8), 0xFF})
_HAIR: Final = frozenset({*range(10), 0xFF})
_LARGEST_ANGLE: Final = 181
"""Angles are two degrees a step, counted from 1; 0 says nothing (clauses 5.5.8 and 5.5.9)."""

_KINDS: Final = range(3)
"""Basic, full frontal, token frontal (clause 5.7.1)."""

_CODINGS: Final = {0: "JPEG", 1: "JPEG 2000"}
_COLOUR_SPACES: Final = frozenset({*range(6), *range(128, 256)})


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceImage:
    """A picture as its face record announces it, and its bytes."""

    coding: str
    width: int
    height: int
    data: bytes = field(repr=False)

    def check(self) -> str:
        """The bytes are what was announced. Raises `ChipFault`."""
        coding, width, height = picture_size(self.data)
        if (coding, width, height) != (self.coding, self.width, self.height):
            announced = f"{self.coding} {self.width} x {self.height}"
            raise ChipFault(f"{coding} {width} x {height} where {announced} is announced")
        return f"{coding} {width} x {height}"


def _templates(content: bytes) -> Iterator[tuple[DataObject, ...]]:
    if len(content) > DATA_GROUPS[2].limit_bytes:
        raise ChipFault(f"DG2 of {len(content)} bytes")
    fields = data_objects(only(only(content, _DG2), _GROUP))
    count = value_of(fields, 0, _COUNT)
    if len(count) != 1 or not 1 <= count[0] <= _MOST_FACES or count[0] != len(fields) - 1:
        raise ChipFault(f"{len(fields) - 1} templates, {count.hex()[:8]} announced")
    for place in range(1, len(fields)):
        yield data_objects(value_of(fields, place, _TEMPLATE))


def _record_of(template: tuple[DataObject, ...]) -> bytes:
    if len(template) != 2 or template[1].tag not in _DATA:
        raise ChipFault("a template without a picture, or with more than one")
    return template[1].value


def check_template(content: bytes) -> str:
    """The CBEFF template with its headers (Doc 9303-10 table 40). Raises `ChipFault`."""
    faces = 0
    for template in _templates(content):
        header = {item.tag: item.value for item in data_objects(value_of(template, 0, _HEADER))}
        if not header.keys() <= _HEADER_TAGS:
            raise ChipFault("a header with an unknown element")
        if header.get(_OWNER) != _SC37 or header.get(_FORMAT) != _FACE_IMAGE:
            raise ChipFault("no format owner or type, or others than of face image data")
        if header.get(_TYPE, b"\x02") not in _FACIAL_FEATURES:
            raise ChipFault("a biometric type other than facial features")
        _record_of(template)
        faces += 1
    return f"{faces} templates"


def face_images(content: bytes) -> tuple[FaceImage, ...]:
    """All pictures, their face records checked. Raises `ChipFault`."""
    found: list[FaceImage] = []
    for template in _templates(content):
        found.extend(_record(_record_of(template)))
    return tuple(found)


def check_records(content: bytes) -> str:
    """Every face record is whole and says what it may say. Raises `ChipFault`."""
    pictures = face_images(content)
    return ", ".join(f"{one.coding} {one.width} x {one.height}" for one in pictures)


def _number(raw: bytes, at: int, size: int) -> int:
    return int.from_bytes(raw[at : at + size], "big")


def _record(record: bytes) -> list[FaceImage]:
    """Clause 5.4: header, then one block for each face."""
    if record[:8] != b"FAC\x00010\x00":
        raise ChipFault("not a face record of version 010")
    length, faces = _number(record, 8, 4), _number(record, 12, 2)
    if length != len(record) or not 1 <= faces <= _MOST_FACES:
        raise ChipFault(f"{length} bytes announced of {len(record)}, {faces} faces")
    position, found = _RECORD_HEADER, []
    for _ in range(faces):
        size = _number(record, position, 4)
        if size < _FACIAL + _IMAGE or position + size > length:
            raise ChipFault(f"a block of {size} bytes at {position}")
        found.append(_face(record[position : position + size]))
        position += size
    if position != length:
        raise ChipFault(f"{length - position} bytes after the last block")
    return found


def _face(block: bytes) -> FaceImage:
    """Clauses 5.5 to 5.8: facial information, feature points, image information, picture."""
    points = _number(block, 4, 2)
    start = _FACIAL + _POINT * points
    if start + _IMAGE > len(block):
        raise ChipFault(f"{points} feature points in {len(block)} bytes")
    image = block[start:]
    sound = {
        "gender": block[6] in _GENDERS,
        "eye colour": block[7] in _EYES,
        "hair colour": block[8] in _HAIR,
        "pose angle": max(block[14:17]) <= _LARGEST_ANGLE,
        "pose angle uncertainty": max(block[17:20]) <= _LARGEST_ANGLE,
        "image type": image[0] in _KINDS,
        "image data type": image[1] in _CODINGS,
        "image colour space": image[6] in _COLOUR_SPACES,
        "width": _number(image, 2, 2) > 0,
        "height": _number(image, 4, 2) > 0,
        "picture": len(image) > _IMAGE,
    }
    wrong = [name for name, good in sound.items() if not good]
    if wrong:
        raise ChipFault(", ".join(wrong))
    return FaceImage(
        coding=_CODINGS[image[1]],
        width=_number(image, 2, 2),
        height=_number(image, 4, 2),
        data=image[_IMAGE:],
    )
