# ruff: noqa: ARG002, N802 - names and arguments are those of the library
"""The worker over a scripted PC/SC library: dead contexts, stale answers, waits."""

from __future__ import annotations

from types import ModuleType
from typing import Any, cast

import pytest

from printers.readers.codes import PcscCode
from printers.readers.frames import Answer, Frame, FrameReader, Request
from printers.readers.worker import Worker

NAME = b"Encoder 0 00 00"
PRESENT, EMPTY, UNKNOWN = 0x22, 0x12, 0x04


class ScriptedPcsc:
    """The few calls of `smartcard.scard`, with answers by script; notes what was called."""

    SCARD_SCOPE_USER, SCARD_SHARE_EXCLUSIVE, SCARD_UNPOWER_CARD = 0, 1, 2
    SCARD_PROTOCOL_T0, SCARD_PROTOCOL_T1, SCARD_PCI_T0, SCARD_PCI_T1 = 1, 2, "T=0", "T=1"
    SCARD_STATE_UNAWARE, SCARD_STATE_CHANGED, SCARD_STATE_UNKNOWN = 0, 2, 4
    SCARD_STATE_UNAVAILABLE, SCARD_STATE_PRESENT = 8, 0x20

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.establish = [0]
        self.lists: list[tuple[int, list[str]]] = [(0, ["A", "B"])]
        self.states: list[tuple[int, int]] = []
        self.connect = (0, 7, 2)
        self.transmits: list[tuple[int, list[int]]] = []

    def SCardEstablishContext(self, scope: int) -> tuple[int, int]:
        self.calls.append("establish")
        return (self.establish.pop(0) if len(self.establish) > 1 else self.establish[0]), 1

    def SCardReleaseContext(self, context: int) -> int:
        self.calls.append("release")
        return PcscCode.INVALID_HANDLE

    def SCardListReaders(self, context: int, groups: list[str]) -> tuple[int, list[str]]:
        return self.lists.pop(0)

    def SCardGetStatusChange(self, context: int, wait_ms: int, states: Any) -> Any:
        self.calls.append(f"status {states[0][1]:#x}")
        code, state = self.states.pop(0)
        return code, [(states[0][0], state, [0x3B, 0x00])]

    def SCardConnect(self, context: int, name: str, mode: int, protocols: int) -> Any:
        self.calls.append(f"connect {name} {mode}")
        return self.connect

    def SCardStatus(self, card: int) -> Any:
        return 0, "", 0, 2, [0x3B, 0x01]

    def SCardTransmit(self, card: int, header: str, command: list[int]) -> Any:
        self.calls.append(f"transmit {header}")
        return self.transmits.pop(0)

    def SCardReconnect(self, card: int, mode: int, protocols: int, what: int) -> Any:
        self.calls.append(f"reconnect {what}")
        return 0, 2

    def SCardDisconnect(self, card: int, what: int) -> int:
        self.calls.append(f"disconnect {what}")
        return PcscCode.NO_SERVICE


@pytest.fixture
def pcsc() -> ScriptedPcsc:
    return ScriptedPcsc()


@pytest.fixture
def worker(pcsc: ScriptedPcsc) -> Worker:
    return Worker(cast("ModuleType", pcsc))


def ask(worker: Worker, request: int, body: bytes = b"") -> Frame:
    answer = worker.answer(request, body)
    return FrameReader(lambda _: answer).read()


def failed(code: int) -> Frame:
    return Frame(Answer.FAILED, code.to_bytes(4, "big"))


def test_what_a_failed_call_left_in_memory_is_never_passed_on(
    worker: Worker, pcsc: ScriptedPcsc
) -> None:
    ask(worker, Request.CONNECT, NAME)
    pcsc.transmits = [(PcscCode.NO_SERVICE - (1 << 32), [0xDE, 0xAD, 0x90, 0x00])]
    assert ask(worker, Request.TRANSMIT, b"\x00\xb0\x00\x00") == failed(PcscCode.NO_SERVICE)


def test_a_context_that_died_with_pcscd_is_replaced_once(
    worker: Worker, pcsc: ScriptedPcsc
) -> None:
    pcsc.lists = [(PcscCode.NO_SERVICE, []), (0, ["A", "B"])]
    assert ask(worker, Request.LIST) == Frame(Answer.DONE, b"A\0B")
    assert pcsc.calls == ["establish", "release", "establish"]


def test_no_pcscd_is_said_and_asked_for_again_at_the_next_request(
    worker: Worker, pcsc: ScriptedPcsc
) -> None:
    pcsc.establish = [PcscCode.NO_SERVICE, PcscCode.NO_SERVICE, 0]
    assert ask(worker, Request.LIST) == failed(PcscCode.NO_SERVICE)
    assert ask(worker, Request.LIST) == Frame(Answer.DONE, b"A\0B")


def test_no_reader_is_an_empty_list(worker: Worker, pcsc: ScriptedPcsc) -> None:
    pcsc.lists = [(PcscCode.NO_READERS_AVAILABLE, [])]
    assert ask(worker, Request.LIST) == Frame(Answer.DONE)


@pytest.mark.parametrize("request_kind", [Request.TRANSMIT, Request.RESET])
def test_without_a_connection_there_is_no_card(worker: Worker, request_kind: Request) -> None:
    assert ask(worker, request_kind) == failed(PcscCode.INVALID_HANDLE)


def test_the_connection_is_exclusive_cold_and_unpowered_in_the_end(
    worker: Worker, pcsc: ScriptedPcsc
) -> None:
    assert ask(worker, Request.CONNECT, NAME) == Frame(Answer.DONE, b"\x3b\x01")
    assert ask(worker, Request.RESET) == Frame(Answer.DONE, b"\x3b\x01")
    # pcscd is gone by now, and its error is nobody's.
    assert ask(worker, Request.DISCONNECT) == Frame(Answer.DONE)
    assert ask(worker, Request.DISCONNECT) == Frame(Answer.DONE)
    assert pcsc.calls[1:] == [f"connect {NAME.decode()} 1", "reconnect 2", "disconnect 2"]


@pytest.mark.parametrize(("protocol", "header"), [(1, "T=0"), (2, "T=1")])
def test_commands_go_by_the_protocol_that_was_agreed(
    worker: Worker, pcsc: ScriptedPcsc, protocol: int, header: str
) -> None:
    pcsc.connect = (0, 7, protocol)
    pcsc.transmits = [(0, [0x90, 0x00])]
    ask(worker, Request.CONNECT, NAME)
    assert ask(worker, Request.TRANSMIT, b"\x00\xb0\x00\x00") == Frame(Answer.DONE, b"\x90\x00")
    assert pcsc.calls[-1] == f"transmit {header}"


def wait(worker: Worker, present: int, wait_ms: int) -> Frame:
    return ask(worker, Request.WAIT, bytes((present,)) + wait_ms.to_bytes(4, "big") + NAME)


def test_a_card_that_was_replaced_between_two_looks_was_removed(
    worker: Worker, pcsc: ScriptedPcsc
) -> None:
    pcsc.states = [(0, 0x10000 | PRESENT), (0, 0x30000 | PRESENT)]
    assert wait(worker, 0, 60_000) == Frame(Answer.DONE, b"\x01")
    # It waits for a change of what it knows, the count included.
    assert pcsc.calls[1:] == ["status 0x0", "status 0x10020"]


def test_a_wait_goes_on_over_changes_that_are_not_meant(worker: Worker, pcsc: ScriptedPcsc) -> None:
    pcsc.states = [(0, EMPTY), (PcscCode.TIMEOUT, EMPTY), (0, 0x10000 | PRESENT)]
    assert wait(worker, 1, 60_000) == Frame(Answer.DONE, b"\x01")


@pytest.mark.parametrize(("present", "state"), [(1, EMPTY), (0, PRESENT)])
def test_a_wait_ends(worker: Worker, pcsc: ScriptedPcsc, present: int, state: int) -> None:
    pcsc.states = [(0, state)]
    assert wait(worker, present, 0) == Frame(Answer.DONE, b"\x00")


def test_a_reader_that_is_gone_is_no_empty_field(worker: Worker, pcsc: ScriptedPcsc) -> None:
    pcsc.states = [(0, UNKNOWN)]
    assert wait(worker, 0, 60_000) == failed(PcscCode.READER_UNAVAILABLE)
