"""What every `CardPrinter` must do, whatever machine is behind it."""

from collections.abc import Callable

import pytest

from ektp.apdu import CommandApdu
from ektp.errors import (
    CardAbsent,
    CardSpoiled,
    CardUncertain,
    ConfigurationError,
    HopperEmpty,
    LineBusy,
    OperatorNeeded,
)
from ektp.perso import Artwork
from ektp.ports import CardPrinter, Condition, PrinterCounters
from ektp.printer_profiles import PanelKind, Station, Tray
from simulation.printer.faults import Mishap, PhysicalStep
from tests.contract.printer.bench import PrinterBench, small_artwork
from tests.contract.printer.conftest import MakeBench

CPLC = CommandApdu(0x80, 0xCA, 0x9F, 0x7F, le=256)
INITIALIZE_UPDATE = CommandApdu(0x80, 0x50, data=bytes(8), le=256)
EXTERNAL_AUTHENTICATE = CommandApdu(0x84, 0x82, 0x33, 0, bytes(16))
STANDING = (Station.TRANSPORT, Station.CONTACTLESS, Station.PRINT)


@pytest.fixture
def bench(make_bench: MakeBench) -> PrinterBench:
    return make_bench()


def counts(**expected: int) -> PrinterCounters:
    none = {"fed": 0, "good": 0, "rejected": 0, "lost": 0, "printed": 0}
    return PrinterCounters(**{**none, **expected})


def serial_in_field(printer: CardPrinter) -> bytes:
    with printer.channel() as chip:
        return chip.transmit(CPLC).data[13:21]


class TestLooking:
    def test_a_machine_tells_what_it_can_do(self, bench: PrinterBench) -> None:
        able = bench.printer.capabilities()
        assert able.geometry.width_px > able.geometry.height_px
        assert able.contactless_station
        assert PanelKind.BLACK in able.panels

    def test_an_idle_machine_is_ready(self, bench: PrinterBench) -> None:
        bench.load(3)
        status = bench.printer.status()
        assert (status.card_at, status.conditions) == (Station.NONE, ())
        assert status.hopper_cards in (3, None)
        assert bench.printer.counters() == counts()

    def test_looking_moves_nothing(self, bench: PrinterBench) -> None:
        (card,) = bench.load(1)
        bench.printer.feed_to(Station.CONTACTLESS)
        for _ in range(5):
            bench.printer.status()
            bench.printer.recover()
            bench.printer.counters()
        assert bench.inside() == card
        assert bench.printer.status().card_at is Station.CONTACTLESS
        assert bench.printer.counters() == counts(fed=1)


class TestMoving:
    @pytest.mark.parametrize("station", STANDING)
    def test_the_next_blank_goes_to_the_station(
        self, bench: PrinterBench, station: Station
    ) -> None:
        first, second = bench.load(2)
        bench.printer.feed_to(station)
        assert bench.inside() == first
        assert bench.printer.status().card_at is station
        bench.printer.eject(Tray.GOOD)
        bench.printer.feed_to(station)
        assert bench.inside() == second

    def test_each_hopper_gives_its_own_blanks(self, bench: PrinterBench) -> None:
        bench.load(1)
        (other,) = bench.load(1, hopper=2)
        bench.printer.feed_to(Station.CONTACTLESS, hopper=2)
        assert bench.inside() == other

    @pytest.mark.parametrize("station", STANDING)
    def test_a_card_can_be_parked_again(self, bench: PrinterBench, station: Station) -> None:
        (card,) = bench.load(1)
        bench.printer.feed_to(Station.TRANSPORT)
        bench.printer.park(station)
        assert bench.printer.status().card_at is station
        assert bench.inside() == card

    @pytest.mark.parametrize(("tray", "name"), [(Tray.GOOD, "good"), (Tray.REJECT, "rejected")])
    def test_a_card_leaves_into_the_tray(self, bench: PrinterBench, tray: Tray, name: str) -> None:
        (card,) = bench.load(1)
        bench.printer.feed_to(Station.CONTACTLESS)
        bench.printer.eject(tray)
        assert bench.tray(tray) == (card,)
        assert bench.inside() is None
        assert bench.printer.status().card_at is Station.NONE
        assert bench.printer.counters() == counts(fed=1, **{name: 1})

    def test_a_print_is_reported(self, bench: PrinterBench) -> None:
        bench.load(1)
        bench.printer.feed_to(Station.CONTACTLESS)
        assert bench.printer.print(small_artwork()).panels == 4
        assert bench.printer.counters() == counts(fed=1, printed=1)
        if bench.printer.capabilities().reparks_after_print:
            bench.printer.park(Station.CONTACTLESS)
            assert bench.printer.status().card_at is Station.CONTACTLESS

    def test_a_job_for_another_raster_is_refused_before_anything_moves(
        self, bench: PrinterBench
    ) -> None:
        bench.load(1)
        bench.printer.feed_to(Station.CONTACTLESS)
        job = small_artwork()
        other = Artwork(layout=job.layout, geometry="cr80-600-2032x1296", panels=job.panels)
        with pytest.raises(ConfigurationError):
            bench.printer.print(other)
        assert bench.printer.status().card_at is Station.CONTACTLESS
        assert bench.printer.counters() == counts(fed=1)


class TestOperatorNeeded:
    def test_an_empty_hopper_asks_for_blanks(self, bench: PrinterBench) -> None:
        with pytest.raises(HopperEmpty):
            bench.printer.feed_to(Station.CONTACTLESS)
        assert Condition.HOPPER_EMPTY in bench.printer.status().conditions
        assert bench.printer.counters() == counts()
        bench.load(1)
        assert bench.printer.status().conditions == ()
        bench.printer.feed_to(Station.CONTACTLESS)

    def test_a_misfeed_uses_no_card_and_clears_when_somebody_comes(
        self, make_bench: MakeBench
    ) -> None:
        bench = make_bench((1, PhysicalStep.FEED, Mishap.MISFEED))
        (card,) = bench.load(1)
        with pytest.raises(OperatorNeeded):
            bench.printer.feed_to(Station.CONTACTLESS)
        assert bench.inside() is None
        assert bench.printer.counters() == counts()
        looks = 0
        while bench.printer.status().conditions:
            looks += 1
            assert looks < 10
        assert looks > 0
        bench.printer.feed_to(Station.CONTACTLESS)
        assert bench.inside() == card


class TestCardSpoiled:
    def test_a_jam_while_printing_spoils_the_card(self, make_bench: MakeBench) -> None:
        bench = make_bench((1, PhysicalStep.PRINT, Mishap.JAM))
        (card,) = bench.load(1)
        bench.printer.feed_to(Station.CONTACTLESS)
        with pytest.raises(CardSpoiled):
            bench.printer.print(small_artwork())
        assert bench.printer.status().conditions == (Condition.CARD_JAM,)
        assert bench.inside() == card
        assert bench.printer.counters() == counts(fed=1)

    @pytest.mark.parametrize("step", [PhysicalStep.PARK, PhysicalStep.PRINT, PhysicalStep.EJECT])
    def test_a_spoiled_card_still_goes_to_the_rejects(
        self, make_bench: MakeBench, step: PhysicalStep
    ) -> None:
        bench = make_bench((1, step, Mishap.JAM))
        (card,) = bench.load(1)
        bench.printer.feed_to(Station.TRANSPORT)
        acts: dict[PhysicalStep, Callable[[], object]] = {
            PhysicalStep.PARK: lambda: bench.printer.park(Station.CONTACTLESS),
            PhysicalStep.PRINT: lambda: bench.printer.print(small_artwork()),
            PhysicalStep.EJECT: lambda: bench.printer.eject(Tray.GOOD),
        }
        with pytest.raises(CardSpoiled):
            acts[step]()
        with pytest.raises(CardSpoiled):
            bench.printer.eject(Tray.GOOD)
        bench.printer.eject(Tray.REJECT)
        assert bench.tray(Tray.REJECT) == (card,)
        assert bench.printer.status().conditions == ()

    def test_a_card_that_sticks_on_its_way_to_the_rejects_gets_there(
        self, make_bench: MakeBench
    ) -> None:
        bench = make_bench((1, PhysicalStep.EJECT, Mishap.JAM))
        (card,) = bench.load(1)
        bench.printer.feed_to(Station.CONTACTLESS)
        bench.printer.eject(Tray.REJECT)
        assert bench.tray(Tray.REJECT) == (card,)
        assert bench.printer.counters() == counts(fed=1, rejected=1)

    def test_recovering_clears_the_error_and_moves_nothing(self, make_bench: MakeBench) -> None:
        bench = make_bench((1, PhysicalStep.PRINT, Mishap.JAM))
        bench.load(1)
        bench.printer.feed_to(Station.CONTACTLESS)
        with pytest.raises(CardSpoiled):
            bench.printer.print(small_artwork())
        before = bench.printer.status().card_at
        after = bench.printer.recover()
        assert (after.card_at, after.conditions) == (before, ())


class TestCardUncertain:
    @pytest.mark.parametrize(
        ("step", "after"),
        [
            (PhysicalStep.FEED, counts(fed=1)),
            (PhysicalStep.PARK, counts(fed=1)),
            (PhysicalStep.PRINT, counts(fed=1, printed=1)),
            (PhysicalStep.EJECT, counts(fed=1, good=1)),
        ],
    )
    def test_where_the_reply_is_lost_the_act_may_have_happened(
        self, make_bench: MakeBench, step: PhysicalStep, after: PrinterCounters
    ) -> None:
        bench = make_bench((1, step, Mishap.REPLY_LOST))
        bench.load(2)
        acts: dict[PhysicalStep, Callable[[], object]] = {
            PhysicalStep.FEED: lambda: bench.printer.feed_to(Station.TRANSPORT),
            PhysicalStep.PARK: lambda: bench.printer.park(Station.CONTACTLESS),
            PhysicalStep.PRINT: lambda: bench.printer.print(small_artwork()),
            PhysicalStep.EJECT: lambda: bench.printer.eject(Tray.GOOD),
        }
        if step is not PhysicalStep.FEED:
            bench.printer.feed_to(Station.TRANSPORT)
        with pytest.raises(CardUncertain):
            acts[step]()
        assert bench.printer.counters() == after
        assert (bench.inside() is None) is (step is PhysicalStep.EJECT)
        found = bench.printer.recover()
        assert (found.card_at is Station.NONE) is (step is PhysicalStep.EJECT)
        assert bench.printer.counters() == after

    def test_a_second_card_is_not_fed_onto_the_first(self, bench: PrinterBench) -> None:
        first, _ = bench.load(2)
        bench.printer.feed_to(Station.CONTACTLESS)
        with pytest.raises(CardUncertain):
            bench.printer.feed_to(Station.CONTACTLESS)
        assert bench.inside() == first
        assert bench.printer.counters() == counts(fed=1)

    def test_a_card_that_should_be_inside_and_is_not(self, bench: PrinterBench) -> None:
        bench.load(1)
        for act in (
            lambda: bench.printer.park(Station.PRINT),
            lambda: bench.printer.print(small_artwork()),
            lambda: bench.printer.eject(Tray.GOOD),
            lambda: bench.printer.eject(Tray.REJECT),
        ):
            with pytest.raises(CardUncertain):
                act()
        assert bench.printer.counters() == counts()


class TestChannel:
    def test_the_chip_is_that_of_the_card_at_the_station(self, bench: PrinterBench) -> None:
        for card in bench.load(2):
            bench.printer.feed_to(Station.CONTACTLESS)
            assert serial_in_field(bench.printer) == bytes(card)
            bench.printer.eject(Tray.GOOD)

    @pytest.mark.parametrize("station", [Station.TRANSPORT, Station.PRINT])
    def test_elsewhere_the_field_is_empty(self, bench: PrinterBench, station: Station) -> None:
        bench.load(1)
        bench.printer.feed_to(station)
        with bench.printer.channel() as chip, pytest.raises(CardAbsent):
            chip.transmit(CPLC)

    def test_without_a_card_the_field_is_empty(self, bench: PrinterBench) -> None:
        with bench.printer.channel() as chip, pytest.raises(CardAbsent):
            chip.atr()

    def test_each_channel_is_a_fresh_field(self, bench: PrinterBench) -> None:
        bench.load(1)
        bench.printer.feed_to(Station.CONTACTLESS)
        with bench.printer.channel() as chip:
            assert chip.transmit(INITIALIZE_UPDATE).ok
        with bench.printer.channel() as chip:
            # The field forgot that a channel was being opened.
            assert chip.transmit(EXTERNAL_AUTHENTICATE).sw == 0x6985

    def test_a_channel_ends_with_its_card_and_with_its_block(self, bench: PrinterBench) -> None:
        bench.load(1)
        bench.printer.feed_to(Station.CONTACTLESS)
        with bench.printer.channel() as chip:
            bench.printer.park(Station.PRINT)
            with pytest.raises(CardAbsent):
                chip.transmit(CPLC)
        bench.printer.park(Station.CONTACTLESS)
        with bench.printer.channel() as chip:
            chip.transmit(CPLC)
        with pytest.raises(CardAbsent):
            chip.transmit(CPLC)


class TestReservation:
    def test_one_user_at_a_time(self, bench: PrinterBench) -> None:
        bench.load(1)
        bench.printer.reserve("line 1")
        other = bench.second_user()
        for act in (
            lambda: other.reserve("line 2"),
            lambda: other.feed_to(Station.CONTACTLESS),
            lambda: other.park(Station.PRINT),
            lambda: other.print(small_artwork()),
            lambda: other.eject(Tray.GOOD),
            other.recover,
        ):
            with pytest.raises(LineBusy):
                act()
        assert bench.printer.counters() == counts()

    def test_the_same_owner_may_say_it_again_and_another_may_not(self, bench: PrinterBench) -> None:
        bench.printer.reserve("line 1")
        bench.printer.reserve("line 1")
        with pytest.raises(LineBusy):
            bench.printer.reserve("line 2")

    def test_anybody_may_look(self, bench: PrinterBench) -> None:
        bench.load(1)
        bench.printer.reserve("line 1")
        bench.printer.feed_to(Station.CONTACTLESS)
        other = bench.second_user()
        assert other.status().card_at is Station.CONTACTLESS
        assert other.counters() == counts(fed=1)

    def test_a_released_machine_is_free(self, bench: PrinterBench) -> None:
        bench.load(1)
        bench.printer.reserve("line 1")
        bench.printer.release()
        bench.printer.release()
        other = bench.second_user()
        other.reserve("line 2")
        other.feed_to(Station.CONTACTLESS)

    def test_a_claim_ends_with_its_holder(self, bench: PrinterBench) -> None:
        bench.printer.reserve("line 1")
        bench.lose_host()
        bench.printer.reserve("line 2")


class TestDurability:
    def test_what_happened_stays_when_the_host_is_gone(self, bench: PrinterBench) -> None:
        good, bad, last = bench.load(3)
        bench.printer.reserve("line 1")
        bench.printer.feed_to(Station.CONTACTLESS)
        bench.printer.print(small_artwork())
        bench.printer.eject(Tray.GOOD)
        bench.lose_host()
        bench.printer.feed_to(Station.CONTACTLESS)
        bench.printer.eject(Tray.REJECT)
        bench.lose_host()
        bench.printer.feed_to(Station.CONTACTLESS)
        with bench.printer.channel() as chip:
            before = chip.transmit(INITIALIZE_UPDATE).data[-3:]
        bench.lose_host()
        assert bench.tray(Tray.GOOD) == (good,)
        assert bench.tray(Tray.REJECT) == (bad,)
        assert bench.inside() == last
        assert bench.printer.status().card_at is Station.CONTACTLESS
        assert bench.printer.counters() == counts(fed=3, good=1, rejected=1, printed=1)
        with bench.printer.channel() as chip:
            # The sequence counter is what a blank keeps for good.
            counter = int.from_bytes(chip.transmit(INITIALIZE_UPDATE).data[-3:], "big")
        assert counter == int.from_bytes(before, "big") + 1
