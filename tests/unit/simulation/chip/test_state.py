"""The saved state: whole, versioned, and refused where it is damaged."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ektp.errors import CardAbsent, StoreError
from ektp.ids import CardSerial
from simulation.chip.card import Chip
from simulation.chip.faults import ChipFaults, Tear
from simulation.chip.maker import MakerKeys
from simulation.chip.radio import RadioType

from .script import (
    CARD_KEYS,
    Seeded,
    a_blank,
    a_closed_chip,
    a_written_chip,
    apdu,
    file_id,
    inside,
    read_keys,
    send,
    stored_files,
    sw,
)
from .worked_example import SERIAL


def digests(chip: Chip) -> dict[int, bytes]:
    chip.reset()
    assert sw(chip, "00A40000", file_id(0x7F0A)) == "9000"
    host = inside(chip)
    return {n: send(host, "80B40000", file_id(n), "00").data for n in stored_files()}


def test_a_half_written_chip_comes_back_as_it_was() -> None:
    chip = a_written_chip()
    later = Chip.from_bytes(bytes(chip))
    assert bytes(later) == bytes(chip)
    assert digests(later) == digests(chip)
    assert bytes(later) == bytes(chip)
    assert repr(later) == f"Chip({SERIAL.hex().upper()}, OP_READY)"


def test_what_was_proved_or_selected_does_not_come_back() -> None:
    chip = a_written_chip()
    assert sw(chip, "00A40000", file_id(0x6FF0)) == "9000"
    assert sw(Chip.from_bytes(bytes(chip)), "00B0000001") == "6986"


@pytest.mark.parametrize("radio", RadioType)
def test_the_radio_comes_back(radio: RadioType) -> None:
    chip = a_blank(radio=radio)
    later = Chip.from_bytes(bytes(chip))
    assert (later.radio, later.atr, later.serial) == (chip.radio, chip.atr, chip.serial)


@pytest.mark.parametrize(
    "faults",
    [
        ChipFaults(),
        ChipFaults(mute=True),
        ChipFaults(memory_failure_at=0, lose_apdu=1),
        ChipFaults(dead=True, tear=Tear(apdu=1, byte=0)),
    ],
)
def test_faults_come_back(faults: ChipFaults) -> None:
    chip = a_blank()
    chip.faults = faults
    assert Chip.from_bytes(bytes(chip)).faults == faults


def test_a_blank_is_small_and_a_written_chip_no_larger_than_its_memory() -> None:
    assert len(bytes(a_blank())) < 150
    assert len(bytes(a_closed_chip())) < 8192 + 300


def test_writes_counts_lasting_changes_only() -> None:
    chip = a_written_chip()
    before = chip.writes
    for text in ("80CA9F7F00", "0084000008", "00A40000027F0A", "00A40000026FF0", "00B0000010"):
        assert sw(chip, text) == "9000"
    assert chip.writes == before
    assert sw(chip, "80500000080000000000000000", le="00") == "9000"
    assert chip.writes == before + 1


@pytest.mark.parametrize("cut", [0, 1, 20, 40, 60, 80, 100, 140, 200, -1])
def test_a_cut_state_is_refused(cut: int) -> None:
    with pytest.raises(StoreError, match="STO-850"):
        Chip.from_bytes(bytes(a_closed_chip())[:cut])


def test_something_behind_a_state_is_refused() -> None:
    with pytest.raises(StoreError):
        Chip.from_bytes(bytes(a_blank()) + b"\x01")


def test_a_state_of_another_version_is_refused() -> None:
    state = bytearray(bytes(a_blank()))
    state[8] = 1
    with pytest.raises(StoreError):
        Chip.from_bytes(bytes(state))


@pytest.mark.parametrize("cells", [0, 2000, (1 << 17) + 1, (1 << 32) - 1])
def test_a_state_with_other_cells_than_its_files_need_is_refused(cells: int) -> None:
    state = bytearray(bytes(a_closed_chip()))
    at = state.index((8192).to_bytes(4, "big"))
    state[at : at + 4] = cells.to_bytes(4, "big")
    with pytest.raises(StoreError):
        Chip.from_bytes(bytes(state))


def test_a_file_outside_the_cells_is_refused() -> None:
    state = bytearray(bytes(a_closed_chip()))
    at = state.index(bytes.fromhex("7F0A6FF6")) + 2
    state[at + 2 : at + 6] = (8190).to_bytes(4, "big")
    with pytest.raises(StoreError):
        Chip.from_bytes(bytes(state))


CLOSED = bytes(a_closed_chip())


@given(st.integers(0, 320), st.integers(1, 255))
def test_a_damaged_state_gives_a_chip_or_a_store_error(position: int, change: int) -> None:
    state = bytearray(CLOSED)
    state[position] ^= change
    try:
        chip = Chip.from_bytes(bytes(state), random=Seeded())
    except StoreError:
        return
    try:
        send(chip, "80CA9F7F00")
    except CardAbsent:
        assert not chip.answers


def test_no_key_shows_itself() -> None:
    chip = a_written_chip()
    for text in (repr(chip), repr(chip._state.keys), repr(apdu("00DA0101", read_keys()))):
        for key in (read_keys()[1:5], CARD_KEYS.enc, CARD_KEYS.mac, CARD_KEYS.dek):
            assert key[:4].hex() not in text.lower()


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(min_size=8, max_size=8))
def test_every_serial_makes_a_chip_with_a_uid_of_its_own(serial: bytes) -> None:
    keys = MakerKeys.at_random().key_set(CardSerial.from_bytes(serial))
    chip = Chip.blank(CardSerial.from_bytes(serial), transport_keys=keys)
    assert send(chip, "80CA9F7F00").data[13:21] == serial
    assert len(chip.radio.reader_uid) == 7


def secret_position(state: bytes) -> int:
    return state.index(b"\x01" + len(read_keys()).to_bytes(2, "big") + read_keys())


@pytest.mark.parametrize(("offset", "value"), [(0, 2), (2, 48)])
def test_a_secret_that_such_a_chip_does_not_have_is_refused(offset: int, value: int) -> None:
    state = bytearray(CLOSED)
    state[secret_position(CLOSED) + offset] = value
    with pytest.raises(StoreError):
        Chip.from_bytes(bytes(state))


def test_a_state_of_an_unknown_profile_is_refused() -> None:
    with pytest.raises(StoreError):
        Chip.from_bytes(CLOSED.replace(b"ktp-el", b"ktp-xx"))
