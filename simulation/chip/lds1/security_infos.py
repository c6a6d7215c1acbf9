"""EF.CardAccess of test chips: SecurityInfos with PACE, in DER (Doc 9303-11 clause 9.2)."""

from __future__ import annotations

from typing import Final

from ektp.tlv import Tlv
from simulation.chip.lds1.behaviour import PaceSuite
from simulation.chip.lds1.pace import PACE_GENERIC_MAPPING

__all__ = ["card_access", "pace_domain_parameter_info", "pace_info", "security_info"]

_SEQUENCE, _SET, _INTEGER, _OID = 0x30, 0x31, 0x02, 0x06
_PACE_VERSION: Final = 2
_STANDARDIZED_DOMAIN_PARAMETERS: Final = bytes.fromhex("04007F00070102")


def card_access(*infos: bytes) -> bytes:
    """A SET of SecurityInfo, in the order of DER."""
    return bytes(Tlv(_SET, b"".join(sorted(infos))))


def pace_info(suite: PaceSuite, *, version: int = _PACE_VERSION) -> bytes:
    """PACEInfo: the protocol, version 2, the number of the standardized curve."""
    return security_info(
        PACE_GENERIC_MAPPING + bytes((suite.cipher,)),
        _integer(version),
        _integer(suite.parameter_id),
    )


def pace_domain_parameter_info(parameter_id: int) -> bytes:
    """PACEDomainParameterInfo that names a standardized curve, with that number as its id."""
    algorithm = Tlv(_OID, _STANDARDIZED_DOMAIN_PARAMETERS), Tlv(_INTEGER, bytes((parameter_id,)))
    identifier = bytes(Tlv(_SEQUENCE, b"".join(map(bytes, algorithm))))
    return security_info(PACE_GENERIC_MAPPING, identifier, _integer(parameter_id))


def security_info(protocol: bytes, required: bytes, optional: bytes = b"") -> bytes:
    """A SEQUENCE of the protocol's OID (its content bytes) and encoded values."""
    return bytes(Tlv(_SEQUENCE, bytes(Tlv(_OID, protocol)) + required + optional))


def _integer(value: int) -> bytes:
    size = value.bit_length() // 8 + 1
    return bytes(Tlv(_INTEGER, value.to_bytes(size, "big")))
