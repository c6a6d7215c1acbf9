"""A model of the chip, and the chip beside it: every path of writing, closing, cutting, ending.

The model knows rights as docs/secure-channel.md section 7 says them, and none of the chip's code.
"""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ektp.apdu import CommandApdu
from ektp.errors import CardAbsent
from simulation.chip.card import Chip
from simulation.chip.security import LifeCycle

from .channel_host import Host
from .script import (
    CHANGE_KEYS,
    PUT_READ_KEYS,
    SECURE,
    TERMINATE,
    Seeded,
    a_blank,
    create_application,
    create_file,
    digest,
    file_id,
    inside,
    send,
)

NUMBERS = [*range(0x6FF0, 0x6FF7), 0x6FFE]
MARKER = 0x6FFE
OK, PLAIN, CONDITIONS, NOT_CARRIED = 0x9000, 0x6982, 0x6985, 0x6D00
blobs = st.binary(min_size=1, max_size=40)
ways = st.sampled_from(["plain", "channel", "channel", "channel"])


class ChipModel(RuleBasedStateMachine):
    """Knows of files only their content, of the chip only what the documents say."""

    def __init__(self) -> None:
        super().__init__()
        self.chip = a_blank()
        self.host: Host | None = None
        self.session = 0x30
        self.files: dict[int, bytearray] = {}
        self.application = False
        self.version = 0x30
        self.keys = False
        self.state = LifeCycle.OP_READY

    @property
    def open(self) -> bool:
        return self.state is LifeCycle.OP_READY

    def do(self, command: CommandApdu, way: str, versions: set[int], done: int = OK) -> int:
        """Send a command that may be done under those key versions; its status word, checked.

        `done` is what it answers where its rights hold.
        """
        if way == "channel" and self.state is not LifeCycle.TERMINATED:
            if self.host is None:
                self.host, self.session = inside(self.chip), self.version
            answer = self.host.process(command).sw
            refused = None if self.session in versions else CONDITIONS
        else:
            answer = self.chip.process(command).sw
            refused = PLAIN
        closed = not self.open and (command != TERMINATE or self.state is LifeCycle.TERMINATED)
        assert answer == (CONDITIONS if closed else refused or done)
        return answer

    def select(self, number: int) -> int:
        send(self.chip, "00A40000", file_id(0x7F0A))
        return send(self.chip, "00A40000", file_id(number)).sw

    @rule()
    def open_a_channel(self) -> None:
        if self.state is not LifeCycle.TERMINATED:
            self.host, self.session = inside(self.chip), self.version

    @rule(way=ways)
    def create_the_application(self, way: str) -> None:
        done = 0x6A89 if self.application else OK
        if self.do(create_application(), way, {0x30, 0x31}, done) == OK:
            self.application = True

    @precondition(lambda self: self.application)
    @rule(number=st.sampled_from(NUMBERS), size=st.integers(1, 60), way=ways)
    def create(self, number: int, size: int, way: str = "channel") -> None:
        send(self.chip, "00A40000", file_id(0x7F0A))
        done = 0x6A89 if number in self.files else OK
        versions = {0x30, 0x31} if number == MARKER else {0x31}
        if self.do(create_file(number, size, 0), way, versions, done) == OK:
            self.files[number] = bytearray(size)

    @precondition(lambda self: self.files)
    @rule(number=st.sampled_from(NUMBERS), offset=st.integers(0, 60), data=blobs, way=ways)
    def update(self, number: int, offset: int, data: bytes, way: str) -> None:
        if self.select(number) != OK:
            return
        fits = offset + len(data) <= len(self.files[number])
        command = CommandApdu(0x00, 0xD6, 0, offset, data)
        versions = {0x30, 0x31} if number == MARKER else {0x31}
        if self.do(command, way, versions, OK if fits else 0x6B00) == OK:
            self.files[number][offset : offset + len(data)] = data

    @precondition(lambda self: self.files and self.open)
    @rule(number=st.sampled_from(NUMBERS), data=blobs, at=st.integers(0, 45))
    def tear_an_update(self, number: int, data: bytes, at: int) -> None:
        if self.version == 0x30 and number != MARKER:
            return
        host = inside(self.chip)
        if self.select(number) != OK or len(data) > len(self.files[number]):
            self.host = None
            return
        self.chip.tear_after(1, at)
        with pytest.raises(CardAbsent):
            host.process(CommandApdu(0x00, 0xD6, data=data))
        written = data[:at]
        self.files[number][: len(written)] = written
        self.lose_the_field()

    @rule(way=ways)
    def change_the_keys(self, way: str) -> None:
        done = OK if self.version == 0x30 else CONDITIONS
        if self.do(CHANGE_KEYS, way, {0x30}, done) == OK:
            self.version = 0x31

    @precondition(lambda self: self.open and self.version == 0x30)
    @rule(at=st.integers(0, 60))
    def tear_the_key_change(self, at: int) -> None:
        host = inside(self.chip)
        self.chip.tear_after(1, at)
        with pytest.raises(CardAbsent):
            host.process(CHANGE_KEYS)
        self.version = 0x31 if at >= 48 else 0x30
        self.lose_the_field()

    @precondition(lambda self: self.version == 0x31)
    @rule(way=ways)
    def put_read_keys(self, way: str = "channel") -> None:
        # Under the old session the sealed keys are refused before they are looked at.
        if self.do(PUT_READ_KEYS, way, {0x31}) == OK:
            self.keys = True

    @rule(way=ways)
    def secure(self, way: str) -> None:
        ready = self.keys and set(NUMBERS[:-1]) <= set(self.files)
        if self.do(SECURE, way, {0x31}, OK if ready else CONDITIONS) == OK:
            self.state = LifeCycle.SECURED
            self.files.pop(MARKER, None)

    @precondition(lambda self: self.application and self.version == 0x31)
    @rule()
    def make_all_that_is_missing(self) -> None:
        if self.open:
            self.open_a_channel()
            self.put_read_keys()
            for number in NUMBERS:
                self.create(number, 9)

    @rule(really=st.integers(0, 3), way=ways)
    def terminate(self, really: int, way: str) -> None:
        if really and way == "channel":
            return
        if self.do(TERMINATE, way, {0x30, 0x31}) == OK:
            self.state = LifeCycle.TERMINATED

    @rule()
    def lose_the_field(self) -> None:
        self.chip.reset()
        self.host = None

    @rule()
    def save_and_load(self) -> None:
        self.chip = Chip.from_bytes(bytes(self.chip), random=Seeded())
        self.host = None

    @invariant()
    def the_chip_says_where_it_stands(self) -> None:
        status = send(self.chip, "80F28000024F0000").data
        assert status == bytes.fromhex("E3049F7001") + bytes((self.state,))
        information = send(self.chip, "80CA00E000")
        if self.state is LifeCycle.TERMINATED:
            assert information.sw == CONDITIONS
        else:
            assert information.data[5] == self.version

    @invariant()
    def free_files_read_as_written(self) -> None:
        if self.state is LifeCycle.TERMINATED:
            return
        for number in NUMBERS:
            expected = OK if number in self.files else 0x6A82
            assert self.select(number) == expected
            if expected == OK:
                assert send(self.chip, "00B0000000").data == self.files[number]

    @invariant()
    def digests_are_those_of_what_was_written(self) -> None:
        if self.open and self.version == 0x31 and self.files:
            number = min(self.files)
            send(self.chip, "00A40000", file_id(0x7F0A))
            host = inside(self.chip)
            self.host, self.session = host, 0x31
            made = send(host, "80B40000", file_id(number), "00").data
            assert made == digest(bytes(self.files[number]))

    @invariant()
    def a_chip_is_secured_only_with_all_that_it_must_have(self) -> None:
        if self.chip.life_cycle is LifeCycle.SECURED:
            assert set(self.files) == set(NUMBERS[:-1])
            assert self.keys
            assert self.version == 0x31


ChipModel.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestChipModel = ChipModel.TestCase
