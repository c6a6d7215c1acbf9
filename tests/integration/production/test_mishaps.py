"""Each thing that can go wrong in a machine, alone, and what becomes of card, job and counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from benchmarks.campaigns.truth import chip_of
from ektp.cards import SpoilCause
from ektp.ids import CardSerial
from ektp.printer_profiles import Tray
from pipeline.store import schema as db
from simulation.chip.faults import ChipFaults, Tear
from simulation.chip.security import LifeCycle
from simulation.printer.faults import FaultPlan, Mishap, PhysicalStep
from simulation.printer.setup import MachineSetup
from tests.builders import MACHINE, Floor, a_batch, a_home, contradictions, floor, outcomes, states

P, M = PhysicalStep, Mishap
PASSED = ("passed", None)


def _plan(step: PhysicalStep, mishap: Mishap) -> FaultPlan:
    return FaultPlan.named("none", 1).with_mishap(1, step, mishap)


def _spoiled(cause: SpoilCause) -> tuple[str, str]:
    return ("spoiled", cause.value)


@pytest.mark.parametrize(
    ("step", "mishap"),
    [
        (P.FEED, M.MISFEED),
        (P.FEED, M.REPLY_LOST),
        (P.PARK, M.REPLY_LOST),
        (P.PRINT, M.MISSING_PANEL),
        (P.PRINT, M.STREAK),
    ],
)
def test_what_costs_no_card(tmp_path: Path, step: PhysicalStep, mishap: Mishap) -> None:
    home = a_home(tmp_path, cards=2)
    with floor(home, plan=_plan(step, mishap)) as it:
        report = it.run(a_batch(home))
        assert (report.cards, report.passed, report.ended) == (2, 2, "done")
        assert outcomes(it.plant) == [PASSED, PASSED]
        assert contradictions(it.plant) == []


@pytest.mark.parametrize(
    ("step", "mishap", "cause"),
    [
        (P.FEED, M.CHIP_MUTE, SpoilCause.BLANK_UNREADABLE),
        (P.FEED, M.MEMORY_FAILURE, SpoilCause.ENCODE_FAILED),
        (P.PARK, M.JAM, SpoilCause.PRINT_FAILED),
        (P.PRINT, M.JAM, SpoilCause.PRINT_FAILED),
        (P.PRINT, M.CHIP_KILLED, SpoilCause.CHIP_DEAD_AFTER_PRINT),
        (P.PRINT, M.REPLY_LOST, SpoilCause.PRINT_INTERRUPTED),
        (P.EJECT, M.JAM, SpoilCause.PRINT_FAILED),
    ],
)
def test_what_costs_a_card_and_its_job_is_made_again(
    tmp_path: Path, step: PhysicalStep, mishap: Mishap, cause: SpoilCause
) -> None:
    home = a_home(tmp_path, cards=2)
    with floor(home, plan=_plan(step, mishap)) as it:
        report = it.run(a_batch(home))
        assert (report.cards, report.passed) == (3, 2)
        assert outcomes(it.plant) == [_spoiled(cause), PASSED, PASSED]
        assert states(it.plant) == {"PRODUCED": 2}
        assert len(it.world.tray(MACHINE, Tray.REJECT)) == 1
        assert contradictions(it.plant) == []


def test_a_reply_lost_at_delivery_leaves_a_card_that_nobody_acquits(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=2)
    with floor(home, plan=_plan(P.EJECT, M.REPLY_LOST)) as it:
        it.run(a_batch(home))
        assert outcomes(it.plant) == [("in_doubt", None), PASSED]
        assert states(it.plant) == {"HELD": 1, "PRODUCED": 1}
        assert len(it.world.tray(MACHINE, Tray.GOOD)) == 2
        assert contradictions(it.plant) == []


def test_an_unreadable_blank_gets_a_numbered_bag(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=2)
    plan = _plan(P.FEED, M.CHIP_MUTE).with_mishap(2, P.FEED, M.CHIP_MUTE)
    with floor(home, plan=plan) as it:
        it.run(a_batch(home))
        with it.plant.home.store.read() as connection:
            bags = connection.scalars(
                select(db.attempts.c.bag).order_by(db.attempts.c.started_at)
            ).all()
        assert bags == [1, 2, None, None]


@pytest.mark.parametrize("command", [1, 2, 3, 4, 5, 8, 20, 40, 60, 80, 100])
def test_one_lost_command_never_makes_a_bad_card(tmp_path: Path, command: int) -> None:
    home = a_home(tmp_path, cards=2)
    with floor(home) as it:
        _harm_first_blank(it, ChipFaults(lose_apdu=command))
        it.run(a_batch(home))
        assert states(it.plant) == {"PRODUCED": 2}
        assert contradictions(it.plant) == []


@pytest.mark.parametrize("command", [40, 43, 48, 58, 73])
def test_a_chip_torn_while_it_is_written_is_spoiled_and_killed(
    tmp_path: Path, command: int
) -> None:
    home = a_home(tmp_path, cards=2)
    with floor(home) as it:
        card = _harm_first_blank(it, ChipFaults(tear=Tear(apdu=command, byte=10)))
        it.run(a_batch(home))
        assert outcomes(it.plant) == [_spoiled(SpoilCause.ENCODE_FAILED), PASSED, PASSED]
        chip = chip_of(it.world, card)
        assert chip is not None
        assert chip.life_cycle is LifeCycle.TERMINATED
        assert contradictions(it.plant) == []


def _harm_first_blank(it: Floor, faults: ChipFaults) -> CardSerial:
    card = it.world.hopper(MACHINE, 1)[0]
    with it.world.storage.transaction():
        it.world.chips.harm(it.world.places.number(card), card, faults)
    return card


@pytest.mark.parametrize("step", [P.PRINT, P.PARK, P.EJECT])
def test_a_cover_opened_at_any_moment_costs_no_card(tmp_path: Path, step: PhysicalStep) -> None:
    """The hook opens the cover just before an act begins; the act that follows is refused."""
    home = a_home(tmp_path, cards=1)
    opened: list[str] = []

    def open_once(_machine: str, _number: int, now: PhysicalStep) -> None:
        if now is step and not opened:
            opened.append(now)
            it.printer.machine.open_cover()

    with floor(home, plan=FaultPlan.named("none", 1).with_hook(open_once)) as it:
        it.run(a_batch(home))
        assert opened
        assert outcomes(it.plant) == [PASSED]
        assert contradictions(it.plant) == []


def test_a_cover_opened_before_a_reject_only_delays_it(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=1)
    opened: list[str] = []

    def open_once(_machine: str, number: int, now: PhysicalStep) -> None:
        if now is P.PARK and number == 1 and not opened:
            opened.append(now)
            it.printer.machine.open_cover()

    plan = _plan(P.PRINT, M.CHIP_KILLED).with_hook(open_once)
    with floor(home, plan=plan) as it:
        it.run(a_batch(home))
        assert outcomes(it.plant) == [_spoiled(SpoilCause.CHIP_DEAD_AFTER_PRINT), PASSED]
        assert contradictions(it.plant) == []


def test_an_empty_ribbon_is_waited_for_and_said(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=4)
    waits: list[float] = []
    with floor(home, sleep=waits.append, operator_looks=2) as it:
        with it.world.storage.transaction():
            it.printer.machine.register.change_roll(1, 2)
        report = it.run(a_batch(home))
        assert report.passed == 4
        assert waits
        with it.plant.home.store.read() as connection:
            said = connection.scalars(
                select(db.journal.c.data).where(db.journal.c.event == "line.state")
            ).all()
        assert any("PRN-412" in data and "PAUSED" in data for data in said)
        assert contradictions(it.plant) == []


def test_a_full_tray_is_waited_for(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=4)
    with floor(home, setup=MachineSetup(good_tray_cards=2)) as it:
        assert it.run(a_batch(home)).passed == 4
        assert outcomes(it.plant) == [PASSED] * 4
