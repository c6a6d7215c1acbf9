"""Commands of every shape: the chip answers with a status word, and never breaks."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.tlv import Tlv
from simulation.chip.card import Chip
from simulation.chip.lds1.behaviour import PaceSuite
from simulation.chip.lds1.ciphers import CipherSuite, session_cipher
from simulation.chip.lds1.messaging import Lds1Messaging

from .chips import CAN, a_chip
from .reader import Keys, Messaging, Reader

pytestmark = pytest.mark.slow

HEADERS = st.tuples(
    st.sampled_from([0x00, 0x0C, 0x10, 0x1C]),
    st.sampled_from([0x22, 0x82, 0x84, 0x86, 0x88, 0xA4, 0xB0, 0xB1, 0xC0]),
    st.one_of(st.sampled_from([0x00, 0x02, 0x04, 0x41, 0x81, 0x9C, 0xC1]), st.integers(0, 255)),
    st.one_of(st.sampled_from([0x00, 0x0C, 0xA4, 0xA6]), st.integers(0, 255)),
)
OBJECTS = st.lists(
    st.builds(
        lambda tag, value: bytes(Tlv(tag, value)),
        st.sampled_from([0x54, 0x7C, 0x80, 0x81, 0x83, 0x84, 0x85, 0x87, 0x91, 0x97, 0x8E]),
        st.binary(max_size=70),
    ),
    max_size=4,
).map(b"".join)
DATA = st.one_of(st.binary(max_size=80), OBJECTS, OBJECTS.map(lambda data: bytes(Tlv(0x7C, data))))
COMMANDS = st.builds(
    lambda header, data, le: CommandApdu(*header, data, le),
    HEADERS,
    DATA,
    st.one_of(st.none(), st.integers(1, 0x10000)),
)


@functools.cache
def the_chip() -> Chip:
    return a_chip()


def is_an_answer(response: ResponseApdu) -> bool:
    return 0x6100 <= response.sw <= 0x6FFF or response.sw == 0x9000


@settings(max_examples=200, deadline=None)
@given(st.lists(COMMANDS, min_size=1, max_size=6))
def test_any_commands_in_plain_form(commands: list[CommandApdu]) -> None:
    chip = the_chip()
    chip.reset()
    assert all(is_an_answer(chip.process(command)) for command in commands)


@settings(max_examples=200, deadline=None)
@given(DATA)
def test_any_objects_within_a_run_of_pace(data: bytes) -> None:
    chip = the_chip()
    chip.reset()
    reader = Reader(chip)
    assert reader.set_at(PaceSuite(), 2) == "9000"
    for _ in range(2):
        assert is_an_answer(chip.process(CommandApdu(0x10, 0x86, data=data, le=256)))


@functools.cache
def session_keys() -> Keys:
    return Keys.derive(CipherSuite.AES_128, b"shared")


@settings(max_examples=200, deadline=None)
@given(COMMANDS)
def test_any_command_within_a_session(command: CommandApdu) -> None:
    chip = the_chip()
    chip.reset()
    reader = Reader(chip)
    reader.select_application()
    keys = session_keys()
    # A session by hand: two hundred runs of PACE would only take time.
    chip._security.session = Lds1Messaging(session_cipher(CipherSuite.AES_128, b"shared"))
    reader.messaging = Messaging(keys)
    bare = CommandApdu(0x00, command.ins, command.p1, command.p2, command.data, command.le)
    assert is_an_answer(reader.send(bare, le=0x10000))


def test_after_all_that_the_chip_still_opens() -> None:
    chip = the_chip()
    chip.reset()
    assert Reader(chip).pace(CAN, 2) == "9000"
