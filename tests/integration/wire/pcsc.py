"""PC/SC without anybody's library: libpcsclite's own calls, raw commands in, raw answers out."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator
from contextlib import contextmanager

SHARE_EXCLUSIVE, T0_OR_T1, UNPOWER = 1, 3, 2
PRESENT_S = 10.0
_Handle = ctypes.c_long
_Number = ctypes.c_ulong


class _Protocol(ctypes.Structure):
    _fields_ = [("protocol", _Number), ("length", _Number)]


class RawCard:
    """A connected card."""

    def __init__(self, library: ctypes.CDLL, card: _Handle, protocol: int) -> None:
        self._library = library
        self._card = card
        self._header = _Protocol(protocol, ctypes.sizeof(_Protocol))

    def say(self, command: str) -> tuple[bytes, str]:
        """Send a command in hex; the answer's data, and its status word in hex."""
        raw = bytes.fromhex(command)
        room = ctypes.create_string_buffer(0x10000 + 2)
        length = _Number(len(room))
        _require(
            self._library.SCardTransmit(
                self._card,
                ctypes.byref(self._header),
                raw,
                _Number(len(raw)),
                None,
                room,
                ctypes.byref(length),
            )
        )
        answer = room.raw[: length.value]
        return answer[:-2], answer[-2:].hex().upper()

    def ask(self, command: str) -> bytes:
        """The data of an answer that must be 9000."""
        data, sw = self.say(command)
        assert sw == "9000", f"{command[:8]}: {sw}"
        return data


@contextmanager
def raw_card(reader: str) -> Iterator[RawCard]:
    """The card in a reader, exclusively; waits until it is seen."""
    library = ctypes.CDLL("libpcsclite.so.1")
    context, card, protocol = _Handle(), _Handle(), _Number()
    _require(library.SCardEstablishContext(_Number(0), None, None, ctypes.byref(context)))
    try:
        until = time.monotonic() + PRESENT_S
        while True:
            code = library.SCardConnect(
                context,
                reader.encode(),
                _Number(SHARE_EXCLUSIVE),
                _Number(T0_OR_T1),
                ctypes.byref(card),
                ctypes.byref(protocol),
            )
            if not code or time.monotonic() > until:
                break
            time.sleep(0.1)
        _require(code)
        try:
            yield RawCard(library, card, protocol.value)
        finally:
            library.SCardDisconnect(card, _Number(UNPOWER))
    finally:
        library.SCardReleaseContext(context)


def _require(code: int) -> None:
    assert code == 0, f"{code & 0xFFFFFFFF:08X}"
