"""PC/SC readers by name: one card at a time, alone, and never waited for without an end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Final, Self

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.errors import CardAbsent, ReaderUnavailable
from ektp.ports import CardChannel
from printers.readers.codes import CARD_IS_GONE, READER_IS_GONE, PcscCode, describe
from printers.readers.frames import Request
from printers.readers.supervisor import PcscFailed, Supervisor

__all__ = ["PcscReader", "list_readers"]

_TIMEOUT_S: Final = 5.0
_PRESENT: Final = 0x20  # SCARD_STATE_PRESENT
# pcscd looks for cards every 400 ms; a card that is gone is shown as there until then.
_STALE_MS: Final = 700
_AGAIN_S: Final = 0.05
_SHORTEST_RESPONSE: Final = 2


def list_readers(timeout_s: float = _TIMEOUT_S) -> tuple[str, ...]:
    """The names of the readers that pcscd knows now; none is a good answer.

    Raises `ReaderUnavailable` where pcscd does not run or answer, or pyscard is missing.
    """
    supervisor = Supervisor()
    try:
        return _names(supervisor, timeout_s)
    except PcscFailed as failed:
        raise _unavailable(failed) from failed
    finally:
        supervisor.close()


class PcscReader:
    """A reader, by its exact name as `list_readers` gives it.

    Nothing happens before the first use; entering it as a context manager looks whether the reader
    is there, leaving it lets it go. Each call is answered within `timeout_s` (or the time that it
    was told to wait) or raises `ReaderUnavailable`; so it does where pcscd or the reader are not
    there. The next use tries again from the start: pcscd may have come back.
    """

    def __init__(self, name: str, *, timeout_s: float = _TIMEOUT_S) -> None:
        self._name = name
        self._timeout_s = timeout_s
        self._supervisor = Supervisor()
        self._channel: _PcscChannel | None = None
        self._cut_off = False

    @property
    def name(self) -> str:
        """The reader's name."""
        return self._name

    def __repr__(self) -> str:
        return f"PcscReader({self._name!r})"

    def __enter__(self) -> Self:
        try:
            self.present()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the reader go. It can be used again."""
        self._supervisor.close()

    def present(self) -> bool:
        """Whether pcscd shows a card; up to 0.4 s late, both ways. Raises `ReaderUnavailable`."""
        state = self._ask(Request.STATE, self._name.encode())
        return bool(int.from_bytes(state[:4], "big") & _PRESENT)

    def wait_for_card(self, timeout_s: float) -> bool:
        """Wait until a card lies in the field; false where none came in time.

        Raises `ReaderUnavailable`, also where reader or pcscd go away meanwhile.
        """
        return self._wait(1, timeout_s)

    def wait_for_removal(self, timeout_s: float) -> bool:
        """Wait until the card that lies there now is taken away; false where it was not.

        A card that another one replaced counts as taken away, an empty field too. Raises
        `ReaderUnavailable`, also where reader or pcscd go away meanwhile.
        """
        return self._wait(0, timeout_s)

    @contextmanager
    def card(self) -> Iterator[CardChannel]:
        """The card in a fresh field, for nobody else; the field is taken away in the end.

        Raises `CardAbsent` where no card answers, `ReaderUnavailable` where the reader cannot be
        had: it is gone, or another program holds it. One card at a time: a second one inside is a
        programmer's `ValueError`.
        """
        if self._channel is not None:
            msg = "this reader's card is in use"
            raise ValueError(msg)
        self._channel = _PcscChannel(self, self._connect())
        try:
            yield self._channel
        finally:
            self._channel = None
            self._disconnect()

    def reset(self) -> None:
        """Take the field away and give it back. Raises `ReaderUnavailable`.

        Says nothing where no card answers.
        """
        if self._channel is not None:
            self._channel.reset()
            return
        try:
            self._connect()
        except CardAbsent:
            return
        self._disconnect()

    # --- for the channel ----------------------------------------------------------------------

    @property
    def generation(self) -> int:
        """Changes when connections are lost with the process that held them."""
        return self._supervisor.generation if self._supervisor.running else 0

    def exchange(self, command: bytes) -> bytes:
        """Send a command to the connected card.

        Raises `CardAbsent` and `ReaderUnavailable`; the connection is of no more use after either.
        """
        try:
            response = self._call(Request.TRANSMIT, command)
        except PcscFailed as failed:
            raise self._lost(failed) from failed
        if len(response) < _SHORTEST_RESPONSE:
            # This is how a card shows that is torn away: a success without an answer.
            raise self._lost(PcscFailed(PcscCode.NOT_TRANSACTED))
        return response

    def refresh(self) -> bytes:
        """A fresh field on the connected card, or a new connection: the card's answer to reset."""
        if self.generation:
            try:
                return self._call(Request.RESET)
            except PcscFailed:
                self._disconnect()
        return self._connect()

    # --- inside -------------------------------------------------------------------------------

    def _call(self, request: Request, body: bytes = b"", wait_s: float = 0.0) -> bytes:
        try:
            return self._supervisor.ask(request, body, timeout_s=self._timeout_s + wait_s)
        except ReaderUnavailable as hung:
            self._cut_off = True
            raise ReaderUnavailable(hung.detail, reader=self._name, **hung.facts) from hung

    def _ask(self, request: Request, body: bytes = b"", wait_s: float = 0.0) -> bytes:
        try:
            return self._call(request, body, wait_s)
        except PcscFailed as failed:
            raise self._reader_lost(failed) from failed

    def _wait(self, present: int, timeout_s: float) -> bool:
        wait_ms = max(0, int(timeout_s * 1000)).to_bytes(4, "big")
        body = bytes((present,)) + wait_ms + self._name.encode()
        return self._ask(Request.WAIT, body, wait_s=timeout_s) == b"\x01"

    def _connect(self) -> bytes:
        # pcscd lets go of a connection that we cut off only when the call that hung returns.
        until = time.monotonic() + (self._timeout_s if self._cut_off else 0.0)
        while True:
            try:
                atr = self._call(Request.CONNECT, self._name.encode())
            except PcscFailed as failed:
                if failed.code == PcscCode.SHARING_VIOLATION and time.monotonic() < until:
                    time.sleep(_AGAIN_S)
                    continue
                raise self._lost(failed) from failed
            self._cut_off = False
            return atr

    def _disconnect(self) -> None:
        """Take the field away; where that hangs, the connection ends with its process."""
        if self._supervisor.running:
            with suppress(ReaderUnavailable):
                self._call(Request.DISCONNECT)

    def _lost(self, failed: PcscFailed) -> CardAbsent | ReaderUnavailable:
        """What a failed call means: by its code where that tells, else by a later look."""
        if failed.code in CARD_IS_GONE:
            return CardAbsent("no card answers in the reader", reader=self._name)
        if failed.code in READER_IS_GONE:
            return self._reader_lost(failed)
        try:
            gone = self._wait(0, _STALE_MS / 1000)
        except ReaderUnavailable as unavailable:
            return unavailable
        if gone:
            return CardAbsent("the card left the reader", reader=self._name)
        return CardAbsent(
            "the card in the reader does not answer", reader=self._name, pcsc=describe(failed.code)
        )

    def _reader_lost(self, failed: PcscFailed) -> ReaderUnavailable:
        if failed.code != PcscCode.UNKNOWN_READER:
            return _unavailable(failed, reader=self._name)
        try:
            seen = _names(self._supervisor, self._timeout_s)
        except PcscFailed as also:
            return _unavailable(also, reader=self._name)
        return _unavailable(failed, reader=self._name, seen=", ".join(seen) or "none")


class _PcscChannel:
    """A connected card (implements `ektp.ports.CardChannel`).

    After anything but an answer it sends nothing more before `reset`: what lies in the field then
    may be another card, and pcscd shows a quick exchange to nobody.
    """

    def __init__(self, reader: PcscReader, atr: bytes) -> None:
        self._reader = reader
        self._atr = atr
        self._generation = reader.generation
        self._lost = False

    def atr(self) -> bytes:
        """The answer to reset. Raises `CardAbsent`, `ReaderUnavailable`."""
        self._require_card()
        if not self._reader.present():
            self._lost = True
            raise CardAbsent("the card left the reader", reader=self._reader.name)
        return self._atr

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Send one command. Raises `CardAbsent`, `ReaderUnavailable`."""
        self._require_card()
        self._lost = True
        response = ResponseApdu.from_bytes(self._reader.exchange(bytes(command)))
        self._lost = False
        return response

    def reset(self) -> None:
        """A fresh field. Says nothing where no card answers. Raises `ReaderUnavailable`."""
        self._lost = True
        try:
            self._atr = self._reader.refresh()
        except CardAbsent:
            return
        self._generation = self._reader.generation
        self._lost = False

    def _require_card(self) -> None:
        if self._lost or self._generation != self._reader.generation:
            raise CardAbsent("the card was lost; it needs a reset", reader=self._reader.name)


def _names(supervisor: Supervisor, timeout_s: float) -> tuple[str, ...]:
    names = supervisor.ask(Request.LIST, timeout_s=timeout_s).decode()
    return tuple(names.split("\0")) if names else ()


def _unavailable(failed: PcscFailed, **facts: str) -> ReaderUnavailable:
    detail = READER_IS_GONE.get(failed.code, "PC/SC refuses this")
    return ReaderUnavailable(detail, **facts, pcsc=describe(failed.code))
