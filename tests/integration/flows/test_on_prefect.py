"""Flows on a home's own Prefect server: it starts, carries ids only, dies with its parent."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from flows.runtime import HomeServer

pytestmark = [pytest.mark.exclusive, pytest.mark.timeout(600)]
EKTP = [sys.executable, "-c", "import sys; from console.cli.main import main; sys.exit(main())"]
# Works through a file: a home, a caller, an error that quotes a person.
UNSAFE = """
import sys
from pathlib import Path
from flows.runtime import HomeServer
server = HomeServer(Path(sys.argv[1]) / "prefect")
server.begin()
with server.in_use():
    from prefect import flow
    from flows.definitions import _safe
    @flow(name="unsafe")
    @_safe
    def unsafe(caller):
        raise KeyError("1671010101900000 SITI RAHAYU")
    try:
        unsafe({"home": sys.argv[1], "user": "olga", "role": "operator", "station": "test"})
    except Exception as error:
        print(type(error).__name__, error)
server.end()
"""


def _demo(out: Path, *more: str) -> list[str]:
    return [*EKTP, "--json", "--lang", "en", "demo", "--cards", "24", "--out", str(out), *more]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("demo")
    done = subprocess.run(_demo(out), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out, json.loads(done.stdout)


def _bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_the_whole_job_runs_on_prefect(finished: tuple[Path, dict[str, Any]]) -> None:
    out, result = finished
    assert result["records"] == {"offered": 24, "accepted": 24, "refused": 0}
    assert result["cards"]["passed"] == result["jobs"]["produced"] == 24
    assert result["reconciliation"] == {"balanced": True, "difference": 0, "missing": []}
    assert (out / "home" / "prefect" / "prefect.db").is_file()
    assert len(list((out / "papers").glob("manifest-*.pdf"))) == result["parcels"]


def test_nobody_stands_in_the_home_or_in_prefects_database(
    finished: tuple[Path, dict[str, Any]],
) -> None:
    out, _ = finished
    needles = []
    for line in (out / "records" / "approved.jsonl").read_text().splitlines():
        record = json.loads(line)
        bio = record["biographicData"]
        face = next(b for b in record["biometricData"] if b["biometricType"] == "FACE")["image"]
        raw = base64.b64decode(face)
        needles += [bio["nik"].encode(), raw[2000:2024], face[3000:3032].encode()]
        if len(bio["name"]) >= 7:
            needles.append(bio["name"].encode())
    found = [
        name for name, content in _bytes_of(out / "home").items() for n in needles if n in content
    ]
    assert found == []
    # A search that finds nothing must be able to find.
    assert any(n in (out / "records" / "approved.jsonl").read_bytes() for n in needles)


def test_a_finished_demo_is_not_begun_again(finished: tuple[Path, dict[str, Any]]) -> None:
    out, _ = finished
    again = subprocess.run(_demo(out), capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert json.loads(again.stdout)["error"]["code"] == "CFG-903"


def test_an_error_that_quotes_a_person_leaves_a_flow_without_the_words(
    finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    home = finished[0] / "home"
    told = subprocess.run(
        [sys.executable, "-c", UNSAFE, str(home)], capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("Unexpected EKT-001")
    content = b"".join(_bytes_of(home).values()) + told.stdout.encode() + told.stderr.encode()
    assert b"SITI RAHAYU" not in content
    assert b"1671010101900000" not in content


def test_no_process_survives_its_parent(tmp_path: Path) -> None:
    out = tmp_path / "killed"
    process = subprocess.Popen(_demo(out), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    below = _grown(process.pid)
    assert any("flows.server_process" in " ".join(child.cmdline()) for child in below)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    gone, alive = psutil.wait_procs(below, timeout=30)
    assert alive == [], [child.cmdline() for child in alive]
    assert gone

    went_on = subprocess.run(_demo(out), capture_output=True, text=True, check=False)
    assert went_on.returncode in (0, 3), went_on.stderr
    cards = json.loads(went_on.stdout)["cards"]
    assert cards["passed"] + cards["held"] + cards["in_doubt"] == 24


def _grown(pid: int) -> list[psutil.Process]:
    """The processes below one, once its Prefect server listens and some of its work is done."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        below = psutil.Process(pid).children(recursive=True)
        if any(child.net_connections(kind="tcp") for child in below):
            return below
        time.sleep(0.5)
    raise AssertionError("no Prefect server was started")


def test_a_server_that_cannot_start_is_told(tmp_path: Path) -> None:
    server = HomeServer(tmp_path / "prefect")
    server.begin()
    assert server._process is not None
    server._process.kill()
    with pytest.raises(Exception, match="CFG-901"):
        server.wait()
    server.end()


def test_the_same_seed_gives_the_same_people_and_the_same_faults(tmp_path: Path) -> None:
    told = []
    for name in ("one", "two"):
        out = tmp_path / name
        command = [*_demo(out, "--engine", "direct", "--faults", "harsh", "--seed", "11")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 3), done.stderr
        told.append(((out / "records" / "approved.jsonl").read_bytes(), _faults(out / "home")))
    assert told[0] == told[1]
    assert any(cause for _, cause in told[0][1])


def _faults(home: Path) -> list[tuple[str, str | None]]:
    from pipeline.plant import Plant  # noqa: PLC0415 - the children above must not inherit it
    from pipeline.store import schema as db  # noqa: PLC0415 - as above

    with Plant.open(home) as plant, plant.home.store.read() as connection:
        rows = connection.execute(db.attempts.select().order_by(db.attempts.c.started_at)).all()
    return [(row.outcome, row.cause) for row in rows]
