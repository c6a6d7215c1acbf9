"""One reading of one chip: everything that needs the chip in the field.

Fresh field, who it is, what it must refuse, the free files, then the secured ones through the SAM.
What was read is checked afterwards, without the chip (`inspection.contents`).
"""

from __future__ import annotations

from contextlib import suppress

from ektp.apdu import StatusWord, describe_sw
from ektp.cards import CheckOutcome
from ektp.chip_profiles import KTP_EL, ChipProfile, ElementaryFile, ReadAccess
from ektp.errors import EktpError
from ektp.ids import CardSerial
from ektp.ports import SamChannel
from inspection.faults import ChannelBroken, ChipFault, Fault, ModuleFault, ReadingEnded, Refused
from inspection.formats import CONTROL_BYTES
from inspection.guarded import GuardedChip
from inspection.identity import GET_CPLC, GET_LIFE_CYCLE, SECURED, life_cycle, serial_of
from inspection.ledger import Ledger
from inspection.probes import check_marker_gone, check_reads_refused, check_writes_refused
from inspection.reader import PlainReader, SecuredReader

__all__ = ["ChipReading"]

_CHANNEL_CHECKS = (
    "channel.mutual_authentication",
    "channel.secure_messaging",
    "access.session_reads",
)


class ChipReading:
    """Reads a chip and records what it did; keeps serial and contents for the checks after it.

    `profile` says who may read which file: a photograph that is not free must be refused in plain.
    """

    def __init__(
        self,
        chip: GuardedChip,
        sam: SamChannel | None,
        ledger: Ledger,
        profile: ChipProfile = KTP_EL,
    ) -> None:
        self._profile = profile
        self._free = tuple(file for file in profile.files if file.read is ReadAccess.FREE)
        self._secured = tuple(
            file for file in profile.files if file.read is ReadAccess.SECURE_MESSAGING
        )
        self._chip = chip
        self._sam = sam
        self._ledger = ledger
        self._plain = PlainReader(chip)
        self.serial: CardSerial | None = None
        self.contents: dict[str, bytes] = {}

    def run(self, expected: CardSerial | None, *, probe_writes: bool) -> None:
        """Read everything that can be read; never raises for what the chip does."""
        try:
            self._read(expected, probe_writes=probe_writes)
        except ReadingEnded as end:
            self._ledger.record("chip.answers", end.outcome, end.evidence)
        else:
            evidence = f"{self._chip.commands} commands, {self._chip.answer_bytes} bytes"
            self._ledger.record("chip.answers", CheckOutcome.PASSED, evidence)
        finally:
            if self._sam is not None:
                with suppress(EktpError):
                    self._sam.reset_session()

    def _read(self, expected: CardSerial | None, *, probe_writes: bool) -> None:
        ledger = self._ledger
        if self._sam is None:
            self._leave_secured("no SAM")
        self._chip.reset()
        ledger.run("chip.serial", lambda: self._identify(expected))
        closed = ledger.run("chip.life_cycle", self._life_cycle) is None
        if ledger.run("chip.application", self._select_application) is not None:
            return
        ledger.run(
            "access.forbidden_reads", lambda: check_reads_refused(self._plain, self._secured)
        )
        ledger.run("access.marker_gone", lambda: check_marker_gone(self._plain, self._profile))
        if not probe_writes:
            ledger.record(
                "access.forbidden_writes", CheckOutcome.NOT_APPLICABLE, "not tried in this reading"
            )
        elif closed:
            ledger.run(
                "access.forbidden_writes", lambda: check_writes_refused(self._chip, self._profile)
            )
        self._read_free()
        if self._sam is not None:
            self._read_secured(SecuredReader(self._chip, self._sam))

    def _identify(self, expected: CardSerial | None) -> str:
        self.serial = serial_of(self._chip.transmit(GET_CPLC))
        if expected is not None and self.serial != expected:
            raise ChipFault(f"{self.serial} where {expected} is expected")
        return self.serial

    def _life_cycle(self) -> str:
        state = life_cycle(self._chip.transmit(GET_LIFE_CYCLE))
        if state != SECURED:
            raise ChipFault(f"{state:02X}")
        return f"{state:02X}"

    def _select_application(self) -> str:
        sw = self._plain.select(self._profile.application)
        if sw != StatusWord.OK:
            raise ChipFault(describe_sw(sw))
        return describe_sw(sw)

    def _read_free(self) -> None:
        refused = []
        for file in self._free:
            fault = self._keep(file, self._plain)
            if isinstance(fault, Refused):
                refused.append(f"{file.file_id} {fault.evidence}")
        outcome = CheckOutcome.FAILED if refused else CheckOutcome.PASSED
        evidence = ", ".join(refused or [str(file.file_id) for file in self._free])
        self._ledger.record("access.free_reads", outcome, evidence)

    def _read_secured(self, reader: SecuredReader) -> None:
        control = self.contents.get("card_control", b"")[2:]
        if len(control) != CONTROL_BYTES or self.serial is None:
            # No SAM is asked for keys of something else; the checks over 6FF0 and CPLC say why.
            return
        uid = bytes(self.serial)
        fault = self._ledger.run(
            "channel.mutual_authentication", lambda: _authenticated(reader, control, uid)
        )
        if fault is None:
            fault = self._read_in_session(reader)
        if isinstance(fault, ModuleFault):
            self._leave_secured(fault.evidence)
        elif isinstance(fault, ChannelBroken):
            self._ledger.record("channel.secure_messaging", fault.outcome, fault.evidence)

    def _read_in_session(self, reader: SecuredReader) -> Fault | None:
        deciphering = False
        # Once the SAM deciphers it does so until the session ends: enciphered files come last.
        for file in sorted(self._secured, key=lambda file: file.enciphered):
            if file.enciphered and not deciphering:
                try:
                    reader.decipher_files()
                except ModuleFault as failed:
                    return failed
                deciphering = True
            fault = self._keep(file, reader)
            if isinstance(fault, ChannelBroken | ModuleFault):
                return fault
        self._ledger.record("channel.secure_messaging", CheckOutcome.PASSED, "all answers verified")
        self._ledger.run(
            "access.session_reads", lambda: check_reads_refused(self._plain, self._secured[:1])
        )
        return None

    def _keep(self, file: ElementaryFile, reader: PlainReader | SecuredReader) -> Fault | None:
        def read() -> str:
            content = reader.read_file(file)
            self.contents[file.name] = content
            return f"{len(content)} bytes"

        return self._ledger.run(f"file.{file.name}", read)

    def _leave_secured(self, evidence: str) -> None:
        """What needs the SAM and was not done yet cannot be had."""
        names = [*_CHANNEL_CHECKS, *(f"file.{file.name}" for file in self._secured)]
        for name in names:
            if self._ledger.outcome(name) is CheckOutcome.INCONCLUSIVE:
                self._ledger.record(name, CheckOutcome.UNAVAILABLE, evidence)


def _authenticated(reader: SecuredReader, control: bytes, uid: bytes) -> str:
    reader.authenticate(control, uid)
    return f"key version {control[9]:02X}"
