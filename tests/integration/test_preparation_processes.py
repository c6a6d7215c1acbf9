"""The processes that draw cards end with the process that started them, however it ended."""

from __future__ import annotations

import signal
import subprocess
import sys

import psutil
import pytest

AT_WORK = """
import sys, time
from pipeline.preparation import worker_pool
from pipeline.prepare_worker import prepare_one
from pipeline.settings import PreparationSettings
if __name__ == "__main__":
    with worker_pool(PreparationSettings(processes=2)) as pool:
        list(pool.map(abs, [-1, -2]))
        print("ready", flush=True)
        time.sleep(600)
"""


@pytest.mark.exclusive
def test_no_preparation_process_survives_a_kill(tmp_path: object) -> None:
    parent = subprocess.Popen([sys.executable, "-c", AT_WORK], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    below = psutil.Process(parent.pid).children(recursive=True)
    assert len(below) >= 3
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    _, alive = psutil.wait_procs(below, timeout=20)
    for process in alive:
        process.kill()
    assert alive == []
