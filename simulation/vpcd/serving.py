"""A card that connects to a vpcd reader and answers it until it is told to stop."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from types import TracebackType
from typing import Final, Protocol, Self

from ektp.errors import CardAbsent
from simulation.vpcd.fields import CardSource
from simulation.vpcd.protocol import CardSide, Unframer, frame

__all__ = ["StopSign", "VpcdCard", "serve"]

_LOOK_S: Final = 0.2  # how soon a stop is seen
_RETRY_S: Final = 0.1  # pcscd is gone or not there yet
_CHUNK: Final = 0x10000 + 2


class StopSign(Protocol):
    """Says when to end; a `threading.Event` is one."""

    def is_set(self) -> bool:
        """Whether to end now."""
        ...

    def wait(self, timeout: float) -> bool:
        """Wait that many seconds, or until it is set; whether it is."""
        ...


def serve(
    source: CardSource,
    host: str,
    port: int,
    *,
    stop: StopSign,
    again_s: float | None = None,
    on_offered: Callable[[bool], None] = lambda _: None,
) -> None:
    """Offer the field's cards to the vpcd reader at `host:port` until `stop` is set.

    While the field holds a card, there is a connection; a card that leaves (an empty field, or a
    channel that raises `CardAbsent`) closes it, in the middle of a command too. Then this returns;
    or, where `again_s` is given, the field is looked at again after that many seconds, and so on.
    Where pcscd is not there or goes away, this waits for it. `on_offered` is called with true when
    a connection stands and with false when it ended. Other errors of a card are not caught.
    """
    side: CardSide | None = None
    while not stop.is_set():
        try:
            side = side or CardSide(source)
            _offer(side, (host, port), stop, on_offered)
        except CardAbsent:
            side = None
            if again_s is None:
                return
            stop.wait(again_s)
        except OSError:
            # pcscd is not there (yet, or any more): it finds the card when it comes.
            stop.wait(_RETRY_S)


def _offer(
    side: CardSide,
    address: tuple[str, int],
    stop: StopSign,
    on_offered: Callable[[bool], None],
) -> None:
    with socket.create_connection(address, timeout=_LOOK_S) as link:
        side.begin()
        on_offered(True)
        try:
            _answer(side, link, stop)
        finally:
            on_offered(False)


def _answer(side: CardSide, link: socket.socket, stop: StopSign) -> None:
    unframer = Unframer()
    while not stop.is_set():
        _acknowledge_at_once(link)
        try:
            received = link.recv(_CHUNK)
        except TimeoutError:
            continue
        if not received:
            raise ConnectionResetError("pcscd is gone")
        for message in unframer.take(received):
            answer = side.answer(message)
            if answer is not None:
                link.sendall(frame(answer))


def _acknowledge_at_once(link: socket.socket) -> None:
    # vpcd sends length and message apart: without this, its second packet waits 40 ms for our
    # acknowledgement of the first. The option does not last: it is set before each receive.
    if sys.platform == "linux":
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


class VpcdCard(AbstractContextManager["VpcdCard"]):
    """`serve` in a thread of its own, for as long as the context lasts.

    Not in the process that uses the reader: pcscd's calls hold a lock of their library that a
    card in the same process may need to answer them.
    """

    def __init__(
        self, source: CardSource, host: str, port: int, *, again_s: float | None = None
    ) -> None:
        self._stop = threading.Event()
        self._offered = threading.Event()
        self._thread = threading.Thread(
            target=serve,
            args=(source, host, port),
            kwargs={"stop": self._stop, "again_s": again_s, "on_offered": self._note},
            name=f"vpcd {host}:{port}",
        )

    def _note(self, offered: bool) -> None:
        if offered:
            self._offered.set()
        else:
            self._offered.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def wait_offered(self, timeout_s: float) -> bool:
        """Wait until a connection to the reader stands; pcscd sees the card within 0.4 s."""
        return self._offered.wait(timeout_s)

    @property
    def offered(self) -> bool:
        """Whether a connection to the reader stands."""
        return self._offered.is_set()

    def close(self) -> None:
        """Take the card away and wait for the thread to end."""
        self._stop.set()
        with suppress(RuntimeError):  # never started
            self._thread.join()
