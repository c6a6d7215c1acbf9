"""One reading of one `icao-lds1` chip: everything that needs the chip in the field.

Fresh field, who it is, what anybody may read, what it must refuse; then in by PACE or BAC, the
lists of data groups, Chip Authentication, Active Authentication, and every file. What was read is
checked afterwards, without the chip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from ektp.apdu import StatusWord, describe_sw
from ektp.cards import CheckOutcome
from ektp.ids import CardSerial
from inspection.faults import ChannelBroken, ChipFault, Fault, ReadingEnded
from inspection.guarded import GuardedChip
from inspection.identity import GET_CPLC, GET_LIFE_CYCLE, SECURED, life_cycle, serial_of
from inspection.lds1.ciphers import RANDOM, RandomBytes
from inspection.lds1.doors import AccessProtocol, Door, Doors, enter
from inspection.lds1.file_reader import FileReader, FileRefused
from inspection.lds1.files import (
    CARD_ACCESS,
    CARD_CONTROL,
    COM,
    DATA_GROUPS,
    HOUSE_FILES,
    SOD,
    LdsFile,
)
from inspection.lds1.listing import groups_of_com, groups_of_sod
from inspection.lds1.passwords import AccessPasswords
from inspection.lds1.probes import (
    check_marker_gone,
    check_reads_refused,
    check_session_reads,
    check_session_writes,
    check_writes_refused,
)
from inspection.lds1.proofs import Proofs, raise_if_broken
from inspection.lds1.secure_messaging import Link, SecureChannel
from inspection.lds1.security_infos import PaceOffer, SecurityInfos
from inspection.ledger import Ledger

__all__ = ["ChipReading", "LdsReading"]

_DOORS: Final = ("access.pace_can", "access.pace_mrz", "access.bac")
_IN_SESSION: Final = (
    "access.no_downgrade",
    "access.marker_gone",
    "access.session_reads",
    "access.session_writes",
    "channel.secure_messaging",
    "channel.chip_authentication",
    "chip.active_authentication",
)
_TERMINAL_AUTHENTICATION: Final = frozenset({"dg3", "dg4"})
"""Fingerprints and irises, which a chip may keep for terminals with certificates of their own."""

_NA, _FAILED = CheckOutcome.NOT_APPLICABLE, CheckOutcome.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class LdsReading:
    """What one reading brought: whole files by name (`card_access`, `com`, `sod`, `dg1`, …).

    `listed` are the data groups that EF.COM or EF.SOD name. `chip_authenticated` and
    `actively_authenticated` say that the chip proved its keys: whose they are, passive
    authentication of DG14 and DG15 says. `mrz_information` is what the reader knew of the zone.
    """

    serial: CardSerial | None
    contents: Mapping[str, bytes] = field(repr=False)
    listed: frozenset[int]
    access: AccessProtocol | None
    chip_authenticated: bool
    actively_authenticated: bool
    mrz_information: str | None = field(default=None, repr=False)


class ChipReading:
    """Reads a chip and records in the ledger what it did.

    `house`: a card of this house is expected, with every file of the profile in its size; else any
    passport or card. `random` gives the reader's challenges and ephemeral keys.
    """

    def __init__(
        self,
        chip: GuardedChip,
        passwords: AccessPasswords,
        ledger: Ledger,
        *,
        house: bool,
        random: RandomBytes = RANDOM,
    ) -> None:
        self._chip = chip
        self._passwords = passwords
        self._ledger = ledger
        self._house = house
        self._random = random
        self._serial: CardSerial | None = None
        self._contents: dict[str, bytes] = {}
        self._listed: frozenset[int] = frozenset()
        self._door: Door | None = None

    def run(self, expected: CardSerial | None, *, probe: bool) -> LdsReading:
        """Read everything that can be read; never raises for what the chip does.

        `probe`: also that it refuses to be written, and that every printed password opens it.
        """
        try:
            self._read(expected, probe=probe)
        except ReadingEnded as end:
            self._ledger.record("chip.answers", end.outcome, end.evidence)
        else:
            evidence = f"{self._chip.commands} commands, {self._chip.answer_bytes} bytes"
            self._ledger.record("chip.answers", CheckOutcome.PASSED, evidence)
        passed = CheckOutcome.PASSED
        return LdsReading(
            serial=self._serial,
            contents=MappingProxyType(self._contents),
            listed=self._listed,
            access=self._door.protocol if self._door else None,
            chip_authenticated=self._ledger.outcome("channel.chip_authentication") is passed,
            actively_authenticated=self._ledger.outcome("chip.active_authentication") is passed,
            mrz_information=self._passwords.mrz_information,
        )

    # --- before the chip is opened ----------------------------------------------------------

    def _read(self, expected: CardSerial | None, *, probe: bool) -> None:
        ledger = self._ledger
        self._chip.reset()
        ledger.run("chip.serial", lambda: self._identify(expected))
        closed = ledger.run("chip.life_cycle", self._life_cycle) is None
        FileReader(self._chip).select_master_file()
        for file in (CARD_ACCESS, CARD_CONTROL):
            self._keep(file, self._chip)
        doors = self._doors()
        ledger.run("access.forbidden_reads", self._reads_refused)
        if not probe:
            for name in ("access.forbidden_writes", "access.session_writes"):
                ledger.record(name, _NA, "not tried in this reading")
        elif closed:
            self._chip.reset()
            ledger.run("access.forbidden_writes", lambda: check_writes_refused(self._chip))
        channel = self._open(doors)
        if channel is not None:
            self._read_inside(channel, doors, probe=probe)

    def _identify(self, expected: CardSerial | None) -> str:
        self._serial = serial_of(self._chip.transmit(GET_CPLC))
        if expected is not None and self._serial != expected:
            raise ChipFault(f"{self._serial} where {expected} is expected")
        return self._serial

    def _life_cycle(self) -> str:
        state = life_cycle(self._chip.transmit(GET_LIFE_CYCLE))
        if state != SECURED:
            raise ChipFault(f"{state:02X}")
        return f"{state:02X}"

    def _reads_refused(self) -> str:
        """No file reads in plain form; a passport may keep even its application from strangers."""
        refused = self._ledger.run("chip.application", lambda: enter(self._chip))
        if refused is None:
            return check_reads_refused(self._chip)
        shut = StatusWord.SECURITY_STATUS_NOT_SATISFIED
        if not self._house and isinstance(refused, FileRefused) and refused.sw == shut:
            return f"the application: {describe_sw(refused.sw)}"
        raise refused

    def _doors(self) -> Doors:
        offers: list[PaceOffer] = []

        def offered() -> str:
            content = self._contents.get(CARD_ACCESS.name)
            if content is None:
                missing = self._ledger.outcome("file.card_access") is _NA
                raise Fault(_NA if missing else CheckOutcome.INCONCLUSIVE, "no EF.CardAccess")
            offers.extend(SecurityInfos.from_set(content).pace_offers())
            titles = ", ".join(offer.title for offer in offers)
            if offers and not any(offer.usable for offer in offers):
                raise Fault(CheckOutcome.UNAVAILABLE, f"not supported by this reader: {titles}")
            if not offers:
                raise Fault(_NA, "no PACE")
            return titles

        self._ledger.run("access.card_access", offered)
        return Doors(self._chip, self._passwords, offers, self._random)

    # --- opening ----------------------------------------------------------------------------

    def _open(self, doors: Doors) -> SecureChannel | None:
        """Through the first door that opens; the doors that are not there say so."""
        self._close_absent(doors)
        for door in doors.all:
            channel = self._try(doors, door)
            if channel is not None:
                self._door = door
                return channel
        if not doors.all:
            files = [f"file.{file.name}" for file in (COM, SOD, *DATA_GROUPS.values())]
            for name in (*_DOORS, *_IN_SESSION, *files):
                if self._ledger.outcome(name) is CheckOutcome.INCONCLUSIVE:
                    self._ledger.record(name, CheckOutcome.UNAVAILABLE, "no password is known")
        return None

    def _close_absent(self, doors: Doors) -> None:
        there = {door.check for door in doors.all}
        if not there:
            return
        for name in _DOORS:
            if name in there:
                continue
            if name == "access.bac" or doors.pace_usable:
                self._ledger.record(name, _NA, "this password is not known")
            elif self._ledger.outcome("access.card_access") is _FAILED:
                self._ledger.record(name, CheckOutcome.INCONCLUSIVE, "EF.CardAccess is not sound")
            elif doors.pace_offered:
                self._ledger.record(name, CheckOutcome.UNAVAILABLE, "not supported by this reader")
            else:
                self._ledger.record(name, _NA, "the chip offers no PACE")

    def _try(self, doors: Doors, door: Door) -> SecureChannel | None:
        opened: list[SecureChannel] = []

        def check() -> str:
            channel = doors.open(door)
            fault = self._ledger.run("chip.application", lambda: enter(channel))
            if fault is not None:
                raise fault
            opened.append(channel)
            return door.title

        self._ledger.run(door.check, check)
        return opened[0] if opened else None

    # --- inside -----------------------------------------------------------------------------

    def _read_inside(self, first: SecureChannel, doors: Doors, *, probe: bool) -> None:
        proofs = Proofs(
            self._chip, self._ledger, self._contents, house=self._house, random=self._random
        )
        try:
            self._read_files(first, proofs, doors, probe=probe)
        except ChannelBroken as broken:
            self._ledger.record("channel.secure_messaging", broken.outcome, broken.evidence)
        finally:
            self._ledger.run("access.no_downgrade", lambda: proofs.no_downgrade(doors, self._door))
        self._other_doors(doors, probe=probe)

    def _read_files(
        self, first: SecureChannel, proofs: Proofs, doors: Doors, *, probe: bool
    ) -> None:
        """All files, the keys proved as soon as they are known. Raises `ChannelBroken`."""
        for file in (COM, SOD):
            self._keep(file, first)
        self._listed = self._list()
        self._keep_group(14, first)
        channel = proofs.chip_authentication(first)
        if channel is None and self._door is not None:
            # The session may be over: the rest is read without, for the evidence.
            channel = self._try(doors, self._door)
        if channel is None:
            return
        self._keep_group(15, channel)
        proofs.active_authentication(channel)
        for number in DATA_GROUPS.keys() - {14, 15}:
            self._keep_group(number, channel)
        self._finish(channel, probe=probe)

    def _finish(self, channel: SecureChannel, *, probe: bool) -> None:
        raise_if_broken(self._ledger.run("access.marker_gone", lambda: check_marker_gone(channel)))
        passed = CheckOutcome.PASSED
        self._ledger.record("channel.secure_messaging", passed, "all answers verified")
        com = self._contents.get(COM.name)
        if probe and com is not None:
            raise_if_broken(
                self._ledger.run(
                    "access.session_writes",
                    lambda: check_session_writes(self._chip, channel, com),
                )
            )
        self._ledger.run("access.session_reads", lambda: check_session_reads(self._chip))

    def _list(self) -> frozenset[int]:
        listed: frozenset[int] = frozenset()
        for file, groups in ((COM, groups_of_com), (SOD, groups_of_sod)):
            content = self._contents.get(file.name)
            if content is not None:
                try:
                    listed |= groups(content)
                except ChipFault as fault:
                    evidence = f"lists no data groups: {fault.evidence}"
                    self._ledger.record(f"file.{file.name}", _FAILED, evidence)
        return listed

    def _keep_group(self, number: int, link: Link) -> None:
        file = DATA_GROUPS[number]
        wanted = number in self._listed or (self._house and file.name in HOUSE_FILES)
        if not wanted:
            self._ledger.record(f"file.{file.name}", _NA, "not listed")
            return
        self._keep(file, link)

    def _keep(self, file: LdsFile, link: Link) -> None:
        """Read a file and keep it. Raises `ChannelBroken`, `ReadingEnded`."""

        def read() -> str:
            limit = file.house_bytes if self._house else file.limit_bytes
            try:
                content = FileReader(link).read_file(file, limit)
            except FileRefused as refused:
                if self._may_be_missing(file, refused.sw):
                    raise Fault(_NA, refused.evidence) from refused
                raise
            self._contents[file.name] = content
            return f"{len(content)} bytes"

        raise_if_broken(self._ledger.run(f"file.{file.name}", read))

    def _may_be_missing(self, file: LdsFile, sw: int) -> bool:
        if self._house and file.name in HOUSE_FILES:
            return False
        if file.name in _TERMINAL_AUTHENTICATION:
            return sw == StatusWord.SECURITY_STATUS_NOT_SATISFIED
        return file in (CARD_ACCESS, CARD_CONTROL) and sw == StatusWord.FILE_NOT_FOUND

    def _other_doors(self, doors: Doors, *, probe: bool) -> None:
        """Every other printed password opens the chip too: a reader may know any of them."""
        for door in doors.all:
            if self._ledger.outcome(door.check) is not CheckOutcome.INCONCLUSIVE:
                continue
            if not probe:
                self._ledger.record(door.check, _NA, "not tried in this reading")
                continue
            self._try(doors, door)
