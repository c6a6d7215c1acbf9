"""Whom a verifier trusts: CSCA certificates, the links between them, revocation lists.

Self-signed CA certificates are trusted because they were given; a link certificate because a
trusted CSCA signed it (Doc 9303-12 clause 3). Certificates of no CA are document signers that the
verifier has beforehand, for security objects without one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ektp.cards import CheckOutcome
from ektp.errors import ConfigurationError
from ektp.ports import TrustAnchors
from inspection.faults import ChipFault, Fault
from inspection.lds1.certificate_rules import (
    authority_key_of,
    check_authority,
    is_authority,
    subject_key_of,
)
from inspection.lds1.certificates import Certificate, Name, moment, name_of, whole_bytes
from inspection.lds1.public_keys import integer
from inspection.lds1.signatures import SignatureAlgorithm, verify
from inspection.lds1.tlv import data_objects, only, value_of

__all__ = ["RevocationList", "Trust"]

_SEQUENCE, _INTEGER, _BITS, _CONTEXT_0 = 0x30, 0x02, 0x03, 0xA0
_TIMES: Final = (0x17, 0x18)
_V2: Final = 1
_LARGEST_LIST: Final = 8 * 1024 * 1024
_LONGEST_PATH: Final = 8
_DELTA: Final = bytes.fromhex("551D1B")
_OID, _BOOLEAN = 0x06, 0x01


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationList:
    """A CRL, taken apart. `issuer` is a whole name in DER."""

    signed: bytes = field(repr=False)
    issuer: Name
    algorithm: bytes
    this_update: datetime
    next_update: datetime | None
    serial_numbers: frozenset[int] = field(repr=False)
    signature: bytes = field(repr=False)

    @classmethod
    def of(cls, raw: bytes) -> RevocationList:
        """Read a CRL (DER). Raises `ChipFault`."""
        if len(raw) > _LARGEST_LIST:
            raise ChipFault(f"a revocation list of {len(raw)} bytes")
        parts = data_objects(only(raw, _SEQUENCE))
        body = data_objects(value_of(parts, 0, _SEQUENCE))
        if len(parts) != 3 or integer(value_of(body, 0, _INTEGER)) != _V2:
            raise ChipFault("a revocation list of another version")
        value_of(body, 1, _SEQUENCE)
        value_of(body, 2, _SEQUENCE)
        if body[1].raw != parts[1].raw:
            raise ChipFault("two different signature algorithms")
        rest = list(body[3:])
        times = [moment(rest.pop(0)) for _ in range(2) if rest and rest[0].tag in _TIMES]
        entries = rest.pop(0).value if rest and rest[0].tag == _SEQUENCE else b""
        if not times or len(rest) > 1 or (rest and rest[0].tag != _CONTEXT_0):
            raise ChipFault("a revocation list with other fields")
        if rest:
            _refuse_partial(rest[0].value)
        return cls(
            signed=parts[0].raw,
            issuer=name_of(body[2].raw),
            algorithm=body[1].raw,
            this_update=times[0],
            next_update=times[1] if len(times) == 2 else None,
            serial_numbers=frozenset(
                integer(value_of(data_objects(value_of((item,), 0, _SEQUENCE)), 0, _INTEGER))
                for item in data_objects(entries)
            ),
            signature=whole_bytes(value_of(parts, 2, _BITS)),
        )

    def is_signed_by(self, authority: Certificate) -> bool:
        """Whether a CSCA's key signed it. Raises `ChipFault`, `Fault`."""
        algorithm = SignatureAlgorithm.of(self.algorithm)
        return verify(authority.key, algorithm, self.signed, self.signature)


def _refuse_partial(extensions: bytes) -> None:
    """A list that is for a part of the certificates only says so in a critical extension."""
    for item in data_objects(only(extensions, _SEQUENCE)):
        fields = data_objects(value_of((item,), 0, _SEQUENCE))
        name = value_of(fields, 0, _OID)
        if name == _DELTA or (len(fields) == 3 and fields[1].tag == _BOOLEAN):
            raise ChipFault("a revocation list for a part of the certificates")


class Trust:
    """The anchors of a verifier, read once.

    Raises `ConfigurationError` for an anchor or a list that cannot be read.
    """

    def __init__(self, anchors: TrustAnchors) -> None:
        try:
            certificates = [Certificate.of(raw) for raw in anchors.certificates]
            self._lists = [RevocationList.of(raw) for raw in anchors.revocation_lists]
        except ChipFault as fault:
            raise ConfigurationError(
                "a trust anchor or revocation list cannot be read", why=fault.evidence
            ) from fault
        authorities = [one for one in certificates if is_authority(one)]
        self.signers = tuple(one for one in certificates if not is_authority(one))
        self._trusted = [one for one in authorities if one.is_self_signed()]
        self._links = [one for one in authorities if one not in self._trusted]
        self._paths: dict[bytes, tuple[Certificate, ...]] = {
            one.raw: (one,) for one in self._trusted
        }
        self._follow_links()

    def __bool__(self) -> bool:
        return bool(self._paths)

    def _follow_links(self) -> None:
        """Each link that something trusted signed is trusted too, as far as paths go."""
        for _ in range(_LONGEST_PATH):
            found = False
            for link in self._links:
                if link.raw in self._paths:
                    continue
                issuer = self._issuer_among(link, self._trusted)
                if issuer is not None:
                    self._paths[link.raw] = (link, *self._paths[issuer.raw])
                    self._trusted.append(link)
                    found = True
            if not found:
                return

    @staticmethod
    def _issuer_among(certificate: Certificate, known: list[Certificate]) -> Certificate | None:
        for candidate in known:
            try:
                named = candidate.subject_name == certificate.issuer_name
                identified = subject_key_of(candidate) == authority_key_of(certificate)
                if named and identified and certificate.is_signed_by(candidate):
                    return candidate
            except Fault:
                continue
        return None

    def path(self, certificate: Certificate, at: datetime) -> tuple[Certificate, ...]:
        """The CSCA that signed a certificate, then the links back to an anchor.

        One that is valid at that moment goes before others. Raises `ChipFault` where none signed
        it, and a `Fault` where there are no anchors (UNAVAILABLE) or they cannot be computed with.
        """
        if not self:
            raise Fault(CheckOutcome.UNAVAILABLE, "no trust anchors")
        issuer = certificate.issuer_name
        named = [one for one in self._trusted if one.subject_name == issuer]
        if not named:
            raise ChipFault("no CSCA of the name of its issuer is trusted")
        wanted = authority_key_of(certificate)
        identified = [one for one in named if subject_key_of(one) == wanted]
        if not identified:
            raise ChipFault("no trusted CSCA has the key that it names")
        signed = [one for one in identified if certificate.is_signed_by(one)]
        if not signed:
            raise ChipFault("the CSCA's signature does not verify")
        best = max(signed, key=lambda one: (one.covers(at), -len(self._paths[one.raw])))
        return self._paths[best.raw]

    def check_path(self, path: tuple[Certificate, ...], *, signed: datetime, now: datetime) -> str:
        """The CSCA of a path keeps its profile and is valid: when the signer signed, and now.

        The links before it are only asked to be a CA's: they are the anchor's word for a key.
        Raises `ChipFault`.
        """
        authority = path[0]
        evidence = check_authority(authority)
        for at, when in ((signed, "at signing"), (now, "now")):
            if not authority.covers(at):
                raise ChipFault(f"the CSCA is not valid {when}")
        return f"{evidence}, {len(path) - 1} links"

    def check_not_revoked(
        self, certificate: Certificate, path: tuple[Certificate, ...], now: datetime
    ) -> str:
        """Neither the signer nor its CSCA is on the latest list of this CSCA.

        A CSCA signs its lists with its newest key (Doc 9303-12): any trusted certificate of its
        name will do. Raises `ChipFault` for a revoked one, even on a stale list; a `Fault`
        (UNAVAILABLE) where there are no lists, (INCONCLUSIVE) where none verifies or it is stale.
        """
        if not self._lists:
            raise Fault(CheckOutcome.UNAVAILABLE, "no revocation lists")
        issuer = certificate.issuer_name
        good = [one for one in self._lists if one.issuer == issuer and self._verifies(one)]
        if not good:
            raise Fault(CheckOutcome.INCONCLUSIVE, "no revocation list of this CSCA verifies")
        wanted = {certificate.serial_number, *(one.serial_number for one in path)}
        if any(wanted & one.serial_numbers for one in good):
            raise ChipFault("revoked")
        latest = max(good, key=lambda one: one.this_update)
        if latest.this_update > now:
            raise Fault(CheckOutcome.INCONCLUSIVE, "the revocation list is from the future")
        if latest.next_update is None or latest.next_update < now:
            raise Fault(CheckOutcome.INCONCLUSIVE, "the revocation list is stale")
        return f"list of {latest.this_update:%Y-%m-%d}, {len(latest.serial_numbers)} revoked"

    def _verifies(self, listed: RevocationList) -> bool:
        for one in self._trusted:
            try:
                if one.subject_name == listed.issuer and listed.is_signed_by(one):
                    return True
            except Fault:
                continue
        return False
