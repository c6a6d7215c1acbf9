from collections.abc import Callable
from pathlib import Path

import pytest

from simulation.printer.faults import FaultPlan
from tests.contract.printer.bench import BENCHES, Accident, PrinterBench

MakeBench = Callable[..., PrinterBench]


@pytest.fixture(params=sorted(BENCHES))
def make_bench(request: pytest.FixtureRequest, tmp_path: Path) -> MakeBench:
    """Make a bench of one implementation, with accidents by (card, step, mishap)."""

    def make(*accidents: Accident) -> PrinterBench:
        plan = FaultPlan.named("none", 7)
        for feed_number, step, mishap in accidents:
            plan = plan.with_mishap(feed_number, step, mishap)
        return BENCHES[request.param](tmp_path, plan)

    return make
