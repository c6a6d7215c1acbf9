"""Secure messaging: the published frames of ICAO, and one test for each thing that must fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.tlv import Tlv
from simulation.chip.card import Chip
from simulation.chip.crypto import Tdes, pad, xor
from simulation.chip.mutual_authentication import TOKEN_BYTES
from simulation.chip.secure_messaging import SecureMessaging
from simulation.sam.messaging import ReaderMessaging

from .script import Seeded, a_closed_chip, apdu, file_id, read_keys, send, sw

VECTORS = Path(__file__).parents[3] / "vectors" / "icao-bac-sm.json"
CASES = {case["name"]: case for case in json.loads(VECTORS.read_text())["cases"]}
FRAMES = [name for name in CASES if name.startswith("sm-")]


class RetailMacCipher:
    """The cipher of ICAO's example: two-key TDES and the retail MAC (ISO/IEC 9797-1 algorithm 3).

    Single DES is three-key TDES with the same key three times.
    """

    block_bytes = 8

    def __init__(self, enc: bytes, mac: bytes) -> None:
        self._enc = Tdes(enc + enc[:8])
        self._first, self._second = Tdes(3 * mac[:8]), Tdes(3 * mac[8:])

    def encrypt(self, counter: bytes, data: bytes) -> bytes:  # noqa: ARG002 - the IV is zero
        return self._enc.encrypt(data)

    def decrypt(self, counter: bytes, data: bytes) -> bytes:  # noqa: ARG002 - the IV is zero
        return self._enc.decrypt(data)

    def checksum(self, message: bytes) -> bytes:
        return self._first.encrypt(self._second.decrypt(self._first.mac(message)))


@pytest.mark.parametrize("name", FRAMES)
def test_the_frames_of_icao(name: str) -> None:
    case = {key: bytes.fromhex(value) for key, value in CASES[name].items() if key in FIELDS}
    cipher = RetailMacCipher(case["ks_enc"], case["ks_mac"])
    messaging = SecureMessaging(cipher, case["ssc_before"])
    plain = messaging.open_command(CommandApdu.from_bytes(case["protected_command"]))
    # The example's plain SELECT is printed without Le and its READ BINARY with it.
    assert bytes(plain) == case["plain_command"]
    sealed = messaging.seal_response(ResponseApdu(case["plain_response"], 0x9000))
    assert bytes(sealed) == case["protected_response"]


FIELDS = ("ks_enc", "ks_mac", "ssc_before", "plain_command", "protected_command")
FIELDS += ("protected_response", "plain_response")


def test_the_enciphered_part_of_icaos_mutual_authentication() -> None:
    case = CASES["mutual-authentication"]
    key = bytes.fromhex(case["k_enc"])
    sealed = Tdes(key + key[:8]).encrypt(bytes.fromhex(case["s"]))
    assert sealed.hex() == case["e_ifd"]
    mac = RetailMacCipher(key, bytes.fromhex(case["k_mac"])).checksum(pad(sealed))
    assert mac.hex() == case["m_ifd"]


SEED_IFD = bytes(range(16))


def a_session(chip: Chip | None = None) -> tuple[Chip, ReaderMessaging]:
    """An authenticated chip and the reader's end of its session, made without a SAM."""
    chip = chip or a_closed_chip()
    enc, mac = Tdes(read_keys()[1:25]), Tdes(read_keys()[25:])
    assert sw(chip, "00A40000", file_id(0x7F0A)) == "9000"
    challenge = send(chip, "0084000008").data
    sealed = enc.encrypt(b"reader's" + challenge + SEED_IFD)
    answer = send(chip, "00820000", sealed + mac.mac(pad(sealed)), "28").data
    assert len(answer) == TOKEN_BYTES
    assert mac.mac(pad(answer[:32])) == answer[32:]
    plain = enc.decrypt(answer[:32])
    assert plain[:16] == challenge + b"reader's"
    counter = challenge[4:] + b"er's"
    return chip, ReaderMessaging(xor(SEED_IFD, plain[16:]), counter)


SELECT = apdu("00A40000", file_id(0x6FF1))
READ = apdu("00B0000010")


def exchange(chip: Chip, session: ReaderMessaging, command: CommandApdu) -> ResponseApdu:
    return session.unwrap(chip.process(session.wrap(command)))


def test_a_session_carries_select_and_read() -> None:
    chip, session = a_session()
    assert exchange(chip, session, SELECT).ok
    assert len(exchange(chip, session, READ).data) == 16


def test_refusals_are_answered_within_the_session_which_goes_on() -> None:
    chip, session = a_session()
    assert exchange(chip, session, READ).sw == 0x6986
    assert exchange(chip, session, apdu("00A40000", file_id(0x6FFE))).sw == 0x6A82
    assert exchange(chip, session, SELECT).ok
    assert exchange(chip, session, apdu("00B07FFF10")).sw == 0x6B00
    assert exchange(chip, session, apdu("00B00000D1")).sw == 0x6700
    assert exchange(chip, session, apdu("00B0000000")).sw == 0x6700
    assert exchange(chip, session, apdu("0084000008")).sw == 0x6D00
    assert exchange(chip, session, apdu("00D60000", b"\x00")).sw == 0x6985
    assert exchange(chip, session, READ).ok


def test_a_read_is_cut_short_by_the_end_of_the_file() -> None:
    chip, session = a_session()
    assert exchange(chip, session, apdu("00A40000", file_id(0x6FF6))).ok
    assert len(exchange(chip, session, apdu("00B00040D0")).data) == 16


def test_no_other_file_can_be_put_under_a_protected_read() -> None:
    chip, session = a_session()
    assert exchange(chip, session, SELECT).ok
    assert sw(chip, "00A40000", file_id(0x6FF6)) == "9000"
    assert exchange(chip, session, READ).sw == 0x6986
    assert exchange(chip, session, SELECT).ok
    assert exchange(chip, session, READ).ok


def refused(command: CommandApdu) -> str:
    """The chip's answer to a command that broke the session, which must be over."""
    chip, session = a_session()
    exchange(chip, session, SELECT)
    good = session.wrap(READ)
    bad = CommandApdu(0x0C, command.ins, command.p1, command.p2, command.data, 256)
    response = chip.process(bad)
    assert response.data == b""
    assert chip.process(good).sw == 0x6982
    return f"{response.sw:04X}"


def sealed_read(objects: bytes = b"\x97\x01\x10", header: str = "0CB00000") -> CommandApdu:
    """A read with objects of our choice and the right checksum for the third command."""
    chip, session = a_session()
    exchange(chip, session, SELECT)
    checksum = session._checksum(pad(bytes.fromhex(header)) + objects)
    return CommandApdu.from_bytes(
        bytes.fromhex(header) + bytes((len(objects) + 10,)) + objects + b"\x8e\x08" + checksum
    )


def test_the_checksum_builder_of_these_tests_is_right() -> None:
    chip, session = a_session()
    exchange(chip, session, SELECT)
    assert chip.process(sealed_read()).ok


@pytest.mark.parametrize("bit", range(8 * 13))
def test_each_bit_of_a_protected_read_counts(bit: int) -> None:
    good = sealed_read()
    flipped = bytearray(good.data)
    flipped[bit // 8] ^= 0x80 >> bit % 8
    bad = CommandApdu(0x0C, good.ins, good.p1, good.p2, bytes(flipped))
    expected = "6987" if 3 <= bit // 8 < 5 else "6988"
    assert refused(bad) == expected


@pytest.mark.parametrize("header", ["0CB00001", "0CB00100", "0CA40000"])
def test_the_header_is_part_of_the_checksum(header: str) -> None:
    good = sealed_read()
    ins, p1, p2 = bytes.fromhex(header)[1:]
    assert refused(CommandApdu(0x0C, ins, p1, p2, good.data)) == "6988"


@pytest.mark.parametrize("data", [b"", b"\x8e\x08", bytes(9), bytes(10), b"\x97\x01\x10"])
def test_without_a_checksum_nothing_is_done(data: bytes) -> None:
    assert refused(CommandApdu(0x0C, 0xB0, 0, 0, data)) == "6987"


@pytest.mark.parametrize(
    "objects",
    [
        b"\x97\x02\x00\x10",
        b"\x97\x00",
        b"\x97\x01\x10\x97\x01\x10",
        b"\x97\x05\x10",
        b"\x99\x02\x90\x00\x97\x01\x10",
        b"\x97\x01\x10\x87\x09\x01" + bytes(8),
        b"\x87\x09\x02" + bytes(8),
        b"\x87\x08\x01" + bytes(7),
        b"\x87\x01\x01",
        b"\x87\x09\x01" + bytes(8),
        b"\x1f",
        b"\x97\x84\x00\x00\x00\x01\x10",
    ],
    ids=bytes.hex,
)
def test_well_sealed_nonsense_ends_the_session(objects: bytes) -> None:
    assert refused(sealed_read(objects)) == "6988"


def test_a_command_is_not_taken_twice() -> None:
    chip, session = a_session()
    command = session.wrap(SELECT)
    assert chip.process(command).ok
    assert chip.process(command).sw == 0x6988
    assert chip.process(session.wrap(READ)).sw == 0x6982


def test_protected_commands_need_a_session() -> None:
    assert a_closed_chip().process(sealed_read()).sw == 0x6982


def test_a_reset_ends_the_session() -> None:
    chip, session = a_session()
    assert exchange(chip, session, SELECT).ok
    chip.reset()
    assert chip.process(session.wrap(READ)).sw == 0x6982


def test_another_authentication_ends_the_session_even_where_it_fails() -> None:
    chip, session = a_session()
    assert sw(chip, "0084000008") == "9000"
    assert sw(chip, "00820000", bytes(40), "28") == "6982"
    assert chip.process(session.wrap(SELECT)).sw == 0x6982


def test_two_sessions_have_different_keys() -> None:
    chip = a_closed_chip(random=Seeded(5))
    _, first = a_session(chip)
    _, second = a_session(chip)
    assert chip.process(first.wrap(SELECT)).sw == 0x6988
    assert chip.process(second.wrap(SELECT)).sw == 0x6982


def test_the_counter_goes_round() -> None:
    cipher = RetailMacCipher(bytes(range(16)), bytes(range(16, 32)))
    last, first = (SecureMessaging(cipher, counter) for counter in (b"\xff" * 8, bytes(8)))
    # One step after the last counter stands 0; the response of the second session stands at 1.
    assert last._advance() == bytes(8)
    assert last.seal_response(ResponseApdu(b"", 0x9000)) == first.seal_response(
        ResponseApdu(b"", 0x9000)
    )


def test_other_objects_of_a_reader_are_read_by_their_own_lengths() -> None:
    # 81 10 is a longer form of length 10 that BER allows; the checksum is over the bytes as sent.
    chip, session = a_session()
    exchange(chip, session, SELECT)
    assert chip.process(sealed_read(b"\x97\x81\x01\x10")).ok
    assert bytes(Tlv(0x97, b"\x10")) == b"\x97\x01\x10"
