"""People who do not exist, for the artwork tests: NIK serial 0000, faces and strokes drawn here."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw, ImageFilter

from ektp.personal import Nik, PersonalBytes, PersonalText
from ektp.record import ApprovedRecord, Biographic, CardVariant, RequestType, Sex
from ektp.regions import Area, OfficeCode, RegionCode

_TEXTS = ("name", "birth_place", "address")
_AREAS = ("village", "district", "regency", "province")


def a_record(
    variant: CardVariant = CardVariant.WNI,
    *,
    portrait: bytes | None = None,
    signature: bytes | None = None,
    **changes: Any,
) -> ApprovedRecord:
    """A record; `changes` are fields of `Biographic`, with texts and area names as plain `str`."""
    person = Biographic(
        nik=Nik.parse("1671015708850000"),
        kk=None,
        name=PersonalText("SITI RAHMAWATI"),
        birth_place=PersonalText("PALEMBANG"),
        birth_date=date(1985, 8, 17),
        sex=Sex.FEMALE,
        blood_type="AB+",
        address=PersonalText("JL. MERAPI NO. 12"),
        rt="004",
        rw="011",
        village=Area(code=RegionCode("16.71.01.1001"), name="TALANG CONTOH"),
        district=Area(code=RegionCode("16.71.01"), name="ILIR BARAT DUA"),
        regency=Area(code=RegionCode("16.71"), name="KOTA PALEMBANG"),
        province=Area(code=RegionCode("16"), name="SUMATERA SELATAN"),
        religion="ISLAM",
        marital_status="KAWIN",
        occupation="MENGURUS RUMAH TANGGA",
        citizenship="WNI" if variant is CardVariant.WNI else "NETHERLANDS",
        valid_until=None if variant is CardVariant.WNI else date(2030, 12, 31),
        issue_place="KOTA PALEMBANG",
        issue_date=date(2026, 1, 5),
        phone=None,
    )
    for field, value in changes.items():
        if field in _TEXTS:
            person = replace(person, **{field: PersonalText(value)})
        elif field in _AREAS:
            area = replace(getattr(person, field), name=value)
            person = replace(person, **{field: area})
        else:
            person = replace(person, **{field: value})
    return ApprovedRecord(
        request_id="T-1",
        variant=variant,
        request_type=RequestType.FIRST_ISSUANCE,
        reason=None,
        priority=5,
        approved_at=datetime(2026, 1, 2, tzinfo=UTC),
        delivery_office=OfficeCode("16.71.01"),
        parent_credential=None,
        biographic=person,
        portrait=PersonalBytes(a_portrait() if portrait is None else portrait),
        signature=PersonalBytes(a_signature() if signature is None else signature),
        fingers=(),
    )


@cache
def a_portrait(size: tuple[int, int] = (480, 640), form: str = "JPEG") -> bytes:
    """A drawn face on red."""
    picture = Image.new("RGB", (480, 640), (187, 34, 40))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((60, 450, 420, 900), 120, fill=(44, 62, 94))
    draw.polygon([(190, 440), (290, 440), (240, 560)], fill=(240, 240, 236))
    draw.rectangle((200, 380, 280, 460), fill=(196, 150, 116))
    draw.ellipse((135, 105, 345, 400), fill=(34, 27, 26))
    draw.ellipse((150, 150, 330, 420), fill=(214, 168, 132))
    for eye in (200, 280):
        draw.ellipse((eye - 17, 262, eye + 17, 282), fill=(250, 248, 244))
        draw.ellipse((eye - 9, 262, eye + 9, 282), fill=(40, 26, 20))
        draw.arc((eye - 26, 236, eye + 26, 270), 200, 340, fill=(44, 32, 28), width=5)
    draw.line([(240, 280), (230, 330), (246, 334)], fill=(176, 128, 98), width=4)
    draw.arc((205, 340, 275, 385), 15, 165, fill=(150, 70, 66), width=7)
    return encoded(picture.filter(ImageFilter.GaussianBlur(1.2)).resize(size), form)


@cache
def a_signature(form: str = "PNG", mode: str = "1") -> bytes:
    """A drawn stroke of 168 x 44 px, dark on light."""
    picture = Image.new("L", (168, 44), 255)
    points = [
        (14, 30),
        (26, 8),
        (33, 36),
        (45, 14),
        (52, 33),
        (70, 22),
        (84, 30),
        (118, 17),
        (155, 24),
    ]
    ImageDraw.Draw(picture).line(points, fill=0, width=2, joint="curve")
    return encoded(picture.convert(mode), form)


def encoded(picture: Image.Image, form: str, **options: Any) -> bytes:
    out = BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()
