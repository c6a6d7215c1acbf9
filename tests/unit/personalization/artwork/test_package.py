"""The package's face: every name is there, and asking for none costs nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from personalization import artwork


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'clip'"):
        getattr(artwork, "clip")  # noqa: B009 - mypy knows that it is not there


@pytest.mark.parametrize("name", artwork.__all__)
def test_every_promised_name_is_there(name: str) -> None:
    assert getattr(artwork, name) is not None


def test_importing_the_package_loads_no_heavy_library() -> None:
    code = (
        "import sys, personalization.artwork;"
        "sys.exit(any(m.split('.')[0] in ('PIL', 'reportlab') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
