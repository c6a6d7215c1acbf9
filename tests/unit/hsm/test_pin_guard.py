"""A PIN that was refused is not shown to a token again."""

from __future__ import annotations

from pathlib import Path

import pytest

from ektp.errors import HsmError, TokenNotFound
from hsm._pin_guard import PinGuard


def test_a_refused_pin_is_refused_until_another_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "token"
    guard = PinGuard(folder)
    guard.check("1111")
    guard.note("1111")
    with pytest.raises(TokenNotFound) as refusal:
        PinGuard(folder).check("1111")
    assert "1111" not in str(refusal.value)
    PinGuard(folder).check("2222")
    assert b"1111" not in b"".join(one.read_bytes() for one in folder.iterdir())
    guard.clear()
    guard.clear()
    guard.check("1111")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HsmError):
        PinGuard(tmp_path / "file" / "token").note("1111")
