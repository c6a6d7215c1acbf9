"""Digest and signature algorithms of certificates and security objects (Doc 9303-12 clause 4.4).

ECDSA as X.509 writes it (RFC 5758) and plain (TR-03111), RSA by PKCS #1 v1.5 and PSS. What is
broken is refused, what is weak (SHA-1, short keys) unless a verifier asks for it; DSA is known and
not supported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from ektp.cards import CheckOutcome
from inspection.faults import ChipFault, Fault
from inspection.lds1.public_keys import EcPublicKey, RsaPublicKey, integer
from inspection.lds1.tlv import data_objects, only, value_of

__all__ = [
    "DIGESTS",
    "LIBRARY_CURVES",
    "Scheme",
    "SignatureAlgorithm",
    "digest_name",
    "require_strong",
    "verify",
]

_SEQUENCE, _INTEGER, _OID, _NULL = 0x30, 0x02, 0x06, b"\x05\x00"

DIGESTS: Final[dict[str, Callable[[], hashes.HashAlgorithm]]] = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
"""Digests by name, as `hashlib` calls them too."""

_WEAK_DIGESTS: Final = frozenset({"sha1"})
_SHORTEST_RSA: Final = 2048
_SHORTEST_CURVE: Final = 224
_DIGEST_OIDS: Final = {
    bytes.fromhex("2B0E03021A"): "sha1",
    bytes.fromhex("608648016503040204"): "sha224",
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
_PKCS1: Final = bytes.fromhex("2A864886F70D0101")
_RSA, _PSS, _MGF1 = (_PKCS1 + bytes((arc,)) for arc in (0x01, 0x0A, 0x08))
_BROKEN: Final = frozenset(
    {
        *(_PKCS1 + bytes((arc,)) for arc in (0x02, 0x03, 0x04)),
        *(bytes.fromhex(f"2A864886F70D02{arc:02X}") for arc in (2, 4, 5)),
    }
)
"""MD2, MD4 and MD5, with RSA and alone."""

_DSA: Final = frozenset(
    bytes.fromhex(oid)
    for oid in ("2A8648CE380403", "608648016503040301", "608648016503040302", "2A8648CE380401")
)


@unique
class Scheme(StrEnum):
    """How a signature is made of a digest."""

    ECDSA = "ECDSA"
    PLAIN_ECDSA = "plain ECDSA"
    PKCS1 = "RSA PKCS #1 v1.5"
    PSS = "RSA-PSS"


def _table() -> dict[bytes, tuple[Scheme, str]]:
    ansi = bytes.fromhex("2A8648CE3D04")
    bsi = bytes.fromhex("04007F000701010401")
    names = list(DIGESTS)
    found = {ansi + b"\x01": (Scheme.ECDSA, "sha1")}
    found |= {ansi + bytes((3, n)): (Scheme.ECDSA, names[n]) for n in range(1, 5)}
    found |= {bsi + bytes((n,)): (Scheme.PLAIN_ECDSA, names[n - 1]) for n in range(1, 6)}
    rsa_arcs = {0x05: "sha1", 0x0B: "sha256", 0x0C: "sha384", 0x0D: "sha512", 0x0E: "sha224"}
    return found | {
        _PKCS1 + bytes((arc,)): (Scheme.PKCS1, digest) for arc, digest in rsa_arcs.items()
    }


_SIGNATURE_OIDS: Final = _table()


def _algorithm(raw: bytes) -> tuple[bytes, bytes | None]:
    """Name and parameters of an AlgorithmIdentifier (the whole object). Raises `ChipFault`."""
    fields = data_objects(only(raw, _SEQUENCE))
    if len(fields) not in (1, 2):
        raise ChipFault("an algorithm without a name, or with more than parameters")
    return value_of(fields, 0, _OID), fields[1].raw if len(fields) == 2 else None


def _refused(oid: bytes) -> ChipFault:
    broken = "broken" if oid in _BROKEN else "unknown"
    return ChipFault(f"{broken} algorithm {oid.hex()[:40]}")


def digest_name(raw: bytes) -> str:
    """The digest that an AlgorithmIdentifier names. Raises `ChipFault`."""
    oid, parameters = _algorithm(raw)
    name = _DIGEST_OIDS.get(oid)
    if name is None:
        raise _refused(oid)
    if parameters not in (None, _NULL):
        raise ChipFault(f"{name} with parameters")
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureAlgorithm:
    """A scheme with its digest; `salt_bytes` for PSS. The digest None is said elsewhere."""

    scheme: Scheme
    digest: str | None
    salt_bytes: int = 0

    @classmethod
    def of(cls, raw: bytes) -> SignatureAlgorithm:
        """Of an AlgorithmIdentifier (the whole object).

        Raises `ChipFault`, and a `Fault` (UNAVAILABLE) for DSA.
        """
        oid, parameters = _algorithm(raw)
        if oid == _PSS:
            return _pss(parameters)
        if oid in _DSA:
            raise Fault(CheckOutcome.UNAVAILABLE, "DSA: not supported by this verifier")
        if oid == _RSA:
            scheme, digest = Scheme.PKCS1, None
        elif oid in _SIGNATURE_OIDS:
            scheme, digest = _SIGNATURE_OIDS[oid]
        else:
            raise _refused(oid)
        allowed = (None, _NULL) if scheme is Scheme.PKCS1 else (None,)
        if parameters not in allowed:
            raise ChipFault(f"{scheme} with parameters")
        return cls(scheme=scheme, digest=digest)

    def with_digest(self, digest: str) -> SignatureAlgorithm:
        """The algorithm with the digest that was named beside it. Raises `ChipFault`.

        A SignerInfo names the digest twice: twice the same (RFC 5652 clause 5.4).
        """
        if self.digest not in (None, digest):
            raise ChipFault(f"{self.title} over a digest by {digest}")
        return SignatureAlgorithm(scheme=self.scheme, digest=digest, salt_bytes=self.salt_bytes)

    @property
    def title(self) -> str:
        """What it is, for evidence."""
        return f"{self.scheme} {self.digest or ''}".rstrip()


def _pss(parameters: bytes | None) -> SignatureAlgorithm:
    """RSASSA-PSS-params (RFC 4055 clause 3.1); what is not said is SHA-1 with 20 bytes of salt."""
    if parameters is None:
        raise ChipFault("RSA-PSS without parameters")
    digest = mask = "sha1"
    salt = 20
    for item in data_objects(only(parameters, _SEQUENCE)):
        if item.tag == 0xA0:
            digest = digest_name(item.value)
        elif item.tag == 0xA1:
            name, of_mask = _algorithm(item.value)
            if name != _MGF1 or of_mask is None:
                raise ChipFault("RSA-PSS with another mask generation")
            mask = digest_name(of_mask)
        elif item.tag == 0xA2:
            salt = integer(only(item.value, _INTEGER))
        elif item.tag != 0xA3 or integer(only(item.value, _INTEGER)) != 1:
            raise ChipFault(f"RSA-PSS with a parameter {item.tag:X}")
    if mask != digest or salt > 64:
        raise ChipFault(f"RSA-PSS {digest} with mask by {mask} and {salt} bytes of salt")
    return SignatureAlgorithm(scheme=Scheme.PSS, digest=digest, salt_bytes=salt)


def require_strong(*digests: str | None, key: EcPublicKey | RsaPublicKey | None = None) -> None:
    """Refuse what is too weak by now: SHA-1, RSA below 2048 bits, curves below 224.

    Raises `ChipFault`.
    """
    weak = sorted(_WEAK_DIGESTS.intersection(name for name in digests if name))
    if weak:
        raise ChipFault(f"{', '.join(weak)} is too weak")
    if isinstance(key, RsaPublicKey) and key.modulus.bit_length() < _SHORTEST_RSA:
        raise ChipFault(f"{key.title} is too weak")
    if isinstance(key, EcPublicKey) and key.curve.n.bit_length() < _SHORTEST_CURVE:
        raise ChipFault(f"{key.title} is too weak")


LIBRARY_CURVES: Final[dict[str, Callable[[], ec.EllipticCurve]]] = {
    "secp192r1": ec.SECP192R1,
    "secp224r1": ec.SECP224R1,
    "secp256r1": ec.SECP256R1,
    "secp384r1": ec.SECP384R1,
    "secp521r1": ec.SECP521R1,
    "brainpoolP256r1": ec.BrainpoolP256R1,
    "brainpoolP384r1": ec.BrainpoolP384R1,
    "brainpoolP512r1": ec.BrainpoolP512R1,
}
"""The curves that the library verifies on, by their names here."""


def verify(
    key: EcPublicKey | RsaPublicKey,
    algorithm: SignatureAlgorithm,
    message: bytes,
    signature: bytes,
) -> bool:
    """Whether a signature over a message is the key's.

    Explicit parameters were compared with a known curve before: it is computed on that one. Raises
    `ChipFault` for an algorithm that is not the key's, and a `Fault` (UNAVAILABLE) for a curve that
    this host's library lacks.
    """
    if algorithm.digest is None:
        raise ChipFault("a signature without a digest")
    digest = DIGESTS[algorithm.digest]()
    elliptic = algorithm.scheme in (Scheme.ECDSA, Scheme.PLAIN_ECDSA)
    if elliptic != isinstance(key, EcPublicKey):
        raise ChipFault(f"{algorithm.title} with a key of {key.title}")
    try:
        if isinstance(key, EcPublicKey):
            _verify_ecdsa(key, algorithm, message, signature, digest)
        else:
            _verify_rsa(key, algorithm, message, signature, digest)
    except UnsupportedAlgorithm as error:
        evidence = f"{algorithm.title} on {key.title}: not in this host's library"
        raise Fault(CheckOutcome.UNAVAILABLE, evidence) from error
    except (InvalidSignature, ValueError):
        return False
    return True


def _verify_ecdsa(
    key: EcPublicKey,
    algorithm: SignatureAlgorithm,
    message: bytes,
    signature: bytes,
    digest: hashes.HashAlgorithm,
) -> None:
    if key.curve.name not in LIBRARY_CURVES:
        evidence = f"signatures on {key.curve.name}: not supported by this verifier"
        raise Fault(CheckOutcome.UNAVAILABLE, evidence)
    if algorithm.scheme is Scheme.PLAIN_ECDSA:
        half = key.curve.scalar_bytes
        if len(signature) != 2 * half:
            raise InvalidSignature
        r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
        signature = utils.encode_dss_signature(r, s)
    numbers = ec.EllipticCurvePublicNumbers(
        key.point.x, key.point.y, LIBRARY_CURVES[key.curve.name]()
    )
    numbers.public_key().verify(signature, message, ec.ECDSA(digest))


def _verify_rsa(
    key: RsaPublicKey,
    algorithm: SignatureAlgorithm,
    message: bytes,
    signature: bytes,
    digest: hashes.HashAlgorithm,
) -> None:
    public = rsa.RSAPublicNumbers(key.exponent, key.modulus).public_key()
    if algorithm.scheme is Scheme.PSS:
        pss = padding.PSS(padding.MGF1(digest), algorithm.salt_bytes)
        public.verify(signature, message, pss, digest)
    else:
        public.verify(signature, message, padding.PKCS1v15(), digest)
