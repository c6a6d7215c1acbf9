"""A small `planted-keys` campaign: no key and no PIN lies in what a home and a dead host leave."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from benchmarks.campaigns.planted_keys import Planted, forms_of, planted_keys, search

SECRET = bytes(range(0xA0, 0xB0))


def test_a_secret_is_found_in_every_form_and_at_every_offset(tmp_path: Path) -> None:
    planted = [Planted("KEK-1", SECRET)]
    written = [SECRET, SECRET[::-1], SECRET.hex().encode(), SECRET.hex().upper().encode()]
    written += [base64.b64encode(b"x" * before + SECRET + b"yz") for before in range(6)]
    for number, content in enumerate(written):
        (tmp_path / f"{number}.log").write_bytes(b"before " + content + b" after")
    searched, found = search((tmp_path,), planted)
    assert len(searched) == len(found) == len(written)
    assert all(len(form) >= 16 for form in forms_of(SECRET))


@pytest.mark.slow
def test_a_home_that_worked_and_a_host_that_died_leave_no_key(tmp_path: Path) -> None:
    result = planted_keys(tmp_path, cards=3, seed=8)
    assert result["problems"] == []
    assert len(result["planted"]) >= 7
    assert result["files"] > 5
    assert result["said_bytes"] > 1000
    assert result["memory_of_hosts_bytes"] > 1 << 20
