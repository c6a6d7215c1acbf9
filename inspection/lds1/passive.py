"""Passive Authentication (Doc 9303-11 clause 5): who signed what was read, and when.

When a card was signed is judged by the first of these that there is: the signing time among the
signed attributes, which the signer's own key vouches for; the date of issue in EF.DG12, to the day;
the present. The document signer must be valid, and within its private key usage period, at that
time; after it, it may expire. Its CSCA must be valid then and now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from ektp.cards import CheckOutcome, Expectation
from inspection.faults import ChipFault, Fault
from inspection.lds1.certificate_rules import (
    check_document_signer,
    document_types,
    usage_period,
)
from inspection.lds1.certificates import Certificate
from inspection.lds1.common_data import CommonData
from inspection.lds1.details import date_of_issue
from inspection.lds1.files import DATA_GROUPS, HOUSE_FILES, SOD
from inspection.lds1.mrz import document_code
from inspection.lds1.public_keys import EcPublicKey, RsaPublicKey
from inspection.lds1.reading import LdsReading
from inspection.lds1.security_object import GroupHashes, SecurityObject, SignedAttributes
from inspection.lds1.signatures import (
    SignatureAlgorithm,
    digest_name,
    require_strong,
    verify,
)
from inspection.lds1.trust import Trust
from inspection.ledger import Ledger

__all__ = ["HOUSE_GROUPS", "PassiveAuthentication"]

HOUSE_GROUPS: Final = frozenset(
    number for number, file in DATA_GROUPS.items() if file.name in HOUSE_FILES
)
"""The data groups that every card of this house has."""

_NA, _UNAVAILABLE = CheckOutcome.NOT_APPLICABLE, CheckOutcome.UNAVAILABLE
_PASSED, _INCONCLUSIVE = CheckOutcome.PASSED, CheckOutcome.INCONCLUSIVE
_CLOCKS_APART: Final = timedelta(hours=1)
"""How far two clocks of one house may be from each other."""
_SHOWN: Final = 16


class PassiveAuthentication:
    """The checks `passive.*` over one reading; each records its outcome, none raises.

    `weak`: take SHA-1 and short keys too, as documents of other states have them.
    """

    def __init__(
        self,
        ledger: Ledger,
        reading: LdsReading,
        expected: Expectation | None,
        *,
        trust: Trust,
        now: datetime,
        is_voided: Callable[[bytes], bool],
        weak: bool = False,
    ) -> None:
        self._ledger = ledger
        self._reading = reading
        self._contents = reading.contents
        self._expected = expected
        self._trust = trust
        self._now = now
        self._is_voided = is_voided
        self._weak = weak
        self._object: SecurityObject | None = None
        self._hashes: GroupHashes | None = None
        self._attributes: SignedAttributes | None = None
        self._signer: Certificate | None = None
        self._key: EcPublicKey | RsaPublicKey | None = None
        self._path: tuple[Certificate, ...] | None = None

    def run(self) -> None:
        """Do them all, in the order in which one needs the other."""
        checks: Mapping[str, Callable[[], str]] = {
            "passive.structure": self._structure,
            "passive.security_object": self._security_object,
            "passive.signer": self._find_signer,
            "passive.signer_key": self._signer_key,
            "passive.algorithms": self._algorithms,
            "passive.signed_attributes": self._signed_attributes,
            "passive.signature": self._signature,
            "passive.data_groups": self._data_groups,
            **{
                f"passive.{file.name}": partial(self._hash, number)
                for number, file in DATA_GROUPS.items()
            },
            "passive.signer_profile": lambda: check_document_signer(self._certificate()),
            "passive.document_type": self._document_type,
            "passive.signing_time": self._signing_time,
            "passive.chain": self._chain,
            "passive.trust_anchor": self._trust_anchor,
            "passive.revocation": self._revocation,
            "passive.chip_keys": self._chip_keys,
            "passive.not_voided": self._not_voided,
        }
        for name, check in checks.items():
            self._ledger.run(name, check)

    @property
    def signer(self) -> Certificate | None:
        """The document signer's certificate, where it could be read."""
        return self._signer

    # --- EF.SOD --------------------------------------------------------------------------------

    def _content(self) -> bytes:
        content = self._contents.get(SOD.name)
        if content is None:
            unavailable = self._ledger.outcome(f"file.{SOD.name}") is _UNAVAILABLE
            raise Fault(_UNAVAILABLE if unavailable else _INCONCLUSIVE, "EF.SOD was not read")
        if len(content) > SOD.limit_bytes:
            raise ChipFault(f"EF.SOD of {len(content)} bytes")
        return content

    def _structure(self) -> str:
        self._object = SecurityObject.of(self._content())
        return f"SignedData, {len(self._object.certificates)} certificates"

    def _taken(self) -> SecurityObject:
        self._content()
        if self._object is None:
            raise Fault(_INCONCLUSIVE, "EF.SOD cannot be read")
        return self._object

    def _security_object(self) -> str:
        hashes = GroupHashes.of(self._taken().content)
        hashes.check_lengths()
        self._hashes = hashes
        return f"version {hashes.version}, {hashes.digest}, {len(hashes.hashes)} hashes"

    def _stated(self) -> GroupHashes:
        self._taken()
        if self._hashes is None:
            raise Fault(_INCONCLUSIVE, "the security object cannot be read")
        return self._hashes

    # --- the signature -------------------------------------------------------------------------

    def _find_signer(self) -> str:
        found = self._taken()
        if found.certificates:
            inside = Certificate.of(found.certificates[0])
            if not found.signer.names(inside):
                raise ChipFault("SignerInfo names another certificate than the one inside")
            self._signer = inside
            return f"inside, serial {inside.title}"
        known = [one for one in self._trust.signers if found.signer.names(one)]
        if not known:
            raise Fault(_UNAVAILABLE, "no certificate inside, and none is known")
        self._signer = known[0]
        return f"known, serial {known[0].title}"

    def _certificate(self) -> Certificate:
        self._taken()
        if self._signer is None:
            outcome = self._ledger.outcome("passive.signer")
            without = _UNAVAILABLE if outcome is _UNAVAILABLE else _INCONCLUSIVE
            raise Fault(without, "no certificate of the signer")
        return self._signer

    def _signer_key(self) -> str:
        self._key = self._certificate().key
        return self._key.title

    def _algorithms(self) -> str:
        """Every algorithm in EF.SOD and in the signer's certificate; SignerInfo's digest must be
        among those that SignedData announces (RFC 5652 clause 5.1)."""
        found = self._taken()
        announced = {digest_name(raw) for raw in found.digest_algorithms}
        digest = digest_name(found.signer.digest_algorithm)
        if digest not in announced:
            raise ChipFault(f"{digest} is not announced")
        algorithm = self._algorithm()
        hashes = self._stated().digest
        certified = self._signer.algorithm if self._signer else None
        if not self._weak:
            of_certificate = certified.digest if certified else None
            require_strong(*announced, digest, hashes, of_certificate, key=self._key)
        inside = f", certificate {certified.title}" if certified else ""
        return f"{algorithm.title}, hashes {hashes}{inside}"

    def _algorithm(self) -> SignatureAlgorithm:
        signer = self._taken().signer
        algorithm = SignatureAlgorithm.of(signer.signature_algorithm)
        return algorithm.with_digest(digest_name(signer.digest_algorithm))

    def _signed_attributes(self) -> str:
        found = self._taken()
        attributes = SignedAttributes.of(found.signer.attributes)
        self._attributes = attributes
        name = digest_name(found.signer.digest_algorithm)
        if attributes.message_digest != hashlib.new(name, found.content).digest():
            raise ChipFault("the message digest is not that of the security object")
        return f"message digest {name}"

    def _signature(self) -> str:
        found, attributes = self._taken(), self._attributes
        if attributes is None:
            raise Fault(_INCONCLUSIVE, "the signed attributes cannot be read")
        self._certificate()
        if self._key is None:
            unavailable = self._ledger.outcome("passive.signer_key") is _UNAVAILABLE
            outcome = _UNAVAILABLE if unavailable else _INCONCLUSIVE
            raise Fault(outcome, "the signer's key cannot be used")
        algorithm = self._algorithm()
        if not verify(self._key, algorithm, attributes.signed, found.signer.signature):
            raise ChipFault("does not verify")
        return f"{algorithm.title}, {self._key.title}"

    # --- what is signed ------------------------------------------------------------------------

    def _data_groups(self) -> str:
        """The tag list of EF.COM, which nobody signed, says what EF.SOD says."""
        stated = self._stated()
        listed = CommonData.of(self._contents["com"]) if "com" in self._contents else None
        if listed is None:
            raise Fault(_INCONCLUSIVE, "EF.COM was not read")
        signed = frozenset(stated.hashes)
        if listed.groups != signed:
            different = sorted(listed.groups ^ signed)
            raise ChipFault(f"EF.COM and EF.SOD differ over DG {different}")
        if (listed.lds_version == "0108") != (stated.version == 1):
            raise ChipFault(f"LDS {listed.lds_version} with version {stated.version}")
        if self._expected is not None and signed != HOUSE_GROUPS:
            raise ChipFault(f"DG {sorted(signed ^ HOUSE_GROUPS)} of this house's cards")
        return ", ".join(f"DG{number}" for number in sorted(signed))

    def _hash(self, number: int) -> str:
        name = DATA_GROUPS[number].name
        content = self._contents.get(name)
        wanted = self._stated().hashes.get(number)
        if wanted is None:
            if content is None:
                raise Fault(_NA, "not there")
            raise ChipFault("there is no hash of it")
        if content is None:
            outcome = self._ledger.outcome(f"file.{name}")
            kept = outcome if outcome in (_NA, _UNAVAILABLE) else _INCONCLUSIVE
            raise Fault(kept, "it was not read")
        found = hashlib.new(self._stated().digest, content).digest()
        if found != wanted:
            raise ChipFault(f"{found.hex()[:_SHOWN]} where {wanted.hex()[:_SHOWN]} is signed")
        return found.hex()[:_SHOWN]

    def _chip_keys(self) -> str:
        """The keys that the chip proved are in files that were signed."""
        proved = {
            14: self._reading.chip_authenticated,
            15: self._reading.actively_authenticated,
        }
        groups = [number for number, done in proved.items() if done]
        if not groups:
            names = ("channel.chip_authentication", "chip.active_authentication")
            absent = all(self._ledger.outcome(name) is _NA for name in names)
            raise Fault(_NA if absent else _INCONCLUSIVE, "the chip proved no key")
        wrong = [
            number
            for number in groups
            if self._ledger.outcome(f"passive.dg{number}") is CheckOutcome.FAILED
        ]
        if wrong:
            raise ChipFault(f"the proved key of DG {wrong} is not the signed one")
        needed = [f"passive.dg{number}" for number in groups]
        needed += ["passive.signature", "passive.chain"]
        for name in needed:
            outcome = self._ledger.outcome(name)
            if outcome is not _PASSED:
                kept = _UNAVAILABLE if outcome is _UNAVAILABLE else _INCONCLUSIVE
                raise Fault(kept, f"{name} {outcome}")
        return ", ".join(f"DG{number}" for number in groups)

    # --- who signed ----------------------------------------------------------------------------

    def _document_type(self) -> str:
        types = document_types(self._certificate())
        if types is None:
            raise Fault(_NA, "the certificate names no document types")
        zone = self._contents.get("dg1")
        if zone is None:
            raise Fault(_INCONCLUSIVE, "DG1 was not read")
        code = document_code(zone)
        if not {code, code[:1]} & set(types):
            raise ChipFault("a document of a type that the signer does not sign")
        return f"{len(types)} types"

    def _signed_at(self) -> tuple[datetime, str]:
        """When the card was signed, and how that is known."""
        if self._attributes is not None and self._attributes.signing_time is not None:
            return self._attributes.signing_time, "signing time"
        issued = date_of_issue(self._contents.get("dg12"))
        if issued is not None:
            return datetime(issued.year, issued.month, issued.day, 12, tzinfo=UTC), "date of issue"
        return self._now, "now"

    def _signing_time(self) -> str:
        signer = self._certificate()
        at, how = self._signed_at()
        spare = timedelta(days=1) if how == "date of issue" else timedelta(0)
        if at > self._now + _CLOCKS_APART + spare:
            raise ChipFault(f"signed in the future, by its {how}")
        if not (signer.covers(at - spare) or signer.covers(at + spare)):
            raise ChipFault(f"the signer's certificate was not valid at its {how}")
        begins, ends = usage_period(signer)
        # A document is issued after it was signed: a date of issue says nothing of the end.
        over = ends is not None and how == "signing time" and at >= ends
        if over or (begins is not None and at + spare < begins):
            raise ChipFault(f"the signer's key was not in use at its {how}")
        return f"{at:%Y-%m-%d}, {how}"

    def _chain(self) -> str:
        at, _ = self._signed_at()
        self._path = self._trust.path(self._certificate(), at)
        return f"CSCA serial {self._path[0].title}"

    def _trusted_path(self) -> tuple[Certificate, ...]:
        if self._path is None:
            unavailable = self._ledger.outcome("passive.chain") is _UNAVAILABLE
            raise Fault(_UNAVAILABLE if unavailable else _INCONCLUSIVE, "no chain to a CSCA")
        return self._path

    def _trust_anchor(self) -> str:
        at, _ = self._signed_at()
        return self._trust.check_path(self._trusted_path(), signed=at, now=self._now)

    def _revocation(self) -> str:
        path = self._trusted_path()
        return self._trust.check_not_revoked(self._certificate(), path, self._now)

    def _not_voided(self) -> str:
        digest = hashlib.sha256(self._content()).digest()
        if self._is_voided(digest):
            raise ChipFault(f"{digest.hex()[:_SHOWN]} is void")
        return digest.hex()[:_SHOWN]
