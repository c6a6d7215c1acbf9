"""`fed = good + rejected + lost + inside`, after every act of any run with any faults."""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ektp.accounting import MachineCount
from ektp.apdu import CommandApdu
from ektp.errors import CardAbsent, CardSpoiled, CardUncertain, OperatorNeeded
from ektp.ids import CardSerial
from ektp.printer_profiles import Station, Tray
from simulation.printer.faults import FaultPlan, Mishap, PhysicalStep
from tests.contract.printer.bench import SimulatedBench, small_artwork

INITIALIZE_UPDATE = CommandApdu(0x80, 0x50, data=bytes(8), le=256)
STATIONS = st.sampled_from((Station.TRANSPORT, Station.CONTACTLESS, Station.PRINT))
ALL_AT_ONCE = {
    step: dict.fromkeys(Mishap, 0.04) for step in PhysicalStep if step is not PhysicalStep.PANEL
}


class HostDied(Exception):
    """Stands for the death of the process that drives the machine."""


class AnyRun(RuleBasedStateMachine):
    """Acts in any order, with mishaps of every kind, hosts that die and hands that help."""

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.dying_in = 0
        self.plan = FaultPlan(name="all", seed=seed, odds=ALL_AT_ONCE).with_hook(self.maybe_die)
        self.bench = SimulatedBench(Path(self.folder.name), self.plan)
        self.cards: list[CardSerial] = []
        self.taken_out = 0

    def maybe_die(self, _machine: str, _number: int, _step: PhysicalStep) -> None:
        if self.dying_in:
            self.dying_in -= 1
            if not self.dying_in:
                raise HostDied

    def act(self, act: Callable[[], object]) -> None:
        try:
            with suppress(OperatorNeeded, CardSpoiled, CardUncertain):
                act()
        except HostDied:
            self.bench.lose_host()
        self.dying_in = 0

    @rule(count=st.integers(1, 4))
    def load(self, count: int) -> None:
        self.cards += self.bench.load(count)

    @rule(steps=st.integers(1, 4))
    def let_the_host_die_soon(self, steps: int) -> None:
        self.dying_in = steps

    @rule(station=STATIONS)
    def feed(self, station: Station) -> None:
        self.act(lambda: self.bench.printer.feed_to(station))

    @rule(station=STATIONS)
    def park(self, station: Station) -> None:
        self.act(lambda: self.bench.printer.park(station))

    @rule()
    def print(self) -> None:
        self.act(lambda: self.bench.printer.print(small_artwork()))

    @rule(tray=st.sampled_from(Tray))
    def eject(self, tray: Tray) -> None:
        self.act(lambda: self.bench.printer.eject(tray))

    @rule()
    def write(self) -> None:
        with self.bench.printer.channel() as chip, suppress(CardAbsent):
            chip.transmit(INITIALIZE_UPDATE)

    @rule()
    def look(self) -> None:
        self.bench.printer.status()

    @rule()
    def recover(self) -> None:
        self.bench.printer.recover()

    @rule()
    def take_out(self) -> None:
        self.taken_out += self.bench.printer.machine.take_out() is not None

    @rule()
    def lose_host(self) -> None:
        self.bench.lose_host()

    @invariant()
    def the_machine_can_show_every_card_that_it_fed(self) -> None:
        counters = self.bench.printer.counters()
        inside = self.bench.inside()
        count = MachineCount(
            fed=counters.fed,
            good=counters.good,
            rejected=counters.rejected,
            lost=counters.lost,
            inside=inside is not None,
            journal_fed=counters.fed,
        )
        assert count.difference == 0
        assert counters.good == len(self.bench.tray(Tray.GOOD))
        assert counters.rejected == len(self.bench.tray(Tray.REJECT))
        assert counters.lost == self.taken_out
        at = self.bench.printer.machine.view().station
        assert (at is Station.NONE) is (inside is None)

    @invariant()
    def no_card_is_in_two_places_or_in_none(self) -> None:
        inside = self.bench.inside()
        seen = [
            *self.bench.hopper(),
            *self.bench.tray(Tray.GOOD),
            *self.bench.tray(Tray.REJECT),
            *([] if inside is None else [inside]),
        ]
        assert len(seen) == len({*seen})
        assert len(seen) + self.taken_out == len(self.cards)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.bench.printer.close()
            self.folder.cleanup()


TestAnyRun = AnyRun.TestCase
TestAnyRun.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
