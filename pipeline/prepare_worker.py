"""What a preparation process does. It loads what draws and compresses, and nothing of the store."""

from __future__ import annotations

import multiprocessing
import os
import threading

from ektp.chip_profiles import chip_profile
from ektp.errors import PreparationError
from ektp.printer_profiles import print_geometry
from personalization.prepare import prepare
from pipeline.intake.record_json import record_from_json

__all__ = ["end_with_parent", "prepare_one"]


def end_with_parent() -> None:
    """Begin a worker: it ends when the process that started it is gone, killed or not.

    A pool's workers hold each other's queue open; without this they would wait for work for ever.
    """
    threading.Thread(target=_wait_for_the_end, daemon=True, name="parent").start()


def _wait_for_the_end() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def prepare_one(record: bytes, profile: str, geometry: str) -> tuple[bytes | None, str, str]:
    """The package of a record and its digest, or the code of what stands in the way."""
    try:
        package = prepare(record_from_json(record), print_geometry(geometry), chip_profile(profile))
    except PreparationError as error:
        return None, "", error.code
    return bytes(package), package.digest.hex(), ""
