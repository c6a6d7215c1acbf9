"""A document of the contract as an approved record of the house's types.

Apart from the checks, so that the processes that draw cards need not load them.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from ektp.personal import FamilyCardNumber, Nik, PersonalBytes, PersonalText
from ektp.record import (
    LIFELONG,
    ApprovedRecord,
    Biographic,
    CardVariant,
    Finger,
    FingerTemplate,
    ReplacementReason,
    RequestType,
    Sex,
)
from ektp.regions import Area, OfficeCode, RegionCode
from pipeline.intake.refusals import Refusal

__all__ = ["decode", "record_from_json"]


def record_from_json(content: bytes) -> ApprovedRecord:
    """The record of canonical bytes that were accepted before."""
    return decode(json.loads(content))


def _bytes(value: object, field: str, refusal: Refusal) -> bytes:
    if not isinstance(value, str):
        raise refusal.error(field=field)
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise refusal.error(field=field, reason="not base64") from None


def _only(biometrics: list[dict[str, Any]], kind: str, refusal: Refusal) -> dict[str, Any]:
    found = [item for item in biometrics if item["biometricType"] == kind]
    if len(found) != 1 or "image" not in found[0]:
        raise refusal.error(found=len(found))
    return found[0]


def _fingers(biometrics: list[dict[str, Any]]) -> Iterator[FingerTemplate]:
    seen = set()
    for item in biometrics:
        if item["biometricType"] != "FINGER":
            continue
        try:
            finger = Finger(item.get("biometricSubType", ""))
        except ValueError:
            raise Refusal.TEMPLATE_BROKEN.error(reason="which finger") from None
        if finger in seen:
            raise Refusal.TEMPLATE_BROKEN.error(reason="a finger twice")
        seen.add(finger)
        if "template" in item:
            if item.get("templateFormat") != "ISO_19794_2":
                raise Refusal.TEMPLATE_BROKEN.error(reason="template format")
            record = _bytes(item["template"], "template", Refusal.TEMPLATE_BROKEN)
            yield FingerTemplate(finger=finger, record=PersonalBytes(record))
        elif not item.get("missing"):
            raise Refusal.TEMPLATE_BROKEN.error(reason="neither template nor missing")


def _area(value: dict[str, str]) -> Area:
    return Area(code=RegionCode(value["code"]), name=value["name"])


def decode(document: dict[str, Any]) -> ApprovedRecord:
    """The record of a document that passed the schema. Raises `RecordRejected`."""
    bio, request, biometrics = (
        document["biographicData"],
        document["requestData"],
        document["biometricData"],
    )
    face = _only(biometrics, "FACE", Refusal.NO_FACE)
    signature = _only(biometrics, "SIGNATURE", Refusal.NO_SIGNATURE)
    others = request["others"]
    reason = others.get("reason")
    return ApprovedRecord(
        request_id=document["credentialRequestId"],
        variant=CardVariant(request["credentialProfileSubtype"]),
        request_type=RequestType(request["requestType"]),
        reason=None if reason is None else ReplacementReason(reason),
        priority=request["priority"],
        approved_at=datetime.fromisoformat(others["approvedAt"]),
        delivery_office=OfficeCode(request["deliveryOffice"]),
        parent_credential=request.get("parentCredentialId"),
        biographic=_biographic(bio),
        portrait=PersonalBytes(_bytes(face["image"], "FACE", Refusal.PORTRAIT_BROKEN)),
        signature=PersonalBytes(_bytes(signature["image"], "SIGNATURE", Refusal.SIGNATURE_BROKEN)),
        fingers=tuple(_fingers(biometrics)),
    )


def _biographic(bio: dict[str, Any]) -> Biographic:
    return Biographic(
        nik=Nik(bio["nik"]),
        kk=FamilyCardNumber(bio["kk"]) if "kk" in bio else None,
        name=PersonalText(bio["name"]),
        birth_place=PersonalText(bio["birthPlace"]),
        birth_date=date.fromisoformat(bio["birthDate"]),
        sex=Sex(bio["sex"]),
        blood_type=bio["bloodType"],
        address=PersonalText(bio["address"]),
        rt=bio["rt"],
        rw=bio["rw"],
        village=_area(bio["village"]),
        district=_area(bio["district"]),
        regency=_area(bio["regency"]),
        province=_area(bio["province"]),
        religion=bio["religion"],
        marital_status=bio["maritalStatus"],
        occupation=bio["occupation"],
        citizenship=bio["citizenship"],
        valid_until=(
            None if bio["validUntil"] == LIFELONG else date.fromisoformat(bio["validUntil"])
        ),
        issue_place=bio["issuePlace"],
        issue_date=date.fromisoformat(bio["issueDate"]),
        phone=PersonalText(bio["phone"]) if "phone" in bio else None,
    )
