"""Synthetic approved records: OSIA 7.1 `CredentialRequest` objects, one after the other.

Record `index` follows from (seed, index, mix) alone. Nothing is remembered between two records, so
a file of a million people is made in constant memory and any one of them can be made again.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ektp.record import CardVariant, Finger, ReplacementReason, RequestType
from simulation.people.assignment import assign
from simulation.people.biography import age_at_epoch, biography
from simulation.people.chance import stream, weighted
from simulation.people.fingerprint import fingerprint_template
from simulation.people.handwriting import signature_png
from simulation.people.identity import Identity, identity_for
from simulation.people.mix import EPOCH, PeopleMix, default_mix
from simulation.people.places import Office
from simulation.people.portrait import Subject, portrait_jpeg

__all__ = ["generate", "record_of", "request_id_of"]

Record = dict[str, Any]

_REASONS: Final = (
    (ReplacementReason.DAMAGED, 35),
    (ReplacementReason.LOST, 30),
    (ReplacementReason.DATA_CHANGE, 18),
    (ReplacementReason.MOVED, 13),
    (ReplacementReason.CARD_DEFECT, 4),
)
_PARENT_KNOWN: Final = 0.8
_OTHER_SHARE: Final = 0.01
_OA_RENEWALS: Final = 0.6
_LOW_PRIORITY_SHARE: Final = 0.02
_NORMAL, _LOW, _HIGH = 5, 3, 9


def generate(count: int, seed: int, *, mix: PeopleMix | None = None) -> Iterator[Record]:
    """The first `count` approved records of a seed, as JSON objects, made as they are asked for.

    Each is valid against `contract/approved-record.schema.json` and would be accepted. All NIKs of
    a run differ. Raises `ValueError` for a negative count.
    """
    if count < 0:
        msg = "a count is not negative"
        raise ValueError(msg)
    return _records(count, seed, mix or default_mix())


def _records(count: int, seed: int, mix: PeopleMix) -> Iterator[Record]:
    for index in range(count):
        yield record_of(seed, index, mix)


def request_id_of(seed: int, index: int, mix: PeopleMix | None = None) -> str:
    """The `credentialRequestId` of a record."""
    return f"{(mix or default_mix()).request_prefix}-{seed}-{index:07d}"


def record_of(seed: int, index: int, mix: PeopleMix | None = None) -> Record:
    """One approved record."""
    mix = mix or default_mix()
    assigned = assign(seed, index, mix)
    identity, place = identity_for(seed, index, mix, assigned), assigned.place
    rng = stream(seed, index, "request")
    foreign = rng.random() < mix.foreigners
    person = biography(seed, index, mix, identity, place, foreign=foreign)
    return {
        "credentialRequestId": request_id_of(seed, index, mix),
        "personId": identity.nik,
        "status": "PENDING",
        "requestData": _request(rng, index, mix, place, foreign=foreign),
        "biographicData": person,
        "biometricData": _biometrics(seed, index, mix, identity, person, foreign=foreign),
    }


def _request(
    rng: random.Random, index: int, mix: PeopleMix, place: Office, *, foreign: bool
) -> Record:
    kind = _kind(rng, mix, foreign=foreign)
    others: Record = {"approvedAt": _approved_at(rng, index, mix)}
    request: Record = {
        "priority": _priority(rng, mix),
        "credentialProfileId": "KTP-EL",
        "credentialProfileSubtype": (CardVariant.OA if foreign else CardVariant.WNI).value,
        "requestType": kind.value,
        "deliveryOffice": place.code,
        "issuingAuthority": f"DISDUKCAPIL {place.regency}",
        "others": others,
    }
    if kind in (RequestType.REPLACEMENT, RequestType.OTHER):
        others["reason"] = weighted(rng, _REASONS).value
    if kind is RequestType.OTHER:
        request["requestTypeOther"] = "EXCHANGE OF THE CARD STOCK"
    if kind is not RequestType.FIRST_ISSUANCE and rng.random() < _PARENT_KNOWN:
        request["parentCredentialId"] = f"{rng.getrandbits(64):016X}"
    return request


def _kind(rng: random.Random, mix: PeopleMix, *, foreign: bool) -> RequestType:
    draw = rng.random()
    if draw < mix.replacements:
        return RequestType.REPLACEMENT
    if foreign and rng.random() < _OA_RENEWALS:
        return RequestType.RENEWAL
    if mix.replacements and draw > 1 - _OTHER_SHARE:
        return RequestType.OTHER
    return RequestType.FIRST_ISSUANCE


def _priority(rng: random.Random, mix: PeopleMix) -> int:
    draw = rng.random()
    if draw < mix.urgent:
        return _HIGH
    return _LOW if draw > 1 - _LOW_PRIORITY_SHARE else _NORMAL


def _approved_at(rng: random.Random, index: int, mix: PeopleMix) -> str:
    epoch = datetime(EPOCH.year, EPOCH.month, EPOCH.day, tzinfo=UTC)
    seconds = index * mix.approval_step_seconds + rng.randrange(mix.approval_step_seconds)
    room = int((epoch - mix.first_approval).total_seconds())
    moment = mix.first_approval + timedelta(seconds=min(seconds, max(0, room)))
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _biometrics(
    seed: int, index: int, mix: PeopleMix, identity: Identity, person: Record, *, foreign: bool
) -> list[Record]:
    born = identity.birth_date
    subject = Subject(
        sex=identity.sex,
        age=age_at_epoch(born),
        birth_year=int(person["birthDate"][:4]),
        religion=person["religion"],
        foreign=foreign,
    )
    portrait = portrait_jpeg(
        seed, index, subject, size_px=mix.portrait_px, quality=mix.portrait_quality
    )
    return [
        {
            "biometricType": "FACE",
            "biometricSubType": "PORTRAIT",
            "image": _base64(portrait),
            "mimeType": "image/jpeg",
        },
        {
            "biometricType": "SIGNATURE",
            "image": _base64(signature_png(seed, index)),
            "mimeType": "image/png",
        },
        *_fingers(seed, index, mix),
    ]


def _fingers(seed: int, index: int, mix: PeopleMix) -> Iterator[Record]:
    rng = stream(seed, index, "fingers")
    lost = rng.choice(tuple(Finger)) if rng.random() < mix.missing_finger else None
    presence = rng.choice(("AMPUTATED", "BANDAGED", "DAMAGED"))
    for finger in Finger:
        entry: Record = {"biometricType": "FINGER", "biometricSubType": finger.value}
        if finger is lost:
            entry["missing"] = [{"biometricSubType": finger.value, "presence": presence}]
        else:
            entry["template"] = _base64(fingerprint_template(seed, index, finger))
            entry["templateFormat"] = "ISO_19794_2"
        yield entry


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
