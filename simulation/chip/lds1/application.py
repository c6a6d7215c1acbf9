"""The LDS1 application of one chip (docs/chip-profile-icao-lds1.md section 3)."""

from __future__ import annotations

from simulation.chip.commands import CommandTable
from simulation.chip.context import CardContext
from simulation.chip.lds1.answering import Answering
from simulation.chip.lds1.authentication import Authentication
from simulation.chip.lds1.behaviour import HONEST, Lds1Behaviour
from simulation.chip.lds1.reading import Reading

__all__ = ["Lds1"]


class Lds1:
    """The application on the platform: selecting, reading, opening and proving the chip."""

    def __init__(self, context: CardContext, behaviour: Lds1Behaviour = HONEST) -> None:
        answering = Answering(context, behaviour)
        self._authentication = Authentication(answering)
        reading = Reading(answering)
        self.commands: CommandTable = {**reading.commands, **self._authentication.commands}

    def reset(self) -> None:
        """No protocol is under way any more."""
        self._authentication.reset()
