"""`ektp sim`: what cannot be offered is refused before a reader is looked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Cli

VPCD = ("--vpcd", "127.0.0.1:9")


@pytest.mark.parametrize(
    "vpcd", ["127.0.0.1", "127.0.0.1:", ":35963", "127.0.0.1:0", "127.0.0.1:65536", "host:port"]
)
def test_an_address_is_a_host_and_a_port(cli: Cli, vpcd: str) -> None:
    for verb in ("chip", "sam"):
        assert cli.refused(2, "sim", verb, "--vpcd", vpcd)["code"] == "CLI-002"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--blank", "--line", "L1"),
        ("--job", "J-0000000000000", "--card", "0123456789ABCDEF"),
        ("--profile", "passport"),
    ],
)
def test_one_thing_is_offered(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert cli.refused(2, "sim", "chip", *VPCD, *arguments)["code"] == "CLI-002"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("chip", "--card", "0123456789ABCDEF"), "CFG-906"),
        (("chip", "--card", "12"), "CFG-905"),
        (("chip", "--line", "L9"), "CFG-906"),
        (("sam", "--sam", "0123456789ABCDEF"), "CFG-906"),
    ],
)
def test_what_is_not_there_is_not_offered(cli: Cli, arguments: tuple[str, ...], code: str) -> None:
    verb, *named = arguments
    assert cli.refused(2, "sim", verb, *VPCD, *named)["code"] == code


def test_a_production_home_offers_nothing(cli_at: Callable[[Path], Cli], tmp_path: Path) -> None:
    cli = cli_at(tmp_path / "production")
    cli.done("init", "--production")
    for verb in ("chip", "sam"):
        assert cli.refused(2, "sim", verb, *VPCD)["code"] == "CFG-904"
