"""Basic Access Control, the card's side (Doc 9303-11 clause 4.3)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final, Self

from ektp.apdu import StatusWord
from ektp.ports import Entropy
from simulation.chip.commands import CommandRefused
from simulation.chip.crypto import pad, xor
from simulation.chip.lds1.behaviour import HONEST, Flaw, Lds1Behaviour
from simulation.chip.lds1.ciphers import CipherSuite, TdesRetailMac, session_cipher
from simulation.chip.lds1.messaging import Lds1Messaging

__all__ = ["CHALLENGE_BYTES", "TOKEN_BYTES", "BacKeys", "mutual_authentication"]

CHALLENGE_BYTES: Final = 8
TOKEN_BYTES: Final = 40

_KEYING_BYTES: Final = 16
_SEALED_BYTES: Final = 32
_NO_COUNTER: Final = bytes(8)


@dataclass(frozen=True, slots=True, repr=False)
class BacKeys:
    """K_ENC and K_MAC, 16 bytes each, that come from the printed MRZ."""

    enc: bytes
    mac: bytes

    @classmethod
    def from_bytes(cls, block: bytes) -> Self:
        """The two halves of the secret that personalization loads."""
        return cls(block[:16], block[16:])

    @property
    def cipher(self) -> TdesRetailMac:
        """What tokens are made with."""
        return TdesRetailMac(self.enc, self.mac)


def mutual_authentication(
    keys: BacKeys,
    challenge: bytes,
    token: bytes,
    random: Entropy,
    behaviour: Lds1Behaviour = HONEST,
    longest_answer: int = 256,
) -> tuple[bytes, Lds1Messaging]:
    """The answer to EXTERNAL AUTHENTICATE (40 bytes), and the session that begins after it.

    Raises `CommandRefused` with 6300 where the token's checksum or challenge is wrong.
    """
    cipher = keys.cipher
    sealed, checksum = token[:_SEALED_BYTES], token[_SEALED_BYTES:]
    right = hmac.compare_digest(cipher.checksum(pad(sealed)), checksum)
    plain = cipher.decrypt(_NO_COUNTER, sealed)
    random_ifd, random_ic, keying_ifd = plain[:8], plain[8:16], plain[16:]
    if not right or not hmac.compare_digest(random_ic, challenge):
        raise CommandRefused(StatusWord.AUTHENTICATION_FAILED)
    keying_ic = random.token_bytes(_KEYING_BYTES)
    repeated = random_ifd
    if behaviour.has(Flaw.BAC_WRONG_CHALLENGE):
        repeated = xor(random_ifd, b"\xff" * CHALLENGE_BYTES)
    answer = _seal(keys, random_ic + repeated + keying_ic, behaviour)
    session = session_cipher(CipherSuite.TDES, xor(keying_ifd, keying_ic))
    counter = int.from_bytes(random_ic[4:] + random_ifd[4:], "big")
    return answer, Lds1Messaging(session, counter, behaviour, longest_answer)


def _seal(keys: BacKeys, plain: bytes, behaviour: Lds1Behaviour) -> bytes:
    cipher = keys.cipher
    sealed = cipher.encrypt(_NO_COUNTER, plain)
    if behaviour.has(Flaw.BAC_WRONG_CRYPTOGRAM):
        other = hashlib.sha256(keys.enc).digest()[:16]
        sealed = TdesRetailMac(other, keys.mac).encrypt(_NO_COUNTER, plain)
    checksum = cipher.checksum(pad(sealed))
    if behaviour.has(Flaw.BAC_WRONG_CHECKSUM):
        checksum = xor(checksum, b"\x01" + bytes(7))
    return sealed + checksum
