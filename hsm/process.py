"""The key process: the one process in which keys exist, started by whoever needs them.

It opens the token, proves its keys and serves its parent over a socket pair; it leaves no core
file, its memory is shut to its neighbours (`hsm._guard`), and it ends when its parent does. The
parent's half is `hsm.token_client`.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Mapping
from typing import Any, Final

from ektp import errors
from ektp.errors import EktpError, Fact
from hsm._guard import shut_memory
from hsm._process_wire import EndOfWire, Wire, WireMalformed

__all__ = ["KINDS_OF_ERROR", "error_of", "main"]

_PARENT_LOOK_S: Final = 2.0

KINDS_OF_ERROR: Final[Mapping[str, type[EktpError]]] = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type)
    and issubclass(kind, EktpError)
    # Made of a detail and facts, and of nothing else.
    and kind.__init__ is EktpError.__init__
}
"""The errors that may cross, by the name of their class."""


def main(end: socket.socket) -> None:
    """Serve until the parent is gone or says so."""
    shut_memory()
    # A terminal's Ctrl-C and a supervisor's TERM are for the parent: it may have a card in hand.
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    try:
        _serve(Wire(end))
    except (EndOfWire, WireMalformed, TimeoutError):
        # Without a parent there is nobody to tell.
        return


def _serve(wire: Wire) -> None:
    from hsm._process_service import CarriedClock, Service  # noqa: PLC0415 - memory is shut first

    clock = CarriedClock()
    service: Service | None = None
    parent = os.getppid()
    try:
        while True:
            moment, word, *arguments = _next(wire, parent)
            clock.carry(moment)
            if word == "end":
                return
            try:
                if service is None:
                    token, answer = _token(word, arguments, clock)
                    service = Service(token)
                else:
                    answer = service.answer(word, tuple(arguments))
            except EktpError as error:
                told: tuple[object, ...] = type(error).__name__, error.detail, error.facts
                wire.send(("error", *told), _PARENT_LOOK_S)
            except ValueError as mistake:
                wire.send(("mistake", str(mistake)), _PARENT_LOOK_S)
            else:
                wire.send(("done", answer), _PARENT_LOOK_S)
    finally:
        if service is not None:
            service.close()


def _token(word: str, arguments: list[Any], clock: Any) -> tuple[Any, object]:
    """The token, and what its opening answers. Each way to open it is a word of its own."""
    from hsm._process_service import initialised, opened  # noqa: PLC0415 - see above
    from hsm.places import TokenPlace  # noqa: PLC0415 - see above

    told, *rest = arguments
    place = TokenPlace.from_plain(told)
    if word == "ceremony":
        from hsm._ceremony_service import ceremony  # noqa: PLC0415 - a process that holds one

        return ceremony(place, clock, *rest)
    return (
        initialised(place, clock, *rest) if word == "initialise" else opened(place, clock)
    ), None


def _next(wire: Wire, parent: int) -> Any:
    """The next request. A sibling that was forked may keep the wire open: look for the parent."""
    while True:
        try:
            return wire.receive(_PARENT_LOOK_S)
        except TimeoutError:
            if os.getppid() != parent:
                raise EndOfWire from None


def error_of(kind: str, detail: str, facts: Mapping[str, Fact]) -> EktpError:
    """An error as it crossed."""
    return KINDS_OF_ERROR[kind](detail, **facts)


if __name__ == "__main__":
    main(socket.socket(fileno=0))
