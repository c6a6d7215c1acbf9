"""EC public keys as certificates carry them: by the curve's name, or by all its parameters.

ICAO Doc 9303-12 (ECDSA) asks for explicit parameters and uncompressed points in CSCA and
document signer certificates. Libraries refuse them for good reason (CVE-2020-0601), so explicit
parameters are read here, compared with those of the known curve, and never computed with.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

from asn1crypto.core import Integer
from asn1crypto.keys import (
    ECDomainParameters,
    PublicKeyAlgorithm,
    PublicKeyInfo,
    SpecifiedECDomain,
)
from cryptography.hazmat.primitives.asymmetric import ec

from ektp.errors import HsmError
from hsm.keys import Curve

__all__ = ["DOMAINS", "Domain", "EcPublicKey", "explicit_spki", "named_spki", "read_spki"]

_UNCOMPRESSED: Final = 0x04
_LARGEST_SPKI: Final = 2_048
_OIDS: Final = {Curve.P256: "1.2.840.10045.3.1.7", Curve.P384: "1.3.132.0.34"}
_LIBRARY: Final[dict[Curve, type[ec.EllipticCurve]]] = {
    Curve.P256: ec.SECP256R1,
    Curve.P384: ec.SECP384R1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """The domain parameters of a curve over a prime field; the generator is uncompressed."""

    prime: int
    a: bytes
    b: bytes
    generator: bytes
    order: int
    cofactor: int = 1


def _domain(prime: str, b: str, x: str, y: str, order: str) -> Domain:
    p = int(prime, 16)
    return Domain(
        prime=p,
        a=(p - 3).to_bytes(len(b) // 2, "big"),
        b=bytes.fromhex(b),
        generator=bytes((_UNCOMPRESSED,)) + bytes.fromhex(x + y),
        order=int(order, 16),
    )


DOMAINS: Final[dict[Curve, Domain]] = {
    Curve.P256: _domain(
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    ),
    Curve.P384: _domain(
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
        "ffffffff0000000000000000ffffffff",
        "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a"
        "c656398d8a2ed19d2a85c8edd3ec2aef",
        "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a38"
        "5502f25dbf55296c3a545e3872760ab7",
        "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c0"
        "0a60b1ce1d7e819d7a431d7c90ea0e5f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
        "581a0db248b0a77aecec196accc52973",
    ),
}
"""The curves of the house (FIPS 186-4 appendix D.1.2)."""


@dataclass(frozen=True)
class EcPublicKey:
    """A point on a curve of the house: `04` ‖ x ‖ y."""

    curve: Curve
    point: bytes

    @cached_property
    def for_library(self) -> ec.EllipticCurvePublicKey:
        """The same as a key of `cryptography`. Raises `HsmError` for a point off the curve."""
        if self.point[:1] != bytes((_UNCOMPRESSED,)):
            raise HsmError("an EC public key is not in the uncompressed form")
        try:
            return ec.EllipticCurvePublicKey.from_encoded_point(_LIBRARY[self.curve](), self.point)
        except ValueError:
            raise HsmError("an EC public key is no point on its curve") from None


def named_spki(key: EcPublicKey) -> bytes:
    """DER SubjectPublicKeyInfo with the curve's name (RFC 5480)."""
    return _spki(ECDomainParameters(name="named", value=_OIDS[key.curve]), key.point)


def explicit_spki(key: EcPublicKey) -> bytes:
    """DER SubjectPublicKeyInfo with explicit parameters (RFC 3279 clause 2.3.5)."""
    domain = DOMAINS[key.curve]
    specified = SpecifiedECDomain(
        {
            "version": "ecdpVer1",
            "field_id": {"field_type": "prime_field", "parameters": Integer(domain.prime)},
            "curve": {"a": domain.a, "b": domain.b},
            "base": domain.generator,
            "order": domain.order,
            "cofactor": domain.cofactor,
        }
    )
    return _spki(ECDomainParameters(name="specified", value=specified), key.point)


def _spki(parameters: ECDomainParameters, point: bytes) -> bytes:
    algorithm = PublicKeyAlgorithm({"algorithm": "ec", "parameters": parameters})
    encoded: bytes = PublicKeyInfo({"algorithm": algorithm, "public_key": point}).dump()
    return encoded


@lru_cache(maxsize=256)
def read_spki(spki: bytes) -> EcPublicKey:
    """The key in a DER SubjectPublicKeyInfo, named or explicit.

    Raises `HsmError` where it is not an EC key, not on a curve of the house to the last parameter,
    or not an uncompressed point on it.
    """
    try:
        key = _read(spki)
    except (ValueError, TypeError, KeyError):
        raise HsmError("a public key cannot be read") from None
    key.for_library  # noqa: B018 - proves that the point is on the curve
    return key


def _read(spki: bytes) -> EcPublicKey:
    if len(spki) > _LARGEST_SPKI:
        raise HsmError("a public key is larger than any of ours")
    info = PublicKeyInfo.load(spki, strict=True)
    if info["algorithm"]["algorithm"].native != "ec":
        raise HsmError("a public key is not of ECDSA")
    parameters = info["algorithm"]["parameters"]
    curve = _curve_of(parameters)
    point: bytes = info["public_key"].native
    if curve is None:
        raise HsmError("a public key is on no curve of ours")
    return EcPublicKey(curve, point)


def _curve_of(parameters: Any) -> Curve | None:
    if parameters.name == "named":
        by_oid = {oid: curve for curve, oid in _OIDS.items()}
        return by_oid.get(parameters.chosen.dotted)
    if parameters.name != "specified":
        return None
    stated = _stated(parameters.chosen)
    return next((curve for curve, known in DOMAINS.items() if known == stated), None)


def _stated(specified: Any) -> Domain | None:
    """All that explicit parameters state. A seed changes nothing; a cofactor must be there."""
    field = specified["field_id"]
    if field["field_type"].native != "prime_field" or specified["cofactor"].native is None:
        return None
    return Domain(
        prime=field["parameters"].native,
        a=specified["curve"]["a"].native,
        b=specified["curve"]["b"].native,
        generator=specified["base"].native,
        order=specified["order"].native,
        cofactor=specified["cofactor"].native,
    )
