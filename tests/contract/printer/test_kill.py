"""The host is killed, really and at any instant: the world is whole, and the machine went on."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ektp.apdu import CommandApdu
from ektp.errors import CardAbsent
from ektp.printer_profiles import Station, Tray
from simulation.printer.faults import FaultPlan
from simulation.printer.simulated import SimulatedPrinter
from simulation.world.prints import PrintState
from simulation.world.world import World
from tests.contract.printer.bench import SimulatedBench

# The worker says which byte it is about to write and which was answered, as a host's journal would.
WORKER = """
import os, sys
from pathlib import Path
from ektp.apdu import CommandApdu
from ektp.errors import HopperEmpty
from ektp.printer_profiles import Station, Tray
from simulation.printer.simulated import SimulatedPrinter
from simulation.world.world import World
from simulation.world.panels import pack_artwork
from tests.contract.printer.bench import small_artwork
from tests.unit.simulation.world.helpers import inside

world = World.open(Path(sys.argv[1]))
printer = SimulatedPrinter(world, "L1")
printer.reserve("worker")
if printer.recover().card_at is not Station.NONE:
    printer.eject(Tray.REJECT)
job = small_artwork()
pack_artwork(job)
create = [bytes.fromhex(t) for t in ("620782013883027F0A", "620E80020100 820101 83026FFE 8601FF")]
os.write(1, b"ready\\n")
while True:
    printer.feed_to(Station.CONTACTLESS)
    with printer.channel() as chip:
        host = inside(world, world.inside("L1"), chip)
        for data in create:
            host.process(CommandApdu(0x00, 0xE0, data=data))
        for n in range(24):
            assert host.process(CommandApdu(0x00, 0xD6, 0, n, bytes([n + 1]))).ok
            os.write(1, b"%d\\n" % n)
    printer.print(job)
    printer.park(Station.CONTACTLESS)
    printer.eject(Tray.GOOD)
    os.write(1, b"done\\n")
"""
KILLS = 8


def run_and_kill(folder: Path, *, after_lines: int, and_seconds: float) -> list[str]:
    """Let a worker work until it said so much, kill it, and return what it had said."""
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert worker.stdout is not None
    assert worker.stderr is not None
    first = worker.stdout.readline()
    assert first == b"ready\n", worker.stderr.read().decode()
    said = [worker.stdout.readline() for _ in range(after_lines)]
    time.sleep(and_seconds)
    worker.send_signal(signal.SIGKILL)
    said += worker.stdout.read().splitlines(keepends=True)
    errors = worker.stderr.read().decode()
    worker.stdout.close()
    worker.stderr.close()
    assert worker.wait() == -signal.SIGKILL, errors
    return [line.decode().strip() for line in said]


def cells(printer: SimulatedPrinter) -> bytes | None:
    """What stands in the file of the card inside, as far as it was made."""
    with printer.channel() as chip:
        try:
            for file in (b"\x7f\x0a", b"\x6f\xfe"):
                if not chip.transmit(CommandApdu(0x00, 0xA4, data=file)).ok:
                    return None
        except CardAbsent:
            return None
        return chip.transmit(CommandApdu(0x00, 0xB0, le=24)).data


def test_a_killed_host_leaves_a_whole_world(tmp_path: Path) -> None:
    chance = random.Random(20260101)  # noqa: S311 - when to kill is no secret
    bench = SimulatedBench(tmp_path, FaultPlan.named("none", 7))
    loaded = bench.load(4_000)
    folder = tmp_path / "sim"
    done = 0
    for _ in range(KILLS):
        said = run_and_kill(
            folder, after_lines=chance.randrange(250), and_seconds=chance.uniform(0.0, 0.006)
        )
        done += said.count("done")
        bench.lose_host()
        printer = bench.printer
        status = printer.status()
        counters = printer.counters()
        inside = bench.inside()
        world = World.open(folder)
        assert counters.fed == counters.good + counters.rejected + (inside is not None)
        assert counters.good in (done, done + 1)
        done = counters.good
        assert world.storage.rows("PRAGMA integrity_check") == [("ok",)]
        places = world.storage.rows("SELECT count(*) FROM cards WHERE place = 'hopper'")
        assert places == [(len(loaded) - counters.fed,)]
        if inside is None:
            continue
        assert status.card_at is not Station.NONE
        prints = world.prints.of_card(world.places.number(inside))
        assert all(p.state is PrintState.DONE and p.laid == 4 for p in prints)
        # Each answered byte is in the chip; at most one more was on its way.
        answered = said[len(said) - said[::-1].index("done") :] if "done" in said else said
        if status.card_at is Station.CONTACTLESS and answered:
            found = cells(printer)
            assert found is not None
            count = len(found.rstrip(b"\x00"))
            assert found[:count] == bytes(range(1, count + 1))
            assert count in (len(answered), len(answered) + 1)
    assert done > KILLS


@pytest.mark.parametrize("tray", Tray)
def test_a_killed_holder_holds_nothing(tmp_path: Path, tray: Tray) -> None:
    bench = SimulatedBench(tmp_path, FaultPlan.named("none", 7))
    bench.load(500)
    run_and_kill(tmp_path / "sim", after_lines=3, and_seconds=0.0)
    bench.printer.reserve("another")
    if bench.inside() is None:
        bench.printer.feed_to(Station.TRANSPORT)
    bench.printer.eject(tray)
    assert bench.tray(tray)


HALF_AN_ACT = """
import sys, time
from pathlib import Path
from simulation.world.world import World

world = World.open(Path(sys.argv[1]))
with world.storage.transaction():
    world.storage.execute("UPDATE cards SET place = 'tray', slot = 'good'")
    # More than SQLite keeps in memory: part of the act is in the files already.
    for name in range(16):
        world.storage.execute("INSERT INTO meta VALUES (?, randomblob(1000000))", (str(name),))
    sys.stdout.write("ready\\n")
    sys.stdout.flush()
    time.sleep(60)
"""


def test_a_kill_in_the_middle_of_an_act_leaves_none_of_it(tmp_path: Path) -> None:
    bench = SimulatedBench(tmp_path, FaultPlan.named("none", 7))
    loaded = bench.load(300)
    with subprocess.Popen(
        [sys.executable, "-c", HALF_AN_ACT, str(tmp_path / "sim")],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        worker.send_signal(signal.SIGKILL)
    bench.lose_host()
    world = World.open(tmp_path / "sim")
    assert world.storage.rows("PRAGMA integrity_check") == [("ok",)]
    assert world.storage.rows("SELECT count(*) FROM meta") == [(3,)]
    assert bench.hopper() == tuple(loaded)
    bench.printer.feed_to(Station.TRANSPORT)
    assert bench.inside() == loaded[0]
