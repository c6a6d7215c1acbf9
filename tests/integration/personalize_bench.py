"""What the integration of a personalization needs: a development token, its maker, one person."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from ektp.chip_profiles import ICAO_LDS1, KTP_EL, ChipProfile
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.perso import PersoPackage
from ektp.personal import PersonalText
from ektp.ports import Inspector
from ektp.printer_profiles import print_geometry
from hsm.house_token import Token
from hsm.initialisation import initialise
from hsm.keys import KeyLabel
from hsm.sam_channel import CardSamChannel
from hsm.soft_keys import SoftKeys
from inspection.ktp_el import KtpElInspector
from inspection.lds1.inspector import LdsInspector
from personalization.prepare import precheck, prepare
from personalization.profiles.choice import personalization_for
from personalization.profiles.shape import Binding, Personalization
from pipeline.intake.record_json import record_from_json
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from simulation.chip.features import ChipFeatures
from simulation.chip.maker import MakerKeys
from simulation.people.records import generate
from simulation.sam.card import SamCardChannel, SimulatedSam

SERIAL = CardSerial("60010000002A0001")
JOB = JobId.parse("J-00000000055")
ATTEMPT = AttemptId.parse("A-00000000077")
DAY = date(2026, 1, 5)
GEOMETRY = print_geometry("cr80-300-1016x648")
SHORT = ChipFeatures()
CHAINING = ChipFeatures(chaining=True)
EXTENDED = ChipFeatures(extended=True)
BOTH = ChipFeatures(extended=True, chaining=True)
PROFILES = (KTP_EL, ICAO_LDS1)


class FixedClock:
    """The first working day of the year."""

    def now(self) -> datetime:
        return datetime(2026, 1, 5, 8, 30, tzinfo=UTC)


class Chance:
    """The operating system's."""

    def token_bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)


@dataclass
class Bench:
    """A token in its folder, and the maker whose transport masters it shares."""

    folder: Path
    maker: MakerKeys = field(default_factory=MakerKeys.at_random)

    def __post_init__(self) -> None:
        self.token: Token = initialise(
            SoftKeys.create(self.folder, "0000"),
            self.folder,
            FixedClock(),
            development=True,
            transport={
                KeyLabel.TRANSPORT_128: self.maker.aes_128,
                KeyLabel.TRANSPORT_256: self.maker.aes_256,
            },
        )

    def blank(self, profile: ChipProfile, features: ChipFeatures | None = None) -> Chip:
        """A blank of our maker."""
        return Chip.blank(
            SERIAL,
            transport_keys=self.maker.key_set(SERIAL, profile),
            profile=profile,
            features=features,
        )

    def personalization(self, profile: ChipProfile) -> Personalization:
        """The line's object for the profile."""
        return personalization_for(
            profile,
            keys=self.token,
            signer=self.token.document_signer,
            security_object_signer=self.token.security_object_signer,
            key_version=1,
            entropy=Chance(),
        )

    def bound(
        self,
        profile: ChipProfile,
        attempt: AttemptId = ATTEMPT,
        is_free: Callable[[PersonalText], bool] = lambda _: True,
    ) -> Binding:
        """One person's package, bound to the blank."""
        return self.personalization(profile).bind(
            package_of(profile), card=SERIAL, attempt=attempt, on=DAY, is_free=is_free
        )

    def inspector(self, profile: ChipProfile) -> Inspector:
        """Who reads the chip as a stranger."""
        if profile is ICAO_LDS1:
            return LdsInspector()
        issue = self.token.issue_simulated_sam()
        sam = SimulatedSam(
            master_keys={issue.read_master_version: issue.read_master_key},
            open_secret=issue.open_secret,
            signers=issue.signers,
        )
        return KtpElInspector(CardSamChannel(SamCardChannel(sam), issue.open_secret), issue.signers)


@cache
def package_of(profile: ChipProfile) -> PersoPackage:
    """The package of a synthetic person, prepared once."""
    record = record_from_json(json.dumps(next(generate(1, 7))).encode())
    precheck(record, GEOMETRY, profile)
    return prepare(record, GEOMETRY, profile)


def fresh_field(chip: Chip) -> ChipChannel:
    """The chip, which has forgotten what was proved to it."""
    chip.reset()
    return ChipChannel(chip)
