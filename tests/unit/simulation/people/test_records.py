"""Approved records: valid by schema and by sense, the same for the same seed, made one by one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from simulation import people
from simulation.people import PeopleMix, Village, generate, nik_of, record_of, request_id_of
from simulation.people.biography import age_at_epoch
from simulation.people.mix import EPOCH, default_mix
from simulation.people.places import office

# Small pictures: these tests look at the texts.
_QUICK = replace(default_mix(), portrait_px=(240, 320), portrait_quality=40)
_SCHEMA = Path(people.__file__).parents[2] / "pipeline" / "intake" / "approved-record.schema.json"


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return list(generate(64, 7, mix=_QUICK))


def test_a_negative_count_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="count"):
        generate(-1, 7)


def test_an_unknown_name_of_the_package_is_refused() -> None:
    with pytest.raises(AttributeError, match="nobody"):
        _ = people.nobody


def test_all_public_names_are_there() -> None:
    # Twice: a module of the package must not take the place of a function of the same name.
    for name in [*people.__all__, *people.__all__]:
        assert callable(getattr(people, name)) or name == "EPOCH"


def test_nothing_is_an_empty_file() -> None:
    assert list(generate(0, 7)) == []


def test_records_satisfy_the_schema(records: list[dict[str, Any]]) -> None:
    if not _SCHEMA.exists():
        pytest.skip("the vendored schema of approved records is not there")
    validator = jsonschema.Draft202012Validator(
        json.loads(_SCHEMA.read_text("utf-8")), format_checker=jsonschema.FormatChecker()
    )
    foreign = list(generate(6, 8, mix=replace(_QUICK, foreigners=1.0)))
    for record in [*records, *foreign]:
        assert [error.message for error in validator.iter_errors(record)] == []


def test_a_million_are_made_one_by_one() -> None:
    assert len(list(islice(generate(1_000_000, 7, mix=_QUICK), 2))) == 2


def test_a_record_does_not_depend_on_those_before(records: list[dict[str, Any]]) -> None:
    assert record_of(7, 57, _QUICK) == records[57]
    assert records[57]["personId"] == nik_of(7, 57, _QUICK)
    assert records[57]["credentialRequestId"] == request_id_of(7, 57, _QUICK)


def test_another_seed_makes_other_people(records: list[dict[str, Any]]) -> None:
    others = list(generate(20, 8, mix=_QUICK))
    assert not {r["personId"] for r in others} & {r["personId"] for r in records[:20]}
    assert [r["biometricData"] for r in others] != [r["biometricData"] for r in records[:20]]


def test_identities_hold_together(records: list[dict[str, Any]]) -> None:
    for record in records:
        bio, nik = record["biographicData"], record["personId"]
        born = date.fromisoformat(bio["birthDate"])
        day = int(nik[6:8])
        assert bio["nik"] == nik
        assert nik.endswith("0000")
        assert bio["kk"].endswith("0000")
        assert age_at_epoch(born) >= 17
        assert (day > 40) == (bio["sex"] == "PEREMPUAN")
    assert len({record["personId"] for record in records}) == len(records)
    assert len({record["credentialRequestId"] for record in records}) == len(records)


def test_places_hold_together(records: list[dict[str, Any]]) -> None:
    for record in records:
        bio = record["biographicData"]
        assert bio["district"]["code"] == record["requestData"]["deliveryOffice"]
        for inner, outer in (("village", "district"), ("district", "regency")):
            assert bio[inner]["code"].startswith(bio[outer]["code"] + ".")
        assert bio["regency"]["name"].endswith(bio["issuePlace"])
    assert len({r["requestData"]["deliveryOffice"] for r in records[:32]}) == 16


def test_approvals_rise_and_end_at_the_epoch(records: list[dict[str, Any]]) -> None:
    times = [datetime.fromisoformat(r["requestData"]["others"]["approvedAt"]) for r in records]
    assert times == sorted(times)
    late = record_of(7, 9_000_000, _QUICK)["requestData"]["others"]["approvedAt"]
    assert datetime.fromisoformat(late) == datetime(EPOCH.year, 1, 1, tzinfo=UTC)
    assert {r["biographicData"]["issueDate"] for r in records} == {"2026-01-01"}


def test_reasons_stand_where_they_must(records: list[dict[str, Any]]) -> None:
    kinds = {r["requestData"]["requestType"] for r in records}
    assert {"FIRST_ISSUANCE", "REPLACEMENT"} <= kinds
    for record in records:
        request = record["requestData"]
        needed = request["requestType"] in ("REPLACEMENT", "OTHER")
        assert ("reason" in request["others"]) == needed
        assert 0 <= request["priority"] <= 9
        if request["requestType"] == "FIRST_ISSUANCE":
            assert "parentCredentialId" not in request


def test_foreigners_have_an_expiry_and_a_country() -> None:
    for record in generate(12, 5, mix=replace(_QUICK, foreigners=1.0)):
        bio = record["biographicData"]
        assert record["requestData"]["credentialProfileSubtype"] == "OA"
        assert bio["citizenship"] not in ("WNI", "INDONESIA")
        assert date.fromisoformat(bio["validUntil"]) > EPOCH


def test_shares_can_be_all_or_nothing() -> None:
    nobody = PeopleMix(
        foreigners=0,
        believers=0,
        replacements=0,
        one_word_names=0,
        without_phone=0,
        urgent=0,
        missing_finger=0,
        corrected_birth_dates=0,
        portrait_px=(240, 320),
    )
    for record in generate(12, 3, mix=nobody):
        bio = record["biographicData"]
        assert bio["citizenship"] == "WNI"
        assert bio["religion"] != "KEPERCAYAAN TERHADAP TUHAN YANG MAHA ESA"
        assert record["requestData"]["requestType"] == "FIRST_ISSUANCE"
        assert record["requestData"]["priority"] in (3, 5)
        assert bio["phone"].startswith("+62870")
        assert f"{date.fromisoformat(bio['birthDate']):%m%y}" == record["personId"][8:12]
        assert not any("missing" in entry for entry in record["biometricData"])
    all_of_them = replace(
        nobody,
        believers=1,
        replacements=1,
        without_phone=1,
        urgent=1,
        missing_finger=1,
        corrected_birth_dates=1,
    )
    for record in generate(12, 3, mix=all_of_them):
        bio = record["biographicData"]
        assert bio["religion"] == "KEPERCAYAAN TERHADAP TUHAN YANG MAHA ESA"
        assert record["requestData"]["requestType"] == "REPLACEMENT"
        assert record["requestData"]["priority"] == 9
        assert "phone" not in bio
        assert f"{date.fromisoformat(bio['birthDate']):%d%m%y}" != record["personId"][6:12]
        missing = [entry for entry in record["biometricData"] if "missing" in entry]
        assert [entry["missing"][0]["biometricSubType"] for entry in missing] == [
            missing[0]["biometricSubType"]
        ]
        assert "template" not in missing[0]


def test_a_scenario_names_its_villages_and_its_ids() -> None:
    own = Village(code="35.73.02.1004", name="BARENG")
    mix = PeopleMix(
        offices=(office("35.73.02"),),
        villages=(own,),
        request_prefix="KLOJEN.1",
        portrait_px=(240, 320),
    )
    for record in generate(4, 1, mix=mix):
        assert record["biographicData"]["village"] == {"code": own.code, "name": own.name}
        assert record["credentialRequestId"].startswith("KLOJEN.1-1-")


def test_biometrics_are_a_portrait_a_signature_and_two_fingers(
    records: list[dict[str, Any]],
) -> None:
    kinds = [entry["biometricType"] for entry in records[0]["biometricData"]]
    assert kinds == ["FACE", "SIGNATURE", "FINGER", "FINGER"]
    fingers = [e["biometricSubType"] for e in records[0]["biometricData"][2:]]
    assert fingers == ["RIGHT_INDEX", "LEFT_INDEX"]
