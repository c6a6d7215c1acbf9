"""From records to hand-over on the command line, unhappy turns included."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

Cli = Any

UNKNOWN = {
    "job": "J-00000000000",
    "batch": "B-00000000000",
    "parcel": "P-00000000000",
    "consignment": "S-00000000000",
    "attempt": "A-00000000000",
    "request": "R-00000000000",
    "card": "00000000000000AA",
}


@pytest.fixture(scope="module")
def taken_in(cli: Cli, sample: Path, approver: Path) -> Cli:
    document = cli.done("records", "import", sample, "--trust", approver)
    assert document["accepted"] == 8
    return cli


@pytest.fixture(scope="module")
def opened(taken_in: Cli, tmp_path_factory: pytest.TempPathFactory) -> tuple[Cli, str]:
    """A batch of six, prepared; two jobs stay accepted."""
    out = tmp_path_factory.mktemp("proof")
    document = taken_in.done("batch", "open", "--max", 6, "--out", out)
    assert (document["jobs"], document["refused"]) == (6, 0)
    assert [Path(file).read_bytes()[:5] for file in document["files"]] == [b"%PDF-"]
    return taken_in, document["batch"]


@pytest.fixture(scope="module")
def produced(opened: tuple[Cli, str]) -> tuple[Cli, str]:
    cli, batch = opened
    document = cli.done("batch", "run", batch)
    assert document["cards"]["passed"] == document["cards"]["picked"] == 6
    return cli, batch


def _cards(cli: Cli, batch: str) -> list[str]:
    return [job["card"] for job in cli.done("batch", "status", batch)["jobs"] if job["card"]]


# --- what nobody knows --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ("batch", "status", UNKNOWN["batch"]),
        ("batch", "run", UNKNOWN["batch"]),
        ("batch", "hold", UNKNOWN["batch"]),
        ("batch", "release", UNKNOWN["batch"]),
        ("batch", "cancel", UNKNOWN["batch"], "--reason", "x"),
        ("batch", "recover", UNKNOWN["batch"]),
        ("batch", "close", UNKNOWN["batch"]),
        ("card", "show", UNKNOWN["card"]),
        ("card", "show", "nobody-knows"),
        ("card", "verify", "--reader", f"sim:{UNKNOWN['card']}"),
        ("card", "remake", UNKNOWN["job"], "--reason", "x"),
        ("card", "spoil", UNKNOWN["card"], "--cause", "damaged"),
        ("card", "release", UNKNOWN["attempt"]),
        ("card", "lose", UNKNOWN["card"]),
        ("approve", UNKNOWN["request"]),
        ("lines", "pause", "L9"),
        ("lines", "remove", "L9"),
        ("stock", "issue", "--line", "L1", "--box", "K-9"),
        ("stock", "issue", "--line", "L9", "--box", "KOTAK-0001"),
        ("stock", "return", "--line", "L9"),
        ("stock", "count", "L9", "1"),
        ("parcels", "seal", UNKNOWN["parcel"]),
        ("parcels", "label", UNKNOWN["parcel"], "--out", "labels"),
        ("parcels", "pack", "--batch", UNKNOWN["batch"]),
        ("consignments", "dispatch", UNKNOWN["consignment"], "--courier", "POS"),
        ("consignments", "receive", UNKNOWN["consignment"]),
        ("consignments", "report", UNKNOWN["consignment"]),
        ("handover", "record", UNKNOWN["card"]),
        ("reconcile", "--batch", UNKNOWN["batch"]),
        ("users", "disable", "nobody"),
        ("users", "role", "nobody", "--role", "qa"),
    ],
    ids=" ".join,
)
def test_what_nobody_knows_is_refused(cli: Cli, command: tuple[Any, ...]) -> None:
    assert cli.refused(2, *command)["code"] == "CFG-906"


@pytest.mark.parametrize(
    "command",
    [
        ("batch", "run", "B-OOPS"),
        ("batch", "run", "B-00000000001"),
        ("card", "spoil", "12", "--cause", "damaged"),
        ("approve", "J-00000000000"),
        ("consignments", "receive", "S-1"),
    ],
    ids=" ".join,
)
def test_an_id_that_cannot_be_is_refused(cli: Cli, command: tuple[Any, ...]) -> None:
    assert cli.refused(2, *command)["code"] == "CFG-905"


def test_a_reader_that_is_not_there_is_a_matter_of_machines(cli: Cli) -> None:
    assert cli.refused(5, "card", "verify", "--reader", "ACS 0")["code"] == "PRN-450"


def test_nobody_acts_under_a_name_or_a_role_that_is_not_theirs(cli: Cli) -> None:
    assert cli.refused(2, "stops", "add", __file__, user="ayu")["code"] == "CFG-907"
    assert cli.refused(2, "lines", "pause", "L1", user="nobody")["code"] == "CFG-906"
    assert cli.refused(2, "lines", "pause", "L1", user="kiki")["code"] == "CFG-907"


def test_a_blank_in_a_hopper_is_nobodys_to_verify(cli: Cli, tmp_path: Path) -> None:
    cli.done("audit", "verify", "--export", tmp_path / "j.jsonl")
    entries = map(json.loads, (tmp_path / "j.jsonl").read_text().splitlines())
    box = next(entry for entry in entries if entry["event"] == "box.received")
    error = cli.refused(2, "card", "verify", "--reader", f"sim:{box['data']['cards'][-1]}")
    assert error["code"] == "CFG-906"


# --- the good way -------------------------------------------------------------------------------


def test_a_home_without_a_batch_says_so(cli_at: Any, tmp_path: Path) -> None:
    fresh = cli_at(tmp_path / "home")
    fresh.done("init", "--simulated")
    document = fresh.done("batch", "status")
    assert document["batch"] is None
    assert document["cards"]["picked"] == 0
    assert fresh.refused(2, "batch", "open")["code"] == "LIF-700"


def test_a_produced_batch_stands_as_the_identity_says(produced: tuple[Cli, str]) -> None:
    cli, batch = produced
    document = cli.done("batch", "status", batch)
    assert document["cards"]["difference"] == 0
    assert {job["state"] for job in document["jobs"]} <= {"PRODUCED", "PACKED", "ACCEPTED"}
    assert cli.done("batch", "recover", batch)["recovered"] == []


def test_a_card_passes_an_independent_check(produced: tuple[Cli, str]) -> None:
    cli, batch = produced
    document = cli.done("card", "verify", "--reader", f"sim:{_cards(cli, batch)[0]}")
    assert document["verdict"] == "PASS"
    assert "FAILED" not in {check["outcome"] for check in document["checks"]}


def test_a_cards_history_begins_with_its_box_and_names_no_person(
    produced: tuple[Cli, str], sample: Path
) -> None:
    cli, batch = produced
    card = _cards(cli, batch)[0]
    told = cli("card", "show", card)
    events = [entry["event"] for entry in told.document["history"]]
    assert events[0] == "box.received"
    assert "attempt.passed" in events
    for line in sample.read_text().splitlines():
        record = json.loads(line)
        assert record["personId"] not in told.out
        assert record["biographicData"]["name"] not in told.out
    job, request = told.document["job"]["job"], told.document["job"]["request"]
    by_job = cli.done("card", "show", job)
    assert by_job["card"]["card"] == card
    assert cli.done("card", "show", request)["job"]["job"] == job
    attempt = by_job["attempts"][0]["attempt"]
    assert cli.done("card", "show", attempt)["kind"] == "attempt"
    assert card in cli.say("card", "show", job).out


def test_the_books_balance_and_say_so(produced: tuple[Cli, str], tmp_path: Path) -> None:
    cli, batch = produced
    document = cli.done("reconcile", "--batch", batch, "--out", tmp_path)
    assert document["balanced"] is True
    assert document["difference"] == 0
    assert document["machines"][0]["fed"] == document["machines"][0]["journal_fed"]
    assert [Path(file).read_bytes()[:5] for file in document["files"]] == [b"%PDF-"]


def test_the_journal_is_whole_and_gives_the_tables_back(produced: tuple[Cli, str]) -> None:
    cli, _ = produced
    verified = cli.done("audit", "verify")
    rebuilt = cli.done("journal", "rebuild")
    assert rebuilt["entries"] == verified["entries"]
    assert cli.done("journal", "rebuild", "--check")["differences"] == []


# --- two people ---------------------------------------------------------------------------------


def test_nobody_approves_their_own_request(produced: tuple[Cli, str]) -> None:
    cli, batch = produced
    card = _cards(cli, batch)[1]
    asked = cli.done("card", "spoil", card, "--cause", "damaged", user="sari")
    error = cli.refused(2, "approve", asked["request"], user="sari")
    assert error["code"] == "CFG-908"
    assert cli.refused(2, "approve", asked["request"], user="omar")["code"] == "CFG-907"
    waiting = [each["request"] for each in cli.done("approve")["requests"]]
    assert asked["request"] in waiting
    refused = cli.done("approve", asked["request"], "--refuse", user="slamet")
    assert refused["state"] == "REFUSED"
    assert cli.refused(2, "approve", asked["request"], user="slamet")["code"] == "LIF-700"
    assert cli.done("card", "show", card)["card"]["state"] != "SPOILED"
    assert cli.done("card", "show", asked["request"])["request"]["state"] == "REFUSED"


def test_the_request_is_told_with_how_to_approve_it(produced: tuple[Cli, str]) -> None:
    cli, batch = produced
    told = cli.say("card", "lose", _cards(cli, batch)[2], lang="id")
    assert "ektp --as ORANG_LAIN approve R-" in told.out
    request = told.out.split("approve ")[1].split()[0]
    cli.done("approve", request, "--refuse", user="slamet")


def test_a_card_that_is_not_in_doubt_cannot_be_released(produced: tuple[Cli, str]) -> None:
    cli, batch = produced
    asked = cli.done("card", "release", _cards(cli, batch)[2])
    assert cli.refused(2, "approve", asked["request"])["code"] == "LIF-700"
    cli.done("approve", asked["request"], "--refuse")


def test_a_spoiled_card_is_remade_and_destroyed_before_witnesses(
    produced: tuple[Cli, str], tmp_path: Path
) -> None:
    cli, batch = produced
    jobs = cli.done("batch", "status", batch)["jobs"]
    job = next(each for each in jobs if each["state"] == "PRODUCED")
    asked = cli.done("card", "spoil", job["card"], "--cause", "damaged")
    assert cli.done("approve", asked["request"])["decided_by"] == "sari"
    assert cli.done("card", "show", job["card"])["card"]["state"] == "SPOILED"
    assert cli.done("card", "show", job["job"])["job"]["state"] == "ACCEPTED"

    listed = tmp_path / "destroy.csv"
    listed.write_text(f"serial\n{job['card']}\n")
    command = ("card", "destroy", "--list", listed, "--witness", "A")
    assert cli.refused(2, *command)["code"] == "CLI-002"
    asked = cli.done(*command, "--witness", "B")
    cli.done("approve", asked["request"], user="slamet")
    assert cli.done("card", "show", job["card"])["card"]["state"] == "DESTROYED"
    assert cli.refused(2, *command, "--witness", "B")["code"] == "LIF-700"

    number = asked["arguments"]["document"]
    record = cli.done("card", "destroyed", number, "--out", tmp_path)
    assert record["cards"] == 1
    assert record["witnesses"] == ["A", "B"]
    assert Path(record["files"][0]).read_bytes().startswith(b"%PDF")
    assert cli.refused(2, "card", "destroyed", "BAP-NOPE")["code"] == "CFG-906"
    report = cli.done("batch", "report", batch, "--out", tmp_path)
    assert len(report["files"]) == 2
    assert report["cards"]["spoiled"] >= 1


# --- lines and stock ----------------------------------------------------------------------------


def test_a_paused_line_does_not_run(opened: tuple[Cli, str]) -> None:
    cli, batch = opened
    (line,) = cli.done("lines", "pause", "L1")["lines"]
    assert line["wanted"] == "pause"
    try:
        assert cli.refused(5, "batch", "run", batch)["code"] == "PRN-441"
    finally:
        (line,) = cli.done("lines", "resume", "L1")["lines"]
    assert line["wanted"] == "run"
    assert line["conditions"] == []


def test_a_held_batch_does_not_run(opened: tuple[Cli, str]) -> None:
    cli, batch = opened
    assert cli.done("batch", "hold", batch, "--reason", "look first")["state"] == "HELD"
    try:
        assert cli.refused(3, "batch", "run", batch)["code"] == "LIF-703"
        assert cli.refused(2, "batch", "hold", batch)["code"] == "LIF-700"
    finally:
        assert cli.done("batch", "release", batch)["state"] == "OPEN"


def test_lines_are_set_up_once_and_go_without_blanks(cli: Cli) -> None:
    assert cli.refused(2, "lines", "add", "L1")["code"] == "CFG-901"
    assert cli.refused(2, "lines", "add", "L7", "--address", "M1")["code"] == "CFG-901"
    assert cli.refused(2, "lines", "add", "L7", "--driver", "unheard-of")["code"] == "CFG-901"
    assert cli.refused(2, "lines", "add", "no spaces")["code"] == "CFG-901"
    assert cli.refused(2, "lines", "remove", "L1")["code"] == "LIF-700"
    added = cli.done("lines", "add", "L7")["lines"]
    assert [line["id"] for line in added] == ["L1", "L7"]
    assert 'id = "L7"' in (cli.home / "ektp.toml").read_text()
    left = cli.done("lines", "remove", "L7")["lines"]
    assert [line["id"] for line in left] == ["L1"]
    assert "L7" not in (cli.home / "ektp.toml").read_text()


def test_a_box_is_received_issued_and_counted_back(cli_at: Any, tmp_path: Path) -> None:
    cli = cli_at(tmp_path / "home")
    cli.done("init", "--simulated")
    received = cli.done("stock", "receive", "K-2", "--kind", "oa-8k", "--make", 20)
    assert received["received"] == 20
    assert cli.refused(7, "stock", "receive", "KOTAK-0001", "--make", 3)["code"] == "STK-600"
    assert cli.refused(7, "stock", "issue", "--line", "L1", "--box", "K-2", "--count", 21)

    asked = cli.done("stock", "issue", "--line", "L1", "--box", "K-2", "--count", 15)
    assert asked["arguments"]["cards"] == {"count": 15}
    assert cli.done("approve", asked["request"])["loaded"] == 15
    (line,) = cli.done("lines", "list")["lines"]
    assert line["left"] == 2000 + 200 + 15

    counted = cli("stock", "count", "vault", 4)
    assert counted.code == 4
    assert counted.document["difference"] == 1
    assert cli.done("stock", "count", "vault", 5)["difference"] == 0

    one = tmp_path / "one.csv"
    one.write_text("serial\n" + UNKNOWN["card"] + "\n")
    assert cli.refused(4, "stock", "return", "--line", "L1", "--list", one)["code"] == "STK-601"
    assert cli.done("stock", "return", "--line", "L1")["returned"] == 2000 + 200 + 15
    report = cli.done("stock", "report", "--out", tmp_path)
    assert {each["kind"]: each["vault"] for each in report["stock"]} == {
        "oa-8k": 200 + 20,
        "wni-8k": 2000,
    }
    assert [Path(file).suffix for file in report["files"]] == [".pdf"]


def test_a_box_list_with_a_line_that_is_no_serial_is_refused(cli: Cli, tmp_path: Path) -> None:
    listed = tmp_path / "box.csv"
    listed.write_text("serial\nxyz\n")
    error = cli.refused(7, "stock", "receive", "K-3", "--list", listed)
    assert "line=2" in error["meaning"]
    assert cli.refused(2, "stock", "receive", "K-3")["code"] == "CLI-002"


def test_seals_are_received_once_and_voided_once(cli: Cli) -> None:
    assert cli.done("seals", "receive", "TST001", "TST003")["received"] == 3
    assert cli.refused(7, "seals", "receive", "TST002", "TST009")["code"] == "STK-600"
    cli.done("seals", "void", "TST002", "--reason", "torn")
    assert cli.refused(7, "seals", "void", "TST002", "--reason", "torn")["code"] == "STK-603"
    assert cli.done("seals", "list", "--state", "void")["seals"] == [
        {"seal": "TST002", "state": "VOID", "parcel": None}
    ]


def test_the_token_tells_what_it_holds_and_what_others_must_trust(cli: Cli, tmp_path: Path) -> None:
    keys = cli.done("keys", "status")["keys"]
    assert any(key["left"] for key in keys)
    files = cli.done("keys", "export-trust", "--out", tmp_path / "trust")["files"]
    ders = [file for file in files if not file.endswith((".pem", ".csv"))]
    assert all(Path(file).read_bytes()[:1] == b"\x30" for file in ders)


def test_people_come_and_go(cli: Cli) -> None:
    added = cli.done("users", "add", "rina", "--role", "qa", "--role", "qa")["users"]
    assert {"name": "rina", "roles": ["qa"], "disabled": False} in added
    assert cli.refused(2, "users", "add", "rina", "--role", "qa")["code"] == "CFG-901"
    assert cli.refused(2, "users", "add", "x", "--role", "system")["code"] == "CLI-002"
    cli.done("users", "role", "rina", "--role", "operator")
    cli.done("users", "disable", "rina")
    assert cli.refused(2, "lines", "resume", "L1", user="rina")["code"] == "CFG-907"


# --- to the citizen -----------------------------------------------------------------------------


def test_parcels_travel_and_a_missing_one_gets_a_case(
    cli_at: Any, sample: Path, approver: Path, tmp_path: Path
) -> None:
    cli = cli_at(tmp_path / "home")
    cli.done("init", "--simulated")
    cli.done("records", "import", sample, "--trust", approver)
    batch = cli.done("batch", "open")["batch"]
    assert cli.refused(3, "batch", "close", batch)["code"] == "LIF-703"
    cli.done("batch", "run", batch)
    parcels = cli.done("parcels", "pack", "--batch", batch)["parcels"]
    assert cli.done("parcels", "pack")["parcels"] == []
    first = parcels[0]["parcel"]
    assert cli.refused(2, "parcels", "seal", first, "--seal", "NOPE1")["code"] == "LIF-700"
    sealed = cli.done("parcels", "seal")["parcels"]
    assert {each["state"] for each in sealed} == {"SEALED"}
    assert cli.refused(2, "parcels", "seal", first)["code"] == "LIF-700"
    drawn = cli.done("parcels", "label", first, "--out", tmp_path / "p", "--manifest")
    assert len(drawn["files"]) == 2

    (journey,) = cli.done("consignments", "create")["consignments"]
    name = journey["consignment"]
    assert cli.refused(2, "consignments", "receive", name)["code"] == "LIF-700"
    cli.done("consignments", "dispatch", name, "--courier", "POS-1")
    assert cli.refused(2, "consignments", "dispatch", name, "--courier", "X")["code"] == "LIF-700"
    report = cli.done("consignments", "report", name, "--out", tmp_path / "p")
    assert len(report["parcels"]) == len(parcels)
    here = [part for each in parcels[1:] for part in ("--parcel", each["parcel"])]
    received = cli("consignments", "receive", name, *here)
    assert received.code == 4
    assert received.document["missing"] == [first]
    assert len(received.document["cases"]) == 1

    onward = cli.done("consignments", "create")["consignments"]
    last = onward[-1]["consignment"]
    cli.done("consignments", "dispatch", last, "--courier", "POS-2")
    assert cli.done("consignments", "receive", last)["cards"] >= 1
    assert cli.done("handover", "unclaimed", "--out", tmp_path / "p")["cards"] >= 1
    notices = cli.done("handover", "notices", "--out", tmp_path / "p")
    assert notices["files"]
    card = next(
        each["card"]
        for each in cli.done("batch", "status", batch)["jobs"]
        if each["state"] == "DELIVERED"
    )
    assert cli.refused(2, "handover", "record", card, "--method", "wink")["code"] == "LIF-700"
    cli.done("handover", "record", card)
    assert cli.refused(2, "handover", "record", card)["code"] == "LIF-701"
    assert cli.done("records", "purge", "--days", 30)["purged"] == 0
    assert cli.done("records", "purge", "--days", 0)["purged"] == 1
    assert cli.done("records", "purge", "--days", 0)["purged"] == 0
    assert cli.refused(2, "records", "purge", user="olga")["code"] == "CFG-907"

    closed = cli.done("batch", "close", batch)
    statuses = json.loads(Path(closed["outcomes"]).read_text())["requests"]
    assert {each["status"] for each in statuses} == {"CARD_SHIPPED", "CARD_ISSUED"}
    assert cli.done("batch", "close", batch)["state"] == "CLOSED"
    assert cli.refused(2, "batch", "run", batch)["code"] == "LIF-700"
    assert cli.refused(2, "batch", "cancel", batch, "--reason", "x")["code"] == "LIF-700"
    assert cli.done("reconcile")["balanced"] is True


def test_a_batch_is_cancelled_by_two_and_its_requests_are_refused(
    cli_at: Any, sample: Path, approver: Path, tmp_path: Path
) -> None:
    cli = cli_at(tmp_path / "home")
    cli.done("init", "--simulated")
    cli.done("records", "import", sample, "--trust", approver)
    batch = cli.done("batch", "open", "--max", 2)["batch"]
    asked = cli.done("batch", "cancel", batch, "--reason", "wrong list")
    cli.done("approve", asked["request"], user="slamet")
    closed = cli.done("batch", "close", batch)
    assert closed["state"] == "CANCELLED"
    outcomes = json.loads(Path(closed["outcomes"]).read_text())["requests"]
    assert [each["status"] for each in outcomes] == ["REFUSED", "REFUSED"]


# --- stopping -----------------------------------------------------------------------------------


def test_a_signal_lets_the_card_in_hand_be_finished(
    cli_at: Any, sample: Path, approver: Path, tmp_path: Path
) -> None:
    cli = cli_at(tmp_path / "home")
    cli.done("init", "--simulated", "--time-scale", 0.01)
    cli.done("records", "import", sample, "--trust", approver)
    batch = cli.done("batch", "open")["batch"]
    line = [sys.executable, "-m", "console.cli.main", "--home", str(cli.home), "--json"]
    with subprocess.Popen(
        [*line, "batch", "run", batch], stdout=subprocess.PIPE, env=os.environ
    ) as running:
        _wait_for_a_card(cli, batch)
        # While it runs, another process is told that the line is taken.
        busy = cli("batch", "run", batch)
        running.send_signal(signal.SIGTERM)
        output, _ = running.communicate(timeout=60)
    document = json.loads(output)
    assert running.returncode == 0
    assert busy.document["error"]["code"] == "PRN-440"
    assert busy.code == 5
    assert document["ended"] != "done"
    assert 0 < document["cards"]["passed"] < 8
    assert document["cards"]["on_machine"] == 0
    assert cli.done("batch", "run", batch)["cards"]["passed"] == 8


def test_what_a_kill_left_is_resolved_on_the_operators_word(
    cli_at: Any, sample: Path, approver: Path, tmp_path: Path
) -> None:
    cli = cli_at(tmp_path / "home")
    cli.done("init", "--simulated", "--time-scale", 0.01)
    cli.done("records", "import", sample, "--trust", approver)
    batch = cli.done("batch", "open", "--max", 3)["batch"]
    line = [sys.executable, "-m", "console.cli.main", "--home", str(cli.home)]
    with subprocess.Popen([*line, "batch", "run", batch], stdout=subprocess.DEVNULL) as running:
        _wait_for_a_card(cli, batch)
        while not cli.done("batch", "status", batch)["cards"]["on_machine"]:
            time.sleep(0.01)
        running.kill()
    error = cli.refused(3, "batch", "run", batch)
    assert "ektp batch recover" in error["meaning"]
    recovered = cli("batch", "recover", batch)
    assert len(recovered.document["recovered"]) == 1
    cards = recovered.document["cards"]
    assert cards["on_machine"] == 0
    assert recovered.code == (3 if cards["held"] + cards["in_doubt"] else 0)
    after = cli("batch", "run", batch).document
    assert len(after["open_decisions"]) + after["cards"]["passed"] == 3
    assert cli.done("reconcile")["difference"] == 0


def _wait_for_a_card(cli: Cli, batch: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if cli.done("batch", "status", batch)["cards"]["passed"]:
            return
        time.sleep(0.05)
    raise AssertionError
