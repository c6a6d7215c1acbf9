"""All 65,536 status words on every class of command that the inspection sends: none but the right
one is taken for good."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import CheckOutcome
from ektp.chip_profiles import KTP_EL
from inspection.faults import Fault
from inspection.guarded import GuardedChip, Limits
from inspection.identity import life_cycle, serial_of
from inspection.probes import check_marker_gone, check_reads_refused, check_writes_refused
from inspection.reader import PlainReader, SecuredReader

OK = 0x9000
CPLC = bytes.fromhex("9F7F2A") + bytes(42)
STATUS = bytes.fromhex("E3049F70010F")
CONTROL = KTP_EL.file("card_control")
SIGNATURE = KTP_EL.file("digital_signature")


class Scripted:
    """Answers by the instruction byte; whatever it does not know is `default`."""

    def __init__(self, answers: dict[int, ResponseApdu], default: ResponseApdu) -> None:
        self.answers, self.default = answers, default

    def atr(self) -> bytes:
        return b"\x3b"

    def reset(self) -> None:
        pass

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        return self.answers.get(command.ins, self.default)


class Passing:
    """A SAM that lets everything through, in the class of secure messaging."""

    def open(self) -> None:
        pass

    def reset_session(self) -> None:
        pass

    def calculate_challenge(self, card_control: bytes, uid: bytes, challenge: bytes) -> bytes:
        return bytes((*card_control, *uid, *challenge))[:40]

    def verify_card(self, answer: bytes) -> None:
        pass

    def wrap(self, command: CommandApdu) -> CommandApdu:
        return CommandApdu(0x0C, command.ins, command.p1, command.p2, b"\x00", 256)

    def unwrap(self, response: ResponseApdu) -> ResponseApdu:
        return ResponseApdu(response.data[1:], OK)

    def decipher_files(self) -> None:
        pass


def chip(answers: dict[int, ResponseApdu], default: int = 0x6985) -> GuardedChip:
    return GuardedChip(Scripted(answers, ResponseApdu(b"", default)), Limits())


def select_free(sw: int) -> str:
    reads = {0xA4: ResponseApdu(b"", sw), 0xB0: ResponseApdu(b"\x00\x33" + bytes(51), OK)}
    return str(len(PlainReader(chip(reads)).read_file(CONTROL)))


def read_free(sw: int) -> str:
    reads = {0xA4: ResponseApdu(b"", OK), 0xB0: ResponseApdu(b"\x00\x33" + bytes(51), sw)}
    return str(len(PlainReader(chip(reads)).read_file(CONTROL)))


def read_forbidden(sw: int) -> str:
    reads = {0xA4: ResponseApdu(b"", OK), 0xB0: ResponseApdu(b"", sw)}
    return check_reads_refused(PlainReader(chip(reads)), (SIGNATURE,))


def select_forbidden(sw: int) -> str:
    reads = {0xA4: ResponseApdu(b"", sw), 0xB0: ResponseApdu(b"", 0x6982)}
    return check_reads_refused(PlainReader(chip(reads)), (SIGNATURE,))


def marker(sw: int) -> str:
    return check_marker_gone(PlainReader(chip({0xA4: ResponseApdu(b"", sw)})), KTP_EL)


def write(ins: int) -> Callable[[int], str]:
    def probe(sw: int) -> str:
        answers = {
            0xA4: ResponseApdu(b"", OK),
            0xB0: ResponseApdu(b"\x00", OK),
            ins: ResponseApdu(b"", sw),
        }
        return check_writes_refused(chip(answers), KTP_EL)

    return probe


def authenticate(ins: int) -> Callable[[int], str]:
    def probe(sw: int) -> str:
        answers = {0x84: ResponseApdu(bytes(8), OK), 0x82: ResponseApdu(bytes(40), OK)}
        answers[ins] = ResponseApdu(answers[ins].data, sw)
        SecuredReader(chip(answers), Passing()).authenticate(bytes(51), bytes(8))
        return "authenticated"

    return probe


def secured(ins: int) -> Callable[[int], str]:
    def probe(sw: int) -> str:
        answers = {0xA4: ResponseApdu(b"\x99", OK), 0xB0: ResponseApdu(bytes(81), OK)}
        answers[ins] = ResponseApdu(answers[ins].data, sw)
        return str(len(SecuredReader(chip(answers), Passing()).read_file(SIGNATURE)))

    return probe


CLASSES: dict[str, tuple[Callable[[int], str], set[int]]] = {
    "get data": (lambda sw: serial_of(ResponseApdu(CPLC, sw)), {OK}),
    "get status": (lambda sw: str(life_cycle(ResponseApdu(STATUS, sw))), {OK}),
    "select": (select_free, {OK}),
    "read": (read_free, {OK}),
    "select, forbidden": (select_forbidden, {OK, 0x6982}),
    "read, forbidden": (read_forbidden, {0x6982}),
    "marker": (marker, {0x6A82}),
    "update": (write(0xD6), {0x6985}),
    "create": (write(0xE0), {0x6985}),
    "put key": (write(0xD8), {0x6985}),
    "set status": (write(0xF0), {0x6985}),
    "file digest": (write(0xB4), {0x6985}),
    "challenge": (authenticate(0x84), {OK}),
    "authenticate": (authenticate(0x82), {OK}),
    "secured select": (secured(0xA4), {OK}),
    "secured read": (secured(0xB0), {OK}),
}


@pytest.mark.parametrize("name", CLASSES)
def test_only_the_right_status_word_is_taken(name: str) -> None:
    probe, good = CLASSES[name]
    taken = set()
    for sw in range(0x10000):
        try:
            assert probe(sw)
        except Fault as fault:
            assert fault.outcome is CheckOutcome.FAILED  # noqa: PT017 - 65,536 times
            continue
        taken.add(sw)
    assert taken == good
