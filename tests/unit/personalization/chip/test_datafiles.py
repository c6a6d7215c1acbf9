from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ektp.chip_profiles import KTP_EL
from ektp.errors import ChipImageTooLarge, ConfigurationError, GlyphMissing, ImageUnusable
from ektp.personal import PersonalBytes, PersonalText
from ektp.record import ApprovedRecord, Finger, Sex
from ektp.regions import Area, RegionCode
from personalization.artwork.fields import FIELDS
from personalization.datafiles.biodata import BIODATA_FIELDS, biodata
from personalization.datafiles.framing import content_budget, framed
from personalization.datafiles.minutiae import FingerRecord, finger_template
from personalization.datafiles.photo import PHOTO_SIZES_PX, _Search, check_portrait, chip_photo
from personalization.datafiles.prepare import DATA_FILES, check, data_files
from personalization.datafiles.signature import SIGNATURE_BYTES, signature_bitmap

Records = Callable[..., ApprovedRecord]
Bytes = Callable[..., bytes]
Images = Callable[..., Image.Image]

PHOTO_BUDGET = content_budget(KTP_EL.file("photo"))


def _area(code: str, name: str) -> Area:
    return Area(code=RegionCode.parse(code), name=name)


# --- biodata ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad", ["A\nB", "A\x00B", "A\u200bB", "A\u202eB", "A\u2028B", "A\ud800B"], ids=ascii
)
def test_a_character_that_no_card_carries_is_refused_without_showing_it(
    a_record: Records, bad: str
) -> None:
    with pytest.raises(GlyphMissing) as refusal:
        biodata(a_record(name=PersonalText(bad)))
    assert refusal.value.facts == {"field": "name"}
    assert bad not in str(refusal.value)


def test_too_much_text_is_refused_with_sizes_only(a_record: Records) -> None:
    record = a_record(
        address=PersonalText("\N{LATIN CAPITAL LETTER E WITH ACUTE}" * 120),
        name=PersonalText("\N{LATIN CAPITAL LETTER E WITH ACUTE}" * 300),
    )
    with pytest.raises(ChipImageTooLarge) as refusal:
        check(record)
    size = len(biodata(record))
    assert refusal.value.facts == {"file": "biodata", "bytes": size, "limit": 896}
    assert "\N{LATIN CAPITAL LETTER E WITH ACUTE}" not in str(refusal.value)


def test_the_golden_line(a_record: Records) -> None:
    assert biodata(a_record()) == (
        b'"1671015708860000","JL. CONTOH NO. 1","001","012","PALEMBANG","ILIR BARAT DUA",'
        b'"DESA CONTOH","KOTA PALEMBANG","PEREMPUAN","-","ISLAM","BELUM KAWIN",'
        b'"PELAJAR/MAHASISWA","CONTOH D\'WARGA","7-8-1986","SUMATERA SELATAN","SEUMUR HIDUP",'
        b'"2","7","WNI","KOTA PALEMBANG"'
    )


def test_a_foreigner_without_a_left_index_and_with_a_quote(
    a_record: Records, template: Bytes
) -> None:
    record = a_record(
        name=PersonalText('CONTOH "X" WARGA'),
        birth_date=date(1990, 12, 31),
        valid_until=date(2030, 1, 9),
        citizenship="JAPAN",
        fingers=[(Finger.RIGHT_INDEX, template(2))],
    )
    fields = biodata(record).decode()[1:-1].split('","')
    assert fields[13:17] == ['CONTOH ""X"" WARGA', "31-12-1990", "SUMATERA SELATAN", "9-1-2030"]
    assert fields[17:20] == ["2", "0", "JAPAN"]


def test_text_is_composed(a_record: Records) -> None:
    line = biodata(a_record(name=PersonalText("E\N{COMBINING ACUTE ACCENT}VA"))).decode()
    assert '"\N{LATIN CAPITAL LETTER E WITH ACUTE}VA"' in line


@pytest.mark.parametrize(
    ("field", "printed"),
    [(name, name) for name in ("nik", "name", "address", "sex", "blood_type", "village",
     "district", "religion", "marital_status", "occupation", "citizenship", "issue_place",
     "regency")],
)  # fmt: skip
def test_the_chip_says_what_the_card_says(a_record: Records, field: str, printed: str) -> None:
    record = a_record(
        name=PersonalText("Contoh Warga"),
        regency=_area("16.71", "Kota Palembang"),
        village=_area("16.71.01.1001", "Desa Contoh"),
    )
    evaluate = next(entry.evaluate for entry in BIODATA_FIELDS if entry.name == field)
    assert evaluate(record) == FIELDS[printed].evaluate(record.biographic)


# --- portrait and photo ----------------------------------------------------------------------


def test_what_is_no_picture_is_refused(encode: Bytes, portrait: Images) -> None:
    whole = encode(portrait(), "JPEG")
    broken = encode(portrait(), "PNG")
    middle = len(broken) // 2
    for content in (
        b"",
        b"not a picture",
        whole[: len(whole) // 2],
        encode(portrait(), "GIF"),
        encode(portrait(), "BMP"),
        broken[:middle],
        broken[:middle] + bytes(64) + broken[middle + 64 :],
    ):
        with pytest.raises(ImageUnusable) as refusal:
            chip_photo(PersonalBytes(content), PHOTO_BUDGET)
        assert refusal.value.facts == {"field": "portrait", "reason": "undecodable"}
        with pytest.raises(ImageUnusable):
            check_portrait(PersonalBytes(content))


def test_a_portrait_that_is_too_small_or_too_large_is_refused(encode: Bytes) -> None:
    for size, reason in (((239, 400), "too_small"), ((5001, 5000), "too_many_pixels")):
        content = PersonalBytes(encode(Image.new("L", size), "PNG"))
        with pytest.raises(ImageUnusable) as refusal:
            chip_photo(content, PHOTO_BUDGET)
        assert refusal.value.facts["reason"] == reason
        with pytest.raises(ImageUnusable):
            check_portrait(content)


def test_a_picture_bomb_is_refused_before_it_is_decoded(encode: Bytes) -> None:
    head = bytearray(encode(Image.new("1", (8, 8)), "PNG"))
    head[16:24] = (60_000).to_bytes(4, "big") * 2
    with pytest.raises(ImageUnusable):
        check_portrait(PersonalBytes(bytes(head)))


def test_a_budget_that_no_photo_meets_is_told(encode: Bytes, portrait: Images) -> None:
    with pytest.raises(ChipImageTooLarge) as refusal:
        chip_photo(PersonalBytes(encode(portrait(), "PNG")), 500)
    assert refusal.value.facts == {"file": "photo", "limit": 500}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "JPEG2000"])
@pytest.mark.parametrize("noise", [0, 4, 60])
def test_the_photo_fills_its_budget_in_few_encodings(
    encode: Bytes, portrait: Images, kind: str, noise: int
) -> None:
    photo = chip_photo(PersonalBytes(encode(portrait(noise=noise), kind)), PHOTO_BUDGET)
    assert photo.encodings <= 6
    assert 0.85 * PHOTO_BUDGET <= len(photo.jpeg) <= PHOTO_BUDGET
    assert (photo.width_px, photo.height_px) in PHOTO_SIZES_PX
    assert photo.quality >= 25


class _Steps(Image.Image):
    """A picture whose JPEG has one of two sizes, and nothing between."""

    def save(self, fp: Any, *_: object, **params: Any) -> None:
        fp.write(bytes(1000 if params["quality"] <= 60 else 9000))


def test_the_search_ends_where_no_quality_comes_near_the_budget() -> None:
    search = _Search(image=_Steps(), budget_bytes=PHOTO_BUDGET, lowest=25)
    found = search.run(40)
    assert found == bytes(1000)
    assert search.quality <= 60
    assert search.encodings <= 6


def test_noise_is_made_smaller_rather_than_blocky(encode: Bytes) -> None:
    noise = Image.merge("RGB", [Image.effect_noise((480, 640), 160)] * 3)
    photo = chip_photo(PersonalBytes(encode(noise, "PNG")), PHOTO_BUDGET)
    assert photo.width_px < 240
    assert len(photo.jpeg) <= PHOTO_BUDGET


def test_the_photo_is_a_baseline_jpeg_without_metadata(encode: Bytes, portrait: Images) -> None:
    exif = Image.Exif()
    exif[0x010E] = "A DESCRIPTION"
    source = encode(
        portrait(), "JPEG", exif=exif, icc_profile=b"PROFILE", comment=b"COMMENT", quality=90
    )
    jpeg = chip_photo(PersonalBytes(source), PHOTO_BUDGET).jpeg.reveal()
    back = Image.open(io.BytesIO(jpeg))
    assert (back.format, back.mode, back.size) == ("JPEG", "RGB", (240, 320))
    assert back.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert {kind for kind, _ in back.applist} == {"APP0"}  # type: ignore[attr-defined]
    assert b"\xff\xc0\x00\x11\x08" in jpeg  # SOF0: baseline, three components
    frame = jpeg[jpeg.index(b"\xff\xc0\x00\x11\x08") :]
    assert (frame[11], frame[14], frame[17]) == (0x22, 0x11, 0x11)  # 4:2:0
    for word in (b"DESCRIPTION", b"PROFILE", b"COMMENT"):
        assert word not in jpeg


def test_a_lying_portrait_is_stood_up(encode: Bytes, portrait: Images) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees to see it upright
    lying = portrait(noise=0).transpose(Image.Transpose.ROTATE_90)
    stood = chip_photo(PersonalBytes(encode(lying, "JPEG", exif=exif)), PHOTO_BUDGET)
    plain = chip_photo(PersonalBytes(encode(portrait(noise=0), "JPEG")), PHOTO_BUDGET)
    one, other = (Image.open(io.BytesIO(p.jpeg.reveal())).convert("L") for p in (stood, plain))
    pairs = zip(one.tobytes(), other.tobytes(), strict=True)
    assert sum(abs(a - b) for a, b in pairs) / (240 * 320) < 4


def test_a_portrait_with_broken_metadata_is_still_a_portrait(
    encode: Bytes, portrait: Images
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "A DESCRIPTION"
    content = encode(portrait(noise=0), "JPEG", exif=exif)
    at = content.index(b"II*\x00") if b"II*\x00" in content else content.index(b"MM\x00*")
    broken = content[: at + 8] + b"\xff\xff" + content[at + 10 :]  # entries without end
    check_portrait(PersonalBytes(broken))
    assert chip_photo(PersonalBytes(broken), PHOTO_BUDGET).width_px == 240


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_mode_becomes_colour(encode: Bytes, portrait: Images, mode: str) -> None:
    source = portrait(noise=0)
    if mode == "I;16":
        table = source.convert("L").point(lambda level: level)
        deep = b"".join(bytes((level, level)) for level in table.tobytes())
        image = Image.frombytes("I;16", source.size, deep)
    else:
        image = source.convert(mode)
    photo = chip_photo(PersonalBytes(encode(image, "PNG")), PHOTO_BUDGET)
    back = Image.open(io.BytesIO(photo.jpeg.reveal())).convert("L")
    level = sum(back.tobytes()) / (back.width * back.height)
    wanted = source.convert("L").tobytes()
    assert abs(level - sum(wanted) / len(wanted)) < 12


def test_a_wide_portrait_is_cut_at_its_sides(encode: Bytes) -> None:
    wide = Image.new("RGB", (900, 400), "black")
    wide.paste((255, 255, 255), (300, 0, 600, 400))
    photo = chip_photo(PersonalBytes(encode(wide, "PNG")), PHOTO_BUDGET)
    back = Image.open(io.BytesIO(photo.jpeg.reveal())).convert("L")
    assert min(back.tobytes()) > 200


# --- signature image -------------------------------------------------------------------------


def test_a_signature_that_does_not_decode_is_refused() -> None:
    with pytest.raises(ImageUnusable) as refusal:
        signature_bitmap(PersonalBytes(b"\x89PNG\r\n\x1a\n"))
    assert refusal.value.facts["field"] == "signature"


def test_a_signature_of_the_right_size_comes_through_bit_for_bit(
    encode: Bytes, signature: Images
) -> None:
    image = signature()
    bitmap = signature_bitmap(PersonalBytes(encode(image, "PNG")))
    assert bitmap == image.tobytes()
    assert len(bitmap) == SIGNATURE_BYTES == 924


def test_the_first_pixel_is_the_most_significant_bit_and_white_is_one(encode: Bytes) -> None:
    paper = Image.new("1", (168, 44), 1)
    paper.putpixel((0, 0), 0)
    paper.putpixel((8, 1), 0)
    bitmap = signature_bitmap(PersonalBytes(encode(paper, "PNG")))
    assert bitmap[0] == 0x7F
    assert bitmap[21 + 1] == 0x7F
    assert bitmap.count(0xFF) == 922


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
@pytest.mark.parametrize("size", [(168, 44), (840, 220), (1200, 200), (300, 300), (60, 16)])
def test_ink_is_found_in_any_mode_and_size(
    encode: Bytes, signature: Images, mode: str, size: tuple[int, int]
) -> None:
    bitmap = signature_bitmap(PersonalBytes(encode(signature(*size).convert(mode), "PNG")))
    ink = sum(8 - byte.bit_count() for byte in bitmap)
    assert 40 < ink < 168 * 44 * 0.4


def test_a_clear_ground_is_paper(encode: Bytes, signature: Images) -> None:
    clear = Image.new("RGBA", (168, 44), (0, 0, 0, 0))
    ink = signature().convert("L").point(lambda level: 255 - level)
    clear.paste((0, 0, 60, 255), (0, 0), ink)
    assert signature_bitmap(PersonalBytes(encode(clear, "PNG"))) == signature().tobytes()


def test_a_square_signature_is_centred(encode: Bytes) -> None:
    dark = Image.new("L", (300, 300), 255)
    dark.paste(0, (10, 10, 290, 290))
    bitmap = signature_bitmap(PersonalBytes(encode(dark, "PNG")))
    rows = [bitmap[row * 21 : row * 21 + 21] for row in range(44)]
    assert rows[22][:7] == rows[22][-7:] == b"\xff" * 7
    assert rows[22][9:12] == b"\x00" * 3


def test_an_empty_picture_is_paper(encode: Bytes) -> None:
    bitmap = signature_bitmap(PersonalBytes(encode(Image.new("L", (200, 50), 240), "PNG")))
    assert bitmap == b"\xff" * 924


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_bytes_of_a_stranger_end_as_our_own_error(content: bytes) -> None:
    for head in (b"", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", b"\xff\xd8\xff\xe0", b"\xff\x4f\xff"):
        with pytest.raises(ImageUnusable):
            signature_bitmap(PersonalBytes(head + content))


@settings(deadline=None)
@given(st.data())
def test_a_damaged_picture_never_ends_as_another_error(data: st.DataObject) -> None:
    stream = io.BytesIO()
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "JPEG2000"]))
    Image.linear_gradient("L").resize((40, 20)).save(stream, kind)
    content = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    try:
        assert len(signature_bitmap(PersonalBytes(bytes(content[:cut])))) == 924
    except ImageUnusable as refusal:
        assert refusal.facts["field"] == "signature"  # noqa: PT017 - either end is right


# --- minutiae --------------------------------------------------------------------------------


def _damage(template: bytes, at: int, value: bytes) -> bytes:
    return template[:at] + value + template[at + len(value) :]


def test_records_that_are_not_whole_are_refused(template: Bytes) -> None:
    good = template(2, 40)
    cases = {
        "cut_off": [b"", good[:29]],
        "not_fmr_20": [_damage(good, 0, b"FMC"), _damage(good, 5, b"30")],
        "length": [good[:-1], good + b"\x00", _damage(good, 8, bytes(4))],
        "views": [_damage(good, 22, b"\x00"), _damage(good, 22, b"\x02")],
        "counts": [_damage(good, 27, b"\x29"), _damage(good, 27, b"\xff")],
        "extended_data": [_damage(good, 27, b"\x27"), _damage(good, len(good) - 1, b"\x01")],
    }
    for reason, contents in cases.items():
        for content in contents:
            with pytest.raises(ImageUnusable) as refusal:
                FingerRecord.from_bytes(content)
            assert refusal.value.facts["reason"] == reason


def test_a_template_of_another_finger_is_refused(a_record: Records, template: Bytes) -> None:
    record = a_record(fingers=[(Finger.RIGHT_INDEX, template(7))])
    with pytest.raises(ImageUnusable) as refusal:
        finger_template(record, Finger.RIGHT_INDEX)
    assert refusal.value.facts["reason"] == "finger_position"
    assert refusal.value.facts["position"] == 7


def test_a_finger_that_comes_twice_is_refused(a_record: Records, template: Bytes) -> None:
    record = a_record(fingers=[(Finger.LEFT_INDEX, template(7))] * 2)
    with pytest.raises(ImageUnusable) as refusal:
        check(record)
    assert refusal.value.facts["reason"] == "finger_twice"


def test_too_many_minutiae_are_refused_and_not_thinned_out(
    a_record: Records, template: Bytes
) -> None:
    record = a_record(fingers=[(Finger.LEFT_INDEX, template(7, 61))])
    with pytest.raises(ImageUnusable) as refusal:
        check(record)
    facts = refusal.value.facts
    assert (facts["reason"], facts["minutiae"], facts["limit"]) == ("too_many_minutiae", 61, 60)


def test_extended_data_beyond_the_file_are_refused(a_record: Records, template: Bytes) -> None:
    long = template(7, 60, extended=bytes(9))
    with pytest.raises(ChipImageTooLarge):
        check(a_record(fingers=[(Finger.LEFT_INDEX, long)]))


@given(minutiae=st.integers(0, 255), position=st.integers(0, 10), extended=st.binary(max_size=40))
def test_a_whole_record_is_read_back(minutiae: int, position: int, extended: bytes) -> None:
    head = b"FMR\x00 20\x00" + (30 + 6 * minutiae + len(extended)).to_bytes(4, "big")
    head += bytes(10) + b"\x01\x00" + bytes((position, 0, 0, minutiae))
    record = head + bytes(6 * minutiae) + len(extended).to_bytes(2, "big") + extended
    found = FingerRecord.from_bytes(record)
    assert (found.position, found.minutiae, found.extended_bytes) == (
        position,
        minutiae,
        len(extended),
    )


@given(st.binary(max_size=120))
def test_no_bytes_break_the_reading_of_a_record(content: bytes) -> None:
    for record in (content, b"FMR\x00 20\x00" + content):
        try:
            found = FingerRecord.from_bytes(record)
        except ImageUnusable:
            continue
        assert 30 + 6 * found.minutiae + found.extended_bytes == len(record)


# --- all of them -----------------------------------------------------------------------------


def test_a_profile_with_other_files_is_refused(a_record: Records) -> None:
    other = replace(KTP_EL, name="other")
    with pytest.raises(ConfigurationError):
        data_files(a_record(), other)
    with pytest.raises(ConfigurationError):
        check(a_record(), other)


def test_files_have_length_content_and_fill(a_record: Records, template: Bytes) -> None:
    record = a_record(fingers=[(Finger.RIGHT_INDEX, template(2, 41))])
    files = {file.name: file.content.reveal() for file in data_files(record)}
    assert tuple(files) == DATA_FILES
    line = biodata(record)
    assert files["biodata"] == len(line).to_bytes(2, "big") + line
    assert files["photo"][2:4] == b"\xff\xd8"
    assert int.from_bytes(files["photo"][:2], "big") == len(files["photo"]) - 2
    assert files["signature_image"][:2] == (924).to_bytes(2, "big")
    assert files["signature_image"][926:] == b"\x00\x00"
    assert files["minutiae_1"] == (276).to_bytes(2, "big") + template(2, 41) + b"\x00\x00"
    assert files["minutiae_2"] == bytes(8)


def test_the_longest_record_fits_into_eight_kilobytes(a_record: Records, template: Bytes) -> None:
    longest: dict[str, Any] = {
        "name": PersonalText("N" * 60),
        "birth_place": PersonalText("B" * 60),
        "birth_date": date(1986, 10, 10),
        "sex": Sex.FEMALE,
        "blood_type": "AB+",
        "address": PersonalText("A" * 120),
        "village": _area("16.71.01.1001", "V" * 60),
        "district": _area("16.71.01", "D" * 60),
        "regency": _area("16.71", "R" * 60),
        "province": _area("16", "P" * 60),
        "religion": "KEPERCAYAAN TERHADAP TUHAN YANG MAHA ESA",
        "marital_status": "BELUM KAWIN",
        "occupation": "O" * 60,
        "citizenship": "C" * 40,
        "issue_place": "I" * 60,
    }
    fingers = [(finger, template(finger.position, 60)) for finger in Finger]
    files = {
        file.name: len(file.content) for file in data_files(a_record(fingers=fingers, **longest))
    }
    assert all(size <= KTP_EL.file(name).size_bytes for name, size in files.items())
    assert files["minutiae_1"] == 392
    largest = {file.name: file.size_bytes for file in (*KTP_EL.files, KTP_EL.marker)}
    assert sum(largest.values()) + 16 * len(largest) == KTP_EL.used_bytes == 7711
    assert KTP_EL.used_bytes <= KTP_EL.memory_bytes == 8192
    assert sum((largest | files).values()) + 16 * len(largest) <= 7711


def test_a_file_may_be_filled_to_its_last_byte_and_not_beyond() -> None:
    file = KTP_EL.file("minutiae_1")
    assert len(framed(file, bytes(398))) == 400
    with pytest.raises(ChipImageTooLarge):
        framed(file, bytes(399))


def test_check_agrees_and_encodes_nothing(
    a_record: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_encoding(*_: object, **__: object) -> None:
        pytest.fail("a photo was encoded")

    record = a_record()
    monkeypatch.setattr(Image.Image, "save", no_encoding)
    check(record)
