"""A line's manners: orders, the stop rule, hoppers, stops on people, strange cards."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from benchmarks.campaigns.truth import chip_of
from ektp.cards import BlankKind, SpoilCause
from ektp.errors import DecisionOpen, LeaseLost, LineBusy, LineStopped
from ektp.ids import CardSerial
from ektp.journal import utc_text
from ektp.lifecycle import CardState
from ektp.printer_profiles import Tray
from pipeline.store import schema as db
from pipeline.store.events import JobCancelled, JobHeld, StopAdded
from simulation.chip.faults import ChipFaults
from simulation.chip.security import LifeCycle
from simulation.printer.faults import FaultPlan, Mishap, PhysicalStep
from tests.builders import (
    LINE,
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

PASSED = ("passed", None)


def _order(it: Floor, wanted: str) -> None:
    store = it.plant.home.store
    with store.transaction(OPERATOR) as tx:
        tx.connection.execute(delete(db.orders))
        tx.connection.execute(
            insert(db.orders).values(
                line=LINE, wanted=wanted, at=utc_text(it.plant.home.clock.now())
            )
        )


def _line_state(it: Floor) -> tuple[str, str | None]:
    with it.plant.home.store.read() as connection:
        row = connection.execute(select(db.lines.c.state, db.lines.c.reason)).one()
    return row.state, row.reason


# --- orders -----------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["pause", "drain", "hold"])
def test_an_order_is_obeyed_before_the_next_card(tmp_path: Path, wanted: str) -> None:
    home = a_home(tmp_path, cards=4)

    def after_a_card(_outcome: str) -> None:
        if it.printer.counters().fed == 2:
            _order(it, wanted)

    with floor(home, on_card=after_a_card) as it:
        batch = a_batch(home)
        report = it.run(batch)
        assert (report.passed, report.ended) == (2, wanted)
        assert _line_state(it) == ("PAUSED", wanted)
        assert states(it.plant) == {"PRODUCED": 2, "PREPARED": 2}
        _order(it, "run")
        assert it.run(batch).passed == 2
        assert contradictions(it.plant) == []


# --- the stop rule ----------------------------------------------------------------------------


def test_the_third_spoil_of_one_cause_stops_the_line_at_once(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=4)
    plan = FaultPlan.named("none", 1)
    for number in (1, 3, 4):
        plan = plan.with_mishap(number, PhysicalStep.PRINT, Mishap.CHIP_KILLED)
    with floor(home, plan=plan) as it:
        with pytest.raises(LineStopped) as stopped:
            it.run(a_batch(home))
        assert stopped.value.facts["cause"] == SpoilCause.CHIP_DEAD_AFTER_PRINT
        assert it.printer.counters().fed == 4
        assert _line_state(it) == ("STOPPED", SpoilCause.CHIP_DEAD_AFTER_PRINT.value)
        _order(it, "run")
        assert it.run(a_batch(home)).passed == 3
        assert contradictions(it.plant) == []


def test_a_stopped_line_costs_one_card_at_most_before_it_stops_again(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=4)
    plan = FaultPlan.named("none", 1)
    for number in (1, 2, 3):
        plan = plan.with_mishap(number, PhysicalStep.PRINT, Mishap.CHIP_KILLED)
    with floor(home, plan=plan) as it:
        batch = a_batch(home)
        with pytest.raises(LineStopped):
            it.run(batch)
        with pytest.raises(LineStopped):
            it.run(batch)
        assert it.printer.counters().fed <= 4


# --- hoppers ----------------------------------------------------------------------------------


def _keep_blanks(it: Floor, count: int) -> None:
    """Leave so many blanks in the hopper, and as many in the books."""
    taken = it.world.take_from_hopper(MACHINE, 1)
    it.world.load_hopper(MACHINE, 1, taken[:count])
    with it.plant.home.store.transaction(OPERATOR) as tx:
        for first in range(count, len(taken), 400):
            tx.connection.execute(
                update(db.cards)
                .where(db.cards.c.card.in_(taken[first : first + 400]))
                .values(state=CardState.IN_VAULT.value, line=None)
            )


def test_an_empty_hopper_with_nothing_booked_stops_the_line(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=4)
    with floor(home) as it:
        _keep_blanks(it, 2)
        with pytest.raises(LineStopped) as stopped:
            it.run(a_batch(home))
        assert stopped.value.facts["cause"] == "PRN-411"
        assert outcomes(it.plant) == [PASSED, PASSED, ("void", None)]
        assert states(it.plant) == {"PRODUCED": 2, "PREPARED": 2}


class _Waited(Exception):
    """The line waited longer than any test should."""


def _impatient(limit: int = 50) -> tuple[list[float], object]:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) > limit:
            raise _Waited

    return waits, sleep


def test_a_blank_in_a_bag_is_no_blank_to_wait_for(tmp_path: Path) -> None:
    """An unreadable blank stays booked to the line; the hopper is empty all the same."""
    home = a_home(tmp_path, cards=2)
    plan = FaultPlan.named("none", 1).with_mishap(1, PhysicalStep.FEED, Mishap.CHIP_MUTE)
    _, sleep = _impatient()
    with floor(home, plan=plan, sleep=sleep) as it:  # type: ignore[arg-type]
        _keep_blanks(it, 2)
        with pytest.raises(LineStopped) as stopped:
            it.run(a_batch(home))
        assert stopped.value.facts["cause"] == "PRN-411"


def test_a_hopper_that_is_filled_while_the_line_waits_goes_on(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=2)
    with floor(home) as it:
        rest = it.world.take_from_hopper(MACHINE, 1)
        it.world.load_hopper(MACHINE, 1, rest[:1])

        def fill(_seconds: float) -> None:
            if not it.world.hopper(MACHINE, 1):
                it.world.load_hopper(MACHINE, 1, rest[1:])

        object.__setattr__(it.shop, "sleep", fill)
        assert it.run(a_batch(home)).passed == 2
        assert contradictions(it.plant) == []


def test_a_waiting_line_obeys_an_order(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=2)
    waits: list[float] = []
    with floor(home) as it:
        rest = it.world.take_from_hopper(MACHINE, 1)
        it.world.load_hopper(MACHINE, 1, rest[:1])

        def order(seconds: float) -> None:
            waits.append(seconds)
            _order(it, "pause")
            if len(waits) > 50:
                raise _Waited

        object.__setattr__(it.shop, "sleep", order)
        report = it.run(a_batch(home))
        assert (report.passed, report.ended) == (1, "pause")
        assert outcomes(it.plant) == [PASSED, ("void", None)]
        assert states(it.plant) == {"PRODUCED": 1, "PREPARED": 1}


# --- people -----------------------------------------------------------------------------------


def test_a_person_stopped_meanwhile_is_held_and_no_blank_is_fed(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=2)
    with floor(home) as it:
        store = it.plant.home.store
        with store.transaction(OPERATOR) as tx:
            job, holder = tx.connection.execute(
                select(db.jobs.c.job, db.jobs.c.holder).order_by(db.jobs.c.sort_key).limit(1)
            ).one()
            tx.record(StopAdded(holder=holder, reason="DECEASED"))
        assert it.run(a_batch(home)).passed == 1
        assert it.printer.counters().fed == 1
        with store.read() as connection:
            row = connection.execute(
                select(db.jobs.c.state, db.jobs.c.held_reason).where(db.jobs.c.job == job)
            ).one()
        assert tuple(row) == ("HELD", "stop list: DECEASED")


def test_a_second_live_card_is_refused_and_its_job_held(tmp_path: Path) -> None:
    """A job was cancelled while its card was in doubt, and the citizen asked again."""
    home = a_home(tmp_path, cards=2)
    plan = FaultPlan.named("none", 1).with_mishap(1, PhysicalStep.EJECT, Mishap.REPLY_LOST)
    with floor(home, plan=plan) as it:
        store = it.plant.home.store
        with store.read() as connection:
            first, second = connection.execute(
                select(db.jobs.c.job, db.jobs.c.holder).order_by(db.jobs.c.sort_key)
            ).all()
        with store.transaction(OPERATOR) as tx:
            tx.record(JobHeld(job=second.job, reason="later"))
        it.run(a_batch(home))
        with store.transaction(OPERATOR) as tx:
            tx.record(JobCancelled(job=first.job, reason="asked again"))
            # The second job becomes the first citizen's new one.
            tx.connection.execute(
                update(db.jobs)
                .where(db.jobs.c.job == second.job)
                .values(holder=first.holder, state="PREPARED", held_reason=None)
            )
        it.run(a_batch(home))
        assert outcomes(it.plant) == [("in_doubt", None), ("spoiled", "unresolved")]
        with store.read() as connection:
            row = connection.execute(
                select(db.jobs.c.state, db.jobs.c.held_reason).where(db.jobs.c.job == second.job)
            ).one()
        assert tuple(row) == ("HELD", "LIF-702")
        (reject,) = it.world.tray(MACHINE, Tray.REJECT)
        chip = chip_of(it.world, reject)
        assert chip is None or not list(chip.files), "nothing of the citizen was written"


# --- strange cards ----------------------------------------------------------------------------


def _put_first(it: Floor, card: CardSerial) -> None:
    stack = [serial for serial in it.world.take_from_hopper(MACHINE, 1) if serial != card]
    it.world.load_hopper(MACHINE, 1, [card, *stack])


def _refused(it: Floor, home: Path, card: CardSerial) -> None:
    before = chip_of(it.world, card)
    _put_first(it, card)
    assert it.run(a_batch(home)).passed == 2
    assert outcomes(it.plant) == [("spoiled", SpoilCause.BLANK_REFUSED.value), PASSED, PASSED]
    assert it.world.tray(MACHINE, Tray.REJECT) == (card,)
    after = chip_of(it.world, card)
    if before is not None:
        assert after is not None
        assert bytes(after) == bytes(before), "nothing was written to a stranger's card"
    elif after is not None:
        assert not list(after.files)
        assert after.life_cycle is LifeCycle.OP_READY


def test_a_foreign_serial_is_refused_unwritten(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=2)
    foreign = CardSerial("00112233445566FF")
    with floor(home) as it:
        it.world.make_box(BlankKind.WNI_8K, [foreign])
        _refused(it, home, foreign)
        assert it.plant.home.store.verify()[0] > 0


def test_a_blank_of_another_kind_is_refused_unwritten(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=2)
    with floor(home) as it:
        (orange,) = it.world.take_from_hopper(MACHINE, 2, 1)
        _refused(it, home, orange)
        with it.plant.home.store.read() as connection:
            state = connection.scalar(select(db.cards.c.state).where(db.cards.c.card == orange))
        assert state == CardState.ISSUED.value, "it is as good a blank as before"


def test_a_blank_that_was_not_issued_to_this_line_is_refused(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=2)
    with floor(home) as it:
        card = it.world.hopper(MACHINE, 1)[-1]
        with it.plant.home.store.transaction(OPERATOR) as tx:
            tx.connection.execute(update(db.cards).where(db.cards.c.card == card).values(line="L2"))
        _refused(it, home, card)


def test_a_personalised_card_in_the_hopper_is_refused_unwritten(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=3)
    with floor(home) as it:
        batch = a_batch(home)

        def pause(_outcome: str) -> None:
            _order(it, "pause")

        it.controller.on_card = pause
        it.run(batch)
        _order(it, "run")
        it.controller.on_card = lambda _: None
        (done,) = it.world.remove_from_tray(MACHINE, Tray.GOOD)
        before = chip_of(it.world, done)
        assert before is not None
        _put_first(it, done)
        assert it.run(batch).passed == 2
        after = chip_of(it.world, done)
        assert after is not None
        assert bytes(after) == bytes(before)
        with it.plant.home.store.read() as connection:
            state = connection.scalar(select(db.cards.c.state).where(db.cards.c.card == done))
        assert state == CardState.PASSED.value, "the books do not lose a citizen's card"


def test_an_issued_blank_that_is_no_blank_is_booked_as_spoiled(tmp_path: Path) -> None:
    """Its supplier's list names it and it was issued here: it must not stay on the line's books."""
    home = a_home(tmp_path, cards=2)
    with floor(home) as it:
        card = it.world.hopper(MACHINE, 1)[0]
        with it.world.storage.transaction():
            it.world.chips.harm(it.world.places.number(card), card, ChipFaults())
        chip = chip_of(it.world, card)
        assert chip is not None
        chip.life_cycle = LifeCycle.TERMINATED
        with it.world.storage.transaction():
            number = it.world.places.number(card)
            sealed = it.world.chips._seal.seal(bytes(chip), f"chips/{number}/state")
            it.world.storage.execute("UPDATE chips SET state = ? WHERE card = ?", (sealed, number))
        assert it.run(a_batch(home)).passed == 2
        with it.plant.home.store.read() as connection:
            row = connection.execute(
                select(db.cards.c.state, db.cards.c.cause).where(db.cards.c.card == card)
            ).one()
        assert tuple(row) == ("SPOILED", SpoilCause.BLANK_REFUSED.value)
        assert contradictions(it.plant) == []


def test_a_stranger_left_inside_the_machine_costs_one_job_and_no_more(tmp_path: Path) -> None:
    """Somebody's card stands inside before the first feed: nothing is doubted in a row."""
    home = a_home(tmp_path, cards=4)
    with floor(home) as it:
        card = it.world.hopper(MACHINE, 1)[0]
        it.printer.feed_to(next(iter(_contactless())), 1)
        try:
            it.run(a_batch(home))
        except LineStopped:
            it.run(a_batch(home))
        assert states(it.plant).get("HELD", 0) <= 1
        assert states(it.plant)["PRODUCED"] >= 3
        assert it.world.inside(MACHINE) is None
        assert it.world.where(card).slot == Tray.REJECT.value


def _contactless() -> list[object]:
    from ektp.printer_profiles import Station  # noqa: PLC0415 - one name for one helper

    return [Station.CONTACTLESS]


# --- holding ----------------------------------------------------------------------------------


def test_two_controllers_never_have_one_line(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=1)
    with (
        floor(home) as it,
        floor(home) as other,
        it.controller.holding(),
        pytest.raises(LineBusy),
        other.controller.holding(),
    ):
        pytest.fail("a line was held twice")


def test_a_controller_that_lost_its_line_journals_and_moves_nothing(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=2)
    with floor(home) as it, it.controller.holding():
        with it.plant.home.store.transaction(OPERATOR) as tx:
            tx.connection.execute(update(db.leases).values(token=db.leases.c.token + 1))
        before = it.plant.home.store.verify()
        with pytest.raises(LeaseLost):
            it.controller.run(a_batch(home))
        assert it.plant.home.store.verify() == before
        assert it.printer.counters().fed == 0


def test_outside_its_hold_a_controller_has_no_lease(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=1)
    with floor(home) as it, pytest.raises(LeaseLost):
        _ = it.controller.lease


def test_an_open_attempt_must_be_recovered_first(tmp_path: Path) -> None:
    class Gone(BaseException):
        pass

    def die(_machine: str, _number: int, step: PhysicalStep) -> None:
        if step is PhysicalStep.PARK:
            raise Gone

    home = a_home(tmp_path, cards=1)
    batch = a_batch(home)
    with floor(home, plan=FaultPlan.named("none", 1).with_hook(die)) as it, pytest.raises(Gone):
        it.run(batch)
    with floor(home) as it:
        with pytest.raises(DecisionOpen):
            it.run(batch)
        assert list(it.recover().values()) == ["passed"]
        assert it.run(batch).cards == 0
        assert contradictions(it.plant) == []
