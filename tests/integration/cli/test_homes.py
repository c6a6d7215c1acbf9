"""Homes: made once, never overwritten; production homes ask who acts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Any
CliAt = Callable[[Path], Cli]


def test_a_folder_that_is_no_home_is_refused(cli_at: CliAt, tmp_path: Path) -> None:
    for command in (("batch", "status"), ("reconcile",), ("users", "list"), ("init", "--upgrade")):
        assert cli_at(tmp_path).refused(2, *command)["code"] == "CFG-902"


def test_a_home_is_never_overwritten(cli: Cli) -> None:
    before = (cli.home / "ektp.toml").read_bytes()
    assert cli.refused(2, "init", "--simulated")["code"] == "CFG-903"
    assert (cli.home / "ektp.toml").read_bytes() == before


def test_init_wants_one_kind_of_home(cli_at: CliAt, tmp_path: Path) -> None:
    for options in ((), ("--simulated", "--production")):
        assert cli_at(tmp_path / "h").refused(2, "init", *options)["code"] == "CLI-002"
    assert list(tmp_path.iterdir()) == []


def test_broken_settings_are_named(cli_at: CliAt, tmp_path: Path) -> None:
    (tmp_path / "ektp.toml").write_text("[home]\nkind = 'simulated'\nzone = 'Mars/Olympus'\n")
    error = cli_at(tmp_path).refused(2, "users", "list")
    assert error["code"] == "CFG-901"
    assert "home.zone" in error["meaning"]


def test_an_upgrade_of_a_present_home_changes_nothing(cli: Cli) -> None:
    assert cli.done("init", "--upgrade")["kind"] == "simulated"
    assert cli.done("journal", "rebuild", "--check")["ok"] is True


# --- production ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def production(
    cli_at: CliAt, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Cli, dict[str, Any]]:
    made = cli_at(tmp_path_factory.mktemp("production") / "home")
    return made, made.done("init", "--production")


PIN = "sangat-rahasia"


@pytest.fixture(scope="module")
def supervisor(production: tuple[Cli, dict[str, Any]]) -> Cli:
    """The home, once its first supervisor has chosen a PIN."""
    made, document = production
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EKTP_PIN", document["sign_in"])
        patch.setenv("EKTP_NEW_PIN", PIN)
        made.done("users", "pin", "supervisor")
    return made


def test_a_production_home_starts_empty_with_one_supervisor(supervisor: Cli) -> None:
    names = [user["name"] for user in supervisor.done("users", "list")["users"]]
    assert "supervisor" in names
    assert "olga" not in names
    assert supervisor.done("lines", "list")["lines"] == []


def test_a_production_home_refuses_what_is_simulated(
    supervisor: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EKTP_PIN", PIN)
    lines = supervisor.refused(2, "lines", "add", "L1", user="supervisor")
    assert lines["code"] == "CFG-904"
    box = supervisor.refused(2, "stock", "receive", "K1", "--make", "5", user="supervisor")
    assert box["code"] == "CFG-904"


def test_without_a_token_nothing_can_be_made(supervisor: Cli) -> None:
    assert supervisor.refused(6, "keys", "status")["code"] == "HSM-501"


def test_who_acts_must_be_said_and_proved(supervisor: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    add = ("users", "add", "dewi", "--role", "operator")
    monkeypatch.delenv("EKTP_PIN", raising=False)
    assert supervisor.refused(2, *add)["code"] == "CFG-907"
    assert supervisor.refused(2, *add, user="supervisor")["code"] == "CFG-907"
    monkeypatch.setenv("EKTP_PIN", "salah-sekali")
    assert supervisor.refused(2, *add, user="supervisor")["code"] == "CFG-907"
    monkeypatch.setenv("EKTP_PIN", PIN)
    document = supervisor.done(*add, user="supervisor")
    assert document["sign_in"]


def test_three_wrong_tries_lock_an_account(
    supervisor: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EKTP_PIN", PIN)
    code = supervisor.done("users", "add", "tono", "--role", "qa", user="supervisor")["sign_in"]
    monkeypatch.setenv("EKTP_NEW_PIN", PIN)
    monkeypatch.setenv("EKTP_PIN", "salah-sekali")
    for _ in range(3):
        supervisor.refused(2, "users", "pin", "tono")
    monkeypatch.setenv("EKTP_PIN", code)
    assert supervisor.refused(2, "users", "pin", "tono")["code"] == "CFG-907"


def test_no_pin_stands_in_the_journal(supervisor: Cli, tmp_path: Path) -> None:
    export = tmp_path / "journal.jsonl"
    assert supervisor.done("audit", "verify", "--export", export)["ok"] is True
    written = export.read_text()
    assert PIN not in written
    assert json.loads(written.splitlines()[0])["event"] == "home.created"
