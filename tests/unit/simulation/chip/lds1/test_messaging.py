"""Secure messaging: what a protected command must have, and each thing that must fail."""

from __future__ import annotations

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from simulation.chip.lds1.behaviour import Flaw, Lds1Behaviour
from simulation.chip.lds1.ciphers import CipherSuite, session_cipher
from simulation.chip.lds1.messaging import Lds1Messaging
from simulation.chip.secure_messaging import MessagingBroken

from .reader import Broken, Keys, Messaging, pad

SECRET = bytes(range(32))
SUITES = list(CipherSuite)
READ = CommandApdu(0x00, 0xB0, 0x01, 0x02, le=64)
SELECT = CommandApdu(0x00, 0xA4, 0x02, 0x0C, b"\x01\x01")


def both(suite: CipherSuite, counter: int = 0) -> tuple[Lds1Messaging, Messaging]:
    chip = Lds1Messaging(session_cipher(suite, SECRET), counter)
    return chip, Messaging(Keys.derive(suite, SECRET), counter)


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize(
    "command",
    [
        READ,
        SELECT,
        CommandApdu(0x00, 0xA4, 0x00, 0x0C),
        CommandApdu(0x00, 0x88, data=bytes(8), le=256),
        CommandApdu(0x00, 0xB1, data=b"\x54\x01\x00", le=16),
        CommandApdu(0x00, 0xB0, le=0x10000),
        CommandApdu(0x00, 0xB0, le=0x1234),
        CommandApdu(0x00, 0x86, data=bytes(300), le=256),
    ],
    ids=repr,
)
def test_commands_and_answers_of_every_kind(suite: CipherSuite, command: CommandApdu) -> None:
    chip, reader = both(suite)
    for size in (0, 1, 15, 16, 200):
        assert chip.open_command(reader.wrap(command)) == command
        answer = ResponseApdu(bytes(size), 0x9000)
        assert reader.unwrap(chip.seal_response(answer)) == answer


@pytest.mark.parametrize("suite", SUITES)
def test_the_counter_turns_over(suite: CipherSuite) -> None:
    size = 8 if suite is CipherSuite.TDES else 16
    chip, reader = both(suite, (1 << 8 * size) - 1)
    reader.counter = -1
    assert chip.open_command(reader.wrap(READ)) == READ


def refused(command: CommandApdu, suite: CipherSuite = CipherSuite.AES_128) -> str:
    chip, _ = both(suite)
    with pytest.raises(MessagingBroken) as broken:
        chip.open_command(command)
    return f"{broken.value.sw:04X}"


@pytest.mark.parametrize(
    ("suite", "command"), [(CipherSuite.TDES, READ), (CipherSuite.AES_256, SELECT)], ids=repr
)
def test_each_bit_counts(suite: CipherSuite, command: CommandApdu) -> None:
    good = both(suite)[1].wrap(command)
    for bit in range(8 * len(good.data)):
        flipped = bytearray(good.data)
        flipped[bit // 8] ^= 1 << bit % 8
        bad = CommandApdu(good.cla, good.ins, good.p1, good.p2, bytes(flipped), good.le)
        head_of_checksum = len(good.data) - 10 <= bit // 8 < len(good.data) - 8
        assert refused(bad, suite) == ("6987" if head_of_checksum else "6988")


def test_the_header_counts_and_so_does_the_order() -> None:
    reader = both(CipherSuite.AES_128)[1]
    good = reader.wrap(READ)
    assert refused(CommandApdu(0x0C, 0xB0, 0x01, 0x03, good.data)) == "6988"
    assert refused(CommandApdu(0x0C, 0xA4, 0x01, 0x02, good.data)) == "6988"
    assert refused(reader.wrap(READ)) == "6988"


@pytest.mark.parametrize("data", ["", "8E07" + "00" * 8, "970110", "970110" + "00" * 10])
def test_without_a_checksum_nothing_is_done(data: str) -> None:
    assert refused(CommandApdu(0x0C, 0xB0, data=bytes.fromhex(data))) == "6987"


@pytest.mark.parametrize("data", ["8E08", "8E08" + "00" * 8, "8E08" + "00" * 7])
def test_a_checksum_alone_must_be_right(data: str) -> None:
    assert refused(CommandApdu(0x0C, 0xB0, data=bytes.fromhex(data))) == "6988"


@pytest.mark.parametrize(
    "objects",
    [
        "9700",
        "9703000010",
        "970110970110",
        "970510",
        "99029000970110",
        "9701108711" + "01" + "00" * 16,
        "8711" + "02" + "00" * 16,
        "8710" + "01" + "00" * 15,
        "870101",
        "8700",
        "8711" + "01" + "00" * 16,
        "8510" + "00" * 16,
        "8500",
        "1F",
        "9784000000" + "0110",
    ],
)
def test_well_signed_nonsense_is_refused(objects: str) -> None:
    keys = Keys.derive(CipherSuite.AES_128, SECRET)
    header = pad(bytes.fromhex("0CB00000"), 16)
    raw = bytes.fromhex(objects)
    message = (1).to_bytes(16, "big") + header + raw
    checksum = keys.checksum(pad(message, 16))
    command = CommandApdu(0x0C, 0xB0, data=raw + b"\x8e\x08" + checksum)
    assert refused(command) == "6988"


# Dishonest answers

DATA = ResponseApdu(b"what a chip says", 0x9000)
NOTHING = ResponseApdu(b"", 0x9000)


def sealed(flaw: Flaw, response: ResponseApdu, good: int = 0) -> tuple[Messaging, ResponseApdu]:
    behaviour = Lds1Behaviour(flaws=frozenset({flaw}), good_answers=good)
    chip = Lds1Messaging(session_cipher(CipherSuite.AES_256, SECRET), 0, behaviour)
    reader = Messaging(Keys.derive(CipherSuite.AES_256, SECRET))
    for _ in range(good):
        chip.open_command(reader.wrap(READ))
        assert reader.unwrap(chip.seal_response(response)) == response
    chip.open_command(reader.wrap(READ))
    return reader, chip.seal_response(response)


MESSAGING_FLAWS = {
    Flaw.SM_ERROR_STATUS: "checksum, 6988",
    Flaw.SM_NO_CHECKSUM: "checksum",
    Flaw.SM_NO_STATUS: "status",
    Flaw.SM_WRONG_CHECKSUM: "checksum",
    Flaw.SM_CORRUPT_DATA: "padding",
    Flaw.SM_TAMPERED_DATA: "checksum",
    Flaw.SM_OTHER_STATUS: "status",
}


@pytest.mark.parametrize("good", [0, 3])
@pytest.mark.parametrize("flaw", MESSAGING_FLAWS)
def test_a_reader_sees_each_flaw(flaw: Flaw, good: int) -> None:
    reader, answer = sealed(flaw, DATA, good)
    with pytest.raises(Broken, match=MESSAGING_FLAWS[flaw]):
        reader.unwrap(answer)


def test_data_are_left_out_under_a_right_checksum() -> None:
    reader, answer = sealed(Flaw.SM_NO_DATA, DATA)
    assert reader.unwrap(answer) == NOTHING


def test_flaws_of_data_do_not_touch_answers_without() -> None:
    for flaw in (Flaw.SM_NO_DATA, Flaw.SM_CORRUPT_DATA, Flaw.SM_TAMPERED_DATA):
        reader, answer = sealed(flaw, NOTHING)
        assert reader.unwrap(answer) == NOTHING


def test_an_answer_in_plain_form() -> None:
    assert sealed(Flaw.SM_UNPROTECTED, DATA)[1] == DATA


def test_an_answer_once_more() -> None:
    behaviour = Lds1Behaviour(flaws=frozenset({Flaw.SM_REPLAY}))
    chip = Lds1Messaging(session_cipher(CipherSuite.AES_256, SECRET), 0, behaviour)
    assert chip.seal_response(DATA) == chip.seal_response(NOTHING)
