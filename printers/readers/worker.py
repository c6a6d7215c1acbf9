"""The process that talks to pcscd: `python -m printers.readers.worker`, socket on standard input.

Calls of PC/SC may never return: a card that does not answer holds SCardTransmit, the reader's poll
and even SCardDisconnect. So they are made here, one at a time, in a process that may be killed at
any moment. It holds no state that its user would miss: one context, at most one connection. It
ends when its user does, also where a call hangs.
"""

from __future__ import annotations

import os
import resource
import select
import socket
import sys
import threading
import time
from types import ModuleType
from typing import Final

from printers.readers import t0
from printers.readers.codes import PcscCode
from printers.readers.frames import Answer, FrameBroken, FrameReader, Request, encode

__all__ = ["Worker", "main"]

_LOOK_MS: Final = 2000
_COUNT_SHIFT: Final = 16  # the upper half of an event state counts insertions and removals
_STALE_CONTEXT: Final = frozenset(
    {
        PcscCode.INVALID_HANDLE,
        PcscCode.NO_SERVICE,
        PcscCode.SERVICE_STOPPED,
        PcscCode.COMM_ERROR,
        PcscCode.INTERNAL_ERROR,
    }
)


class _Failed(Exception):
    """A PC/SC call that returned something else than success."""

    def __init__(self, code: int) -> None:
        self.code = code & 0xFFFFFFFF
        super().__init__(f"{self.code:08X}")


class Worker:
    """One PC/SC context and at most one exclusive connection, over pyscard's raw calls."""

    def __init__(self, scard: ModuleType) -> None:
        self._scard = scard
        self._context: int | None = None
        self._card: int | None = None
        self._protocol = 0

    def answer(self, request: int, body: bytes) -> bytes:
        """Do what is asked; the answer as a frame."""
        try:
            return encode(Answer.DONE, self._do(request, body))
        except _Failed as failed:
            return encode(Answer.FAILED, failed.code.to_bytes(4, "big"))

    def _do(self, request: int, body: bytes) -> bytes:
        match request:
            case Request.TRANSMIT:
                return self._transmit(body)
            case Request.RESET:
                return self._reset()
            case Request.DISCONNECT:
                return self._disconnect()
            case _:
                return self._afresh(request, body)

    def _afresh(self, request: int, body: bytes) -> bytes:
        """What needs no connection: once more with a new context where the old died with pcscd."""
        try:
            return self._without_card(request, body)
        except _Failed as failed:
            if failed.code not in _STALE_CONTEXT:
                raise
        self._forget_context()
        return self._without_card(request, body)

    def _without_card(self, request: int, body: bytes) -> bytes:
        match request:
            case Request.LIST:
                return self._list()
            case Request.STATE:
                state, atr = self._state(body.decode(), self._scard.SCARD_STATE_UNAWARE, 0)
                return state.to_bytes(4, "big") + atr
            case Request.WAIT:
                return self._wait(
                    body[5:].decode(), int.from_bytes(body[1:5], "big"), present=bool(body[0])
                )
            case _:
                return self._connect(body.decode())

    # --- without a card -----------------------------------------------------------------------

    def _in_context(self) -> int:
        if self._context is None:
            code, context = self._scard.SCardEstablishContext(self._scard.SCARD_SCOPE_USER)
            _require(code)
            self._context = context
        return self._context

    def _forget_context(self) -> None:
        if self._context is not None:
            # Releasing fails where pcscd is gone; there is nothing to be released then.
            self._scard.SCardReleaseContext(self._context)
            self._context = None

    def _list(self) -> bytes:
        code, names = self._scard.SCardListReaders(self._in_context(), [])
        if code & 0xFFFFFFFF == PcscCode.NO_READERS_AVAILABLE:
            return b""
        _require(code)
        return "\0".join(names).encode()

    def _state(self, name: str, known: int, wait_ms: int) -> tuple[int, bytes]:
        code, states = self._scard.SCardGetStatusChange(
            self._in_context(), wait_ms, [(name, known)]
        )
        if code & 0xFFFFFFFF != PcscCode.TIMEOUT:
            _require(code)
        _, state, atr = states[0]
        if state & (self._scard.SCARD_STATE_UNKNOWN | self._scard.SCARD_STATE_UNAVAILABLE):
            raise _Failed(PcscCode.READER_UNAVAILABLE)
        return state & 0xFFFFFFFF, bytes(atr)

    def _wait(self, name: str, wait_ms: int, *, present: bool) -> bytes:
        """Wait for a card, or for the card that was there first to be gone."""
        until = time.monotonic() + wait_ms / 1000
        state, _ = self._state(name, self._scard.SCARD_STATE_UNAWARE, 0)
        first = state >> _COUNT_SHIFT
        while True:
            there = bool(state & self._scard.SCARD_STATE_PRESENT)
            # Taken away and replaced between two looks is a removal, too.
            if there if present else not there or state >> _COUNT_SHIFT != first:
                return b"\x01"
            left_ms = int((until - time.monotonic()) * 1000)
            if left_ms <= 0:
                return b"\x00"
            state, _ = self._state(name, state & ~self._scard.SCARD_STATE_CHANGED, left_ms)

    # --- with a card --------------------------------------------------------------------------

    def _connect(self, name: str) -> bytes:
        self._disconnect()
        code, card, protocol = self._scard.SCardConnect(
            self._in_context(), name, self._scard.SCARD_SHARE_EXCLUSIVE, self._protocols()
        )
        _require(code)
        self._card, self._protocol = card, protocol
        return self._atr()

    def _protocols(self) -> int:
        return int(self._scard.SCARD_PROTOCOL_T0 | self._scard.SCARD_PROTOCOL_T1)

    def _connected(self) -> int:
        if self._card is None:
            raise _Failed(PcscCode.INVALID_HANDLE)
        return self._card

    def _atr(self) -> bytes:
        code, _, _, _, atr = self._scard.SCardStatus(self._connected())
        _require(code)
        return bytes(atr)

    def _transmit(self, command: bytes) -> bytes:
        if self._protocol == self._scard.SCARD_PROTOCOL_T0:
            return t0.exchange(command, lambda raw: self._send(self._scard.SCARD_PCI_T0, raw))
        return self._send(self._scard.SCARD_PCI_T1, command)

    def _send(self, header: object, raw: bytes) -> bytes:
        code, response = self._scard.SCardTransmit(self._connected(), header, list(raw))
        # pyscard gives unwritten memory as the response of a call that failed: never look at it.
        _require(code)
        return bytes(response)

    def _reset(self) -> bytes:
        code, protocol = self._scard.SCardReconnect(
            self._connected(),
            self._scard.SCARD_SHARE_EXCLUSIVE,
            self._protocols(),
            self._scard.SCARD_UNPOWER_CARD,
        )
        _require(code)
        self._protocol = protocol
        return self._atr()

    def _disconnect(self) -> bytes:
        card, self._card = self._card, None
        if card is not None:
            # Fails where card or pcscd are gone: the connection is gone with them.
            self._scard.SCardDisconnect(card, self._scard.SCARD_UNPOWER_CARD)
        return b""


def _require(code: int) -> None:
    if code:
        raise _Failed(code)


def _end_with_user(link: socket.socket) -> None:
    """End this process when the other end of the link is closed, whatever hangs here."""
    user = os.getppid()
    hung_up = select.poll()
    hung_up.register(link, 0)  # hang-ups are always reported
    # A process that the user forked may hold the other end, too: look for a new parent as well.
    while not hung_up.poll(_LOOK_MS) and os.getppid() == user:
        pass
    os._exit(0)


def main() -> None:
    """Answer requests until the user is gone."""
    # A command may carry a key or a person's data: nothing of this process is left on a disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    link = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    threading.Thread(target=_end_with_user, args=(link,), daemon=True).start()
    try:
        from smartcard import scard  # noqa: PLC0415 - heavy, and an extra: needed only here
    except ImportError:
        link.sendall(encode(Answer.LIBRARY_MISSING))
        return
    worker = Worker(scard)
    frames = FrameReader(link.recv)
    link.sendall(encode(Answer.DONE))
    while True:
        try:
            request = frames.read()
        except FrameBroken:
            return
        link.sendall(worker.answer(request.kind, request.body))


if __name__ == "__main__":
    main()
