"""A blank of `icao-lds1`, written through its channel: two directories and four secrets."""

from __future__ import annotations

import pytest

from ektp.apdu import CommandApdu
from ektp.chip_profiles import ICAO_LDS1, MASTER_FILE
from ektp.ids import CardSerial
from simulation.chip.card import Chip
from simulation.chip.maker import derive_key_set
from simulation.chip.security import LifeCycle

from .channel_host import Host, Keys, put_data, put_key
from .script import SECURE, Seeded, apdu, create_file, digest, file_id, send, sw
from .worked_example import SERIAL

AID = bytes.fromhex("A0000002471001")
TRANSPORT, CARD = bytes(range(0x60, 0x80)), bytes(range(0x80, 0xA0))
SECRETS = {2: bytes(32), 3: bytes(20) + b"123456", 4: b"\x01" * 32, 5: b"\x02" * 32}
RULES = {"free": 0x00, "bac_or_pace": 0x02}
CREATE_APPLICATION = apdu("00E00000", bytes.fromhex("6210 820138 83021F00 8407A0000002471001"))
SELECT_AID = apdu("00A4040C", AID)
MARKER = create_file(0x01FE, 32, 0xFF)


def keys_under(master: bytes, version: int) -> Keys:
    made = derive_key_set(master, SERIAL, version)
    return Keys(version, made.enc, made.mac, made.dek)


OLD, NEW = keys_under(TRANSPORT, 0x30), keys_under(CARD, 0x31)


def a_blank() -> Chip:
    keys = derive_key_set(TRANSPORT, SERIAL, 0x30)
    serial = CardSerial.from_bytes(SERIAL)
    return Chip.blank(serial, profile=ICAO_LDS1, transport_keys=keys, random=Seeded())


def begun() -> tuple[Chip, Host]:
    """The application and its marker are there, and the card's own keys."""
    chip = a_blank()
    host = Host(chip.process, OLD).open()
    for command in (CREATE_APPLICATION, MARKER, put_key(OLD, NEW)):
        assert host.process(command).ok
    return chip, Host(chip.process, NEW).open()


def create_all(host: Host, but: str = "") -> None:
    for in_root in (True, False):
        assert host.process(apdu("00A40000023F00") if in_root else SELECT_AID).ok
        for file in ICAO_LDS1.files:
            if file.in_master_file is in_root and file.name != but:
                assert host.process(create_file(file.file_id, 16, RULES[file.read.value])).ok


def put_all(host: Host, but: int = 0) -> None:
    for number, secret in SECRETS.items():
        if number != but:
            assert host.process(put_data(NEW, number, secret)).ok


def test_a_blank_answers_its_aid_with_not_found() -> None:
    assert a_blank().process(SELECT_AID).sw == 0x6A82


@pytest.mark.parametrize(
    "parameters",
    [
        "6207 820138 83021F00",
        "6210 820138 83021F00 8407A0000002471002",
        "6210 820138 83027F0A 8407A0000002471001",
        "6207 820138 83027F0A",
    ],
)
def test_another_application_is_refused(parameters: str) -> None:
    host = Host(a_blank().process, OLD).open()
    assert sw(host, "00E00000", bytes.fromhex(parameters)) == "6A80"


def test_under_the_transport_keys_the_master_file_stays_empty() -> None:
    host = Host(a_blank().process, OLD).open()
    assert host.process(create_file(0x011C, 16, 0)).sw == 0x6985
    # The marker's identifier under the master file is no marker.
    assert host.process(MARKER).sw == 0x6985


def test_a_file_lies_in_the_directory_that_is_current() -> None:
    _, host = begun()
    assert host.process(create_file(0x0101, 16, 2)).ok
    assert sw(host, "00A40000023F00") == "9000"
    assert sw(host, "80B400000201" + "0100") == "6A82"
    assert host.process(create_file(0x0101, 8, 0)).ok
    assert sw(host, "00D6000002ABCD") == "9000"
    in_root = send(host, "80B40000", file_id(0x0101), "00").data
    assert in_root == digest(b"\xab\xcd" + bytes(6))
    assert host.process(SELECT_AID).ok
    assert send(host, "80B40000", file_id(0x0101), "00").data == digest(bytes(16))


@pytest.mark.parametrize(("rule", "expected"), [(0, 0x9000), (2, 0x9000), (1, 0x6A80), (3, 0x6A80)])
def test_rules_are_those_of_the_profile(rule: int, expected: int) -> None:
    _, host = begun()
    assert host.process(create_file(0x0101, 16, rule)).sw == expected


@pytest.mark.parametrize("number", SECRETS)
def test_a_chip_that_lacks_a_secret_is_not_closed(number: int) -> None:
    chip, host = begun()
    create_all(host)
    put_all(host, but=number)
    assert host.process(SECURE).sw == 0x6985
    assert host.process(put_data(NEW, number, SECRETS[number])).ok
    assert host.process(SECURE).ok
    assert chip.life_cycle is LifeCycle.SECURED


@pytest.mark.parametrize("name", [file.name for file in ICAO_LDS1.files])
def test_a_chip_that_lacks_a_file_is_not_closed(name: str) -> None:
    _, host = begun()
    put_all(host)
    create_all(host, but=name)
    assert host.process(SECURE).sw == 0x6985
    file = ICAO_LDS1.file(name)
    directory = file_id(MASTER_FILE) if file.in_master_file else None
    assert host.process(apdu("00A40000", directory) if directory else SELECT_AID).ok
    assert host.process(create_file(file.file_id, 16, RULES[file.read.value])).ok
    assert host.process(SECURE).ok


@pytest.mark.parametrize("number", [1, 6, 0])
def test_secrets_of_another_profile_are_not_known(number: int) -> None:
    _, host = begun()
    assert host.process(put_data(NEW, number, bytes(49))).sw == 0x6A88


def test_a_large_file_is_written_in_few_commands() -> None:
    chip, host = begun()
    content = bytes(range(256)) * 60
    assert host.process(create_file(0x0102, len(content), 2)).ok
    # 2,048 of the APDU, less header, Lc, Le and the C-MAC, in whole blocks with their padding.
    block = (2048 - 9 - 8) // 16 * 16 - 1
    for offset in range(0, len(content), block):
        update = CommandApdu(0x00, 0xD6, offset >> 8, offset & 0xFF, content[offset:][:block])
        assert host.process(update).ok
    assert send(host, "80B40000", file_id(0x0102), "00").data == digest(content)
    later = Chip.from_bytes(bytes(chip))
    assert bytes(later) == bytes(chip)


def test_the_marker_is_read_while_the_chip_is_open_and_gone_afterwards() -> None:
    chip, host = begun()
    put_all(host)
    create_all(host)
    assert chip.process(SELECT_AID).ok
    assert sw(chip, "00A4020C", file_id(0x01FE)) == "9000"
    assert send(chip, "00B0000020").data == bytes(32)
    assert sw(chip, "00A4020C", file_id(0x0101)) == "9000"
    assert sw(chip, "00B0000010") == "6982"
    assert host.process(SECURE).ok
    chip.reset()
    assert chip.process(SELECT_AID).ok
    # Whether a file is there at all, a closed chip tells nobody who has not opened it.
    assert sw(chip, "00A4020C", file_id(0x01FE)) == "6982"
    assert chip._state.files.find(0x01FE, ICAO_LDS1.application) is None
