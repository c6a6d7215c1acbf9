"""Why a check did not pass, on its way to the check that it belongs to. Never leaves the package.

A fault carries its outcome and its evidence; evidence is status words, lengths, positions, digests
and codes of errors, never content.
"""

from __future__ import annotations

from ektp.cards import CheckOutcome

__all__ = ["ChannelBroken", "ChipFault", "Fault", "ModuleFault", "ReadingEnded", "Refused"]


class Fault(Exception):
    """A check that did not pass: how, and on what evidence."""

    def __init__(self, outcome: CheckOutcome, evidence: str) -> None:
        self.outcome = outcome
        self.evidence = evidence
        super().__init__(evidence)


class ChipFault(Fault):
    """The chip did something that the profile does not have. FAILED."""

    def __init__(self, evidence: str) -> None:
        super().__init__(CheckOutcome.FAILED, evidence)


class Refused(ChipFault):
    """The chip answered with a status word that it should not have."""


class ChannelBroken(ChipFault):
    """An answer under secure messaging was bare, altered or malformed: the session is over."""


class ModuleFault(Fault):
    """The SAM is not there or does not do its part: the chip is not to blame. UNAVAILABLE."""

    def __init__(self, evidence: str) -> None:
        super().__init__(CheckOutcome.UNAVAILABLE, evidence)


class ReadingEnded(Fault):
    """Nothing more can be had of this chip now: it is gone, endless, too slow, or the reader is."""
