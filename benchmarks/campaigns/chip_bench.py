"""A bench for campaigns on chips: a development token, the maker of its blanks, one person."""

from __future__ import annotations

import copy
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from ektp.cards import ChipAccess, QaVerdict
from ektp.chip_profiles import CHIP_PROFILES, ICAO_LDS1, ChipProfile
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.perso import PersoPackage
from ektp.ports import CardChannel
from ektp.printer_profiles import print_geometry
from hsm.house_token import Token
from hsm.initialisation import initialise
from hsm.keys import KeyLabel
from hsm.sam_channel import CardSamChannel
from hsm.signers.trust import trust_anchors
from hsm.soft_keys import SoftKeys
from inspection.ktp_el import KtpElInspector
from inspection.lds1.contents import LdsContentChecks
from inspection.lds1.inspector import LdsInspector
from inspection.lds1.passwords import AccessPasswords
from personalization.prepare import precheck, prepare
from personalization.profiles.choice import personalization_for
from personalization.profiles.shape import Binding, Personalization
from pipeline.intake.record_json import record_from_json
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from simulation.chip.maker import MakerKeys
from simulation.people.records import generate
from simulation.sam.card import SamCardChannel, SimulatedSam

__all__ = [
    "ATTEMPT",
    "JOB",
    "PROFILES",
    "ChipBench",
    "chip_bench",
    "copy_of",
    "fresh_field",
    "package_of",
    "serial_of",
]

PROFILES = tuple(CHIP_PROFILES.values())
JOB = JobId.parse("J-00000000055")
ATTEMPT = AttemptId.parse("A-00000000077")
_DAY = date(2026, 1, 5)
_GEOMETRY = print_geometry("cr80-300-1016x648")


class _FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 5, 8, 30, tzinfo=UTC)


class _Chance:
    def token_bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)


@dataclass
class ChipBench:
    """A token in this process, and the maker whose transport masters it shares."""

    token: Token
    maker: MakerKeys
    _lines: dict[str, Personalization] = field(default_factory=dict)

    def blank(self, profile: ChipProfile, serial: CardSerial) -> Chip:
        """A blank of our maker."""
        keys = self.maker.key_set(serial, profile)
        return Chip.blank(serial, transport_keys=keys, profile=profile)

    def line(self, profile: ChipProfile) -> Personalization:
        """What a line does with cards of the profile."""
        if profile.name not in self._lines:
            self._lines[profile.name] = personalization_for(
                profile,
                keys=self.token,
                signer=self.token.document_signer,
                security_object_signer=self.token.security_object_signer,
                key_version=1,
                entropy=_Chance(),
            )
        return self._lines[profile.name]

    def bound(self, profile: ChipProfile, serial: CardSerial) -> Binding:
        """One person's package, bound to a blank."""
        return self.line(profile).bind(
            package_of(profile), card=serial, attempt=ATTEMPT, on=_DAY, is_free=lambda _: True
        )

    def inspector(self, profile: ChipProfile) -> KtpElInspector | LdsInspector:
        """Who reads chips of the profile as a stranger."""
        if profile.name == ICAO_LDS1.name:
            anchors = trust_anchors(self.token.registry)
            return LdsInspector(LdsContentChecks(anchors, now=_FixedClock().now))
        issue = self.token.issue_simulated_sam()
        sam = SimulatedSam(
            master_keys={issue.read_master_version: issue.read_master_key},
            open_secret=issue.open_secret,
            signers=issue.signers,
        )
        return KtpElInspector(CardSamChannel(SamCardChannel(sam), issue.open_secret), issue.signers)

    def stranger(
        self, profile: ChipProfile, access: ChipAccess | None
    ) -> Callable[[CardChannel], QaVerdict]:
        """Who verifies a card at a desk, without a word of what was bound."""
        inspector = self.inspector(profile)
        if isinstance(inspector, LdsInspector) and access is not None:
            passwords = AccessPasswords.of(access)
            return lambda channel: inspector.verify(channel, passwords=passwords)
        return inspector.verify


@contextmanager
def chip_bench(folder: Path) -> Iterator[ChipBench]:
    """A bench whose token is made in a folder of its own."""
    maker = MakerKeys.at_random()
    token = initialise(
        SoftKeys.create(folder, "0000"),
        folder,
        _FixedClock(),
        development=True,
        transport={
            KeyLabel.TRANSPORT_128: maker.aes_128,
            KeyLabel.TRANSPORT_256: maker.aes_256,
        },
    )
    try:
        yield ChipBench(token, maker)
    finally:
        token.close()


@cache
def package_of(profile: ChipProfile) -> PersoPackage:
    """The package of a synthetic person, prepared once."""
    record = record_from_json(json.dumps(next(generate(1, 7))).encode())
    precheck(record, _GEOMETRY, profile)
    return prepare(record, _GEOMETRY, profile)


def serial_of(number: int) -> CardSerial:
    """The n-th chip of one batch of a maker."""
    return CardSerial.from_bytes(b"\x60\x01" + number.to_bytes(4, "big") + b"\x00\x2a")


def fresh_field(chip: Chip) -> ChipChannel:
    """The chip, which has forgotten what was proved to it."""
    chip.reset()
    return ChipChannel(chip)


def copy_of(chip: Chip) -> Chip:
    """The same chip in the same instant of its personalization: its open channel included."""
    twin = Chip.from_bytes(bytes(chip))
    # What goes with the field is nowhere saved; keys of a session never change and are shared.
    here, there = chip._domain, twin._domain  # noqa: SLF001 - see above
    there.session = copy.copy(here.session)
    there._pending = copy.copy(here._pending)  # noqa: SLF001 - see above
    selected, selects = chip._context.selection, twin._context.selection  # noqa: SLF001 - see above
    selects.directory, selects.file = selected.directory, selected.file
    return twin
