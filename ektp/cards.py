"""One blank used for one job: the steps of an attempt, its reports and its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Final

from ektp.chip_profiles import ICAO_LDS1, KTP_EL, FileId
from ektp.ids import AttemptId, CardSerial
from ektp.personal import PersonalText
from ektp.record import CardVariant

__all__ = [
    "STEP_ORDER",
    "BlankKind",
    "Check",
    "CheckOutcome",
    "ChipAccess",
    "EncodingReport",
    "Expectation",
    "PrintReport",
    "QaVerdict",
    "SpoilCause",
    "Step",
    "Traffic",
    "Verdict",
]


@unique
class Step(StrEnum):
    """The steps of an attempt. Each is journalled as an intent before and an outcome after."""

    FEED = "feed"
    PROVE = "prove"
    BIND = "bind"
    ENCODE = "encode"
    READ = "read"
    PRINT = "print"
    REREAD = "reread"
    DELIVER = "deliver"
    REJECT = "reject"


STEP_ORDER: Final = tuple(Step)
"""The order on the good path; `REJECT` takes the place of everything after a failure."""


@unique
class SpoilCause(StrEnum):
    """Why a card was spoiled; the classes that the Indonesian circulars ask to be counted."""

    BLANK_UNREADABLE = "blank_unreadable"
    BLANK_REFUSED = "blank_refused"
    ENCODE_FAILED = "encode_failed"
    CHIP_INVALID = "chip_invalid"
    PRINT_FAILED = "print_failed"
    CHIP_DEAD_AFTER_PRINT = "chip_dead_after_print"
    PRINT_INTERRUPTED = "print_interrupted"
    DAMAGED = "damaged"
    DATA_CHANGED = "data_changed"
    UNRESOLVED = "unresolved"
    LOST = "lost"


@unique
class BlankKind(StrEnum):
    """A kind of blank in the stock ledger."""

    WNI_8K = "wni-8k"
    OA_8K = "oa-8k"
    WNI_32K = "wni-32k"
    OA_32K = "oa-32k"

    @classmethod
    def for_variant(cls, variant: CardVariant, profile: str = KTP_EL.name) -> BlankKind:
        """The blank that a variant is printed on: never OA on blue, never WNI on orange.

        The chip profile decides how large its chip is.
        """
        if profile == ICAO_LDS1.name:
            return cls.WNI_32K if variant is CardVariant.WNI else cls.OA_32K
        return cls.WNI_8K if variant is CardVariant.WNI else cls.OA_8K

    @property
    def profile(self) -> str:
        """The chip profile that a blank of this kind is made for."""
        large = self in (BlankKind.WNI_32K, BlankKind.OA_32K)
        return ICAO_LDS1.name if large else KTP_EL.name


@unique
class CheckOutcome(StrEnum):
    """The five outcomes of a check (the words of BSI TR-03105-5.1 and of most readers)."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    UNAVAILABLE = "UNAVAILABLE"


@unique
class Verdict(StrEnum):
    """What quality assurance says of a card."""

    PASS = "PASS"
    FAIL = "FAIL"
    HOLD = "HOLD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One named check, its outcome and its evidence (digests, status words)."""

    name: str
    outcome: CheckOutcome
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QaVerdict:
    """The verdict over a card and the checks that it rests on."""

    verdict: Verdict
    card: CardSerial | None
    checks: tuple[Check, ...]

    @classmethod
    def of(cls, card: CardSerial | None, checks: tuple[Check, ...]) -> QaVerdict:
        """PASS where something passed and nothing failed or stayed open; else FAIL or HOLD."""
        outcomes = {check.outcome for check in checks}
        if CheckOutcome.FAILED in outcomes:
            verdict = Verdict.FAIL
        elif (
            outcomes & {CheckOutcome.INCONCLUSIVE, CheckOutcome.UNAVAILABLE}
            or CheckOutcome.PASSED not in outcomes
        ):
            verdict = Verdict.HOLD
        else:
            verdict = Verdict.PASS
        return cls(verdict=verdict, card=card, checks=checks)

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the checks that did not pass."""
        good = (CheckOutcome.PASSED, CheckOutcome.NOT_APPLICABLE)
        return tuple(check.name for check in self.checks if check.outcome not in good)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipAccess:
    """What opens an `icao-lds1` chip: what is printed on its card, and nothing else.

    `mrz` are the three lines of 30 characters (ICAO Doc 9303-5), `can` the six digits on the front,
    `document_number` the nine characters without their check digit.
    """

    document_number: PersonalText
    mrz: tuple[PersonalText, PersonalText, PersonalText]
    can: PersonalText


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a reader must find on a chip: for the inspection, which shares no code with the writer.

    `digests` are SHA-256 over each file's *plain* content, length prefix and fill included
    (`docs/chip-profile-ktp-el.md` section 1), by file name of the profile.
    """

    profile: str
    card: CardSerial
    attempt: AttemptId
    digests: Mapping[str, bytes]
    access: ChipAccess | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What went over the air: how many APDUs, and bytes of whole commands and whole answers."""

    apdus: int
    sent_bytes: int
    received_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodingReport:
    """What was written into a chip: digests that the chip proved, APDUs sent, bytes of payload.

    `traffic` by what it was for: `open`, each phase of the personalization, and `file_data`, the
    commands of phase `files` that carry content.
    """

    card: CardSerial
    attempt: AttemptId
    digests: Mapping[FileId, bytes]
    apdus: int
    payload_bytes: int
    traffic: Mapping[str, Traffic] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintReport:
    """What the machine says it printed."""

    panels: int
    supplies: Mapping[str, int] = field(default_factory=dict)
