"""PACE with generic mapping over elliptic curves (Doc 9303-11 clause 4.4).

The chip's points are proved to lie on the curve; a chip that sends this reader's own points back is
refused, for whoever echoes needs no password.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, unique

from ektp.apdu import CommandApdu, describe_sw
from inspection.faults import ChipFault, Refused
from inspection.lds1.ciphers import (
    CHECKSUM_BYTES,
    PASSWORD,
    RANDOM,
    RandomBytes,
    SessionCipher,
    SessionKeys,
    derive_key,
    same,
)
from inspection.lds1.curves import Curve, Point
from inspection.lds1.secure_messaging import Link
from inspection.lds1.security_infos import PaceOffer
from inspection.lds1.tlv import data_objects, encode, only

__all__ = ["PacePassword", "PasswordKind", "authentication_token", "pace"]

_CHAINING = 0x10
_NONCE_BYTES = 16
_LONGEST_NONCE = 64
_WHOLE_ANSWER = 0x100
_DYNAMIC_DATA, _PUBLIC_KEY = 0x7C, 0x7F49
_NONCE, _MAP, _MAPPED, _KEY, _KEYED, _TOKEN, _TOKENED = 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86
_AUTHORITIES = frozenset({0x87, 0x88})
"""Names of authorities for terminals, which a chip with EAC may add to its token."""


@unique
class PasswordKind(IntEnum):
    """What is printed: its number in MSE:Set AT."""

    MRZ = 1
    CAN = 2


@dataclass(frozen=True, slots=True)
class PacePassword:
    """A password: for the MRZ, SHA-1 over its information; for the CAN, its characters."""

    kind: PasswordKind
    secret: bytes = field(repr=False)


def pace(
    link: Link,
    offer: PaceOffer,
    password: PacePassword,
    *,
    ambiguous: bool = False,
    random: RandomBytes = RANDOM,
) -> SessionKeys:
    """Run PACE as offered; the keys of the session, both sides proved to hold them.

    `ambiguous`: the chip offers several parameters, so that ours are named. `offer` is one that is
    `usable`. Raises `Refused`, `ChipFault` and `ReadingEnded`.
    """
    if offer.curve is None or not offer.usable:
        msg = "an offer that this reader cannot run"
        raise ValueError(msg)
    return _Run(link, offer, offer.curve, random).go(password, ambiguous=ambiguous)


class _Run:
    def __init__(self, link: Link, offer: PaceOffer, curve: Curve, random: RandomBytes) -> None:
        self._link = link
        self._offer = offer
        self._curve = curve
        self._cipher: SessionCipher = offer.cipher
        self._random = random

    def go(self, password: PacePassword, *, ambiguous: bool) -> SessionKeys:
        self._set_protocol(password.kind, ambiguous=ambiguous)
        nonce = self._nonce(password)
        generator = self._mapped(nonce)
        own, ours, theirs = self._exchange(generator, _KEY, _KEYED)
        shared = self._curve.multiply(own, theirs)
        keys = SessionKeys.derive(self._cipher, self._curve.coordinate(shared.x))
        self._prove(keys, ours, theirs)
        return keys

    def _set_protocol(self, kind: PasswordKind, *, ambiguous: bool) -> None:
        data = encode(0x80, self._offer.oid) + encode(0x83, bytes((kind,)))
        if ambiguous:
            data += encode(0x84, bytes((self._curve.parameter_id,)))
        answer = self._link.transmit(CommandApdu(0x00, 0x22, 0xC1, 0xA4, data))
        if not answer.ok or answer.data:
            raise Refused(f"MSE:Set AT {describe_sw(answer.sw)}, {len(answer.data)} bytes")

    def _nonce(self, password: PacePassword) -> int:
        cryptogram = self._step("nonce", b"", _NONCE)
        block = self._cipher.block_bytes
        if not _NONCE_BYTES <= len(cryptogram) <= _LONGEST_NONCE or len(cryptogram) % block:
            raise ChipFault(f"an enciphered nonce of {len(cryptogram)} bytes")
        key = derive_key(password.secret, PASSWORD, self._cipher)
        return int.from_bytes(self._cipher.decipher(key, cryptogram), "big")

    def _mapped(self, nonce: int) -> Point:
        """The generator of this run: nonce · G + H, H agreed on by both (clause 4.4.3.3.1)."""
        own, _, theirs = self._exchange(self._curve.generator, _MAP, _MAPPED)
        agreed = self._curve.multiply(own, theirs)
        return self._curve.add(self._curve.multiply(nonce, self._curve.generator), agreed)

    def _exchange(self, generator: Point, tag: int, answered: int) -> tuple[int, Point, Point]:
        """One key each: our private and public one, and the chip's public one."""
        what = "mapping" if tag == _MAP else "key agreement"
        own = self._curve.private_key(self._random)
        ours = self._curve.multiply(own, generator)
        raw = self._step(what, encode(tag, self._curve.encode(ours)), answered)
        theirs = self._curve.point(raw)
        if theirs == ours:
            raise ChipFault(f"{what}: the chip echoes this reader's own key")
        return own, ours, theirs

    def _prove(self, keys: SessionKeys, ours: Point, theirs: Point) -> None:
        token = self._token(keys, theirs)
        answer = self._step("token", encode(_TOKEN, token), _TOKENED, last=True)
        if len(answer) != CHECKSUM_BYTES or not same(answer, self._token(keys, ours)):
            raise ChipFault("the chip's token does not verify")

    def _token(self, keys: SessionKeys, point: Point) -> bytes:
        return authentication_token(keys, self._offer.oid, self._curve.encode(point))

    def _step(self, what: str, data: bytes, answered: int, *, last: bool = False) -> bytes:
        """One GENERAL AUTHENTICATE: the value of the one object that belongs into its answer."""
        answer = self._link.transmit(
            CommandApdu(
                0x00 if last else _CHAINING,
                0x86,
                0x00,
                0x00,
                encode(_DYNAMIC_DATA, data),
                le=_WHOLE_ANSWER,
            )
        )
        if not answer.ok:
            raise Refused(f"GENERAL AUTHENTICATE, {what}: {describe_sw(answer.sw)}")
        found = data_objects(only(answer.data, _DYNAMIC_DATA))
        if last:
            found = tuple(item for item in found if item.tag not in _AUTHORITIES)
        if len(found) != 1 or found[0].tag != answered:
            tags = " ".join(f"{item.tag:X}" for item in found[:4]) or "nothing"
            raise ChipFault(f"{what}: {tags} where {answered:X} belongs")
        return found[0].value


def authentication_token(keys: SessionKeys, oid: bytes, point: bytes) -> bytes:
    """The checksum over the other side's key with its protocol (clause 4.4.3.4)."""
    template = encode(_PUBLIC_KEY, encode(0x06, oid) + encode(0x86, point))
    return keys.cipher.checksum(keys.authenticating, template)
