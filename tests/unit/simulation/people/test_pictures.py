"""Portraits, signatures and fingerprint templates."""

from __future__ import annotations

import io
import math
import struct

import pytest
from PIL import Image, ImageStat

from ektp.record import Finger, Sex
from simulation.people.fingerprint import fingerprint_template
from simulation.people.handwriting import SIGNATURE_PX, signature_png
from simulation.people.portrait import Subject, portrait_jpeg


def _subject(**traits: object) -> Subject:
    base = {"sex": Sex.FEMALE, "age": 30, "birth_year": 1995, "religion": "ISLAM", "foreign": False}
    return Subject(**{**base, **traits})  # type: ignore[arg-type]


def _open(picture: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(picture))
    image.load()
    return image


@pytest.mark.parametrize("sex", list(Sex))
@pytest.mark.parametrize("age", [17, 44, 88])
@pytest.mark.parametrize("religion", ["ISLAM", "HINDU"])
def test_a_portrait_is_a_jpeg_of_its_size(sex: Sex, age: int, religion: str) -> None:
    for index in range(3):
        picture = portrait_jpeg(1, index, _subject(sex=sex, age=age, religion=religion))
        image = _open(picture)
        assert (image.format, image.size, image.mode) == ("JPEG", (480, 640), "RGB")
        assert 25_000 < len(picture) < 60_000


@pytest.mark.parametrize(("year", "brightest"), [(1995, 0), (1996, 2)])
def test_the_ground_is_red_for_odd_years_and_blue_for_even(year: int, brightest: int) -> None:
    for index in range(4):
        image = _open(portrait_jpeg(3, index, _subject(birth_year=year)))
        mean = ImageStat.Stat(image.crop((20, 20, 90, 90))).mean
        assert max(range(3), key=mean.__getitem__) == brightest
        assert mean[brightest] > 2 * min(mean)


def test_a_portrait_is_the_same_again_and_another_is_not() -> None:
    assert portrait_jpeg(1, 5, _subject()) == portrait_jpeg(1, 5, _subject())
    pictures = {portrait_jpeg(1, index, _subject()) for index in range(8)}
    assert len(pictures) == 8


def test_faces_are_not_flat() -> None:
    image = (
        _open(portrait_jpeg(2, 1, _subject(sex=Sex.MALE))).convert("L").crop((160, 200, 320, 460))
    )
    assert ImageStat.Stat(image).stddev[0] > 12


def test_a_portrait_can_be_small() -> None:
    picture = portrait_jpeg(1, 1, _subject(), size_px=(240, 320), quality=40)
    assert _open(picture).size == (240, 320)
    assert len(picture) < 9_000


def test_signatures_are_black_strokes_on_white_of_one_bit() -> None:
    for index in range(25):
        image = _open(signature_png(4, index))
        assert (image.format, image.mode, image.size) == ("PNG", "1", SIGNATURE_PX)
        black = image.convert("L").histogram()[0] / (SIGNATURE_PX[0] * SIGNATURE_PX[1])
        assert 0.02 < black < 0.4
        box = image.convert("L").point(lambda level: 255 - level).getbbox()
        assert box is not None
        assert box[2] - box[0] > 60


def test_signatures_differ_and_come_again() -> None:
    assert len({signature_png(4, index) for index in range(20)}) == 20
    assert signature_png(4, 3) == signature_png(4, 3)


@pytest.mark.parametrize(("finger", "position"), [(Finger.RIGHT_INDEX, 2), (Finger.LEFT_INDEX, 7)])
def test_templates_are_whole_records_of_iso_19794_2(finger: Finger, position: int) -> None:
    counts = set()
    for index in range(60):
        record = fingerprint_template(9, index, finger)
        magic, version, length = struct.unpack_from(">4s4sI", record)
        _, width, height, res_x, res_y, views, _ = struct.unpack_from(">HHHHHBB", record, 12)
        found, view, quality, count = struct.unpack_from(">BBBB", record, 24)
        assert (magic, version) == (b"FMR\0", b" 20\0")
        assert length == len(record) == 30 + 6 * count
        assert (res_x, res_y, views, found, view) == (197, 197, 1, position, 0)
        assert 0 < quality <= 100
        assert 40 <= count <= 60
        assert record[-2:] == bytes(2)
        counts.add(count)
        points = []
        for place in range(28, 28 + 6 * count, 6):
            x, y, _, minutia_quality = struct.unpack_from(">HHBB", record, place)
            assert x >> 14 in (1, 2)
            assert y >> 14 == 0
            assert minutia_quality <= 100
            assert (x & 0x3FFF) < width
            assert y < height
            points.append((x & 0x3FFF, y))
        assert min(math.dist(a, b) for i, a in enumerate(points) for b in points[:i]) > 9
    assert len(counts) > 10


def test_the_fingers_of_a_person_differ() -> None:
    right, left = (fingerprint_template(9, 1, finger)[28:] for finger in Finger)
    assert right[:60] != left[:60]
