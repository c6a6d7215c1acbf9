"""Faces: what they cover, how wide they are, and what they refuse."""

from __future__ import annotations

import struct
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfbase.ttfonts import TTFontFile

from ektp.errors import ConfigurationError
from personalization.artwork.fontface import FontFace, _read_cmap, load_face

FONTS = resources.files("reportlab") / "fonts"


@pytest.mark.parametrize("source", ["none.ttf", "/no/such/font.otf", "../fonts/Vera.ttf", ""])
def test_a_font_that_is_not_there_is_a_wrong_setting(source: str) -> None:
    with pytest.raises(ConfigurationError):
        load_face(source)


@pytest.mark.parametrize("length", [0, 3, 11, 200, 5000, 30_000])
def test_a_broken_font_is_a_wrong_setting(tmp_path: Path, length: int) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes((FONTS / "Vera.ttf").read_bytes()[:length])
    with pytest.raises(ConfigurationError, match="broken"):
        load_face(str(broken))


@pytest.mark.parametrize("name", ["Vera.ttf", "VeraBd.ttf"])
def test_coverage_is_what_another_reader_of_the_font_finds(name: str) -> None:
    face = load_face(name)
    theirs = TTFontFile(str(FONTS / name)).charToGlyph
    for code in range(0x20, 0x2500):
        if code != 0xAD and not 0x7F <= code < 0xA0:
            assert (face.lacks(chr(code)) is None) == bool(theirs.get(code)), hex(code)


@pytest.mark.parametrize("name", ["Vera.ttf", "VeraBd.ttf"])
def test_widths_are_what_another_reader_of_the_font_finds(name: str) -> None:
    face, theirs = load_face(name), TTFontFile(str(FONTS / name))
    for character in "ABCWMI il0123456789.,'-/éŁ":
        pens = face.pens_em(character + "A")
        expected = theirs.charWidths[ord(character)] / 1000
        assert pens[1] - pens[0] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("character", ["\n", "\t", "\x00", "\xad", "\u200b", "\u202e", "\ue000"])
def test_what_does_not_print_is_lacking(character: str) -> None:
    assert load_face("Vera.ttf").lacks(f"A{character}B") == character


def test_the_first_lacking_character_is_named() -> None:
    assert load_face("Vera.ttf").lacks("ABC 李 愛") == "李"


def test_a_width_is_never_guessed() -> None:
    with pytest.raises(ValueError, match="lacks"):
        load_face("Vera.ttf").width_em("李")


@given(st.text("ABCJQWijf .'-/", min_size=1, max_size=30))
def test_a_line_is_as_wide_as_its_pens_say(text: str) -> None:
    face = load_face("Vera.ttf")
    pens = face.pens_em(text)
    assert len(pens) == len(text)
    assert 0 <= pens[0] <= pens[-1] <= face.width_em(text)


def test_an_empty_line_has_no_width() -> None:
    assert load_face("Vera.ttf").width_em("") == 0
    assert load_face("Vera.ttf").pens_em("") == []


def test_a_blank_has_no_ink_and_a_letter_has() -> None:
    face = load_face("Vera.ttf")
    assert face.glyph(" ", 24)[2] is None
    ink = face.glyph("H", 24)[2]
    assert ink is not None
    assert ink.mode == "1"
    assert ink.getbbox() is not None


def test_a_face_shows_its_name_only() -> None:
    assert repr(load_face("Vera.ttf")) == "FontFace(Vera.ttf)"


def _font_with(subtable: bytes, encoding: int = 10) -> bytes:
    cmap = struct.pack(">HH", 0, 1) + struct.pack(">HHI", 3, encoding, 12) + subtable
    head = b"\0\1\0\0" + struct.pack(">HHHH", 1, 0, 0, 0)
    return head + struct.pack(">4sIII", b"cmap", 0, 28, len(cmap)) + cmap


def test_the_character_table_of_large_fonts_is_read() -> None:
    # Format 12: 0x41 to 0x43 from glyph 0 (which is .notdef), 0x1F600 from glyph 9.
    groups = struct.pack(">IIIIII", 0x41, 0x43, 0, 0x1F600, 0x1F600, 9)
    font = _font_with(struct.pack(">HHIII", 12, 0, 40, 0, 2) + groups)
    assert _read_cmap(font) == {0x42, 0x43, 0x1F600}


@pytest.mark.parametrize(
    "subtable",
    [
        struct.pack(">HHIII", 12, 0, 40, 0, 0xFFFFFFFF),
        struct.pack(">HHIIIIII", 12, 0, 40, 0, 1, 0, 0xFFFFFFFF, 0),
        struct.pack(">HHIII", 12, 0, 40, 0, 3),
        struct.pack(">HHHHHHH", 4, 0, 0, 0xFFFE, 0, 0, 0),
    ],
)
def test_a_hostile_character_table_is_refused(subtable: bytes) -> None:
    with pytest.raises(ConfigurationError):
        FontFace("hostile", _font_with(subtable))


def test_a_font_without_a_character_table_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        FontFace("bare", b"\0\1\0\0" + bytes(8))
