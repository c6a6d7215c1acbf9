"""EF.COM: LDS version, Unicode version, tags of the data groups (Doc 9303-10 clause 4.6.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from inspection.faults import ChipFault
from inspection.lds1.files import COM, DATA_GROUPS
from inspection.lds1.tlv import data_objects, only, value_of

__all__ = ["CommonData"]

_COM, _LDS, _UNICODE, _TAGS = 0x60, 0x5F01, 0x5F36, 0x5C
_LDS_VERSIONS: Final = {b"0107": "0107", b"0108": "0108"}
_UNICODE_VERSION: Final = b"040000"
_NUMBERS: Final = {file.tag: number for number, file in DATA_GROUPS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonData:
    """What EF.COM says. Nobody signed it: EF.SOD must say the same."""

    lds_version: str
    groups: frozenset[int]

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Of the content of EF.COM. Raises `ChipFault`.

        LDS 1.7 or 1.8 with Unicode 4.0.0, and DG1 and DG2 among tags that come once each.
        """
        if len(content) > COM.limit_bytes:
            raise ChipFault(f"EF.COM of {len(content)} bytes")
        fields = data_objects(only(content, _COM))
        lds, unicode = value_of(fields, 0, _LDS), value_of(fields, 1, _UNICODE)
        if lds not in _LDS_VERSIONS or unicode != _UNICODE_VERSION:
            raise ChipFault("another version of LDS or Unicode")
        tags = value_of(fields, 2, _TAGS)
        unknown = [tag for tag in tags if tag not in _NUMBERS]
        if unknown or len(set(tags)) != len(tags) or len(fields) != 3:
            raise ChipFault(f"{len(unknown)} unknown tags of {len(tags)}, or one twice")
        groups = frozenset(_NUMBERS[tag] for tag in tags)
        if not {1, 2} <= groups:
            raise ChipFault("DG1 or DG2 is not listed")
        return cls(lds_version=_LDS_VERSIONS[lds], groups=groups)
