"""Specimens: the files of a sound document, a chip with any files, and what is said of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from ektp.cards import CheckOutcome, ChipAccess, Expectation, QaVerdict
from ektp.ids import AttemptId, CardSerial
from ektp.personal import PersonalText
from ektp.ports import TrustAnchors
from inspection.lds1.contents import LdsContentChecks
from inspection.lds1.curve_table import CURVES
from inspection.lds1.inspector import LdsInspector
from inspection.lds1.mrz import check_digit
from inspection.lds1.passwords import AccessPasswords
from inspection.lds1.tlv import encode
from simulation.chip.channel import ChipChannel
from simulation.chip.lds1.behaviour import AccessProtocol, Lds1Behaviour
from simulation.chip.lds1.specimen import SPECIMEN_SERIAL, chip_with, mrz_information
from tests.integration.lds1 import pki
from tests.unit.inspection.conftest import jpeg
from tests.unit.inspection.lds1.helpers import (
    AA_KEY,
    CA_PRIVATE,
    CAN,
    aa_info,
    ca_info,
    ca_key_info,
    com_of,
    named_spki,
    pace_info,
    security_infos,
    spki_of,
)

ATTEMPT = AttemptId("A-00000000011")
CA_SPKI = named_spki(CURVES[12], CURVES[12].multiply(CA_PRIVATE, CURVES[12].generator))
BAC_ONLY = Lds1Behaviour(offers=frozenset({AccessProtocol.BAC}))


def zone(**changed: str) -> str:
    """A TD1 zone with right check digits, unless they are given."""
    f = {
        "code": "ID",
        "state": "IDN",
        "number": "C7R4KX2M9",
        "optional": "<" * 15,
        "birth": "900115",
        "sex": "F",
        "expiry": "360105",
        "nationality": "IDN",
        "more": "<" * 11,
        "names": "CONTOH<<SITI".ljust(30, "<"),
    } | changed
    for name in ("number", "birth", "expiry"):
        f.setdefault(f"{name}_check", check_digit(f[name]))
    upper = f["code"] + f["state"] + f["number"] + f["number_check"] + f["optional"]
    dates = (f["birth"] + f["birth_check"], f["expiry"] + f["expiry_check"])
    composite = f.get("composite") or check_digit(upper[5:] + "".join(dates) + f["more"])
    middle = dates[0] + f["sex"] + dates[1] + f["nationality"] + f["more"] + composite
    return upper + middle + f["names"]


def passport_zone(**changed: str) -> str:
    """A TD3 zone with right check digits, unless they are given."""
    f = {
        "code": "P<",
        "state": "IDN",
        "names": "CONTOH<<SITI".ljust(39, "<"),
        "number": "X00000001",
        "nationality": "IDN",
        "birth": "900115",
        "sex": "F",
        "expiry": "360105",
        "optional": "<" * 14,
    } | changed
    for name in ("number", "birth", "expiry", "optional"):
        f.setdefault(f"{name}_check", check_digit(f[name]))
    number = f["number"] + f["number_check"]
    dates = (f["birth"] + f["birth_check"], f["expiry"] + f["expiry_check"])
    optional = f["optional"] + f["optional_check"]
    composite = f.get("composite") or check_digit(number + "".join(dates) + optional)
    lower = number + f["nationality"] + dates[0] + f["sex"] + dates[1] + optional + composite
    return f["code"] + f["state"] + f["names"] + lower


def information(text: str) -> str:
    """What opens a chip with that zone."""
    if len(text) != 88:
        return mrz_information(text)
    lower = text[44:]
    return lower[:10] + lower[13:20] + lower[21:28]


def dg1(text: str) -> bytes:
    return encode(0x61, encode(0x5F1F, text.encode()))


def jp2(width: int = 320, height: int = 240) -> bytes:
    """The boxes and headers of a JPEG 2000 picture."""
    size = b"\xff\x51" + bytes.fromhex("0029 0000")
    numbers = (width, height, 0, 0, width, height, 0, 0)
    size += b"".join(number.to_bytes(4, "big") for number in numbers)
    stream = b"\xff\x4f" + size + bytes.fromhex("0001 070101") + bytes(400) + b"\xff\xd9"
    boxes = bytes.fromhex("0000000C6A5020200D0A870A") + (8 + 12).to_bytes(4, "big") + b"ftypjp2 "
    boxes += bytes(4) + b"jp2 "
    return boxes + (8 + len(stream)).to_bytes(4, "big") + b"jp2c" + stream


HEADER: Mapping[int, bytes] = {
    0x80: b"\x01\x01",
    0x81: b"\x02",
    0x82: b"\x00",
    0x87: b"\x01\x01",
    0x88: b"\x00\x08",
}


def face(picture: bytes | None = None, **changed: Any) -> bytes:
    """EF.DG2 with one face; the values of its record by name."""
    f: dict[str, Any] = {
        "magic": b"FAC\x00",
        "version": b"010\x00",
        "points": b"",
        "said_points": None,
        "said_length": None,
        "gender": 2,
        "eyes": 0,
        "hair": 0,
        "angles": bytes(6),
        "kind": 1,
        "coding": 0,
        "width": 240,
        "height": 320,
        "header": {},
        "count": b"\x02\x01\x01",
        "with_picture": True,
        **changed,
    }
    data = jpeg() if picture is None else picture
    points = len(f["points"]) // 8 if f["said_points"] is None else f["said_points"]
    facial = points.to_bytes(2, "big") + bytes((f["gender"], f["eyes"], f["hair"]))
    facial += bytes(5) + f["angles"]
    image = bytes((f["kind"], f["coding"])) + f["width"].to_bytes(2, "big")
    image += f["height"].to_bytes(2, "big") + b"\x01" + bytes(5)
    block = facial + f["points"] + image + data
    block = (4 + len(block)).to_bytes(4, "big") + block
    length = 14 + len(block) if f["said_length"] is None else f["said_length"]
    record = f["magic"] + f["version"] + length.to_bytes(4, "big") + b"\x00\x01" + block
    header = {**HEADER, **f["header"]}
    template = encode(
        0xA1, b"".join(encode(tag, value) for tag, value in header.items() if value is not None)
    )
    if f["with_picture"]:
        template += encode(0x5F2E, record)
    return encode(0x75, encode(0x7F61, f["count"] + encode(0x7F60, template)))


def national(serial: bytes = bytes(SPECIMEN_SERIAL), nik: str = "3171015501900000") -> bytes:
    """EF.DG13 of the house."""
    areas = {0xA5: "31.71.01.1001", 0xA6: "31.71.01", 0xA7: "31.71", 0xA8: "31"}
    texts = {0x82: "JALAN CONTOH 1", 0x83: "001", 0x84: "002"}
    status = {0x89: "ISLAM", 0x8A: "-", 0x8B: "KAWIN", 0x8C: "WNI", 0x8D: "SEUMUR HIDUP"}
    content = encode(0x80, b"\x01") + encode(0x81, nik.encode())
    content += b"".join(encode(tag, text.encode()) for tag, text in texts.items())
    for tag, code in areas.items():
        content += encode(tag, encode(0x80, code.encode()) + encode(0x81, b"CONTOH"))
    content += b"".join(encode(tag, text.encode()) for tag, text in status.items())
    attempt = hashlib.sha256(ATTEMPT.encode()).digest()[:16]
    return encode(0x6D, content + encode(0x90, serial) + encode(0x91, attempt))


def details(template: int, elements: Mapping[int, bytes]) -> bytes:
    listed = b"".join(tag.to_bytes(2, "big") for tag in elements)
    inside = b"".join(encode(tag, value) for tag, value in elements.items())
    return encode(template, encode(0x5C, listed) + inside)


def dg14(*infos: bytes) -> bytes:
    return encode(0x6E, security_infos(*infos))


def passport_groups(**changed: bytes | None) -> dict[int, bytes]:
    """The two groups that every document has; others by name (`dg11`)."""
    groups: dict[int, bytes | None] = {1: dg1(passport_zone()), 2: face()}
    groups |= {int(key[2:]): content for key, content in changed.items()}
    return {number: content for number, content in sorted(groups.items()) if content is not None}


@cache
def house_groups() -> Mapping[int, bytes]:
    """All data groups of a card of this house."""
    return {
        1: dg1(zone()),
        2: face(),
        7: encode(0x67, encode(0x02, b"\x01") + encode(0x5F43, jpeg(300))),
        11: details(
            0x6B,
            {
                0x5F0E: b"SITI<CONTOH",
                0x5F10: b"3171015501900000",
                0x5F2B: b"19900115",
                0x5F11: b"JAKARTA",
            },
        ),
        12: details(0x6C, {0x5F19: b"JAKARTA", 0x5F26: b"20260105"}),
        13: national(),
        14: dg14(pace_info(), ca_info(), ca_key_info(CA_SPKI), aa_info()),
        15: encode(0x6F, spki_of(AA_KEY)),
    }


def sod(groups: Mapping[int, bytes], **changed: Any) -> pki.Sod:
    """An honest EF.SOD over files; parts of it by name, as `pki.Sod` has them."""
    content = pki.security_object(pki.hashes_of(groups, "sha384"))
    made = {"content": content, "certificate": pki.DS, "signing": pki.SIGNER, **changed}
    return pki.Sod(**made)


def control(certificate_key: Any = None) -> bytes:
    """A card control that names specimen, attempt and signer."""
    named = hashlib.sha256(spki_of(certificate_key or pki.SIGNER.key)).digest()[:8]
    attempt = hashlib.sha256(ATTEMPT.encode()).digest()[:16]
    body = b"\x01" + bytes(SPECIMEN_SERIAL) + b"\x01EKTP" + attempt
    body += bytes.fromhex("20260105") + named + bytes(9)
    return len(body).to_bytes(2, "big") + body


def files_of(groups: Mapping[int, bytes], **changed: bytes) -> dict[str, bytes]:
    """The files of a document with these groups, EF.COM and EF.SOD honest unless given."""
    files = {f"dg{number}": content for number, content in groups.items()}
    files |= {"com": com_of(dict(groups)), "sod": sod(groups).der()}
    return files | changed


@cache
def house_files() -> Mapping[str, bytes]:
    """A card of this house."""
    access, card_control = security_infos(pace_info()), control()
    return files_of(house_groups(), card_access=access, card_control=card_control)


def channel_of(
    files: Mapping[str, bytes],
    text: str | None = None,
    behaviour: Lds1Behaviour | None = None,
    serial: CardSerial = SPECIMEN_SERIAL,
) -> ChipChannel:
    """A chip with these files; without EF.CardAccess it knows BAC alone."""
    chosen = behaviour or (Lds1Behaviour() if "card_access" in files else BAC_ONLY)
    printed = text or (zone() if "card_access" in files else passport_zone())
    chip = chip_with(
        files,
        mrz=information(printed),
        can=CAN,
        ca_key=CA_PRIVATE.to_bytes(32, "big"),
        aa_key=AA_KEY.private_numbers().private_value.to_bytes(32, "big"),
        behaviour=chosen,
        serial=serial,
    )
    return ChipChannel(chip)


def contents(
    anchors: TrustAnchors = pki.ANCHORS,
    *,
    now: datetime = pki.NOW,
    is_voided: Callable[[bytes], bool] = lambda _: False,
    weak: bool = False,
) -> LdsContentChecks:
    return LdsContentChecks(anchors, now=lambda: now, is_voided=is_voided, weak_algorithms=weak)


def verify(
    files: Mapping[str, bytes],
    text: str | None = None,
    *,
    checks: LdsContentChecks | None = None,
    behaviour: Lds1Behaviour | None = None,
) -> QaVerdict:
    """A document at a desk, its zone known."""
    printed = text or (zone() if "card_access" in files else passport_zone())
    passwords = AccessPasswords(mrz_information=information(printed))
    inspector = LdsInspector(checks or contents())
    return inspector.verify(channel_of(files, text, behaviour), passwords=passwords)


def expectation(files: Mapping[str, bytes], text: str | None = None) -> Expectation:
    """What the house expects of a card with these files."""
    printed = text or zone()
    lines = [PersonalText(printed[at : at + 30]) for at in (0, 30, 60)]
    return Expectation(
        profile="icao-lds1",
        card=SPECIMEN_SERIAL,
        attempt=ATTEMPT,
        digests={name: hashlib.sha256(content).digest() for name, content in files.items()},
        access=ChipAccess(
            document_number=PersonalText(printed[5:14]),
            mrz=(lines[0], lines[1], lines[2]),
            can=PersonalText(CAN),
        ),
    )


def look(
    files: Mapping[str, bytes],
    expected: Expectation | None = None,
    *,
    checks: LdsContentChecks | None = None,
    serial: CardSerial = SPECIMEN_SERIAL,
) -> QaVerdict:
    """A card of this house, read against what is expected of it."""
    wanted = expected or expectation(files)
    inspector = LdsInspector(checks or contents())
    channel = channel_of(files, serial=serial)
    return inspector.look(channel, replace(wanted, card=serial))


def failed(verdict: QaVerdict) -> set[str]:
    return {check.name for check in verdict.checks if check.outcome is CheckOutcome.FAILED}


def outcome(verdict: QaVerdict, name: str) -> CheckOutcome:
    return next(check.outcome for check in verdict.checks if check.name == name)
