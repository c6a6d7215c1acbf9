"""Readers of another make: a kiosk with a SAM at `ktp-el`, a passport reader at `icao-lds1`."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from pipeline.plant import Plant
from tests.integration.wire.finished import Finished
from tests.integration.wire.ktp_el_reader import KtpElReader
from tests.integration.wire.passport import (
    Passport,
    Refused,
    check_digit,
    derive,
    key_seed,
    retail_mac,
)
from tests.integration.wire.pcsc import raw_card

pytestmark = pytest.mark.exclusive

# ICAO Doc 9303-11 appendix D.2 and D.3: the document of its worked example.
EXAMPLE_SEED = bytes.fromhex("239AB9CB282DAF66231DC5A4DF6BFBAE")


def test_public_reader_commands_and_a_sam_read_and_verify_a_card(
    finished: Callable[[str], Finished],
) -> None:
    done = finished("ktp-el")
    with (
        done.home.offering("chip", "--job", done.job),
        done.home.offering("sam", reader=1),
        raw_card(done.reader) as card,
        raw_card(done.slot) as sam,
    ):
        reader = KtpElReader(card, sam)
        assert reader.read(_open_secret(done)) == "0000"
        biodata = reader.files["6FF1"][2:].rstrip(b"\x00").decode()
        assert biodata.startswith('"')
        assert biodata.count('","') == 20
        assert reader.files["6FF2"][2:5] == b"\xff\xd8\xff"
        assert reader.files["6FF4"][2:10] in (b"FMR\x00 20\x00", b"")


def test_the_module_refuses_what_was_changed_on_the_way(
    finished: Callable[[str], Finished], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = finished("ktp-el")
    feed = KtpElReader._feed_photo

    def another_photo(self: KtpElReader) -> None:
        photo = self.files["6FF2"]
        self.files["6FF2"] = photo[:-1] + bytes((photo[-1] ^ 1,))
        feed(self)

    monkeypatch.setattr(KtpElReader, "_feed_photo", another_photo)
    with (
        done.home.offering("chip", "--job", done.job),
        done.home.offering("sam", reader=1),
        raw_card(done.reader) as card,
        raw_card(done.slot) as sam,
    ):
        assert KtpElReader(card, sam).read(_open_secret(done)) == "0001"


def _open_secret(done: Finished) -> bytes:
    """What the module was issued with, as its holder has it on paper."""
    with Plant.open(done.home.path) as plant:
        return plant.token.issue_simulated_sam().open_secret


def test_the_passport_reader_knows_its_standard() -> None:
    """Doc 9303-11 appendix D: keys of the worked example, and its first checksum."""
    mrz = ["I<UTOL898902C<3<<<<<<<<<<<<<<<", "6908061F9406236UTO<<<<<<<<<<<6", "<" * 30]
    assert check_digit("L898902C<") == "3"
    assert key_seed(mrz) == EXAMPLE_SEED
    k_mac = derive(EXAMPLE_SEED, 2)
    assert k_mac.hex().upper() == "7862D9ECE03C1BCD4D77089DCF131442"
    sent = bytes.fromhex("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2")
    padded = sent + bytes.fromhex("8000000000000000")
    assert retail_mac(k_mac, padded).hex().upper() == "5F1448EEA8AD90A7"


def test_a_passport_reader_of_another_make_reads_a_card(
    finished: Callable[[str], Finished], tmp_path: Path
) -> None:
    done = finished("icao-lds1")
    job = done.job
    mrz: list[str] = done.home.ektp("chip", "access", job).document["mrz"]
    with done.home.offering("chip", "--job", job):
        with raw_card(done.reader) as card:
            passport = Passport(card, mrz)
            dg1, dg2 = passport.read("0101"), passport.read("0102")
        told = done.home.ektp(
            *("chip", "dump", "--reader", done.reader, "--out", str(tmp_path), "--job", job)
        )
    assert told.code == 0
    assert dg1 == bytes.fromhex("615D5F1F5A") + "".join(mrz).encode()
    for number, content in ((1, dg1), (2, dg2)):
        dumped = (tmp_path / f"DG{number}.bin").read_bytes()
        assert hashlib.sha256(dumped).digest() == hashlib.sha256(content).digest()
    picture = Image.open(io.BytesIO(dg2[_start_of_picture(dg2) :]))
    assert picture.width < picture.height
    picture.load()


def _start_of_picture(dg2: bytes) -> int:
    start = max(dg2.find(b"\xff\xd8\xff"), dg2.find(b"\x00\x00\x00\x0cjP"))
    assert start > 0
    return start


def test_a_passport_reader_with_the_wrong_lines_is_refused(
    finished: Callable[[str], Finished],
) -> None:
    done = finished("icao-lds1")
    lines = ["I<IDN" + "0" * 25, "0" * 30, "<" * 30]
    with (
        done.home.offering("chip", "--job", done.job),
        raw_card(done.reader) as card,
        pytest.raises(Refused, match="6300"),
    ):
        Passport(card, lines)
