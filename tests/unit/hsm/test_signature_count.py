"""How often a signer has signed: quota, crash, fork and threads."""

from __future__ import annotations

import os
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from ektp.errors import HsmError, KeyUsageForbidden
from hsm.signers._signature_count import SignatureCount


def count_at(folder: Path, quota: int = 100_000) -> SignatureCount:
    path = folder / "ds.count"
    if not path.exists():
        SignatureCount.begin(path)
    return SignatureCount(path, label="DS-1", quota=quota)


def test_the_quota_is_exact(tmp_path: Path) -> None:
    count = count_at(tmp_path, quota=50)
    for _ in range(50):
        count.take()
    for _ in range(2):
        with pytest.raises(KeyUsageForbidden, match="quota=50"):
            count.take()
    assert count.used() == 50


def test_signature_100_001_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ds.count").write_bytes(b"99999\n")
    count = count_at(tmp_path)
    count.take()
    with pytest.raises(KeyUsageForbidden):
        count.take()


def test_a_crash_never_counts_too_low_and_costs_little(tmp_path: Path) -> None:
    made = 0
    for signatures in (1, 20, 300, 5):
        crashed = count_at(tmp_path)  # never released
        for _ in range(signatures):
            crashed.take()
        made += signatures
        stored = count_at(tmp_path).used()
        assert made <= stored <= 2 * made + 4 * 16


def test_a_clean_end_loses_nothing(tmp_path: Path) -> None:
    for _ in range(3):
        count = count_at(tmp_path)
        count.take()
        count.release()
        count.release()
    assert count_at(tmp_path).used() == 3


def test_release_keeps_what_others_reserved_behind_us(tmp_path: Path) -> None:
    first, second = count_at(tmp_path), count_at(tmp_path)
    first.take()
    second.take()
    first.release()
    assert count_at(tmp_path).used() == 32
    second.release()
    assert count_at(tmp_path).used() == 17


def test_after_a_release_it_reserves_anew(tmp_path: Path) -> None:
    count = count_at(tmp_path)
    count.take()
    count.release()
    count.take()
    count.release()
    assert count_at(tmp_path).used() == 2


def test_reservations_are_written_seldom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[int] = []
    count = count_at(tmp_path)
    store = SignatureCount._store
    monkeypatch.setattr(
        SignatureCount, "_store", lambda self, number: (writes.append(number), store(self, number))
    )
    for _ in range(10_000):
        count.take()
    assert len(writes) <= 17
    assert max(after - before for before, after in pairwise(writes)) == 1_000


@pytest.mark.parametrize("content", [b"", b"\n", b"12", b"-1\n", b"x\n", b"1" * 70 + b"\n"])
def test_a_count_that_cannot_be_read_stops(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ds.count").write_bytes(content)
    with pytest.raises(HsmError, match="cannot be read"):
        count_at(tmp_path).take()


def test_a_count_that_is_gone_stops_and_is_not_begun_anew(tmp_path: Path) -> None:
    count = count_at(tmp_path)
    (tmp_path / "ds.count").unlink()
    with pytest.raises(HsmError, match="lost"):
        count.take()
    assert not (tmp_path / "ds.count").exists()


def test_a_folder_that_is_gone_stops(tmp_path: Path) -> None:
    count = SignatureCount(tmp_path / "gone" / "ds.count", label="DS-1", quota=1)
    with pytest.raises(HsmError, match="locked"):
        count.take()


def test_a_forked_child_reserves_for_itself(tmp_path: Path) -> None:
    count = count_at(tmp_path)
    count.take()
    count._process = os.getpid() + 1  # as a child sees what it inherited
    assert count.used() == 16
    count.take()
    assert count._stored() == 48
    count.release()
    assert count_at(tmp_path).used() == 17


def test_a_forked_child_gives_nothing_of_its_parent_back(tmp_path: Path) -> None:
    count = count_at(tmp_path)
    count.take()
    count._process = os.getpid() + 1
    count.release()
    assert count_at(tmp_path).used() == 16


def test_threads_share_one_count(tmp_path: Path) -> None:
    counts = [count_at(tmp_path), count_at(tmp_path)]

    def work(count: SignatureCount) -> None:
        for _ in range(100):
            count.take()

    threads = [threading.Thread(target=work, args=(counts[n % 2],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for count in counts:
        count.release()
    used = count_at(tmp_path).used()
    assert 400 <= used <= 400 + 2 * 256
