"""Several processes over one registry: one quota, one next signer, and kills in between."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hsm.signers._signature_count import SignatureCount
from tests.unit.hsm.signers.helpers import founded

_TAKER = """
import sys
from pathlib import Path
from ektp.errors import KeyUsageForbidden
from hsm.signers._signature_count import SignatureCount

count = SignatureCount(Path(sys.argv[1]), label="DS-1", quota=int(sys.argv[2]))
made = 0
while True:
    try:
        count.take()
    except KeyUsageForbidden:
        break
    made += 1
    print(made, flush=True)
"""


def begun(folder: Path) -> Path:
    path = folder / "ds.count"
    SignatureCount.begin(path)
    return path


def stored(path: Path) -> int:
    return int(path.read_text())


def taker(path: Path, quota: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _TAKER, str(path), str(quota)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[4],
    )


def test_two_processes_share_the_quota_exactly(tmp_path: Path) -> None:
    path = begun(tmp_path)
    takers = [taker(path, 5_000) for _ in range(2)]
    made = [len(one.communicate(timeout=60)[0].split()) for one in takers]
    assert sum(made) == 5_000
    assert stored(path) == 5_000


def test_a_killed_process_s_signatures_all_count(tmp_path: Path) -> None:
    path = begun(tmp_path)
    made = 0
    for wanted in (1, 40, 400):
        one = taker(path, 100_000)
        assert one.stdout is not None
        for _ in range(wanted):
            one.stdout.readline()
        one.send_signal(signal.SIGKILL)
        # What stood in the pipe when it died was made as well.
        made += wanted + len(one.stdout.read().split())
        one.wait(timeout=60)
        one.stdout.close()
        assert made <= stored(path) <= made + 3 * 1_000


def test_all_who_find_a_signer_used_up_meet_at_the_same_next_one(tmp_path: Path) -> None:
    """Each has its own registry object, as processes have; the lock is between open files."""
    made = founded(tmp_path)
    made.use_up("DS-1", left=3)
    houses = [made.again() for _ in range(6)]
    start = threading.Barrier(len(houses))

    def sign(index: int) -> set[bytes]:
        start.wait(timeout=30)
        return {houses[index].documents.sign(b"card").key_id for _ in range(10)}

    with ThreadPoolExecutor(len(houses)) as pool:
        found = set().union(*pool.map(sign, range(len(houses))))
    assert made.state() == {"DS-1": "retired", "LDS-1": "current", "DS-2": "current"}
    assert len(found) <= 2


def test_a_process_follows_the_signer_that_another_made_current(tmp_path: Path) -> None:
    made = founded(tmp_path)
    other = made.again()
    before = made.documents.sign(b"card").key_id
    other.authority.rotate(made.registry.roll().signers[0].family)
    after = made.documents.sign(b"card").key_id
    assert before != after == other.documents.key_id()


def test_what_was_reserved_and_not_made_is_given_back(tmp_path: Path) -> None:
    made = founded(tmp_path)
    made.documents.sign(b"card")
    path = tmp_path / "counts" / "DS-1.count"
    assert stored(path) == 16
    made.registry.release()
    assert stored(path) == 1
