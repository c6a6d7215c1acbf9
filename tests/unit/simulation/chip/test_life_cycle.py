"""A model of the chip, and the chip beside it: every path of writing, closing, cutting, ending."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ektp.errors import CardAbsent
from simulation.chip.card import Chip
from simulation.chip.crypto import aes_cmac
from simulation.chip.security import LifeCycle

from .script import Seeded, a_blank, apdu, create_application, create_file, file_id, key_block, send

NUMBERS = [*range(0x6FF0, 0x6FF7), 0x6FFE]
OK, CONDITIONS = 0x9000, 0x6985
blobs = st.binary(min_size=1, max_size=40)


class ChipModel(RuleBasedStateMachine):
    """Knows of files only their content, of the chip only what the document says."""

    def __init__(self) -> None:
        super().__init__()
        self.chip = a_blank()
        self.files: dict[int, bytearray] = {}
        self.application = False
        self.keys = False
        self.state = LifeCycle.OP_READY

    @property
    def open(self) -> bool:
        return self.state is LifeCycle.OP_READY

    def select(self, number: int) -> int:
        send(self.chip, "00A40000", file_id(0x7F0A))
        return send(self.chip, "00A40000", file_id(number)).sw

    @rule()
    def create_the_application(self) -> None:
        expected = (0x6A89 if self.application else OK) if self.open else CONDITIONS
        assert self.chip.process(create_application()).sw == expected
        self.application |= self.open

    @precondition(lambda self: self.application)
    @rule(number=st.sampled_from(NUMBERS), size=st.integers(1, 60))
    def create(self, number: int, size: int) -> None:
        send(self.chip, "00A40000", file_id(0x7F0A))
        expected = (0x6A89 if number in self.files else OK) if self.open else CONDITIONS
        assert self.chip.process(create_file(number, size, 0)).sw == expected
        if expected == OK:
            self.files[number] = bytearray(size)

    @precondition(lambda self: self.files)
    @rule(number=st.sampled_from(NUMBERS), offset=st.integers(0, 60), data=blobs)
    def update(self, number: int, offset: int, data: bytes) -> None:
        if self.select(number) != OK:
            return
        fits = offset + len(data) <= len(self.files[number])
        expected = (OK if fits else 0x6B00) if self.open else CONDITIONS
        assert send(self.chip, f"00D6{offset:04X}", data).sw == expected
        if expected == OK:
            self.files[number][offset : offset + len(data)] = data

    @precondition(lambda self: self.files and self.open)
    @rule(number=st.sampled_from(NUMBERS), data=blobs, at=st.integers(0, 45))
    def tear_an_update(self, number: int, data: bytes, at: int) -> None:
        if self.select(number) != OK or len(data) > len(self.files[number]):
            return
        self.chip.tear_after(1, at)
        with pytest.raises(CardAbsent):
            send(self.chip, "00D60000", data)
        written = data[:at]
        self.files[number][: len(written)] = written
        self.chip.reset()

    @rule()
    def put_keys(self) -> None:
        expected = OK if self.open else CONDITIONS
        assert send(self.chip, "80D80101", key_block()).sw == expected
        self.keys |= self.open

    @rule()
    def secure(self) -> None:
        ready = self.open and self.keys and set(NUMBERS[:-1]) <= set(self.files)
        assert send(self.chip, "80F0800F").sw == (OK if ready else CONDITIONS)
        if ready:
            self.state = LifeCycle.SECURED
            self.files.pop(0x6FFE, None)

    @precondition(lambda self: self.application)
    @rule()
    def make_all_that_is_missing(self) -> None:
        if self.open:
            self.put_keys()
            for number in NUMBERS:
                self.create(number, 9)

    @rule(really=st.integers(0, 3), right=st.booleans())
    def terminate(self, really: int, right: bool) -> None:
        if really:
            return
        challenge = send(self.chip, "0084000008").data
        proof = aes_cmac(key_block()[72:], b"\xff" + challenge)[:8] if right else bytes(8)
        answer = send(self.chip, "80F080FF", proof).sw
        if self.state is LifeCycle.TERMINATED:
            assert answer == CONDITIONS
        elif self.open:
            assert answer == OK
        elif not right:
            assert answer in {0x6982, 0x6983}
        else:
            assert answer in {OK, 0x6983}
        if answer == OK:
            self.state = LifeCycle.TERMINATED

    @rule()
    def lose_the_field(self) -> None:
        self.chip.reset()

    @rule()
    def save_and_load(self) -> None:
        self.chip = Chip.from_bytes(bytes(self.chip), random=Seeded())

    @invariant()
    def the_chip_says_where_it_stands(self) -> None:
        status = send(self.chip, "80F28000024F0000").data
        assert status == bytes.fromhex("E3049F7001") + bytes((self.state,))

    @invariant()
    def files_read_as_written(self) -> None:
        if self.state is LifeCycle.TERMINATED:
            return
        for number in NUMBERS:
            expected = OK if number in self.files else 0x6A82
            assert self.select(number) == expected
            if expected == OK:
                assert send(self.chip, "00B0000000").data == self.files[number]

    @invariant()
    def a_chip_is_secured_only_with_all_its_files(self) -> None:
        if self.chip.life_cycle is LifeCycle.SECURED:
            assert set(self.files) == set(NUMBERS[:-1])
            assert self.chip.process(apdu("80D80101", key_block())).sw == CONDITIONS


ChipModel.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestChipModel = ChipModel.TestCase
