"""Checks what was read, without the chip: digests, formats, and the signature over it all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial

from ektp.cards import CheckOutcome, Expectation
from ektp.chip_profiles import KTP_EL
from ektp.ids import CardSerial
from inspection.biodata import FINGER_FIELDS, biodata_fields, check_biodata
from inspection.faults import ChipFault, Fault
from inspection.formats import (
    CardControl,
    attempt_digest,
    check_bitmap,
    check_jpeg,
    check_minutiae,
)
from inspection.ledger import Ledger
from inspection.signature import SIGNED_FILES, SignatureObject, TrustedKeys, signed_bytes

__all__ = ["ContentChecks"]

_SHOWN = 16


class ContentChecks:
    """The contents of one chip, checked against what is expected and whom the inspector trusts."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        contents: Mapping[str, bytes],
        serial: CardSerial | None,
        expected: Expectation | None,
        trusted: TrustedKeys,
        is_voided: Callable[[bytes], bool],
    ) -> None:
        self._ledger = ledger
        self._contents = contents
        self._serial = serial
        self._expected = expected
        self._trusted = trusted
        self._is_voided = is_voided

    def run(self) -> None:
        """Record all checks over contents."""
        for file in KTP_EL.files:
            self._run(f"digest.{file.name}", partial(self._digest, file.name))
        self._run("card_control.layout", self._layout)
        self._run("card_control.serial", self._control_serial)
        self._run("card_control.attempt", self._attempt)
        self._run("biodata.fields", lambda: check_biodata(self._content("biodata")))
        self._run("photo.jpeg", lambda: check_jpeg(self._content("photo")))
        self._run("signature_image.bitmap", lambda: check_bitmap(self._content("signature_image")))
        self._run("minutiae.format", self._minutiae)
        self._run("signature.object", self._signature_object)
        self._run("signature.valid", self._signature)
        self._run("signature.not_voided", self._not_voided)

    def _run(self, name: str, check: Callable[[], str]) -> None:
        self._ledger.run(name, check)

    def _content(self, name: str) -> bytes:
        """What was read of a file. Raises `Fault`, as the reading of it came out."""
        try:
            return self._contents[name]
        except KeyError:
            unavailable = self._ledger.outcome(f"file.{name}") is CheckOutcome.UNAVAILABLE
            outcome = CheckOutcome.UNAVAILABLE if unavailable else CheckOutcome.INCONCLUSIVE
            raise Fault(outcome, f"{name} was not read") from None

    def _known_serial(self) -> bytes:
        if self._serial is None:
            raise Fault(CheckOutcome.INCONCLUSIVE, "the chip gave no serial")
        return bytes(self._serial)

    def _digest(self, name: str) -> str:
        content = self._content(name)
        if self._expected is None:
            raise Fault(CheckOutcome.NOT_APPLICABLE, "nothing to compare with")
        wanted = self._expected.digests.get(name)
        if wanted is None:
            raise Fault(CheckOutcome.INCONCLUSIVE, "no digest to compare with")
        found = hashlib.sha256(content).digest()
        if found != wanted:
            raise ChipFault(f"{found.hex()[:_SHOWN]} where {wanted.hex()[:_SHOWN]} is expected")
        return found.hex()[:_SHOWN]

    def _control(self) -> CardControl:
        content = self._content("card_control")
        try:
            return CardControl.from_content(content)
        except ChipFault as fault:
            raise Fault(CheckOutcome.INCONCLUSIVE, "no card control") from fault

    def _layout(self) -> str:
        control = CardControl.from_content(self._content("card_control"))
        return f"key version {control.key_version:02X}, signer {control.signer.hex()}"

    def _control_serial(self) -> str:
        if self._control().serial != self._known_serial():
            msg = "another chip's serial"
            raise ChipFault(msg)
        return "this chip's serial"

    def _attempt(self) -> str:
        control = self._control()
        if self._expected is None:
            raise Fault(CheckOutcome.NOT_APPLICABLE, "nothing to compare with")
        if control.attempt != attempt_digest(self._expected.attempt):
            msg = "another attempt"
            raise ChipFault(msg)
        return "this attempt"

    def _minutiae(self) -> str:
        contents = {name: self._content(name) for name in FINGER_FIELDS}
        line = self._content("biodata")
        try:
            fields = biodata_fields(line)
        except ChipFault as fault:
            raise Fault(CheckOutcome.INCONCLUSIVE, "biodata names no fingers") from fault
        evidence = []
        for name, (field, position) in FINGER_FIELDS.items():
            present = any(contents[name][:2])
            if present != (fields[field] != "0"):
                raise ChipFault(f"{name} is {'there' if present else 'missing'}, field {field} not")
            if present:
                evidence.append(check_minutiae(contents[name], position))
        if not evidence:
            raise Fault(CheckOutcome.NOT_APPLICABLE, "no fingers")
        return ", ".join(evidence)

    def _signature_object(self) -> str:
        found = SignatureObject.from_content(self._content("digital_signature"))
        if not len(self._trusted):
            raise Fault(CheckOutcome.UNAVAILABLE, "no trusted signers")
        key_id = found.key_id.hex()
        if found.key_id not in self._trusted:
            raise ChipFault(f"unknown signer {key_id}")
        if found.serial != self._known_serial():
            msg = "made for another chip"
            raise ChipFault(msg)
        if found.key_id != self._control().signer:
            raise ChipFault(f"signer {key_id}, card control names another")
        return f"signer {key_id}"

    def _signature(self) -> str:
        found = SignatureObject.from_content(self._content("digital_signature"))
        contents = {name: self._content(name) for name in SIGNED_FILES}
        message = signed_bytes(contents, self._known_serial())
        if not len(self._trusted):
            raise Fault(CheckOutcome.UNAVAILABLE, "no trusted signers")
        if found.key_id not in self._trusted:
            raise Fault(CheckOutcome.INCONCLUSIVE, "unknown signer")
        if not self._trusted.verify(found, message):
            msg = "does not verify"
            raise ChipFault(msg)
        return hashlib.sha256(message).hexdigest()[:_SHOWN]

    def _not_voided(self) -> str:
        digest = hashlib.sha256(self._content("digital_signature")).digest()
        if self._is_voided(digest):
            raise ChipFault(f"{digest.hex()[:_SHOWN]} is void")
        return digest.hex()[:_SHOWN]
