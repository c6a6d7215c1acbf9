"""Active Authentication, the card's side (Doc 9303-11 clause 6.1): ECDSA, or RSA on test chips."""

from __future__ import annotations

import hashlib
from typing import Final

from ektp.ports import Entropy
from simulation.chip.crypto import xor
from simulation.chip.lds1.behaviour import HONEST, Flaw, HashName, Lds1Behaviour, RsaKey
from simulation.chip.lds1.curves import P256
from simulation.chip.lds1.elliptic import Curve
from simulation.chip.lds1.pace import random_scalar

__all__ = ["CHALLENGE_BYTES", "ISO9796_TRAILERS", "recoverable_message", "respond", "sign_ecdsa"]

CHALLENGE_BYTES: Final = 8

ISO9796_TRAILERS: Final[dict[HashName, bytes]] = {
    HashName.SHA1: b"\xbc",
    HashName.SHA224: b"\x38\xcc",
    HashName.SHA256: b"\x34\xcc",
    HashName.SHA384: b"\x36\xcc",
    HashName.SHA512: b"\x35\xcc",
}
"""How ISO/IEC 9796-2 names the digest at the end of the message (Doc 9303-11 clause 6.1)."""

_PARTIAL_RECOVERY: Final = b"\x6a"


def respond(
    private: int, challenge: bytes, random: Entropy, behaviour: Lds1Behaviour = HONEST
) -> bytes:
    """The signature over the reader's challenge: by RSA where the behaviour has such a key."""
    if behaviour.has(Flaw.AA_OTHER_CHALLENGE):
        challenge = xor(challenge, b"\x01" + bytes(len(challenge) - 1))
    if behaviour.aa_rsa is None:
        signature = sign_ecdsa(P256, private, challenge, behaviour.aa_hash, random)
    else:
        signature = _sign_rsa(behaviour.aa_rsa, challenge, random, behaviour)
    if behaviour.has(Flaw.AA_WRONG_SIGNATURE):
        signature = xor(signature, bytes(len(signature) - 1) + b"\x01")
    return signature


def sign_ecdsa(
    curve: Curve, private: int, message: bytes, digest: HashName, random: Entropy
) -> bytes:
    """The signature r ‖ s, each half as long as the order (BSI TR-03111 clause 5.2.1)."""
    hashed = hashlib.new(digest, message).digest()
    excess = max(0, 8 * len(hashed) - curve.order.bit_length())
    number = int.from_bytes(hashed, "big") >> excess
    r = s = 0
    while not r or not s:
        nonce = random_scalar(curve, random)
        r = curve.public_key(nonce).x % curve.order
        s = pow(nonce, -1, curve.order) * (number + r * private) % curve.order
    return b"".join(half.to_bytes(curve.order_bytes, "big") for half in (r, s))


def recoverable_message(
    size_bytes: int, recovered: bytes, challenge: bytes, digest: HashName, trailer: bytes
) -> bytes:
    """F = `6A` ‖ M1 ‖ H(M1 ‖ M2) ‖ trailer (ISO/IEC 9796-2 scheme 1), as long as the modulus.

    `recovered` is the chance that M1 is cut from.
    """
    capacity = size_bytes - hashlib.new(digest).digest_size - len(trailer) - 1
    first = recovered[:capacity]
    hashed = hashlib.new(digest, first + challenge).digest()
    return _PARTIAL_RECOVERY + first + hashed + trailer


def _sign_rsa(key: RsaKey, challenge: bytes, random: Entropy, behaviour: Lds1Behaviour) -> bytes:
    digest = behaviour.aa_hash
    trailer = behaviour.aa_trailer or ISO9796_TRAILERS[digest]
    chance = random.token_bytes(key.size_bytes)
    message = recoverable_message(key.size_bytes, chance, challenge, digest, trailer)
    number = pow(int.from_bytes(message, "big"), key.private_exponent, key.modulus)
    return number.to_bytes(key.size_bytes, "big")
