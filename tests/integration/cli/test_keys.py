"""The keys of a simulated home, by two custodians: rotated, revoked, exported; modules issued."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from console.cli import custodians
from console.cli.session import Session
from hsm.components import make_components, seal_component

Cli = Any
CliAt = Callable[[Path], Cli]

NEXT_YEAR = f"{datetime.now().year + 1}-06-30"  # noqa: DTZ005 - a day is enough


def _signers(cli: Cli) -> dict[str, dict[str, Any]]:
    return {key["label"]: key for key in cli.done("keys", "status")["keys"] if key["state"]}


# --- who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ("rotate",),
        ("rotate", "--family", "csca"),
        ("revoke", "DS-1", "--reason", "superseded"),
        ("sam", "issue", "--reader", "sim:5341000000000009", "--holder", "K"),
    ],
    ids=" ".join,
)
def test_custodians_and_two_of_them(cli: Cli, command: tuple[str, ...]) -> None:
    more = ("--valid-until", NEXT_YEAR) if command[0] == "sam" else ()
    before = _signers(cli)
    for first, second, code in (
        ("kiki", "kiki", "CFG-909"),
        ("olga", "kiki", "CFG-907"),
        ("kiki", "olga", "CFG-907"),
        ("kiki", "nobody", "CFG-906"),
    ):
        error = cli.refused(2, "keys", *command, *more, "--second", second, user=first)
        assert error["code"] == code
    assert _signers(cli) == before
    assert cli.done("approve")["requests"] == []


def test_the_same_person_is_told_to_name_another(cli: Cli) -> None:
    for lang, told in (("id", "--second ORANG_LAIN"), ("en", "--second USER")):
        said = cli.say("keys", "rotate", "--second", "kadir", user="kadir", lang=lang)
        assert said.code == 2
        assert told in said.err


# --- signers ------------------------------------------------------------------------------------


def test_the_inventory_says_what_is_left_and_until_when(cli: Cli) -> None:
    keys = {key["label"]: key for key in cli.done("keys", "status")["keys"]}
    signer, authority = keys["LDS-1"], keys["CSCA-1"]
    days = datetime.fromisoformat(signer["ends"]) - datetime.fromisoformat(signer["begins"])
    assert (signer["state"], signer["left"], signer["alarm"]) == ("current", 100_000, False)
    assert days >= timedelta(days=92)
    assert (authority["state"], authority["left"]) == ("current", None)
    assert (keys["KEK-1"]["state"], keys["KEK-1"]["ends"]) == (None, None)
    assert keys["key pairs of a card"]["inside"] is False


def test_people_read_the_inventory_in_their_language(cli: Cli) -> None:
    indonesian, english = (cli.say("keys", "status", lang=lang).out for lang in ("id", "en"))
    assert "membungkus kunci data brankas" in indonesian
    assert "Token ini perangkat lunak" in indonesian
    assert "wrap vault data keys" in english
    assert "in software" not in english
    # Wider than a screen, a table cannot be read.
    assert max(map(len, indonesian.splitlines())) <= 100


@pytest.mark.parametrize("share", ["time", "quota"])
def test_a_signer_that_is_nearly_used_up_is_named(
    cli_at: CliAt, tmp_path: Path, share: str
) -> None:
    cli = cli_at(tmp_path / "home")
    cli.done("init", "--simulated")
    registry = cli.home / "token" / "signers"
    if share == "time":
        roll = json.loads((registry / "registry.json").read_text())
        signer = next(one for one in roll["signers"] if one["label"] == "DS-1")
        signer["begins"] = "2020-01-01T00:00:00Z"
        (registry / "registry.json").write_text(json.dumps(roll))
    else:
        _spend(cli, 80_000)
    assert _signers(cli)["DS-1"]["alarm"] is True
    assert _signers(cli)["LDS-1"]["alarm"] is False
    told = cli.say("keys", "status").out
    assert "ektp keys rotate --family ktp-el --prepare" in told
    assert "LDS-1: 80 %" not in told
    cli.done("keys", "rotate", "--prepare")
    assert _signers(cli)["DS-2"]["state"] == "prepared"


def _spend(cli: Cli, signatures: int) -> None:
    """Count signatures as if they had been made: nobody signs 80,000 times in a test."""
    from hsm.signers.registry import SignerRegistry  # noqa: PLC0415 - here alone

    count = SignerRegistry(cli.home / "token" / "signers").count("DS-1")
    for _ in range(signatures):
        count.take()


@pytest.mark.parametrize(("family", "name"), [("ktp-el", "DS"), ("icao-lds1", "LDS")])
def test_the_next_signer_waits_and_takes_over(
    cli_at: CliAt, tmp_path: Path, family: str, name: str
) -> None:
    cli = cli_at(tmp_path / "home")
    cli.done("init", "--simulated")
    prepared = cli.done("keys", "rotate", "--family", family, "--prepare")
    assert prepared["signer"] == f"{name}-2"
    assert _signers(cli)[f"{name}-2"]["state"] == "prepared"
    assert cli.done("keys", "rotate", "--family", family)["signer"] == f"{name}-2"
    states = {label: key["state"] for label, key in _signers(cli).items()}
    assert states[f"{name}-1"] == "retired"
    assert states[f"{name}-2"] == "current"
    assert cli.done("journal", "rebuild", "--check")["ok"] is True


def test_a_new_csca_is_vouched_for_by_the_old_one(cli_at: CliAt, tmp_path: Path) -> None:
    cli = cli_at(tmp_path / "home")
    cli.done("init", "--simulated")
    prepare = ("keys", "rotate", "--family", "csca", "--prepare")
    assert cli.refused(2, *prepare)["code"] == "CLI-002"
    assert cli.done("keys", "rotate", "--family", "csca")["signer"] == "CSCA-2"
    states = {label: key["state"] for label, key in _signers(cli).items()}
    assert (states["CSCA-1"], states["CSCA-2"]) == ("retired", "current")
    trust = _exported(cli, tmp_path / "trust")
    _verified(trust / "csca-2-link.der", anchor=trust / "csca-1.der")
    cli.done("keys", "rotate")
    trust = _exported(cli, tmp_path / "after")
    _verified(trust / "ds-2.der", anchor=trust / "csca.der")


def test_a_revoked_signer_stands_on_the_list(cli_at: CliAt, tmp_path: Path) -> None:
    cli = cli_at(tmp_path / "home")
    cli.done("init", "--simulated")
    revoke = ("keys", "revoke", "DS-1", "--reason", "keyCompromise")
    assert cli.refused(6, "keys", "revoke", "DS-9", "--reason", "superseded")["code"] == "HSM-502"
    assert cli.refused(2, "keys", "revoke", "DS-1", "--reason", "boredom")["code"] == "CLI-002"
    assert "ektp keys export-trust" in cli.say(*revoke).out
    assert _signers(cli)["DS-1"]["state"] == "revoked"
    assert cli.refused(6, *revoke)["code"] == "HSM-503"
    trust = _exported(cli, tmp_path / "trust")
    serial = _openssl("x509", "-inform", "der", "-in", trust / "ds-1.der", "-noout", "-serial")
    listed = _openssl("crl", "-inform", "der", "-in", trust / "csca.crl", "-noout", "-text")
    assert serial.strip().partition("=")[2] in listed
    assert cli.done("journal", "rebuild", "--check")["ok"] is True


# --- what others trust --------------------------------------------------------------------------


def test_receivers_can_verify_signers_and_know_void_signatures(
    cli_at: CliAt, sample: Path, approver: Path, tmp_path: Path
) -> None:
    cli = cli_at(tmp_path / "home")
    cli.done("init", "--simulated")
    cli.done("records", "import", sample, "--trust", approver)
    batch = cli.done("batch", "open", "--max", 2)["batch"]
    cli.done("batch", "run", batch)
    assert _void_list(_exported(cli, tmp_path / "before")) == []
    jobs = cli.done("batch", "status", batch)["jobs"]
    card = next(job["card"] for job in jobs if job["state"] == "PRODUCED")
    spoil = cli.done("card", "spoil", card, "--cause", "damaged")
    cli.done("approve", spoil["request"])
    trust = _exported(cli, tmp_path / "trust")
    for name in ("ds-1", "lds-1"):
        _verified(trust / f"{name}.der", anchor=trust / "csca.der")
    (voided,) = _void_list(trust)
    assert voided["card"] == card
    assert len(bytes.fromhex(voided["signature_sha256"])) == 32
    assert (trust / "envelope.der").exists()
    blocked = tmp_path / "file"
    blocked.touch()
    assert cli.refused(2, "keys", "export-trust", "--out", blocked / "x")["code"] == "CFG-901"


def _exported(cli: Cli, folder: Path) -> Path:
    files = cli.done("keys", "export-trust", "--out", folder)["files"]
    assert {Path(file).name for file in files} == {file.name for file in folder.iterdir()}
    return folder


def _void_list(trust: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((trust / "void-list.csv").read_text().splitlines()))


def _verified(certificate: Path, *, anchor: Path) -> None:
    pem = certificate.with_suffix(".pem")
    for file in (certificate, anchor):
        _openssl("x509", "-inform", "der", "-in", file, "-out", file.with_suffix(".pem"))
    told = _openssl("verify", "-CAfile", anchor.with_suffix(".pem"), pem)
    assert told.strip().endswith(": OK")


def _openssl(*arguments: object) -> str:
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


# --- the ceremony -------------------------------------------------------------------------------


def test_a_token_of_software_has_its_keys_already(cli: Cli, tmp_path: Path) -> None:
    error = cli.refused(6, "keys", "init", "--out", tmp_path / "out")
    assert error["code"] == "HSM-503"
    assert not (tmp_path / "out").exists()
    assert cli.refused(2, "keys", "record")["code"] == "CFG-906"


# --- modules ------------------------------------------------------------------------------------


def _issue(cli: Cli, serial: str, *more: object) -> dict[str, Any]:
    command = ("keys", "sam", "issue", "--reader", f"sim:{serial}", "--holder", "Kec. Gandus")
    document: dict[str, Any] = cli.done(*command, "--valid-until", NEXT_YEAR, *more)
    return document


def test_a_module_is_issued_again_and_revoked_for_good(cli: Cli) -> None:
    serial = "5341000000000001"
    first = _issue(cli, serial)
    assert (first["sam"], first["state"], first["signers"]) == (serial, "ISSUED", 1)
    second = _issue(cli, serial)
    assert second["version"] == first["version"] + 1
    listed = {line["sam"]: line for line in cli.done("keys", "sam", "list")["sams"]}
    assert listed[serial]["version"] == second["version"]
    revoke = ("keys", "sam", "revoke", serial, "--reason", "stolen")
    revoked = cli.done(*revoke)
    assert (revoked["state"], revoked["wiped"]) == ("REVOKED", False)
    assert cli.refused(6, *revoke)["code"] == "HSM-506"
    command = ("keys", "sam", "issue", "--reader", f"sim:{serial}", "--holder", "K")
    error = cli.refused(6, *command, "--valid-until", NEXT_YEAR)
    assert error["code"] == "HSM-506"
    assert "sam list" in error["remedy"]
    unknown = ("keys", "sam", "revoke", "53410000000000FF", "--reason", "x")
    assert cli.refused(2, *unknown)["code"] == "CFG-906"
    assert cli.refused(2, "keys", "sam", "revoke", "12", "--reason", "x")["code"] == "CFG-905"


def test_a_day_that_is_over_and_a_holder_without_a_name(cli: Cli) -> None:
    command = ("keys", "sam", "issue", "--reader", "sim:5341000000000002")
    over = (*command, "--holder", "K", "--valid-until", "2020-01-01")
    assert cli.refused(6, *over)["code"] == "HSM-506"
    for holder in (" ", "K" * 65):
        nameless = (*command, "--holder", holder, "--valid-until", NEXT_YEAR)
        assert cli.refused(2, *nameless)["code"] == "CLI-002"


def test_a_module_at_hand_is_wiped_also_when_it_turns_up_later(cli: Cli) -> None:
    here, later = "5341000000000003", "5341000000000004"
    for serial in (here, later):
        _issue(cli, serial)
    wrong = ("keys", "sam", "revoke", here, "--reason", "x", "--reader", f"sim:{later}")
    assert cli.refused(6, *wrong)["code"] == "HSM-506"
    assert {line["state"] for line in cli.done("keys", "sam", "list")["sams"]} >= {"ISSUED"}
    at_hand = ("keys", "sam", "revoke", here, "--reason", "broken", "--reader", f"sim:{here}")
    told = cli.done(*at_hand)
    assert (told["state"], told["wiped"]) == ("REVOKED", True)
    cli.done("keys", "sam", "revoke", later, "--reason", "lost")
    found = ("keys", "sam", "revoke", later, "--reason", "found", "--reader", f"sim:{later}")
    when = cli.done("keys", "sam", "list")["sams"]
    assert cli.done(*found)["wiped"] is True
    assert cli.done("keys", "sam", "list")["sams"] == when
    for serial in (here, later):
        assert _held_masters(cli, serial) == 0


def _held_masters(cli: Cli, serial: str) -> int:
    from hsm.sam_loader import read_sam_info  # noqa: PLC0415 - here alone
    from pipeline.plant import Plant  # noqa: PLC0415 - here alone

    with Plant.open(cli.home) as plant, plant.desk.slots.module(f"sim:{serial}") as channel:
        return read_sam_info(channel).masters


def test_a_module_reads_cards_until_it_is_rolled_back_or_revoked(
    cli_at: CliAt, sample: Path, approver: Path, tmp_path: Path
) -> None:
    cli = cli_at(tmp_path / "home")
    cli.done("init", "--simulated")
    cli.done("records", "import", sample, "--trust", approver)
    batch = cli.done("batch", "open", "--max", 1)["batch"]
    cli.done("batch", "run", batch)
    (card,) = [job["card"] for job in cli.done("batch", "status", batch)["jobs"] if job["card"]]
    serial = "5341000000000005"
    verify = ("card", "verify", "--reader", f"sim:{card}", "--sam", f"sim:{serial}")
    _issue(cli, serial)
    assert cli.done(*verify)["verdict"] == "PASS"
    before = _module_row(cli)
    _issue(cli, serial)
    assert cli.done(*verify)["verdict"] == "PASS"
    after = _module_row(cli)
    _put_module_row(cli, before)
    error = cli.refused(6, *verify)
    assert (error["code"], "issued=2" in error["meaning"]) == ("HSM-506", True)
    _put_module_row(cli, after)
    assert cli.done(*verify)["verdict"] == "PASS"
    cli.done("keys", "sam", "revoke", serial, "--reason", "stolen")
    assert cli.refused(6, *verify)["code"] == "HSM-506"


def _world(cli: Cli) -> sqlite3.Connection:
    return sqlite3.connect(cli.home / "sim" / "world.db")


def _module_row(cli: Cli) -> tuple[Any, ...]:
    with _world(cli) as world:
        row: tuple[Any, ...] = world.execute("SELECT state, version FROM modules").fetchone()
    world.close()
    return row


def _put_module_row(cli: Cli, row: tuple[Any, ...]) -> None:
    """Somebody puts an older copy of the module back."""
    with _world(cli) as world:
        world.execute("UPDATE modules SET state = ?, version = ?", row)
    world.close()


# --- typed at a terminal ------------------------------------------------------------------------


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What people type, in its order; each question takes one."""
    answers: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda *_args, **_more: answers.pop(0))
    return answers


def test_a_new_passphrase_is_typed_twice(
    typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    typed += ["padi menguning", "padi menguming", "pendek", "pendek"]
    typed += ["padi menguning", "padi menguning", "ombak memecah", "ombak memecah"]
    session = Session(lang="id")
    assert custodians.new_passphrases(session, ("sri", "bagus")) == (
        "padi menguning",
        "ombak memecah",
    )
    assert typed == []
    assert "Terlalu pendek" in capsys.readouterr().err


def test_components_are_asked_for_by_what_they_are(
    typed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: dict[str, list[Path]] = {"TRANSPORT-128": [], "READ-1": []}
    for key, some in files.items():
        for one in make_components(key, 16, ("Kurir A", "Kurir B", "Kurir C")):
            some.append(tmp_path / f"{key}-{one.number}")
            some[-1].write_text(seal_component(one, f"kata sandi {one.number}"))
    # Whatever the order on the command line.
    files["READ-1"].reverse()
    monkeypatch.setenv("EKTP_PASSPHRASE_3", "of both keys")
    monkeypatch.setenv("EKTP_PASSPHRASE_READ_1_2", "of one alone")
    typed += ["first of A", "first of B", ""]
    given = custodians.held_of_each(Session(), files)
    words = {label: [word for _, word in held] for label, held in given.items()}
    assert words == {
        "TRANSPORT-128": ["first of A", "first of B", "of both keys"],
        "READ-1": ["of both keys", "of one alone", "first of A"],
    }
    assert typed == []
