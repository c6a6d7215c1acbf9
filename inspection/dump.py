"""Every file of a chip that its access rules allow, as exact bytes under stable file names.

Read with the inspectors' own code, so that what is written down is what a verdict rests on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ektp.apdu import CommandApdu
from ektp.cards import Check
from ektp.chip_profiles import ICAO_LDS1, KTP_EL
from ektp.errors import VerificationFailed
from ektp.ids import CardSerial
from ektp.ports import CardChannel, SamChannel
from inspection.guarded import GuardedChip, Limits
from inspection.ledger import Ledger

__all__ = ["Dump", "application_of", "dump_icao_lds1", "dump_ktp_el"]

_LDS_NAMES: Final = {
    "card_access": "EF_CardAccess",
    "card_control": "EF_CardControl",
    "com": "EF_COM",
    "sod": "EF_SOD",
}
_PROBES: Final = {
    KTP_EL.name: CommandApdu(0x00, 0xA4, data=bytes(KTP_EL.application)),
    ICAO_LDS1.name: CommandApdu(0x00, 0xA4, 0x04, 0x0C, ICAO_LDS1.aid),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """What was read: contents by file name (`EF_6FF1.bin`, `DG1.bin`), and how it went."""

    profile: str
    card: CardSerial | None
    files: Mapping[str, bytes] = field(repr=False)
    checks: tuple[Check, ...] = ()


def application_of(channel: CardChannel) -> str:
    """The chip profile whose application a card has, in a fresh field.

    Raises `CardAbsent` where nothing answers, `VerificationFailed` where it is neither.
    """
    channel.reset()
    for profile, select in _PROBES.items():
        if channel.transmit(select).ok:
            return profile
    raise VerificationFailed("the card has no application of KTP-el or of ICAO LDS")


def dump_ktp_el(channel: CardChannel, sam: SamChannel | None) -> Dump:
    """Card control and photograph; with a SAM every file, enciphered ones in plain."""
    from inspection.reading import ChipReading  # noqa: PLC0415 - one profile at a time

    ledger = Ledger()
    reading = ChipReading(GuardedChip(channel, Limits(), time.monotonic), sam, ledger)
    reading.run(None, probe_writes=False)
    ids = {file.name: file.file_id for file in KTP_EL.files}
    files = {f"EF_{ids[name]}.bin": content for name, content in reading.contents.items()}
    return Dump(
        profile=KTP_EL.name,
        card=reading.serial,
        files=dict(sorted(files.items())),
        checks=ledger.checks(),
    )


def dump_icao_lds1(
    channel: CardChannel, *, mrz: tuple[str, ...] | None = None, can: str | None = None
) -> Dump:
    """EF.CardAccess; with what is printed on the card every file of its application.

    Raises `ValueError` for an MRZ or a CAN that cannot be one.
    """
    from inspection.lds1.checks import LDS_CHECKS  # noqa: PLC0415 - one profile at a time
    from inspection.lds1.inspector import LDS_LIMITS  # noqa: PLC0415 - see above
    from inspection.lds1.passwords import AccessPasswords  # noqa: PLC0415 - see above
    from inspection.lds1.reading import ChipReading  # noqa: PLC0415 - see above

    passwords = AccessPasswords(can=can) if mrz is None else AccessPasswords.of_mrz(mrz, can)
    ledger = Ledger(LDS_CHECKS)
    chip = GuardedChip(channel, LDS_LIMITS, time.monotonic)
    reading = ChipReading(chip, passwords, ledger, house=False).run(None, probe=False)
    return Dump(
        profile=ICAO_LDS1.name,
        card=reading.serial,
        files={_lds_name(name): content for name, content in reading.contents.items()},
        checks=ledger.checks(),
    )


def _lds_name(name: str) -> str:
    return f"{_LDS_NAMES.get(name, name.upper())}.bin"
