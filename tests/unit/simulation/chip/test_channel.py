"""The reader that the chip lies on."""

from __future__ import annotations

import functools
import operator

import pytest

from ektp.chip_profiles import ICAO_LDS1
from ektp.errors import CardAbsent
from ektp.ids import CardSerial
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from simulation.chip.features import ChipFeatures
from simulation.chip.maker import MakerKeys
from simulation.chip.radio import Radio, RadioType

from .channel_host import Host
from .script import a_blank, apdu, create_application, create_file, file_id, keys_of


@pytest.mark.parametrize(("radio", "length"), [(RadioType.A, 7), (RadioType.B, 4)])
def test_the_reader_gives_uid_or_pupi(radio: RadioType, length: int) -> None:
    chip = a_blank(radio=radio)
    response = ChipChannel(chip).transmit(apdu("FFCA000000"))
    assert response.ok
    assert response.data == chip.radio.uid[:length]
    assert ChipChannel(chip).transmit(apdu(f"FFCA0000{length:02X}")) == response


def test_a_uid_of_one_session_is_given_as_it_is() -> None:
    chip = a_blank(uid=bytes.fromhex("08112233"))
    assert ChipChannel(chip).transmit(apdu("FFCA000000")).data.hex() == "08112233"


@pytest.mark.parametrize("text", ["FFCA010000", "FFCA000003", "FFCA0000", "FFB0000010", "FF000000"])
def test_the_reader_refuses_other_pseudo_commands(text: str) -> None:
    assert ChipChannel(a_blank()).transmit(apdu(text)).sw in {0x6700, 0x6D00}


@pytest.mark.parametrize("radio", RadioType)
def test_the_atr_is_that_of_a_contactless_card(radio: RadioType) -> None:
    atr = ChipChannel(a_blank(radio=radio)).atr()
    assert atr[0] == 0x3B
    assert atr[1] == 0x80 | (len(atr) - 5)
    assert atr[2:4] == b"\x80\x01"
    assert functools.reduce(operator.xor, atr[1:]) == 0


@pytest.mark.parametrize(("kind", "length"), [(RadioType.A, 8), (RadioType.B, 4)])
def test_a_uid_of_another_length_is_a_mistake(kind: RadioType, length: int) -> None:
    with pytest.raises(ValueError, match="UID"):
        Radio(type=kind, uid=bytes(length))


def test_what_changed_is_saved_before_the_host_hears_of_it() -> None:
    chip = a_blank()
    saved: list[bytes] = []
    channel = ChipChannel(chip, lambda: saved.append(bytes(chip)))
    channel.transmit(apdu("80CA9F7F00"))
    channel.transmit(apdu("00A40000", file_id(0x7F0A)))
    assert saved == []
    host = Host(channel.transmit, keys_of(chip)).open()
    assert len(saved) == 2
    host.process(create_application())
    host.process(create_file(0x6FFE, 16, 0xFF))
    host.process(apdu("00D600000401020304"))
    assert len(saved) == 5
    assert saved[-1] == bytes(chip)


def test_what_a_torn_command_left_is_saved_too() -> None:
    chip = a_blank()
    saved: list[bytes] = []
    channel = ChipChannel(chip, lambda: saved.append(bytes(chip)))
    host = Host(channel.transmit, keys_of(chip)).open()
    host.process(create_application())
    host.process(create_file(0x6FFE, 16, 0xFF))
    chip.tear_after(1, 2)
    with pytest.raises(CardAbsent):
        host.process(apdu("00D600000401020304"))
    assert len(saved) == 5
    assert saved[-1].endswith(b"\x01\x02")
    with pytest.raises(CardAbsent):
        channel.atr()
    channel.reset()
    assert channel.atr() == chip.atr


def test_an_answer_is_kept_back_where_saving_fails() -> None:
    def full_disk() -> None:
        raise OSError("the disk is full")

    channel = ChipChannel(a_blank(), full_disk)
    with pytest.raises(OSError, match="disk is full"):
        channel.transmit(apdu("8050000008" + "00" * 8 + "00"))


def test_a_random_uid_is_another_in_each_field() -> None:
    chip = Chip.blank(
        CardSerial("60010000002A0001"),
        profile=ICAO_LDS1,
        transport_keys=MakerKeys.at_random().key_set(CardSerial("60010000002A0001"), ICAO_LDS1),
    )
    channel = ChipChannel(chip)
    seen = set()
    for _ in range(3):
        uid = channel.transmit(apdu("FFCA000000")).data
        assert (len(uid), uid[:1]) == (4, b"\x08")
        seen.add(uid)
        assert bytes(Chip.from_bytes(bytes(chip))) == bytes(chip)
        channel.reset()
    assert len(seen) == 3
    for uid in seen:
        assert uid not in bytes(chip)


@pytest.mark.parametrize(
    ("features", "last"),
    [
        (ChipFeatures(), "00"),
        (ChipFeatures(chaining=True), "80"),
        (ChipFeatures(extended=True), "40"),
        (ChipFeatures(extended=True, chaining=True), "c0"),
    ],
)
def test_the_atr_tells_what_the_chip_can_carry(features: ChipFeatures, last: str) -> None:
    assert a_blank(features=features).atr.hex()[8:18] == "80731021" + last


def test_a_random_uid_is_of_type_a_and_begins_with_08() -> None:
    for kind, uid in ((RadioType.B, bytes(8)), (RadioType.A, bytes(4))):
        with pytest.raises(ValueError, match="random UID"):
            Radio(type=kind, uid=uid, random_uid=True)
