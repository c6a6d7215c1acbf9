from pathlib import Path

import pytest

from ektp.errors import StoreError
from simulation.world.storage import Storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    storage = Storage(tmp_path / "world.db")
    storage.create_tables(b"canary")
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
