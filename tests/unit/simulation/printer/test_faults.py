from collections import Counter

import pytest

from ektp.errors import ConfigurationError
from simulation.printer.faults import FaultPlan, Mishap, PhysicalStep

CARDS = 20_000
SPOILS = {Mishap.CHIP_MUTE, Mishap.MEMORY_FAILURE, Mishap.CHIP_KILLED, Mishap.JAM}


def count(plan: FaultPlan) -> Counter[Mishap]:
    return Counter(
        mishap
        for number in range(CARDS)
        for step in PhysicalStep
        if (mishap := plan.mishap("L1", number, step)) is not None
    )


def test_a_plan_of_another_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cruel"):
        FaultPlan.named("cruel", 7)


def test_nothing_happens_without_faults() -> None:
    assert not count(FaultPlan.named("none", 7))


def test_the_typical_machine_spoils_one_card_in_a_hundred() -> None:
    seen = count(FaultPlan.named("typical", 7))
    assert 0.008 < sum(seen[mishap] for mishap in SPOILS) / CARDS < 0.012
    assert 0.001 < seen[Mishap.MISFEED] / CARDS < 0.003
    assert 0.003 < seen[Mishap.WEAK_FIELD] / CARDS < 0.007
    assert seen.keys() == SPOILS | {Mishap.MISFEED, Mishap.WEAK_FIELD}


def test_the_harsh_machine_knows_every_mishap() -> None:
    seen = count(FaultPlan.named("harsh", 7))
    assert 0.08 < sum(seen[mishap] for mishap in SPOILS) / CARDS < 0.10
    assert 0.008 < seen[Mishap.REPLY_LOST] / CARDS < 0.012
    assert seen.keys() == {*Mishap}


def test_seed_machine_and_card_decide() -> None:
    def fate(seed: int, machine: str) -> list[Mishap | None]:
        plan = FaultPlan.named("harsh", seed)
        return [plan.mishap(machine, n, step) for n in range(300) for step in PhysicalStep]

    assert fate(7, "L1") == fate(7, "L1")
    assert fate(7, "L1") != fate(8, "L1")
    assert fate(7, "L1") != fate(7, "L2")


def test_a_script_comes_before_the_seed() -> None:
    plan = FaultPlan.named("none", 7).with_mishap(3, PhysicalStep.PRINT, Mishap.JAM)
    assert plan.mishap("L1", 3, PhysicalStep.PRINT) is Mishap.JAM
    assert plan.mishap("L1", 3, PhysicalStep.EJECT) is None
    assert plan.mishap("L1", 4, PhysicalStep.PRINT) is None


def test_rolls_yield_a_little_less_or_more_than_their_label() -> None:
    plan = FaultPlan.named("none", 7)
    yields = {plan.roll_yield("L1", roll, 500) for roll in range(200)}
    assert min(yields) >= 470
    assert max(yields) <= 510
    assert len(yields) > 20


def test_the_hook_hears_of_each_step() -> None:
    heard: list[tuple[str, int, PhysicalStep]] = []
    plan = FaultPlan.named("none", 7).with_hook(lambda *step: heard.append(step))
    plan.on_step("L1", 4, PhysicalStep.FEED)
    assert heard == [("L1", 4, PhysicalStep.FEED)]
