"""A fuse in the host: it burns through before or after any commit, physical act or command.

What burns it is no `Exception`: as with a power cut, no error handling of the line gets its turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.campaigns.homes import Floor
from ektp.apdu import CommandApdu, ResponseApdu
from ektp.ports import CardChannel
from pipeline.production.controller import LineController
from pipeline.production.workshop import PrintLine

__all__ = ["Burnt", "Fuse", "wired"]


class Burnt(BaseException):
    """The host is gone."""


@dataclass(slots=True)
class Fuse:
    """Burns at its n-th point; with 0 it never burns and counts them."""

    burns_at: int = 0
    points: int = 0
    blown: bool = False

    def point(self) -> None:
        if self.blown:
            return
        self.points += 1
        if self.points == self.burns_at:
            self.blown = True
            raise Burnt


class _Store:
    def __init__(self, store: Any, fuse: Fuse) -> None:
        self._store, self._fuse = store, fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def transaction(self, actor: Any) -> Iterator[Any]:
        with self._store.transaction(actor) as tx:
            yield tx
            self._fuse.point()
        self._fuse.point()


class _Channel:
    def __init__(self, channel: CardChannel, fuse: Fuse) -> None:
        self._channel, self._fuse = channel, fuse

    def atr(self) -> bytes:
        return self._channel.atr()

    def reset(self) -> None:
        self._channel.reset()

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        answer = self._channel.transmit(command)
        self._fuse.point()
        return answer


class _Printer:
    def __init__(self, printer: Any, fuse: Fuse, *, commands: bool) -> None:
        self._printer, self._fuse, self._commands = printer, fuse, commands

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._printer, name)
        if name not in {"feed_to", "park", "print", "eject"}:
            return found

        def act(*arguments: Any) -> Any:
            self._fuse.point()
            done = found(*arguments)
            self._fuse.point()
            return done

        return act

    @contextmanager
    def channel(self) -> Iterator[CardChannel]:
        with self._printer.channel() as channel:
            yield _Channel(channel, self._fuse) if self._commands else channel


def wired(it: Floor, fuse: Fuse, *, commands: bool) -> LineController:
    """The floor's controller with a fuse in it; commands to the chip are points too, or not."""
    printer: Any = _Printer(it.printer, fuse, commands=commands)
    store: Any = _Store(it.shop.store, fuse)
    line = PrintLine(line="L1", printer=printer, hoppers=it.controller.line.hoppers)
    return LineController(shop=replace(it.shop, store=store), line=line)
