"""Parcels of nearly one size, and seals by number."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ektp.cards import BlankKind
from ektp.errors import BlankUnknown, CountMismatch, SealUnavailable, StockError
from ektp.ids import CardSerial
from pipeline.packing import _evenly
from pipeline.stock import (
    blanks_to_issue,
    count_place,
    next_free_seal,
    read_manifest,
    receive_box,
    receive_seals,
    return_blanks,
    stock_counts,
    void_seal,
)
from tests.unit.pipeline.store.shelf import ACTOR, LINE, a_store, serial, stock


@given(st.integers(1, 3000), st.integers(1, 300))
def test_cards_are_shared_out_evenly_and_in_order(cards: int, most: int) -> None:
    serials = [serial(number) for number in range(cards)]
    parcels = _evenly(serials, most)
    assert [card for parcel in parcels for card in parcel] == serials
    sizes = {len(parcel) for parcel in parcels}
    assert max(sizes) <= most
    assert max(sizes) - min(sizes) <= 1
    assert len(parcels) == -(-cards // most)


def test_a_box_is_received_once_and_no_serial_twice(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        receive_box(store, ACTOR, "B1", BlankKind.WNI_8K, [serial(1), serial(2)])
        for box, serials in (
            ("B1", [serial(3)]),
            ("B2", [serial(2)]),
            ("B3", []),
            ("B 4", [serial(4)]),
        ):
            with pytest.raises(StockError):
                receive_box(store, ACTOR, box, BlankKind.WNI_8K, serials)
        with store.read() as connection:
            (line,) = stock_counts(connection)
            assert (line.count.received, line.count.vault, line.count.difference) == (2, 2, 0)
            assert blanks_to_issue(connection, box="B1", count=1) == [serial(1)]
            with pytest.raises(StockError):
                blanks_to_issue(connection, box="B1", count=3)


def test_blanks_come_back_each_by_its_serial(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        serials = stock(store, 3)
        with pytest.raises(BlankUnknown):
            return_blanks(store, ACTOR, LINE, [CardSerial("FF" * 8)])
        with pytest.raises(CountMismatch):
            return_blanks(store, ACTOR, LINE, serials[:2])
        assert count_place(store, ACTOR, LINE, 2) == 1
        assert return_blanks(store, ACTOR, LINE, serials) == {}
        assert count_place(store, ACTOR, "vault", 3) == 0


def test_a_box_list_is_read_or_its_line_named(tmp_path: Path) -> None:
    file = tmp_path / "box.csv"
    file.write_text("serial\n0000000000000001\n0000000000000002\n")
    assert read_manifest(file) == [serial(1), serial(2)]
    for text in ("serial\n0000000000000001\nxyz\n", "serial\n0000000000000001\n0000000000000001\n"):
        file.write_text(text)
        with pytest.raises(StockError):
            read_manifest(file)


def test_seals_come_in_ranges_and_leave_one_by_one(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        assert receive_seals(store, ACTOR, "SGL008", "SGL010") == 3
        for first, last in (("SGL010", "SGL012"), ("A1", "B2"), ("SGL9", "SGL1"), ("x", "y")):
            with pytest.raises(StockError):
                receive_seals(store, ACTOR, first, last)
        void_seal(store, ACTOR, "SGL008", "broken")
        with store.read() as connection:
            assert next_free_seal(connection) == "SGL009"
        with pytest.raises(SealUnavailable):
            void_seal(store, ACTOR, "SGL008", "again")
