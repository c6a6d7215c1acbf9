"""Active Authentication (Doc 9303-11 clause 6.1): the chip signs a challenge with its own key.

ECDSA as r ‖ s (TR-03111 clause 5.2.1), its hash announced in DG14; RSA as ISO/IEC 9796-2 digital
signature scheme 1, its hash named by the trailer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from ektp.apdu import CommandApdu, describe_sw
from ektp.cards import CheckOutcome
from inspection.faults import ChipFault, Fault, Refused
from inspection.lds1.ciphers import RANDOM, RandomBytes, same
from inspection.lds1.public_keys import EcPublicKey, RsaPublicKey, public_key
from inspection.lds1.secure_messaging import SHORT_PLAIN_BYTES, Link
from inspection.lds1.signatures import LIBRARY_CURVES
from inspection.lds1.tlv import only

__all__ = ["active_authentication", "active_key", "verify_signature"]

_DG15: Final = 0x6F
_CHALLENGE_BYTES: Final = 8
_SHORT, _EXTENDED = 0x100, 0x10000
_EC_HASHES: Final[dict[str, Callable[[], hashes.HashAlgorithm]]] = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_TRAILERS: Final = {0x38: "sha224", 0x34: "sha256", 0x36: "sha384", 0x35: "sha512", 0x33: "sha1"}
"""Hash functions by their number in ISO/IEC 10118-3, before the trailer's last byte CC."""

_IMPLICIT_TRAILER, _NAMED_TRAILER = 0xBC, 0xCC
_PARTIAL_RECOVERY: Final = 0x6A


def active_key(content: bytes) -> EcPublicKey | RsaPublicKey:
    """The key in DG15. Raises `ChipFault`, and a `Fault` as `public_key` does."""
    return public_key(only(content, _DG15))


def active_authentication(
    link: Link,
    key: EcPublicKey | RsaPublicKey,
    announced_hash: str | None,
    random: RandomBytes = RANDOM,
) -> str:
    """Have the chip sign a fresh challenge; evidence of what it signed with.

    Raises `Refused`, `ChipFault`, `ChannelBroken`, `ReadingEnded`.
    """
    challenge = random(_CHALLENGE_BYTES)
    size = 2 * key.curve.scalar_bytes if isinstance(key, EcPublicKey) else _length(key)
    le = _SHORT if size <= SHORT_PLAIN_BYTES else _EXTENDED
    answer = link.transmit(CommandApdu(0x00, 0x88, 0x00, 0x00, challenge, le=le))
    if not answer.ok:
        raise Refused(f"INTERNAL AUTHENTICATE {describe_sw(answer.sw)}")
    if len(answer.data) != size:
        raise ChipFault(f"a signature of {len(answer.data)} bytes, not {size}")
    name = verify_signature(key, announced_hash, challenge, answer.data)
    return f"{key.title} {name}"


def verify_signature(
    key: EcPublicKey | RsaPublicKey, announced_hash: str | None, challenge: bytes, signature: bytes
) -> str:
    """The name of the hash under a good signature. Raises `ChipFault` for any other."""
    if isinstance(key, RsaPublicKey):
        return _verify_rsa(key, challenge, signature)
    if announced_hash is None:
        raise ChipFault("DG14 announces no hash for the key on a curve")
    _verify_ecdsa(key, announced_hash, challenge, signature)
    return announced_hash


def _verify_ecdsa(key: EcPublicKey, name: str, challenge: bytes, signature: bytes) -> None:
    if key.curve.name not in LIBRARY_CURVES:
        evidence = f"signatures on {key.curve.name}: not supported by this reader"
        raise Fault(CheckOutcome.UNAVAILABLE, evidence)
    half = key.curve.scalar_bytes
    r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
    try:
        curve = LIBRARY_CURVES[key.curve.name]()
        public = ec.EllipticCurvePublicNumbers(key.point.x, key.point.y, curve).public_key()
        encoded = utils.encode_dss_signature(r, s)
        public.verify(encoded, challenge, ec.ECDSA(_EC_HASHES[name]()))
    except UnsupportedAlgorithm as error:
        evidence = f"{name} on {key.curve.name}: not in this host's library"
        raise Fault(CheckOutcome.UNAVAILABLE, evidence) from error
    except InvalidSignature:
        raise ChipFault("the signature does not verify") from None


def _length(key: RsaPublicKey) -> int:
    return (key.modulus.bit_length() + 7) // 8


def _verify_rsa(key: RsaPublicKey, challenge: bytes, signature: bytes) -> str:
    value = int.from_bytes(signature, "big")
    if value >= key.modulus:
        raise ChipFault("a signature that is not below its modulus")
    opened = pow(value, key.exponent, key.modulus)
    if opened & 0xF != 0xC:
        # ISO/IEC 9796-2 lets a signer give the smaller of two values.
        opened = key.modulus - opened
    representative = opened.to_bytes(_length(key), "big")
    name, trailer_bytes = _hash_of(representative)
    digest_bytes = hashlib.new(name).digest_size
    begin = len(representative) - trailer_bytes - digest_bytes
    if representative[0] != _PARTIAL_RECOVERY or begin < 1:
        raise ChipFault("the signature does not open to a message")
    recovered = representative[1:begin]
    digest = representative[begin : begin + digest_bytes]
    if not same(digest, hashlib.new(name, recovered + challenge).digest()):
        raise ChipFault(f"the signature is over another message, {name}")
    return name


def _hash_of(representative: bytes) -> tuple[str, int]:
    """The hash that a trailer names, and the trailer's length."""
    if representative[-1] == _IMPLICIT_TRAILER:
        return "sha1", 1
    name = _TRAILERS.get(representative[-2])
    if representative[-1] != _NAMED_TRAILER or name is None:
        raise ChipFault("the signature does not open to a message")
    return name, 2
