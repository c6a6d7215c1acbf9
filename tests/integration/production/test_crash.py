"""The host dies at every point of a card's way, in turn; what is recovered is true.

Points are: inside and after each commit, before and after each physical act, and (in steps) after
each command to the chip.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import select, update

from benchmarks.campaigns.truth import chip_of
from ektp.cards import QaVerdict, SpoilCause, Verdict
from ektp.errors import CardUncertain
from ektp.printer_profiles import Tray
from pipeline.store import schema as db
from simulation.chip.security import LifeCycle
from simulation.printer.faults import FaultPlan, Mishap, PhysicalStep
from tests.builders import (
    MACHINE,
    OPERATOR,
    Floor,
    a_batch,
    a_home,
    contradictions,
    floor,
    outcomes,
    states,
)
from tests.integration.production.fuse import Burnt, Fuse, wired

POINTS = 36
"""Points of one good card, commands left out; `test_the_points_are_all_of_them` holds it."""

KILLED = FaultPlan.named("none", 1).with_mishap(1, PhysicalStep.PRINT, Mishap.CHIP_KILLED)


def _die_and_recover(
    home: Path, burns_at: int, *, commands: bool = False, plan: FaultPlan | None = None
) -> tuple[bool, Floor]:
    batch = a_batch(home)
    fuse = Fuse(burns_at)
    with floor(home, plan=plan) as it:
        controller = wired(it, fuse, commands=commands)
        try:
            with controller.holding():
                controller.run(batch)
        except Burnt:
            _let_go(it)
    with floor(home, plan=plan) as it:
        moved = it.printer.counters()
        with it.controller.holding():
            it.controller.recover("test")
            it.controller.run(batch)
        assert it.printer.counters().fed >= moved.fed
        assert contradictions(it.plant) == []
        assert sum(states(it.plant).values()) == 1
        assert set(states(it.plant)) <= {"PRODUCED", "HELD"}
        _held_jobs_name_their_card(it)
    return fuse.blown, it


def _let_go(it: Floor) -> None:
    """The lease of a dead process is free; this process only plays dead."""
    with it.plant.home.store.transaction(OPERATOR) as tx:
        tx.connection.execute(update(db.leases).values(holder=None))


def _held_jobs_name_their_card(it: Floor) -> None:
    with it.plant.home.store.read() as connection:
        held = connection.scalars(select(db.jobs.c.job).where(db.jobs.c.state == "HELD")).all()
        for job in held:
            assert connection.scalar(
                select(db.attempts.c.attempt).where(
                    db.attempts.c.job == job, db.attempts.c.outcome.in_(["in_doubt", "held"])
                )
            )


@cache
def _points(killed: bool, commands: bool) -> int:
    import tempfile  # noqa: PLC0415 - only to count

    folder = Path(tempfile.mkdtemp())
    try:
        home = a_home(folder, cards=1)
        fuse = Fuse()
        with floor(home, plan=KILLED if killed else None) as it:
            controller = wired(it, fuse, commands=commands)
            with controller.holding():
                controller.run(a_batch(home))
        return fuse.points
    finally:
        shutil.rmtree(folder)


def test_the_points_are_all_of_them() -> None:
    assert _points(False, False) == POINTS


@pytest.mark.parametrize("point", range(1, POINTS + 1))
def test_a_host_that_dies_anywhere_leaves_the_truth_behind(tmp_path: Path, point: int) -> None:
    home = a_home(tmp_path, cards=1)
    _die_and_recover(home, point)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 0.9])
def test_a_host_that_dies_between_two_commands(tmp_path: Path, share: float) -> None:
    home = a_home(tmp_path, cards=1)
    blown, _ = _die_and_recover(home, round(share * _points(False, True)), commands=True)
    assert blown


@pytest.mark.parametrize("share", [0.3, 0.35, 0.38, 0.4, 0.42, 0.44, 0.46, 0.48, 0.5, 0.55])
def test_a_host_that_dies_while_it_rejects(tmp_path: Path, share: float) -> None:
    home = a_home(tmp_path, cards=1)
    blown, _ = _die_and_recover(home, round(share * _points(True, False)), plan=KILLED)
    assert blown


def test_an_encoding_that_never_began_is_bound_anew_and_its_first_signature_voided(
    tmp_path: Path,
) -> None:
    home = a_home(tmp_path, cards=1)
    batch = a_batch(home)

    with floor(home) as it:
        fuse = Fuse(1_000_000)
        controller = wired(it, fuse, commands=True)

        def no_encoding(*_: object, **__: object) -> None:
            raise Burnt

        with pytest.MonkeyPatch.context() as patch, controller.holding():
            patch.setattr("personalization.profiles.shape.OnChip.personalize", no_encoding)
            with pytest.raises(Burnt):
                controller.run(batch)
    with floor(home) as it:
        assert list(it.recover().values()) == ["passed"]
        with it.plant.home.store.read() as connection:
            assert len(connection.execute(select(db.voided_signatures)).all()) == 1
        assert contradictions(it.plant) == []


def test_a_reject_says_truly_whether_its_chip_was_killed(tmp_path: Path) -> None:
    """The host dies after the ejection; the books may not claim more than was seen."""
    home = a_home(tmp_path, cards=1)
    batch = a_batch(home)
    plan = FaultPlan.named("none", 1).with_mishap(1, PhysicalStep.FEED, Mishap.CHIP_MUTE)

    with floor(home, plan=plan) as it:
        original = it.printer.eject

        def eject_and_die(tray: Tray) -> None:
            original(tray)
            raise Burnt

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(it.printer, "eject", eject_and_die)
            with pytest.raises(Burnt):
                it.run(batch)
    with floor(home, plan=plan) as it:
        assert list(it.recover().values()) == ["spoiled"]
        with it.plant.home.store.read() as connection:
            row = connection.execute(
                select(db.attempts.c.terminated, db.attempts.c.cause, db.attempts.c.bag)
            ).one()
        assert tuple(row) == (False, SpoilCause.BLANK_UNREADABLE.value, 1)


def test_a_cut_print_goes_to_the_rejects_with_its_chip_killed(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=1)
    plan = FaultPlan.named("none", 1).with_mishap(1, PhysicalStep.PRINT, Mishap.REPLY_LOST)
    with floor(home, plan=plan) as it:
        it.run(a_batch(home))
        assert outcomes(it.plant)[0] == ("spoiled", SpoilCause.PRINT_INTERRUPTED.value)
        (reject,) = it.world.tray(MACHINE, Tray.REJECT)
        chip = chip_of(it.world, reject)
        assert chip is not None
        assert chip.life_cycle is LifeCycle.TERMINATED


def test_a_machine_that_never_gives_a_clear_answer_is_not_asked_for_ever(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=1)
    with floor(home) as it:

        def lost(*_: object) -> None:
            raise CardUncertain("the machine's reply was lost")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(it.printer, "park", lost)
            it.run(a_batch(home))
        assert outcomes(it.plant) == [("in_doubt", None)]
        assert len(it.world.tray(MACHINE, Tray.REJECT)) == 1
        assert contradictions(it.plant) == []


class _Undecided:
    """An inspector that cannot say."""

    def inspect(self, _channel: object, _expected: object) -> QaVerdict:
        return QaVerdict(verdict=Verdict.HOLD, card=None, checks=())

    look = verify = inspect


@pytest.mark.parametrize("mishap", [None, Mishap.REPLY_LOST, Mishap.JAM])
def test_a_verdict_of_hold_waits_for_people(tmp_path: Path, mishap: Mishap | None) -> None:
    home = a_home(tmp_path, cards=1)
    plan = FaultPlan.named("none", 1)
    if mishap is not None:
        plan = plan.with_mishap(1, PhysicalStep.EJECT, mishap)
    with floor(home, plan=plan) as it:
        undecided = {
            name: replace(bench, inspector=_Undecided()) for name, bench in it.shop.benches.items()
        }
        object.__setattr__(it.shop, "benches", undecided)
        it.run(a_batch(home))
        assert outcomes(it.plant) == [("in_doubt" if mishap is Mishap.REPLY_LOST else "held", None)]
        assert states(it.plant) == {"HELD": 1}
        assert len(it.world.tray(MACHINE, Tray.REJECT)) == 1
        assert contradictions(it.plant) == []
