"""One thing wrong with a record, in all the forms in which intake may meet it."""

from __future__ import annotations

import base64
import copy
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from PIL import Image

from simulation.people.approver import record_line
from simulation.people.records import Record

__all__ = ["SPOILERS", "Spoiler", "Spoilt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoilt:
    """A spoilt record, or the raw line where it is no JSON any more."""

    record: Record = field(default_factory=dict)
    line: bytes | None = None
    precedent: Record | None = None


Spoiler = Callable[[Record], Spoilt]

_FACE, _SIGNATURE, _FINGER = "FACE", "SIGNATURE", "FINGER"
_ARABIC_INDIC: Final = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_FULL_WIDTH: Final = str.maketrans("0123456789", "".join(chr(0xFF10 + n) for n in range(10)))


# --- whole lines --------------------------------------------------------------------------------


def _raw(change: Callable[[bytes], bytes]) -> Spoiler:
    return lambda record: Spoilt(line=change(record_line(record)))


def _nan_priority(record: Record) -> Spoilt:
    request = {**record["requestData"], "priority": float("nan")}
    return Spoilt(line=json.dumps({**record, "requestData": request}).encode() + b"\n")


# --- fields -------------------------------------------------------------------------------------


def _change(path: str, change: Callable[[Any], Any]) -> Spoiler:
    """Replace the value at a dotted path by what `change` makes of it."""

    def spoil(record: Record) -> Spoilt:
        spoilt = copy.deepcopy(record)
        *parents, last = path.split(".")
        holder: dict[str, Any] = spoilt
        for parent in parents:
            holder = holder[parent]
        holder[last] = change(holder.get(last))
        return Spoilt(record=spoilt)

    return spoil


def _put(path: str, value: object) -> Spoiler:
    return _change(path, lambda _: value)


def _drop(path: str) -> Spoiler:
    def spoil(record: Record) -> Spoilt:
        spoilt = copy.deepcopy(record)
        *parents, last = path.split(".")
        holder: dict[str, Any] = spoilt
        for parent in parents:
            holder = holder[parent]
        holder.pop(last, None)
        return Spoilt(record=spoilt)

    return spoil


def _inside(path: str, character: str) -> Spoiler:
    """Put a character in the place of the middle one: the text grows no longer than it may be."""
    return _change(
        path, lambda text: text[: len(text) // 2] + character + text[len(text) // 2 + 1 :]
    )


def _lone_surrogate(record: Record) -> Spoilt:
    biographic = {**record["biographicData"], "name": "SUKARTI \ud800"}
    return Spoilt(line=json.dumps({**record, "biographicData": biographic}).encode() + b"\n")


def _both_niks(change: Callable[[str], str]) -> Spoiler:
    def spoil(record: Record) -> Spoilt:
        nik = change(record["personId"])
        biographic = {**record["biographicData"], "nik": nik}
        return Spoilt(record={**record, "personId": nik, "biographicData": biographic})

    return spoil


def _foreigner_for_life(record: Record) -> Spoilt:
    spoilt = copy.deepcopy(record)
    spoilt["requestData"]["credentialProfileSubtype"] = "OA"
    spoilt["biographicData"].update(citizenship="JAPAN", validUntil="SEUMUR HIDUP")
    return Spoilt(record=spoilt)


def _unreasoned(kind: str) -> Spoiler:
    def spoil(record: Record) -> Spoilt:
        spoilt = copy.deepcopy(record)
        spoilt["requestData"]["requestType"] = kind
        spoilt["requestData"]["others"].pop("reason", None)
        return Spoilt(record=spoilt)

    return spoil


# --- biometrics ---------------------------------------------------------------------------------


def _without(kind: str) -> Spoiler:
    return _change(
        "biometricData", lambda entries: [e for e in entries if e["biometricType"] != kind]
    )


def _entry(kind: str, change: Callable[[dict[str, Any]], None]) -> Spoiler:
    """Change the first entry of a kind of biometrics."""

    def spoil(record: Record) -> Spoilt:
        spoilt = copy.deepcopy(record)
        entry = next(e for e in spoilt["biometricData"] if e["biometricType"] == kind)
        change(entry)
        return Spoilt(record=spoilt)

    return spoil


def _image(kind: str, change: Callable[[bytes], bytes]) -> Spoiler:
    def apply(entry: dict[str, Any]) -> None:
        entry["image"] = _base64(change(base64.b64decode(entry["image"])))

    return _entry(kind, apply)


def _template(change: Callable[[bytes], bytes]) -> Spoiler:
    """Change the first template; a person who lacks that finger is given the other one's."""

    def spoil(record: Record) -> Spoilt:
        spoilt = copy.deepcopy(record)
        entry = next(e for e in spoilt["biometricData"] if "template" in e)
        entry["template"] = _base64(change(base64.b64decode(entry["template"])))
        return Spoilt(record=spoilt)

    return spoil


def _template_entry(change: Callable[[dict[str, Any]], None]) -> Spoiler:
    def spoil(record: Record) -> Spoilt:
        spoilt = copy.deepcopy(record)
        change(next(e for e in spoilt["biometricData"] if "template" in e))
        return Spoilt(record=spoilt)

    return spoil


def _same_finger_twice(record: Record) -> Spoilt:
    spoilt = copy.deepcopy(record)
    entry = next(e for e in spoilt["biometricData"] if "template" in e)
    others = [e for e in spoilt["biometricData"] if e["biometricType"] != _FINGER]
    return Spoilt(record={**spoilt, "biometricData": [*others, entry, entry]})


def _resized(width: int, height: int) -> Callable[[bytes], bytes]:
    def resize(picture: bytes) -> bytes:
        with Image.open(io.BytesIO(picture)) as image:
            return _saved(image.resize((width, height)), "JPEG")

    return resize


def _as_gif(picture: bytes) -> bytes:
    with Image.open(io.BytesIO(picture)) as image:
        return _saved(image.quantize(16), "GIF")


@cache
def _huge_png(width: int, height: int) -> bytes:
    # One bit a pixel and all alike: 25 megapixels in a few kilobytes.
    return _saved(Image.new("1", (width, height), 1), "PNG")


def _saved(image: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


# --- the table ----------------------------------------------------------------------------------

_NAME, _ADDRESS = "biographicData.name", "biographicData.address"
_BIRTH, _NIK, _KK = "biographicData.birthDate", "biographicData.nik", "biographicData.kk"

SPOILERS: Final[Mapping[str, Mapping[str, Spoiler]]] = {
    "not_json": {
        "prose": _raw(lambda _: b"the next hundred follow tomorrow\n"),
        "truncated": _raw(lambda line: line[: len(line) // 2] + b"\n"),
        "array": _raw(lambda line: b"[" + line.rstrip() + b"]\n"),
        "not UTF-8": _raw(lambda line: line.replace(b'"name":"', b'"name":"\xff\xfe', 1)),
        "a key twice": _raw(lambda line: b'{"status":"PENDING",' + line[1:]),
        "not a number": _nan_priority,
        "two objects": _raw(lambda line: line.rstrip() + b" {}\n"),
    },
    "wrong_form": {
        "priority as text": _put("requestData.priority", "5"),
        "priority true": _put("requestData.priority", True),
        "priority 10": _put("requestData.priority", 10),
        "priority with a fraction": _put("requestData.priority", 4.5),
        "nik of 15 digits": _both_niks(lambda nik: nik[:-1]),
        "nik with a blank": _both_niks(lambda nik: nik[:8] + " " + nik[9:]),
        "office without dots": _change(
            "requestData.deliveryOffice", lambda code: code.replace(".", "")
        ),
        "rt of two digits": _put("biographicData.rt", "01"),
        "unknown sex": _put("biographicData.sex", "L"),
        "unknown blood type": _put("biographicData.bloodType", "C"),
        "unknown reason": _put("requestData.others.reason", "EATEN"),
        "unknown profile": _put("requestData.credentialProfileId", "KIA"),
        "name of 61 characters": _put(_NAME, "A" * 61),
        "empty name": _put(_NAME, ""),
        "name as a number": _put(_NAME, 7),
        "phone without a plus": _put("biographicData.phone", "087012345678"),
        "village without a name": _change(
            "biographicData.village", lambda area: {"code": area["code"], "name": ""}
        ),
        "unknown biometrics": _change(
            "biometricData", lambda entries: [*entries, {"biometricType": "EAR"}]
        ),
        "request id with a blank": _put("credentialRequestId", "not an id"),
        "request id too long": _put("credentialRequestId", "X" * 65),
    },
    "field_missing": {
        "request id": _drop("credentialRequestId"),
        "person": _drop("personId"),
        "name": _drop(_NAME),
        "birth place": _drop("biographicData.birthPlace"),
        "delivery office": _drop("requestData.deliveryOffice"),
        "time of approval": _drop("requestData.others.approvedAt"),
        "regency": _drop("biographicData.regency"),
        "biographic data": _drop("biographicData"),
    },
    "not_ascii_digit": {
        "Arabic-Indic nik": _both_niks(lambda nik: nik.translate(_ARABIC_INDIC)),
        "full-width nik": _both_niks(lambda nik: nik.translate(_FULL_WIDTH)),
        "one full-width digit in kk": _change(
            _KK, lambda kk: kk[:-1] + kk[-1].translate(_FULL_WIDTH)
        ),
        "full-width rt": _change("biographicData.rt", lambda rt: rt.translate(_FULL_WIDTH)),
        "Arabic-Indic birth date": _change(_BIRTH, lambda day: day.translate(_ARABIC_INDIC)),
    },
    "hidden_character": {
        "bell": _inside(_NAME, "\x07"),
        "null": _inside(_NAME, "\x00"),
        "line feed": _inside(_ADDRESS, "\n"),
        "delete": _inside(_ADDRESS, "\x7f"),
        "next line (C1)": _inside(_ADDRESS, "\x85"),
        "right-to-left override": _inside(_NAME, "\u202e"),
        "isolate": _inside(_ADDRESS, "\u2066"),
        "zero-width space": _inside(_NAME, "\u200b"),
        "zero-width joiner": _inside("biographicData.birthPlace", "\u200d"),
        "byte order mark": _inside(_NAME, "\ufeff"),
        "lone surrogate": _lone_surrogate,
    },
    "no_such_date": {
        "30 February": _put(_BIRTH, "1991-02-30"),
        "29 February of no leap year": _put(_BIRTH, "1990-02-29"),
        "month 13": _put("biographicData.issueDate", "2026-13-01"),
        "31 June": _put("biographicData.validUntil", "2031-06-31"),
        "day first": _put(_BIRTH, "31-12-1990"),
        "approved on 31 April": _put("requestData.others.approvedAt", "2025-04-31T08:00:00Z"),
    },
    "born_in_future": {"2099": _put(_BIRTH, "2099-01-01")},
    "no_expiry": {"OA for life": _foreigner_for_life},
    "no_reason": {"REPLACEMENT": _unreasoned("REPLACEMENT"), "OTHER": _unreasoned("OTHER")},
    "no_face": {"none": _without(_FACE), "no image": _entry(_FACE, lambda e: e.pop("image"))},
    "no_signature": {
        "none": _without(_SIGNATURE),
        "no image": _entry(_SIGNATURE, lambda e: e.pop("image")),
    },
    "portrait_broken": {
        "half of it": _image(_FACE, lambda picture: picture[: len(picture) // 2]),
        "last kilobyte gone": _image(_FACE, lambda picture: picture[:-1024]),
        "no picture": _image(_FACE, lambda _: b"a photograph will follow"),
        "empty": _image(_FACE, lambda _: b""),
        "GIF": _image(_FACE, _as_gif),
        "not base64": _entry(_FACE, lambda e: e.update(image="*" + e["image"][1:])),
    },
    "portrait_small": {
        "239 wide": _image(_FACE, _resized(239, 320)),
        "319 high": _image(_FACE, _resized(240, 319)),
    },
    "portrait_large": {"25 megapixels and a line": _image(_FACE, lambda _: _huge_png(5000, 5001))},
    "signature_broken": {
        "half of it": _image(_SIGNATURE, lambda picture: picture[: len(picture) // 2]),
        "no picture": _image(_SIGNATURE, lambda _: b"X"),
    },
    "template_broken": {
        "cut off": _template(lambda record: record[:-7]),
        "other magic": _template(lambda record: b"FIR\x00" + record[4:]),
        "other version": _template(lambda record: record[:4] + b" 30\x00" + record[8:]),
        "other length": _template(lambda record: record[:8] + bytes(4) + record[12:]),
        "more minutiae than said": _template(lambda record: record[:27] + b"\x01" + record[28:]),
        "bytes behind it": _template(lambda record: record + b"\x00"),
        "empty": _template(lambda _: b""),
        "not base64": _template_entry(lambda e: e.update(template="not base64!")),
        "other format": _template_entry(lambda e: e.update(templateFormat="ISO_19794_4")),
        "neither template nor reason": _template_entry(lambda e: e.pop("template")),
        "a finger twice": _same_finger_twice,
    },
    "does_not_fit": {
        "name of 60 W": _put(_NAME, "W" * 60),
        "address of 120 W": _put(_ADDRESS, "W" * 120),
    },
    "glyph_missing": {
        "Chinese": _inside(_NAME, "王"),
        "Javanese": _inside(_NAME, "ꦗ"),
        "Arabic": _inside(_ADDRESS, "ع"),
        "emoji": _inside(_ADDRESS, "🙂"),
    },
    "office_unknown": {"99.99.99": _put("requestData.deliveryOffice", "99.99.99")},
    "not_approved": {
        "cancelled": _put("status", "CANCELLED"),
        "duplicate": _put("status", "DUPLICATE_RECORD"),
        "empty": _put("status", ""),
    },
}
"""By kind (the value of a `RefusalKind`) and form. Kinds that need a second record are not here."""
