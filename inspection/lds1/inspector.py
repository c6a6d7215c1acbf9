"""The inspector of `icao-lds1` cards: reads a chip, and gives a verdict over named checks.

A silent downgrade is a failure: PACE that is offered and gives way to BAC, a file that reads before
the chip is opened, an answer inside a session that comes bare, old keys after Chip Authentication.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from ektp.cards import Expectation, QaVerdict
from ektp.chip_profiles import ICAO_LDS1
from ektp.ports import CardChannel
from inspection.guarded import GuardedChip, Limits
from inspection.lds1.checks import LDS_CHECKS
from inspection.lds1.ciphers import RANDOM, RandomBytes
from inspection.lds1.files import HOUSE_FILES
from inspection.lds1.passwords import AccessPasswords
from inspection.lds1.reading import ChipReading, LdsReading
from inspection.ledger import Ledger

__all__ = ["LDS_LIMITS", "ContentChecks", "LdsInspector"]

LDS_LIMITS: Final = Limits(seconds=60.0, commands=2048, answer_bytes=393_216)
"""A card of this house takes about 200 commands and 40 KB, a passport with large pictures more."""


class ContentChecks(Protocol):
    """The checks over what was read, without the chip: passive authentication and formats."""

    @property
    def checks(self) -> Mapping[str, str]:
        """Its checks: name and meaning, in order."""
        ...

    def __call__(
        self, *, ledger: Ledger, reading: LdsReading, expected: Expectation | None
    ) -> None:
        """Record every check of its own in the ledger. Never raises for what was read."""
        ...


class LdsInspector:
    """Implements `ektp.ports.Inspector` for the profile `icao-lds1`.

    What opens the chip comes with the expectation (`Expectation.access`); for a card at a desk it
    is given to `verify`. `clock` counts seconds and never goes back; `random` gives the reader's
    challenges and ephemeral keys.
    """

    def __init__(
        self,
        contents: ContentChecks | None = None,
        *,
        limits: Limits = LDS_LIMITS,
        clock: Callable[[], float] = time.monotonic,
        random: RandomBytes = RANDOM,
    ) -> None:
        self._contents = contents
        self._limits = limits
        self._clock = clock
        self._random = random

    def inspect(self, channel: CardChannel, expected: Expectation) -> QaVerdict:
        """The reading after encoding: everything, that every printed password opens the chip, and
        that it refuses to be written.

        `expected` with another profile or a file that the profile lacks is a `ValueError`; nothing
        that a chip or a reader does raises.
        """
        return self._inspect(channel, expected, None, probe=True)

    def look(self, channel: CardChannel, expected: Expectation) -> QaVerdict:
        """The second reading, after printing: heat kills chips, so every file is read again.

        No command that could write, and one password: the others and the writing probes are
        NOT_APPLICABLE.
        """
        return self._inspect(channel, expected, None, probe=False)

    def verify(
        self,
        channel: CardChannel,
        expected: Expectation | None = None,
        *,
        passwords: AccessPasswords | None = None,
    ) -> QaVerdict:
        """A card at a desk, that may be anybody's: as `look`, with the passwords typed in.

        Without an expectation files may be as large as those of any passport, and what a card of
        this house must have is NOT_APPLICABLE where it is missing.
        """
        return self._inspect(channel, expected, passwords, probe=False)

    def _inspect(
        self,
        channel: CardChannel,
        expected: Expectation | None,
        passwords: AccessPasswords | None,
        *,
        probe: bool,
    ) -> QaVerdict:
        if expected is not None and (
            expected.profile != ICAO_LDS1.name or not HOUSE_FILES.keys() >= expected.digests.keys()
        ):
            msg = "this inspector reads the files of icao-lds1"
            raise ValueError(msg)
        if passwords is None:
            access = None if expected is None else expected.access
            passwords = AccessPasswords() if access is None else AccessPasswords.of(access)
        further = {} if self._contents is None else self._contents.checks
        ledger = Ledger({**LDS_CHECKS, **further})
        reading = ChipReading(
            GuardedChip(channel, self._limits, self._clock),
            passwords,
            ledger,
            house=expected is not None,
            random=self._random,
        ).run(None if expected is None else expected.card, probe=probe)
        if self._contents is not None:
            self._contents(ledger=ledger, reading=reading, expected=expected)
        return QaVerdict.of(reading.serial, ledger.checks())
