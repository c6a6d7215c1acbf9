"""Public keys of a chip, as DG14 and DG15 hold them: SubjectPublicKeyInfo (RFC 5480, RFC 8017).

Curves may be named, standardised (TR-03110-3 A.2.1) or given by all their parameters, which must
then be exactly those of a standardised curve: a generator of somebody's own is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ektp.cards import CheckOutcome
from inspection.faults import ChipFault, Fault
from inspection.lds1.curve_table import CURVES, curve_of_oid, curve_of_values
from inspection.lds1.curves import Curve, Point
from inspection.lds1.tlv import DataObject, data_objects, encode, only, value_of

__all__ = ["EcPublicKey", "RsaPublicKey", "integer", "named_key_info", "public_key"]

_SEQUENCE, _INTEGER, _BITS, _OCTETS, _OID = 0x30, 0x02, 0x03, 0x04, 0x06
_EC = bytes.fromhex("2A8648CE3D0201")
_PRIME_FIELD = bytes.fromhex("2A8648CE3D0101")
_STANDARDISED = bytes.fromhex("04007F00070102")
_RSA = bytes.fromhex("2A864886F70D010101")
_DIFFIE_HELLMAN = frozenset(
    {bytes.fromhex("2A864886F70D010301"), bytes.fromhex("2A8648CE3E0201")},
)
"""dhKeyAgreement (PKCS #3) and dhpublicnumber (RFC 3279)."""

_RSA_BITS: Final = range(1024, 4096 + 1)
_INTEGER_BYTES: Final = 513


@dataclass(frozen=True, slots=True)
class EcPublicKey:
    """A key on a standardised curve; its point is on it."""

    curve: Curve
    point: Point

    @property
    def title(self) -> str:
        """What it is, for evidence."""
        return self.curve.name


@dataclass(frozen=True, slots=True)
class RsaPublicKey:
    """An RSA key of 1024 to 4096 bits with an odd exponent."""

    modulus: int = field(repr=False)
    exponent: int = field(repr=False)

    @property
    def title(self) -> str:
        """What it is, for evidence."""
        return f"RSA-{self.modulus.bit_length()}"


def integer(raw: bytes) -> int:
    """The content of a DER INTEGER that is not negative. Raises `ChipFault`."""
    if not 1 <= len(raw) <= _INTEGER_BYTES or raw[0] & 0x80:
        raise ChipFault(f"an integer of {len(raw)} bytes, or a negative one")
    if len(raw) > 1 and raw[0] == 0 and not raw[1] & 0x80:
        raise ChipFault("an integer that is not as short as it can be")
    return int.from_bytes(raw, "big")


def public_key(info: bytes) -> EcPublicKey | RsaPublicKey:
    """The key in a SubjectPublicKeyInfo (the whole object).

    Raises `ChipFault` for a key that cannot be one, and a `Fault` (UNAVAILABLE) for a
    Diffie-Hellman key, which this reader does not compute with.
    """
    fields = data_objects(only(info, _SEQUENCE))
    algorithm = data_objects(value_of(fields, 0, _SEQUENCE))
    name = value_of(algorithm, 0, _OID)
    bits = value_of(fields, 1, _BITS)
    if len(fields) != 2 or not bits or bits[0] != 0:
        raise ChipFault("a public key that is not whole bytes")
    if name == _RSA:
        return _rsa(bits[1:])
    if name in (_EC, _STANDARDISED):
        curve = _curve_of(algorithm)
        return EcPublicKey(curve, curve.point(bits[1:]))
    if name in _DIFFIE_HELLMAN:
        raise Fault(CheckOutcome.UNAVAILABLE, "a Diffie-Hellman key: not supported by this reader")
    raise ChipFault(f"a public key of unknown algorithm {name.hex()[:40]}")


def named_key_info(key: EcPublicKey) -> bytes:
    """DER SubjectPublicKeyInfo of a key with the name of its curve (RFC 5480)."""
    algorithm = encode(_SEQUENCE, encode(_OID, _EC) + encode(_OID, key.curve.oid))
    point = encode(_BITS, b"\x00" + key.curve.encode(key.point))
    return encode(_SEQUENCE, algorithm + point)


def _rsa(raw: bytes) -> RsaPublicKey:
    fields = data_objects(only(raw, _SEQUENCE))
    modulus, exponent = (integer(value_of(fields, place, _INTEGER)) for place in (0, 1))
    sound = modulus.bit_length() in _RSA_BITS and modulus & 1 and exponent & 1
    if len(fields) != 2 or not sound or not 3 <= exponent < modulus:
        raise ChipFault(f"an RSA key of {modulus.bit_length()} bits that cannot be one")
    return RsaPublicKey(modulus, exponent)


def _curve_of(algorithm: tuple[DataObject, ...]) -> Curve:
    if len(algorithm) != 2:
        raise ChipFault("a key without domain parameters")
    parameters = algorithm[1]
    curve: Curve | None = None
    if parameters.tag == _OID:
        curve = curve_of_oid(parameters.value)
    elif parameters.tag == _INTEGER:
        curve = CURVES.get(integer(parameters.value))
    elif parameters.tag == _SEQUENCE:
        curve = _explicit(data_objects(parameters.value))
    if curve is None:
        raise ChipFault("domain parameters that are no standardised curve's")
    return curve


def _explicit(fields: tuple[DataObject, ...]) -> Curve | None:
    """ECParameters with every value written out (X9.62)."""
    field_id = data_objects(value_of(fields, 1, _SEQUENCE))
    coefficients = data_objects(value_of(fields, 2, _SEQUENCE))
    if value_of(field_id, 0, _OID) != _PRIME_FIELD:
        return None
    cofactor = fields[5:] and integer(value_of(fields, 5, _INTEGER)) != 1
    if cofactor or len(fields) > 6:
        return None
    return curve_of_values(
        integer(value_of(field_id, 1, _INTEGER)),
        int.from_bytes(value_of(coefficients, 0, _OCTETS), "big"),
        int.from_bytes(value_of(coefficients, 1, _OCTETS), "big"),
        value_of(fields, 3, _OCTETS),
        integer(value_of(fields, 4, _INTEGER)),
    )
