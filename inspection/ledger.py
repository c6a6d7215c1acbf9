"""Checks by name: what each means, their order, and how each came out.

`CHECKS` are those of a ktp-el card; another profile brings its own table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ektp.cards import Check, CheckOutcome
from ektp.chip_profiles import KTP_EL
from inspection.faults import Fault, ReadingEnded

__all__ = ["CHECKS", "Ledger"]

CHECKS: Final[dict[str, str]] = {
    "chip.answers": "the chip answers until everything is read",
    "chip.serial": "its CPLC names the serial that is expected",
    "chip.life_cycle": "it is closed (SECURED)",
    "chip.application": "it has the application 7F0A",
    "access.free_reads": "card control, and a photo that is free, are read by anybody",
    "access.forbidden_reads": "no other file is read without secure messaging",
    "access.marker_gone": "the marker of the personalization is gone",
    "access.forbidden_writes": "every command that writes is refused",
    "channel.mutual_authentication": "chip and SAM prove their keys to each other",
    "channel.secure_messaging": "every protected answer verifies, and nothing comes bare",
    "access.session_reads": "inside a session a bare read is refused too",
    **{
        f"file.{file.name}": f"{file.file_id} is whole, as long as it says, rightly filled"
        for file in KTP_EL.files
    },
    **{
        f"digest.{file.name}": f"{file.file_id} holds exactly what was approved"
        for file in KTP_EL.files
    },
    "card_control.layout": "version, issuer, date and fill of the card control",
    "card_control.serial": "it names this chip",
    "card_control.attempt": "it names this attempt",
    "biodata.fields": "21 quoted fields of the right shapes",
    "photo.jpeg": "a whole JPEG by its markers",
    "signature_image.bitmap": "168 x 44 pixels",
    "minutiae.format": "whole ISO/IEC 19794-2 records of the fingers that biodata names",
    "signature.object": "known signer, named by the card control too, for this chip",
    "signature.valid": "the signature verifies over what was read back",
    "signature.not_voided": "the signature is not on the void list of the house",
}
"""Every check of a ktp-el card by name, in the order in which a verdict lists them."""


class Ledger:
    """One inspection's checks. A check that nothing was recorded for stays INCONCLUSIVE.

    `checks` are the checks of the card's profile: name and meaning, in order.
    """

    def __init__(self, checks: Mapping[str, str] = CHECKS) -> None:
        self._checks = {
            name: Check(name=name, outcome=CheckOutcome.INCONCLUSIVE, evidence="not reached")
            for name in checks
        }

    def record(self, name: str, outcome: CheckOutcome, evidence: str = "") -> None:
        """How a check came out; a name that the table lacks is a programmer's mistake."""
        if name not in self._checks:
            raise ValueError(name)
        self._checks[name] = Check(name=name, outcome=outcome, evidence=evidence)

    def outcome(self, name: str) -> CheckOutcome:
        """How a check stands now."""
        return self._checks[name].outcome

    def run(self, name: str, check: Callable[[], str]) -> Fault | None:
        """Do a check that returns evidence or raises a fault; the fault, where there was one.

        Raises `ReadingEnded`, recorded under this check too, where the reading cannot go on.
        """
        try:
            self.record(name, CheckOutcome.PASSED, check())
        except Fault as fault:
            self.record(name, fault.outcome, fault.evidence)
            if isinstance(fault, ReadingEnded):
                raise
            return fault
        return None

    def checks(self) -> tuple[Check, ...]:
        """All checks, in order."""
        return tuple(self._checks.values())
