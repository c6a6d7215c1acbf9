"""Commands that nobody meant: the chip and the SAM answer them all and give nothing away."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ektp.apdu import CommandApdu, ResponseApdu
from simulation.chip.card import Chip
from simulation.chip.security import LifeCycle
from simulation.chip.state import ChipState

from .script import (
    CARD_KEYS,
    ENCIPHERED,
    OPEN_SECRET,
    TERMINATE,
    TRANSPORT_KEYS,
    Seeded,
    a_blank,
    a_closed_chip,
    a_sam,
    a_written_chip,
    inside,
    plain_files,
    read_keys,
    stored_files,
)
from .worked_example import MASTER

pytestmark = pytest.mark.slow

CLOSED, WRITTEN, BLANK = bytes(a_closed_chip()), bytes(a_written_chip()), bytes(a_blank())
COUNTERS = (ChipState.from_bytes(CLOSED).sequence_counter, 0)
FILES = stored_files()
FREE = (0x6FF0, 0x6FF2)

byte = st.integers(0, 255)
cla = st.sampled_from([0x00, 0x80, 0x0C, 0x04, 0x84, 0x10, 0x94, 0xFF]) | byte
ins = (
    st.sampled_from(
        [0x50, 0xDA, 0xC0, 0xA4, 0xB0, 0xD6, 0xE0, 0x84, 0x82, 0xCA, 0xF2, 0xF0, 0xD8, 0xB4]
    )
    | byte
)
parameter = st.sampled_from([0, 1, 0x80, 0x0F, 0xFF, 0x9F, 0x7F, 2]) | byte
file_ids = st.sampled_from([0x7F0A, *range(0x6FF0, 0x6FF7), 0x6FFE]).map(lambda n: n.to_bytes(2))
data = st.one_of(
    st.just(b""),
    file_ids,
    st.just(b"\x4f\x00"),
    st.binary(max_size=300),
    st.sampled_from([8, 40, 88, 240]).flatmap(lambda n: st.binary(min_size=n, max_size=n)),
    st.binary(max_size=30).map(lambda body: body + b"\x8e\x08" + bytes(8)),
)
le = st.none() | st.sampled_from([2, 8, 0x10, 0x20, 40, 0xF0, 256, 257, 65536])
commands = st.lists(
    st.builds(CommandApdu, cla, ins, parameter, parameter, data, le)
    | st.builds(CommandApdu, st.just(0), st.just(0xA4), st.just(0), st.just(0), file_ids, st.none())
    | st.builds(CommandApdu, st.just(0), st.just(0xB0), st.just(0), byte, st.just(b""), le),
    min_size=1,
    max_size=12,
)


def secrets_of_the_chip() -> list[bytes]:
    """Eight-byte pieces of everything that a stranger must not get."""
    wholes = [content for number, content in FILES.items() if number not in FREE]
    wholes += [plain_files()[number] for number in ENCIPHERED]
    pieces = [whole[at : at + 8] for whole in wholes for at in range(0, len(whole) - 7, 4)]
    sets = b"".join(k.enc + k.mac + k.dek for k in (TRANSPORT_KEYS, CARD_KEYS)) + read_keys()[1:]
    keys = [sets[at : at + 8] for at in range(0, len(sets), 4)]
    # The signature object repeats serial and key id, which the card control shows to everybody.
    public = b"".join(FILES[number] for number in FREE) + bytes(8)
    return [piece for piece in {*pieces, *keys} if piece not in public]


SECRETS = secrets_of_the_chip()


def answers_of(chip: Chip, sent: list[CommandApdu]) -> list[ResponseApdu]:
    answers = [chip.process(command) for command in sent]
    assert all(0x6000 <= answer.sw <= 0x9FFF for answer in answers)
    assert all(answer.ok or not answer.data or answer.sw >> 8 == 0x61 for answer in answers)
    return answers


@settings(max_examples=100, deadline=None)
@given(commands)
def test_a_closed_chip_gives_away_and_takes_in_nothing(sent: list[CommandApdu]) -> None:
    chip = Chip.from_bytes(CLOSED, random=Seeded())
    given_away = b"|".join(answer.data for answer in answers_of(chip, sent))
    assert not any(piece in given_away for piece in SECRETS)
    assert chip.life_cycle is LifeCycle.SECURED
    # Only the channel's two counters may have grown.
    chip._state.sequence_counter, chip._state.channel_failures = COUNTERS
    assert bytes(chip) == CLOSED


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([BLANK, WRITTEN]), commands)
def test_an_open_chip_answers_everything(state: bytes, sent: list[CommandApdu]) -> None:
    chip = Chip.from_bytes(state, random=Seeded())
    answers_of(chip, sent)
    assert bytes(Chip.from_bytes(bytes(chip))) == bytes(chip)


@settings(max_examples=50, deadline=None)
@given(commands)
def test_a_terminated_chip_tells_its_name_and_its_end(sent: list[CommandApdu]) -> None:
    chip = Chip.from_bytes(WRITTEN, random=Seeded())
    assert inside(chip).process(TERMINATE).ok
    for command, answer in zip(sent, answers_of(chip, sent), strict=True):
        if (command.cla, command.ins) not in {(0x80, 0xCA), (0x80, 0xF2)}:
            assert answer == ResponseApdu(b"", 0x6985)


sam_ins = st.sampled_from([0xF0, 0xF1, 0xF2, 0xF3, 0xF4, 0xF7, 0xF8, 0xFA, 0xFF]) | byte
sam_data = data | st.binary(min_size=67, max_size=67).map(lambda raw: b"\x01" + raw[1:])


@settings(max_examples=100, deadline=None)
@given(
    st.booleans(),
    st.lists(
        st.builds(CommandApdu, st.just(0) | byte, sam_ins, parameter, parameter, sam_data, le),
        max_size=10,
    ),
)
def test_the_sam_answers_everything_and_gives_no_key_away(
    opened: bool, sent: list[CommandApdu]
) -> None:
    sam = a_sam()
    if not opened:
        sam.reset()
    said = b"|".join(bytes(sam.process(command)) for command in sent)
    assert MASTER[:8] not in said
    assert OPEN_SECRET[:8] not in said
    assert not any(read_keys()[at : at + 8] in said for at in range(1, 49, 8))


@pytest.mark.parametrize("number", sorted(set(FILES) - set(FREE)))
def test_the_search_for_secrets_would_find_them(number: int) -> None:
    assert any(piece in FILES[number] for piece in SECRETS)
