"""Basic Access Control (Doc 9303-11 clause 4.3): the printed MRZ opens the chip. 3DES only."""

from __future__ import annotations

from ektp.apdu import CommandApdu, describe_sw
from inspection.faults import ChipFault, Refused
from inspection.lds1.ciphers import (
    CHECKSUM_BYTES,
    RANDOM,
    RandomBytes,
    SessionCipher,
    SessionKeys,
    same,
)
from inspection.lds1.secure_messaging import Link

__all__ = ["basic_access"]

_CHALLENGE_BYTES = 8
_KEY_BYTES = 16
_TOKEN_BYTES = 40
_CIPHERED = _TOKEN_BYTES - CHECKSUM_BYTES
_TDES = SessionCipher.TDES


def basic_access(link: Link, mrz_secret: bytes, random: RandomBytes = RANDOM) -> SessionKeys:
    """Prove the MRZ to the chip and have it proved back; the keys of the session.

    `mrz_secret` is SHA-1 over the MRZ information. Raises `Refused` where the chip does not
    accept, `ChipFault` where it does not prove itself, `ReadingEnded`.
    """
    access = SessionKeys.derive(_TDES, mrz_secret[:_KEY_BYTES])
    challenge = link.transmit(CommandApdu(0x00, 0x84, 0x00, 0x00, le=_CHALLENGE_BYTES))
    if not challenge.ok:
        raise Refused(f"GET CHALLENGE {describe_sw(challenge.sw)}")
    if len(challenge.data) != _CHALLENGE_BYTES:
        raise ChipFault(f"a challenge of {len(challenge.data)} bytes")
    own_challenge, own_key = random(_CHALLENGE_BYTES), random(_KEY_BYTES)
    ciphered = _TDES.encipher(access.enciphering, own_challenge + challenge.data + own_key)
    token = ciphered + _TDES.checksum(access.authenticating, ciphered)
    answer = link.transmit(CommandApdu(0x00, 0x82, 0x00, 0x00, token, le=_TOKEN_BYTES))
    if not answer.ok:
        raise Refused(f"EXTERNAL AUTHENTICATE {describe_sw(answer.sw)}")
    if len(answer.data) != _TOKEN_BYTES:
        raise ChipFault(f"an authentication answer of {len(answer.data)} bytes")
    ciphered, checksum = answer.data[:_CIPHERED], answer.data[_CIPHERED:]
    if not same(checksum, _TDES.checksum(access.authenticating, ciphered)):
        raise ChipFault("the checksum of the authentication answer does not verify")
    plain = _TDES.decipher(access.enciphering, ciphered)
    if plain[:16] != challenge.data + own_challenge:
        raise ChipFault("the authentication answer is over other challenges")
    seed = bytes(a ^ b for a, b in zip(own_key, plain[16:], strict=True))
    counter = int.from_bytes(challenge.data[4:] + own_challenge[4:], "big")
    return SessionKeys.derive(_TDES, seed, counter)
