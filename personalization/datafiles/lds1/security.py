"""EF.CardAccess, EF.DG14 and EF.DG15: which protocols a chip speaks, and its public keys.

SecurityInfos of ICAO Doc 9303-11 clause 9.2. Public keys are SubjectPublicKeyInfo (RFC 5480) on
P-256 with *named* parameters (`secp256r1`) and an uncompressed point. Doc 9303-11 lets readers meet
either form; named parameters leave nothing to compare with the curve that they claim to be.
"""

from __future__ import annotations

from typing import ClassVar, Final

from asn1crypto import core, keys

from ektp.tlv import Tlv
from personalization.datafiles.lds1.groups import DATA_GROUP_TAGS

__all__ = [
    "AA_PROTOCOL",
    "CA_PROTOCOL",
    "PACE_P256",
    "PACE_PROTOCOL",
    "card_access",
    "dg14",
    "dg15",
]

PACE_PROTOCOL: Final = "0.4.0.127.0.7.2.2.4.2.2"
"""id-PACE-ECDH-GM-AES-CBC-CMAC-128."""
PACE_P256: Final = 12
"""Standardized domain parameters: NIST P-256 (Doc 9303-11 table 4)."""
CA_PROTOCOL: Final = "0.4.0.127.0.7.2.2.3.2.2"
"""id-CA-ECDH-AES-CBC-CMAC-128."""
AA_PROTOCOL: Final = "2.23.136.1.1.5"
"""id-icao-mrtd-security-aaProtocolObject."""

_PK_ECDH: Final = "0.4.0.127.0.7.2.2.1.2"
_ECDSA_PLAIN_SHA256: Final = "0.4.0.127.0.7.1.1.4.1.3"
_PACE_VERSION: Final = 2
_CA_VERSION: Final = 1
_AA_VERSION: Final = 1
_POINT_BYTES: Final = 65  # 04 ‖ x ‖ y


class _PaceInfo(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    _fields: ClassVar = [
        ("protocol", core.ObjectIdentifier),
        ("version", core.Integer),
        ("parameter_id", core.Integer),
    ]


class _ChipAuthenticationInfo(core.Sequence):  # type: ignore[misc]  # see above
    _fields: ClassVar = [("protocol", core.ObjectIdentifier), ("version", core.Integer)]


class _ChipAuthenticationPublicKeyInfo(core.Sequence):  # type: ignore[misc]  # see above
    _fields: ClassVar = [("protocol", core.ObjectIdentifier), ("public_key", keys.PublicKeyInfo)]


class _ActiveAuthenticationInfo(core.Sequence):  # type: ignore[misc]  # see above
    _fields: ClassVar = [
        ("protocol", core.ObjectIdentifier),
        ("version", core.Integer),
        ("signature_algorithm", core.ObjectIdentifier),
    ]


class _SecurityInfos(core.SetOf):  # type: ignore[misc]  # see above
    _child_spec = core.Any


def card_access() -> bytes:
    """EF.CardAccess: the SecurityInfos that a reader needs before it may read anything."""
    return _security_infos(_pace_info())


def dg14(chip_authentication_key: bytes) -> bytes:
    """EF.DG14: Chip Authentication with its key, Active Authentication's algorithm, and PACE again.

    `chip_authentication_key` is DER SubjectPublicKeyInfo; `ValueError` where it is not on P-256
    with named parameters and an uncompressed point.
    """
    infos = _security_infos(
        _pace_info(),
        _ChipAuthenticationInfo({"protocol": CA_PROTOCOL, "version": _CA_VERSION}),
        _ChipAuthenticationPublicKeyInfo(
            {"protocol": _PK_ECDH, "public_key": _p256_key(chip_authentication_key)}
        ),
        _ActiveAuthenticationInfo(
            {
                "protocol": AA_PROTOCOL,
                "version": _AA_VERSION,
                "signature_algorithm": _ECDSA_PLAIN_SHA256,
            }
        ),
    )
    return bytes(Tlv(DATA_GROUP_TAGS[14], infos))


def dg15(active_authentication_key: bytes) -> bytes:
    """EF.DG15: the public key of Active Authentication. `ValueError` as in `dg14`."""
    _p256_key(active_authentication_key)
    return bytes(Tlv(DATA_GROUP_TAGS[15], active_authentication_key))


def _pace_info() -> core.Sequence:
    return _PaceInfo(
        {"protocol": PACE_PROTOCOL, "version": _PACE_VERSION, "parameter_id": PACE_P256}
    )


def _security_infos(*infos: core.Sequence) -> bytes:
    # asn1crypto puts the members of a SET OF in the order that DER asks for.
    encoded: bytes = _SecurityInfos([core.Any(info) for info in infos]).dump()
    return encoded


def _p256_key(der: bytes) -> keys.PublicKeyInfo:
    msg = "not a public key on P-256 with named parameters and an uncompressed point"
    try:
        key = keys.PublicKeyInfo.load(der, strict=True)
        algorithm = key["algorithm"]
        named = algorithm["algorithm"].native == "ec" and algorithm["parameters"].native
        point = key["public_key"].native
    except (ValueError, TypeError):
        raise ValueError(msg) from None
    if named != "secp256r1" or len(point) != _POINT_BYTES or point[0] != 4:
        raise ValueError(msg)
    return key
