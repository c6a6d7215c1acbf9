"""The data groups, byte for byte, and what none of them takes."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import core
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image

from ektp.chip_profiles import ICAO_LDS1
from ektp.errors import ChipImageTooLarge, EktpError, FieldOverflow, GlyphMissing, ImageUnusable
from ektp.ids import CardSerial
from ektp.personal import FamilyCardNumber, PersonalBytes, PersonalText
from ektp.record import CardVariant, Sex
from ektp.tlv import Tlv, decode_tlv, find_tlv
from personalization.datafiles.lds1.budget import BINDING_BYTES, budget
from personalization.datafiles.lds1.details import dg11, dg12, tagged
from personalization.datafiles.lds1.face import FACE_SIZES_PX, FaceCoding, dg2
from personalization.datafiles.lds1.groups import DATA_GROUP_TAGS, com, dg1
from personalization.datafiles.lds1.mrz import complete_mrz, mrz_from_content, mrz_lines
from personalization.datafiles.lds1.national import complete_dg13, partial_dg13
from personalization.datafiles.lds1.prepare import PREPARED_FILES
from personalization.datafiles.lds1.security import card_access, dg14, dg15
from personalization.datafiles.lds1.signature import dg7
from personalization.datafiles.prepare import check, data_files
from tests.unit.personalization.artwork.people import a_portrait, a_record, a_signature

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "vectors" / "icao-td1-mrz.json").read_text()
)
SERIAL = CardSerial.from_bytes(bytes.fromhex("0102030405060708"))
ATTEMPT = bytes(range(16))


def spki(curve: ec.EllipticCurve, *, compressed: bool = False) -> bytes:
    key = ec.derive_private_key(9303, curve).public_key()
    if not compressed:
        return key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    point = key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
    algorithm = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
    bits = bytes(Tlv(0x03, b"\x00" + point))
    return bytes(Tlv(0x30, algorithm + bits))


P256 = spki(ec.SECP256R1())


# --- EF.COM and EF.DG1


@pytest.mark.parametrize("groups", [(0,), (17,), (1, 1)])
def test_groups_that_are_none_or_come_twice(groups: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="1 to 16"):
        com(groups)


def test_com_of_doc_9303_and_ours() -> None:
    assert com(VECTORS["com"]["groups"]).hex() == VECTORS["com"]["file"]
    ours = com((1, 2, 7, 11, 12, 13, 14, 15))
    assert find_tlv(ours, 0x60, 0x5C) == bytes.fromhex("6175676b6c6d6e6f")
    assert com((15, 14, 13, 12, 11, 7, 2, 1)) == ours
    assert len(ours) <= ICAO_LDS1.file("com").size_bytes


@pytest.mark.parametrize("lines", [(), ("A" * 30,) * 2, ("A" * 29, "A" * 30, "A" * 31, "")])
def test_lines_that_are_no_zone(lines: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="three lines"):
        dg1(lines)


def test_dg1_is_the_printed_zone() -> None:
    lines = complete_mrz(mrz_lines(a_record()), "C7R4KX2M9")
    assert dg1(lines) == bytes.fromhex("615d5f1f5a") + "".join(lines).encode()
    assert len(dg1(lines)) == ICAO_LDS1.file("dg1").size_bytes


# --- EF.DG2 and EF.DG7


@pytest.mark.parametrize("coding", list(FaceCoding))
def test_a_face_that_cannot_be_used_or_does_not_fit(coding: FaceCoding) -> None:
    with pytest.raises(ImageUnusable):
        dg2(PersonalBytes(b"none"), Sex.MALE, 15_360, coding=coding)
    with pytest.raises(ChipImageTooLarge, match="file=dg2"):
        dg2(PersonalBytes(a_portrait()), Sex.MALE, 150, coding=coding)


@pytest.mark.parametrize("coding", list(FaceCoding))
@pytest.mark.parametrize("limit", [2_500, 6_000, 15_360])
def test_a_face_record_says_what_it_holds(coding: FaceCoding, limit: int) -> None:
    file = dg2(PersonalBytes(a_portrait()), Sex.FEMALE, limit, coding=coding)
    assert len(file) <= limit
    assert find_tlv(file, 0x75, 0x7F61, 0x02) == b"\x01"
    template = find_tlv(file, 0x75, 0x7F61, 0x7F60)
    assert template is not None
    header = find_tlv(template, 0xA1)
    assert header == bytes.fromhex("80020101810102820100870201018802 0008")
    record = find_tlv(template, 0x5F2E)
    assert record is not None
    assert record[:8] == b"FAC\x00010\x00"
    length, faces = struct.unpack_from(">IH", record, 8)
    assert (length, faces) == (len(record), 1)
    block, points, gender = struct.unpack_from(">IHB", record, 14)
    assert (block, points, gender) == (len(record) - 14, 0, 2)
    assert record[21:34] == bytes(13)
    kind, form, width, height, space = struct.unpack_from(">BBHHB", record, 34)
    assert (kind, form, space) == (1, coding.value, 1)
    with Image.open(BytesIO(record[46:])) as picture:
        picture.load()
        assert picture.format == ("JPEG" if coding is FaceCoding.JPEG else "JPEG2000")
        assert picture.size == (width, height)
        assert picture.size in FACE_SIZES_PX
        assert picture.mode == "RGB"


def test_a_small_portrait_is_not_enlarged() -> None:
    file = dg2(PersonalBytes(a_portrait((240, 320))), Sex.MALE, 15_360)
    record = find_tlv(file, 0x75, 0x7F61, 0x7F60, 0x5F2E)
    assert record is not None
    assert struct.unpack_from(">HH", record, 36) == (240, 320)


def test_a_signature_that_cannot_be_used_or_does_not_fit() -> None:
    with pytest.raises(ImageUnusable):
        dg7(PersonalBytes(b"none"), 2_048)
    with pytest.raises(ChipImageTooLarge, match="file=dg7"):
        dg7(PersonalBytes(a_signature()), 200)


def test_the_signature_is_a_grey_jfif_picture() -> None:
    file = dg7(PersonalBytes(a_signature()), 2_048)
    assert len(file) <= 2_048
    assert find_tlv(file, 0x67, 0x02) == b"\x01"
    jpeg = find_tlv(file, 0x67, 0x5F43)
    assert jpeg is not None
    assert jpeg[6:11] == b"JFIF\x00"
    with Image.open(BytesIO(jpeg)) as picture:
        picture.load()
        assert (picture.mode, picture.size) == ("L", (168, 44))
        assert picture.getextrema()[0] < 60  # type: ignore[operator]  # a stroke is dark


# --- EF.DG11, EF.DG12, EF.DG13


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"name": "Ł" * 50}, FieldOverflow, "name"),
        ({"birth_place": "A" * 100}, FieldOverflow, "birth_place"),
        ({"occupation": "A" * 100}, FieldOverflow, "occupation"),
        ({"name": "A\u202eB"}, GlyphMissing, "name"),
        ({"address": "A\nB"}, GlyphMissing, "address"),
    ],
)
def test_a_text_that_an_element_does_not_hold(
    changes: dict[str, str], error: type[EktpError], field: str
) -> None:
    with pytest.raises(error, match=f"field={field}"):
        dg11(a_record(**changes))


def test_a_tag_list_as_in_the_example_of_doc_9303() -> None:
    file = tagged(
        0x6B,
        Tlv(0x5F0E, b"SMITH<<JOHN<J"),
        Tlv(0x5F11, b"ANYTOWN<MN"),
        Tlv(0x5F42, b"123 MAPLE RD<ANYTOWN<MN"),
        Tlv(0x5F12, b"16125551212"),
        Tlv(0x5F13, b"TRAVEL<AGENT"),
    )
    assert file.hex() == VECTORS["dg11"]["file"]


def test_details_of_the_holder() -> None:
    (outer,) = decode_tlv(dg11(a_record(name="André  VAN 'T HOFF")))
    found = {tlv.tag: tlv.value for tlv in decode_tlv(outer.value)}
    assert outer.tag == DATA_GROUP_TAGS[11]
    assert found.pop(0x5C) == b"".join(tag.to_bytes(2, "big") for tag in found)
    assert found == {
        0x5F0E: "André<VAN<'T<HOFF".encode(),
        0x5F10: b"1671015708850000",
        0x5F2B: b"19850817",
        0x5F11: b"PALEMBANG",
        0x5F42: b"JL. MERAPI NO. 12<RT 004 RW 011<TALANG CONTOH<ILIR BARAT DUA<KOTA PALEMBANG"
        b"<SUMATERA SELATAN",
        0x5F13: b"MENGURUS RUMAH TANGGA",
    }


@pytest.mark.parametrize("length", [40, 60, 99, 120])
def test_a_long_address_loses_whole_parts_from_its_end(length: int) -> None:
    street = "J" * length
    found = find_tlv(dg11(a_record(address=street)), 0x6B, 0x5F42)
    assert found is not None
    assert len(found) <= 99
    parts = found.decode().split("<")
    expected = [street, "RT 004 RW 011", "TALANG CONTOH", "ILIR BARAT DUA", "KOTA PALEMBANG"]
    if length > 99:
        assert parts == expected[2:]
    else:
        assert parts == [*expected, "SUMATERA SELATAN"][: len(parts)]


def test_details_of_the_document() -> None:
    lifelong = dg12(a_record())
    assert find_tlv(lifelong, 0x6C, 0x5C) == bytes.fromhex("5f195f265f1b")
    assert find_tlv(lifelong, 0x6C, 0x5F19) == b"KOTA PALEMBANG"
    assert find_tlv(lifelong, 0x6C, 0x5F26) == b"20260105"
    assert find_tlv(lifelong, 0x6C, 0x5F1B) == b"BERLAKU SEUMUR HIDUP/VALID FOR LIFE"
    ending = dg12(a_record(CardVariant.OA))
    assert find_tlv(ending, 0x6C, 0x5C) == bytes.fromhex("5f195f26")


def test_the_national_data_as_documented() -> None:
    (outer,) = decode_tlv(partial_dg13(a_record()))
    assert outer.tag == 0x6D
    objects = [(tlv.tag, tlv.value) for tlv in decode_tlv(outer.value)]
    tags = bytes(tag for tag, _ in objects)
    assert tags == bytes.fromhex("8081828384 a5a6a7a8 898a8b8c8d")
    found = dict(objects)
    assert found[0x80] == b"\x01"
    assert found[0x81] == b"1671015708850000"
    assert found[0x8D] == b"SEUMUR HIDUP"
    assert find_tlv(found[0xA5], 0x80) == b"16.71.01.1001"
    assert find_tlv(found[0xA5], 0x81) == b"TALANG CONTOH"
    assert find_tlv(found[0xA8], 0x81) == b"SUMATERA SELATAN"


def test_the_family_card_number_and_the_telephone_are_on_no_chip() -> None:
    record = a_record()
    person = replace(
        record.biographic,
        kk=FamilyCardNumber.parse("1671019999990000"),
        phone=PersonalText("+628129999999"),
    )
    files = data_files(replace(record, biographic=person), ICAO_LDS1)
    together = b"".join(file.content.reveal() for file in files)
    assert b"1671019999990000" not in together
    assert b"8129999999" not in together


@pytest.mark.parametrize("digest", [b"", bytes(15), bytes(32)])
def test_an_attempt_is_named_by_sixteen_bytes(digest: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        complete_dg13(partial_dg13(a_record()), SERIAL, digest)


def test_only_national_data_without_a_chip_are_bound_to_one() -> None:
    with pytest.raises(ValueError, match="template"):
        complete_dg13(dg12(a_record()), SERIAL, ATTEMPT)
    once = complete_dg13(partial_dg13(a_record()), SERIAL, ATTEMPT)
    with pytest.raises(ValueError, match="already"):
        complete_dg13(once, SERIAL, ATTEMPT)


def test_binding_adds_serial_and_attempt_at_the_end() -> None:
    partial = partial_dg13(a_record())
    whole = complete_dg13(partial, SERIAL, ATTEMPT)
    before, after = find_tlv(partial, 0x6D), find_tlv(whole, 0x6D)
    assert before is not None
    assert after == before + b"\x90\x08" + bytes(SERIAL) + b"\x91\x10" + ATTEMPT
    assert len(whole) <= len(partial) + BINDING_BYTES["dg13"]


# --- EF.CardAccess, EF.DG14, EF.DG15


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"none",
        spki(ec.SECP384R1()),
        spki(ec.BrainpoolP256R1()),
        spki(ec.SECP256R1(), compressed=True),
        P256 + b"\x00",
        bytes.fromhex("302a300506032b6570032100") + bytes(32),
    ],
    ids=["empty", "text", "p384", "brainpool", "compressed", "longer", "ed25519"],
)
def test_a_key_of_another_kind(key: bytes) -> None:
    for group in (dg14, dg15):
        with pytest.raises(ValueError, match="P-256"):
            group(key)


def test_card_access_offers_pace_on_p256() -> None:
    assert card_access().hex() == "31143012060a04007f0007020204020202010202010c"
    assert len(card_access()) <= ICAO_LDS1.file("card_access").size_bytes


def test_security_infos_of_dg14() -> None:
    file = dg14(P256)
    assert len(file) <= ICAO_LDS1.file("dg14").size_bytes
    (outer,) = decode_tlv(file)
    assert outer.tag == 0x6E
    (members,) = decode_tlv(outer.value)
    assert members.tag == 0x31
    infos = [bytes(tlv) for tlv in decode_tlv(members.value)]
    assert infos == sorted(infos)  # DER, X.690 clause 11.6
    protocols = {core.Sequence.load(info)[0].native: info for info in infos}
    assert set(protocols) == {
        "0.4.0.127.0.7.2.2.4.2.2",
        "0.4.0.127.0.7.2.2.3.2.2",
        "0.4.0.127.0.7.2.2.1.2",
        "2.23.136.1.1.5",
    }
    assert card_access()[2:] == protocols["0.4.0.127.0.7.2.2.4.2.2"]
    assert protocols["0.4.0.127.0.7.2.2.1.2"].endswith(P256)
    aa = core.Sequence.load(protocols["2.23.136.1.1.5"])
    assert (aa[1].native, aa[2].native) == (1, "0.4.0.127.0.7.1.1.4.1.3")


def test_dg15_is_the_key() -> None:
    assert find_tlv(dg15(P256), 0x6F) == P256
    assert len(dg15(P256)) <= ICAO_LDS1.file("dg15").size_bytes


# --- together


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"portrait": b"none"}, ImageUnusable),
        ({"signature": b"none"}, ImageUnusable),
        ({"name": "李"}, GlyphMissing),
        ({"birth_place": "A" * 100}, FieldOverflow),
        ({"village": "A" * 1_600}, ChipImageTooLarge),
        ({"village": "A" * 1_320}, ChipImageTooLarge),
    ],
)
def test_check_refuses_what_preparation_would(
    changes: dict[str, Any], error: type[EktpError]
) -> None:
    record = a_record(**changes)
    with pytest.raises(error):
        check(record, ICAO_LDS1)
    with pytest.raises(error):
        data_files(record, ICAO_LDS1)


def test_room_for_binding_is_kept() -> None:
    """Whatever passes preparation can be bound, and the next longer one is refused."""
    limit = ICAO_LDS1.file("dg13").size_bytes
    fitting = 0
    for length in range(1_290, 1_340):
        record = a_record(village="A" * length)
        try:
            check(record, ICAO_LDS1)
        except ChipImageTooLarge:
            break
        fitting = len(complete_dg13(partial_dg13(record), SERIAL, ATTEMPT))
        assert fitting <= limit
    assert fitting > limit - 4


def test_the_files_of_a_record() -> None:
    record = a_record()
    check(record, ICAO_LDS1)
    files = data_files(record, ICAO_LDS1)
    assert tuple(file.name for file in files) == PREPARED_FILES
    for file in files[:-1]:
        content, number = file.content.reveal(), int(file.name.removeprefix("dg"))
        assert content[0] == DATA_GROUP_TAGS[number]
        assert len(list(decode_tlv(content))) == 1
        assert len(content) <= ICAO_LDS1.file(file.name).size_bytes
    assert mrz_from_content(files[-1].content.reveal()) == mrz_lines(record)
    assert data_files(record, ICAO_LDS1) == files


def test_the_budget_of_the_chip() -> None:
    rows = {row.file: row for row in budget()}
    assert set(rows) == {*(file.name for file in ICAO_LDS1.files), "chip"}
    assert all(row.spare_bytes >= 0 for row in rows.values())
    assert rows["chip"].limit_bytes == 32_768
    longest = a_record(
        name="A" * 60,
        birth_place="A" * 60,
        address="A" * 99,
        occupation="A" * 60,
        issue_place="A" * 60,
        religion="A" * 40,
        marital_status="A" * 11,
        citizenship="A" * 40,
        village="A" * 60,
        district="A" * 60,
        regency="A" * 60,
        province="A" * 60,
    )
    for file in data_files(longest, ICAO_LDS1)[2:5]:
        bound = BINDING_BYTES.get(file.name, 0)
        assert len(file.content) + bound <= rows[file.name].largest_bytes
