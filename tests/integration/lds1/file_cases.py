"""The cases of TR-03105-5.1 about EF.COM and the data groups (LDS_A to LDS_C, LDS_F, LDS_I)."""

from __future__ import annotations

from collections.abc import Mapping

from inspection.lds1.tlv import encode
from tests.integration.lds1.documents import (
    Case,
    Document,
    accept,
    com,
    group,
    home,
    passport,
    reject,
    relengthed,
    retagged,
    zoned,
)
from tests.integration.lds1.sod_cases import GROUPS, HOUSE, lds_18
from tests.integration.lds1.specimens import (
    CA_SPKI,
    dg1,
    dg14,
    face,
    house_groups,
    jp2,
    passport_zone,
    sod,
    zone,
)
from tests.unit.inspection.lds1.helpers import (
    aa_info,
    ca_info,
    ca_key_info,
    com_of,
    oid,
    pace_info,
    sequence,
)

TD3 = dg1(passport_zone())
COM = com_of(GROUPS)
EMPTY_OPTIONAL = {"optional_check": "0"}
POINTS = bytes.fromhex("0102000A000B0000") * 2


def contradicting(**changed: str) -> Document:
    """A card of this house whose zone is not the printed one; what opens it stays."""
    printed = zone()
    content = dg1(zone(**changed))
    files = {**HOUSE, "dg1": content, "sod": sod({**house_groups(), 1: content}).der()}
    return Document(files=files, zone=printed, looked_at=files)


FILE_CASES: Mapping[str, Case] = {
    "ISO7816_C_08": reject("dg2.face_record", group(2, face(width=0)), group(2, face(height=0))),
    "LDS_A_01": reject("file.com", passport(com=retagged(COM, 0x61))),
    "LDS_A_02": reject("file.com com.content", passport(com=relengthed(COM, -1))),
    "LDS_A_03": reject("file.com", passport(com=relengthed(COM, 1))),
    "LDS_A_04": reject("com.content", passport(com=com(b"0300"))),
    "LDS_A_05": reject("com.content", passport(com=com(None))),
    "LDS_A_06": reject("com.content", passport(com=com(unicode=b"050000"))),
    "LDS_A_07": reject("com.content", passport(com=com(unicode=None))),
    "LDS_A_08": reject("com.content", passport(com=com(tags="75"))),
    "LDS_A_09": reject("com.content", passport(com=com(tags=None))),
    "LDS_A_10": accept(lds_18()),
    "LDS_B_01": accept(zoned(optional="ABC123".ljust(14, "<"))),
    "LDS_B_02": accept(zoned(names="CONTOH<<SITI<AMINAH<NURHALIZAH<PUTRI<A".ljust(39, "<"))),
    "LDS_B_03": accept(zoned(names="CONTOH".ljust(39, "<"))),
    "LDS_B_04": accept(zoned(**EMPTY_OPTIONAL), zoned(optional_check="<")),
    "LDS_B_05": reject("file.dg1", group(1, retagged(TD3, 0x62))),
    "LDS_B_06": reject("file.dg1 dg1.fields", group(1, relengthed(TD3, -1))),
    "LDS_B_07": reject("file.dg1", group(1, relengthed(TD3, 1))),
    "LDS_B_08": reject("dg1.fields", zoned(code="X<"), zoned(code="<<"), zoned(code="P1")),
    "LDS_B_09": reject("dg1.fields", zoned(state="I1N"), zoned(state="<<<"), zoned(state="ID<")),
    "LDS_B_10": reject("dg1.fields", zoned(names="<" * 39), zoned(names="<<SITI".ljust(39, "<"))),
    "LDS_B_11": reject("dg1.access", contradicting(names="CONTOH<<SITO".ljust(30, "<"))),
    "LDS_B_12": reject("dg1.access", contradicting(number="C7R4KX2M8")),
    "LDS_B_13": reject("dg1.check_digits", zoned(number_check="9")),
    "LDS_B_14": reject("dg1.fields", zoned(nationality="1DN"), zoned(nationality="I<N")),
    "LDS_B_15": reject("dg1.fields", zoned(birth="9001A5"), zoned(birth="90<115")),
    "LDS_B_16": reject("dg1.fields", zoned(birth="901315"), zoned(birth="900230")),
    "LDS_B_17": reject("dg1.check_digits", zoned(birth_check="5")),
    "LDS_B_18": reject("dg1.fields", zoned(sex="X"), zoned(sex="1")),
    "LDS_B_19": reject("dg1.fields", zoned(expiry="36O105"), zoned(expiry="<<<<<<")),
    "LDS_B_20": reject("dg1.fields", zoned(expiry="360132"), zoned(expiry="350229")),
    "LDS_B_21": reject("dg1.check_digits", zoned(expiry_check="5")),
    "LDS_B_22": reject(
        "dg1.check_digits", zoned(optional="ABC123".ljust(14, "<"), optional_check="9")
    ),
    "LDS_B_23": reject("dg1.check_digits", zoned(composite="9"), zoned(composite="<")),
    "LDS_B_24": reject(
        "dg1.fields",
        group(1, encode(0x61, b"")),
        group(1, encode(0x61, encode(0x5F20, passport_zone().encode()))),
    ),
    "LDS_B_25": accept(zoned(birth="9001<<")),
    "LDS_B_26": accept(zoned(birth="90<<15")),
    "LDS_B_27": accept(zoned(birth="<<0115"), zoned(birth="<<0229")),
    "LDS_B_28": accept(zoned(birth="<<<<<<")),
    "LDS_C_01": accept(group(2, face(jp2(), coding=1, width=320, height=240))),
    "LDS_C_02": accept(group(2, face())),
    "LDS_C_03": accept(group(2, face(jp2(), coding=1, width=320, height=240, points=POINTS))),
    "LDS_C_04": reject("file.dg2", group(2, retagged(face(), 0x76))),
    "LDS_C_05": reject("dg2.template", group(2, relengthed(face(), -2))),
    "LDS_C_06": reject("file.dg2", group(2, relengthed(face(), 2))),
    "LDS_C_07": reject("dg2.template", group(2, face(count=b""))),
    "LDS_C_08": reject("dg2.template", group(2, face(header={0x87: b"\x01\x02"}))),
    "LDS_C_09": reject("dg2.template", group(2, face(header={0x87: None}))),
    "LDS_C_10": reject("dg2.template", group(2, face(header={0x88: b"\x00\x07"}))),
    "LDS_C_11": reject("dg2.template", group(2, face(header={0x88: None}))),
    # The type of the first edition of CBEFF, three bytes for one: left open, and taken here.
    "LDS_C_12": accept(group(2, face(header={0x81: b"\x00\x00\x02"}))),
    "LDS_C_13": reject("dg2.template", group(2, face(header={0x81: b"\x08"}))),
    "LDS_C_14": reject("dg2.face_record", group(2, face(magic=b"FAX\x00"))),
    "LDS_C_15": reject("dg2.face_record", group(2, face(version=b"020\x00"))),
    "LDS_C_16": reject(
        "dg2.face_record",
        group(2, face(points=POINTS, said_length=14 + 32 + len(face()))),
        group(2, face(said_points=60_000)),
    ),
    "LDS_C_17": reject("dg2.face_record", group(2, face(gender=4)), group(2, face(gender=3))),
    "LDS_C_18": reject("dg2.face_record", group(2, face(eyes=8))),
    "LDS_C_19": reject("dg2.face_record", group(2, face(hair=10))),
    **{
        f"LDS_C_{20 + place}": reject(
            "dg2.face_record",
            group(2, face(angles=bytes(place) + b"\xb6" + bytes(5 - place))),
        )
        for place in range(6)
    },
    "LDS_C_26": reject("dg2.face_record", group(2, face(kind=3))),
    "LDS_C_27": reject("dg2.face_record", group(2, face(coding=2))),
    "LDS_C_28": reject("dg2.template", group(2, face(with_picture=False))),
    "LDS_F_01": reject("file.dg14", home(14, retagged(house_groups()[14], 0x6F))),
    "LDS_F_02": reject("dg14.security_infos", home(14, relengthed(house_groups()[14], -1))),
    "LDS_F_03": reject("file.dg14", home(14, relengthed(house_groups()[14], 1))),
    "LDS_F_04": reject(
        "dg14.security_infos",
        home(
            14,
            dg14(
                pace_info(),
                ca_info(),
                sequence(oid(bytes.fromhex("04007F000702020103")), CA_SPKI),
                aa_info(),
            ),
        ),
    ),
    "LDS_F_05": reject(
        "dg14.security_infos", home(14, dg14(pace_info(), ca_key_info(CA_SPKI), aa_info()))
    ),
    "LDS_F_06": reject(
        "dg14.security_infos",
        home(14, dg14(pace_info(), ca_info(version=2), ca_key_info(CA_SPKI), aa_info())),
    ),
    "LDS_F_07": reject(
        "dg14.security_infos",
        home(
            14,
            dg14(
                pace_info(),
                sequence(oid(bytes.fromhex("04007F00070202030202"))),
                ca_key_info(CA_SPKI),
                aa_info(),
            ),
        ),
    ),
    "ISO7816_F_09": reject(
        "dg14.security_infos",
        home(14, dg14(pace_info(), ca_info(), ca_key_info(CA_SPKI), aa_info(arc=9))),
    ),
    "LDS_I_01": reject("file.dg15", home(15, retagged(house_groups()[15], 0x70))),
    "LDS_I_02": reject("file.dg15 dg15.key", home(15, relengthed(house_groups()[15], -1))),
    "LDS_I_03": reject("file.dg15", home(15, relengthed(house_groups()[15], 1))),
}
