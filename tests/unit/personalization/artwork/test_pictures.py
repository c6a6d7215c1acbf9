"""Portraits and signatures: what is refused, and that the right part arrives the right way up."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from ektp.errors import ImageUnusable
from ektp.personal import PersonalBytes
from personalization.artwork import check_pictures
from personalization.artwork.pictures import portrait_pixels, signature_ink
from tests.unit.personalization.artwork.people import a_portrait, a_record, a_signature, encoded

BOX = (234, 312)
RED, GREEN, BLUE, GREY = (200, 30, 30), (30, 160, 60), (30, 60, 190), (128, 128, 128)


def quarters(size: tuple[int, int] = (480, 640)) -> Image.Image:
    """Red and green above, blue and grey below."""
    picture = Image.new("RGB", size, GREY)
    draw = ImageDraw.Draw(picture)
    half = (size[0] // 2, size[1] // 2)
    draw.rectangle((0, 0, half[0] - 1, half[1] - 1), fill=RED)
    draw.rectangle((half[0], 0, size[0], half[1] - 1), fill=GREEN)
    draw.rectangle((0, half[1], half[0] - 1, size[1]), fill=BLUE)
    return picture


def corners(picture: Image.Image) -> list[tuple[int, ...]]:
    width, height = picture.size
    spots = [(9, 9), (width - 10, 9), (9, height - 10), (width - 10, height - 10)]
    found = [picture.getpixel(spot) for spot in spots]
    return [spot for spot in found if isinstance(spot, tuple)]


def near(found: tuple[int, ...], expected: tuple[int, ...], by: int = 12) -> bool:
    return all(abs(a - b) <= by for a, b in zip(found, expected, strict=True))


def huge_png(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(64))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


BROKEN = {
    "nothing": b"",
    "text": b"this is no picture",
    "cut JPEG": a_portrait()[: len(a_portrait()) // 2],
    "cut PNG": a_portrait(form="PNG")[:-400],
    "cut JPEG 2000": a_portrait(form="JPEG2000")[:700],
    "GIF": encoded(quarters(), "GIF"),
    "TIFF": encoded(quarters(), "TIFF"),
    "BMP": encoded(quarters(), "BMP"),
    "too small": a_portrait((239, 320)),
    "too low": a_portrait((240, 319)),
    "over 25 megapixels": huge_png(5001, 5000),
    "a bomb": huge_png(30_000, 30_000),
    "a worse bomb": huge_png(0x7FFFFFFF, 0x7FFFFFFF),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_portrait_that_cannot_be_used(name: str) -> None:
    with pytest.raises(ImageUnusable) as refusal:
        portrait_pixels(PersonalBytes(BROKEN[name]), BOX)
    assert refusal.value.facts["field"] == "portrait"
    with pytest.raises(ImageUnusable):
        check_pictures(a_record(portrait=BROKEN[name]))


@pytest.mark.parametrize("name", ["nothing", "text", "cut PNG", "GIF", "over 25 megapixels"])
def test_a_signature_that_cannot_be_used(name: str) -> None:
    with pytest.raises(ImageUnusable) as refusal:
        check_pictures(a_record(signature=BROKEN[name]))
    assert refusal.value.facts["field"] == "signature"


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_signature_without_a_stroke_is_refused(grey: int) -> None:
    blank = encoded(Image.new("L", (168, 44), grey), "PNG")
    with pytest.raises(ImageUnusable, match="stroke"):
        signature_ink(PersonalBytes(blank), (210, 55))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_damaged_file_is_drawn_or_refused_and_nothing_else(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(["JPEG", "PNG", "JPEG2000"]))
    damaged = bytearray(a_portrait((240, 320), form))
    for at in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=8)):
        damaged[at] = data.draw(st.integers(0, 255))
    try:
        picture = portrait_pixels(PersonalBytes(bytes(damaged)), BOX)
    except ImageUnusable:
        return
    assert (picture.mode, picture.size) == ("RGB", BOX)


def test_broken_metadata_does_not_spoil_a_portrait(recwarn: pytest.WarningsRecorder) -> None:
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x0e\0\x02\0\0\x10\0\0\0\0\x1a"
    portrait = encoded(quarters(), "JPEG", exif=exif)
    picture = portrait_pixels(PersonalBytes(portrait), BOX)
    assert near(corners(picture)[0], RED)
    assert not recwarn.list


def test_good_pictures_pass() -> None:
    check_pictures(a_record())
    check_pictures(a_record(portrait=a_portrait((240, 320)), signature=a_signature("JPEG", "L")))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "JPEG2000"])
@pytest.mark.parametrize("box", [BOX, (468, 624)])
def test_each_format_and_size(form: str, box: tuple[int, int]) -> None:
    picture = portrait_pixels(PersonalBytes(encoded(quarters(), form)), box)
    assert (picture.mode, picture.size) == ("RGB", box)
    for found, expected in zip(corners(picture), (RED, GREEN, BLUE, GREY), strict=True):
        assert near(found, expected)


@pytest.mark.parametrize(
    ("mode", "form"),
    [("L", "JPEG"), ("CMYK", "JPEG"), ("P", "PNG"), ("LA", "PNG"), ("RGBA", "PNG"), ("1", "PNG")],
)
def test_each_mode_becomes_rgb(mode: str, form: str) -> None:
    source = quarters()
    picture = portrait_pixels(PersonalBytes(encoded(source.convert(mode), form)), BOX)
    assert picture.mode == "RGB"
    if mode in {"L", "LA", "CMYK", "P", "RGBA"}:
        expected = source.convert("L") if mode in {"L", "LA"} else source
        for found, wanted in zip(corners(picture), corners(expected.convert("RGB")), strict=True):
            assert near(found, wanted, 40 if mode in {"P", "CMYK"} else 12)


def test_sixteen_bits_become_eight() -> None:
    deep = Image.new("I;16", (240, 320), 0x8080)
    picture = portrait_pixels(PersonalBytes(encoded(deep, "PNG")), BOX)
    assert near(corners(picture)[0], GREY, 2)


def test_what_is_transparent_lies_on_white() -> None:
    clear = quarters().convert("RGBA")
    clear.putalpha(0)
    picture = portrait_pixels(PersonalBytes(encoded(clear, "PNG")), BOX)
    assert corners(picture)[0] == (255, 255, 255)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_the_portrait_is_turned_upright(orientation: int, form: str) -> None:
    """The file holds the picture turned; its tag says how to turn it back (EXIF 2.32, 4.6.5.A)."""
    turn = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    stored = quarters((960, 1280))
    for step in turn.get(orientation, []):
        stored = stored.transpose(step)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = portrait_pixels(PersonalBytes(encoded(stored, form, exif=exif)), BOX)
    assert picture.size == BOX
    for found, expected in zip(corners(picture), (RED, GREEN, BLUE, GREY), strict=True):
        assert near(found, expected)


def test_a_wide_portrait_loses_its_sides() -> None:
    wide = Image.new("RGB", (960, 640), BLUE)
    ImageDraw.Draw(wide).rectangle((240, 0, 719, 639), fill=RED)
    picture = portrait_pixels(PersonalBytes(encoded(wide, "PNG")), BOX)
    assert all(near(corner, RED) for corner in corners(picture))


def test_a_tall_portrait_loses_less_at_its_top() -> None:
    tall = Image.new("RGB", (480, 840), BLUE)
    # 200 rows too many: with 0.4, 80 go above and 120 below.
    ImageDraw.Draw(tall).rectangle((0, 80, 479, 719), fill=RED)
    picture = portrait_pixels(PersonalBytes(encoded(tall, "PNG")), BOX, centre_y=0.4)
    assert all(near(corner, RED) for corner in corners(picture))


def test_a_large_portrait_is_decoded_small() -> None:
    large = encoded(quarters((3000, 4000)), "JPEG")
    picture = portrait_pixels(PersonalBytes(large), BOX)
    for found, expected in zip(corners(picture), (RED, GREEN, BLUE, GREY), strict=True):
        assert near(found, expected)


# --- signatures ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "mode"), [("PNG", "1"), ("PNG", "L"), ("JPEG", "RGB"), ("JPEG2000", "L")]
)
def test_dark_is_ink_whatever_the_format(form: str, mode: str) -> None:
    ink = signature_ink(PersonalBytes(a_signature(form, mode)), (215, 56))
    black = ink.histogram()[255]
    assert ink.mode == "1"
    assert 0.01 < black / (215 * 56) < 0.12


def test_a_faint_signature_on_grey_paper_is_still_ink() -> None:
    with Image.open(BytesIO(a_signature("PNG", "L"))) as crisp:
        faint = crisp.point(lambda value: 150 if value < 128 else 225)
    ink = signature_ink(PersonalBytes(encoded(faint, "PNG")), (215, 56))
    expected = signature_ink(PersonalBytes(a_signature("PNG", "L")), (215, 56))
    assert abs(ink.histogram()[255] - expected.histogram()[255]) < 60


def test_a_signature_keeps_its_shape_and_its_middle() -> None:
    square = Image.new("1", (100, 100), 1)
    ImageDraw.Draw(square).rectangle((0, 0, 99, 99), outline=0, width=6)
    ink = signature_ink(PersonalBytes(encoded(square, "PNG")), (210, 50))
    assert ink.getbbox() == (80, 0, 130, 50)


def test_ink_on_clear_is_ink() -> None:
    clear = Image.new("RGBA", (168, 44), (0, 0, 0, 0))
    ImageDraw.Draw(clear).line((10, 10, 150, 30), fill=(0, 0, 0, 255), width=3)
    ink = signature_ink(PersonalBytes(encoded(clear, "PNG")), (168, 44))
    assert 0 < ink.histogram()[255] < 900
