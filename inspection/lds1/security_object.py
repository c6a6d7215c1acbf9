"""EF.SOD: the LDS security object in a CMS SignedData (Doc 9303-10 clause 4.6.2, RFC 5652).

Read without believing anything: what is absent, doubled or unknown is told apart by the part of
EF.SOD that it stands in. Nothing here computes a signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from inspection.faults import ChipFault
from inspection.lds1.certificates import Certificate, moment
from inspection.lds1.public_keys import integer
from inspection.lds1.signatures import digest_name
from inspection.lds1.tlv import DataObject, data_objects, only, value_of

__all__ = ["GroupHashes", "SecurityObject", "SignedAttributes", "SignerInfo"]

_SOD: Final = 0x77
_SEQUENCE, _SET, _INTEGER, _OCTETS, _OID, _PRINTABLE = 0x30, 0x31, 0x02, 0x04, 0x06, 0x13
_CONTEXT_0: Final = 0xA0
_KEY_IDENTIFIER: Final = 0x80
_SIGNED_DATA: Final = bytes.fromhex("2A864886F70D010702")
_SECURITY_OBJECT: Final = bytes.fromhex("678108010101")
_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_TIME = (
    bytes.fromhex(f"2A864886F70D0109{arc:02X}") for arc in (3, 4, 5)
)
_SIGNED_DATA_VERSION: Final = 3
_VERSION_1: Final = 1
_HASH_BYTES: Final = {"sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
_GROUPS: Final = range(1, 17)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupHashes:
    """The LDSSecurityObject: digest algorithm and hashes by data group number.

    `lds_version` is None in version 0, which does not say it (LDS 1.7).
    """

    version: int
    algorithm: bytes
    hashes: Mapping[int, bytes] = field(repr=False)
    lds_version: str | None = None

    @classmethod
    def of(cls, content: bytes) -> GroupHashes:
        """Of the signed content. Raises `ChipFault`."""
        fields = data_objects(only(content, _SEQUENCE))
        version = integer(value_of(fields, 0, _INTEGER))
        value_of(fields, 1, _SEQUENCE)
        if version > _VERSION_1 or len(fields) != 3 + version:
            raise ChipFault(f"version {version} with {len(fields)} fields")
        found: dict[int, bytes] = {}
        for item in data_objects(value_of(fields, 2, _SEQUENCE)):
            parts = data_objects(value_of((item,), 0, _SEQUENCE))
            number = integer(value_of(parts, 0, _INTEGER))
            if number not in _GROUPS or number in found or len(parts) != 2:
                raise ChipFault(f"a hash of a data group {number}, or two of it"[:60])
            found[number] = value_of(parts, 1, _OCTETS)
        if not {1, 2} <= found.keys():
            raise ChipFault("no hash of DG1 or DG2")
        return cls(
            version=version,
            algorithm=fields[1].raw,
            hashes=MappingProxyType(found),
            lds_version=_lds_version(fields[3]) if version else None,
        )

    @property
    def digest(self) -> str:
        """The digest of the hashes. Raises `ChipFault`."""
        return digest_name(self.algorithm)

    def check_lengths(self) -> None:
        """Each hash is as long as its digest. Raises `ChipFault`."""
        size = _HASH_BYTES[self.digest]
        wrong = [number for number, value in self.hashes.items() if len(value) != size]
        if wrong:
            raise ChipFault(f"hashes of {wrong} that are not {size} bytes")


def _lds_version(item: DataObject) -> str:
    """LDSVersionInfo of LDS 1.8: it and Unicode 4.0.0 (Doc 9303-10 clause 4.6.2.3)."""
    fields = data_objects(value_of((item,), 0, _SEQUENCE))
    lds, unicode = (value_of(fields, place, _PRINTABLE) for place in (0, 1))
    if len(fields) != 2 or lds != b"0108" or unicode != b"040000":
        raise ChipFault("version 1 of another LDS than 1.8")
    return lds.decode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAttributes:
    """The signed attributes: as they are signed, and by name."""

    signed: bytes = field(repr=False)
    message_digest: bytes
    signing_time: datetime | None

    @classmethod
    def of(cls, item: DataObject) -> SignedAttributes:
        """Of `[0]` in SignerInfo. Raises `ChipFault`.

        Content type and message digest must be there, each attribute once with one value.
        """
        values: dict[bytes, DataObject] = {}
        for attribute in data_objects(item.value):
            fields = data_objects(value_of((attribute,), 0, _SEQUENCE))
            name = value_of(fields, 0, _OID)
            inside = data_objects(value_of(fields, 1, _SET))
            if name in values or len(fields) != 2 or len(inside) != 1:
                raise ChipFault(f"attribute {name.hex()[:40]} twice, or not with one value")
            values[name] = inside[0]
        kind, digest = values.get(_CONTENT_TYPE), values.get(_MESSAGE_DIGEST)
        if kind is None or kind.tag != _OID or kind.value != _SECURITY_OBJECT:
            raise ChipFault("no content type, or another one")
        if digest is None or digest.tag != _OCTETS:
            raise ChipFault("no message digest")
        at = values.get(_SIGNING_TIME)
        return cls(
            # RFC 5652 clause 5.4: signed under the tag SET OF, sent under [0].
            signed=bytes((_SET,)) + item.raw[1:],
            message_digest=digest.value,
            signing_time=None if at is None else moment(at),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerInfo:
    """The one SignerInfo. `issuer` (DER) with `serial_number`, or `key_identifier`."""

    version: int
    issuer: bytes | None
    serial_number: int | None
    key_identifier: bytes | None
    digest_algorithm: bytes
    attributes: DataObject = field(repr=False)
    signature_algorithm: bytes
    signature: bytes = field(repr=False)

    @classmethod
    def of(cls, item: DataObject) -> SignerInfo:
        """Read it. Raises `ChipFault`."""
        fields = data_objects(value_of((item,), 0, _SEQUENCE))
        version = integer(value_of(fields, 0, _INTEGER))
        issuer: bytes | None = None
        serial_number: int | None = None
        key_identifier: bytes | None = None
        if len(fields) > 1 and fields[1].tag == _SEQUENCE:
            named = data_objects(fields[1].value)
            value_of(named, 0, _SEQUENCE)
            issuer, serial_number = named[0].raw, integer(value_of(named, 1, _INTEGER))
            wanted = 1
        else:
            key_identifier = value_of(fields, 1, _KEY_IDENTIFIER)
            wanted = 3
        # RFC 5652 clause 5.3: the version follows from how the signer is named.
        if version != wanted:
            raise ChipFault(f"SignerInfo of version {version}, its signer named as in {wanted}")
        if len(fields) != 6:
            raise ChipFault(f"SignerInfo of {len(fields)} fields")
        value_of(fields, 2, _SEQUENCE)
        value_of(fields, 3, _CONTEXT_0)
        value_of(fields, 4, _SEQUENCE)
        return cls(
            version=version,
            issuer=issuer,
            serial_number=serial_number,
            key_identifier=key_identifier,
            digest_algorithm=fields[2].raw,
            attributes=fields[3],
            signature_algorithm=fields[4].raw,
            signature=value_of(fields, 5, _OCTETS),
        )

    def names(self, certificate: Certificate) -> bool:
        """Whether a certificate is the one that it names."""
        if self.key_identifier is not None:
            subject_key = certificate.extensions.get(bytes.fromhex("551D0E"))
            return subject_key is not None and subject_key.value == (
                bytes((_OCTETS, len(self.key_identifier))) + self.key_identifier
            )
        return (certificate.issuer, certificate.serial_number) == (self.issuer, self.serial_number)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityObject:
    """EF.SOD, taken apart as far as CMS goes."""

    digest_algorithms: tuple[bytes, ...]
    content: bytes = field(repr=False)
    certificates: tuple[bytes, ...] = field(repr=False)
    signer: SignerInfo

    @classmethod
    def of(cls, raw: bytes) -> SecurityObject:
        """Of the content of EF.SOD. Raises `ChipFault`."""
        outer = data_objects(only(only(raw, _SOD), _SEQUENCE))
        if value_of(outer, 0, _OID) != _SIGNED_DATA or len(outer) != 2:
            raise ChipFault("not a SignedData")
        fields = data_objects(only(value_of(outer, 1, _CONTEXT_0), _SEQUENCE))
        version = integer(value_of(fields, 0, _INTEGER))
        if version != _SIGNED_DATA_VERSION:
            raise ChipFault(f"SignedData of version {version}")
        algorithms = data_objects(value_of(fields, 1, _SET))
        if not algorithms:
            raise ChipFault("no digest algorithms")
        encapsulated = data_objects(value_of(fields, 2, _SEQUENCE))
        if value_of(encapsulated, 0, _OID) != _SECURITY_OBJECT or len(encapsulated) != 2:
            raise ChipFault("a content that is no security object")
        content = only(value_of(encapsulated, 1, _CONTEXT_0), _OCTETS)
        # The certificate may stand in the reader instead; revocation lists have no place here.
        inside = len(fields) == 5
        certificates = data_objects(value_of(fields, 3, _CONTEXT_0)) if inside else ()
        if len(fields) not in (4, 5) or len(certificates) > 1:
            raise ChipFault(f"{len(fields)} fields, {len(certificates)} certificates")
        signers = data_objects(value_of(fields, len(fields) - 1, _SET))
        if len(signers) != 1:
            raise ChipFault(f"{len(signers)} signers")
        return cls(
            digest_algorithms=tuple(item.raw for item in algorithms),
            content=content,
            certificates=tuple(item.raw for item in certificates),
            signer=SignerInfo.of(signers[0]),
        )
