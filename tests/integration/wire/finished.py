"""A batch that was worked through over the wire, and how that went."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from typing import Any

from benchmarks.campaigns.homes import LINE
from benchmarks.campaigns.wire import Told, WiredHome


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The home, what `batch run` told, and what `sim chip` told in the end."""

    home: WiredHome
    ran: Told
    served_code: int
    served: dict[str, Any]
    jobs: list[dict[str, Any]]

    @property
    def reader(self) -> str:
        """The reader on which cards are laid."""
        return self.home.readers[0].name

    @property
    def slot(self) -> str:
        """The reader with the SAM."""
        return self.home.readers[1].name

    @property
    def job(self) -> str:
        """The first job of the batch."""
        return str(self.jobs[0]["job"])

    @property
    def card(self) -> str:
        """Its card."""
        return str(self.jobs[0]["card"])


def work_through(home: WiredHome) -> Finished:
    """Run the batch, the chips at the line's station served by another process."""
    with home.offering("chip", "--line", LINE) as serving:
        ran = home.ektp("batch", "run", home.batch)
        serving.send_signal(signal.SIGINT)
        told, _ = serving.communicate(timeout=30)
    return Finished(
        home=home,
        ran=ran,
        served_code=serving.returncode,
        served=json.loads(told),
        jobs=home.jobs(),
    )
