"""Records: a file stands or falls with its signature, a line for itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.plant import write_sample_records
from simulation.people import Approver

Cli = Any


def _copy(sample: Path, folder: Path) -> Path:
    for name in ("sample.jsonl", "sample.jsonl.p7s", "sample.approver.pem"):
        (folder / name).write_bytes((sample.parent / name).read_bytes())
    return folder / "sample.jsonl"


def test_a_file_of_an_unknown_signer_is_refused_whole(cli: Cli, sample: Path) -> None:
    before = sorted((cli.home / "outbox").glob("*"))
    assert cli.refused(7, "records", "import", sample)["code"] == "REC-001"
    assert sorted((cli.home / "outbox").glob("*")) == before


def test_a_file_with_one_flipped_byte_is_refused_whole_and_journalled(
    cli: Cli, sample: Path, tmp_path: Path
) -> None:
    file = _copy(sample, tmp_path)
    content = bytearray(file.read_bytes())
    content[40] ^= 1
    file.write_bytes(content)
    approver = tmp_path / "sample.approver.pem"
    error = cli.refused(7, "records", "import", file, "--trust", approver)
    assert error["code"] == "REC-001"
    cli.done("audit", "verify", "--export", tmp_path / "j.jsonl")
    last = json.loads((tmp_path / "j.jsonl").read_text().splitlines()[-1])
    assert last["event"] == "file.refused"
    assert last["data"]["code"] == "REC-001"


def test_a_file_without_its_signature_is_refused(
    cli: Cli, sample: Path, approver: Path, tmp_path: Path
) -> None:
    file = tmp_path / "bare.jsonl"
    file.write_bytes(sample.read_bytes())
    error = cli.refused(7, "records", "import", file, "--trust", approver)
    assert error["code"] == "REC-002"


def test_a_certificate_that_is_none_is_refused(cli: Cli, sample: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    assert cli.refused(2, "records", "import", sample, "--trust", wrong)["code"] == "CFG-901"
    assert cli.refused(2, "trust", "add", wrong)["code"] == "CFG-901"


def test_a_file_that_is_not_there_is_a_wrong_command_line(cli: Cli, tmp_path: Path) -> None:
    assert cli.refused(2, "records", "import", tmp_path / "none.jsonl")["code"] == "CLI-002"


def test_a_bad_line_is_refused_and_the_others_taken_in(cli: Cli, tmp_path: Path) -> None:
    others = tmp_path / "others.jsonl"
    write_sample_records(others, 2, 99)
    good, bad = others.read_bytes().splitlines()
    broken = json.loads(bad)
    broken["biographicData"]["birthDate"] = "1990-02-30"
    file = tmp_path / "mixed.jsonl"
    file.write_bytes(good + b"\n" + json.dumps(broken).encode() + b"\nnot json\n")
    signer = Approver.create()
    signer.sign_file(file)
    certificate = tmp_path / "mixed.pem"
    certificate.write_bytes(signer.certificate_pem())
    fingerprint = cli.done("trust", "add", certificate)["pinned"]
    assert cli.refused(2, "trust", "add", certificate)["code"] == "CFG-901"
    listed = cli.done("trust", "list")["approvers"]
    assert fingerprint in [each["fingerprint"] for each in listed]

    told = cli("records", "import", file)
    assert told.code == 7
    assert (told.document["accepted"], told.document["refused"]) == (1, 2)
    codes = {each["line"]: each["code"] for each in told.document["refusals"]}
    assert codes == {2: "REC-106", 3: "REC-101"}
    name = json.loads(good)["biographicData"]["name"]
    assert name not in told.out + told.err

    acknowledgement = Path(told.document["acknowledgement"])
    written = json.loads(acknowledgement.read_text())
    assert written["claimed"] == [json.loads(good)["credentialRequestId"]]
    assert [each["code"] for each in written["refused"]] == ["REC-106", "REC-101"]
    assert acknowledgement.with_name(acknowledgement.name + ".p7s").read_bytes()[:1] == b"\x30"


def test_a_refusal_is_told_in_both_languages(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_bytes(b"not json\n")
    signer = Approver.create()
    signer.sign_file(file)
    certificate = tmp_path / "bad.pem"
    certificate.write_bytes(signer.certificate_pem())
    command = ("records", "import", file, "--trust", certificate)
    assert "bukan satu objek JSON" in cli.say(*command, lang="id").out
    assert "not one JSON object" in cli.say(*command, lang="en").out


def test_the_same_file_twice_changes_nothing_and_claims_the_same(
    cli: Cli, sample: Path, approver: Path
) -> None:
    command = ("records", "import", sample, "--trust", approver)
    first = cli.done(*command)
    again = cli.done(*command)
    assert again["accepted"] == 0
    assert again["unchanged"] == 8
    claims = [
        json.loads(Path(each["acknowledgement"]).read_text())["claimed"] for each in (first, again)
    ]
    assert claims[0] == claims[1]
    assert len(claims[0]) == first["accepted"]


def test_a_sample_is_made_twice_the_same(cli: Cli, tmp_path: Path) -> None:
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for file in files:
        made = cli.done("records", "sample", "--count", 2, "--seed", 3, "--out", file)
        assert made["count"] == 2
        assert Path(made["approver"]).is_file()
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_sample_for_a_regency_that_nobody_knows_is_refused(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "x.jsonl"
    options = ("--count", 1, "--seed", 1, "--out", out, "--regency", "00.00")
    assert cli.refused(2, "records", "sample", *options)["code"] == "CFG-901"


# --- offices and stops --------------------------------------------------------------------------


def test_an_office_list_is_taken_whole_or_not_at_all(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "offices.csv"
    file.write_text(
        "code,name,regency,province\n16.71.88,ULU BARU,KOTA PALEMBANG,SUMSEL\nx,y,z,w\n"
    )
    error = cli.refused(7, "offices", "add", file)
    assert "line=3" in error["meaning"]
    assert cli.done("offices", "list")["offices"] == []
    file.write_text("code,name,regency,province\n16.71.88,ULU BARU,KOTA PALEMBANG,SUMSEL\n")
    assert cli.done("offices", "add", file)["added"] == 1
    (office,) = cli.done("offices", "list", "--code", "16.71.88")["offices"]
    assert office["name"] == "ULU BARU"
    assert cli.refused(2, "offices", "list", "--code", "99.99.99")["code"] == "CFG-906"


def test_the_stop_list_keeps_no_number(cli: Cli, tmp_path: Path) -> None:
    nik = "1671015501900000"
    file = tmp_path / "stops.csv"
    file.write_text(f"nik,reason\n{nik},DECEASED\n")
    assert cli.done("stops", "add", file) == {
        "stops": 1,
        "by_reason": {"DECEASED": 1},
        "added": 1,
    }
    cli.done("audit", "verify", "--export", tmp_path / "j.jsonl")
    assert nik not in (tmp_path / "j.jsonl").read_text()
    file.write_text("nik,reason\n123,DECEASED\n")
    error = cli.refused(7, "stops", "add", file)
    assert "123" not in error["meaning"].replace("line=2", "")
    file.write_text(f"nik,reason\n{nik},DECEASED\n")
    assert cli.done("stops", "remove", file)["stops"] == 0
    assert cli.done("stops", "list")["by_reason"] == {}
