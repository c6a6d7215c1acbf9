"""Counting out a line: unreadable blanks are named by elimination, kind by kind, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from ektp.cards import BlankKind
from ektp.errors import CountMismatch, NotFound, StockError
from ektp.ids import CardSerial
from ektp.journal import Actor, Role
from ektp.lifecycle import CardState
from pipeline.governed import carry_out
from pipeline.people import Act, decide_request, request_act
from pipeline.plant import Plant
from pipeline.stock import close_box, return_blanks, stock_counts
from pipeline.store import schema as db
from simulation.printer.faults import FaultPlan, Mishap, PhysicalStep
from tests.builders import a_batch, a_home, floor

LALA = Actor(principal="lala", role=Role.LOGISTICS, station="test")
SARI = Actor(principal="sari", role=Role.SUPERVISOR, station="test")
MUTE = FaultPlan.named("none", 1).with_mishap(1, PhysicalStep.FEED, Mishap.CHIP_MUTE)


def _unused(plant: Plant, kind: BlankKind) -> list[CardSerial]:
    with plant.home.store.read() as connection:
        return [
            CardSerial(card)
            for card in connection.scalars(
                select(db.cards.c.card)
                .where(
                    db.cards.c.line == "L1",
                    db.cards.c.kind == kind.value,
                    db.cards.c.state == CardState.ISSUED.value,
                )
                .order_by(db.cards.c.card)
            )
        ]


def test_a_bag_is_named_when_its_line_is_counted_out(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=2)
    with floor(home, plan=MUTE) as it:
        it.run(a_batch(home))
        blue = _unused(it.plant, BlankKind.WNI_8K)
        mute, others = blue[0], blue[1:]
        others += _unused(it.plant, BlankKind.OA_8K)
        named = return_blanks(it.plant.home.store, LALA, "L1", others)
        assert named == {1: mute}
        with it.plant.home.store.read() as connection:
            states = connection.execute(
                select(db.cards.c.state, db.cards.c.cause).where(db.cards.c.card == mute)
            ).one()
            assert tuple(states) == ("SPOILED", "blank_unreadable")
            assert all(line.count.difference == 0 for line in stock_counts(connection))


def test_a_box_stays_open_while_a_bag_of_it_has_no_name(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=2)
    with floor(home, plan=MUTE) as it:
        it.run(a_batch(home))
        store = it.plant.home.store
        with store.read() as connection:
            box = str(
                connection.scalar(
                    select(db.boxes.c.box).where(db.boxes.c.kind == BlankKind.WNI_8K.value)
                )
            )
        with pytest.raises(CountMismatch) as refused:
            close_box(store, LALA, box)
        assert refused.value.facts["issued"] == len(_unused(it.plant, BlankKind.WNI_8K))
        rest = _unused(it.plant, BlankKind.WNI_8K)[1:] + _unused(it.plant, BlankKind.OA_8K)
        return_blanks(store, LALA, "L1", rest)
        with pytest.raises(CountMismatch) as refused:
            close_box(store, LALA, box)
        assert "issued" not in refused.value.facts
        asked = request_act(
            store, it.plant.entropy, LALA, Act.ISSUE_BLANKS, {"line": "L1", "cards": rest}
        )
        decide_request(store, SARI, asked, carry_out)
        for card in _unused(it.plant, BlankKind.WNI_8K):
            lost = request_act(store, it.plant.entropy, LALA, Act.LOSE_CARD, {"card": card})
            decide_request(store, SARI, lost, carry_out)
        states = close_box(store, LALA, box)
        assert set(states) == {"PASSED", "SPOILED", "LOST"}
        with pytest.raises(StockError, match="closed already"):
            close_box(store, LALA, box)


def test_a_box_that_never_came_cannot_be_closed(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=2)
    with floor(home) as it, pytest.raises(NotFound):
        close_box(it.plant.home.store, LALA, "KOTAK-9999")


def test_a_blank_of_another_kind_does_not_name_a_bag(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=2)
    with floor(home, plan=MUTE) as it:
        it.run(a_batch(home))
        kinds = (BlankKind.WNI_8K, BlankKind.OA_8K)
        blue, orange = (_unused(it.plant, kind) for kind in kinds)
        with pytest.raises(CountMismatch) as refused:
            return_blanks(it.plant.home.store, LALA, "L1", [*blue, *orange[1:]])
        assert refused.value.facts == {"line": "L1", "kind": "oa-8k", "absent": 1, "bags": 0}
        assert _unused(it.plant, BlankKind.WNI_8K) == blue


def test_the_signature_of_a_lost_card_is_void(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=1)
    with floor(home) as it:
        it.run(a_batch(home))
        store = it.plant.home.store
        with store.read() as connection:
            card, signature = connection.execute(
                select(db.attempts.c.card, db.attempts.c.signature)
            ).one()
        asked = request_act(store, it.plant.entropy, LALA, Act.LOSE_CARD, {"card": card})
        decide_request(store, SARI, asked, carry_out)
        with store.read() as connection:
            assert connection.scalars(select(db.voided_signatures.c.signature)).all() == [signature]
            assert connection.scalar(select(db.jobs.c.state)) == "ACCEPTED"
