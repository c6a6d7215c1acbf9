"""How the world keeps printed panels: dye as a photograph, resin bit by bit.

A dye-sublimation print is not repeatable to one level in 255, so its panels are kept as grey JPEG
pictures of high quality, which are small; resin (1 bit) is kept exactly.
"""

from __future__ import annotations

import io
import json
import zlib
from typing import Final

from PIL import Image

from ektp.perso import Artwork, Panel
from ektp.personal import PersonalBytes
from ektp.printer_profiles import PanelKind, Side

__all__ = ["pack_artwork", "unpack_artwork"]

_JPEG_QUALITY: Final = 95
_SMALLEST_JPEG_PX: Final = 16


def pack_artwork(artwork: Artwork) -> bytes:
    """The panels of a job in small: a line of JSON, then the panels one after the other."""
    packed = [_pack(panel) for panel in artwork.panels]
    head = {
        "layout": artwork.layout,
        "geometry": artwork.geometry,
        "panels": [
            [p.side, p.kind, p.x_px, p.y_px, p.width_px, p.height_px, p.bits, len(data)]
            for p, data in zip(artwork.panels, packed, strict=True)
        ],
    }
    return json.dumps(head).encode() + b"\n" + b"".join(packed)


def unpack_artwork(packed: bytes) -> Artwork:
    """The job as it was printed; dye may differ by a few levels."""
    head, _, body = packed.partition(b"\n")
    fields = json.loads(head)
    panels = []
    for side, kind, x_px, y_px, width_px, height_px, bits, length in fields["panels"]:
        data, body = body[:length], body[length:]
        photographed = _is_photographed(bits, width_px, height_px)
        panels.append(
            Panel(
                side=Side(side),
                kind=PanelKind(kind),
                x_px=x_px,
                y_px=y_px,
                width_px=width_px,
                height_px=height_px,
                bits=bits,
                data=PersonalBytes(_developed(data) if photographed else zlib.decompress(data)),
            )
        )
    return Artwork(layout=fields["layout"], geometry=fields["geometry"], panels=tuple(panels))


def _is_photographed(bits: int, width_px: int, height_px: int) -> bool:
    return bits == 8 and min(width_px, height_px) >= _SMALLEST_JPEG_PX


def _pack(panel: Panel) -> bytes:
    data = panel.data.reveal()
    if not _is_photographed(panel.bits, panel.width_px, panel.height_px):
        return zlib.compress(data, 1)
    buffer = io.BytesIO()
    picture = Image.frombytes("L", (panel.width_px, panel.height_px), data)
    picture.save(buffer, format="JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()


def _developed(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as picture:
        return picture.tobytes()
