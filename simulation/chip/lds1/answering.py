"""What all commands of the application share: forced status words, delay, the end of a session."""

from __future__ import annotations

import time
from collections.abc import Callable

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from simulation.chip.commands import CommandRefused
from simulation.chip.context import CardContext
from simulation.chip.lds1.behaviour import Lds1Behaviour, Step

__all__ = ["Answering", "StatusForced"]

Handler = Callable[[CommandApdu], ResponseApdu]


class StatusForced(Exception):
    """The chip's behaviour wants a status word here, whatever the command."""

    def __init__(self, sw: int) -> None:
        super().__init__(f"{sw:04X}")
        self.sw = sw


class Answering:
    """One chip, as the commands of its LDS1 application see it."""

    def __init__(self, context: CardContext, behaviour: Lds1Behaviour) -> None:
        self.context = context
        self.behaviour = behaviour

    def step(self, step: Step) -> None:
        """Raise `StatusForced` where the behaviour wants a status word in this step."""
        sw = self.behaviour.statuses.get(step)
        if sw is not None:
            raise StatusForced(sw)

    def handle(self, handler: Handler) -> Handler:
        """The handler of a command with what goes before it.

        A command in plain form ends the session (Doc 9303-11 clause 9.8).
        """

        def run(command: CommandApdu) -> ResponseApdu:
            if self.behaviour.delay_s:
                time.sleep(self.behaviour.delay_s)
            if not self.context.security.protected:
                self.context.security.session = None
            try:
                return handler(command)
            except StatusForced as forced:
                return ResponseApdu(b"", forced.sw)

        return run

    @property
    def accessible(self) -> bool:
        """Whether the files of the application may be read by the command in hand."""
        return not self.behaviour.guarded or self.context.security.protected

    def require_access(self) -> None:
        """Refuse with 6982 before BAC or PACE."""
        if not self.accessible:
            raise CommandRefused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
