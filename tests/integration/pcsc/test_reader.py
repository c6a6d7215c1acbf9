"""A PC/SC reader with all that goes wrong around it: cards, pcscd, other programs, silence."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ektp.apdu import CommandApdu
from ektp.errors import CardAbsent, CardsCollide, ReaderUnavailable
from printers.readers.collision import require_single_card
from printers.readers.pcsc import PcscReader, list_readers
from tests.integration.pcsc.cards import Ins
from tests.services.pcscd import SOCKET_VARIABLE, CardProcess, Pcscd

pytestmark = pytest.mark.exclusive

CARDS = "tests.integration.pcsc.cards"
PING = CommandApdu(0x80, Ins.ECHO, data=b"ping", le=256)
LEAVE = CommandApdu(0x80, Ins.LEAVE)
UID = CommandApdu(0xFF, 0xCA, le=256)


def silent(milliseconds: int) -> CommandApdu:
    return CommandApdu(0x80, Ins.SILENT, data=milliseconds.to_bytes(2, "big"))


@pytest.fixture
def reader(pcscd: Pcscd) -> Iterator[PcscReader]:
    first = PcscReader(pcscd.readers[0].name, timeout_s=5)
    yield first
    first.close()


@pytest.fixture
def card(pcscd: Pcscd, reader: PcscReader) -> CardProcess:
    laid = pcscd.lay(f"{CARDS}:one")
    assert reader.wait_for_card(10)
    return laid


# --- no reader, no pcscd, no library ---------------------------------------------------------


def test_readers_are_listed_by_name(pcscd: Pcscd) -> None:
    assert list_readers() == tuple(reader.name for reader in pcscd.readers)


def test_a_wrong_name_says_which_readers_there_are(pcscd: Pcscd) -> None:
    with pytest.raises(ReaderUnavailable, match="no reader of this name") as refused:
        PcscReader("ACS ACR1252 00 00").__enter__()
    assert refused.value.facts["reader"] == "ACS ACR1252 00 00"
    assert refused.value.facts["seen"] == ", ".join(reader.name for reader in pcscd.readers)


def test_without_pcscd_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(SOCKET_VARIABLE, str(tmp_path / "none"))
    with pytest.raises(ReaderUnavailable, match="pcscd does not run"):
        list_readers()
    reader = PcscReader("Encoder 0 00 00")
    with pytest.raises(ReaderUnavailable, match="pcscd does not run"), reader.card():
        pass
    reader.close()


def test_without_pyscard_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "smartcard.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ReaderUnavailable, match=r"ektp\[pcsc\]"):
        list_readers()


# --- cards that come and go ------------------------------------------------------------------


def test_a_card_is_seen_to_come_and_to_go(pcscd: Pcscd, reader: PcscReader) -> None:
    assert not reader.present()
    assert not reader.wait_for_card(0.1)
    assert reader.wait_for_removal(5)
    card = pcscd.lay(f"{CARDS}:one")
    assert reader.wait_for_card(5)
    assert reader.present()
    assert not reader.wait_for_removal(0.1)
    card.take_away()
    assert reader.wait_for_removal(5)
    assert not reader.present()


def test_without_a_card_there_is_none(reader: PcscReader) -> None:
    with pytest.raises(CardAbsent), reader.card():
        pass
    reader.reset()


def test_after_a_removal_nothing_is_sent_to_the_card_that_came_instead(
    pcscd: Pcscd, reader: PcscReader, card: CardProcess, tmp_path: Path
) -> None:
    with reader.card() as channel:
        assert channel.transmit(UID).data[-1] == 1
        card.take_away()
        pcscd.lay(f"{CARDS}:one", "2")
        with pytest.raises(CardAbsent):
            channel.transmit(UID)
        assert reader.wait_for_card(5)
        for _ in range(3):
            with pytest.raises(CardAbsent):
                channel.transmit(UID)
            with pytest.raises(CardAbsent):
                channel.atr()
        # A fresh field is the user's own wish.
        channel.reset()
        assert channel.transmit(UID).data[-1] == 2


def test_a_card_that_left_shows_at_the_answer_to_reset(
    reader: PcscReader, card: CardProcess
) -> None:
    with reader.card() as channel:
        card.take_away()
        assert reader.wait_for_removal(5)
        with pytest.raises(CardAbsent):
            channel.atr()
        channel.reset()
        with pytest.raises(CardAbsent):
            channel.transmit(PING)


def test_a_stale_present_is_found_out(reader: PcscReader, card: CardProcess) -> None:
    card.take_away()
    # pcscd may still show it; whether the connection succeeds is chance, what comes of it is not.
    with pytest.raises(CardAbsent), reader.card() as channel:
        channel.transmit(PING)
    assert reader.wait_for_removal(5)


def test_a_card_that_is_torn_and_offered_again_works_in_a_new_field(
    reader: PcscReader, card: CardProcess
) -> None:
    for _ in range(3):
        with reader.card() as channel, pytest.raises(CardAbsent):
            channel.transmit(LEAVE)
        assert reader.wait_for_removal(5)
        assert reader.wait_for_card(5)
    with reader.card() as channel:
        assert channel.transmit(PING).data == b"ping"
    assert card is not None


def test_each_use_begins_in_a_fresh_field(reader: PcscReader, card: CardProcess) -> None:
    count = CommandApdu(0x80, Ins.COUNT, le=1)
    for _ in range(3):
        with reader.card() as channel:
            assert channel.transmit(count).data == b"\x01"
            assert channel.transmit(count).data == b"\x02"
            reader.reset()
            assert channel.transmit(count).data == b"\x01"
    reader.reset()
    assert card is not None


def test_a_card_is_exchanged_by_a_reset_without_waiting(
    pcscd: Pcscd, reader: PcscReader, tmp_path: Path
) -> None:
    number = tmp_path / "number"
    number.write_text("1")
    pcscd.lay(f"{CARDS}:while_file", str(number))
    assert reader.wait_for_card(5)
    with reader.card() as channel:
        for new in range(1, 40):
            number.write_text(str(new))
            channel.reset()
            assert channel.transmit(UID).data[-1] == new
        number.unlink()
        channel.reset()
        with pytest.raises(CardAbsent):
            channel.transmit(UID)
    assert reader.wait_for_removal(5)


def test_two_cards_in_the_field_are_noticed(pcscd: Pcscd, reader: PcscReader) -> None:
    pcscd.lay(f"{CARDS}:two")
    pcscd.lay(f"{CARDS}:one", reader=1)
    assert reader.wait_for_card(5)
    with reader.card() as channel, pytest.raises(CardsCollide):
        require_single_card(channel)
    with PcscReader(pcscd.readers[1].name) as other:
        assert other.wait_for_card(5)
        with other.card() as channel:
            require_single_card(channel)
            assert channel.transmit(PING).ok


# --- other users, silence, pcscd -------------------------------------------------------------


def test_a_second_connection_is_refused_at_once(
    pcscd: Pcscd, reader: PcscReader, card: CardProcess
) -> None:
    with reader.card() as channel, PcscReader(pcscd.readers[0].name) as second:
        started = time.monotonic()
        with (
            pytest.raises(ReaderUnavailable, match="another program holds the reader"),
            second.card(),
        ):
            pass
        assert time.monotonic() - started < 2
        assert second.present()
        with pytest.raises(ValueError, match="in use"), reader.card():
            pass
        assert channel.transmit(PING).ok
    assert card is not None


def test_a_silent_card_ends_a_call_and_not_the_reader(pcscd: Pcscd, card: CardProcess) -> None:
    with PcscReader(pcscd.readers[0].name, timeout_s=1) as reader:
        with reader.card() as channel:
            started = time.monotonic()
            with pytest.raises(ReaderUnavailable, match="did not answer in time"):
                channel.transmit(silent(4000))
            assert 1 <= time.monotonic() - started < 2
            with pytest.raises(CardAbsent):
                channel.transmit(PING)
        # pcscd still waits for the card: the next use waits for pcscd, but not for ever.
        with pytest.raises(ReaderUnavailable), reader.card():
            raise AssertionError
    with PcscReader(pcscd.readers[0].name, timeout_s=5) as reader:
        _until_free(reader)
        with reader.card() as channel:
            assert channel.transmit(PING).data == b"ping"
    assert card is not None


def _until_free(reader: PcscReader) -> None:
    for _ in range(100):
        try:
            with reader.card():
                return
        except ReaderUnavailable:
            time.sleep(0.1)


def test_after_a_silence_that_ends_the_same_reader_goes_on(pcscd: Pcscd, card: CardProcess) -> None:
    with PcscReader(pcscd.readers[0].name, timeout_s=1) as reader, reader.card() as channel:
        with pytest.raises(ReaderUnavailable):
            channel.transmit(silent(1500))
        channel.reset()
        assert channel.transmit(PING).data == b"ping"
    assert card is not None


def test_a_card_taken_away_ends_a_silence(
    pcscd: Pcscd, reader: PcscReader, card: CardProcess
) -> None:
    with reader.card() as channel:
        killer = subprocess.Popen(
            [sys.executable, "-c", f"import os,time;time.sleep(.5);os.kill({card.pid},9)"]
        )
        started = time.monotonic()
        with pytest.raises(CardAbsent):
            channel.transmit(silent(60_000))
        assert time.monotonic() - started < 4
        killer.wait()


def test_a_pcscd_that_hangs_is_not_waited_for(pcscd: Pcscd) -> None:
    with PcscReader(pcscd.readers[0].name, timeout_s=1) as reader:
        pcscd.pause()
        try:
            started = time.monotonic()
            with pytest.raises(ReaderUnavailable, match="in time"), reader.card():
                pass
            with pytest.raises(ReaderUnavailable, match="in time"):
                list_readers(timeout_s=1)
            assert time.monotonic() - started < 10
        finally:
            pcscd.go_on()
        assert not reader.present()


def test_pcscd_killed_and_started_again(
    pcscd: Pcscd, reader: PcscReader, card: CardProcess
) -> None:
    with reader.card() as channel:
        assert channel.transmit(PING).ok
        pcscd.kill()
        with pytest.raises(ReaderUnavailable):
            channel.transmit(PING)
        with pytest.raises(CardAbsent):
            channel.transmit(PING)
        with pytest.raises(ReaderUnavailable):
            channel.reset()
        with pytest.raises(ReaderUnavailable, match="pcscd does not run"):
            reader.present()
        pcscd.start()
        # The card finds its reader by itself.
        assert reader.wait_for_card(5)
        with pytest.raises(CardAbsent):
            channel.transmit(PING)
    with reader.card() as channel:
        assert channel.transmit(PING).data == b"ping"
    assert card is not None


def test_a_wait_ends_with_pcscd(pcscd: Pcscd, reader: PcscReader) -> None:
    killer = subprocess.Popen(
        [sys.executable, "-c", f"import os,time;time.sleep(.5);os.kill({pcscd.pid},9)"]
    )
    with pytest.raises(ReaderUnavailable):
        reader.wait_for_card(20)
    killer.wait()


# --- the worker process ----------------------------------------------------------------------


def test_the_worker_ends_with_its_user_also_in_a_call_that_hangs(
    pcscd: Pcscd, card: CardProcess
) -> None:
    code = (
        "import sys; from ektp.apdu import CommandApdu; from printers.readers.pcsc import *\n"
        "with PcscReader(sys.argv[1], timeout_s=60) as reader, reader.card() as card:\n"
        "    print('ready', flush=True)\n"
        "    card.transmit(CommandApdu(0x80, 0xE8, data=bytes((0x20, 0))))\n"
    )
    user = subprocess.Popen(
        [sys.executable, "-c", code, pcscd.readers[0].name], stdout=subprocess.PIPE
    )
    assert user.stdout is not None
    assert user.stdout.readline() == b"ready\n"
    time.sleep(0.3)
    workers = psutil.Process(user.pid).children()
    assert len(workers) == 1
    user.send_signal(signal.SIGKILL)
    user.communicate()
    _, alive = psutil.wait_procs(workers, timeout=5)
    assert alive == []
    assert card is not None


def test_a_worker_that_dies_is_replaced(reader: PcscReader, card: CardProcess) -> None:
    with reader.card() as channel:
        assert channel.transmit(PING).ok
        worker = reader._supervisor._process
        assert worker is not None
        worker.kill()
        with pytest.raises(ReaderUnavailable, match="ended by itself"):
            channel.transmit(PING)
        channel.reset()
        assert channel.transmit(PING).ok
    assert card is not None
