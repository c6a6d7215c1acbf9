"""A SoftHSM of a test's own: configuration and token store under its folder, never the system's.

`SOFTHSM2_CONF` is set for this process and its children by the fixture `soft_hsm`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
VARIABLE = "SOFTHSM2_CONF"
SO_PIN = "87654321"


@dataclass(frozen=True)
class SoftHsm:
    """A token store, which can be taken away and put back."""

    folder: Path
    module: str

    @property
    def store(self) -> Path:
        """Where its tokens are."""
        return self.folder / "tokens"

    def add_token(self, label: str, pin: str) -> str:
        """Initialise a token; its serial."""
        self._util("--init-token", "--free", "--label", label, "--so-pin", SO_PIN, "--pin", pin)
        shown = self._util("--show-slots")
        serials: list[str] = re.findall(r"Serial number: +([0-9a-f]{16})", shown)
        known = {one.name for one in self.folder.glob("serial-*")}
        (new,) = [one for one in serials if f"serial-{one}" not in known]
        (self.folder / f"serial-{new}").touch()
        return new

    def pull_out(self) -> None:
        """Take the token away."""
        self.store.rename(self.folder / "pulled out")

    def put_back(self) -> None:
        """And back."""
        (self.folder / "pulled out").rename(self.store)

    def _util(self, *arguments: str) -> str:
        done = subprocess.run(
            ["softhsm2-util", *arguments],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, VARIABLE: str(self.folder / "conf")},
        )
        return done.stdout


def soft_hsm_in(folder: Path) -> SoftHsm:
    """A SoftHSM without tokens, which this process uses from now on; skips where there is none.

    The caller restores `SOFTHSM2_CONF` in the environment (the fixtures do).
    """
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed: pip install ektp[pkcs11]")
    module = next((one for one in MODULES if Path(one).exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed: .ci/system-packages")
    (folder / "tokens").mkdir(parents=True)
    (folder / "conf").write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    os.environ[VARIABLE] = str(folder / "conf")
    from hsm._cryptoki_library import library  # noqa: PLC0415 - only where it is installed

    # What another test may have left logged in is its own matter.
    library(module).initialise_again()
    return SoftHsm(folder, module)


@pytest.fixture
def soft_hsm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftHsm:
    """A SoftHSM without tokens, for this process and its children."""
    monkeypatch.setenv(VARIABLE, "")
    return soft_hsm_in(tmp_path / "softhsm")
