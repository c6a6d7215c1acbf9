"""Bad records: every kind, each wrong in just the one way that it says."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from PIL import Image

from simulation import people
from simulation.people.mix import default_mix
from simulation.people.records import record_of
from simulation.people.refusals import (
    FIRST_BAD_INDEX,
    FORMS,
    RefusalKind,
    RefusedCase,
    spoiled_records,
)

_QUICK = replace(default_mix(), portrait_px=(240, 320), portrait_quality=40)
# The forms of all kinds together.
_ROUND = len(FORMS)
_SCHEMA = Path(people.__file__).parents[2] / "pipeline" / "intake" / "approved-record.schema.json"
# Kinds that are wrong by form alone; the schema is silent about all others.
_BY_SCHEMA = {
    RefusalKind.WRONG_FORM,
    RefusalKind.FIELD_MISSING,
    RefusalKind.NOT_ASCII_DIGIT,
    RefusalKind.NOT_APPROVED,
}


@pytest.fixture(scope="module")
def round_and_more() -> list[RefusedCase]:
    return list(spoiled_records(7, count=_ROUND + 3, mix=_QUICK))


@pytest.fixture(scope="module")
def cases(round_and_more: list[RefusedCase]) -> list[RefusedCase]:
    return round_and_more[:_ROUND]


def _of(cases: list[RefusedCase], kind: RefusalKind) -> list[RefusedCase]:
    return [case for case in cases if case.kind is kind]


def _entry(case: RefusedCase, kind: str) -> dict[str, Any]:
    entries = json.loads(case.line)["biometricData"]
    found: dict[str, Any] = next(e for e in entries if e["biometricType"] == kind)
    return found


def _picture(case: RefusedCase) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(_entry(case, "FACE")["image"])))


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="count"):
        spoiled_records(7, count=-1)


def _decode_whole(image: str) -> None:
    Image.open(io.BytesIO(base64.b64decode(image, validate=True))).load()


def test_every_kind_comes_in_every_form_once(cases: list[RefusedCase]) -> None:
    assert {case.kind for case in cases} == set(RefusalKind)
    assert len({(case.kind, case.form) for case in cases}) == len(cases) > 90
    assert all(case.line.endswith(b"\n") and case.line.count(b"\n") == 1 for case in cases)


def test_a_count_goes_round_with_new_people(
    cases: list[RefusedCase], round_and_more: list[RefusedCase]
) -> None:
    more = round_and_more[_ROUND:]
    assert [case.kind for case in more] == [case.kind for case in cases[:3]]
    assert not {case.line for case in more[1:]} & {case.line for case in cases}


def test_cases_come_again(cases: list[RefusedCase]) -> None:
    assert list(spoiled_records(7, count=5, mix=_QUICK)) == cases[:5]


def test_a_case_does_not_show_its_person(cases: list[RefusedCase]) -> None:
    good = record_of(7, FIRST_BAD_INDEX, _QUICK)
    assert good["biographicData"]["name"] not in repr(cases[0])
    assert good["personId"] not in repr(cases)


def test_lines_that_are_no_json_object(cases: list[RefusedCase]) -> None:
    for case in _of(cases, RefusalKind.NOT_JSON):
        with pytest.raises((ValueError, TypeError)):
            _strict(case.line)


def _strict(line: bytes) -> None:
    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError(pairs[0][0])
        return dict(pairs)

    def refuse(name: str) -> None:
        raise ValueError(name)

    document = json.loads(line.decode(), object_pairs_hook=distinct, parse_constant=refuse)
    if not isinstance(document, dict):
        raise TypeError(type(document))


def test_all_other_lines_are_sound_json_with_their_id(cases: list[RefusedCase]) -> None:
    for case in cases:
        if case.kind is RefusalKind.NOT_JSON:
            continue
        _strict(case.line)
        shown = json.loads(case.line).get("credentialRequestId")
        assert case.request_id in (shown, None)
        assert case.request_id or case.form in ("request id", "request id too long")


def test_the_schema_sees_what_is_wrong_by_form_only(cases: list[RefusedCase]) -> None:
    if not _SCHEMA.exists():
        pytest.skip("the vendored schema of approved records is not there")
    validator = jsonschema.Draft202012Validator(json.loads(_SCHEMA.read_text("utf-8")))
    by_sense = {"time of approval", "Arabic-Indic birth date"}
    for case in cases:
        if case.kind is RefusalKind.NOT_JSON:
            continue
        valid = validator.is_valid(json.loads(case.line))
        if case.kind in _BY_SCHEMA and case.form not in by_sense:
            assert not valid, case
        elif case.form not in by_sense:
            assert valid, case


def test_portraits_are_broken_small_and_large(cases: list[RefusedCase]) -> None:
    for case in _of(cases, RefusalKind.PORTRAIT_BROKEN):
        if case.form == "GIF":
            assert _picture(case).format == "GIF"
            continue
        with pytest.raises((OSError, ValueError)):
            _decode_whole(_entry(case, "FACE")["image"])
    sizes = {_picture(case).size for case in _of(cases, RefusalKind.PORTRAIT_SMALL)}
    assert sizes == {(239, 320), (240, 319)}
    (large,) = _of(cases, RefusalKind.PORTRAIT_LARGE)
    width, height = _picture(large).size
    assert width * height > 25_000_000
    assert len(large.line) < 100_000


def test_requests_that_collide_bring_the_earlier_one(cases: list[RefusedCase]) -> None:
    (second,) = _of(cases, RefusalKind.SECOND_REQUEST)
    earlier, later = json.loads(second.precedents[0]), json.loads(second.line)
    assert earlier["personId"] == later["personId"]
    assert earlier["credentialRequestId"] != later["credentialRequestId"]
    (changed,) = _of(cases, RefusalKind.CONTENT_DIFFERS)
    earlier, later = json.loads(changed.precedents[0]), json.loads(changed.line)
    assert earlier["credentialRequestId"] == later["credentialRequestId"]
    assert earlier != later
    assert not any(
        case.precedents
        for case in cases
        if case.kind not in (RefusalKind.SECOND_REQUEST, RefusalKind.CONTENT_DIFFERS)
    )


def test_a_stopped_person_is_named_for_the_stop_list(cases: list[RefusedCase]) -> None:
    (stopped,) = _of(cases, RefusalKind.STOPPED)
    assert stopped.stop_nik == json.loads(stopped.line)["personId"]
    (differs,) = _of(cases, RefusalKind.NIK_DIFFERS)
    document = json.loads(differs.line)
    assert document["personId"] != document["biographicData"]["nik"]


def test_templates_are_no_whole_records(cases: list[RefusedCase]) -> None:
    for case in _of(cases, RefusalKind.TEMPLATE_BROKEN):
        fingers = [
            e for e in json.loads(case.line)["biometricData"] if e["biometricType"] == "FINGER"
        ]
        assert not all(_whole(finger) for finger in fingers) or (
            fingers[0]["biometricSubType"] == fingers[1]["biometricSubType"]
        ), case


def _whole(finger: dict[str, Any]) -> bool:
    if "missing" in finger:
        return True
    try:
        record = base64.b64decode(finger["template"], validate=True)
    except (KeyError, ValueError):
        return False
    return (
        finger["templateFormat"] == "ISO_19794_2"
        and record[:8] == b"FMR\0 20\0"
        and int.from_bytes(record[8:12], "big") == len(record)
        and len(record) == 30 + 6 * record[27]
    )
