from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ektp.errors import StoreError
from simulation.world.storage import Storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    storage = Storage(tmp_path / "world.db")
    storage.create_tables(canary=b"canary", maker=b"maker")
    return storage


def test_a_statement_that_cannot_run_is_told_in_our_words(storage: Storage) -> None:
    for act in (
        lambda: storage.execute("DELETE FROM nowhere"),
        lambda: storage.execute_many("INSERT INTO nowhere VALUES (?)", [(1,)]),
        lambda: storage.rows("SELECT 1 FROM nowhere"),
    ):
        with pytest.raises(StoreError, match="nowhere"):
            act()


def test_an_error_never_repeats_a_value(storage: Storage) -> None:
    storage.execute("INSERT INTO meta VALUES ('1671024501950000', 1)")
    with pytest.raises(StoreError) as caught:
        storage.execute("INSERT INTO meta VALUES (?, 1)", ("1671024501950000",))
    assert "1671" not in str(caught.value)


def test_an_act_that_fails_has_not_happened(storage: Storage) -> None:
    def act() -> None:
        with storage.transaction():
            storage.execute("INSERT INTO meta VALUES ('half', 1)")
            storage.execute("DELETE FROM nowhere")

    with pytest.raises(StoreError):
        act()
    assert storage.rows("SELECT 1 FROM meta WHERE name = 'half'") == []
    with storage.transaction():
        storage.execute("INSERT INTO meta VALUES ('whole', 1)")
    assert storage.row("SELECT value FROM meta WHERE name = 'whole'") == (1,)


def test_a_full_disk_leaves_nothing_half_done(storage: Storage) -> None:
    pages = storage.rows("PRAGMA page_count")[0][0]
    storage.rows(f"PRAGMA max_page_count = {pages}")

    def act() -> None:
        with storage.transaction():
            storage.execute("INSERT INTO meta VALUES ('small', 1)")
            storage.execute("INSERT INTO meta VALUES ('large', zeroblob(1000000))")

    with pytest.raises(StoreError, match="full"):
        act()
    assert storage.rows("SELECT name FROM meta WHERE name IN ('small', 'large')") == []
    storage.rows("PRAGMA max_page_count = 100000")
    with storage.transaction():
        storage.execute("INSERT INTO meta VALUES ('large', zeroblob(1000000))")


def test_acts_of_several_processes_wait_for_one_another(storage: Storage, tmp_path: Path) -> None:
    storage.execute("INSERT INTO meta VALUES ('count', 0)")

    def count(_worker: int) -> None:
        own = Storage(tmp_path / "world.db")
        for _ in range(50):
            with own.transaction():
                (value,) = own.row("SELECT value FROM meta WHERE name = 'count'") or (None,)
                own.execute("UPDATE meta SET value = ? WHERE name = 'count'", (value + 1,))
        own.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))
    assert storage.row("SELECT value FROM meta WHERE name = 'count'") == (200,)


def test_a_look_sees_one_moment(storage: Storage, tmp_path: Path) -> None:
    storage.execute("INSERT INTO meta VALUES ('count', 1)")
    other = Storage(tmp_path / "world.db")
    query = "SELECT value FROM meta WHERE name = 'count'"
    with other.transaction(reading=True):
        assert other.row(query) == (1,)
        storage.execute("UPDATE meta SET value = 2 WHERE name = 'count'")
        assert other.row(query) == (1,)
    assert other.row(query) == (2,)
