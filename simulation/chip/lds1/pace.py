"""PACE with ECDH and generic mapping, the card's side (Doc 9303-11 clauses 4.4 and 9.4).

GENERAL AUTHENTICATE comes four times: nonce, mapping, key agreement, tokens. A step out of turn
ends the run. Public keys of the reader are checked to be points of the curve.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from enum import IntEnum, unique
from typing import Final

from ektp.apdu import StatusWord
from ektp.ports import Entropy
from ektp.tlv import Tlv
from simulation.chip.commands import CommandRefused
from simulation.chip.crypto import xor
from simulation.chip.lds1.behaviour import HONEST, Flaw, Lds1Behaviour, PaceSuite, Step
from simulation.chip.lds1.ciphers import (
    SessionCipher,
    derive_key,
    encipher_nonce,
    session_cipher,
)
from simulation.chip.lds1.elliptic import Curve, Point, PointRefused
from simulation.chip.lds1.objects import dynamic_authentication_data

__all__ = ["PACE_GENERIC_MAPPING", "PacePassword", "PaceRun", "random_scalar"]

PACE_GENERIC_MAPPING: Final = bytes.fromhex("04007F000702020402")
"""id-PACE-ECDH-GM; the suite's number follows."""

NONCE_BYTES: Final = 16
_EXTRA_BYTES: Final = 8
_TAG_FLAW: Final = 0x10
_STRAY: Final = bytes(Tlv(0x8A, bytes(48)))


@unique
class PacePassword(IntEnum):
    """The reference of a password in MSE:Set AT."""

    MRZ = 1
    CAN = 2


class PaceRun:
    """One run of PACE, from MSE:Set AT to the session.

    `secret`: SHA-1 of the MRZ information, or the digits of the CAN. `session` is there once the
    reader has proved to know it.
    """

    def __init__(
        self, suite: PaceSuite, secret: bytes, random: Entropy, behaviour: Lds1Behaviour = HONEST
    ) -> None:
        self._suite = suite
        self._curve = suite.curve
        self._random = random
        self._behaviour = behaviour
        self._password_key = derive_key(suite.cipher, secret)
        self._steps: Mapping[int, tuple[Step, Callable[[bytes], bytes]]] = {
            0x80: (Step.PACE_NONCE, self._nonce_step),
            0x81: (Step.PACE_MAPPING, self._map),
            0x83: (Step.PACE_KEY_AGREEMENT, self._agree),
            0x85: (Step.PACE_TOKENS, self._prove),
        }
        self._next = 0x80
        self._nonce = 0
        self._generator = self._curve.generator
        self._own_key: Point | None = None
        self._reader_key: Point | None = None
        self._cipher: SessionCipher | None = None
        self.session: SessionCipher | None = None

    @property
    def step(self) -> Step:
        """The step that comes next."""
        return self._steps[self._next][0]

    @property
    def last(self) -> bool:
        """Whether the tokens come next."""
        return self._next == 0x85

    def advance(self, data: bytes) -> bytes:
        """Answer one GENERAL AUTHENTICATE.

        Raises `CommandRefused`: 6A80 for objects or points that are none, 6985 for a step out of
        turn, 6300 for a wrong token.
        """
        objects = dynamic_authentication_data(data)
        tag, value = next(iter(objects.items()), (0x80, b""))
        if len(objects) > 1 or tag not in self._steps:
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        if tag != self._next:
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        try:
            answer = self._steps[tag][1](value)
        except PointRefused:
            raise CommandRefused(StatusWord.INCORRECT_DATA) from None
        return bytes(Tlv(0x7C, answer))

    def _answer(self, tag: int, value: bytes, flaw: Flaw) -> bytes:
        return bytes(Tlv(tag + _TAG_FLAW if self._behaviour.has(flaw) else tag, value))

    def _nonce_step(self, value: bytes) -> bytes:
        if value:
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        nonce = self._random.token_bytes(NONCE_BYTES)
        self._nonce = int.from_bytes(nonce, "big")
        self._next = 0x81
        if self._behaviour.has(Flaw.PACE_ALTERED_NONCE):
            nonce = xor(nonce, b"\x01" + bytes(NONCE_BYTES - 1))
        sealed = encipher_nonce(self._suite.cipher, self._password_key, nonce)
        return self._answer(0x80, sealed, Flaw.PACE_NONCE_TAG)

    def _map(self, value: bytes) -> bytes:
        curve = self._curve
        theirs = curve.decode(value)
        private = random_scalar(curve, self._random)
        shared = curve.multiply(theirs, private)
        fresh = curve.multiply(curve.generator, self._nonce)
        self._generator = curve.add(fresh, shared)
        self._next = 0x83
        encoded = self._spoil_mapping(curve.public_key(private), value)
        return self._answer(0x82, encoded, Flaw.PACE_MAPPING_TAG)

    def _spoil_mapping(self, own: Point, theirs: bytes) -> bytes:
        has = self._behaviour.has
        if has(Flaw.PACE_MAPPING_OTHER):
            own = self._curve.add(own, self._curve.generator)
        encoded = self._curve.encode(own)
        if has(Flaw.PACE_MAPPING_INVALID):
            return encoded[:-1]
        if has(Flaw.PACE_MAPPING_OFF_CURVE):
            return _off_curve(encoded)
        if has(Flaw.PACE_MAPPING_INFINITY):
            return b"\x00"
        return theirs if has(Flaw.PACE_MAPPING_ECHO) else encoded

    def _agree(self, value: bytes) -> bytes:
        curve = self._curve
        theirs = curve.decode(value)
        private = random_scalar(curve, self._random)
        own = curve.multiply(self._generator, private)
        if own == theirs:
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        shared = curve.multiply(theirs, private)
        self._cipher = session_cipher(self._suite.cipher, curve.encode_field(shared.x))
        self._own_key, self._reader_key = own, theirs
        self._next = 0x85
        return self._answer(0x84, self._spoil_key(curve.encode(own), value), Flaw.PACE_KEY_TAG)

    def _spoil_key(self, own: bytes, theirs: bytes) -> bytes:
        has = self._behaviour.has
        if has(Flaw.PACE_KEY_INVALID):
            return own[:-1]
        if has(Flaw.PACE_KEY_OFF_CURVE):
            return _off_curve(own)
        if has(Flaw.PACE_KEY_INFINITY):
            return b"\x00"
        return theirs if has(Flaw.PACE_KEY_ECHO) else own

    def _prove(self, value: bytes) -> bytes:
        cipher, own, theirs = self._cipher, self._own_key, self._reader_key
        if cipher is None or own is None or theirs is None:
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        has = self._behaviour.has
        right = hmac.compare_digest(cipher.token(self._key_object(own)), value)
        if not right and not has(Flaw.PACE_ANY_PASSWORD):
            raise CommandRefused(StatusWord.AUTHENTICATION_FAILED)
        self.session = cipher
        token = cipher.token(self._key_object(theirs))
        if has(Flaw.PACE_WRONG_TOKEN):
            token = xor(token, b"\x01" + bytes(7))
        stray = _STRAY if has(Flaw.PACE_STRAY_CAM_DATA) else b""
        return self._answer(0x86, token, Flaw.PACE_TOKEN_TAG) + stray

    def _key_object(self, key: Point) -> bytes:
        """`7F49` { protocol, public key }: what a token is made over (4.4.3.4)."""
        protocol = PACE_GENERIC_MAPPING + bytes((self._suite.cipher,))
        inner = bytes(Tlv(0x06, protocol)) + bytes(Tlv(0x86, self._curve.encode(key)))
        return bytes(Tlv(0x7F49, inner))


def random_scalar(curve: Curve, random: Entropy) -> int:
    """A private key from 1 to the order less 1, with eight bytes more than needed against bias."""
    drawn = int.from_bytes(random.token_bytes(curve.order_bytes + _EXTRA_BYTES), "big")
    return drawn % (curve.order - 1) + 1


def _off_curve(encoded: bytes) -> bytes:
    """The point with another y: in range, of the right length, but not on the curve."""
    return encoded[:-1] + bytes((encoded[-1] ^ 0x01,))
