"""EXTERNAL (mutual) AUTHENTICATE: both sides prove K_ENC and K_MAC and agree on a session.

Chip profile, section 8, steps 2 and 3; the shape is that of ICAO Doc 9303-11 clause 4.3.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from simulation.chip.crypto import BLOCK_BYTES, Tdes, pad, xor
from simulation.chip.keys import ReadKeys
from simulation.chip.secure_messaging import SecureMessaging, TdesCbcMac

__all__ = ["KEYING_BYTES", "TOKEN_BYTES", "ReaderToken", "answer_token", "start_session"]

KEYING_BYTES: Final = 16
"""Length of K.IFD and K.ICC."""

_SEALED_BYTES: Final = 32
TOKEN_BYTES: Final = _SEALED_BYTES + BLOCK_BYTES


@dataclass(frozen=True, slots=True, repr=False)
class ReaderToken:
    """What a right token holds."""

    random_ifd: bytes
    random_icc: bytes
    keying_ifd: bytes

    @classmethod
    def open(cls, keys: ReadKeys, token: bytes, challenge: bytes) -> ReaderToken | None:
        """The token's content; None where its checksum or its challenge is wrong."""
        sealed, checksum = token[:_SEALED_BYTES], token[_SEALED_BYTES:]
        if not hmac.compare_digest(keys.mac.mac(pad(sealed)), checksum):
            return None
        plain = keys.enc.decrypt(sealed)
        opened = cls(plain[:8], plain[8:16], plain[16:])
        return opened if hmac.compare_digest(opened.random_icc, challenge) else None


def answer_token(keys: ReadKeys, token: ReaderToken, keying_icc: bytes) -> bytes:
    """E' ‖ MAC', 40 bytes: the card's own proof and its half of the session."""
    return _seal(keys.enc, keys.mac, token.random_icc + token.random_ifd + keying_icc)


def start_session(token: ReaderToken, keying_icc: bytes) -> SecureMessaging:
    """The session that both sides now hold."""
    cipher = TdesCbcMac.from_seed(xor(token.keying_ifd, keying_icc))
    return SecureMessaging(cipher, token.random_icc[4:] + token.random_ifd[4:])


def _seal(enc: Tdes, mac: Tdes, plain: bytes) -> bytes:
    sealed = enc.encrypt(plain)
    return sealed + mac.mac(pad(sealed))
