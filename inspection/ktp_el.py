"""The inspector of ktp-el cards: reads a chip, compares it, and gives a verdict over named checks.

A silent downgrade is a failure: a secured file that reads in plain, an answer inside a session that
comes bare. Where there is no SAM the secured half is UNAVAILABLE and the verdict at best HOLD.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ektp.cards import Expectation, QaVerdict
from ektp.chip_profiles import KTP_EL, ChipProfile
from ektp.ports import CardChannel, SamChannel, TrustedSigner
from inspection.contents import ContentChecks
from inspection.guarded import GuardedChip, Limits
from inspection.ledger import Ledger
from inspection.reading import ChipReading
from inspection.signature import TrustedKeys

__all__ = ["KtpElInspector"]

_FILE_NAMES = frozenset(file.name for file in KTP_EL.files)


def _never(_: bytes) -> bool:
    return False


class KtpElInspector:
    """Implements `ektp.ports.Inspector` for the profile `ktp-el`.

    A SAM holds one session: one inspector for one line or desk at a time. It is told the chip
    serial for a UID, which only names the session: chips of type A, of type B and with a random UID
    read alike. `clock` counts seconds and never goes back. `profile` is `ktp-el` with the read
    rules of the installation; `is_voided` is asked with SHA-256 of the 80 bytes of the signature
    object. Raises `ConfigurationError` for a trusted signer that cannot be used.
    """

    def __init__(
        self,
        sam: SamChannel | None,
        trusted: Sequence[TrustedSigner],
        *,
        profile: ChipProfile = KTP_EL,
        is_voided: Callable[[bytes], bool] = _never,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if profile.name != KTP_EL.name:
            msg = "this inspector reads chips of ktp-el"
            raise ValueError(msg)
        self._profile = profile
        self._is_voided = is_voided
        self._sam = sam
        self._trusted = TrustedKeys(trusted)
        self._limits = limits or Limits()
        self._clock = clock

    def inspect(self, channel: CardChannel, expected: Expectation) -> QaVerdict:
        """The reading after encoding: everything, and that the chip refuses to be written.

        `expected` with another profile or a file that the profile lacks is a `ValueError`; nothing
        that a chip, a reader or a SAM does raises.
        """
        return self._inspect(channel, expected, probe_writes=True)

    def look(self, channel: CardChannel, expected: Expectation) -> QaVerdict:
        """The second reading, after printing: heat kills chips, so every file is read again.

        All checks of `inspect` but one: a chip that was just heated is not sent commands that
        write; `access.forbidden_writes` is NOT_APPLICABLE.
        """
        return self._inspect(channel, expected, probe_writes=False)

    def verify(self, channel: CardChannel, expected: Expectation | None = None) -> QaVerdict:
        """A card at a desk, that may be anybody's: as `look`.

        Without an expectation, digests and attempt are NOT_APPLICABLE; the signature decides.
        """
        return self._inspect(channel, expected, probe_writes=False)

    def _inspect(
        self, channel: CardChannel, expected: Expectation | None, *, probe_writes: bool
    ) -> QaVerdict:
        if expected is not None and (
            expected.profile != KTP_EL.name or not _FILE_NAMES.issuperset(expected.digests)
        ):
            msg = "this inspector reads the files of ktp-el"
            raise ValueError(msg)
        ledger = Ledger()
        chip = GuardedChip(channel, self._limits, self._clock)
        reading = ChipReading(chip, self._sam, ledger, self._profile)
        reading.run(None if expected is None else expected.card, probe_writes=probe_writes)
        ContentChecks(
            ledger=ledger,
            contents=reading.contents,
            serial=reading.serial,
            expected=expected,
            trusted=self._trusted,
            is_voided=self._is_voided,
        ).run()
        return QaVerdict.of(reading.serial, ledger.checks())
