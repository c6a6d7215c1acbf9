"""What preparation makes of a record: artwork as printer panels, data files, digests.

A `PersoPackage` belongs to a job and to no card yet. Binding makes a `ChipImage` of it, which
belongs to one chip and one attempt.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Self

from ektp.cards import ChipAccess
from ektp.chip_profiles import FileId
from ektp.ids import AttemptId, CardSerial
from ektp.personal import PersonalBytes
from ektp.printer_profiles import PanelKind, Side

__all__ = [
    "Artwork",
    "ChipImage",
    "ChipKeyPair",
    "ChipKeyUse",
    "DataFile",
    "Panel",
    "PersoPackage",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One colour of one side, as the machine's ribbon lays it down.

    `bits` is 8 (0 = no dye, 255 = full) or 1 (packed, most significant bit first, rows padded to
    whole bytes, 1 = resin). A panel may cover a part of the side only: the rest of the card stays
    without that colour.
    """

    side: Side
    kind: PanelKind
    x_px: int
    y_px: int
    width_px: int
    height_px: int
    bits: int
    data: PersonalBytes

    def __post_init__(self) -> None:
        row = self.width_px if self.bits == 8 else (self.width_px + 7) // 8
        if self.bits not in (1, 8) or len(self.data) != row * self.height_px:
            msg = "a panel holds height times row bytes, at 1 or 8 bits"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Artwork:
    """The printed layer of one card: which layout, for which geometry, and its panels."""

    layout: str
    geometry: str
    panels: tuple[Panel, ...]

    def _plain(self) -> bytes:
        head = {
            "layout": self.layout,
            "geometry": self.geometry,
            "panels": [
                [p.side, p.kind, p.x_px, p.y_px, p.width_px, p.height_px, p.bits, len(p.data)]
                for p in self.panels
            ],
        }
        pixels = b"".join(panel.data.reveal() for panel in self.panels)
        return json.dumps(head).encode() + b"\n" + pixels

    def __bytes__(self) -> bytes:
        return zlib.compress(self._plain(), 1)

    @classmethod
    def from_bytes(cls, packed: bytes) -> Self:
        """Unpack what `bytes(artwork)` packed."""
        head, _, pixels = zlib.decompress(packed).partition(b"\n")
        fields = json.loads(head)
        panels, offset = [], 0
        for side, kind, x_px, y_px, width_px, height_px, bits, length in fields["panels"]:
            panels.append(
                Panel(
                    side=Side(side),
                    kind=PanelKind(kind),
                    x_px=x_px,
                    y_px=y_px,
                    width_px=width_px,
                    height_px=height_px,
                    bits=bits,
                    data=PersonalBytes(pixels[offset : offset + length]),
                )
            )
            offset += length
        return cls(layout=fields["layout"], geometry=fields["geometry"], panels=tuple(panels))

    @property
    def digest(self) -> bytes:
        """SHA-256 over layout, geometry, placement and pixels, not over their compression."""
        return hashlib.sha256(self._plain()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """The plain content of one file of the chip profile, before binding."""

    name: str
    content: PersonalBytes

    @property
    def digest(self) -> bytes:
        """SHA-256 of the content."""
        return hashlib.sha256(self.content.reveal()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class PersoPackage:
    """Everything that can be made before a blank is in hand."""

    profile: str
    artwork: Artwork
    files: tuple[DataFile, ...]

    def file(self, name: str) -> DataFile:
        """The data file of that name; `KeyError` is a programmer's mistake."""
        for file in self.files:
            if file.name == name:
                return file
        raise KeyError(name)

    @property
    def digest(self) -> bytes:
        """SHA-256 over the digests of artwork and files: what was prepared, in 32 bytes."""
        parts = [self.artwork.digest, *(f.name.encode() + f.digest for f in self.files)]
        return hashlib.sha256(self.profile.encode() + b"".join(parts)).digest()

    def __bytes__(self) -> bytes:
        artwork = bytes(self.artwork)
        head = {
            "profile": self.profile,
            "artwork": len(artwork),
            "files": [[file.name, len(file.content)] for file in self.files],
        }
        contents = b"".join(file.content.reveal() for file in self.files)
        return json.dumps(head).encode() + b"\n" + artwork + contents

    @classmethod
    def from_bytes(cls, packed: bytes) -> Self:
        """Unpack what `bytes(package)` packed."""
        head, _, body = packed.partition(b"\n")
        fields = json.loads(head)
        offset = fields["artwork"]
        files = []
        for name, length in fields["files"]:
            content = PersonalBytes(body[offset : offset + length])
            files.append(DataFile(name=name, content=content))
            offset += length
        artwork = Artwork.from_bytes(body[: fields["artwork"]])
        return cls(profile=fields["profile"], artwork=artwork, files=tuple(files))


@unique
class ChipKeyUse(StrEnum):
    """What a key pair of a chip is for (ICAO Doc 9303-11 clauses 6.1 and 6.2)."""

    CHIP_AUTHENTICATION = "chip_authentication"
    ACTIVE_AUTHENTICATION = "active_authentication"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipKeyPair:
    """A key pair made for one chip: its public half, and a handle to the private one.

    `public_key` is DER SubjectPublicKeyInfo, P-256. `handle` is opaque: the key service alone
    can use it, for this chip, as long as its process lives.
    """

    use: ChipKeyUse
    public_key: bytes
    handle: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipImage:
    """The exact bytes of each file for one chip and one attempt, signed, in writing order.

    `access` and `key_pairs` are what an `icao-lds1` chip holds beside its files.
    """

    profile: str
    card: CardSerial
    attempt: AttemptId
    files: tuple[tuple[FileId, PersonalBytes], ...]
    signer_key_id: bytes
    signature_digest: bytes = b""
    access: ChipAccess | None = None
    key_pairs: tuple[ChipKeyPair, ...] = ()

    @property
    def digests(self) -> dict[FileId, bytes]:
        """SHA-256 of each file as written: what the chip must report and a reader must find."""
        return {
            file_id: hashlib.sha256(content.reveal()).digest() for file_id, content in self.files
        }

    @property
    def payload_bytes(self) -> int:
        """How many bytes are written into files."""
        return sum(len(content) for _, content in self.files)
