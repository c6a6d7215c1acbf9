"""SecurityInfos of EF.CardAccess and DG14 (Doc 9303-11 clause 9.2): what a chip offers.

Entries of another protocol are ignored, as they must be; an entry of a protocol that is known is
believed only where it is whole and possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from inspection.faults import ChipFault
from inspection.lds1.ciphers import SessionCipher
from inspection.lds1.curve_table import CURVES, GROUPS
from inspection.lds1.curves import Curve
from inspection.lds1.public_keys import integer
from inspection.lds1.tlv import DataObject, data_objects, only, value_of

__all__ = ["ChipKeyInfo", "ChipProtocol", "Mapping", "PaceOffer", "SecurityInfos"]

_SEQUENCE, _SET, _INTEGER, _OID = 0x30, 0x31, 0x02, 0x06
_BSI = bytes.fromhex("04007F00070202")
_PUBLIC_KEY, _CHIP_AUTHENTICATION, _PACE = (_BSI + bytes((arc,)) for arc in (1, 3, 4))
_ACTIVE_AUTHENTICATION = bytes.fromhex("678108010105")
_PLAIN_SIGNATURES = bytes.fromhex("04007F000701010401")
_HASHES: Final = {1: "sha1", 2: "sha224", 3: "sha256", 4: "sha384", 5: "sha512"}
_DH, _ECDH = 1, 2
_CIPHERS: Final = dict(enumerate(SessionCipher, 1))
_PACE_VERSION, _CHIP_VERSION, _ACTIVE_VERSION = 2, 1, 1
_RESERVED: Final = 32
"""Parameter numbers below this one are standardised or reserved (clause 9.5.1)."""

_DG14: Final = 0x6E


@unique
class Mapping(StrEnum):
    """How PACE makes a generator out of the nonce."""

    GENERIC = "GM"
    INTEGRATED = "IM"
    CHIP_AUTHENTICATION = "CAM"


_MAPPINGS: Final = {
    1: (_DH, Mapping.GENERIC),
    2: (_ECDH, Mapping.GENERIC),
    3: (_DH, Mapping.INTEGRATED),
    4: (_ECDH, Mapping.INTEGRATED),
    6: (_ECDH, Mapping.CHIP_AUTHENTICATION),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceOffer:
    """A PACEInfo. `curve` is None for a group, or for parameters of the chip's own."""

    oid: bytes
    mapping: Mapping
    cipher: SessionCipher
    parameter_id: int | None
    curve: Curve | None

    @property
    def usable(self) -> bool:
        """Whether this reader can run it: generic mapping on a standardised curve."""
        return self.mapping is Mapping.GENERIC and self.curve is not None

    @property
    def title(self) -> str:
        """What it is, for evidence."""
        domain = self.curve.name if self.curve else f"parameters {self.parameter_id}"
        return f"{self.mapping} {self.cipher.title} {domain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipKeyInfo:
    """A ChipAuthenticationPublicKeyInfo: the key as SubjectPublicKeyInfo, and its number."""

    info: bytes
    key_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipProtocol:
    """A ChipAuthenticationInfo."""

    oid: bytes
    elliptic: bool
    cipher: SessionCipher
    key_id: int | None


@dataclass(frozen=True, slots=True)
class SecurityInfos:
    """The entries of one SET: object identifier, the objects after it, all bytes of it."""

    entries: tuple[tuple[bytes, tuple[DataObject, ...], bytes], ...]

    @classmethod
    def from_set(cls, raw: bytes) -> SecurityInfos:
        """Of the content of EF.CardAccess. Raises `ChipFault`."""
        entries = []
        for item in data_objects(only(raw, _SET)):
            fields = data_objects(value_of((item,), 0, _SEQUENCE))
            entries.append((value_of(fields, 0, _OID), fields[1:], item.raw))
        return cls(tuple(entries))

    @classmethod
    def from_dg14(cls, raw: bytes) -> SecurityInfos:
        """Of the content of DG14. Raises `ChipFault`."""
        return cls.from_set(only(raw, _DG14))

    @property
    def pace_entries(self) -> frozenset[bytes]:
        """Everything that says something of PACE, as it is written."""
        return frozenset(raw for oid, _, raw in self.entries if oid.startswith(_PACE))

    def pace_offers(self) -> tuple[PaceOffer, ...]:
        """The PACEInfos. Raises `ChipFault` for another version or impossible parameters."""
        offers = []
        for oid, fields in self._under(_PACE, 2):
            agreement, mapping = _MAPPINGS.get(oid[-2], (0, None))
            cipher = _CIPHERS.get(oid[-1])
            if mapping is None or cipher is None:
                continue
            _expect_version(fields, _PACE_VERSION, "PACE")
            number = integer(value_of(fields, 1, _INTEGER)) if len(fields) > 1 else None
            offers.append(
                PaceOffer(
                    oid=oid,
                    mapping=mapping,
                    cipher=cipher,
                    parameter_id=number,
                    curve=_curve(number, elliptic=agreement == _ECDH),
                )
            )
        return tuple(offers)

    def chip_keys(self) -> tuple[ChipKeyInfo, ...]:
        """The keys for Chip Authentication. Raises `ChipFault`."""
        return tuple(
            ChipKeyInfo(info=_object(fields, 0).raw, key_id=_key_id(fields, 1))
            for _, fields in self._under(_PUBLIC_KEY, 1)
        )

    def chip_protocols(self) -> tuple[ChipProtocol, ...]:
        """The ways of Chip Authentication. Raises `ChipFault` for another version than 1."""
        protocols = []
        for oid, fields in self._under(_CHIP_AUTHENTICATION, 2):
            cipher = _CIPHERS.get(oid[-1])
            if cipher is None or oid[-2] not in (_DH, _ECDH):
                continue
            _expect_version(fields, _CHIP_VERSION, "Chip Authentication")
            protocols.append(
                ChipProtocol(
                    oid=oid,
                    elliptic=oid[-2] == _ECDH,
                    cipher=cipher,
                    key_id=_key_id(fields, 1),
                )
            )
        return tuple(protocols)

    def refuse_unknown_keys(self) -> None:
        """Every entry for a public key is of a kind that there is. Raises `ChipFault`."""
        for oid, _, _ in self.entries:
            if oid.startswith(_PUBLIC_KEY) and oid[len(_PUBLIC_KEY) :] not in (b"\x01", b"\x02"):
                raise ChipFault(f"a public key under {oid.hex()[:40]}")

    def active_authentication_hash(self) -> str | None:
        """The hash of an ECDSA key for Active Authentication; None where nothing is said.

        Raises `ChipFault` for an announcement that cannot be right.
        """
        for oid, fields, _ in self.entries:
            if oid == _ACTIVE_AUTHENTICATION:
                _expect_version(fields, _ACTIVE_VERSION, "Active Authentication")
                algorithm = value_of(fields, 1, _OID)
                head, arc = algorithm[:-1], algorithm[-1:]
                name = _HASHES.get(int.from_bytes(arc, "big"))
                if head != _PLAIN_SIGNATURES or name is None:
                    raise ChipFault(f"signature algorithm {algorithm.hex()[:40]}")
                return name
        return None

    def _under(self, prefix: bytes, arcs: int) -> list[tuple[bytes, tuple[DataObject, ...]]]:
        return [
            (oid, fields)
            for oid, fields, _ in self.entries
            if oid.startswith(prefix) and len(oid) == len(prefix) + arcs
        ]


def _object(fields: tuple[DataObject, ...], place: int) -> DataObject:
    if place >= len(fields):
        raise ChipFault("an entry without what it must hold")
    return fields[place]


def _key_id(fields: tuple[DataObject, ...], place: int) -> int | None:
    return integer(value_of(fields, place, _INTEGER)) if len(fields) > place else None


def _expect_version(fields: tuple[DataObject, ...], wanted: int, what: str) -> None:
    version = integer(value_of(fields, 0, _INTEGER))
    if version != wanted:
        raise ChipFault(f"{what} of version {version}")


def _curve(number: int | None, *, elliptic: bool) -> Curve | None:
    if number is None or number >= _RESERVED:
        return None
    if number not in (CURVES if elliptic else GROUPS):
        raise ChipFault(f"PACE with the impossible parameters {number}")
    return CURVES[number] if elliptic else None
