"""Checks what was read of an `icao-lds1` chip, without the chip: who signed it, and what it says.

Whatever was read, however hostile, ends as the outcome of a named check. Evidence is digests, tags,
lengths and names of fields, never what stands in them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final

from ektp.cards import CheckOutcome, Expectation
from ektp.ports import TrustAnchors
from inspection.faults import ChipFault, Fault
from inspection.formats import CardControl, attempt_digest
from inspection.lds1.active_authentication import active_key
from inspection.lds1.checks import LDS_CONTENT_CHECKS
from inspection.lds1.chip_authentication import ChipAuthentication
from inspection.lds1.common_data import CommonData
from inspection.lds1.details import (
    check_document_details,
    check_holder_details,
    check_signature_picture,
    date_of_birth,
    personal_number,
)
from inspection.lds1.face import check_records, check_template, face_images
from inspection.lds1.files import HOUSE_FILES, LDS_FILES
from inspection.lds1.mrz import MachineReadableZone
from inspection.lds1.national import NationalData, is_ours
from inspection.lds1.passive import PassiveAuthentication
from inspection.lds1.public_keys import EcPublicKey, named_key_info
from inspection.lds1.reading import LdsReading
from inspection.lds1.security_infos import SecurityInfos
from inspection.lds1.trust import Trust
from inspection.ledger import Ledger

__all__ = ["LdsContentChecks"]

_NA, _UNAVAILABLE = CheckOutcome.NOT_APPLICABLE, CheckOutcome.UNAVAILABLE
_INCONCLUSIVE: Final = CheckOutcome.INCONCLUSIVE
_SHOWN: Final = 16
_HOUSE_CODE, _HOUSE_STATE, _HOUSE_CHARACTERS = "ID", "IDN", 90


def _never(_: bytes) -> bool:
    return False


def _utc_now() -> datetime:
    return datetime.now(UTC)


class LdsContentChecks:
    """Implements `inspection.lds1.inspector.ContentChecks`: Passive Authentication and formats.

    `anchors`: CSCA and link certificates with their CRLs, and certificates of document signers that
    a chip may leave out. `now` gives the present in UTC. `is_voided` is asked with SHA-256 of the
    content of EF.SOD. `weak_algorithms`: take SHA-1 and short keys, as old documents of other
    states have them. Raises `ConfigurationError` for an anchor that cannot be read.
    """

    def __init__(
        self,
        anchors: TrustAnchors,
        *,
        now: Callable[[], datetime] | None = None,
        is_voided: Callable[[bytes], bool] = _never,
        weak_algorithms: bool = False,
    ) -> None:
        self._trust = Trust(anchors)
        self._now = now or _utc_now
        self._is_voided = is_voided
        self._weak = weak_algorithms

    @property
    def checks(self) -> Mapping[str, str]:
        """Its checks: name and meaning, in order."""
        return LDS_CONTENT_CHECKS

    def __call__(
        self, *, ledger: Ledger, reading: LdsReading, expected: Expectation | None
    ) -> None:
        """Record every check over contents. Never raises for what was read."""
        passive = PassiveAuthentication(
            ledger,
            reading,
            expected,
            trust=self._trust,
            now=self._now(),
            is_voided=self._is_voided,
            weak=self._weak,
        )
        passive.run()
        _Contents(ledger, reading, expected, passive).run()


class _Contents:
    """The contents of one chip, file by file."""

    def __init__(
        self,
        ledger: Ledger,
        reading: LdsReading,
        expected: Expectation | None,
        passive: PassiveAuthentication,
    ) -> None:
        self._ledger = ledger
        self._reading = reading
        self._expected = expected
        self._passive = passive

    def run(self) -> None:
        """Record them all."""
        for name in HOUSE_FILES:
            self._ledger.run(f"digest.{name}", partial(self._digest, name))
        checks: Mapping[str, Callable[[], str]] = {
            "com.content": self._common_data,
            "dg1.fields": self._zone_fields,
            "dg1.check_digits": lambda: self._zone().check_digits(),
            "dg1.access": self._zone_access,
            "dg2.template": lambda: check_template(self._content("dg2")),
            "dg2.face_record": lambda: check_records(self._content("dg2")),
            "dg2.picture": self._pictures,
            "dg7.picture": lambda: check_signature_picture(self._content("dg7")),
            "dg11.elements": self._holder,
            "dg12.elements": lambda: check_document_details(self._content("dg12")),
            "dg13.elements": self._national_elements,
            "dg13.chip": self._national_chip,
            "dg13.attempt": self._national_attempt,
            "dg14.security_infos": self._security_infos,
            "dg15.key": lambda: active_key(self._content("dg15")).title,
            "card_control.layout": self._control_layout,
            "card_control.serial": self._control_serial,
            "card_control.attempt": self._control_attempt,
            "card_control.signer": self._control_signer,
        }
        for name, check in checks.items():
            self._ledger.run(name, check)

    # --- what was read -------------------------------------------------------------------------

    def _content(self, name: str) -> bytes:
        """What was read of a file. Raises `Fault`, as the reading of it came out."""
        content = self._reading.contents.get(name)
        if content is None:
            outcome = self._ledger.outcome(f"file.{name}")
            kept = outcome if outcome in (_NA, _UNAVAILABLE) else _INCONCLUSIVE
            raise Fault(kept, f"{name} was not read")
        if len(content) > LDS_FILES[name].limit_bytes:
            raise ChipFault(f"{name} of {len(content)} bytes")
        return content

    def _known_serial(self) -> bytes:
        if self._reading.serial is None:
            raise Fault(_INCONCLUSIVE, "the chip gave no serial")
        return bytes(self._reading.serial)

    def _known_attempt(self) -> bytes:
        if self._expected is None:
            raise Fault(_NA, "nothing to compare with")
        return attempt_digest(self._expected.attempt)

    def _digest(self, name: str) -> str:
        content = self._content(name)
        if self._expected is None:
            raise Fault(_NA, "nothing to compare with")
        wanted = self._expected.digests.get(name)
        if wanted is None:
            raise Fault(_INCONCLUSIVE, "no digest to compare with")
        found = hashlib.sha256(content).digest()
        if found != wanted:
            raise ChipFault(f"{found.hex()[:_SHOWN]} where {wanted.hex()[:_SHOWN]} is expected")
        return found.hex()[:_SHOWN]

    # --- EF.COM and the zone -------------------------------------------------------------------

    def _common_data(self) -> str:
        found = CommonData.of(self._content("com"))
        return f"LDS {found.lds_version}, {len(found.groups)} data groups"

    def _zone(self) -> MachineReadableZone:
        return MachineReadableZone.of(self._content("dg1"))

    def _zone_fields(self) -> str:
        zone = self._zone()
        evidence = zone.check_fields()
        ours = (zone.code, zone.state, zone.characters)
        if self._expected is not None and ours != (_HOUSE_CODE, _HOUSE_STATE, _HOUSE_CHARACTERS):
            raise ChipFault("not the zone of a card of this house")
        return evidence

    def _zone_access(self) -> str:
        zone = self._zone()
        access = None if self._expected is None else self._expected.access
        if access is not None:
            printed = "".join(line.reveal() for line in access.mrz)
            if zone.text != printed:
                raise ChipFault("another zone than the printed one")
            return "the printed zone"
        known = self._reading.mrz_information
        if known is None:
            raise Fault(_NA, "no zone is known")
        if zone.information.replace("<", "") != known.replace("<", ""):
            raise ChipFault("another zone than the one that opens the chip")
        return "the zone that opens the chip"

    # --- data groups ---------------------------------------------------------------------------

    def _pictures(self) -> str:
        content = self._content("dg2")
        try:
            found = face_images(content)
        except ChipFault as fault:
            raise Fault(_INCONCLUSIVE, "no face record") from fault
        return ", ".join(one.check() for one in found)

    def _holder(self) -> str:
        content = self._content("dg11")
        evidence = check_holder_details(content)
        born = date_of_birth(content)
        zone = self._reading.contents.get("dg1")
        if born is not None and zone is not None and not self._same_birth(born, zone):
            raise ChipFault("another date of birth than the zone's")
        return evidence

    @staticmethod
    def _same_birth(born: str, zone: bytes) -> bool:
        """Whether a full date of birth can be the zone's; unknown parts say nothing."""
        try:
            short = MachineReadableZone.of(zone).birth
        except ChipFault:
            # What is wrong with the zone is told under the zone.
            return True
        parts = [(born[place : place + 2], short[place - 2 : place]) for place in (2, 4, 6)]
        return all(full in ("00", part) or part == "<<" for full, part in parts)

    def _national(self) -> NationalData:
        content = self._content("dg13")
        house = self._expected is not None or "card_control" in self._reading.contents
        if not house and not is_ours(content):
            raise Fault(_NA, "another issuer's data")
        return NationalData.of(content)

    def _national_elements(self) -> str:
        found = self._national()
        details = self._reading.contents.get("dg11")
        try:
            number = None if details is None else personal_number(details)
        except ChipFault:
            number = None
        if number is not None and number != found.nik:
            raise ChipFault("another NIK than DG11's")
        return "17 elements"

    def _national_for_comparison(self) -> NationalData:
        try:
            return self._national()
        except ChipFault as fault:
            raise Fault(_INCONCLUSIVE, "the national data cannot be read") from fault

    def _national_chip(self) -> str:
        if self._national_for_comparison().serial != self._known_serial():
            raise ChipFault("another chip's serial")
        return "this chip's serial"

    def _national_attempt(self) -> str:
        found, wanted = self._national_for_comparison().attempt, self._known_attempt()
        if found != wanted:
            raise ChipFault("another attempt")
        return "this attempt"

    def _security_infos(self) -> str:
        infos = SecurityInfos.from_dg14(self._content("dg14"))
        infos.refuse_unknown_keys()
        offers = infos.pace_offers()
        digest = infos.active_authentication_hash()
        chip = ChipAuthentication.offered(infos)
        if self._expected is not None and (chip is None or digest is None or not offers):
            raise ChipFault("not all that a card of this house offers")
        title = "none" if chip is None else chip.title
        return f"{len(offers)} PACE, Chip Authentication {title}, signs with {digest}"

    # --- card control --------------------------------------------------------------------------

    def _control(self) -> CardControl:
        content = self._content("card_control")
        try:
            return CardControl.from_content(content)
        except ChipFault as fault:
            raise Fault(_INCONCLUSIVE, "no card control") from fault

    def _control_layout(self) -> str:
        control = CardControl.from_content(self._content("card_control"))
        if control.key_version != 1:
            raise ChipFault(f"key version {control.key_version:02X}")
        return f"bound on {control.bound_on}, signer {control.signer.hex()}"

    def _control_serial(self) -> str:
        if self._control().serial != self._known_serial():
            raise ChipFault("another chip's serial")
        return "this chip's serial"

    def _control_attempt(self) -> str:
        found, wanted = self._control().attempt, self._known_attempt()
        if found != wanted:
            raise ChipFault("another attempt")
        return "this attempt"

    def _control_signer(self) -> str:
        """A signer's id is over its key under the curve's name, whatever its certificate says."""
        named = self._control().signer
        signer = self._passive.signer
        if signer is None:
            raise Fault(_INCONCLUSIVE, "the signer is not known")
        try:
            key = signer.key
        except Fault as fault:
            raise Fault(_INCONCLUSIVE, "the signer's key cannot be read") from fault
        if not isinstance(key, EcPublicKey):
            raise ChipFault("a signer that is none of this house")
        found = hashlib.sha256(named_key_info(key)).digest()[:8]
        if found != named:
            raise ChipFault(f"signed by {found.hex()}, card control names {named.hex()}")
        return f"signer {named.hex()}"
