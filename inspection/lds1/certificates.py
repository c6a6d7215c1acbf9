"""X.509 certificates of document signers and CSCAs, read with distrust (Doc 9303-12 clause 7.1).

Reading takes the structure apart; whether a certificate keeps the profile is asked afterwards, so
that a verdict can tell the one from the other. DER only: a byte that means nothing is a fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from inspection.faults import ChipFault, Fault
from inspection.lds1.public_keys import EcPublicKey, RsaPublicKey, integer, public_key
from inspection.lds1.signatures import SignatureAlgorithm, verify
from inspection.lds1.tlv import DataObject, data_objects, only, value_of

__all__ = ["Certificate", "Extension", "Name", "country_of", "moment", "name_of", "whole_bytes"]

_SEQUENCE, _SET, _INTEGER, _BITS, _OCTETS, _OID = 0x30, 0x31, 0x02, 0x03, 0x04, 0x06
_BOOLEAN, _TRUE = 0x01, b"\xff"
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_COUNTRY: Final = bytes.fromhex("550406")
_TEXT_TAGS: Final = frozenset({0x0C, 0x13, 0x14, 0x16})
_LARGEST: Final = 16 * 1024
_UTC_PIVOT: Final = 50

Name = tuple[tuple[bytes, str], ...]
"""A distinguished name for comparison: types and texts, without case and surplus blanks
(RFC 5280 clause 7.1)."""


def whole_bytes(raw: bytes) -> bytes:
    """The content of a BIT STRING that is whole bytes. Raises `ChipFault`."""
    if not raw or raw[0] != 0:
        raise ChipFault("a bit string that is not whole bytes")
    return raw[1:]


def moment(item: DataObject) -> datetime:
    """A Time in UTC, to the second (RFC 5280 clause 4.1.2.5). Raises `ChipFault`."""
    digits = {_UTC_TIME: 12, _GENERALIZED_TIME: 14}.get(item.tag, -1)
    text = item.value.decode("ascii", "replace")
    number = text[:-1]
    if len(number) != digits or text[-1] != "Z" or not (number.isascii() and number.isdigit()):
        raise ChipFault(f"{item.tag:X} of {len(item.value)} bytes is no time")
    if item.tag == _UTC_TIME:
        number = ("19" if int(number[:2]) >= _UTC_PIVOT else "20") + number
    try:
        return datetime.strptime(number, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise ChipFault("a time that is in no calendar") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """An extension: whether who does not know it must refuse, and what is inside."""

    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate, taken apart. `issuer` and `subject` are whole names in DER."""

    raw: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    version: int
    serial_number: int
    inner_algorithm: bytes
    outer_algorithm: bytes
    issuer: bytes
    subject: bytes
    not_before: datetime
    not_after: datetime
    times: tuple[DataObject, ...] = field(repr=False)
    key_info: bytes = field(repr=False)
    extensions: Mapping[bytes, Extension] = field(repr=False)
    signature: bytes = field(repr=False)

    @classmethod
    def of(cls, raw: bytes) -> Certificate:
        """Read a certificate (DER). Raises `ChipFault`."""
        if len(raw) > _LARGEST:
            raise ChipFault(f"a certificate of {len(raw)} bytes")
        parts = data_objects(only(raw, _SEQUENCE))
        body = data_objects(value_of(parts, 0, _SEQUENCE))
        value_of(parts, 1, _SEQUENCE)
        if len(parts) != 3 or not 7 <= len(body) <= 10:
            raise ChipFault(f"a certificate of {len(parts)} parts, {len(body)} fields")
        if body[0].tag != _VERSION:
            raise ChipFault("a certificate without a version")
        tags = (_VERSION, _INTEGER, *(_SEQUENCE,) * 5)
        values = [value_of(body, place, tag) for place, tag in enumerate(tags)]
        times = data_objects(values[4])
        if len(times) != 2:
            raise ChipFault("a validity without beginning or end")
        return cls(
            raw=raw,
            signed=parts[0].raw,
            version=integer(only(values[0], _INTEGER)),
            serial_number=integer(values[1]),
            inner_algorithm=body[2].raw,
            outer_algorithm=parts[1].raw,
            issuer=body[3].raw,
            subject=body[5].raw,
            not_before=moment(times[0]),
            not_after=moment(times[1]),
            times=times,
            key_info=body[6].raw,
            extensions=MappingProxyType(_extensions(body[7:])),
            signature=whole_bytes(value_of(parts, 2, _BITS)),
        )

    @property
    def key(self) -> EcPublicKey | RsaPublicKey:
        """Its key. Raises `ChipFault`, or a `Fault` (UNAVAILABLE) as `public_key` does."""
        return public_key(self.key_info)

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """What it is signed with. Raises `ChipFault`, `Fault`."""
        if self.inner_algorithm != self.outer_algorithm:
            raise ChipFault("two different signature algorithms in one certificate")
        return SignatureAlgorithm.of(self.inner_algorithm)

    @property
    def issuer_name(self) -> Name:
        """Who signed it, for comparison. Raises `ChipFault`."""
        return name_of(self.issuer)

    @property
    def subject_name(self) -> Name:
        """Whose it is, for comparison. Raises `ChipFault`."""
        return name_of(self.subject)

    @property
    def title(self) -> str:
        """Its serial number, for evidence."""
        return f"{self.serial_number:X}"[:16]

    def covers(self, at: datetime) -> bool:
        """Whether it is valid at that moment."""
        return self.not_before <= at <= self.not_after

    def is_signed_by(self, authority: Certificate) -> bool:
        """Whether another certificate's key signed this one; no matter whose they are.

        Raises `ChipFault`, `Fault` for keys and algorithms that cannot be used.
        """
        return verify(authority.key, self.algorithm, self.signed, self.signature)

    def is_self_signed(self) -> bool:
        """Whether its own key signed it; False too where that cannot be told."""
        try:
            return self.issuer_name == self.subject_name and self.is_signed_by(self)
        except Fault:
            return False


def _extensions(rest: tuple[DataObject, ...]) -> dict[bytes, Extension]:
    if not rest:
        return {}
    found: dict[bytes, Extension] = {}
    for item in data_objects(only(value_of(rest, 0, _EXTENSIONS), _SEQUENCE)):
        fields = data_objects(value_of((item,), 0, _SEQUENCE))
        name = value_of(fields, 0, _OID)
        critical = len(fields) == 3
        if critical and value_of(fields, 1, _BOOLEAN) != _TRUE:
            raise ChipFault("an extension that is not as DER writes it")
        if name in found or len(fields) not in (2, 3):
            raise ChipFault(f"extension {name.hex()[:40]} twice, or of {len(fields)} fields")
        value = value_of(fields, len(fields) - 1, _OCTETS)
        found[name] = Extension(critical=critical, value=value)
    if len(rest) != 1:
        raise ChipFault("fields after the extensions")
    return found


def _attributes(raw: bytes) -> list[tuple[bytes, DataObject]]:
    """The attributes of a name in DER: type and value."""
    found = []
    for relative in data_objects(only(raw, _SEQUENCE)):
        for item in data_objects(value_of((relative,), 0, _SET)):
            fields = data_objects(value_of((item,), 0, _SEQUENCE))
            if len(fields) != 2:
                raise ChipFault("a name with an attribute that is no pair")
            found.append((value_of(fields, 0, _OID), fields[1]))
    if not found:
        raise ChipFault("an empty name")
    return found


def name_of(raw: bytes) -> Name:
    """A whole name in DER, for comparison. Raises `ChipFault`."""
    return tuple(
        (kind, " ".join(value.value.decode("utf-8", "replace").casefold().split()))
        if value.tag in _TEXT_TAGS
        else (kind, value.raw.hex())
        for kind, value in _attributes(raw)
    )


def country_of(name: bytes) -> str:
    """The one country in a name: two capital letters (Doc 9303-12 clause 7.1.1).

    Raises `ChipFault` where there is none, more than one, or another writing.
    """
    countries = [value for kind, value in _attributes(name) if kind == _COUNTRY]
    if len(countries) != 1 or countries[0].tag not in _TEXT_TAGS:
        raise ChipFault(f"{len(countries)} countries in a name")
    text = countries[0].value.decode("ascii", "replace")
    if len(text) != 2 or not (text.isascii() and text.isalpha() and text.isupper()):
        raise ChipFault("a country that is not two capital letters")
    return text
