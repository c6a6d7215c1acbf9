"""Where flows run: on a Prefect server of the home's own, which ends with the process.

Nothing here imports Prefect before it is needed: its settings are read from the environment when it
is first imported.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ektp.errors import ConfigurationError

__all__ = ["HomeServer", "prefect_environment"]

_START_S = 120.0
_STOP_S = 15.0
_POLL_S = 0.1


def prefect_environment(folder: Path) -> dict[str, str]:
    """Prefect's settings for a home: its data in the home, no word to anybody outside."""
    return {
        "PREFECT_HOME": str(folder),
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{folder / 'prefect.db'}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_LOGGING_SERVER_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "PREFECT_FLOWS_DEFAULT_PERSIST_RESULT": "false",
        "PREFECT_CLI_PROMPT": "false",
    }


@dataclass(slots=True)
class HomeServer:
    """The server of a home. Begin it early: it takes some seconds to start."""

    folder: Path
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def begin(self) -> None:
        """Start the server; do not wait for it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = _free_port()
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "flows.server_process", str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **prefect_environment(self.folder)},
            cwd=self.folder,
        )

    @property
    def api(self) -> str:
        """The address of its API."""
        return f"http://127.0.0.1:{self.port}/api"

    def wait(self) -> None:
        """Wait until it answers. Raises `ConfigurationError` where it does not start."""
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise ConfigurationError("the Prefect server ended at once", folder="prefect")
            try:
                with urllib.request.urlopen(f"{self.api}/health", timeout=2):  # noqa: S310
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(_POLL_S)
        raise ConfigurationError("the Prefect server does not answer", port=self.port)

    def end(self) -> None:
        """Let it go: its standard input ends, and so does the server."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Flows called inside run on this server."""
        self.wait()
        os.environ.update(prefect_environment(self.folder))
        os.environ["PREFECT_API_URL"] = self.api
        # Imported late: see the module's first words.
        from prefect.settings import (  # noqa: PLC0415 - see above
            PREFECT_API_URL,
            PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
            PREFECT_HOME,
            temporary_settings,
        )

        with temporary_settings(
            {
                PREFECT_API_URL: self.api,
                PREFECT_HOME: self.folder,
                # Joining the heartbeat's thread costs a second a flow run.
                PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
            }
        ):
            yield


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
