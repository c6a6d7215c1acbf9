"""The public half of a key pair in a PKCS#11 token, as DER SubjectPublicKeyInfo (RFC 5280)."""

from __future__ import annotations

from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11.constants import Attribute

from ektp.errors import HsmError, KeyUsageForbidden
from hsm._cryptoki_templates import CURVE_PARAMETERS
from hsm.keys import Curve

__all__ = ["ec_public_key", "rsa_public_key"]

_CURVES: Final[dict[Curve, ec.EllipticCurve]] = {
    Curve.P256: ec.SECP256R1(),
    Curve.P384: ec.SECP384R1(),
}
_UNCOMPRESSED: Final = 0x04


def ec_public_key(key: Any, label: str) -> tuple[Curve, bytes]:
    """Curve and public key of a public key object.

    Raises `KeyUsageForbidden` for a curve that the house does not use, `HsmError` for no point.
    """
    by_parameters = {parameters: curve for curve, parameters in CURVE_PARAMETERS.items()}
    curve = by_parameters.get(key[Attribute.EC_PARAMS])
    if curve is None:
        raise KeyUsageForbidden("the key is on a curve that the house does not use", key=label)
    point = _point(key[Attribute.EC_POINT], curve)
    try:
        public_key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[curve], point)
    except ValueError:
        raise HsmError("the token shows a public key that is none", key=label) from None
    return curve, public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def rsa_public_key(key: Any) -> bytes:
    """The public key of a private or public RSA key object."""
    modulus, exponent = key[Attribute.MODULUS], key[Attribute.PUBLIC_EXPONENT]
    numbers = rsa.RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big"))
    return numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _point(told: bytes, curve: Curve) -> bytes:
    """CKA_EC_POINT is an OCTET STRING around the point; some libraries give the bare point."""
    length = 1 + 2 * curve.coordinate_bytes
    if len(told) == length and told[0] == _UNCOMPRESSED:
        return told
    return told[2:] if told[:2] == bytes((0x04, length)) else b""
