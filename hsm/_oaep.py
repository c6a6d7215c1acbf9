"""EME-OAEP decoding (RFC 8017 clause 7.1.2, step 3), for a token that knows too few digests.

The RSA operation is the token's; what it gives is decoded here.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from ektp.errors import SealBroken

__all__ = ["decode_oaep"]

_COUNTER_BYTES: Final = 4


def decode_oaep(encoded: bytes, *, digest: str, mask_digest: str) -> bytes:
    """The message in an encoded block as long as the modulus; the label is empty.

    Everything is worked out before anything is judged, and there is one answer to all that is
    wrong: nobody learns where (Manger's attack). Raises `SealBroken`.
    """
    label_hash = hashlib.new(digest, usedforsecurity=False).digest()
    length = len(label_hash)
    first, masked_seed, masked = encoded[:1], encoded[1 : 1 + length], encoded[1 + length :]
    seed = _xor(masked_seed, _mgf1(masked, length, mask_digest))
    block = _xor(masked, _mgf1(seed, len(masked), mask_digest))
    found, rest = block[:length], block[length:]
    separator = rest.find(b"\x01")
    good = (
        hmac.compare_digest(first, b"\x00")
        & hmac.compare_digest(found, label_hash)
        & (separator >= 0)
        & (not any(rest[: max(separator, 0)]))
    )
    if not good:
        raise SealBroken("the key in the envelope does not decipher")
    return rest[separator + 1 :]


def _mgf1(seed: bytes, length: int, digest: str) -> bytes:
    """MGF1 (RFC 8017 appendix B.2.1)."""
    size = hashlib.new(digest, usedforsecurity=False).digest_size
    blocks = (
        hashlib.new(
            digest, seed + counter.to_bytes(_COUNTER_BYTES, "big"), usedforsecurity=False
        ).digest()
        for counter in range(-(-length // size))
    )
    return b"".join(blocks)[:length]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
