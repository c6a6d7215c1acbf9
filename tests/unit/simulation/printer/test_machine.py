"""What the port does not show: ribbon, operator, time, hosts that die and power that fails."""

from pathlib import Path

import pytest

from ektp.errors import (
    CardAbsent,
    CardSpoiled,
    CardUncertain,
    ConfigurationError,
    CoverOpen,
    HopperEmpty,
    OperatorNeeded,
    ReaderUnavailable,
    RibbonExhausted,
)
from ektp.ports import Condition
from ektp.printer_profiles import PanelKind, Side, Station, Tray
from simulation.printer.faults import FaultPlan, Mishap, PhysicalStep, PowerCut
from simulation.printer.setup import MachineSetup
from simulation.printer.simulated import SimulatedPrinter
from simulation.world.places import Place
from simulation.world.prints import PrintState
from simulation.world.world import World
from tests.unit.simulation.world.helpers import (
    CPLC,
    CREATE_APPLICATION,
    CREATE_FILE,
    artwork,
    boxed,
    dye,
    inside,
    update,
)

QUIET = FaultPlan.named("none", 7)


class HostDied(Exception):
    """Stands for the death of the process that drives the machine."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World.create(tmp_path / "sim")
    world.load_hopper("L1", 1, boxed(world, 20))
    return world


def make_card(printer: SimulatedPrinter) -> None:
    printer.feed_to(Station.TRANSPORT)
    printer.park(Station.CONTACTLESS)
    printer.print(artwork())
    printer.eject(Tray.GOOD)


def dies_at(step: PhysicalStep, feed_number: int = 1) -> FaultPlan:
    def hook(_machine: str, number: int, now: PhysicalStep) -> None:
        if (number, now) == (feed_number, step):
            raise HostDied

    return QUIET.with_hook(hook)


class TestChips:
    def test_a_mute_blank_never_answers(self, world: World) -> None:
        plan = QUIET.with_mishap(1, PhysicalStep.FEED, Mishap.CHIP_MUTE)
        printer = SimulatedPrinter(world, "L1", plan=plan)
        printer.feed_to(Station.CONTACTLESS)
        for _ in range(2):
            with printer.channel() as chip, pytest.raises(CardAbsent):
                chip.atr()

    def test_a_flaw_of_the_memory_shows_while_writing(self, world: World) -> None:
        plan = QUIET.with_mishap(1, PhysicalStep.FEED, Mishap.MEMORY_FAILURE)
        printer = SimulatedPrinter(world, "L1", plan=plan)
        printer.feed_to(Station.CONTACTLESS)
        card = world.inside("L1")
        assert card is not None
        with printer.channel() as chip:
            host = inside(world, card, chip)
            for command in (CREATE_APPLICATION, CREATE_FILE):
                host.process(command)
            answers = {host.process(update(at, bytes([7]) * 239)).sw for at in range(0, 4541, 239)}
        assert answers == {0x9000, 0x6581}

    def test_a_weak_field_passes(self, world: World) -> None:
        plan = QUIET.with_mishap(1, PhysicalStep.FEED, Mishap.WEAK_FIELD)
        printer = SimulatedPrinter(world, "L1", plan=plan)
        printer.feed_to(Station.CONTACTLESS)
        lost = 0
        with printer.channel() as chip:
            for _ in range(100):
                try:
                    chip.transmit(CPLC)
                except CardAbsent:
                    lost += 1
                    chip.reset()
        assert lost == 1

    def test_the_print_head_kills_a_chip_unnoticed(self, world: World) -> None:
        plan = QUIET.with_mishap(1, PhysicalStep.PRINT, Mishap.CHIP_KILLED)
        printer = SimulatedPrinter(world, "L1", plan=plan)
        printer.feed_to(Station.CONTACTLESS)
        with printer.channel() as chip:
            assert chip.transmit(CPLC).ok
        assert printer.print(artwork()).panels == 4
        printer.park(Station.CONTACTLESS)
        with printer.channel() as chip, pytest.raises(CardAbsent):
            chip.transmit(CPLC)


class TestRibbon:
    def setup_of(self, cards: int) -> MachineSetup:
        return MachineSetup(ribbon_cards=cards)

    def test_a_roll_ends_at_the_print_and_the_operator_changes_it(self, world: World) -> None:
        printer = SimulatedPrinter(world, "L1", setup=self.setup_of(4))
        for _ in range(4):
            make_card(printer)
        printer.feed_to(Station.CONTACTLESS)
        with pytest.raises(RibbonExhausted):
            printer.print(artwork())
        inside = world.inside("L1")
        for _ in range(3):
            assert printer.status().conditions == (Condition.RIBBON_EMPTY,)
        assert printer.status().conditions == ()
        assert printer.status().ribbon_cards == 4
        assert printer.print(artwork()).supplies == {"ribbon_cards": 3}
        assert world.inside("L1") == inside

    def test_an_empty_roll_stops_the_next_feed_too(self, world: World) -> None:
        printer = SimulatedPrinter(world, "L1", setup=self.setup_of(1))
        make_card(printer)
        printer.feed_to(Station.CONTACTLESS)
        with pytest.raises(RibbonExhausted):
            printer.print(artwork())
        printer.eject(Tray.REJECT)
        with pytest.raises(RibbonExhausted):
            printer.feed_to(Station.CONTACTLESS)
        assert printer.counters().fed == 2

    def test_a_jammed_print_uses_its_panels_too(self, world: World) -> None:
        plan = QUIET.with_mishap(1, PhysicalStep.PRINT, Mishap.JAM)
        printer = SimulatedPrinter(world, "L1", plan=plan)
        printer.feed_to(Station.CONTACTLESS)
        with pytest.raises(CardSpoiled):
            printer.print(artwork())
        assert printer.status().ribbon_cards == 499
        assert printer.counters().printed == 0


class TestOperator:
    def test_nobody_comes_where_nobody_is(self, world: World) -> None:
        plan = QUIET.with_mishap(1, PhysicalStep.FEED, Mishap.MISFEED)
        printer = SimulatedPrinter(world, "L1", plan=plan, operator_looks=None)
        with pytest.raises(OperatorNeeded):
            printer.feed_to(Station.CONTACTLESS)
        for _ in range(10):
            assert printer.status().conditions == (Condition.CARD_JAM,)
        with pytest.raises(OperatorNeeded):
            printer.feed_to(Station.CONTACTLESS)
        printer.machine.put_right()
        printer.feed_to(Station.CONTACTLESS)
        assert printer.counters().fed == 1

    def test_clearing_errors_does_not_straighten_a_stack(self, world: World) -> None:
        plan = QUIET.with_mishap(1, PhysicalStep.FEED, Mishap.MISFEED)
        printer = SimulatedPrinter(world, "L1", plan=plan)
        with pytest.raises(OperatorNeeded):
            printer.feed_to(Station.CONTACTLESS)
        assert printer.recover().conditions == (Condition.CARD_JAM,)

    def test_the_operator_never_loads_blanks(self, world: World) -> None:
        printer = SimulatedPrinter(world, "L1")
        with pytest.raises(HopperEmpty):
            printer.feed_to(Station.CONTACTLESS, hopper=2)
        for _ in range(10):
            assert printer.status().conditions == (Condition.HOPPER_EMPTY,)
        world.load_hopper("L1", 2, boxed(world, 1, first=50))
        assert printer.status().conditions == ()
        printer.feed_to(Station.CONTACTLESS, hopper=2)
        printer.eject(Tray.GOOD)
        assert printer.status().conditions == ()

    def test_an_open_cover_stops_every_move(self, world: World) -> None:
        printer = SimulatedPrinter(world, "L1")
        printer.feed_to(Station.CONTACTLESS)
        printer.machine.open_cover()
        for act in (
            lambda: printer.park(Station.PRINT),
            lambda: printer.print(artwork()),
            lambda: printer.eject(Tray.GOOD),
            lambda: printer.feed_to(Station.PRINT),
        ):
            with pytest.raises(CoverOpen):
                act()
        for _ in range(4):
            printer.status()
        printer.eject(Tray.GOOD)

    @pytest.mark.parametrize("tray", Tray)
    def test_a_full_tray_stops_before_a_card_is_used(self, world: World, tray: Tray) -> None:
        setup = MachineSetup(good_tray_cards=2, reject_tray_cards=2)
        printer = SimulatedPrinter(world, "L1", setup=setup)
        for _ in range(2):
            printer.feed_to(Station.CONTACTLESS)
            printer.eject(tray)
        with pytest.raises(OperatorNeeded):
            printer.feed_to(Station.CONTACTLESS)
        full = Condition.GOOD_FULL if tray is Tray.GOOD else Condition.REJECT_FULL
        assert printer.status().conditions == (full,)
        for _ in range(3):
            printer.status()
        printer.feed_to(Station.CONTACTLESS)
        assert world.tray("L1", tray) == ()

    def test_a_tray_that_somebody_else_emptied_is_left_alone(self, world: World) -> None:
        printer = SimulatedPrinter(world, "L1", setup=MachineSetup(good_tray_cards=1))
        make_card(printer)
        with pytest.raises(OperatorNeeded):
            printer.feed_to(Station.CONTACTLESS)
        world.remove_from_tray("L1", Tray.GOOD)
        printer.feed_to(Station.CONTACTLESS)
        printer.eject(Tray.REJECT)
        for _ in range(5):
            printer.status()
        assert len(world.tray("L1", Tray.REJECT)) == 1

    def test_a_card_taken_out_by_hand_is_lost_to_the_machine(self, world: World) -> None:
        plan = QUIET.with_mishap(1, PhysicalStep.EJECT, Mishap.JAM)
        printer = SimulatedPrinter(world, "L1", plan=plan)
        printer.feed_to(Station.CONTACTLESS)
        with pytest.raises(CardSpoiled):
            printer.eject(Tray.GOOD)
        card = printer.machine.take_out()
        assert card is not None
        assert world.where(card).place is Place.HANDS
        assert printer.status().card_at is Station.NONE
        assert printer.status().conditions == ()
        assert (printer.counters().lost, printer.counters().fed) == (1, 1)
        assert printer.machine.take_out() is None
        assert printer.counters().lost == 1


class TestTime:
    @pytest.mark.parametrize(("scale", "total"), [(0.0, 0.0), (1.0, 25.0), (0.1, 2.5)])
    def test_acts_take_their_time(self, world: World, scale: float, total: float) -> None:
        naps: list[float] = []
        printer = SimulatedPrinter(world, "L1", time_scale=scale, sleep=naps.append)
        printer.feed_to(Station.CONTACTLESS)
        printer.park(Station.PRINT)
        printer.print(artwork())
        printer.park(Station.CONTACTLESS)
        printer.eject(Tray.GOOD)
        assert sum(naps) == pytest.approx(total)


class TestHostDies:
    @pytest.mark.parametrize("step", [s for s in PhysicalStep if s is not PhysicalStep.PANEL])
    def test_before_an_act_nothing_has_happened(self, world: World, step: PhysicalStep) -> None:
        printer = SimulatedPrinter(world, "L1", plan=dies_at(step))
        with pytest.raises(HostDied):
            make_card(printer)
        again = SimulatedPrinter(world, "L1")
        inside = world.inside("L1")
        assert (inside is None) is (step is PhysicalStep.FEED)
        assert again.counters().fed == (inside is not None)
        assert again.counters().good == 0
        assert again.counters().printed == (step is PhysicalStep.EJECT)

    def test_in_mid_print_the_machine_goes_on_alone(self, world: World) -> None:
        plan = dies_at(PhysicalStep.PANEL)
        printer = SimulatedPrinter(world, "L1", plan=plan)
        printer.feed_to(Station.CONTACTLESS)
        with pytest.raises(HostDied):
            printer.print(artwork())
        card = world.inside("L1")
        assert card is not None
        (before,) = world.prints.of_card(world.places.number(card))
        assert (before.state, before.laid) == (PrintState.PRINTING, 1)
        world.close()
        later = World.open(world.folder)
        again = SimulatedPrinter(later, "L1")
        assert again.status().card_at is Station.PRINT
        assert again.counters().printed == 1
        (after,) = later.prints.of_card(later.places.number(card))
        assert (after.state, after.laid, len(after.panels)) == (PrintState.DONE, 4, 4)
        again.eject(Tray.GOOD)

    @pytest.mark.parametrize("mishap", [Mishap.CHIP_KILLED, Mishap.JAM])
    def test_what_was_to_come_of_the_print_comes_all_the_same(
        self, world: World, mishap: Mishap
    ) -> None:
        seed = next(s for s in range(99) if FaultPlan.named("none", s).draw("L1", 1, "print") > 0.6)
        plan = FaultPlan.named("none", seed).with_mishap(1, PhysicalStep.PRINT, mishap)
        printer = SimulatedPrinter(
            world, "L1", plan=plan.with_hook(dies_at(PhysicalStep.PANEL).hook or print)
        )
        printer.feed_to(Station.CONTACTLESS)
        with pytest.raises(HostDied):
            printer.print(artwork())
        again = SimulatedPrinter(world, "L1")
        jammed = mishap is Mishap.JAM
        assert again.status().conditions == ((Condition.CARD_JAM,) if jammed else ())
        assert again.counters().printed == (not jammed)
        again.recover()
        again.park(Station.CONTACTLESS)
        with again.channel() as chip:
            if jammed:
                assert chip.transmit(CPLC).ok
            else:
                with pytest.raises(CardAbsent):
                    chip.transmit(CPLC)

    def test_a_mishap_has_its_turn_once(self, world: World) -> None:
        plan = QUIET.with_mishap(1, PhysicalStep.PARK, Mishap.REPLY_LOST)
        printer = SimulatedPrinter(world, "L1", plan=plan)
        printer.feed_to(Station.TRANSPORT)
        with pytest.raises(CardUncertain):
            printer.park(Station.CONTACTLESS)
        again = SimulatedPrinter(world, "L1", plan=plan)
        again.park(Station.PRINT)


class TestPowerCut:
    def cut(self, world: World, step: PhysicalStep) -> SimulatedPrinter:
        printer = SimulatedPrinter(world, "L1", plan=QUIET.with_power_cut(1, step))
        printer.reserve("line")
        with pytest.raises(PowerCut):
            make_card(printer)
        return printer

    def test_no_handler_of_errors_gets_its_turn(self) -> None:
        assert not issubclass(PowerCut, Exception)

    def test_a_machine_without_power_says_nothing(self, world: World) -> None:
        printer = self.cut(world, PhysicalStep.PRINT)
        for call in (printer.status, printer.recover, lambda: printer.park(Station.PRINT)):
            with pytest.raises(ReaderUnavailable):
                call()
        with pytest.raises(ReaderUnavailable), printer.channel():
            pass

    def test_a_card_keeps_the_panels_that_it_has(self, world: World) -> None:
        self.cut(world, PhysicalStep.PANEL)
        card = world.inside("L1")
        assert card is not None
        again = SimulatedPrinter(world, "L1", plan=QUIET.with_power_cut(1, PhysicalStep.PANEL))
        again.status()
        (found,) = world.prints.of_card(world.places.number(card))
        assert (found.state, len(found.panels)) == (PrintState.CUT, 1)
        assert again.counters().printed == 0

    def test_a_card_inside_is_in_doubt_until_the_error_is_cleared(self, world: World) -> None:
        self.cut(world, PhysicalStep.PRINT)
        again = SimulatedPrinter(world, "L1", plan=QUIET.with_power_cut(1, PhysicalStep.PRINT))
        with pytest.raises(CardUncertain):
            again.eject(Tray.REJECT)
        assert again.status().conditions == (Condition.CARD_JAM,)
        found = again.recover()
        assert (found.card_at, found.conditions) == (Station.CONTACTLESS, ())
        again.print(artwork())
        again.eject(Tray.GOOD)

    def test_without_a_card_inside_nothing_is_in_doubt(self, world: World) -> None:
        self.cut(world, PhysicalStep.FEED)
        again = SimulatedPrinter(world, "L1", plan=QUIET.with_power_cut(1, PhysicalStep.FEED))
        assert again.status().conditions == ()
        make_card(again)

    def test_a_hook_can_cut_the_power_too(self, world: World) -> None:
        def hook(_machine: str, number: int, step: PhysicalStep) -> None:
            if (number, step) == (2, PhysicalStep.EJECT):
                raise PowerCut

        printer = SimulatedPrinter(world, "L1", plan=QUIET.with_hook(hook))
        make_card(printer)
        with pytest.raises(PowerCut):
            make_card(printer)
        assert SimulatedPrinter(world, "L1").status().card_at is Station.PRINT


class TestEnd:
    def test_who_lets_go_of_a_machine_gives_it_back(self, world: World) -> None:
        with SimulatedPrinter(world, "L1") as printer:
            printer.reserve("line 1")
        SimulatedPrinter(world, "L1").reserve("line 2")


class TestJobs:
    def test_artwork_for_another_raster_is_refused(self, world: World) -> None:
        printer = SimulatedPrinter(world, "L1")
        printer.feed_to(Station.CONTACTLESS)
        with pytest.raises(ConfigurationError):
            printer.print(artwork(geometry="cr80-300-1013x638"))
        with pytest.raises(ConfigurationError):
            printer.print(artwork([dye(PanelKind.CYAN, 9, Side.BACK)]))
        assert printer.status().ribbon_cards == 500

    def test_a_panel_that_the_ribbon_lacks_is_refused(self, world: World) -> None:
        setup = MachineSetup(panels=frozenset({PanelKind.BLACK}))
        printer = SimulatedPrinter(world, "L1", setup=setup)
        printer.feed_to(Station.CONTACTLESS)
        with pytest.raises(ConfigurationError):
            printer.print(artwork())

    def test_a_duplex_machine_prints_the_back(self, world: World) -> None:
        printer = SimulatedPrinter(world, "L1", setup=MachineSetup(duplex=True))
        printer.feed_to(Station.CONTACTLESS)
        assert printer.print(artwork([dye(PanelKind.CYAN, 9, Side.BACK)])).panels == 1

    @pytest.mark.parametrize("station", [Station.NONE, Station.EXIT])
    def test_a_card_is_not_sent_to_stand_at_the_exit(self, world: World, station: Station) -> None:
        printer = SimulatedPrinter(world, "L1")
        with pytest.raises(ValueError, match="stand"):
            printer.feed_to(station)
        with pytest.raises(ValueError, match="stand"):
            printer.park(station)

    @pytest.mark.parametrize("hopper", [0, 3])
    def test_a_hopper_that_is_not_there_is_a_mistake(self, world: World, hopper: int) -> None:
        with pytest.raises(ValueError, match="hopper"):
            SimulatedPrinter(world, "L1").feed_to(Station.PRINT, hopper)
