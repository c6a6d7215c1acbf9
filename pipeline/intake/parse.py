"""One line of a file: checked against the contract and turned into an approved record.

Pure: no store, no clock of its own. What needs the store (office, stop list, other requests) is
checked by the importer.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from ektp.chip_profiles import KTP_EL, ChipProfile
from ektp.errors import (
    ChipImageTooLarge,
    FieldOverflow,
    GlyphMissing,
    ImageUnusable,
    PreparationError,
)
from ektp.printer_profiles import PrintGeometry
from ektp.record import (
    LIFELONG,
    ApprovedRecord,
    Biographic,
    CardVariant,
    Sex,
)
from personalization.artwork.pictures import check_pictures
from personalization.prepare import precheck
from pipeline.intake.record_json import decode
from pipeline.intake.refusals import Refusal, Warned

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

__all__ = ["ParsedRecord", "canonical", "parse_line", "request_of"]

_PICTURES: Final = frozenset({"image", "template"})
# Bidirectional controls, zero-width characters and the byte order mark; Cc and Cs are caught by
# their category.
_HIDDEN: Final = frozenset(
    "\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedRecord:
    """A record that stands for itself, with its canonical bytes and what was noticed."""

    record: ApprovedRecord
    content: bytes
    biographic: bytes
    digest: str
    warnings: tuple[Warned, ...]


def canonical(document: Mapping[str, Any]) -> bytes:
    """The same bytes for the same content, however it was written."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def parse_line(
    line: bytes, *, today: date, geometry: PrintGeometry, profile: ChipProfile = KTP_EL
) -> ParsedRecord:
    """Check one line. Raises `RecordRejected` with the refusal's code and field names only."""
    document = _load(line)
    if document.get("status", "PENDING") != "PENDING":
        raise Refusal.NOT_APPROVED.error()
    _check_characters(document)
    _check_schema(document)
    _check_rules(document, today)
    record = decode(document)
    _precheck(record, geometry, profile)
    content = canonical(document)
    return ParsedRecord(
        record=record,
        content=content,
        biographic=canonical(document["biographicData"]),
        digest=hashlib.sha256(content).hexdigest(),
        warnings=tuple(_warnings(record.biographic)),
    )


def request_of(line: bytes) -> str | None:
    """The request id of a line that may be refused, for the answer to its sender."""
    try:
        document = json.loads(line)
    except ValueError:
        return None
    found = document.get("credentialRequestId") if isinstance(document, dict) else None
    return found if isinstance(found, str) and len(found) <= 64 and found.isascii() else None


# --- form -----------------------------------------------------------------------------------


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise Refusal.NOT_JSON.error(reason="a key twice")
    return keys


def _no_constant(_name: str) -> Any:
    raise Refusal.NOT_JSON.error(reason="not a JSON number")


def _load(line: bytes) -> dict[str, Any]:
    try:
        document = json.loads(
            line.decode(), object_pairs_hook=_distinct, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        raise Refusal.NOT_JSON.error() from None
    if not isinstance(document, dict):
        raise Refusal.NOT_JSON.error(reason="not an object")
    return document


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every string of the document with its path; pictures are base64 and left out."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield path, key
            if key not in _PICTURES:
                yield from _texts(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}[{index}]")


def _check_characters(document: dict[str, Any]) -> None:
    for path, text in _texts(document, ""):
        if text.isascii() and text.isprintable():
            continue
        for character in text:
            category = unicodedata.category(character)
            if character in _HIDDEN or category in ("Cc", "Cs", "Cn", "Co", "Zl", "Zp"):
                raise Refusal.HIDDEN_CHARACTER.error(
                    field=_safe(path), codepoint=f"U+{ord(character):04X}"
                )


@cache
def _validator() -> Draft202012Validator:
    # Loaded by whoever checks records, not by every command that opens a home.
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - see above

    text = files("pipeline.intake").joinpath("approved-record.schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text))


def _check_schema(document: dict[str, Any]) -> None:
    for error in _validator().iter_errors(document):
        path = _safe(".".join(str(part) for part in error.absolute_path))
        if error.validator == "required":
            raise _missing(error, path)
        if _foreign_digit(error.instance):
            raise Refusal.NOT_ASCII_DIGIT.error(field=path)
        if path == "biometricData":
            raise _too_few(error.instance)
        raise Refusal.WRONG_FORM.error(field=path, rule=str(error.validator))


def _missing(error: ValidationError, path: str) -> Exception:
    required: Any = error.validator_value
    present: Any = error.instance
    absent = next(name for name in required if name not in present)
    if absent == "biometricData":
        return Refusal.NO_FACE.error()
    return Refusal.FIELD_MISSING.error(field=f"{path}.{absent}" if path else absent)


def _too_few(biometrics: Any) -> Exception:
    if isinstance(biometrics, list) and any(
        isinstance(item, dict) and item.get("biometricType") == "FACE" for item in biometrics
    ):
        return Refusal.NO_SIGNATURE.error(found=0)
    return Refusal.NO_FACE.error(found=0)


def _foreign_digit(value: Any) -> bool:
    return isinstance(value, str) and any(c.isdigit() and not c.isascii() for c in value)


def _safe(path: str) -> str:
    """A path for an answer; a sender's own key names may hold anything, so only ASCII passes."""
    return path if path.isascii() and len(path) <= 80 else "(an unlisted field)"


# --- rules ----------------------------------------------------------------------------------


def _date(value: str, field: str) -> date:
    try:
        parsed = date.fromisoformat(value)
    except ValueError:
        if _foreign_digit(value):
            raise Refusal.NOT_ASCII_DIGIT.error(field=field) from None
        raise Refusal.NO_SUCH_DATE.error(field=field) from None
    if value != parsed.isoformat():
        raise Refusal.NO_SUCH_DATE.error(field=field)
    return parsed


def _moment(value: str, field: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise Refusal.NO_SUCH_DATE.error(field=field) from None
    if moment.tzinfo is None:
        raise Refusal.WRONG_FORM.error(field=field, rule="RFC 3339 with an offset")
    return moment


def _check_rules(document: dict[str, Any], today: date) -> None:
    bio, request = document["biographicData"], document["requestData"]
    if document["personId"] != bio["nik"]:
        raise Refusal.NIK_DIFFERS.error()
    if _date(bio["birthDate"], "biographicData.birthDate") > today:
        raise Refusal.BORN_IN_FUTURE.error()
    _date(bio["issueDate"], "biographicData.issueDate")
    if bio["validUntil"] != LIFELONG:
        _date(bio["validUntil"], "biographicData.validUntil")
    elif request["credentialProfileSubtype"] == CardVariant.OA.value:
        raise Refusal.NO_EXPIRY.error()
    others = request.get("others")
    if others is None:
        raise Refusal.FIELD_MISSING.error(field="requestData.others.approvedAt")
    _moment(others["approvedAt"], "requestData.others.approvedAt")
    if request["requestType"] in ("REPLACEMENT", "OTHER") and "reason" not in others:
        raise Refusal.NO_REASON.error()


def _precheck(record: ApprovedRecord, geometry: PrintGeometry, profile: ChipProfile) -> None:
    """Whether the card could be made: text, glyphs, templates, budget."""
    try:
        check_pictures(record)
        precheck(record, geometry, profile)
    except FieldOverflow as error:
        raise Refusal.DOES_NOT_FIT.error(**_text_facts(error)) from None
    except GlyphMissing as error:
        raise Refusal.GLYPH_MISSING.error(**_text_facts(error)) from None
    except ChipImageTooLarge as error:
        raise Refusal.CHIP_TOO_SMALL.error(**_text_facts(error)) from None
    except ImageUnusable as error:
        raise _picture(error).error(**_text_facts(error)) from None


_BY_FIELD: Final = {
    "finger": Refusal.TEMPLATE_BROKEN,
    "signature": Refusal.SIGNATURE_BROKEN,
    "portrait": Refusal.PORTRAIT_BROKEN,
}
_BY_REASON: Final = {
    ("portrait", "too_small"): Refusal.PORTRAIT_SMALL,
    ("portrait", "too_many_pixels"): Refusal.PORTRAIT_LARGE,
}


def _picture(error: ImageUnusable) -> Refusal:
    field, reason = str(error.facts.get("field")), str(error.facts.get("reason"))
    return _BY_REASON.get((field, reason)) or _BY_FIELD.get(field, Refusal.PORTRAIT_BROKEN)


def _text_facts(error: PreparationError) -> dict[str, str | int]:
    return {name: fact for name, fact in error.facts.items() if isinstance(fact, (str, int))}


def _warnings(bio: Biographic) -> Iterator[Warned]:
    nik = bio.nik
    day, month_year = int(nik.birth_digits[:2]), nik.birth_digits[2:]
    female = day > 40
    if f"{day - 40 * female:02d}{month_year}" != f"{bio.birth_date:%d%m%y}":
        yield Warned.NIK_DATE
    elif female != (bio.sex is Sex.FEMALE):
        yield Warned.NIK_SEX
    if nik.region != bio.district.code.replace(".", ""):
        yield Warned.NIK_REGION
    if nik.serial == "0000":
        yield Warned.SERIAL_ZERO
    if " " not in bio.name.reveal().strip():
        yield Warned.ONE_WORD_NAME
    if bio.occupation not in _occupations():
        yield Warned.OCCUPATION


@cache
def _occupations() -> frozenset[str]:
    text = files("pipeline.intake").joinpath("occupations.txt").read_text("utf-8")
    return frozenset(text.splitlines())
