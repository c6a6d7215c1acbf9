"""The faces that print: which characters they have, how wide they are, and their black pixels.

Widths are linear, in em, and the same for every printer, so that a text breaks at the same place on
every machine. Pixels are hinted for the size at hand and drawn at one bit, because resin is either
there or not. No substitution takes place: a face has a character or it does not.
"""

from __future__ import annotations

import struct
import unicodedata
from functools import lru_cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from ektp.errors import ConfigurationError

__all__ = ["FontFace", "Glyph", "load_face"]

# OCR-B by Raisty under the SIL Open Font License 1.1, of constant stroke width (ISO 1073-2).
_SHIPPED_BY: Final = {"OCR-B.ttf": ("glyphive", "glyphive/assets/fonts/ocr_b/OCR-B.ttf")}

# Large enough for hinting to round nothing that can be seen.
_MEASURE_PX: Final = 2048
_CMAP_SEGMENTS: Final = 4
_CMAP_GROUPS: Final = 12
_MAX_GROUPS: Final = 20_000
# Controls, formats, surrogates, private use, line and paragraph separators never print, whatever
# a font's table says of them.
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

Glyph = tuple[int, int, Image.Image | None]
"""Left and top of the ink from the pen on the baseline, in pixels, and the ink (None: a blank)."""


class FontFace:
    """One TrueType or OpenType font, by the name or path under which a layout asks for it.

    Raises `ConfigurationError` where the file cannot be used.
    """

    def __init__(self, source: str, data: bytes) -> None:
        self.source = source
        self._data = data
        self._covered = _coverage(source, data)
        self._fonts: dict[float, ImageFont.FreeTypeFont] = {}
        self._widths: dict[str, tuple[float, float, float]] = {}
        self._glyphs: dict[tuple[float, str], Glyph] = {}
        self._measure = self._font(_MEASURE_PX)

    def __repr__(self) -> str:
        return f"FontFace({self.source})"

    def lacks(self, text: str) -> str | None:
        """The first character of the text that this face cannot print, or None."""
        for character in text:
            if character not in self._widths and not self._learn(character):
                return character
        return None

    def width_em(self, text: str) -> float:
        """How wide a line is, ink that leans out at either end included.

        `ValueError` for a character that the face lacks: ask `lacks` first.
        """
        if not text:
            return 0.0
        metrics = [self._metrics(character) for character in text]
        return metrics[0][1] + sum(advance for advance, _, _ in metrics) + metrics[-1][2]

    def advance_em(self, character: str) -> float:
        """How far the pen moves over a character. `ValueError` as in `width_em`."""
        return self._metrics(character)[0]

    def pens_em(self, text: str) -> list[float]:
        """Where the pen stands for each character, from the left edge of the line's ink."""
        pens, pen = [], self._metrics(text[0])[1] if text else 0.0
        for character in text:
            pens.append(pen)
            pen += self._metrics(character)[0]
        return pens

    def glyph(self, character: str, size_px: float) -> Glyph:
        """The ink of a character at a size, from a cache."""
        key = (size_px, character)
        found = self._glyphs.get(key)
        if found is None:
            found = self._glyphs[key] = self._draw(character, size_px)
        return found

    def display_font(self, size_px: int) -> ImageFont.FreeTypeFont:
        """The font for drawing at a large size, off the card."""
        return self._font(size_px)

    def _metrics(self, character: str) -> tuple[float, float, float]:
        if character not in self._widths and not self._learn(character):
            msg = "the face lacks this character"
            raise ValueError(msg)
        return self._widths[character]

    def _learn(self, character: str) -> bool:
        """Advance and overhang to the left and right of a character, in em."""
        if ord(character) not in self._covered or unicodedata.category(character) in _UNPRINTABLE:
            return False
        advance = self._measure.getlength(character)
        left, _, right, _ = self._measure.getbbox(character, anchor="ls")
        self._widths[character] = (
            advance / _MEASURE_PX,
            max(0.0, -left) / _MEASURE_PX,
            max(0.0, right - advance) / _MEASURE_PX,
        )
        return True

    def _draw(self, character: str, size_px: float) -> Glyph:
        font = self._font(size_px)
        left, top, right, bottom = (
            int(edge) for edge in font.getbbox(character, mode="1", anchor="ls")
        )
        if right <= left or bottom <= top:
            return 0, 0, None
        ink = Image.new("1", (right - left, bottom - top))
        ImageDraw.Draw(ink).text((-left, -top), character, font=font, fill=1, anchor="ls")
        return left, top, ink

    def _font(self, size_px: float) -> ImageFont.FreeTypeFont:
        font = self._fonts.get(size_px)
        if font is None:
            try:
                font = ImageFont.truetype(
                    BytesIO(self._data), size_px, layout_engine=ImageFont.Layout.BASIC
                )
            except (OSError, ValueError) as error:
                raise ConfigurationError("a font cannot be used", font=self.source) from error
            self._fonts[size_px] = font
        return font


@lru_cache(maxsize=32)
def load_face(source: str) -> FontFace:
    """The face of that name among the fonts that come with our dependencies, or at that path.

    Raises `ConfigurationError` where there is none.
    """
    try:
        data = _shipped(source).read_bytes()
    except OSError as error:
        raise ConfigurationError("a font cannot be read", font=source) from error
    return FontFace(source, data)


def _shipped(source: str) -> Traversable:
    """Where a font is: only its file is looked for, no code of the package that ships it is run."""
    if source in _SHIPPED_BY:
        package, inside = _SHIPPED_BY[source]
        try:
            return Path(str(metadata.distribution(package).locate_file(inside)))
        except metadata.PackageNotFoundError as error:
            raise ConfigurationError(
                "the package that ships a font is not installed", font=source, package=package
            ) from error
    shipped = resources.files("reportlab") / "fonts" / Path(source).name
    return shipped if Path(source).name == source and shipped.is_file() else Path(source)


def _coverage(source: str, data: bytes) -> frozenset[int]:
    """The code points that have a glyph (OpenType 1.9, table `cmap`, formats 4 and 12)."""
    try:
        return _read_cmap(data)
    except (struct.error, IndexError, ValueError) as error:
        raise ConfigurationError("a font's character table is broken", font=source) from error


def _read_cmap(data: bytes) -> frozenset[int]:
    (tables,) = struct.unpack_from(">H", data, 4)
    for index in range(tables):
        tag, _, start, _ = struct.unpack_from(">4sIII", data, 12 + 16 * index)
        if tag == b"cmap":
            break
    else:
        msg = "no cmap"
        raise ValueError(msg)
    covered: set[int] = set()
    (count,) = struct.unpack_from(">H", data, start + 2)
    for index in range(count):
        platform_id, encoding, offset = struct.unpack_from(">HHI", data, start + 4 + 8 * index)
        if platform_id == 0 or (platform_id == 3 and encoding in (1, 10)):
            covered |= _read_subtable(data, start + offset)
    return frozenset(covered)


def _read_subtable(data: bytes, start: int) -> set[int]:
    (form,) = struct.unpack_from(">H", data, start)
    if form == _CMAP_SEGMENTS:
        return _read_segments(data, start)
    if form == _CMAP_GROUPS:
        return _read_groups(data, start)
    return set()


def _read_segments(data: bytes, start: int) -> set[int]:
    (double,) = struct.unpack_from(">H", data, start + 6)
    count = double // 2
    columns = f">{count}H"
    ends = struct.unpack_from(columns, data, start + 14)
    begins = struct.unpack_from(columns, data, start + 16 + double)
    deltas = struct.unpack_from(columns, data, start + 16 + 2 * double)
    ranges_at = start + 16 + 3 * double
    ranges = struct.unpack_from(columns, data, ranges_at)
    covered: set[int] = set()
    for index, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        for code in range(begin, min(end, 0xFFFE) + 1):
            glyph = code
            if ranges[index]:
                at = ranges_at + 2 * index + ranges[index] + 2 * (code - begin)
                (glyph,) = struct.unpack_from(">H", data, at)
                if glyph == 0:
                    continue
            if (glyph + deltas[index]) & 0xFFFF:
                covered.add(code)
    return covered


def _read_groups(data: bytes, start: int) -> set[int]:
    (count,) = struct.unpack_from(">I", data, start + 12)
    if count > _MAX_GROUPS:
        msg = "more groups than any font has"
        raise ValueError(msg)
    covered: set[int] = set()
    for index in range(count):
        begin, end, glyph = struct.unpack_from(">III", data, start + 16 + 12 * index)
        if end > 0x10FFFF:
            msg = "a group beyond Unicode"
            raise ValueError(msg)
        covered.update(code for code in range(begin, end + 1) if glyph + code - begin)
    return covered
